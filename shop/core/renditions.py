"""Keeping a photo, and making its sizes outside of any request."""

from __future__ import annotations

import hashlib
import logging
import secrets

from celery import shared_task
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from shop.core.db import after_commit
from shop.core.errors import Refused
from shop.core.models import Picture, PictureState
from shop.core.pictures import inspect, make_renditions
from shop.core.sweeps import run_each

log = logging.getLogger(__name__)

_SWEPT_AT_ONCE = 50


def keep_picture(upload: File[bytes], *, alt: str = "") -> Picture:
    """Keep an uploaded photo; its sizes are made by a task, a drawing stands in for it until then.

    The original may tell where it was taken: nobody is sent it, and its name follows from no other's.
    Call it before the transaction that uses the picture: files and image work have no place in one.
    Raises NotAPicture, PictureTooHeavy, PictureTooLarge; then nothing was kept.
    """
    width, height = inspect(upload)
    digest = _digest(upload)
    picture = Picture(alt=alt, digest=digest, width=width, height=height)
    picture.original.save(f"{secrets.token_hex(16)}.{_ending(upload)}", upload, save=False)
    picture.save(force_insert=True)
    after_commit(make_renditions_task.delay, picture_id=picture.pk)
    return picture


@shared_task(name="core.make_renditions")
def make_renditions_task(*, picture_id: int) -> None:
    """Make one picture's sizes if they are still missing."""
    picture = Picture.objects.waiting().filter(pk=picture_id).first()
    if picture is not None:
        render(picture)


@shared_task(name="core.sweep_pictures")
def sweep_pictures_task() -> None:
    """Make the sizes of pictures whose task was lost."""
    run_each(
        Picture.objects.waiting().values_list("pk", flat=True),
        lambda picture_id: make_renditions_task(picture_id=picture_id),
        sweep="core.sweep_pictures",
        at_most=_SWEPT_AT_ONCE,
    )


def render(picture: Picture) -> None:
    """Make a picture's sizes and note where they lie; what cannot be read is marked as refused.

    Files have the same names each time, so a run that was cut short leaves nothing behind.
    """
    try:
        with picture.original.open("rb") as original:
            made = make_renditions(original)
    except (Refused, FileNotFoundError) as error:
        log.warning("picture %s cannot be read: %r", picture.pk, error)
        Picture.objects.filter(pk=picture.pk, state=PictureState.WAITING).update(state=PictureState.REFUSED)
        return
    renditions = {}
    for file in made.files:
        path = f"pictures/{picture.pk}-{picture.digest[:16]}-{file.width}"
        renditions[str(file.width)] = {
            "webp": _write(f"{path}.webp", file.webp),
            "jpeg": _write(f"{path}.jpg", file.jpeg),
            "height": file.height,
        }
    Picture.objects.filter(pk=picture.pk).update(
        state=PictureState.READY, width=made.width, height=made.height, renditions=renditions
    )


def _write(path: str, content: bytes) -> str:
    default_storage.delete(path)
    return default_storage.save(path, ContentFile(content))


def _digest(upload: File[bytes]) -> str:
    upload.seek(0)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()


def _ending(upload: File[bytes]) -> str:
    """The ending of the file's name where it is a plain one; the name itself is not kept."""
    ending = (upload.name or "").rpartition(".")[2].lower()
    return ending if ending in ("jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "gif") else "bin"
