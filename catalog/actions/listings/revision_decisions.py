"""Approve, return or withdraw proposed changes to an approved product."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog import notifications
from catalog.actions.products.product_rows import lock_product
from catalog.actions.products.product_translations import save_product_translations
from catalog.actions.products.save_products import save_product_values
from catalog.actions.products.variants import save_variant_values
from catalog.actions.wording.forbidden_phrases import require_allowed_product
from catalog.models import Category, Product, ProductMedia, ProductRevision
from catalog.states import RevisionState
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.errors import ChangedSinceOpened, Missing, ReasonRequired, Refused
from shop.core.models import PictureState, record_change
from shop.core.states import TransitionNotAllowed


class RevisionPictureNotReady(Refused):
    code = "revision_picture_not_ready"
    default_message = _("A new photo is still being processed or cannot be read. Try again in a minute.")


class ProposedCategoryDeleted(Refused):
    code = "proposed_category_deleted"
    default_message = _("The proposed category no longer exists. Return the changes and ask for another one.")


@transaction.atomic(durable=True)
def approve_revision(
    *, product_id: int, seen_submitted_at: datetime.datetime | None, actor: Actor, now: datetime.datetime
) -> Product:
    """Put the proposed changes on sale. `seen_submitted_at` is when the opened revision was submitted.

    Raises Missing, ChangedSinceOpened, TransitionNotAllowed, ProposedCategoryDeleted,
    RevisionPictureNotReady, ListingIncomplete, ForbiddenWords.
    """
    product, revision = _lock_revision(product_id, seen_submitted_at)
    category_id = revision.values.get("category_id")
    if category_id is not None and not Category.objects.filter(pk=category_id).exists():
        raise ProposedCategoryDeleted()
    if revision.has_pictures:
        _replace_pictures(product, revision)
    for variant in product.variants.filter(pk__in=revision.variant_names).select_related("product"):
        name = revision.variant_names[str(variant.pk)]
        save_variant_values(variant, {"name": name}, actor=actor, now=now)
    save_product_values(product, revision.values, actor=actor, now=now)
    for language, texts in revision.translations.items():
        variants = {int(key): fields for key, fields in texts["variants"].items()}
        existing = set(product.variants.filter(pk__in=variants).values_list("pk", flat=True))
        save_product_translations(
            product,
            language,
            texts["product"],
            {key: fields for key, fields in variants.items() if key in existing},
            actor=actor,
            now=now,
        )
    require_allowed_product(product)
    _record_decision("revision.approved", revision, actor=actor, now=now)
    notifications.send_revision_decision(revision, is_approved=True, now=now)
    revision.delete()
    return product


@transaction.atomic(durable=True)
def return_revision(
    *,
    product_id: int,
    seen_submitted_at: datetime.datetime | None,
    reason: str,
    actor: Actor,
    now: datetime.datetime,
) -> ProductRevision:
    """Return the proposed changes with a reason. The product stays on sale as it is.

    Raises Missing, ReasonRequired, ChangedSinceOpened, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    _product, revision = _lock_revision(product_id, seen_submitted_at)
    revision.state, revision.state_reason = RevisionState.RETURNED, reason.strip()
    revision.save(update_fields=["state", "state_reason"])
    _record_decision("revision.returned", revision, reason=reason.strip(), actor=actor, now=now)
    notifications.send_revision_decision(revision, is_approved=False, now=now)
    return revision


@transaction.atomic(durable=True)
def withdraw_revision(
    *, cooperative: Cooperative, product_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Drop the proposed changes. Raises Missing."""
    product = lock_product(product_id, cooperative=cooperative)
    revision = ProductRevision.objects.filter(product=product).first()
    if revision is None:
        raise Missing()
    revision.product = product
    _record_decision("revision.withdrawn", revision, actor=actor, now=now)
    revision.delete()


def _lock_revision(
    product_id: int, seen_submitted_at: datetime.datetime | None
) -> tuple[Product, ProductRevision]:
    product = lock_product(product_id)
    revision = ProductRevision.objects.filter(product=product).first()
    if revision is None:
        raise Missing()
    if seen_submitted_at is None or not revision.is_unchanged_since(seen_submitted_at):
        raise ChangedSinceOpened()
    if revision.is_returned:
        raise TransitionNotAllowed(from_state=revision.state, to_state=revision.state)
    revision.product = product
    return product, revision


def _replace_pictures(product: Product, revision: ProductRevision) -> None:
    """Give the product the revision's pictures, in their order. Raises RevisionPictureNotReady."""
    rows = list(revision.picture_rows.select_related("picture", "media").order_by("sort_order", "pk"))
    if any(row.picture.state != PictureState.READY for row in rows if row.media_id is None):
        raise RevisionPictureNotReady()
    kept_media_ids = [row.media_id for row in rows if row.media_id is not None]
    ProductMedia.objects.filter(product=product).exclude(pk__in=kept_media_ids).delete()
    for position, row in enumerate(rows):
        media = row.media or ProductMedia(product=product, picture=row.picture)
        media.alt, media.sort_order = row.alt, position
        media.save()


def _record_decision(
    action: str, revision: ProductRevision, *, reason: str = "", actor: Actor, now: datetime.datetime
) -> None:
    record_change(
        action,
        revision,
        actor=actor,
        now=now,
        root=revision.product,
        cooperative_id=revision.product.cooperative_id,
        reason=reason,
        data={"pictures": revision.has_pictures, "languages": list(revision.translations)},
    )
