"""Propose changes to an approved product. Buyers see it unchanged until the changes are approved.

The caller holds the product's lock.
"""

from __future__ import annotations

import copy
import datetime
from collections.abc import Mapping

from catalog.actions.listings.listing_states import require_legal_fields
from catalog.models import Listing, Product, ProductRevision, Variant
from catalog.states import APPROVED_STATES, ListingState, RevisionState
from shop.core.actors import Actor
from shop.core.database.row_values import require_column_limits
from shop.core.models import Translation, record_change

# The texts that buyers read about a product. Price, stock and season change without review.
REVIEWED_COLUMNS = (
    "name",
    "category_id",
    "description",
    "description_text",
    "origin",
    "ingredients",
    "packaging",
    "shelf_life",
    "storage",
    "return_terms",
    "seo_title",
    "seo_description",
)


def is_approved(product: Product) -> bool:
    """Return whether the platform approved it in a channel that checks listings. A paused one counts."""
    approved = Listing.objects.filter(product=product, state__in=APPROVED_STATES)
    return (
        approved.filter(channel__requires_listing_review=True).exists()
        and not product.cooperative.is_platform_seller
    )


def propose_values(
    product: Product, values: Mapping[str, object], *, actor: Actor, now: datetime.datetime
) -> dict[str, object]:
    """In a transaction: move reviewed columns of an approved product to its revision.

    Return the other values. If a listing is in review, its waiting time starts again instead, because a
    reviewer approves only texts they have seen. Raises InvalidColumnValue, ListingIncomplete.
    """
    if not is_approved(product):
        restart_review(product, now)
        return dict(values)
    proposed = {column: value for column, value in values.items() if column in REVIEWED_COLUMNS}
    if not proposed:
        return dict(values)
    revision = open_revision(product, now)
    _require_acceptable(product, revision.values | proposed)
    kept_values = {column: value for column, value in revision.values.items() if column not in proposed}
    changed = {column: value for column, value in proposed.items() if getattr(product, column) != value}
    before = revision.values
    revision.values = kept_values | changed
    if revision.values != before:
        save_revision(revision, actor=actor, now=now)
    return {column: value for column, value in values.items() if column not in REVIEWED_COLUMNS}


def propose_variant_name(
    variant: Variant, values: Mapping[str, object], *, actor: Actor, now: datetime.datetime
) -> dict[str, object]:
    """In a transaction: move a new variant name of an approved product to its revision.

    Return the other values. Raises InvalidColumnValue.
    """
    product = variant.product
    if "name" not in values or not is_approved(product):
        return dict(values)
    renamed = copy.copy(variant)
    renamed.name = str(values["name"])
    require_column_limits(renamed)
    revision = open_revision(product, now)
    before = revision.variant_names
    revision.variant_names = {key: name for key, name in before.items() if key != str(variant.pk)}
    if renamed.name != variant.name:
        revision.variant_names[str(variant.pk)] = renamed.name
    if revision.variant_names != before:
        save_revision(revision, actor=actor, now=now)
    return {column: value for column, value in values.items() if column != "name"}


def propose_translations(
    product: Product,
    language: str,
    texts: Mapping[str, str],
    variants: Mapping[int, Mapping[str, str]],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: put translations that differ from the current ones into the product's revision."""
    current = Translation.objects.texts("catalog.product", [str(product.pk)], language)
    changed = {
        field: text.strip()
        for field, text in texts.items()
        if text.strip() != current.get((str(product.pk), field), "")
    }
    keys = [str(key) for key in product.variants.filter(pk__in=variants).values_list("pk", flat=True)]
    current = Translation.objects.texts("catalog.variant", keys, language)
    changed_variants = {
        str(key): {field: text.strip() for field, text in fields.items()}
        for key, fields in variants.items()
        if str(key) in keys
        and any(text.strip() != current.get((str(key), field), "") for field, text in fields.items())
    }
    revision = open_revision(product, now)
    before = dict(revision.translations)
    revision.translations.pop(language, None)
    if changed or changed_variants:
        revision.translations[language] = {"product": changed, "variants": changed_variants}
    if revision.translations != before:
        save_revision(revision, actor=actor, now=now)


def restart_review(product: Product, now: datetime.datetime) -> None:
    """In a transaction: restart the waiting time of listings in review, because their content changed."""
    Listing.objects.filter(product=product, state=ListingState.IN_REVIEW).update(submitted_at=now)


def build_revised_product(product: Product) -> Product:
    """Return a copy of the product with the values of its revision, not to be saved."""
    revised = copy.copy(product)
    revision = ProductRevision.objects.filter(product=product).first()
    for column, value in (revision.values if revision else {}).items():
        setattr(revised, column, value)
    return revised


def read_revised_variant_name(variant: Variant) -> str:
    """Return the option's proposed name, or its current one."""
    revision = ProductRevision.objects.filter(product=variant.product_id).first()
    name: str = (revision.variant_names if revision else {}).get(str(variant.pk), variant.name)
    return name


def open_revision(product: Product, now: datetime.datetime) -> ProductRevision:
    """In a transaction: return the product's revision, or a new one that is not saved yet."""
    revision = ProductRevision.objects.filter(product=product).first()
    return revision or ProductRevision(product=product, submitted_at=now)


def save_revision(
    revision: ProductRevision,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: send a changed revision to review. A revision that proposes nothing is deleted."""
    product = revision.product
    if revision.is_empty:
        if revision.pk is not None:
            _record_revision(
                "revision.withdrawn", revision, actor=actor, now=now, idempotency_key=idempotency_key
            )
            revision.delete()
        return
    revision.state, revision.state_reason, revision.submitted_at = RevisionState.IN_REVIEW, "", now
    revision.save()
    fields = [column for column in revision.values if column != "description"]
    _record_revision(
        "revision.submitted",
        revision,
        actor=actor,
        now=now,
        data={
            "fields": [
                *fields,
                *(["variants"] if revision.variant_names else []),
                *(["pictures"] if revision.has_pictures else []),
                *revision.translations,
            ],
            "from": {column: getattr(product, column) for column in fields},
            "to": {column: revision.values[column] for column in fields},
        },
        idempotency_key=idempotency_key,
    )


def _record_revision(
    action: str,
    revision: ProductRevision,
    *,
    actor: Actor,
    now: datetime.datetime,
    data: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> None:
    record_change(
        action,
        revision,
        actor=actor,
        now=now,
        root=revision.product,
        cooperative_id=revision.product.cooperative_id,
        data=data,
        idempotency_key=idempotency_key,
    )


def _require_acceptable(product: Product, values: Mapping[str, object]) -> None:
    """Raise the errors of saving these values, without saving them."""
    revised = copy.copy(product)
    for column, value in values.items():
        setattr(revised, column, value)
    require_column_limits(revised)
    published = Listing.objects.filter(product=product, state=ListingState.PUBLISHED)
    for listing in published.select_related("channel"):
        listing.product = revised
        require_legal_fields(listing)
