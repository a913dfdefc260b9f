"""Draw the link-preview pictures of products and cooperatives.

A sweep reads the changes since its last run. A picture is redrawn only if its content changed, so price and
stock changes draw nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from celery import shared_task
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models

from catalog.models import Product, ProductMedia
from cooperatives.models import Cooperative
from shop.core.images.share_pictures import draw_share_picture
from shop.core.jobs.sweeps import run_each
from shop.core.models import Change, Picture, PictureState, SharePicture, market_channel, shop_settings

_SEEN_KEY = "share-pictures-seen"  # if the cache is lost, everything is only checked again
_CHANGES_PER_RUN = 2000
_PICTURES_PER_RUN = 100
_REREAD_CHANGES = 200  # changes of an earlier transaction may become visible after later ones
_PHOTO_WIDTH = 640
_DESIGN = "1"  # increment to redraw all pictures as their rows change
_PRODUCT, _COOPERATIVE = Product._meta.label_lower, Cooperative._meta.label_lower
NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The content of a picture."""

    row: models.Model
    name: str
    lines_below: tuple[str, ...]
    photo: Picture | None

    @property
    def kind(self) -> str:
        return self.row._meta.label_lower

    @property
    def is_waiting(self) -> bool:
        return self.photo is not None and self.photo.state == PictureState.WAITING

    def digest(self, market: str) -> str:
        """Return a digest of everything that the picture shows."""
        photo = self.photo if self.photo and self.photo.state == PictureState.READY else None
        parts = [_DESIGN, market, self.name, *self.lines_below, f"{photo.pk} {photo.digest}" if photo else ""]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@shared_task(name="catalog.draw_share_pictures")
def draw_share_pictures_task() -> None:
    """Draw pictures whose rows changed since the last run. One run draws a limited number.

    A picture whose photo is still being processed is drawn without the photo and drawn again later. Such
    pictures take turns.
    """
    last_seen, waiting_pictures = cache.get(_SEEN_KEY, (0, []))
    waiting_pictures = [tuple(waiting_row) for waiting_row in waiting_pictures]
    changed, last_seen = _read_changed_rows(last_seen)
    due_rows = dict.fromkeys([*waiting_pictures[:_PICTURES_PER_RUN], *changed])
    for kind, key in list(due_rows):
        if kind == _COOPERATIVE:
            due_rows |= dict.fromkeys(_find_products_showing(int(key)))
    drawn_pictures: set[tuple[str, str]] = set()

    def draw_one(due_row: tuple[str, str]) -> None:
        if not redraw_share_picture(due_row[0], int(due_row[1])):
            drawn_pictures.add(due_row)

    run_each(due_rows, draw_one, sweep="catalog.draw_share_pictures")
    # The others failed, or their photo is still being processed.
    remaining_rows = dict.fromkeys(
        [
            *waiting_pictures[_PICTURES_PER_RUN:],
            *(due_row for due_row in due_rows if due_row not in drawn_pictures),
        ]
    )
    cache.set(_SEEN_KEY, (last_seen, list(remaining_rows)), timeout=None)


def _read_changed_rows(last_seen: int) -> tuple[list[tuple[str, str]], int]:
    """Return the next changed products and cooperatives, and the id of the last change read.

    Changes re-read in the overlap do not count towards the batch, so each run advances.
    """
    changed: dict[tuple[str, str], None] = {}
    new_count = 0
    changes = Change.objects.filter(pk__gt=max(0, last_seen - _REREAD_CHANGES)).order_by("pk")
    for pk, kind, key in changes.values_list("pk", "root_kind", "root_key")[
        : _CHANGES_PER_RUN + _REREAD_CHANGES
    ]:
        if kind in (_PRODUCT, _COOPERATIVE):
            new_count += pk > last_seen and (kind, key) not in changed
            changed[kind, key] = None
        last_seen = max(last_seen, pk)
        if new_count >= _PICTURES_PER_RUN:
            break
    return list(changed), last_seen


def _find_products_showing(cooperative_id: int) -> list[tuple[str, str]]:
    """Return the cooperative's products whose link previews exist and show its name."""
    pictures = SharePicture.objects.filter(kind=_PRODUCT).values("key")
    products = Product.objects.filter(cooperative=cooperative_id, pk__in=pictures).order_by("pk")
    return [(_PRODUCT, str(key)) for key in products.values_list("pk", flat=True)]


def redraw_share_picture(kind: str, key: int) -> bool:
    """Redraw the picture of a product or cooperative if its content changed.

    Non-public rows lose their picture. Returns whether a photo is still being processed.
    """
    drawing = next(
        _build_product_drawings(key) if kind == _PRODUCT else _build_cooperative_drawings(key), None
    )
    if drawing is None:
        _delete_picture(kind, key)
        return False
    _draw_if_changed(drawing, shop_settings().name)
    return drawing.is_waiting


def _build_product_drawings(key: int) -> Iterator[_Drawing]:
    channel = market_channel()
    if channel is None:
        return
    for product in Product.objects.visible_in(channel.pk).filter(pk=key).select_related("cooperative"):
        media = ProductMedia.objects.displayable().filter(product=product).select_related("picture")
        first = media.order_by("sort_order", "pk").first()
        cooperative = product.cooperative
        lines_below = tuple(line for line in (cooperative.name, _cooperative_address(cooperative)) if line)
        yield _Drawing(product, product.name, lines_below, first.picture if first else None)


def _build_cooperative_drawings(key: int) -> Iterator[_Drawing]:
    for cooperative in Cooperative.objects.public().filter(pk=key).select_related("cover"):
        yield _Drawing(cooperative, cooperative.name, (_cooperative_address(cooperative),), cooperative.cover)


def _cooperative_address(cooperative: Cooperative) -> str:
    """Return commune and province, with line breaks allowed only between them."""
    parts = (cooperative.commune_name, cooperative.province_name)
    return ", ".join(part.replace(" ", NO_BREAK) for part in parts if part)


def _draw_if_changed(drawing: _Drawing, market: str) -> None:
    """Draw the picture if its content changed. The old file is deleted once the row names the new one."""
    fingerprint = drawing.digest(market)
    before = SharePicture.objects.filter(kind=drawing.kind, key=drawing.row.pk).first()
    if before is not None and before.content_digest == fingerprint:
        return
    path = f"share/{drawing.kind}-{drawing.row.pk}-{fingerprint[:16]}.jpg"
    default_storage.delete(path)  # left by an interrupted run
    path = default_storage.save(path, ContentFile(_render_jpeg(drawing, market)))
    SharePicture.objects.update_or_create(
        kind=drawing.kind, key=drawing.row.pk, defaults={"content_digest": fingerprint, "path": path}
    )
    if before is not None:
        default_storage.delete(before.path)


def _delete_picture(kind: str, key: int) -> None:
    for share_picture in SharePicture.objects.filter(kind=kind, key=key):
        share_picture.delete()
        default_storage.delete(share_picture.path)


def _render_jpeg(drawing: _Drawing, market: str) -> bytes:
    photo = drawing.photo
    if photo is None or photo.state != PictureState.READY:
        return draw_share_picture(
            name=drawing.name, lines_below=drawing.lines_below, market=market, photo=None
        )
    widths = sorted(photo.renditions, key=int)
    width = next((width for width in widths if int(width) >= _PHOTO_WIDTH), widths[-1])
    with default_storage.open(photo.renditions[width]["jpeg"]) as file:
        return draw_share_picture(
            name=drawing.name, lines_below=drawing.lines_below, market=market, photo=file
        )
