"""Pictures change places and go, but goods on sale keep one to be seen by."""

from __future__ import annotations

import pytest

from catalog.actions.products.product_pictures import LastPicture, add_picture, move_picture, remove_picture
from catalog.models import Listing, ProductMedia
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, Picture, PictureState
from tests.factories import NOW, make_channel, make_product, make_seller
from tests.unchanged import refused

pytestmark = pytest.mark.django_db
WHO = {"actor": Actor.system("test"), "now": NOW}


def pictured(count, **fields):
    """A product with pictures that are named by number."""
    product = make_product(**fields)
    for number in range(count):
        picture = Picture.objects.create(original=f"{number}.jpg", state=PictureState.READY)
        add_picture(cooperative=product.cooperative, product_id=product.pk, picture=picture, **WHO)
    return product


def order(product):
    shown = ProductMedia.objects.filter(product=product).order_by("sort_order", "pk")
    return [str(media.picture.original).removesuffix(".jpg") for media in shown]


def nth(product, number):
    return ProductMedia.objects.get(product=product, picture__original=f"{number}.jpg").pk


def place(product, number, to, cooperative=None):
    move_picture(
        cooperative=cooperative or product.cooperative,
        product_id=product.pk,
        media_id=nth(product, number),
        place=to,
        **WHO,
    )


def remove(product, number, cooperative=None):
    remove_picture(
        cooperative=cooperative or product.cooperative,
        product_id=product.pk,
        media_id=nth(product, number),
        **WHO,
    )


@pytest.mark.parametrize(
    ("number", "to", "expected"),
    [(2, 0, "201"), (2, 1, "021"), (0, 1, "102"), (0, 99, "120"), (1, -1, "102"), (1, 1, "012")],
)
def test_picture_is_moved_to_position(number, to, expected) -> None:
    product = pictured(3)

    place(product, number, to)
    place(product, number, to)  # sent twice, it stays there

    assert "".join(order(product)) == expected
    assert Change.objects.filter(action="product.pictures_ordered").count() == (expected != "012")


def test_picture_is_removed_and_new_one_is_appended() -> None:
    product = pictured(3)

    remove(product, 1)
    picture = Picture.objects.create(original="3.jpg")
    add_picture(cooperative=product.cooperative, product_id=product.pk, picture=picture, **WHO)

    assert order(product) == ["0", "2", "3"]
    assert Change.objects.get(action="product.picture_removed").snapshot["sort_order"] == 1
    assert Picture.objects.filter(original="1.jpg").exists()


def test_last_picture_of_published_listing_cannot_be_removed() -> None:
    product = pictured(1)

    with refused(LastPicture, "last_picture"):
        remove(product, 0)


@pytest.mark.parametrize("state", ["draft", "in_review", "paused", "withdrawn"])
def test_last_picture_of_unpublished_listing_can_be_removed(state) -> None:
    product = pictured(1)
    Listing.objects.update(state=state)

    remove(product, 0)

    assert order(product) == []


@pytest.mark.parametrize("is_platform_seller", [False, True])
def test_last_picture_can_be_removed_without_checks_or_from_platform_product(is_platform_seller) -> None:
    channel = make_channel(slug="khac", checks_listings=is_platform_seller)
    product = pictured(
        1, channel=channel, cooperative=make_seller(channel=channel, is_platform_seller=is_platform_seller)
    )

    remove(product, 0)

    assert order(product) == []


def test_pictures_of_other_products_are_missing() -> None:
    product, other = pictured(2), make_seller("HTX Tài Hoan")
    further = make_product(product.cooperative)

    for cooperative, owner in ((other, product), (product.cooperative, further)):
        for act, more in ((move_picture, {"place": 0}), (remove_picture, {})):
            with refused(Missing, "missing"):
                act(cooperative=cooperative, product_id=owner.pk, media_id=nth(product, 1), **more, **WHO)
