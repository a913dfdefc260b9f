"""Product pictures: order and removal; a published listing keeps one."""

from __future__ import annotations

import pytest

from catalog.actions.products.product_pictures import (
    LastPictureNeeded,
    add_picture,
    move_picture,
    remove_picture,
)
from catalog.actions.products.save_products import update_product
from catalog.models import Listing, ProductMedia
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, KeyReused, Picture, PictureState
from tests.factories import NOW, make_channel, make_product, make_seller
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
COMMON = {"needs_approval": False, "actor": Actor.system("test"), "now": NOW}


def make_product_with_pictures(count, **fields):
    """Make a product with pictures named by number."""
    product = make_product(**fields)
    for number in range(count):
        picture = Picture.objects.create(original=f"{number}.jpg", state=PictureState.READY)
        add_picture(cooperative=product.cooperative, product_id=product.pk, picture=picture, **COMMON)
    return product


def picture_order(product):
    media_rows = ProductMedia.objects.filter(product=product).order_by("sort_order", "pk")
    return [str(media.picture.original).removesuffix(".jpg") for media in media_rows]


def media_id_of(product, number):
    return ProductMedia.objects.get(product=product, picture__original=f"{number}.jpg").pk


def move(product, number, to, cooperative=None):
    move_picture(
        cooperative=cooperative or product.cooperative,
        product_id=product.pk,
        media_id=media_id_of(product, number),
        position=to,
        **COMMON,
    )


def remove(product, number, cooperative=None):
    remove_picture(
        cooperative=cooperative or product.cooperative,
        product_id=product.pk,
        media_id=media_id_of(product, number),
        **COMMON,
    )


@pytest.mark.parametrize(
    ("number", "to", "expected"),
    [(2, 0, "201"), (2, 1, "021"), (0, 1, "102"), (0, 99, "120"), (1, -1, "102"), (1, 1, "012")],
)
def test_picture_is_moved_to_position(number, to, expected) -> None:
    product = make_product_with_pictures(3)

    move(product, number, to)
    move(product, number, to)  # a repeat changes nothing

    assert "".join(picture_order(product)) == expected
    assert Change.objects.filter(action="product.pictures_reordered").count() == (expected != "012")


def test_picture_is_removed_and_new_one_is_appended() -> None:
    product = make_product_with_pictures(3)

    remove(product, 1)
    picture = Picture.objects.create(original="3.jpg")
    add_picture(cooperative=product.cooperative, product_id=product.pk, picture=picture, **COMMON)

    assert picture_order(product) == ["0", "2", "3"]
    assert Change.objects.get(action="product.picture_removed").snapshot["sort_order"] == 1
    assert Picture.objects.filter(original="1.jpg").exists()


def test_last_picture_of_published_listing_cannot_be_removed() -> None:
    product = make_product_with_pictures(1)

    with assert_refused(LastPictureNeeded, "last_picture_needed"):
        remove(product, 0)


@pytest.mark.parametrize("state", ["draft", "in_review", "paused", "withdrawn"])
def test_last_picture_of_unpublished_listing_can_be_removed(state) -> None:
    product = make_product_with_pictures(1)
    Listing.objects.update(state=state)

    remove(product, 0)

    assert picture_order(product) == []


@pytest.mark.parametrize("is_platform_seller", [False, True])
def test_last_picture_can_be_removed_without_checks_or_from_platform_product(is_platform_seller) -> None:
    channel = make_channel(slug="khac", requires_listing_review=is_platform_seller)
    product = make_product_with_pictures(
        1, channel=channel, cooperative=make_seller(channel=channel, is_platform_seller=is_platform_seller)
    )

    remove(product, 0)

    assert picture_order(product) == []


def test_pictures_of_other_products_are_missing() -> None:
    product, other = make_product_with_pictures(2), make_seller("HTX Tài Hoan")
    another = make_product(product.cooperative)

    for cooperative, owner in ((other, product), (product.cooperative, another)):
        for action, arguments in ((move_picture, {"position": 0}), (remove_picture, {})):
            with assert_refused(Missing, "missing"):
                action(
                    cooperative=cooperative,
                    product_id=owner.pk,
                    media_id=media_id_of(product, 1),
                    **arguments,
                    **COMMON,
                )


def test_key_adds_one_picture_and_belongs_to_its_product() -> None:
    seller = make_seller()
    product, other = make_product(seller), make_product(seller, name="Khăn thổ cẩm")
    picture = Picture.objects.create(original="a.jpg", state=PictureState.READY)
    added = {"cooperative": seller, "picture": picture, "idempotency_key": "phone:1", **COMMON}

    first = add_picture(product_id=product.pk, **added)
    again = add_picture(product_id=product.pk, **added)

    assert again == first
    with assert_refused(KeyReused, "key_reused"):
        add_picture(product_id=other.pk, **added)
    with assert_refused(KeyReused, "key_reused"):
        update_product(
            product_id=product.pk,
            values={"season": 1},
            idempotency_key="phone:1",
            actor=COMMON["actor"],
            now=NOW,
        )
    assert ProductMedia.objects.get() == first
