"""URLs of pictures.

Once a picture's renditions exist they lead to a file under MEDIA_URL, before to a thumbnail. Clients request
a size in pixels and a format. Renditions exist in the sizes of our own pages. The result is the smallest that
is large enough, or else the largest. AVIF takes ten times the CPU for the same bytes, so WebP is served
instead. `ORIGINAL` means JPEG, because uploaded files are never served.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from django.core.files.storage import default_storage
from django.urls import reverse

from shop.api.context import Context
from shop.api.ids import Key, global_id
from shop.core.models import PictureState

SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096)
DEFAULT_THUMBNAIL_SIZE = 256
FULL_SIZE = 4096
FORMATS = {"ORIGINAL": "jpeg", "WEBP": "webp", "AVIF": "webp"}


@lru_cache
def nearest_size(requested: int) -> int:
    """Return the supported size nearest to the requested one, or the larger of two equally near ones."""
    return min(reversed(SIZES), key=lambda size: abs(size - requested))


def image_file(renditions: Mapping[str, Mapping[str, str]] | None, size: int, format_: str) -> str | None:
    """Return the storage path of the rendition for this size, or None until renditions exist."""
    if not renditions:
        return None
    widths = sorted(int(width) for width in renditions)
    width = next((width for width in widths if width >= size), widths[-1])
    return renditions[str(width)][FORMATS[format_]]


def image_url(
    context: Context,
    type_name: str,
    key: Key,
    state: str,
    renditions: Mapping[str, Mapping[str, str]] | None,
    arguments: Mapping[str, object],
    *,
    size: int = DEFAULT_THUMBNAIL_SIZE,
) -> str:
    """Return the absolute URL of a picture for the arguments `size` and `format`."""
    size_argument = arguments.get("size")
    requested = nearest_size(size_argument) if isinstance(size_argument, int) and size_argument else size
    format_ = str(arguments.get("format") or "ORIGINAL")
    path = image_file(renditions if state == PictureState.READY else None, requested, format_)
    if path is not None:
        return context.absolute(default_storage.url(path))
    path_parts = [
        global_id(type_name, key),
        str(requested),
        *([format_.lower()] if format_ != "ORIGINAL" else []),
    ]
    return context.absolute(f"{_thumbnail_prefix()}{'/'.join(path_parts)}/")


@cache
def _thumbnail_prefix() -> str:
    """Return the URL prefix of thumbnails. Ids consist of letters, digits and `=` and need no quoting."""
    return reverse("thumbnail", args=["id", "size"]).removesuffix("id/size/")
