"""`/thumbnail/<id>/<size>/[<format>/]`: redirect to a picture's rendition.

Clients get such URLs before a picture's renditions exist, and may keep them. The view redirects to a
placeholder until the worker has created the rendition. No request decodes an uploaded file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from catalog.models import Category, Collection, ProductMedia
from cooperatives.models import Cooperative
from shop.api.catalogue.collection_rows import cooperative_from_key
from shop.api.ids import parse_key, split_global_id
from shop.api.images import image_file, nearest_size
from shop.core.models import Picture, PictureState

_PLACEHOLDER = "illustrations/picture-waiting.svg"
_FORMATS = {"": "ORIGINAL", "original": "ORIGINAL", "webp": "WEBP", "avif": "AVIF"}


def _find_product_picture(key: int) -> int | None:
    return (
        ProductMedia.objects.displayable()
        .filter(product=key)
        .order_by("sort_order", "pk")
        .values_list("picture", flat=True)
        .first()
    )


def _find_media_picture(key: int) -> int | None:
    return ProductMedia.objects.filter(pk=key).values_list("picture", flat=True).first()


def _find_category_picture(key: int) -> int | None:
    return Category.objects.filter(pk=key).values_list("picture", flat=True).first()


def _find_collection_picture(key: int) -> int | None:
    cooperative_key = cooperative_from_key(key)
    if cooperative_key is not None:
        return _find_cooperative_picture(cooperative_key)
    return Collection.objects.filter(pk=key).values_list("cover", flat=True).first()


def _find_cooperative_picture(key: int) -> int | None:
    return Cooperative.objects.public().filter(pk=key).values_list("cover", flat=True).first()


_PICTURE_FINDERS: Mapping[str, Callable[[int], int | None]] = {
    "Product": _find_product_picture,
    "ProductMedia": _find_media_picture,
    "ProductImage": _find_media_picture,
    "Category": _find_category_picture,
    "Collection": _find_collection_picture,
    "Cooperative": _find_cooperative_picture,
}


@require_safe
def redirect_to_thumbnail(request: HttpRequest, id_: str, size: str, format_: str = "") -> HttpResponse:
    """Redirect to the picture's file, or a 404 for an unknown id, size or format."""
    picture = _find_picture(id_)
    requested = _FORMATS.get(format_.lower())
    is_size = size.isascii() and size.isdigit() and len(size) < 10 and int(size) > 0
    if picture is None or requested is None or not is_size:
        raise Http404
    if picture.state == PictureState.WAITING:
        response = redirect(static(_PLACEHOLDER))
        response.headers["Cache-Control"] = "no-store"
        return response
    path = image_file(picture.renditions, nearest_size(int(size[:9])), requested)
    if path is None:
        raise Http404
    return redirect(default_storage.url(path))


def _find_picture(id_: str) -> Picture | None:
    try:
        name, key_text = split_global_id(id_)
        find = _PICTURE_FINDERS[name]
        key = find(int(parse_key(name, key_text)))
    except (ValueError, KeyError):
        return None
    return Picture.objects.filter(pk=key).first() if key is not None else None
