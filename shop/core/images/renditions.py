"""Store uploaded photos in requests, and create their renditions in the worker, one at a time per process."""

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
from shop.core.images.image_files import Renditions, inspect_picture, make_renditions
from shop.core.jobs.sweeps import run_each
from shop.core.models import Picture, PictureState

log = logging.getLogger(__name__)

_BATCH_SIZE = 5
_decoding = threading.Lock()  # the decoder takes up to half a gigabyte, so each worker process runs only one


def store_picture(upload: File[bytes], *, alt: str = "") -> Picture:
    """Store an uploaded photo and queue its renditions. Pages show a placeholder until they exist.

    Check permissions and states first: this reads the whole file. Call it before the transaction that uses
    the picture, because file work must not happen inside one. The original may contain a location, so it is
    never served and its name is random. Raises NotAPicture, PictureTooHeavy, PictureTooLarge. Nothing is
    stored then.
    """
    width, height = inspect_picture(upload)
    digest = _digest(upload)
    picture = Picture(alt=alt, digest=digest, width=width, height=height)
    picture.original.save(f"{secrets.token_hex(16)}.{_file_extension(upload)}", upload, save=False)
    picture.save(force_insert=True)
    after_commit(make_renditions_task.delay, picture_id=picture.pk)
    return picture


@shared_task(name="core.make_renditions")
def make_renditions_task(*, picture_id: int) -> None:
    """Create the renditions of waiting pictures. If this process is already decoding, return at once."""
    log.debug("rendering requested by picture %s", picture_id)
    render_waiting_pictures()


@shared_task(name="core.sweep_pictures")
def sweep_pictures_task() -> None:
    """Create renditions of pictures whose task was lost or skipped."""
    render_waiting_pictures()


def render_waiting_pictures() -> None:
    """Create the renditions of the oldest waiting pictures, and queue the next batch if there were any.

    Small batches let a worker shut down quickly and give other tasks their turn.
    """
    if not _decoding.acquire(blocking=False):
        return
    try:
        keys = Picture.objects.claimable(timezone.now()).values_list("pk", flat=True)
        rendered = run_each(keys, _render_claimed, sweep="core.sweep_pictures", max_count=_BATCH_SIZE)
    finally:
        _decoding.release()
    if rendered:
        after_commit(sweep_pictures_task.delay)


def _render_claimed(picture_id: int) -> None:
    """Render a picture unless another process claimed it. After a failure the claim expires."""
    if Picture.objects.claim(picture_id, timezone.now()):
        render_picture(Picture.objects.get(pk=picture_id))


def render_picture(picture: Picture) -> None:
    """Create a picture's renditions and save their paths.

    A picture that cannot be decoded is marked as refused.
    """
    try:
        with picture.original.open("rb") as original:
            renditions = make_renditions(original)
    except (Refused, FileNotFoundError) as error:
        reason = error.details.get("reason", error.code) if isinstance(error, Refused) else "has no file"
        log.warning("picture %s refused: %s", picture.pk, reason)
        Picture.objects.filter(pk=picture.pk, state=PictureState.WAITING).update(state=PictureState.REFUSED)
        return
    store_renditions(picture, renditions)


def store_renditions(picture: Picture, stored_files: Renditions) -> None:
    """Write a picture's renditions and save their paths.

    File names are the same on each run, so an interrupted run leaves no stray files.
    """
    renditions = {}
    for file in stored_files.files:
        path = f"pictures/{picture.pk}-{picture.digest[:16]}-{file.width}"
        renditions[str(file.width)] = {
            "webp": _write(f"{path}.webp", file.webp),
            "jpeg": _write(f"{path}.jpg", file.jpeg),
            "height": file.height,
        }
    Picture.objects.filter(pk=picture.pk).update(
        state=PictureState.READY, width=stored_files.width, height=stored_files.height, renditions=renditions
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


def _file_extension(upload: File[bytes]) -> str:
    """Return the file's extension if it is a known one. The file's name itself is not stored."""
    ending = (upload.name or "").rpartition(".")[2].lower()
    return ending if ending in ("jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "gif") else "bin"
