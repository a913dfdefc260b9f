"""Drawing what chats show beside a link to goods or to a cooperative, once for what stands in it.

A sweep reads the changes that were written since the last one. What they changed is drawn anew only if it
stands in the picture, so that a price or the stock draws nothing.
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
from shop.core.images.share_pictures import draw
from shop.core.jobs.sweeps import run_each
from shop.core.models import Change, Picture, PictureState, SharePicture, market_channel, shop_settings

_SEEN_KEY = "share-pictures-seen"  # lost with the cache, and then everything is only looked at again
_CHANGES_AT_ONCE = 2000
_LOOKED_AT_AT_ONCE = 100
_LATE = 200  # changes of a transaction that began earlier may show after later ones
_PHOTO_WIDTH = 640
_DESIGN = "1"  # another one draws everything anew, as things change
_PRODUCT, _COOPERATIVE = Product._meta.label_lower, Cooperative._meta.label_lower
NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What stands in a picture."""

    row: models.Model
    name: str
    below: tuple[str, ...]
    photo: Picture | None

    @property
    def kind(self) -> str:
        return self.row._meta.label_lower

    @property
    def is_waiting(self) -> bool:
        return self.photo is not None and self.photo.state == PictureState.WAITING

    def mark(self, market: str) -> str:
        """What differs as soon as the picture would."""
        photo = self.photo if self.photo and self.photo.state == PictureState.READY else None
        told = [_DESIGN, market, self.name, *self.below, f"{photo.pk} {photo.digest}" if photo else ""]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


@shared_task(name="catalog.draw_share_pictures")
def draw_share_pictures_task() -> None:
    """Draw what has changed since the last time; what is too much for once is left for the next.

    What waits for its photo is drawn without one, and looked at again.
    """
    seen, again = cache.get(_SEEN_KEY, (0, []))
    due = dict.fromkeys(tuple(each) for each in again)
    changes = Change.objects.filter(pk__gt=max(0, seen - _LATE)).order_by("pk")
    rows = changes.values_list("pk", "root_kind", "root_key")[: _CHANGES_AT_ONCE + _LATE]
    for pk, kind, key in rows:
        if kind in (_PRODUCT, _COOPERATIVE):
            due[kind, key] = None
            if len(due) >= _LOOKED_AT_AT_ONCE:
                seen = max(seen, pk)
                break
        seen = max(seen, pk)
    drawn: list[tuple[str, str]] = []

    def draw_one(each: tuple[str, str]) -> None:
        if not draw_share_pictures(each[0], int(each[1])):
            drawn.append(each)

    run_each(due, draw_one, sweep="catalog.draw_share_pictures")
    waiting = [each for each in due if each not in drawn]  # for their photo, or because they failed
    cache.set(_SEEN_KEY, (seen, waiting), timeout=None)


def draw_share_pictures(kind: str, key: int) -> bool:
    """Draw the picture of goods or of a cooperative if something else stands in it now.

    With a cooperative go its goods that have one: its name stands in them. What nobody may see has none.
    Answers whether a photo is still being made.
    """
    market = shop_settings().name
    if kind == _PRODUCT:
        drawings = list(_of_products(Product.objects.filter(pk=key)))
    else:
        pictures = SharePicture.objects.filter(kind=_PRODUCT).values("key")
        goods = Product.objects.filter(cooperative=key, pk__in=pictures)
        drawings = [*_of_cooperative(key), *_of_products(goods)]
    for drawing in drawings:
        _draw(drawing, market)
    if (kind, key) not in {(drawing.kind, drawing.row.pk) for drawing in drawings}:
        _forget(kind, key)
    return any(drawing.is_waiting for drawing in drawings)


def _of_products(products: models.QuerySet[Product]) -> Iterator[_Drawing]:
    channel = market_channel()
    if channel is None:
        return
    visible = Product.objects.visible_in(channel.pk).filter(pk__in=products).select_related("cooperative")
    for product in visible.order_by("pk"):
        media = ProductMedia.objects.shown().filter(product=product).select_related("picture")
        first = media.order_by("sort_order", "pk").first()
        cooperative = product.cooperative
        below = tuple(line for line in (cooperative.name, _place(cooperative)) if line)
        yield _Drawing(product, product.name, below, first.picture if first else None)


def _of_cooperative(key: int) -> Iterator[_Drawing]:
    for cooperative in Cooperative.objects.public().filter(pk=key).select_related("cover"):
        yield _Drawing(cooperative, cooperative.name, (_place(cooperative),), cooperative.cover)


def _place(cooperative: Cooperative) -> str:
    """Commune and province, broken over lines between them only."""
    parts = (cooperative.commune_name, cooperative.province_name)
    return ", ".join(part.replace(" ", NO_BREAK) for part in parts if part)


def _draw(drawing: _Drawing, market: str) -> None:
    """Draw it unless the same was drawn before; the old file is taken away once the row names the new one."""
    mark = drawing.mark(market)
    before = SharePicture.objects.filter(kind=drawing.kind, key=drawing.row.pk).first()
    if before is not None and before.mark == mark:
        return
    path = f"share/{drawing.kind}-{drawing.row.pk}-{mark[:16]}.jpg"
    default_storage.delete(path)  # of a run that was cut short
    path = default_storage.save(path, ContentFile(_drawn(drawing, market)))
    SharePicture.objects.update_or_create(
        kind=drawing.kind, key=drawing.row.pk, defaults={"mark": mark, "path": path}
    )
    if before is not None:
        default_storage.delete(before.path)


def _forget(kind: str, key: int) -> None:
    for old in SharePicture.objects.filter(kind=kind, key=key):
        old.delete()
        default_storage.delete(old.path)


def _drawn(drawing: _Drawing, market: str) -> bytes:
    photo = drawing.photo
    if photo is None or photo.state != PictureState.READY:
        return draw(name=drawing.name, below=drawing.below, market=market, photo=None)
    widths = sorted(photo.renditions, key=int)
    width = next((width for width in widths if int(width) >= _PHOTO_WIDTH), widths[-1])
    with default_storage.open(photo.renditions[width]["jpeg"]) as file:
        return draw(name=drawing.name, below=drawing.below, market=market, photo=file)
