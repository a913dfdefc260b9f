"""The products that a device has seen lately."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page, expect

from catalog.states import ListingState
from tests.factories import make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db


def slugs(client: Client, keys: object) -> list[str]:
    return re.findall(r'<h3><a href="/san-pham/([\w-]+)/"', html_of(client.get(f"/vua-xem/?sp={keys}")))


def test_listed_products_are_shown_in_the_order_of_their_ids(client: Client) -> None:
    rice, honey = make_product(name="Gạo"), make_product(name="Mật ong")
    draft = make_product(name="Nháp", state=ListingState.DRAFT)

    assert slugs(client, f"{honey.pk},{draft.pk},x,-1,,²,{10**30},{rice.pk},{honey.pk}") == ["mat-ong", "gao"]
    assert client.get(f"/vua-xem/?sp={honey.pk}")["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert not client.session.keys()


@pytest.mark.parametrize("query", ["", "?sp=", "?sp=x", "?sp=999999", "?sp=%00"])
def test_nothing_is_shown_without_any(client: Client, query: str) -> None:
    make_product()

    response = client.get(f"/vua-xem/{query}")

    assert (response.status_code, response.content) == (204, b"")


def test_number_of_queries_is_fixed(client: Client) -> None:
    seller = make_seller()
    products = [make_product(seller, name=f"Gạo {number}") for number in range(8)]
    slugs(client, products[0].pk)

    with CaptureQueriesContext(connection) as one:
        slugs(client, products[0].pk)
    with CaptureQueriesContext(connection) as many_queries:
        shown = slugs(client, ",".join(str(product.pk) for product in products))

    assert len(shown) == 8
    assert len(one) == len(many_queries)


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_phone_remembers_products_and_folds_the_footer(phone: Page) -> None:
    make_product(name="Gạo")
    make_product(name="Mật ong")
    recent = phone.locator("[data-recently-seen]")
    errors: list[str] = []
    phone.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)

    phone.goto("/")
    expect(phone.get_by_role("link", name="Tìm đơn hàng")).not_to_be_visible()
    phone.get_by_role("heading", name="Mua hàng").click()
    expect(phone.get_by_role("link", name="Tìm đơn hàng")).to_be_visible()
    expect(recent).to_be_hidden()
    phone.goto("/san-pham/gao/")
    expect(recent).to_be_hidden()
    phone.goto("/san-pham/mat-ong/")
    expect(recent.get_by_role("heading", level=3)).to_have_text(["Gạo"])
    phone.goto("/")
    expect(recent.get_by_role("heading", level=3)).to_have_text(["Mật ong", "Gạo"])

    phone.set_viewport_size({"width": 1280, "height": 900})
    phone.reload()
    expect(phone.get_by_role("link", name="Tìm đơn hàng")).to_be_visible()
    assert errors == []
