"""Commission and withholding rates at the desk: adding, ending, and switching withholding on and off."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import CommissionRate, WithholdingRate
from shop.accounts.staff.permissions import Permission
from shop.core.dates.calendar import vietnam_date
from shop.core.models import shop_settings
from tests.factories import make_admin, make_category, make_commission_rate, make_seller, make_staff
from tests.markup import html_of

pytestmark = pytest.mark.django_db
PAGE = "/quan-tri/hoa-hong/"
RATE = {"cooperative": "", "category": "", "percent": "4,5 %", "valid_from": "01/12/2026", "valid_until": ""}
TAX = {"tax-name": "GTGT", "tax-percent": "1", "tax-valid_from": "01/01/2026", "tax-valid_until": ""}


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def test_rates_need_the_settings_permission(client: Client) -> None:
    user = make_staff(Permission.HANDLE_PAYMENTS)
    client.force_login(user)

    assert client.get(PAGE).status_code == client.post(PAGE, RATE).status_code == 404
    assert client.post(f"{PAGE}khau-tru/", {"on": "yes"}).status_code == 404
    assert CommissionRate.objects.count() == 0


def test_rate_is_added_for_a_cooperative_and_a_category(desk: Client) -> None:
    seller, category = make_seller(), make_category("Gối")

    response = desk.post(PAGE, RATE | {"cooperative": seller.pk, "category": category.pk})

    rate = CommissionRate.objects.get()
    assert response["Location"] == PAGE
    assert (rate.cooperative, rate.category, rate.percent) == (seller, category, Decimal("4.50"))
    assert (rate.valid_from, rate.valid_until) == (datetime.date(2026, 12, 1), None)


@pytest.mark.parametrize(
    "invalid",
    [
        {"percent": "nhiều"},
        {"percent": "101"},
        {"percent": "1,555"},
        {"percent": "-1"},
        {"valid_from": "32/12/2026"},
        {"valid_until": "30/11/2026"},
        {"cooperative": "999999"},
    ],
)
def test_invalid_rate_is_refused_at_the_field(desk: Client, invalid) -> None:
    response = desk.post(PAGE, RATE | invalid)

    assert (response.status_code, CommissionRate.objects.count()) == (422, 0)
    assert response.context["commission_form"].errors


def test_repeated_rate_is_added_once(desk: Client) -> None:
    desk.post(PAGE, RATE)

    response = desk.post(PAGE, RATE)

    assert (response.status_code, CommissionRate.objects.count()) == (422, 1)
    assert "Mức thu này đã có." in html_of(response)


def test_ended_rate_is_listed_as_past(desk: Client) -> None:
    rate = make_commission_rate(5)
    yesterday = vietnam_date(timezone.now()) - datetime.timedelta(days=1)

    desk.post(f"{PAGE}{rate.pk}/ket-thuc/", {"last_day": f"{yesterday:%d/%m/%Y}"})

    page = desk.get(PAGE)
    rate.refresh_from_db()
    assert rate.valid_until == yesterday
    assert (list(page.context["rates"]), list(page.context["past"])) == ([], [rate])


@pytest.mark.parametrize("day", ["", "gestern", "31/12/2025"])
def test_rate_needs_a_valid_last_day(desk: Client, day: str) -> None:
    rate = make_commission_rate(5)

    response = desk.post(f"{PAGE}{rate.pk}/ket-thuc/", {"last_day": day}, follow=True)

    rate.refresh_from_db()
    assert rate.valid_until is None
    assert list(response.context["messages"])


def test_withholding_needs_a_rate_and_is_switched_on_and_off(desk: Client) -> None:
    first = desk.post(f"{PAGE}khau-tru/", {"on": "yes"}, follow=True)
    assert "Hôm nay chưa có mức nào" in html_of(first)
    assert not shop_settings().is_tax_withheld

    desk.post(f"{PAGE}thue/", TAX)
    desk.post(f"{PAGE}thue/", TAX | {"tax-name": "TNCN", "tax-percent": "0,5"})
    response = desk.post(f"{PAGE}khau-tru/", {"on": "yes"}, follow=True)
    assert shop_settings().is_tax_withheld
    assert "Đang bật: đơn hàng đặt hôm nay bị khấu trừ 1,5 % tiền hàng." in html_of(response)

    desk.post(f"{PAGE}khau-tru/", {"on": "no"})
    assert not shop_settings().is_tax_withheld


def test_withholding_rate_is_ended(desk: Client) -> None:
    desk.post(f"{PAGE}thue/", TAX)
    rate = WithholdingRate.objects.get()

    desk.post(f"{PAGE}thue/{rate.pk}/ket-thuc/", {"last_day": "30/11/2026"})

    rate.refresh_from_db()
    assert rate.valid_until == datetime.date(2026, 11, 30)


def test_queries_do_not_grow_with_rates(desk: Client, django_assert_max_num_queries) -> None:
    for percent in range(1, 9):
        make_commission_rate(percent, make_seller(), make_category(f"Kệ {percent}"))
    desk.get(PAGE)

    with django_assert_max_num_queries(12):
        desk.get(PAGE)
