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
REVIEWED = {"reviewed": "1"}
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

    terms = RATE | {"cooperative": seller.pk, "category": category.pk}
    review = desk.post(PAGE, terms)
    unsaved = CommissionRate.objects.count()
    response = desk.post(PAGE, terms | REVIEWED)

    assert (review.status_code, unsaved) == (200, 0)
    assert f"Hợp tác xã</dt><dd>{seller.name}</dd>" in html_of(review)
    assert "Phí sàn</dt><dd>4,5\u00a0%</dd>" in html_of(review)
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
    desk.post(PAGE, RATE | REVIEWED)

    response = desk.post(PAGE, RATE | REVIEWED)

    assert (response.status_code, CommissionRate.objects.count()) == (422, 1)
    assert "Mức thu này đã có." in html_of(response)


def test_ended_rate_is_listed_as_past(desk: Client) -> None:
    rate = make_commission_rate(5)
    yesterday = vietnam_date(timezone.now()) - datetime.timedelta(days=1)

    desk.post(f"{PAGE}{rate.pk}/ket-thuc/", {"last_day": f"{yesterday:%d/%m/%Y}"} | REVIEWED)

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
    first = desk.post(f"{PAGE}khau-tru/", {"on": "yes"} | REVIEWED, follow=True)
    assert "Hôm nay chưa có mức nào" in html_of(first)
    assert not shop_settings().is_tax_withheld

    desk.post(f"{PAGE}thue/", TAX | REVIEWED)
    desk.post(f"{PAGE}thue/", TAX | {"tax-name": "TNCN", "tax-percent": "0,5"} | REVIEWED)
    response = desk.post(f"{PAGE}khau-tru/", {"on": "yes"} | REVIEWED, follow=True)
    assert shop_settings().is_tax_withheld
    assert "Đang bật: đơn hàng đặt hôm nay bị khấu trừ 1,5\u00a0% tiền hàng." in html_of(response)

    desk.post(f"{PAGE}khau-tru/", {"on": "no"} | REVIEWED)
    assert not shop_settings().is_tax_withheld


def test_withholding_starts_after_a_review_of_whom_it_touches(desk: Client) -> None:
    desk.post(f"{PAGE}thue/", TAX | REVIEWED)
    desk.post(f"{PAGE}thue/", TAX | {"tax-name": "TNCN", "tax-percent": "0,5"} | REVIEWED)
    make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")

    review = html_of(desk.post(f"{PAGE}khau-tru/", {"on": "yes"}))

    assert not shop_settings().is_tax_withheld
    assert "Chưa có gì thay đổi." in review
    assert "GTGT 1\u00a0%, TNCN 0,5\u00a0%" in review
    assert "2 hợp tác xã" in review
    assert "Đơn 100.000\u00a0₫ tiền hàng: giữ lại 1.500\u00a0₫ để nộp thuế." in review
    assert '<input type="hidden" name="on" value="yes">' in review


def test_rate_ends_after_a_review_of_what_applies_next(desk: Client) -> None:
    seller, other = make_seller("HTX Yến Dương"), make_seller("HTX Thiên An")
    own, general = make_commission_rate(4, seller), make_commission_rate(6)
    today = f"{vietnam_date(timezone.now()):%d/%m/%Y}"

    review_of_own = html_of(desk.post(f"{PAGE}{own.pk}/ket-thuc/", {"last_day": today}))
    review_of_general = html_of(desk.post(f"{PAGE}{general.pk}/ket-thuc/", {"last_day": today}))

    own.refresh_from_db()
    general.refresh_from_db()
    assert (own.valid_until, general.valid_until) == (None, None)
    assert "Hợp tác xã</dt><dd>HTX Yến Dương</dd>" in review_of_own
    assert "Sau đó</dt><dd>6\u00a0%</dd>" in review_of_own
    assert "Hợp tác xã</dt><dd>1 hợp tác xã chưa có mức riêng</dd>" in review_of_general
    assert "Sau đó</dt><dd>không thu phí sàn</dd>" in review_of_general
    ended = desk.post(f"{PAGE}{own.pk}/ket-thuc/", {"last_day": today} | REVIEWED, follow=True)
    assert f"Mức 4\u00a0% của HTX Yến Dương kết thúc sau ngày {today}." in html_of(ended)
    assert other.name not in review_of_own


def test_withholding_rate_is_ended(desk: Client) -> None:
    desk.post(f"{PAGE}thue/", TAX | REVIEWED)
    rate = WithholdingRate.objects.get()

    desk.post(f"{PAGE}thue/{rate.pk}/ket-thuc/", {"last_day": "30/11/2026"} | REVIEWED)

    rate.refresh_from_db()
    assert rate.valid_until == datetime.date(2026, 11, 30)


def test_queries_do_not_grow_with_rates(desk: Client, django_assert_max_num_queries) -> None:
    for percent in range(1, 9):
        make_commission_rate(percent, make_seller(), make_category(f"Kệ {percent}"))
    desk.get(PAGE)

    with django_assert_max_num_queries(12):
        desk.get(PAGE)
