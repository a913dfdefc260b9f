"""Create and update products, for members, staff and API apps. Only the given columns change."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.attribute_values import AttributeInput, set_product_attributes
from catalog.actions.products.product_revisions import build_revised_product, propose_values
from catalog.actions.products.product_rows import (
    finish_product_edit,
    lock_product,
    set_search_columns,
)
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import Collection, CollectionProduct, Product, ProductType
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.metadata import set_columns, set_tracked_columns
from shop.core.database.row_values import require_related_rows, save_unique
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change, was_done_with_key
from shop.core.texts.folding import slugify


class MissingPlatformSeller(Refused):
    code = "missing_platform_seller"
    default_message = _("Choose the cooperative: the market does not sell products of its own yet.")


class ProductAlreadyChanged(Refused):
    """Somebody else changed a column of the product or its option after this person saw it."""

    code = "product_already_changed"
    default_message = _("Somebody else has changed this meanwhile. Check it, then save again.")


@transaction.atomic(durable=True)
def create_product(
    *,
    cooperative_id: int | None,
    product_type_id: int,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    collection_ids: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Create a product without variants and listings.

    If no cooperative is given, the platform seller owns it. Raises Missing, MissingPlatformSeller,
    AlreadyTaken, InvalidColumnValue, AttributeNotOfType, MissingAttributes.
    """
    product_type = ProductType.objects.filter(pk=product_type_id).first()
    if product_type is None:
        raise Missing(field="productType")
    product = Product(product_type=product_type, cooperative=_find_seller(cooperative_id))
    insert_product(product, values, actor=actor, now=now)
    set_product_attributes(product, inputs, requires_all=True)
    _add_to_collections(product, collection_ids)
    return product


def insert_product(
    product: Product,
    values: Mapping[str, object],
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: insert a product with these columns and record it.

    If no slug is given, the slug is made from the name. Raises Missing, AlreadyTaken, InvalidColumnValue.
    """
    require_related_rows(Product, values)
    set_columns(product, values)
    product.slug = product.slug or _find_unused_slug(product)
    set_search_columns(product)
    save_unique(product)
    record_change(
        "product.created",
        product,
        actor=actor,
        now=now,
        cooperative_id=product.cooperative_id,
        idempotency_key=idempotency_key,
    )


@transaction.atomic(durable=True)
def update_product(
    *,
    product_id: int,
    cooperative: Cooperative | None = None,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput] = (),
    collection_ids: Sequence[int] | None = None,
    needs_approval: bool = True,
    seen_values: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Update the given columns, and the collections unless `collection_ids` is None.

    Published products must stay complete. If `needs_approval` is true, an approved product's texts for buyers
    wait for the platform's review, and the rest changes at once. If `cooperative` is given, products of other
    cooperatives are Missing. `seen_values` are columns as the person saw them, including proposed values. A
    repeated `idempotency_key` does nothing, if the first call changed something that needs no approval.
    Raises KeyReused, Missing, ProductAlreadyChanged, AlreadyTaken, InvalidColumnValue, AttributeNotOfType,
    ListingIncomplete, ForbiddenWords.
    """
    product = lock_product(product_id, cooperative=cooperative)
    if was_done_with_key(idempotency_key, "product.changed", product):
        return product
    shown = build_revised_product(product) if needs_approval and seen_values else product
    for column, seen in (seen_values or {}).items():
        if getattr(shown, column) not in (seen, values[column]):
            raise ProductAlreadyChanged(field=column)
    require_related_rows(Product, values)
    if needs_approval:
        require_allowed_texts(values)
        immediate = propose_values(product, values, actor=actor, now=now)
        is_proposed_only = len(immediate) < len(values) and not inputs and collection_ids is None
        if is_proposed_only and all(getattr(product, column) == immediate[column] for column in immediate):
            return product
        values = immediate
    return save_product_values(
        product,
        values,
        inputs=inputs,
        collection_ids=collection_ids,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


def save_product_values(
    product: Product,
    values: Mapping[str, object],
    *,
    inputs: Sequence[AttributeInput] = (),
    collection_ids: Sequence[int] | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """In a transaction: update columns of a locked product and their derived data.

    Raises like `update_product`.
    """
    changes = set_tracked_columns(product, values)
    set_search_columns(product)
    save_unique(product)
    set_product_attributes(product, inputs, requires_all=False)
    if collection_ids is not None:
        CollectionProduct.objects.filter(product=product).exclude(collection__in=collection_ids).delete()
        _add_to_collections(product, collection_ids)
    finish_product_edit(product, data=changes, idempotency_key=idempotency_key, actor=actor, now=now)
    return product


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
        "product.changed",
        product,
        actor=actor,
        now=now,
        cooperative_id=product.cooperative_id,
        data={"fields": ["default_variant"]},
    )
    return product


def _find_seller(cooperative_id: int | None) -> Cooperative:
    if cooperative_id is None:
        platform_seller = Cooperative.objects.filter(is_platform_seller=True).first()
        if platform_seller is None:
            raise MissingPlatformSeller(field="cooperative")
        return platform_seller
    cooperative = Cooperative.objects.filter(pk=cooperative_id).first()
    if cooperative is None:
        raise Missing(field="cooperative")
    return cooperative


def _add_to_collections(product: Product, collection_ids: Sequence[int]) -> None:
    for key in collection_ids:
        collection = Collection.objects.filter(pk=key).first()
        if collection is None:
            raise Missing(field="collections")
        CollectionProduct.objects.get_or_create(
            collection=collection,
            product=product,
            defaults={"sort_order": collection.product_rows.count()},
        )


def _find_unused_slug(product: Product) -> str:
    """Return the slug of the name. If it is taken, the cooperative's slug and then a number are appended."""
    plain = slugify(product.name)[:200]
    longer = f"{plain}-{product.cooperative.slug}"[:240]
    used_slugs = set(Product.objects.filter(slug__startswith=plain).values_list("slug", flat=True))
    if plain not in used_slugs:
        return plain
    candidates = (longer if n == 1 else f"{longer}-{n}" for n in range(1, len(used_slugs) + 2))
    return next(candidate for candidate in candidates if candidate not in used_slugs)
