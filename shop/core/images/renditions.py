"""Keep uploaded photos in a request; make their sizes in the worker, one at a time for each process."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading

from celery import shared_task
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from shop.core.database.transactions import after_commit
from shop.core.errors import Refused
from shop.core.images.image_files import Renditions, inspect, make_renditions
from shop.core.jobs.sweeps import run_each
from shop.core.models import Picture, PictureState

log = logging.getLogger(__name__)

_AT_ONCE = 5
_decoding = threading.Lock()  # the decoder takes up to half a gigabyte: one for each process of the worker


def keep_picture(upload: File[bytes], *, alt: str = "") -> Picture:
    """Keep an uploaded photo; its sizes are made by a task, a drawing stands in for it until then.

    Check rights and states before calling it: the file is read here for the first time.

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
    """Make the sizes of pictures that wait; a thread that finds the decoder at work does not wait for it."""
    log.debug("picture %s asks for its sizes", picture_id)
    render_waiting()


@shared_task(name="core.sweep_pictures")
def sweep_pictures_task() -> None:
    """Make the sizes of pictures whose task was lost or found the decoder at work."""
    render_waiting()


def render_waiting() -> None:
    """Make the sizes of the oldest pictures that wait; where there were some, a message asks for the next.

    So a worker that is told to stop is done after a few pictures, and other tasks get their turn.
    """
    if not _decoding.acquire(blocking=False):
        return
    try:
        keys = Picture.objects.claimable(timezone.now()).values_list("pk", flat=True)
        rendered = run_each(keys, _render_claimed, sweep="core.sweep_pictures", at_most=_AT_ONCE)
    finally:
        _decoding.release()
    if rendered:
        after_commit(sweep_pictures_task.delay)


def _render_claimed(picture_id: int) -> None:
    """Render a picture unless another process is at it; where that fails, its claim ends by itself."""
    if Picture.objects.claim(picture_id, timezone.now()):
        render(Picture.objects.get(pk=picture_id))


def render(picture: Picture) -> None:
    """Make a picture's sizes and note where they lie; what cannot be decoded is marked as refused."""
    try:
        with picture.original.open("rb") as original:
            made = make_renditions(original)
    except (Refused, FileNotFoundError) as error:
        reason = error.details.get("reason", error.code) if isinstance(error, Refused) else "has no file"
        log.warning("picture %s refused: %s", picture.pk, reason)
        Picture.objects.filter(pk=picture.pk, state=PictureState.WAITING).update(state=PictureState.REFUSED)
        return
    keep_renditions(picture, made)


def keep_renditions(picture: Picture, made: Renditions) -> None:
    """Write a picture's sizes and note where they lie.

    Files have the same names each time, so a run that was cut short leaves nothing behind.
    """
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
