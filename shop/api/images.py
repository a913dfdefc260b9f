"""Addresses of pictures: a file under the media address as soon as its sizes are made.

Clients name a size in pixels and a format. The sizes that exist are those that our own pages show; the answer
is the smallest that is large enough, else the largest. AVIF costs ten times the work for the same bytes:
WebP stands in for it, and JPEG is what `ORIGINAL` means, as what was uploaded is shown to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse

from shop.api.context import Context
from shop.api.ids import global_id
from shop.core.models import PictureState

SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
LIST_SIZE = 256  # of a thumbnail where none is asked for
FULL_SIZE = 4096
FORMATS = {"ORIGINAL": "jpeg", "WEBP": "webp", "AVIF": "webp"}


def nearest_size(wanted: int) -> int:
    """The size on offer that is nearest to the one asked for; of two equally near ones the larger."""
    return min(reversed(SIZES), key=lambda size: abs(size - wanted))


def image_file(renditions: Mapping[str, Any] | None, size: int, format_: str) -> str | None:
    """Where in the storage the picture lies in this size; None while its sizes are not made."""
    if not renditions:
        return None
    widths = sorted(int(width) for width in renditions)
    width = next((each for each in widths if each >= size), widths[-1])
    path: str = renditions[str(width)][FORMATS[format_]]
    return path


def image_url(
    context: Context,
    type_name: str,
    key: Any,
    state: str,
    renditions: Mapping[str, Any] | None,
    arguments: Mapping[str, Any],
    *,
    size: int = LIST_SIZE,
) -> str:
    """The whole address of a picture as `size` and `format` ask for it."""
    wanted = nearest_size(arguments["size"]) if arguments.get("size") else size
    format_ = arguments.get("format") or "ORIGINAL"
    path = image_file(renditions if state == PictureState.READY else None, wanted, format_)
    if path is not None:
        return context.absolute(default_storage.url(path))
    named = [global_id(type_name, key), str(wanted), *([format_.lower()] if format_ != "ORIGINAL" else [])]
    return context.absolute(f"{_thumbnails()}{'/'.join(named)}/")


@cache
def _thumbnails() -> str:
    """Where pictures are asked for before their sizes are made; ids are of letters, digits and `=`."""
    return reverse("thumbnail", args=["id", "size"]).removesuffix("id/size/")
