"""Voucher codes on the basket and checkout pages."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Price
from orders.models import Basket, CostBearer, Discount, Order, Voucher, VoucherUse
from tests.factories import (
    HANOI,
    NOW,
    make_delivery_method,
    make_divisions,
    make_seller,
    make_variant,
    make_voucher,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db
CONTACT_FORM = {
    "name": "Nguyễn Thị Hoa",
    "phone": "0987654321",
    "province": HANOI,
    "commune": "00166",
    "street": "Số 5",
    "consent": "on",
}


@pytest.fixture(autouse=True)
def _places() -> None:
    make_divisions()


@pytest.fixture
def client() -> Client:
    return Client()


def basket_with(client, *variants):
    for variant in variants:
        client.post("/en/gio-hang/dong/", {"variant": variant.pk, "quantity": 1})
    client.post("/en/gio-hang/noi-nhan/", {"province": HANOI})
    return Basket.objects.get()


def text_of(response):
    assert response.status_code == 200
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", html_of(response)))


def order_form(basket, **extra):
    delivery_method = basket.lines.get().variant.cooperative.delivery_methods.get()
    return {
        **CONTACT_FORM,
        "basket": basket.pk,
        f"delivery-{delivery_method.cooperative_id}": delivery_method.pk,
        **extra,
    }


def test_code_can_be_applied_and_removed_without_scripts(client) -> None:
    make_voucher()
    basket_with(client, make_variant(price=320_000))

    response = client.post("/en/gio-hang/ma-uu-dai/", {"code": " chao10 "}, follow=True)
    page = text_of(response)
    page_without_code = text_of(client.post("/en/gio-hang/ma-uu-dai/", {"remove": "1"}, follow=True))

    assert response.redirect_chain == [("/en/gio-hang/", 302)]
    subtraction = "Subtotal 320,000\u00a0₫ Discount −32,000\u00a0₫ Delivery 30,000\u00a0₫"
    rows = "Subtotal 320,000\u00a0₫ Chào khách mới CHAO10 (the market) −32,000\u00a0₫ Delivery 30,000\u00a0₫"
    for message in (subtraction, f"{rows} Total 318,000\u00a0₫"):
        assert message in page
    assert "CHAO10" not in page_without_code
    assert Basket.objects.get().voucher_code == ""


def test_basket_names_cooperative_that_gives_voucher(client) -> None:
    seller = make_seller("HTX Thiên An")
    make_voucher(cooperative=seller, bearer=CostBearer.COOPERATIVE)
    basket_with(client, make_variant(seller))

    page = text_of(client.post("/en/gio-hang/ma-uu-dai/", {"code": "CHAO10"}, follow=True))

    assert "Chào khách mới CHAO10 ( HTX Thiên An ) −32,000\u00a0₫" in page


def test_refused_code_is_shown_with_reason_in_htmx_fragment(client) -> None:
    make_voucher(minimum=400_000)
    basket_with(client, make_variant(price=320_000))

    response = client.post("/en/gio-hang/ma-uu-dai/", {"code": "CHAO10"}, headers={"HX-Request": "true"})

    page = html_of(response)
    assert (
        "This code needs an order of 400,000\u00a0₫; your basket has 320,000\u00a0₫. "
        "Spend 80,000\u00a0₫ more."
    ) in page
    assert 'value="CHAO10"' in page
    assert "<html" not in page
    assert Basket.objects.get().voucher_code == ""


def test_refused_code_and_its_reason_stay_while_the_buyer_changes_the_province(client) -> None:
    voucher = make_voucher(minimum=400_000)
    basket = basket_with(client, make_variant(price=320_000))
    reason = "This code needs an order of 400,000\u00a0₫"
    client.post("/en/gio-hang/ma-uu-dai/", {"code": "CHAO10"})
    province = {"province": HANOI}

    pages = [
        client.post("/en/gio-hang/noi-nhan/", province, headers={"HX-Request": "true"}),
        client.post("/en/gio-hang/noi-nhan/", province, follow=True),
        client.get("/en/dat-hang/"),
        client.post("/en/dat-hang/", order_form(basket, code="CHAO10", reload="1") | {"code-seen": "CHAO10"}),
    ]
    cleared = client.post("/en/dat-hang/", order_form(basket, code="", reload="1"))
    voucher.values.update(minimum_spent=300_000)
    accepted = client.get("/en/gio-hang/")

    for page in map(html_of, pages):
        assert 'value="CHAO10"' in page
        assert reason in page
    assert 'value="CHAO10"' not in html_of(cleared)
    for page in (html_of(cleared), html_of(accepted)):
        assert reason not in page
    assert 'value="CHAO10"' in html_of(accepted)


def test_code_entered_at_checkout_is_applied_before_ordering(client) -> None:
    make_voucher()
    basket = basket_with(client, make_variant(price=320_000))
    client.get("/en/dat-hang/")

    preview = client.post("/en/dat-hang/", order_form(basket, code="chao10", shown_total="350000"))
    placed = client.post("/en/dat-hang/", order_form(basket, shown_total="318000"), follow=True)

    assert 'value="318000"' in html_of(preview)
    assert 'value="Nguyễn Thị Hoa"' in html_of(preview)
    order = Order.objects.get()
    assert (order.total_gross, order.voucher_code) == (318_000, "CHAO10")
    page = text_of(placed)
    goods = "Subtotal 320,000\u00a0₫ Chào khách mới CHAO10 (the market) −32,000\u00a0₫"
    assert f"{goods} Delivery 30,000\u00a0₫ Total 318,000\u00a0₫" in page


def test_refused_code_that_was_shown_does_not_block_order(client) -> None:
    basket = basket_with(client, make_variant(price=320_000))
    client.get("/en/dat-hang/")

    first = client.post("/en/dat-hang/", order_form(basket, code="GIAM99", shown_total="350000"))
    was_reported = "This code does not exist" in text_of(first)
    confirmed_form = order_form(basket, code="GIAM99", shown_total="350000") | {"code-seen": "GIAM99"}
    client.post("/en/dat-hang/", confirmed_form)

    assert was_reported
    assert Order.objects.get().voucher_code == ""


def test_code_that_ended_meanwhile_must_be_confirmed(client) -> None:
    make_voucher()
    basket = basket_with(client, make_variant(price=320_000))
    client.post("/en/gio-hang/ma-uu-dai/", {"code": "CHAO10"})
    client.get("/en/dat-hang/")
    Voucher.objects.update(ends_at=NOW)

    response = client.post("/en/dat-hang/", order_form(basket, shown_total="318000"))
    orders_before = Order.objects.count()
    client.post("/en/dat-hang/", order_form(basket, shown_total="350000"))

    page = text_of(response)
    assert "This code expired on 24 Nov 2026." in page
    assert "The total is now 350,000\u00a0₫ instead of 318,000\u00a0₫." in page
    assert orders_before == 0
    assert (Order.objects.get().total_gross, Discount.objects.count()) == (350_000, 0)


def test_used_code_is_refused_once_guest_enters_phone_number(client) -> None:
    make_voucher(apply_once_per_customer=True)
    variant = make_variant(price=320_000, on_hand=9)
    for each_client in (client, Client()):
        Basket.objects.all().delete()
        basket = basket_with(each_client, variant)
        each_client.post("/en/gio-hang/ma-uu-dai/", {"code": "CHAO10"})
        each_client.get("/en/dat-hang/")
        response = each_client.post("/en/dat-hang/", order_form(basket, shown_total="318000"))

    page = text_of(response)
    assert "Each buyer can use this code once. Orders with the same phone number" in page
    assert 'name="shown_total" value="350000"' in html_of(response)
    assert (Order.objects.count(), VoucherUse.objects.count()) == (1, 1)


def test_code_without_own_basket_is_missing(client) -> None:
    make_voucher()
    basket_with(client, make_variant())

    assert Client().post("/en/gio-hang/ma-uu-dai/", {"code": "CHAO10"}).status_code == 404


def test_query_count_with_code_does_not_depend_on_lines(client) -> None:
    make_voucher(usage_limit=5, apply_once_per_customer=True)
    seller = make_seller()
    basket_with(client, make_variant(seller))
    client.post("/en/gio-hang/ma-uu-dai/", {"code": "CHAO10"})
    client.get("/en/gio-hang/")

    counts = []
    for _more in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert "CHAO10" in text_of(client.get("/en/gio-hang/"))
        counts.append(len(queries))
        for _variant in range(4):
            client.post("/en/gio-hang/dong/", {"variant": make_variant(seller).pk, "quantity": 1})

    assert counts[0] == counts[1]


def test_list_product_and_basket_pages_show_reduced_and_list_price(client) -> None:
    variant = make_variant(price=320_000)
    Price.objects.filter(variant=variant).update(discounted=300_000)
    make_delivery_method(
        variant.cooperative, variant.cooperative.warehouses.get().channels.get(), name="Xe khách"
    )
    basket_with(client, variant)

    for address in ("/en/san-pham/", f"/en/san-pham/{variant.product.slug}/", "/en/gio-hang/"):
        page = html_of(client.get(address))
        assert re.search(r"<s[^>]*>\s*<span[^>]*>\s*Before:\s*</span>(<span[^>]*>)?320,000", page), address
        assert "300,000\u00a0₫" in page
