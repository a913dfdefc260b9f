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


def rendition_files(source: Picture | None) -> Files:
    """Return a picture's renditions. Until they are ready there are none."""
    renditions = source.renditions if source and source.state == PictureState.READY else {}
    return tuple(
        RenditionFiles(
            width, renditions[width]["height"], renditions[width]["webp"], renditions[width]["jpeg"]
        )
        for width in sorted(renditions, key=int)
    )
