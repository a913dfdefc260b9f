"""Copy a product as a new draft, so that a similar one needs only its differences."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.actions.products.draft_products import insert_draft_product
from catalog.actions.products.product_details import NewProduct, ProductDetails, VariantDetails
from catalog.actions.products.product_revisions import build_revised_product
from catalog.models import Price, Product, ProductMedia, Variant
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import Channel, find_key_of_created_row

_MAX_NAME = 250
_DETAIL_COLUMNS = (
    "origin",
    "packaging",
    "shelf_life",
    "storage",
    "return_terms",
    "return_days",
    "season",
    "season_note",
)
_VARIANT_COLUMNS = (
    "name",
    "unit",
    "content_grams",
    "content_ml",
    "content_count",
    "content_unit",
    "weight",
    "quantity_limit_per_customer",
    "quantity_limit_days",
    "quantity_limit_per_order",
    "is_sold_by_weight",
    "tolerance_percent",
)


@transaction.atomic(durable=True)
def copy_product(
    *,
    cooperative: Cooperative,
    product_id: int,
    channel: Channel,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Create a draft with the product's details, photos, options, prices and limits, without stock and codes.

    A repeated `idempotency_key` returns the first copy. Raises KeyReused, Missing, MissingWarehouse.
    """
    lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    existing_product_id = find_key_of_created_row(
        idempotency_key, "product.created", cooperative_id=cooperative.pk
    )
    if existing_product_id is not None:
        return Product.objects.for_cooperative(cooperative).get(pk=existing_product_id)
    source = (
        Product.objects.for_cooperative(cooperative)
        .select_related("product_type", "category", "cooperative")
        .filter(pk=product_id)
        .first()
    )
    if source is None:
        raise Missing()
    copied = insert_draft_product(
        cooperative,
        channel,
        _build_new_product(source, channel),
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    copied.producer_id, copied.tax_class_id, copied.weight = (
        source.producer_id,
        source.tax_class_id,
        source.weight,
    )
    copied.save(update_fields=["producer", "tax_class", "weight"])
    copied.certificates.set(source.certificates.all())
    return copied


def _build_new_product(source: Product, channel: Channel) -> NewProduct:
    product = build_revised_product(source)
    name = _("%(name)s (copy)") % {"name": product.name[: _MAX_NAME - 12]}
    media = list(
        ProductMedia.objects.displayable()
        .filter(product=source)
        .select_related("picture")
        .order_by("sort_order", "pk")
    )
    return NewProduct(
        product_type=source.product_type,
        category=source.category,
        details=ProductDetails(
            name=name,
            description=product.description_text,
            ingredients=product.ingredients or "",
            **{column: getattr(product, column) for column in _DETAIL_COLUMNS},
        ),
        variants=[(details, 0) for details in _read_variant_details(source, channel)],
        pictures=[row.picture for row in media],
        captions=[row.alt for row in media],
    )


def _read_variant_details(source: Product, channel: Channel) -> list[VariantDetails]:
    """Return the options that have a price. A copied option without one could not be sold."""
    prices = {
        price.variant_id: price
        for price in Price.objects.filter(
            variant__product=source, channel=channel, amount__isnull=False
        ).with_wholesale_prices()
    }
    variants = Variant.objects.filter(pk__in=prices).in_order()
    return [
        VariantDetails(
            price=prices[variant.pk].amount or 0,
            wholesale_tiers=prices[variant.pk].wholesale_tiers,
            **{column: getattr(variant, column) for column in _VARIANT_COLUMNS},
        )
        for variant in variants
    ]
