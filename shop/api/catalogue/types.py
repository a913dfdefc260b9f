"""The object types of the catalogue, and which rows of each a requester may see."""

from __future__ import annotations

from django.db.models import FilteredRelation, Q

from catalog.models import (
    REMOVED,
    Attribute,
    AttributeValue,
    Category,
    Product,
    ProductMedia,
    ProductType,
    Stock,
    Variant,
)
from catalog.states import ListingState
from cooperatives.models import Warehouse
from cooperatives.states import CooperativeState
from shop.accounts.permissions import Permission
from shop.api.catalogue.shelves import shelves
from shop.api.context import Context
from shop.api.in_channel import InChannel
from shop.api.permissions import Within
from shop.api.types import Rows, Type
from shop.core.models import Channel

# Whoever holds one of these meets goods that customers do not see.
SEES_ALL_GOODS = (
    Permission.MANAGE_PRODUCTS,
    Permission.MANAGE_PRODUCT_TYPES,
    Permission.MANAGE_ORDERS,
    Permission.MANAGE_DISCOUNTS,
    Permission.MANAGE_GIFT_CARD,
    Permission.MANAGE_PAGES,
    Permission.MANAGE_MENUS,
    Permission.MANAGE_TRANSLATIONS,
    Permission.MANAGE_SHIPPING,
)


# Whoever handles goods or orders, if only those of some cooperatives.
SEES_OWN_GOODS = (Within(Permission.MANAGE_PRODUCTS), Within(Permission.MANAGE_ORDERS))


def sees_all_goods(context: Context) -> bool:
    return context.may(*SEES_ALL_GOODS)


def own_goods(context: Context, cooperative: str) -> Q | None:
    """For whoever works for some cooperatives alone: their rows, by the column of the cooperative's key.

    None for everybody else.
    """
    goods, orders = context.scope(Permission.MANAGE_PRODUCTS), context.scope(Permission.MANAGE_ORDERS)
    if not (goods or orders) or goods.is_platforms or orders.is_platforms:
        return None
    return goods.rows(cooperative=cooperative) | orders.rows(cooperative=cooperative)


def goods_in(context: Context, channel: Channel | None) -> Rows:
    """Products; `here` is their listing in the channel. Customers: what is on sale there.

    Goods that were taken away for good are nobody's: rows of the past name them, the catalogue does not.
    """
    rows: Rows = Product.objects.all()
    if channel is not None:
        rows = rows.alias(here=FilteredRelation("listings", condition=Q(listings__channel=channel.pk)))
    if sees_all_goods(context):
        return rows.exclude(slug__contains=REMOVED)
    own = own_goods(context, "cooperative")
    if own is not None:
        return rows.filter(own).exclude(slug__contains=REMOVED)
    at_hand = Q(pk__in=context.goods_at_hand)
    if channel is None or not channel.is_active:
        return rows.filter(at_hand)
    on_sale = Q(here__state=ListingState.PUBLISHED, cooperative__state=CooperativeState.APPROVED)
    return rows.filter(on_sale | at_hand if context.goods_at_hand else on_sale)


def variants_in(context: Context, channel: Channel | None) -> Rows:
    """Variants; `priced` is their price in the channel. Customers: those that can be bought there."""
    rows: Rows = Variant.objects.all()
    if channel is not None:
        rows = rows.alias(
            priced=FilteredRelation("prices", condition=Q(prices__channel=channel.pk)),
            here=FilteredRelation("product__listings", condition=Q(product__listings__channel=channel.pk)),
        )
    if sees_all_goods(context):
        return rows.exclude(product__slug__contains=REMOVED)
    own = own_goods(context, "cooperative")
    if own is not None:
        return rows.filter(own).exclude(product__slug__contains=REMOVED)
    at_hand = Q(product__in=context.goods_at_hand)
    if channel is None or not channel.is_active:
        return rows.filter(at_hand)
    on_sale = Q(
        priced__amount__isnull=False,
        here__state=ListingState.PUBLISHED,
        product__cooperative__state=CooperativeState.APPROVED,
    )
    return rows.filter(on_sale | at_hand if context.goods_at_hand else on_sale)


def _houses(context: Context) -> Rows:
    """Open ones; whoever works for some cooperatives meets only theirs."""
    rows = Warehouse.objects.filter(closed_at=None)
    own = own_goods(context, "cooperative")
    return rows if own is None else rows.filter(own)


def _stocks(context: Context) -> Rows:
    rows = Stock.objects.filter(warehouse__closed_at=None)
    own = own_goods(context, "warehouse__cooperative")
    return rows if own is None else rows.filter(own)


product = InChannel("Product", goods_in)
variant = InChannel("ProductVariant", variants_in)
collection = InChannel("Collection", shelves, key="key")
category = Type("Category", lambda context: Category.objects.all())
product_type = Type("ProductType", lambda context: ProductType.objects.all())
attribute = Type("Attribute", lambda context: Attribute.objects.all())
attribute_value = Type("AttributeValue", lambda context: AttributeValue.objects.all())
media = Type("ProductMedia", lambda context: ProductMedia.objects.all())
warehouse = Type("Warehouse", _houses)
stock = Type("Stock", _stocks)
