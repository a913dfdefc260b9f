"""Write the rows of a confirmed import, each through the actions that pages call and with its own answer."""

from __future__ import annotations

import datetime
import logging

from celery import shared_task
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from catalog.actions.listing_imports.row_changes import (
    Values,
    build_new_product_columns,
    build_new_variant_columns,
    content_columns,
    limit_columns,
    stated_tiers,
)
from catalog.actions.products.draft_products import create_draft_product
from catalog.actions.products.product_details import NewProduct, ProductDetails, VariantDetails
from catalog.actions.products.save_products import update_product
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import InitialStock, create_variant, update_variant
from catalog.models import (
    ALL_MONTHS,
    Category,
    ListingImport,
    ListingImportRow,
    Price,
    Product,
    ProductType,
    Variant,
)
from catalog.states import IMPORT_ROW_TRANSITIONS, IMPORT_TRANSITIONS, ImportRowState, ImportState
from shop.core.actors import Actor, EntryPoint
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.states import change_state
from shop.core.texts.folding import fold

log = logging.getLogger(__name__)

_CLAIM_LIFETIME = datetime.timedelta(minutes=5)
_ROWS_PER_CLAIM = 100
_DETAIL_TEXTS = (
    "description",
    "origin",
    "ingredients",
    "packaging",
    "shelf_life",
    "storage",
    "return_terms",
)


@shared_task(name="catalog.write_listing_import")
def write_listing_import_task(*, import_id: int) -> None:
    """Write all rows of a confirmed import."""
    while write_next_rows(import_id=import_id, now=timezone.now()):
        pass


def write_next_rows(*, import_id: int, now: datetime.datetime) -> bool:
    """Write the next rows in the order of the file, and return whether some are left.

    One worker writes at a time, because the first row of a new product creates it and later rows add to it.
    """
    claimed = ListingImport.objects.filter(unclaimed(now), pk=import_id, state=ImportState.WRITING)
    if not claimed.update(claimed_at=now):
        return False
    listing_import = ListingImport.objects.select_related("cooperative", "channel", "imported_by").get(
        pk=import_id
    )
    waiting = listing_import.rows.filter(state=ImportRowState.WAITING)
    with translation.override(listing_import.language):
        for row in waiting.order_by("row_number")[:_ROWS_PER_CLAIM]:
            write_row(listing_import, row, now=now)
    if waiting.exists():
        ListingImport.objects.filter(pk=import_id).update(claimed_at=None)
        return True
    _finish(import_id)
    return False


def write_row(listing_import: ListingImport, import_row: ListingImportRow, *, now: datetime.datetime) -> None:
    """Write one row and record its answer. A repeat of a written row changes nothing."""
    user = listing_import.imported_by
    actor = user.as_actor(EntryPoint.MEMBERS) if user is not None else Actor.system()
    try:
        variant = _find_variant(listing_import, import_row)
        if variant is None:
            variant = _create(listing_import, import_row, actor=actor, now=now)
        else:
            _update(listing_import, import_row, variant, actor=actor, now=now)
    except Refused as refused:
        _answer(import_row, ImportRowState.REFUSED, refusal=str(refused.message))
        return
    except OperationalError:  # the database is busy or gone, so the sweep tries this row again
        raise
    except Exception:
        # The sweep would meet this row first at every run and never write the rows after it.
        log.exception(
            "Row %s of listing import %s cannot be written",
            import_row.row_number,
            import_row.listing_import_id,
        )
        text = _("Something went wrong on our side with this row. Import it again later.")
        _answer(import_row, ImportRowState.REFUSED, refusal=text)
        return
    _answer(import_row, ImportRowState.DONE, variant=variant)


def _find_variant(listing_import: ListingImport, import_row: ListingImportRow) -> Variant | None:
    """Return the row's variant, which an earlier row may have created.

    Raises Missing if it was removed after the preview.
    """
    variants = Variant.objects.for_cooperative(listing_import.cooperative).select_related(
        "product__cooperative"
    )
    if not import_row.is_new:
        variant = variants.filter(pk=import_row.variant_id or 0).first()
        if variant is None:
            raise Missing()
        return variant
    return variants.filter(seller_code=str(import_row.values["code"])).first()


def _create(
    listing_import: ListingImport, import_row: ListingImportRow, *, actor: Actor, now: datetime.datetime
) -> Variant:
    """Add the option to the product with this name, or create the product as a draft."""
    values = import_row.values
    cooperative = listing_import.cooperative
    details = _variant_details(values)
    idempotency_key = f"listing_import:{listing_import.pk}:{import_row.row_number}"
    product = _find_product(listing_import, str(values["name"]))
    if product is not None:
        variant = create_variant(
            product_id=product.pk,
            cooperative=cooperative,
            values=details.columns(),
            prices=[
                ListPrice(listing_import.channel, details.price, wholesale_tiers=details.wholesale_tiers)
            ],
            stocks=[InitialStock(int(values["on_hand"]))],
            confirmation_token=import_row.confirmation_token,
            idempotency_key=idempotency_key,
            actor=actor,
            now=now,
        )
        # The row names the product in any spelling, so a different spelling must not rename it.
        other_values = {key: value for key, value in values.items() if key != "name"}
        _update_product(product, other_values, is_option_saved=True, actor=actor, now=now)
        return variant
    created = create_draft_product(
        cooperative=cooperative,
        channel=listing_import.channel,
        new_product=NewProduct(
            product_type=_find_product_type(values),
            category=Category.objects.filter(pk=values.get("category")).first(),
            details=_product_details(listing_import, values),
            variants=[(details, int(values["on_hand"]))],
        ),
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    return created.variants.get(seller_code=details.seller_code)


def _update(
    listing_import: ListingImport,
    import_row: ListingImportRow,
    variant: Variant,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Change the variant and its product as the row says.

    The price is written first, because it may be refused.
    """
    columns = build_new_variant_columns(variant, import_row.values)
    price = import_row.values.get("price")
    prices = Price.objects.filter(variant=variant, channel=listing_import.channel)
    current = prices.with_wholesale_prices().first()
    amount = int(price) if price is not None else current.amount if current else None
    tiers = stated_tiers(import_row.values)
    is_repriced = amount is not None and (
        current is None
        or current.amount != amount
        or (tiers is not None and current.wholesale_tiers != tiers)
    )
    if columns or is_repriced:
        update_variant(
            variant_id=variant.pk,
            cooperative=listing_import.cooperative,
            values=columns,
            prices=[ListPrice(listing_import.channel, amount, wholesale_tiers=tiers)]
            if is_repriced and amount is not None
            else [],
            # A row without a price must not bring back the price that was just read.
            seen_prices={listing_import.channel.pk: amount} if price is None else None,
            confirmation_token=import_row.confirmation_token,
            actor=actor,
            now=now,
        )
    is_option_saved = bool(columns) or is_repriced
    _update_product(variant.product, import_row.values, is_option_saved=is_option_saved, actor=actor, now=now)


def _update_product(
    product: Product, values: Values, *, is_option_saved: bool, actor: Actor, now: datetime.datetime
) -> None:
    """Change the product by what the row says. A refusal says whether the row's option is saved."""
    columns = build_new_product_columns(product, values)
    if not columns:
        return
    try:
        update_product(
            product_id=product.pk, cooperative=product.cooperative, values=columns, actor=actor, now=now
        )
    except Refused as refused:
        if is_option_saved:
            words = _("Price and option are saved; the product's texts are not: %(reason)s")
            refused.message = words % {"reason": refused.message}
        raise


def _find_product(listing_import: ListingImport, name: str) -> Product | None:
    """Return the cooperative's oldest product with this name, with or without diacritics."""
    products = Product.objects.for_cooperative(listing_import.cooperative).order_by("pk")
    names = products.values_list("pk", "name")
    same_name = (key for key, product_name in names if fold(product_name) == fold(name))
    return products.select_related("cooperative").filter(pk=next(same_name, 0)).first()


def _find_product_type(values: Values) -> ProductType:
    types = ProductType.objects.for_members()
    product_type = (
        types.filter(pk=str(values["product_type"])).first() if "product_type" in values else types.first()
    )
    if product_type is None:
        raise Missing()
    return product_type


def _variant_details(values: Values) -> VariantDetails:
    content = {key: value for key, value in content_columns(str(values["unit"]), values).items() if value}
    return VariantDetails(
        price=int(str(values["price"])),
        name=str(values.get("option", "")),
        unit=str(values["unit"]),
        seller_code=str(values["code"]),
        is_sold_by_weight=bool(values.get("is_sold_by_weight", False)),
        wholesale_tiers=stated_tiers(values) or (),
        **limit_columns(values),  # type: ignore[arg-type]
        **content,  # type: ignore[arg-type]
    )


def _product_details(listing_import: ListingImport, values: Values) -> ProductDetails:
    texts = {key: str(values[key]) for key in _DETAIL_TEXTS if key in values}
    texts.setdefault("origin", listing_import.cooperative.location)
    return ProductDetails(
        name=str(values["name"]),
        season=int(str(values.get("months", ALL_MONTHS))),
        return_days=int(str(values.get("return_days", 0))),
        **texts,
    )


@transaction.atomic(durable=True)
def _answer(
    import_row: ListingImportRow, state: ImportRowState, *, refusal: str = "", variant: Variant | None = None
) -> None:
    locked = lock_row(ListingImportRow.objects.filter(pk=import_row.pk, state=ImportRowState.WAITING))
    if locked is None:
        return
    locked.refusal = refusal[:500]
    if variant is not None:
        locked.variant = variant
    locked.save(update_fields=["refusal", "variant"])
    change_state(locked, state, IMPORT_ROW_TRANSITIONS)


@transaction.atomic(durable=True)
def _finish(import_id: int) -> None:
    listing_import = lock_row(ListingImport.objects.filter(pk=import_id, state=ImportState.WRITING))
    if listing_import is not None:
        change_state(listing_import, ImportState.DONE, IMPORT_TRANSITIONS)


def unclaimed(now: datetime.datetime) -> Q:
    """Return the condition for imports that no worker is writing."""
    return Q(claimed_at=None) | Q(claimed_at__lt=now - _CLAIM_LIFETIME)
