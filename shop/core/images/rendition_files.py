"""The files of a picture's renditions."""

from __future__ import annotations

from typing import NamedTuple

from shop.core.models import Picture, PictureState


class RenditionFiles(NamedTuple):
    """One rendition of a picture: width, height, and file names."""

    width: str
    height: int
    webp: str
    jpeg: str


Files = tuple[RenditionFiles, ...]  # of one picture, the smallest first


def rendition_files(shown: Picture | None) -> Files:
    """Return a picture's renditions; empty until they are ready."""
    made = shown.renditions if shown and shown.state == PictureState.READY else {}
    return tuple(
        RenditionFiles(width, made[width]["height"], made[width]["webp"], made[width]["jpeg"])
        for width in sorted(made, key=int)
    )
