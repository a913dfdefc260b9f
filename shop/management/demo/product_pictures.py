"""Store the demo's drawings as pictures."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.core.files import File

from shop.core.images.image_files import WIDTHS, Renditions, read_renditions
from shop.core.images.picture_decoder import write_renditions
from shop.core.images.renditions import store_picture, store_renditions
from shop.core.models import Picture, PictureState
from shop.management.demo.data_files import HERE

_MASTERS = HERE / "pictures"


def store_pictures(names: Iterable[str], *, has_renditions: bool) -> Mapping[str, Picture]:
    """Return the picture of each drawing by name, stored once.

    If `has_renditions` is true, their renditions are created too, so that the first page is complete.
    Otherwise the worker creates them.
    """
    pictures_by_digest = {
        picture.digest: picture for picture in Picture.objects.exclude(digest="").order_by("-pk")
    }
    pictures = {}
    for name in sorted(set(names)):
        master = _MASTERS / f"{name}.webp"
        picture = pictures_by_digest.get(hashlib.sha256(master.read_bytes()).hexdigest())
        if picture is None:
            with master.open("rb") as file:
                picture = store_picture(File(file, name=master.name))
        pictures[name] = picture
    if has_renditions:
        unmade_pictures = {
            name: picture for name, picture in pictures.items() if picture.state == PictureState.WAITING
        }
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            renditions_made = threads.map(
                _make_renditions, [_MASTERS / f"{name}.webp" for name in unmade_pictures]
            )
            for picture, renditions in zip(unmade_pictures.values(), renditions_made, strict=True):
                store_renditions(picture, renditions)
    return pictures


def _make_renditions(master: Path) -> Renditions:
    """Create a drawing's renditions in this process, because our own files are safe to decode.

    Pillow lets other threads run while it encodes.
    """
    with tempfile.TemporaryDirectory() as folder:
        return read_renditions(Path(folder), write_renditions(master, Path(folder), WIDTHS))
