"""Members create and edit products with variants, prices and pictures."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_rows import (
    finish_product_edit,
    lock_own_product,
    refresh_listings,
    set_search_columns,
    to_editorjs,
)
from catalog.actions.products.variant_rows import append_variant, lock_variant, set_list_price
from catalog.actions.stock.stock_movements import lock_stock_row, record_movement
from catalog.models import (
    ALL_MONTHS,
    Category,
    Listing,
    MovementReason,
    Product,
    ProductMedia,
    ProductType,
    Unit,
    Variant,
)
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, Picture, find_already_made, record_change
from shop.core.texts.folding import slugify


class MissingWarehouse(Refused):
    code = "no_warehouse"
    default_words = _("Your cooperative has no store house yet.")


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """Editable details of a product. `season` has bit m-1 set for month m."""

    name: str
    description: str = ""
    origin: str = ""
    ingredients: str = ""
    packaging: str = ""
    shelf_life: str = ""
    storage: str = ""
    return_terms: str = ""
    return_days: int = 0
    season: int = ALL_MONTHS
    season_note: str = ""


@dataclass(frozen=True, slots=True)
class VariantDetails:
    """A variant's sale step and its price in the channel's minor units, tax included.

    For catch-weight variants (`is_weighed`) `content_grams` is the estimated weight of a step, on which the
    price is based; the buyer pays for up to `tolerance_percent` more without being asked.
    """

    price: int
    name: str = ""
    unit: str = Unit.PIECE
    content_grams: int | None = None
    content_ml: int | None = None
    content_count: int | None = None
    content_unit: str = ""
    weight: int | None = None
    barcode: str = ""
    quantity_limit_per_customer: int | None = None
    is_weighed: bool = False
    tolerance_percent: int = 20


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product to be drafted: its variants with the initial stock of each, in steps."""

    product_type: ProductType
    category: Category | None
    details: ProductDetails
    variants: Sequence[tuple[VariantDetails, int]]
    pictures: Sequence[Picture] = ()


@transaction.atomic(durable=True)
def create_draft_product(
    *,
    cooperative: Cooperative,
    channel: Channel,
    new: NewProduct,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Create a draft product. A repeated `key` returns the first one.

    Raises KeyReused, InvalidPrice, MissingWarehouse.
    """
    if key is not None:
        lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    made = find_already_made(key, "product.offered", cooperative_id=cooperative.pk)
    if made is not None:
        return Product.objects.for_cooperative(cooperative).get(pk=made)
    return insert_draft_product(cooperative, channel, new, key=key, actor=actor, now=now)


def insert_draft_product(
    cooperative: Cooperative,
    channel: Channel,
    new: NewProduct,
    *,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Step: create the product within the caller's transaction."""
    product = Product(cooperative=cooperative, product_type=new.product_type, category=new.category)
    _set_details(product, new.details)
    product.slug = _unique_slug(new.details.name, cooperative)
    product.save(force_insert=True)
    Listing.objects.create(product=product, channel=channel, currency=channel.currency)
    for position, picture in enumerate(new.pictures):
        ProductMedia.objects.create(product=product, picture=picture, sort_order=position)
    for variant_details, on_hand in new.variants:
        _create_variant(product, channel, variant_details, on_hand, actor=actor, now=now)
    record_change("product.offered", product, actor=actor, now=now, cooperative_id=cooperative.pk, key=key)
    refresh_listings(product)
    return product


@transaction.atomic(durable=True)
def edit_product(
    *,
    cooperative: Cooperative,
    product_id: int,
    category: Category | None,
    details: ProductDetails,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Update a product's details. Raises Missing for another cooperative's product.

    Published products must stay complete: raises ListingIncomplete.
    """
    product = lock_own_product(cooperative, product_id)
    before = {field: getattr(product, field, None) for field in ("name", "origin", "shelf_life")}
    product.category = category
    _set_details(product, details)
    product.save()
    finish_product_edit(product, data={"from": before}, actor=actor, now=now)
    return product


@transaction.atomic(durable=True)
def add_variant(
    *,
    cooperative: Cooperative,
    product_id: int,
    channel: Channel,
    details: VariantDetails,
    on_hand: int,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Add a variant to a product; a repeated `key` returns the first one.

    Raises KeyReused, Missing, InvalidPrice, MissingWarehouse.
    """
    product = lock_own_product(cooperative, product_id)
    made = find_already_made(key, "variant.added", cooperative_id=cooperative.pk, root=product)
    if made is not None:
        return Variant.objects.for_cooperative(cooperative).get(pk=made)
    variant = _create_variant(product, channel, details, on_hand, actor=actor, now=now)
    record_change(
        "variant.added",
        variant,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=cooperative.pk,
        key=key,
    )
    refresh_listings(product)
    return variant


@transaction.atomic(durable=True)
def edit_variant(
    *,
    cooperative: Cooperative,
    variant_id: int,
    channel: Channel,
    details: VariantDetails,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Update a variant and its price in one channel. Raises Missing, InvalidPrice."""
    variant = lock_variant(Variant.objects.for_cooperative(cooperative), variant_id)
    if variant is None:
        raise Missing()
    new_values = {field: value for field, value in asdict(details).items() if field != "price"}
    before = {
        field: getattr(variant, field) for field in new_values if getattr(variant, field) != new_values[field]
    }
    for field, value in new_values.items():
        setattr(variant, field, value)
    variant.save()
    if before:
        record_change(
            "variant.edited",
            variant,
            actor=actor,
            now=now,
            root=Product(pk=variant.product_id),
            cooperative_id=cooperative.pk,
            data={"from": before, "to": {field: new_values[field] for field in before}},
        )
    set_list_price(variant, channel, details.price, actor=actor, now=now)
    refresh_listings(variant.product)
    return variant


def _set_details(product: Product, details: ProductDetails) -> None:
    for field, value in asdict(details).items():
        if field != "description":
            setattr(product, field, value)
    product.description_text = details.description
    product.description = to_editorjs(details.description)
    set_search_columns(product)


def _create_variant(
    product: Product,
    channel: Channel,
    details: VariantDetails,
    on_hand: int,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    fields = {field: value for field, value in asdict(details).items() if field != "price"}
    variant = append_variant(product, fields)
    set_list_price(variant, channel, details.price, actor=actor, now=now)
    warehouse = (
        Warehouse.objects.filter(cooperative=product.cooperative_id, channels=channel)
        .order_by("created_at", "pk")
        .first()
    )
    if warehouse is None:
        raise MissingWarehouse()
    row = lock_stock_row(cooperative=product.cooperative, variant_id=variant.pk, warehouse_id=warehouse.pk)
    if on_hand:
        record_movement(
            row,
            on_hand,
            reason=MovementReason.RECEIPT,
            actor=actor,
            now=now,
            document=f"product:{product.pk}",
        )
    return variant


def _unique_slug(name: str, cooperative: Cooperative) -> str:
    """The slug of the name; if taken, with the cooperative's slug appended, then numbered."""
    plain = slugify(name)[:200]
    longer = f"{plain}-{cooperative.slug}"[:240]
    taken = set(Product.objects.filter(slug__startswith=plain).values_list("slug", flat=True))
    if plain not in taken:
        return plain
    candidates = (longer if n == 1 else f"{longer}-{n}" for n in range(1, len(taken) + 2))
    return next(each for each in candidates if each not in taken)
