"""Wish lists of signed-in users and of guests."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.actions.marketing import wish_list
from catalog.actions.marketing.wish_list import add_to_wish_list
from catalog.models import Listing, WishedProduct
from catalog.states import ListingState
from tests.factories import NOW, PASSWORD, make_channel, make_product, make_user
from tests.markup import html_of

pytestmark = pytest.mark.django_db

WISH_LIST_URL = "/en/yeu-thich/"


def wish_list_page(client: Client) -> str:
    return html_of(client.get(WISH_LIST_URL))


def add_wish(client: Client, product, **fields) -> None:
    assert client.post(WISH_LIST_URL, {"product": product.pk, **fields}).status_code == 302


def test_guest_wish_list_is_kept_in_session_and_merged_at_sign_in(client: Client) -> None:
    pillow, scarf, noodles = (make_product(name=name) for name in ("Gối", "Khăn", "Miến"))
    user = make_user(email="hoa@example.com")
    add_to_wish_list(user_id=user.pk, product_ids=[scarf.pk, noodles.pk], now=NOW)
    for product in (pillow, scarf, pillow):
        add_wish(client, product)
    add_wish(client, scarf, remove="1")
    add_wish(client, scarf)
    assert "Saved" in html_of(client.get(f"/en/san-pham/{pillow.slug}/"))
    assert "Gối" in wish_list_page(client)

    client.post("/en/tai-khoan/dang-nhap/", {"name": "hoa@example.com", "password": PASSWORD})

    assert set(WishedProduct.objects.values_list("user", "product")) == {
        (user.pk, product.pk) for product in (pillow, scarf, noodles)
    }
    assert "wishes" not in client.session
    add_wish(client, pillow, remove="1")
    add_wish(client, pillow, remove="1")
    assert "Gối" not in wish_list_page(client)
    client.force_login(make_user())
    assert "Khăn" not in wish_list_page(client)


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.IN_REVIEW, ListingState.WITHDRAWN])
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_unpublished_product_is_missing(client: Client, state, is_signed_in: bool) -> None:
    """Otherwise guessing ids would reveal the names of products not yet on sale."""
    hidden = make_product(name="Gừng tươi", state=ListingState.DRAFT)
    Listing.objects.filter(product=hidden).update(state=state)
    if is_signed_in:
        client.force_login(make_user())

    for fields in ({}, {"remove": "1"}):
        assert client.post(WISH_LIST_URL, {"product": hidden.pk, **fields}).status_code == 404
        assert client.post(WISH_LIST_URL, {"product": 10**9, **fields}).status_code == 404

    assert "Gừng" not in wish_list_page(client)
    assert not WishedProduct.objects.exists()
    assert "wishes" not in client.session


def test_product_no_longer_on_sale_is_marked_and_can_be_removed(client: Client) -> None:
    product = make_product(name="Gối")
    add_wish(client, product)
    Listing.objects.update(state=ListingState.WITHDRAWN)

    assert "No longer on sale" in wish_list_page(client)

    add_wish(client, product, remove="1")
    assert "No saved items yet" in wish_list_page(client)


def test_invalid_product_is_404_and_full_list_drops_the_oldest(client: Client, monkeypatch) -> None:
    for invalid in ("", "0", "x", "9" * 30, "-1"):
        assert client.post(WISH_LIST_URL, {"product": invalid}).status_code == 404
    monkeypatch.setattr(wish_list, "MAX_WISHES_PER_USER", 2)
    user = make_user()
    products = [make_product() for _ in range(3)]

    for product in products:
        add_to_wish_list(user_id=user.pk, product_ids=[product.pk, 10**9], now=NOW)

    remaining_ids = WishedProduct.objects.order_by("pk").values_list("product", flat=True)
    assert list(remaining_ids) == [product.pk for product in products[1:]]


def test_wish_list_query_count_does_not_grow_with_products(client: Client) -> None:
    make_channel()
    counts = []
    for _product in range(2):
        add_wish(client, make_product())
        with CaptureQueriesContext(connection) as queries:
            wish_list_page(client)
        counts.append(len(queries))

    assert counts[0] == counts[1]
