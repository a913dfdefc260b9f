"""Only a buyer who proceeds to the checkout reserves stock; prefetching and crawling do not."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import BasketLine, Order, Reservation
from tests.factories import get_stock, make_divisions, make_seller, make_variant
from tests.markup import html_of
from tests.orders.pages.test_checkout_page import checkout_form
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
PAGE, OPENING = "/en/dat-hang/", "/en/dat-hang/giu-hang/"


@pytest.fixture
def variant():
    make_divisions()
    return make_variant(make_seller(), price=120_000, on_hand=5)


@pytest.fixture
def buyer(client: Client, variant) -> Client:
    client.post("/en/gio-hang/dong/", {"variant": variant.pk, "quantity": 2})
    return client


@pytest.mark.parametrize("method", ["get", "head"])
def test_viewing_the_checkout_changes_no_row(buyer: Client, method: str) -> None:
    buyer.get("/en/gio-hang/")
    before = all_rows()

    statuses = [
        getattr(buyer, method)(PAGE, headers=headers).status_code for headers in ({}, {"Purpose": "prefetch"})
    ]

    assert statuses == [200, 200]
    assert all_rows() == before


def test_opening_the_checkout_reserves_stock_and_viewing_does_not_extend_it(
    buyer: Client, variant, monkeypatch
) -> None:
    response = buyer.post(OPENING)
    (held,) = Reservation.objects.all()
    later = timezone.now() + datetime.timedelta(minutes=10)
    monkeypatch.setattr(timezone, "now", lambda: later)

    buyer.get(PAGE)
    buyer.get(PAGE)

    assert (response.status_code, response.headers["Location"]) == (302, PAGE)
    assert get_stock(variant).reserved == 2
    assert Reservation.objects.get().expires_at == held.expires_at


def test_first_submit_reserves_stock_without_opening(buyer: Client, variant) -> None:
    buyer.get(PAGE)

    buyer.post(PAGE, checkout_form(reload="1"))

    assert get_stock(variant).reserved == 2


def test_buyer_can_order_without_opening_the_checkout(buyer: Client, variant) -> None:
    page = html_of(buyer.get(PAGE))
    total = page.partition('name="shown_total" value="')[2].partition('"')[0]

    response = buyer.post(PAGE, checkout_form(shown_total=total))

    assert response.status_code == 302
    assert Order.objects.get().language == "en"
    assert get_stock(variant).allocated == 2


def test_price_increase_is_shown_once(buyer: Client, variant) -> None:
    variant.prices.update(amount=130_000)
    buyer.post(OPENING)

    page = html_of(buyer.get(PAGE)).replace("\u00a0", " ")
    line = BasketLine.objects.get()
    response = buyer.post(PAGE, checkout_form(seen_price=f"{line.pk}:130000"))

    assert "130,000 ₫" in page
    assert f'name="seen_price" value="{line.pk}:130000"' in page
    assert response.status_code == 302
    assert Order.objects.get().lines.get().unit_price == 130_000


@pytest.mark.parametrize(
    "seen_price", ["", "x", "x:1", "1:2:3", "::", "9" * 5_000, f"{'0' * 32}:{'9' * 400}"]
)
def test_malformed_seen_price_agrees_to_nothing(buyer: Client, variant, seen_price: str) -> None:
    variant.prices.update(amount=130_000)

    response = buyer.post(PAGE, checkout_form(seen_price=seen_price))

    assert response.status_code == 200
    assert Order.objects.count() == 0


def test_opening_needs_a_token_and_a_basket(variant) -> None:
    assert Client().post(OPENING).headers["Location"] == "/en/gio-hang/"
    assert Client(enforce_csrf_checks=True).post(OPENING).status_code == 403
    assert Client().get(OPENING).status_code == 405
    assert Reservation.objects.count() == 0
