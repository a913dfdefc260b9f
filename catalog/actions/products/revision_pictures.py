"""Propose changes to an approved product's pictures. The caller holds the product's lock."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_revisions import open_revision, save_revision
from catalog.models import Product, ProductMedia, ProductRevision, RevisionPicture
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import Picture, PictureState


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """The key of a picture that stays the same when the platform approves it."""

    picture_id: int


# A picture of the product, or one of its revision, or either of them.
PictureKey = int | uuid.UUID | StoredPicture


class LastPictureNeeded(Refused):
    code = "last_picture_needed"
    default_message = _("A product on sale needs a photo. Add another one first.")


class PictureRemoved(Refused):
    """A `StoredPicture` that the product does not have, because somebody else removed it."""

    code = "picture_removed"
    default_message = _("This photo was removed meanwhile.")


def propose_picture(
    product: Product,
    picture: Picture,
    alt: str,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> RevisionPicture:
    """In a transaction: append a picture to the product's revision."""
    revision, rows = _load_revision_pictures(product, now)
    revision_picture = RevisionPicture(picture=picture, alt=alt)
    _save_order(revision, [*rows, revision_picture], idempotency_key=idempotency_key, actor=actor, now=now)
    return revision_picture


def propose_picture_order(
    product: Product,
    key: PictureKey,
    position: int,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: move a picture in the product's revision. Raises Missing, PictureRemoved."""
    revision, rows = _load_revision_pictures(product, now)
    moved = _find_picture(rows, key)
    reordered = [row for row in rows if row is not moved]
    reordered.insert(max(0, position), moved)
    if reordered != rows:
        _save_order(revision, reordered, idempotency_key=idempotency_key, actor=actor, now=now)


def propose_picture_text(
    product: Product, key: PictureKey, alt: str, *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: change a picture's alternative text in the product's revision. Raises Missing."""
    revision, rows = _load_revision_pictures(product, now)
    described = _find_picture(rows, key)
    if described.alt != alt:
        described.alt = alt
        _save_order(revision, rows, actor=actor, now=now)


def propose_picture_removal(
    product: Product,
    key: PictureKey,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: remove a picture in the product's revision.

    Raises Missing, PictureRemoved, LastPictureNeeded.
    """
    revision, rows = _load_revision_pictures(product, now)
    removed_row = _find_picture(rows, key)
    remaining = [row for row in rows if row is not removed_row]
    if not any(row.picture.state == PictureState.READY for row in remaining):
        raise LastPictureNeeded()
    if revision.has_pictures:
        removed_row.delete()
    _save_order(revision, remaining, idempotency_key=idempotency_key, actor=actor, now=now)


def _load_revision_pictures(
    product: Product, now: datetime.datetime
) -> tuple[ProductRevision, list[RevisionPicture]]:
    """Return the revision and its pictures, at first those of the product, not saved yet."""
    revision = open_revision(product, now)
    if revision.has_pictures:
        rows = revision.picture_rows.select_related("picture").order_by("sort_order", "pk")
        return revision, list(rows)
    media = ProductMedia.objects.filter(product=product).select_related("picture")
    return revision, [
        RevisionPicture(media=medium, picture=medium.picture, alt=medium.alt)
        for medium in media.order_by("sort_order", "pk")
    ]


def _save_order(
    revision: ProductRevision,
    revision_pictures: list[RevisionPicture],
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Save the pictures in this order. If they are the product's own, with their texts, none is saved."""
    media = ProductMedia.objects.filter(product=revision.product).order_by("sort_order", "pk")
    revision.has_pictures = [(row.media_id, row.alt) for row in revision_pictures] != list(
        media.values_list("pk", "alt")
    )
    if not revision.has_pictures and revision.pk is not None:
        revision.picture_rows.all().delete()
    save_revision(revision, idempotency_key=idempotency_key, actor=actor, now=now)
    if revision.has_pictures:
        for position, row in enumerate(revision_pictures):
            row.revision, row.sort_order = revision, position
            row.save()


def _find_picture(revision_pictures: list[RevisionPicture], key: PictureKey) -> RevisionPicture:
    """Return the picture with this key, which is its own or that of the product's picture.

    Raises Missing, PictureRemoved.
    """
    for revision_picture in revision_pictures:
        if isinstance(key, StoredPicture):
            is_found = key.picture_id == revision_picture.picture_id
        else:
            is_found = key == (revision_picture.media_id if isinstance(key, int) else revision_picture.pk)
        if is_found:
            return revision_picture
    raise PictureRemoved() if isinstance(key, StoredPicture) else Missing()
