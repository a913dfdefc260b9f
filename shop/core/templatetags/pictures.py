"""Pictures in the sizes that were made of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from django import template
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from shop.core.models import Picture, PictureState

register = template.Library()

# The layout's column widths: cards are about half a phone and a quarter of a desk.
_SIZES = {
    "card": "(min-width: 60rem) 18rem, (min-width: 48rem) 30vw, 46vw",
    "cover": "(min-width: 60rem) 48rem, 100vw",
    "thumb": "5rem",
}


# What was drawn before is drawn alike: a picture's files never change, and a list shows two dozen of them.
_KEPT = 2_000


class Made(NamedTuple):
    """One width of a picture: the names of its files, and its height."""

    width: str
    height: int
    webp: str
    jpeg: str


Files = tuple[Made, ...]  # of one picture, the smallest first


def files_of(shown: Picture | None) -> Files:
    """What was made of a picture; nothing while it is not ready."""
    made = shown.renditions if shown and shown.state == PictureState.READY else {}
    return tuple(
        Made(width, made[width]["height"], made[width]["webp"], made[width]["jpeg"])
        for width in sorted(made, key=int)
    )


@register.simple_tag
def picture(
    shown: Picture | Files | None, alt: str = "", size: str = "card", lazy: bool = True, css: str = ""
) -> SafeString:
    """A `<picture>` of WebP with JPEG behind it; a drawing stands in until the sizes are made.

    `size` is card, cover or thumb; `lazy=False` for what is seen first. Empty `alt` beside a name. On a
    phone a card gets the smallest size, however fine the screen: a list of twenty must stay light.
    """
    files = shown if isinstance(shown, tuple) else files_of(shown)
    return _drawn(files[:1] if size == "thumb" else files, str(alt), size, lazy, css)


@lru_cache(_KEPT)
def _drawn(made: Files, alt: str, size: str, lazy: bool, css: str) -> SafeString:
    context: dict[str, Any] = {"alt": alt, "lazy": lazy, "css": css, "sizes": _SIZES[size]}
    if made:
        fallback = made[min(1, len(made) - 1)] if size == "cover" else made[0]
        context |= {
            "small": default_storage.url(made[0].webp) if size == "card" and len(made) > 1 else "",
            "webp": ", ".join(f"{default_storage.url(each.webp)} {each.width}w" for each in made),
            "jpeg": ", ".join(f"{default_storage.url(each.jpeg)} {each.width}w" for each in made),
            "source": default_storage.url(fallback.jpeg),
            "width": fallback.width,
            "height": fallback.height,
        }
    return render_to_string("components/picture.html", context)
