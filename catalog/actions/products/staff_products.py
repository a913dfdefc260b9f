"""Create and update products on behalf of staff and API apps. Only the named columns change.

Members use `catalog.actions.products.member_products`.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.attribute_values import (
    AttributeInput,
    set_product_attributes,
    set_variant_attributes,
)
from catalog.actions.products.product_rows import (
    finish_product_edit,
    lock_product,
    refresh_listings,
    set_search_columns,
)
from catalog.actions.products.variant_rows import (
    HIGHEST_PRICE,
    InvalidPrice,
    append_variant,
    lock_variant,
    set_list_price,
)
from catalog.actions.stock.stock_movements import StockCount, record_count
from catalog.actions.taxonomy.taxonomy import StillReferenced
from catalog.models import (
    Collection,
    CollectionProduct,
    Listing,
    Product,
    ProductType,
    Stock,
    Variant,
)
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.metadata import set_columns
from shop.core.database.transactions import lock_row
from shop.core.database.unique_fields import require_related_rows, save_unique, unused_slug
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change


class MissingPlatformSeller(Refused):
    code = "no_platform_seller"
    default_words = _("Say whose goods they are: the market has no house of its own yet.")


class ProductNotInChannel(Refused):
    code = "not_listed"
    default_words = _("The product is not in this channel yet.")


class StockAlreadyExists(Refused):
    code = "stock_there"
    default_words = _("There is stock in this store house already: change it instead.")


@transaction.atomic(durable=True)
def create_product(
    *,
    cooperative_id: int | None,
    product_type_id: int,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    collections: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Create a product without variants and channels. Without a cooperative the platform seller owns it.

    Raises Missing, MissingPlatformSeller, AlreadyTaken, AttributeNotOfType, MissingAttributes.
    """
    product_type = ProductType.objects.filter(pk=product_type_id).first()
    if product_type is None:
        raise Missing(field="productType")
    require_related_rows(Product, values)
    product = Product(product_type=product_type, cooperative=_owner(cooperative_id), **values)
    product.slug = product.slug or unused_slug(Product, product.name)
    set_search_columns(product)
    save_unique(product)
    set_product_attributes(product, inputs, require_all=True)
    _add_to_collections(product, collections)
    record_change("product.offered", product, actor=actor, now=now, cooperative_id=product.cooperative_id)
    return product


@transaction.atomic(durable=True)
def update_product(
    *,
    product_id: int,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    collections: Sequence[int] | None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Update the named columns; `collections` None keeps them. Published products must stay complete.

    Raises Missing, AlreadyTaken, AttributeNotOfType, ListingIncomplete.
    """
    product = lock_product(product_id)
    before = {column: getattr(product, column) for column in ("name", "slug", "category_id")}
    require_related_rows(Product, values)
    set_columns(product, values)
    set_search_columns(product)
    save_unique(product)
    set_product_attributes(product, inputs, require_all=False)
    if collections is not None:
        CollectionProduct.objects.filter(product=product).exclude(collection__in=collections).delete()
        _add_to_collections(product, collections)
    changed = {column: value for column, value in before.items() if value != getattr(product, column)}
    finish_product_edit(product, data={"from": changed}, actor=actor, now=now)
    return product


@transaction.atomic(durable=True)
def create_variant(
    *,
    product_id: int,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    stocks: Sequence[tuple[uuid.UUID, int]],
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Create a variant without a price, with its stock as (warehouse, steps).

    Raises Missing, AlreadyTaken, AttributeNotOfType, MissingAttributes, InvalidStockCount.
    """
    product = lock_product(product_id, field="product")
    variant = append_variant(product, values)
    set_variant_attributes(variant, inputs, require_all=True)
    record_change(
        "variant.added",
        variant,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=product.cooperative_id,
    )
    _record_counts(variant, stocks, actor=actor, now=now)
    return variant


@transaction.atomic(durable=True)
def update_variant(
    *,
    variant_id: int,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Update the named columns. Raises Missing, AlreadyTaken, AttributeNotOfType."""
    variant = _locked_variant(variant_id)
    changed = set_columns(variant, values)
    save_unique(variant, field="sku")
    set_variant_attributes(variant, inputs, require_all=False)
    record_change(
        "variant.edited",
        variant,
        actor=actor,
        now=now,
        root=variant.product,
        cooperative_id=variant.cooperative_id,
        data={"fields": changed},
    )
    refresh_listings(variant.product)
    return variant


@transaction.atomic(durable=True)
def delete_variant(*, variant_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a variant that was never stocked or sold. Raises Missing, StillReferenced."""
    variant = _locked_variant(variant_id)
    product = variant.product
    moved = Stock.objects.filter(variant=variant).filter(
        Q(movements__isnull=False) | Q(allocated__gt=0) | Q(reserved__gt=0)
    )
    if moved.exists():
        raise StillReferenced(field="id")
    record_change(
        "variant.deleted",
        variant,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=variant.cooperative_id,
        snapshot={"name": variant.name, "sku": variant.sku},
    )
    try:
        variant.delete()
    except ProtectedError as error:
        raise StillReferenced(field="id") from error
    if product.default_variant_id == variant_id:
        Product.objects.filter(pk=product.pk).update(default_variant=product.variants.in_order().first())
    refresh_listings(product)


@transaction.atomic(durable=True)
def set_variant_prices(
    *,
    variant_id: int,
    prices: Sequence[tuple[Channel, int, Mapping[str, int | None]]],
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Set list prices: channel, amount in minor units, and optionally cost and prior price.

    Raises Missing, InvalidPrice, and ProductNotInChannel if the product is not in the channel.
    """
    variant = _locked_variant(variant_id)
    listed = set(Listing.objects.filter(product=variant.product).values_list("channel", flat=True))
    for channel, amount, further in prices:
        if channel.pk not in listed:
            raise ProductNotInChannel(field="channelId", channels=[channel.pk])
        if any(not 0 <= (other or 0) <= HIGHEST_PRICE for other in further.values()):
            raise InvalidPrice(field="price")
        price = set_list_price(variant, channel, amount, actor=actor, now=now)
        changed = set_columns(price, further)
        if changed:
            price.save(update_fields=changed)
            record_change(
                "price.changed",
                price,
                actor=actor,
                now=now,
                root=variant.product,
                cooperative_id=variant.cooperative_id,
                data={"variant": variant.pk, "fields": changed, "currency": channel.currency},
            )
    refresh_listings(variant.product)
    return variant


@transaction.atomic(durable=True)
def set_variant_stock(
    *,
    variant_id: int,
    stocks: Sequence[tuple[uuid.UUID, int]],
    only_new: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Set the stock on hand in warehouses, each by a movement of the difference.

    Raises Missing (also for another cooperative's warehouse), InvalidStockCount, and StockAlreadyExists with
    `only_new`.
    """
    variant = _locked_variant(variant_id, field="variantId")
    if only_new:
        warehouses = [house for house, _quantity in stocks]
        if Stock.objects.filter(variant=variant, warehouse__in=warehouses).exists():
            raise StockAlreadyExists(field="stocks")
    _record_counts(variant, stocks, actor=actor, now=now)
    return variant


def _record_counts(
    variant: Variant, stocks: Sequence[tuple[uuid.UUID, int]], *, actor: Actor, now: datetime.datetime
) -> None:
    for house, quantity in stocks:
        count = StockCount(variant.pk, house, quantity)
        record_count(count, cooperative=variant.cooperative, actor=actor, now=now)


def _owner(cooperative_id: int | None) -> Cooperative:
    if cooperative_id is None:
        house = Cooperative.objects.filter(is_platform_seller=True).first()
        if house is None:
            raise MissingPlatformSeller(field="cooperative")
        return house
    cooperative = Cooperative.objects.filter(pk=cooperative_id).first()
    if cooperative is None:
        raise Missing(field="cooperative")
    return cooperative


def _add_to_collections(product: Product, collections: Sequence[int]) -> None:
    for key in collections:
        collection = Collection.objects.filter(pk=key).first()
        if collection is None:
            raise Missing(field="collections")
        CollectionProduct.objects.get_or_create(
            collection=collection,
            product=product,
            defaults={"sort_order": collection.product_rows.count()},
        )


def _locked_variant(key: int, *, field: str = "id") -> Variant:
    variant = lock_variant(Variant.objects.existing(), key)
    if variant is None:
        raise Missing(field=field)
    return variant


@transaction.atomic(durable=True)
def set_default_variant(
    *, product_id: int | None, variant_id: int | None, actor: Actor, now: datetime.datetime
) -> Product:
    """Set the default variant of a product. Raises Missing, also for another product's variant."""
    product = lock_row(Product.objects.existing().filter(pk=product_id)) if product_id is not None else None
    if product is None:
        raise Missing(field="productId")
    variant = product.variants.filter(pk=variant_id).first() if variant_id is not None else None
    if variant is None:
        raise Missing(field="variantId")
    product.default_variant = variant
    product.save(update_fields=["default_variant", "updated_at"])
    record_change(
        "product.edited",
        product,
        actor=actor,
        now=now,
        cooperative_id=product.cooperative_id,
        data={"fields": ["default_variant"]},
    )
    return product
