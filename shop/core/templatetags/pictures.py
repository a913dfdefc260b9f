"""Pictures in the sizes that were made of them."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.files.storage import default_storage

from shop.core.models import Picture, PictureState

register = template.Library()

# The layout's column widths: cards are about half a phone and a quarter of a desk.
_SIZES = {
    "card": "(min-width: 60rem) 18rem, (min-width: 48rem) 30vw, 46vw",
    "cover": "(min-width: 60rem) 48rem, 100vw",
    "thumb": "5rem",
}


@register.inclusion_tag("components/picture.html")
def picture(
    shown: Picture | None, alt: str = "", size: str = "card", lazy: bool = True, css: str = ""
) -> dict[str, Any]:
    """A `<picture>` of WebP with JPEG behind it; a drawing stands in until the sizes are made.

    `size` is card, cover or thumb; `lazy=False` for what is seen first. Empty `alt` beside a name. On a
    phone a card gets the smallest size, however fine the screen: a list of twenty must stay light.
    """
    made = shown.renditions if shown and shown.state == PictureState.READY else {}
    widths = sorted(made, key=int)
    if size == "thumb":
        widths = widths[:1]
    context: dict[str, Any] = {"alt": alt, "lazy": lazy, "css": css, "sizes": _SIZES[size]}
    if not widths:
        return context
    fallback = widths[min(1, len(widths) - 1)] if size == "cover" else widths[0]
    return context | {
        "small": default_storage.url(made[widths[0]]["webp"]) if size == "card" and len(widths) > 1 else "",
        "webp": _set_of(made, widths, "webp"),
        "jpeg": _set_of(made, widths, "jpeg"),
        "source": default_storage.url(made[fallback]["jpeg"]),
        "width": fallback,
        "height": made[fallback]["height"],
    }


def _set_of(made: dict[str, dict[str, Any]], widths: list[str], form: str) -> str:
    return ", ".join(f"{default_storage.url(made[width][form])} {width}w" for width in widths)
