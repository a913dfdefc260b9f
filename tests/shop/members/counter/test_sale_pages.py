"""The till's screen: keys, weights, the cash given, and the receipt."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Stock, Variant
from cooperatives.models import Role
from orders.actions.counter.quote_sale import SaleLine
from orders.models import CounterSale, Order, Shift
from shop.members.counter.sales import suggest_cash
from tests.factories import make_member, make_seller, make_variant, make_variant_sold_by_weight
from tests.markup import html_of
from tests.orders.counter.till_helpers import make_open_shift, sell

pytestmark = pytest.mark.django_db
COUNTER = "/en/xa-vien/quay/"


@pytest.fixture
def shift(seller: Any) -> Shift:
    return make_open_shift(cooperative=seller)[0]


@pytest.fixture
def cashier(client: Client, shift: Shift) -> Client:
    assert shift.cashier is not None
    client.force_login(shift.cashier)
    return client


@pytest.fixture
def rice(seller: Any) -> Variant:
    return make_variant(seller, name="Gạo nếp nương", price=45_000, on_hand=10)


@pytest.fixture
def till_url(shift: Shift) -> str:
    return f"{COUNTER}{shift.till_id}/ban/"


def line_of(variant: Variant, quantity: str = "1", kilos: str = "", number: int = 0) -> dict[str, str]:
    prefix = f"line-{number}"
    return {
        f"{prefix}-variant": str(variant.pk),
        f"{prefix}-quantity": quantity,
        f"{prefix}-kilos": kilos,
    }


def key() -> dict[str, str]:
    return {"idempotency_key": str(uuid.uuid4())}


def test_sale_takes_three_taps(cashier: Client, till_url: str, rice: Variant) -> None:
    first = html_of(cashier.get(till_url))
    added = cashier.post(till_url, {"add": str(rice.pk)} | key())
    total = added.context["total"]
    sold = cashier.post(
        till_url, line_of(rice) | {"sell": "1", "agreed_total": str(total)} | key(), follow=True
    )

    assert f'name="add" value="{rice.pk}"' in first
    assert total == 45_000
    sale = CounterSale.objects.get()
    assert (sale.total, sale.cash_given, sale.change_given) == (45_000, 45_000, 0)
    assert sold.request["PATH_INFO"] == f"{COUNTER}phieu/{sale.pk}/"


def test_repeated_sale_is_sold_once(cashier: Client, till_url: str, rice: Variant) -> None:
    values = line_of(rice) | {"sell": "1", "agreed_total": "45000"} | key()

    responses = [cashier.post(till_url, values) for _ in range(2)]

    assert {response.url for response in responses} == {f"{COUNTER}phieu/{CounterSale.objects.get().pk}/"}


def test_keys_count_the_same_product_and_remove_it(cashier: Client, till_url: str, rice: Variant) -> None:
    cases = [
        ({"add": str(rice.pk)}, [("3", 135_000)]),
        ({"more": "1"}, [("3", 135_000)]),
        ({"less": "1"}, [("1", 45_000)]),
        ({"remove_line": "1"}, []),
        ({"remove_line": "2"}, [("2", 90_000)]),
    ]

    for button, expected in cases:
        page = cashier.post(till_url, line_of(rice, "2") | button | key())

        rows = [(row.draft.quantity, row.amount) for row in page.context["rows"]]
        assert rows == expected, button


def test_weight_is_entered_in_kilos(cashier: Client, till_url: str, seller: Any) -> None:
    gourd = make_variant_sold_by_weight(seller)

    unweighed = cashier.post(till_url, {"add": str(gourd.pk)} | key())
    refused = cashier.post(till_url, line_of(gourd) | {"sell": "1", "agreed_total": "0"} | key())
    weighed = cashier.post(till_url, line_of(gourd, kilos="2,5") | key())
    cashier.post(till_url, line_of(gourd, kilos="2,5") | {"sell": "1", "agreed_total": "37500"} | key())

    assert unweighed.context["rows"][0].amount is None
    assert (refused.status_code, weighed.context["total"]) == (422, 37_500)
    assert CounterSale.objects.get().total == 37_500
    assert Order.objects.get().lines.get().weighed_grams == 2_500


def test_search_finds_words_without_accents(
    cashier: Client, till_url: str, seller: Any, rice: Variant
) -> None:
    make_variant(seller, name="Măng khô")

    found = cashier.post(till_url, {"q": "gao nuong", "find": "1"} | key())
    nothing = cashier.post(till_url, {"q": "mật", "find": "1"} | key())

    assert [goods.variant_id for goods in found.context["keys"]] == [rice.pk]
    assert "No product has these words." in html_of(nothing)


def test_best_sellers_come_first(
    cashier: Client, till_url: str, shift: Shift, seller: Any, rice: Variant
) -> None:
    bamboo = make_variant(seller, name="Áo chàm", price=10_000)
    assert shift.cashier is not None
    before = [goods.variant_id for goods in cashier.get(till_url).context["keys"]]

    sell(shift, shift.cashier, SaleLine(rice.pk, 2), now=timezone.now())

    after = [goods.variant_id for goods in cashier.get(till_url).context["keys"]]
    assert (before, after) == ([bamboo.pk, rice.pk], [rice.pk, bamboo.pk])


def test_change_is_shown_for_the_cash_given(cashier: Client, till_url: str, rice: Variant) -> None:
    page = cashier.post(till_url, line_of(rice) | {"give": "100000"} | key())

    assert page.context["change"] == 55_000
    assert page.context["note_keys"] == [50_000, 100_000, 200_000, 500_000]


def test_too_little_cash_sells_nothing(cashier: Client, till_url: str, rice: Variant) -> None:
    values = line_of(rice) | {"sell": "1", "agreed_total": "45000", "cash_given": "40.000"} | key()

    response = cashier.post(till_url, values)

    assert response.status_code == 422
    assert "5,000\xa0₫ is missing." in html_of(response)
    assert not Order.objects.exists()


def test_refusal_reaches_htmx_with_a_status_that_it_shows(
    cashier: Client, till_url: str, rice: Variant
) -> None:
    values = line_of(rice) | {"sell": "1", "agreed_total": "44000"} | key()

    refused = cashier.post(till_url, values, headers={"HX-Request": "true"})
    sold = cashier.post(till_url, values | {"agreed_total": "45000"}, headers={"HX-Request": "true"})

    assert (refused.status_code, refused.context["total"]) == (200, 45_000)
    assert "A price has changed." in html_of(refused)
    assert sold.headers["HX-Redirect"] == f"{COUNTER}phieu/{CounterSale.objects.get().pk}/"


def test_discount_above_the_limit_is_refused_and_a_smaller_one_granted(
    cashier: Client, till_url: str, rice: Variant
) -> None:
    discount = {"discount": "5.000", "discount_reason": "Khách quen"}

    refused = cashier.post(till_url, line_of(rice) | discount | key())
    page = cashier.post(till_url, line_of(rice, "2") | discount | key())
    cashier.post(till_url, line_of(rice, "2") | discount | {"sell": "1", "agreed_total": "85000"} | key())

    assert "You may take off at most" in html_of(refused)
    assert page.context["total"] == 85_000
    assert CounterSale.objects.get().total == 85_000


def test_goods_of_another_cooperative_are_left_out(cashier: Client, till_url: str) -> None:
    foreign = make_variant(make_seller("HTX Yến Dương", slug="yen-duong"))

    page = cashier.post(till_url, line_of(foreign) | {"add": str(foreign.pk)} | key())

    assert page.context["rows"] == []
    assert Stock.objects.get(variant=foreign).on_hand == 10


def test_till_without_an_open_shift_leads_to_its_opening(manager: Client, seller: Any) -> None:
    till = seller.tills.create(number=1, name="Cửa hàng", currency="VND", created_at="2026-11-24T03:00Z")

    response = manager.get(f"{COUNTER}{till.pk}/ban/")

    assert response.url == f"{COUNTER}{till.pk}/"


@pytest.mark.parametrize("paper", ["58", "80"])
def test_receipt_states_cash_and_change_and_is_no_invoice(
    cashier: Client, shift: Shift, rice: Variant, paper: str
) -> None:
    assert shift.cashier is not None
    sale = sell(shift, shift.cashier, SaleLine(rice.pk, 2), cash_given=100_000)

    page = html_of(cashier.get(f"{COUNTER}phieu/{sale.pk}/?giay={paper}"))

    assert f'class="receipt receipt-{paper}"' in page
    for text in ("PHIẾU BÁN HÀNG 1-0001", "Gạo nếp nương", "90.000\xa0₫", "100.000\xa0₫", "10.000\xa0₫"):
        assert text in page
    assert page.lower().count("hoá đơn") == page.count("Đây không phải hoá đơn") == 1


def test_receipt_of_another_cooperative_is_not_found(client: Client, shift: Shift, rice: Variant) -> None:
    assert shift.cashier is not None
    sale = sell(shift, shift.cashier, SaleLine(rice.pk, 1))
    client.force_login(make_member(make_seller("HTX Yến Dương", slug="yen-duong"), Role.CASHIER))

    assert client.get(f"{COUNTER}phieu/{sale.pk}/").status_code == 404


def test_more_goods_and_lines_need_no_more_queries(
    cashier: Client, till_url: str, seller: Any, rice: Variant
) -> None:
    values = line_of(rice) | key()
    cashier.post(till_url, values)
    with CaptureQueriesContext(connection) as before:
        cashier.post(till_url, values)
    for number in range(1, 4):
        values |= line_of(make_variant(seller, name=f"Măng {number}"), number=number)

    with CaptureQueriesContext(connection) as after:
        cashier.post(till_url, values)

    assert len(after) == len(before)


@pytest.mark.once
def test_suggested_cash_is_round_and_above_the_total() -> None:
    assert suggest_cash(330_000, "VND") == [350_000, 400_000, 500_000]
    assert suggest_cash(500_000, "VND") == [600_000]
    assert suggest_cash(0, "VND") == []
    assert suggest_cash(330_000, "USD") == []
