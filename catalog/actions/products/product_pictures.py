"""Add, describe, reorder and remove a product's pictures."""

from __future__ import annotations

import datetime

from django.db import transaction

from catalog.actions.products.product_revisions import is_approved, restart_review
from catalog.actions.products.product_rows import lock_product
from catalog.actions.products.revision_pictures import (
    LastPictureNeeded,
    PictureKey,
    PictureRemoved,
    StoredPicture,
    propose_picture,
    propose_picture_order,
    propose_picture_removal,
    propose_picture_text,
)
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import Listing, Product, ProductMedia, RevisionPicture
from catalog.states import ListingState
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.errors import Missing
from shop.core.models import Picture, PictureState, record_change, was_changed_with_key

_PROPOSED = ("revision.submitted", "revision.withdrawn")


@transaction.atomic(durable=True)
def add_picture(
    *,
    cooperative: Cooperative,
    product_id: int,
    picture: Picture,
    alt: str = "",
    needs_approval: bool = True,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> ProductMedia | RevisionPicture | None:
    """Append a picture. `alt` is its alternative text.

    A repeated `idempotency_key` returns the row of the first time, or None if that was removed meanwhile.
    Raises KeyReused, Missing.

    If `needs_approval` is true, the picture waits for the platform's review once the product is approved. The
    other functions of this module treat their changes in the same way.
    """
    product = lock_product(product_id, cooperative=cooperative)
    if was_changed_with_key(idempotency_key, ("product.picture_added", "revision.submitted"), root=product):
        return _find_added_row(product, picture)
    if needs_approval and is_approved(product):
        return propose_picture(product, picture, alt, idempotency_key=idempotency_key, actor=actor, now=now)
    restart_review(product, now)
    media = ProductMedia.objects.create(
        product=product, picture=picture, alt=alt, sort_order=_read_next_position(product)
    )
    record_change(
        "product.picture_added",
        media,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=cooperative.pk,
        idempotency_key=idempotency_key,
    )
    return media


@transaction.atomic(durable=True)
def move_picture(
    *,
    cooperative: Cooperative,
    product_id: int,
    media_id: PictureKey,
    position: int,
    needs_approval: bool = True,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> bool:
    """Move a picture to a position, counted from 0 and capped at the last.

    Return whether the change waits for the platform's review. Raises KeyReused, Missing, PictureRemoved.
    """
    product = lock_product(product_id, cooperative=cooperative)
    is_proposed = needs_approval and is_approved(product)
    if was_changed_with_key(idempotency_key, ("product.pictures_reordered", *_PROPOSED), root=product):
        return is_proposed
    if is_proposed:
        propose_picture_order(
            product, media_id, position, idempotency_key=idempotency_key, actor=actor, now=now
        )
        return True
    restart_review(product, now)
    visible_media = list(ProductMedia.objects.filter(product=product).order_by("sort_order", "pk"))
    before = [media.pk for media in visible_media]
    moved = _media_or_missing(visible_media, media_id)
    visible_media.remove(moved)
    visible_media.insert(max(0, position), moved)
    after = [media.pk for media in visible_media]
    if after == before:
        return False
    for number, media in enumerate(visible_media):
        media.sort_order = number
    ProductMedia.objects.bulk_update(visible_media, ["sort_order"])
    record_change(
        "product.pictures_reordered",
        moved,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=cooperative.pk,
        data={"from": before, "to": after},
        idempotency_key=idempotency_key,
    )
    return False


@transaction.atomic(durable=True)
def describe_picture(
    *,
    cooperative: Cooperative,
    product_id: int,
    media_id: PictureKey,
    alt: str,
    needs_approval: bool = True,
    actor: Actor,
    now: datetime.datetime,
) -> bool:
    """Change a picture's alternative text.

    Return whether the change waits for the platform's review. Raises ForbiddenWords, Missing,
    PictureRemoved.
    """
    require_allowed_texts({"captions": alt})
    product = lock_product(product_id, cooperative=cooperative)
    if needs_approval and is_approved(product):
        propose_picture_text(product, media_id, alt, actor=actor, now=now)
        return True
    media = _media_or_missing(list(ProductMedia.objects.filter(product=product)), media_id)
    changes = set_tracked_columns(media, {"alt": alt})
    if not changes["fields"]:
        return False
    restart_review(product, now)
    media.save(update_fields=["alt"])
    record_change(
        "product.picture_described",
        media,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=cooperative.pk,
        data=changes,
    )
    return False


@transaction.atomic(durable=True)
def remove_picture(
    *,
    cooperative: Cooperative,
    product_id: int,
    media_id: PictureKey,
    needs_approval: bool = True,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> bool:
    """Remove a picture. Past orders keep it.

    Return whether the change waits for the platform's review. Raises KeyReused, Missing, PictureRemoved,
    LastPictureNeeded.
    """
    product = lock_product(product_id, cooperative=cooperative)
    is_proposed = needs_approval and is_approved(product)
    if was_changed_with_key(idempotency_key, ("product.picture_removed", *_PROPOSED), root=product):
        return is_proposed
    if is_proposed:
        propose_picture_removal(product, media_id, idempotency_key=idempotency_key, actor=actor, now=now)
        return True
    restart_review(product, now)
    rows = ProductMedia.objects.filter(product=product).select_related("picture")
    visible_media = list(rows.order_by("sort_order", "pk"))
    media = _media_or_missing(visible_media, media_id)
    is_last = [medium.pk for medium in visible_media if medium.picture.state == PictureState.READY] == [
        media.pk
    ]
    if is_last and _needs_picture(product):
        raise LastPictureNeeded()
    record_change(
        "product.picture_removed",
        media,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=cooperative.pk,
        snapshot={"picture": media.picture_id, "alt": media.alt, "sort_order": media.sort_order},
        idempotency_key=idempotency_key,
    )
    media.delete()
    return False


def _media_or_missing(visible_media: list[ProductMedia], media_id: PictureKey) -> ProductMedia:
    is_stored = isinstance(media_id, StoredPicture)
    sought = media_id.picture_id if isinstance(media_id, StoredPicture) else media_id
    product_media = next(
        (media for media in visible_media if (media.picture_id if is_stored else media.pk) == sought), None
    )
    if product_media is None:
        raise PictureRemoved() if is_stored else Missing()
    return product_media


def _find_added_row(product: Product, picture: Picture) -> ProductMedia | RevisionPicture | None:
    """Return the product's row of a picture, or that of its revision."""
    proposed_rows = RevisionPicture.objects.filter(revision__product=product, picture=picture)
    return ProductMedia.objects.filter(product=product, picture=picture).first() or proposed_rows.first()


def _read_next_position(product: Product) -> int:
    """Return the position after the last picture."""
    last = ProductMedia.objects.filter(product=product).order_by("-sort_order", "-pk").first()
    return last.sort_order + 1 if last is not None else 0


def _needs_picture(product: Product) -> bool:
    """Return whether the product is published in a channel that enforces the legal requirements."""
    on_sale = Listing.objects.filter(product=product, state=ListingState.PUBLISHED)
    return (
        not product.cooperative.is_platform_seller
        and on_sale.filter(channel__requires_listing_review=True).exists()
    )
