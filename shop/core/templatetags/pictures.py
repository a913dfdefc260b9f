"""Show pictures in their renditions."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from shop.core.images.image_files import THUMBNAIL_WIDTHS
from shop.core.images.rendition_files import Files, rendition_files
from shop.core.models import Picture

register = template.Library()

# The layout's column widths. Cards take about half a phone and a quarter of a desktop.
_SIZES = {
    "card": "(min-width: 60rem) 18rem, (min-width: 48rem) 30vw, 46vw",
    "cover": "(min-width: 60rem) 48rem, 100vw",
    "thumb": "5rem",
    # Less than the layout's width, because many are in a product's first view, where fewer pixels are not
    # seen.
    "choice": "2rem",
}


# Rendered elements are cached, because a picture's files never change and a list shows two dozen of them.
_CACHE_SIZE = 2_000


@register.simple_tag
def picture(
    source: Picture | Files | None, alt: str = "", size: str = "card", is_lazy: bool = True, css: str = ""
) -> SafeString:
    """Return a `<picture>` with WebP and JPEG sources, or a placeholder until renditions exist.

    `size` is card, cover, thumb or choice. Pass `is_lazy=False` for what is seen first. Use an empty `alt`
    beside a name. On phones a card gets the smallest rendition whatever the screen, so that lists stay light.
    """
    files = source if isinstance(source, tuple) else rendition_files(source)
    thumbnails = tuple(file for file in files if int(file.width) in THUMBNAIL_WIDTHS)
    larger_files = files[len(thumbnails) :]
    candidates = thumbnails or files[:1] if size in ("thumb", "choice") else larger_files or files
    return _render_picture(candidates, str(alt), size, is_lazy, css)


@register.simple_tag
def picture_file(picture: Picture | None) -> str:
    """Return the URL of a picture's largest file, or "" until it exists."""
    files = rendition_files(picture)
    return default_storage.url(files[-1].webp) if files else ""


@lru_cache(_CACHE_SIZE)
def _render_picture(files: Files, alt: str, size: str, is_lazy: bool, css: str) -> SafeString:
    context: dict[str, object] = {"alt": alt, "is_lazy": is_lazy, "css": css, "sizes": _SIZES[size]}
    if files:
        fallback = files[min(1, len(files) - 1)] if size == "cover" else files[0]
        context |= {
            "small": default_storage.url(files[0].webp) if size == "card" and len(files) > 1 else "",
            "webp": ", ".join(f"{default_storage.url(file.webp)} {file.width}w" for file in files),
            "jpeg": ", ".join(f"{default_storage.url(file.jpeg)} {file.width}w" for file in files),
            "source": default_storage.url(fallback.jpeg),
            "width": fallback.width,
            "height": fallback.height,
        }
    return render_to_string("components/picture.html", context)
