"""The object types of the catalogue, and which rows of each a requester may see."""

from __future__ import annotations

from typing import Any, TypedDict

from django.db import connection
from django.db.models import FilteredRelation, Q, Value
from django.db.models.functions import Coalesce

from catalog.models import (
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
from shop.accounts.staff.permissions import Permission
from shop.api.catalogue.collection_rows import (
    can_only_see_published,
    published_collections,
    visible_collections,
)
from shop.api.context import Context
from shop.api.field_permissions import CooperativeScoped
from shop.api.in_channel import InChannel, PublicRows
from shop.api.object_types import Row, Rows, Type
from shop.core.models import Channel

# Any of these permissions shows products that buyers do not see.
ALL_PRODUCT_READ_PERMISSIONS = (
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


# The permissions for products or orders, possibly limited to some cooperatives.
OWN_PRODUCT_READ_PERMISSIONS = (
    CooperativeScoped(Permission.MANAGE_PRODUCTS),
    CooperativeScoped(Permission.MANAGE_ORDERS),
)


# The permissions that show warehouses.
WAREHOUSE_PERMISSIONS = (*OWN_PRODUCT_READ_PERMISSIONS, Permission.MANAGE_SHIPPING)


def can_see_all_products(context: Context) -> bool:
    return context.may(*ALL_PRODUCT_READ_PERMISSIONS)


def own_rows_condition(context: Context, cooperative: str) -> Q | None:
    """Return the condition for rows of the requester's cooperatives, by the column of the cooperative's key.

    Returns None unless the requester is limited to some cooperatives.
    """
    own_keys = own_cooperatives(context)
    return None if own_keys is None else Q(**{f"{cooperative}__in": own_keys})


def own_cooperatives(context: Context) -> frozenset[int] | None:
    """Return the requester's cooperatives, or None unless they are limited to some."""
    scopes = context.scope(Permission.MANAGE_PRODUCTS), context.scope(Permission.MANAGE_ORDERS)
    if not any(scopes) or any(scope.has_platform_grant for scope in scopes):
        return None
    return frozenset(key for scope in scopes for grant in scope.grants for key in grant.cooperative_ids)


# Buyers see products with a published listing, and their variants with a price.
_ON_SALE = Q(channel_listing__state=ListingState.PUBLISHED, cooperative__state=CooperativeState.APPROVED)
_IN_LISTS = Q(listing_state=ListingState.PUBLISHED, is_listed=True, seller_state=CooperativeState.APPROVED)
_VARIANT_ON_SALE = Q(
    priced__amount__isnull=False,
    channel_listing__state=ListingState.PUBLISHED,
    product__cooperative__state=CooperativeState.APPROVED,
)


def _listing_alias(channel_id: int) -> dict[str, FilteredRelation]:
    return {"channel_listing": FilteredRelation("listings", condition=Q(listings__channel=channel_id))}


def _price_aliases(channel_id: int) -> dict[str, FilteredRelation]:
    return {
        "priced": FilteredRelation("prices", condition=Q(prices__channel=channel_id)),
        "channel_listing": FilteredRelation(
            "product__listings", condition=Q(product__listings__channel=channel_id)
        ),
    }


def products_on_sale(channel_id: int) -> Rows:
    return Product.objects.alias(**_listing_alias(channel_id)).filter(_ON_SALE)


def products_in_lists(channel_id: int) -> Rows:
    """Return products on sale that lists show.

    On SQLite, COALESCE keeps the planner from starting with the sellers or listings, which would sort all
    products for one page. It then starts with the products and follows the index of the sort order.
    PostgreSQL chooses that plan itself, and COALESCE would worsen its estimates.
    """
    products: Rows = Product.objects.alias(**_listing_alias(channel_id))
    if connection.vendor != "sqlite":
        return products.filter(_ON_SALE, channel_listing__visible_in_listings=True)
    priced: Rows = products.alias(
        listing_state=Coalesce("channel_listing__state", Value("")),
        is_listed=Coalesce("channel_listing__visible_in_listings", Value(False)),
        seller_state=Coalesce("cooperative__state", Value("")),
    )
    return priced.filter(_IN_LISTS)


def variants_on_sale(channel_id: int) -> Rows:
    return Variant.objects.alias(**_price_aliases(channel_id)).filter(_VARIANT_ON_SALE)


def can_only_see_public_rows(context: Context, channel: Channel | None) -> bool:
    """Return whether the requester sees exactly the products on sale in the channel."""
    return (
        channel is not None
        and channel.is_active
        and not context.revealed_products
        and not can_see_all_products(context)
        and own_rows_condition(context, "cooperative") is None
    )


def visible_products(context: Context, channel: Channel | None) -> Rows:
    """Return visible products, with their `channel_listing`. Buyers see those on sale in the channel.

    Permanently removed products are visible to no requester. Only past orders refer to them.
    """
    revealed = Q(pk__in=context.revealed_products)
    rows: Rows = Product.objects.existing() if _can_see_unlisted_rows(context) else Product.objects.all()
    if channel is not None:
        rows = rows.alias(**_listing_alias(channel.pk))
    return _filter_visible(rows, context, channel, is_on_sale=_ON_SALE, is_revealed=revealed)


def visible_variants(context: Context, channel: Channel | None) -> Rows:
    """Return visible variants. `priced` is their price in the channel. Buyers see those with a price."""
    revealed = Q(product__in=context.revealed_products)
    rows: Rows = Variant.objects.existing() if _can_see_unlisted_rows(context) else Variant.objects.all()
    if channel is not None:
        rows = rows.alias(**_price_aliases(channel.pk))
    return _filter_visible(rows, context, channel, is_on_sale=_VARIANT_ON_SALE, is_revealed=revealed)


def _can_see_unlisted_rows(context: Context) -> bool:
    """Return whether the requester sees rows that are not on sale, at least those of some cooperatives."""
    return can_see_all_products(context) or own_cooperatives(context) is not None


def _filter_visible(
    rows: Rows, context: Context, channel: Channel | None, *, is_on_sale: Q, is_revealed: Q
) -> Rows:
    """Filter rows that the requester sees: all, their cooperatives' own, or those on sale and revealed."""
    if can_see_all_products(context):
        return rows
    is_own = own_rows_condition(context, "cooperative")
    if is_own is not None:
        return rows.filter(is_own | is_revealed)
    if channel is None or not channel.is_active:
        return rows.filter(is_revealed)
    return rows.filter(is_on_sale | is_revealed if context.revealed_products else is_on_sale)


def can_see_hidden_categories(context: Context) -> bool:
    """Return whether the requester sees categories that are hidden from buyers."""
    return _can_see_unlisted_rows(context)


def visible_categories(context: Context) -> Rows:
    rows = Category.objects.all()
    return rows if can_see_hidden_categories(context) else rows.shown()


def _visible_media(context: Context) -> Rows:
    """Return media of visible products. Buyers see media of products on sale in any channel."""
    rows: Rows = ProductMedia.objects.all()
    if can_see_all_products(context):
        return rows
    own_condition = own_rows_condition(context, "product__cooperative")
    if own_condition is not None:
        return rows.filter(own_condition)
    on_sale = Q(listings__state=ListingState.PUBLISHED, cooperative__state=CooperativeState.APPROVED)
    return rows.filter(product__in=Product.objects.filter(on_sale).values("pk"))


def _visible_warehouses(context: Context) -> Rows:
    """Return open warehouses. Staff of some cooperatives see only theirs, and buyers see none here."""
    rows = Warehouse.objects.filter(closed_at=None)
    own_condition = own_rows_condition(context, "cooperative")
    if own_condition is not None:
        return rows.filter(own_condition)
    return rows if context.may(*WAREHOUSE_PERMISSIONS) else rows.none()


def _visible_stocks(context: Context) -> Rows:
    rows = Stock.objects.filter(warehouse__closed_at=None)
    own_condition = own_rows_condition(context, "warehouse__cooperative")
    return rows if own_condition is None else rows.filter(own_condition)


product_object = InChannel(
    "Product", visible_products, public_rows=PublicRows(products_on_sale, can_only_see_public_rows)
)
variant_object = InChannel(
    "ProductVariant", visible_variants, public_rows=PublicRows(variants_on_sale, can_only_see_public_rows)
)
collection_object = InChannel(
    "Collection",
    visible_collections,
    key="key",
    public_rows=PublicRows(published_collections, can_only_see_published, True),
)
category_object = Type("Category", visible_categories)
product_type_object = Type("ProductType", lambda context: ProductType.objects.all())
attribute_object = Type("Attribute", lambda context: Attribute.objects.all())
attribute_value_object = Type("AttributeValue", lambda context: AttributeValue.objects.all())
media_object = Type("ProductMedia", _visible_media)
warehouse_object = Type("Warehouse", _visible_warehouses)
stock_object = Type("Stock", _visible_stocks)

Assigned = TypedDict(
    "Assigned", {"attribute": Row, "values": list[Any], "in_channel": int | None, "__typename": str}
)
"""An attribute of an object with its values: rows of AttributeValue, or what is shaped like one."""
