"""Members create and edit products with variants, prices and pictures."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.listing_states import require_legal_fields
from catalog.actions.listings.selling_prices import apply_promotions, update_lowest_prices
from catalog.actions.stock.stock_movements import lock_stock_row, record_movement, refresh_availability
from catalog.models import (
    ALL_MONTHS,
    EXACT_WORD_PREFIX,
    Category,
    Listing,
    MovementReason,
    Price,
    Product,
    ProductMedia,
    ProductType,
    Unit,
    Variant,
)
from catalog.states import ListingState
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, Picture, find_already_made, record_change
from shop.core.texts.folding import folded_words, search_words, slugify, sort_key, words_with_diacritics

HIGHEST_PRICE = 99_999_999


class InvalidPrice(Refused):
    code = "odd_price"
    default_words = _("A price is a whole number from 1 to 99,999,999.")


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


@transaction.atomic(durable=True)
def create_draft_product(
    *,
    cooperative: Cooperative,
    channel: Channel,
    product_type: ProductType,
    category: Category | None,
    details: ProductDetails,
    variants: Sequence[tuple[VariantDetails, int]],
    pictures: Sequence[Picture] = (),
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Create a draft product with variants, each with its initial stock in steps.

    A repeated `key` returns the first product. Raises KeyReused, InvalidPrice, MissingWarehouse.
    """
    if key is not None:
        lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    made = find_already_made(key, "product.offered", cooperative_id=cooperative.pk)
    if made is not None:
        return Product.objects.for_cooperative(cooperative).get(pk=made)
    return insert_draft_product(
        cooperative=cooperative,
        channel=channel,
        product_type=product_type,
        category=category,
        details=details,
        variants=variants,
        pictures=pictures,
        key=key,
        actor=actor,
        now=now,
    )


def insert_draft_product(
    *,
    cooperative: Cooperative,
    channel: Channel,
    product_type: ProductType,
    category: Category | None,
    details: ProductDetails,
    variants: Sequence[tuple[VariantDetails, int]],
    pictures: Sequence[Picture] = (),
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Create the product within the caller's transaction; a step of `create_draft_product`."""
    product = Product(cooperative=cooperative, product_type=product_type, category=category)
    _set_details(product, details)
    product.slug = _unique_slug(details.name, cooperative)
    product.save(force_insert=True)
    Listing.objects.create(product=product, channel=channel, currency=channel.currency)
    for position, picture in enumerate(pictures):
        ProductMedia.objects.create(product=product, picture=picture, sort_order=position)
    for variant_details, on_hand in variants:
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
    apply_promotions([product.pk], actor=actor, now=now)
    update_lowest_prices([product.pk])
    for listing in product.listings.filter(state=ListingState.PUBLISHED).order_by("pk"):
        require_legal_fields(listing)
    record_change(
        "product.edited", product, actor=actor, now=now, cooperative_id=cooperative.pk, data={"from": before}
    )
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


def lock_own_product(cooperative: Cooperative, product_id: int) -> Product:
    """Step: lock a product of the cooperative. Raises Missing."""
    product = lock_row(Product.objects.for_cooperative(cooperative).filter(pk=product_id))
    if product is None:
        raise Missing()
    return product


def lock_variant(variants: QuerySet[Variant], variant_id: int) -> Variant | None:
    """Step: lock one of these variants after its product, in the lock order of price updates.

    Returns None if there is none.
    """
    product_id = variants.filter(pk=variant_id).values_list("product", flat=True).first()
    if product_id is None:
        return None
    lock_rows(Product.objects.filter(pk=product_id))
    return lock_row(variants.filter(pk=variant_id).select_related("product", "cooperative"))


def set_list_price(
    variant: Variant, channel: Channel, amount: int, *, actor: Actor, now: datetime.datetime
) -> Price:
    """Step: set a variant's list price in a channel and reapply promotions; its product is locked.

    Raises InvalidPrice.
    """
    if not 1 <= amount <= HIGHEST_PRICE:
        raise InvalidPrice(field="price")
    price = Price.objects.filter(variant=variant, channel=channel).first()
    before = price.amount if price else None
    if price is None:
        price = Price(variant=variant, channel=channel, currency=channel.currency)
    price.amount = amount
    if price.discounted is not None and price.discounted > amount:
        price.discounted = price.rule = None
    price.save()
    apply_promotions([variant.product_id], actor=actor, now=now)
    if before != amount:
        record_change(
            "price.changed",
            price,
            actor=actor,
            now=now,
            root=Product(pk=variant.product_id),
            cooperative_id=variant.cooperative_id,
            data={"variant": variant.pk, "from": before, "to": amount, "currency": channel.currency},
        )
    return price


def refresh_listings(product: Product) -> None:
    """Refresh the lowest prices and availability stored on a product's listings."""
    update_lowest_prices([product.pk])
    refresh_availability(variant_ids=product.variants.values_list("pk", flat=True))


def set_search_columns(product: Product, *further: str) -> None:
    """Set the derived columns for search and sorting; the caller saves.

    Names also index adjacent words joined together; descriptions do not.
    """
    cooperative = product.cooperative
    named = (product.name, product.origin, cooperative.name, cooperative.place, *further)
    words = [*search_words(*named).split(), *folded_words(product.description_text)]
    as_typed = dict.fromkeys(EXACT_WORD_PREFIX + word for word in words_with_diacritics(product.name))
    product.search_text = " ".join(dict.fromkeys(words))
    product.search_name = " ".join([search_words(product.name), *as_typed])
    product.sort_key = sort_key(product.name)


def to_editorjs(text: str) -> dict[str, object]:
    """Convert plain text to EditorJS JSON, the stored format of descriptions."""
    paragraphs = (paragraph.strip() for paragraph in text.split("\n\n"))
    return {
        "blocks": [{"type": "paragraph", "data": {"text": each}} for each in paragraphs if each],
    }


def _set_details(product: Product, details: ProductDetails) -> None:
    for field, value in asdict(details).items():
        if field != "description":
            setattr(product, field, value)
    product.description_text = details.description
    product.description = to_editorjs(details.description)
    set_search_columns(product, *(word for word in [product.category and product.category.name] if word))


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
    variant = Variant.objects.create(
        product=product,
        cooperative_id=product.cooperative_id,
        sort_order=product.variants.count(),
        **fields,
    )
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
    if product.default_variant_id is None:
        product.default_variant = variant
        product.save(update_fields=["default_variant"])
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
