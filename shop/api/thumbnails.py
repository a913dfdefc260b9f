"""`/thumbnail/<id>/<size>/[<format>/]`: where a picture is asked for before its sizes are made.

Clients are given such an address while a picture is new, and keep it. It leads to the file as soon as the
worker has made it, until then to a drawing: no request decodes what somebody uploaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from catalog.models import Category, Collection, ProductMedia
from cooperatives.models import Cooperative
from shop.api.catalogue.shelves import cooperative_of
from shop.api.ids import parsed_key, parts
from shop.api.images import image_file, nearest_size
from shop.core.models import Picture, PictureState

_WAITING = "illustrations/picture-waiting.svg"
_FORMATS = {"": "ORIGINAL", "original": "ORIGINAL", "webp": "WEBP", "avif": "AVIF"}


def _of_product(key: Any) -> int | None:
    return (
        ProductMedia.objects.shown()
        .filter(product=key)
        .order_by("sort_order", "pk")
        .values_list("picture", flat=True)
        .first()
    )


def _of_media(key: Any) -> int | None:
    return ProductMedia.objects.filter(pk=key).values_list("picture", flat=True).first()


def _of_category(key: Any) -> int | None:
    return Category.objects.filter(pk=key).values_list("picture", flat=True).first()


def _of_collection(key: Any) -> int | None:
    own = cooperative_of(key)
    if own is not None:
        return _of_cooperative(own)
    return Collection.objects.filter(pk=key).values_list("cover", flat=True).first()


def _of_cooperative(key: Any) -> int | None:
    return Cooperative.objects.public().filter(pk=key).values_list("cover", flat=True).first()


_PICTURES: Mapping[str, Callable[[Any], int | None]] = {
    "Product": _of_product,
    "ProductMedia": _of_media,
    "ProductImage": _of_media,
    "Category": _of_category,
    "Collection": _of_collection,
    "Cooperative": _of_cooperative,
}


@require_safe
def thumbnail(request: HttpRequest, id_: str, size: str, format_: str = "") -> HttpResponse:
    """Lead to the picture's file; 404 for what is no id of ours, no size or no format."""
    picture = _picture(id_)
    wanted = _FORMATS.get(format_.lower())
    is_size = size.isascii() and size.isdigit() and len(size) < 10 and int(size) > 0
    if picture is None or wanted is None or not is_size:
        raise Http404
    if picture.state == PictureState.WAITING:
        response = redirect(static(_WAITING))
        response.headers["Cache-Control"] = "no-store"
        return response
    path = image_file(picture.renditions, nearest_size(int(size[:9])), wanted)
    if path is None:
        raise Http404
    return redirect(default_storage.url(path))


def _picture(id_: str) -> Picture | None:
    try:
        name, written = parts(id_)
        find = _PICTURES[name]
        key = find(parsed_key(name, written))
    except (ValueError, KeyError):
        return None
    return Picture.objects.filter(pk=key).first() if key is not None else None
