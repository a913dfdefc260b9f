"""Thumbnail URLs that clients received before the sizes were rendered."""

from __future__ import annotations

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from catalog.models import Category, Collection, ProductMedia
from shop.api.ids import global_id
from shop.core.images.renditions import render_picture, render_waiting_pictures
from shop.core.models import Picture, PictureState
from tests.factories import make_product

pytestmark = pytest.mark.django_db


def make_picture(width=900, height=600):
    """Create a photo whose sizes are not rendered yet."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "green").save(file, "JPEG")
    picture = Picture(digest="0" * 64)
    picture.original.save("a.jpg", ContentFile(file.getvalue()), save=True)
    return picture


def redirect_path(path):
    response = Client().get(path)
    assert response.status_code == 302, response.status_code
    return response["Location"].removeprefix("/media/")


def format_and_width(path):
    with default_storage.open(path) as file, Image.open(file) as image:
        return image.format, image.width


@pytest.mark.parametrize(
    ("path", "format_", "width"),
    [
        ("256/", "JPEG", 320),
        ("256/webp/", "WEBP", 320),
        ("256/WEBP/", "WEBP", 320),
        ("256/avif/", "WEBP", 320),
        ("500/webp/", "WEBP", 640),
        ("4096/webp/", "WEBP", 900),
        ("999999999/webp/", "WEBP", 900),
    ],
)
def test_thumbnail_redirects_to_the_nearest_size(path, format_, width) -> None:
    product = make_product()
    media = ProductMedia.objects.create(product=product, picture=make_picture())
    address = f"/thumbnail/{global_id('ProductMedia', media.pk)}/{path}"
    render_picture(media.picture)

    assert format_and_width(redirect_path(address)) == (format_, width)


def test_placeholder_is_served_until_sizes_are_rendered() -> None:
    """No request decodes an uploaded file."""
    media = ProductMedia.objects.create(product=make_product(), picture=make_picture())

    response = Client().get(f"/thumbnail/{global_id('ProductMedia', media.pk)}/256/")

    assert (response.status_code, response["Cache-Control"]) == (302, "no-store")
    assert "picture-waiting" in response["Location"]
    assert Picture.objects.get().state == PictureState.WAITING


def test_thumbnail_of_each_type_with_a_picture() -> None:
    product = make_product()
    second, first = (
        ProductMedia.objects.create(product=product, picture=make_picture(), sort_order=n) for n in (2, 1)
    )
    category = Category.objects.create(name="Rau", slug="rau", picture=make_picture())
    collection = Collection.objects.create(name="Tết", slug="tet", cover=make_picture())
    render_waiting_pictures()

    def picture_of(name, key):
        return int(
            redirect_path(f"/thumbnail/{global_id(name, key)}/256/")
            .removeprefix("pictures/")
            .partition("-")[0]
        )

    assert picture_of("Product", product.pk) == first.picture_id
    assert picture_of("ProductMedia", second.pk) == picture_of("ProductImage", second.pk) == second.picture_id
    assert picture_of("Category", category.pk) == category.picture_id
    assert picture_of("Collection", collection.pk) == collection.cover_id


@pytest.mark.parametrize(
    "path",
    [
        "abc/256/",
        f"{global_id('ProductMedia', 10**9)}/256/",
        f"{global_id('ProductMedia', 'x')}/256/",
        f"{global_id('Page', 1)}/256/",
        "MEDIA/0/",
        "MEDIA/-1/",
        "MEDIA/large/",
        "MEDIA/256/gif/",
        "MEDIA/256/webp/more/",
    ],
)
def test_unknown_thumbnail_is_not_found(path) -> None:
    media = ProductMedia.objects.create(product=make_product(), picture=make_picture())

    response = Client().get(f"/thumbnail/{path.replace('MEDIA', global_id('ProductMedia', media.pk))}")

    assert response.status_code == 404
    assert Picture.objects.get().state == PictureState.WAITING


def test_file_that_is_no_picture_is_not_found() -> None:
    picture = Picture(digest="0" * 64)
    picture.original.save("a.jpg", ContentFile(b"no picture"), save=True)
    media = ProductMedia.objects.create(product=make_product(), picture=picture)
    render_waiting_pictures()

    assert Client().get(f"/thumbnail/{global_id('ProductMedia', media.pk)}/256/").status_code == 404
