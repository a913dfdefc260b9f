"""Members describe, reorder and remove product photos."""

from __future__ import annotations

import pytest

from catalog.models import Listing, ProductMedia, RevisionPicture
from catalog.states import ListingState
from shop.core.models import Picture, PictureState
from tests.factories import make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def media_rows(seller):
    """Return two photos of a published product."""
    product = make_product(seller)
    return [
        ProductMedia.objects.create(
            product=product,
            picture=Picture.objects.create(original=f"{number}.jpg", state=PictureState.READY),
            sort_order=number,
        )
        for number in range(2)
    ]


def address(media, suffix):
    return f"/xa-vien/hang/{media.product.listings.get().pk}/anh/{media.pk}/{suffix}/"


def media_order():
    """Return the order that waits for review, or else the order on sale."""
    proposed = RevisionPicture.objects.order_by("sort_order", "pk").values_list("media", flat=True)
    return list(proposed) or list(
        ProductMedia.objects.order_by("sort_order", "pk").values_list("pk", flat=True)
    )


def test_second_photo_is_moved_to_first_place(lister, media_rows) -> None:
    first, second = media_rows
    page = html_of(lister.get(f"/xa-vien/hang/{first.product.listings.get().pk}/"))

    response = lister.post(address(second, "cho"), {"place": "0"})

    assert address(second, "cho") in page
    assert response.status_code == 302
    assert media_order() == [second.pk, first.pk]


@pytest.mark.parametrize("place", ["", "x", "-1", "²"])
def test_invalid_position_means_the_first(lister, media_rows, place) -> None:
    first, second = media_rows

    lister.post(address(second, "cho"), {"place": place})

    assert media_order() == [second.pk, first.pk]


def test_photo_is_removed_but_not_the_last_one(lister, media_rows) -> None:
    first, second = media_rows

    lister.post(address(first, "bo"))
    response = lister.post(address(second, "bo"), follow=True)

    assert media_order() == [second.pk]
    assert "Sản phẩm đang bán phải có ảnh." in html_of(response)


def test_photo_is_described(lister, seller) -> None:
    media = ProductMedia.objects.create(
        product=make_product(seller, state=ListingState.DRAFT),
        picture=Picture.objects.create(original="1.jpg", state=PictureState.READY),
    )

    page = html_of(lister.get(f"/xa-vien/hang/{media.product.listings.get().pk}/"))
    saved = lister.post(address(media, "mo-ta"), {"caption": " Lá gối phơi khô "}, follow=True)
    lister.post(address(media, "mo-ta"), {"caption": "x" * 251})

    media.refresh_from_db()
    assert f'action="{address(media, "mo-ta")}"' in page
    assert media.alt == "Lá gối phơi khô"
    assert "Đã lưu mô tả." in html_of(saved)
    assert 'value="Lá gối phơi khô"' in html_of(saved)


@pytest.mark.parametrize("suffix", ["cho", "bo", "mo-ta"])
def test_foreign_photos_are_not_found(lister, seller, suffix) -> None:
    foreign = ProductMedia.objects.create(
        product=make_product(make_seller("HTX khác")), picture=Picture.objects.create(original="x.jpg")
    )
    listing = make_product(seller).listings.get()

    assert lister.post(address(foreign, suffix)).status_code == 404
    assert lister.post(f"/xa-vien/hang/{listing.pk}/anh/{foreign.pk}/{suffix}/").status_code == 404
    assert media_order() == [foreign.pk]


@pytest.mark.parametrize("suffix", ["cho", "bo", "mo-ta"])
def test_packer_cannot_change_photos(packer, media_rows, suffix) -> None:
    assert packer.post(address(media_rows[1], suffix), {"place": "0"}).status_code == 403
    assert media_order() == [media.pk for media in media_rows]


def test_withdrawn_listing_becomes_a_draft_again(lister, seller) -> None:
    listing = make_product(seller).listings.get()
    lister.post(f"/xa-vien/hang/{listing.pk}/rut/")
    page = html_of(lister.get(f"/xa-vien/hang/{listing.pk}/"))

    lister.post(f"/xa-vien/hang/{listing.pk}/mo-lai/")

    assert f"/xa-vien/hang/{listing.pk}/mo-lai/" in page
    assert Listing.objects.get(pk=listing.pk).state == "draft"
