"""The demo's drawings, taken through the same door as anybody's photo."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from django.core.files import File

from shop.core.models import Picture, PictureState
from shop.core.renditions import keep_picture, render
from shop.management.demo.reading import HERE

_MASTERS = HERE / "pictures"


def hang_pictures(names: Iterable[str], *, made_now: bool) -> Mapping[str, Picture]:
    """The picture of each drawing, by its name; those that are kept already are found again.

    `made_now` makes their sizes at once, so that the first page is whole; else the worker does.
    """
    found = {picture.digest: picture for picture in Picture.objects.exclude(digest="").order_by("-pk")}
    pictures = {}
    for name in sorted(set(names)):
        master = _MASTERS / f"{name}.webp"
        picture = found.get(hashlib.sha256(master.read_bytes()).hexdigest())
        if picture is None:
            with master.open("rb") as file:
                picture = keep_picture(File(file, name=master.name))
        if made_now and picture.state == PictureState.WAITING:
            render(picture)
        pictures[name] = picture
    return pictures
