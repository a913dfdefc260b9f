"""Photos that phones send in pieces before the command that uses them.

A phone on a weak network sends a photo piece by piece and continues after the last piece that arrived.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.access import MembershipContext
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.images.image_files import MAX_BYTES, PictureTooHeavy
from shop.core.images.renditions import store_picture
from shop.core.models import KeyReused, Picture
from shop.members.sync.command_types import CommandRun
from shop.members.sync.models import PhonePhoto, PhonePhotoPiece
from shop.members.sync.payloads import InvalidCommand

MAX_PIECE_BYTES = 128 * 1024
MAX_INCOMPLETE_PHOTOS_PER_MEMBER = 100


class TooManyPhotos(Refused):
    code = "too_many_photos"
    default_message = _("Too many photos were begun and not finished. Send those first.")


class PhotoNotSent(Refused):
    """A command uses a photo that has not arrived completely. `details["photos"]` are the keys."""

    code = "photo_not_sent"
    default_message = _("The photos have not all arrived yet. Try again.")


def receive_piece(
    *,
    membership: MembershipContext,
    key: uuid.UUID,
    size: int,
    start: int,
    content: bytes,
    now: datetime.datetime,
) -> PhonePhoto:
    """Store a piece of a photo of `size` bytes, and with the last piece the photo.

    A piece that arrived before, or does not follow the last one, is ignored, and the phone continues at byte
    `received`. If the file is not a picture or too large, all its pieces are deleted. Raises TooManyPhotos,
    KeyReused, PictureTooHeavy, NotAPicture, PictureTooLarge.
    """
    if not 1 <= size <= MAX_BYTES:
        raise PictureTooHeavy(field="picture")
    photo = _store_piece(membership, key, size, start, content, now=now)
    if photo.received == photo.size and photo.picture_id is None:
        _complete(photo)
    return photo


def find_photo(membership: MembershipContext, key: uuid.UUID) -> PhonePhoto:
    """Return the member's photo for this cooperative. Raises Missing."""
    photos = PhonePhoto.objects.filter(user=membership.user, cooperative=membership.cooperative)
    photo = photos.filter(key=key).first()
    if photo is None:
        raise Missing()
    return photo


def find_pictures(run: CommandRun, keys: Sequence[uuid.UUID]) -> list[Picture]:
    """Return the pictures of complete photos, in the order of the keys. Raises PhotoNotSent.

    Any member of a shared phone may have sent a photo that waited on it.
    """
    photos = PhonePhoto.objects.filter(
        user__in=run.author_ids,
        cooperative=run.membership.cooperative,
        key__in=keys,
        picture__isnull=False,
    ).select_related("picture")
    pictures = {photo.key: photo.picture for photo in photos}
    missing = [str(key) for key in keys if key not in pictures]
    if missing:
        raise PhotoNotSent(photos=missing)
    return [picture for key in keys if (picture := pictures[key]) is not None]


def find_photo_of_command(run: CommandRun) -> Picture:
    """Return the picture of the one photo of a command. Raises InvalidCommand, PhotoNotSent."""
    keys = run.payload.keys("photos", max_count=1)
    if not keys:
        raise InvalidCommand(field="photos")
    (picture,) = find_pictures(run, keys)
    return picture


@transaction.atomic(durable=True)
def _store_piece(
    membership: MembershipContext,
    key: uuid.UUID,
    size: int,
    start: int,
    content: bytes,
    *,
    now: datetime.datetime,
) -> PhonePhoto:
    photos = PhonePhoto.objects.filter(user=membership.user)
    if (
        not photos.filter(key=key).exists()
        and photos.incomplete().count() >= MAX_INCOMPLETE_PHOTOS_PER_MEMBER
    ):
        raise TooManyPhotos()
    PhonePhoto.objects.bulk_create(
        [
            PhonePhoto(
                user=membership.user,
                cooperative=membership.cooperative,
                key=key,
                size=size,
                created_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    photo = lock_row(photos.filter(key=key))
    if photo is None or (photo.cooperative_id, photo.size) != (membership.cooperative.pk, size):
        raise KeyReused()
    if content and start == photo.received and start + len(content) <= size:
        PhonePhotoPiece.objects.create(photo=photo, start=start, content=content)
        photo.received += len(content)
        photo.save(update_fields=["received"])
    return photo


def _complete(photo: PhonePhoto) -> None:
    """Join the pieces and store the picture, outside a transaction.

    If another request stored it first, keep that one.
    """
    pieces = PhonePhotoPiece.objects.filter(photo=photo).order_by("start")
    content = b"".join(bytes(piece) for piece in pieces.values_list("content", flat=True))
    try:
        picture = store_picture(ContentFile(content, name="photo.jpg"))
    except Refused:
        photo.delete()
        raise
    if PhonePhoto.objects.filter(pk=photo.pk, picture=None).update(picture=picture):
        pieces.delete()
    else:
        picture.original.delete(save=False)
        picture.delete()
    photo.refresh_from_db()
