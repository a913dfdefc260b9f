"""Settlements on the members' pages: the open period, closed ones, statements and the bank account."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from cooperatives.models import Role
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.models import Payout, Settlement
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Change, ShopSettings
from shop.notifications.models import Notification
from shop.reports.settlements import format_period
from tests.factories import make_admin, make_member, make_seller
from tests.markup import html_of
from tests.orders.cash_on_delivery.cash_helpers import ACTOR_AND_NOW
from tests.orders.settlement.settlement_helpers import (
    close_open_settlement,
    make_due_payout,
    make_open_settlement,
    make_sale,
)

pytestmark = pytest.mark.django_db
MONEY, BANK = "/xa-vien/quyet-toan/", "/xa-vien/tai-khoan-ngan-hang/"
FORM = {
    "bank_bin": "970436",
    "bank_account": "0099887766",
    "bank_account_confirmation": "0099887766",
    "bank_holder": "HTX Thiên An",
}


@pytest.mark.parametrize(
    ("role", "money", "account"),
    [
        (Role.MANAGER, 200, 200),
        (Role.BOOKKEEPER, 200, 403),
        (Role.CASHIER, 403, 403),
        (Role.PACKER, 403, 403),
        (Role.LISTER, 403, 403),
    ],
)
def test_settlements_are_for_managers_and_bookkeepers(client: Client, seller, role, money, account) -> None:
    settlement = make_open_settlement(seller)
    client.force_login(make_member(seller, role))
    pages = ("", f"{settlement.pk}/", f"{settlement.pk}/ban-in/", f"{settlement.pk}/quyet-toan.xlsx")

    assert {client.get(MONEY + page).status_code for page in pages} == {money}
    assert client.get(BANK).status_code == account


def test_foreign_settlement_is_not_found(manager: Client) -> None:
    foreign = make_open_settlement(make_seller("HTX Tài Hoan"))
    pages = ("", "ban-in/", "quyet-toan.pdf", "quyet-toan.xlsx")

    statuses = {
        manager.get(f"{MONEY}{key}/{page}").status_code for page in pages for key in (foreign.pk, 999)
    }

    assert statuses == {404}


def test_open_period_shows_its_figures_so_far(manager: Client, seller) -> None:
    part = make_sale(seller, refunded_amount=40_000)

    page = manager.get(MONEY)
    settlement_page = html_of(manager.get(f"{MONEY}{Settlement.objects.get().pk}/"))

    assert page.context["open_statement"].payable == 182_000
    text = html_of(page)
    assert all(amount in text for amount in ("182.000", "200.000", "−40.000", "−8.000"))
    assert f'href="/xa-vien/goi/{part.pk}/">{part.order.code}</a>' in settlement_page
    order_lines = settlement_page.partition(part.order.code)[2]
    assert all(amount in order_lines for amount in ("200.000", "−40.000", "−8.000", "182.000"))


def test_closed_periods_show_when_they_were_paid(manager: Client, seller) -> None:
    first = make_due_payout(seller, 50_000)
    mark_payout_paid(payout_id=first.pk, reference="FT26330", **ACTOR_AND_NOW)
    make_due_payout(seller, 70_000)

    text = html_of(manager.get(MONEY))
    paid = html_of(manager.get(f"{MONEY}{first.settlement_id}/"))

    assert "Đã chi trả 24/11/2026" in text
    assert "70.000" in text
    assert "FT26330" in paid


MIDNIGHT = datetime.datetime(2026, 11, 23, 17, tzinfo=datetime.UTC)  # 24 November in Vietnam
EVENING = datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.UTC)  # 17:00 in Vietnam


@pytest.mark.parametrize(
    ("closed_at", "closed", "following"),
    [
        (MIDNIGHT, "24/10/2026 đến hết 23/11/2026", "từ 24/11/2026, chưa chốt"),
        (EVENING, "24/10/2026 đến 17:00 ngày 23/11/2026", "từ 17:00 ngày 23/11/2026, chưa chốt"),
    ],
)
def test_periods_share_no_day_without_an_hour(closed_at, closed, following) -> None:
    opened_at = MIDNIGHT - datetime.timedelta(days=31, hours=-3)  # its first entry, at 03:00

    with translation.override("vi"):
        periods = [
            format_period(Settlement(number=1, opened_at=opened_at, closed_at=closed_at)),
            format_period(Settlement(number=2, opened_at=closed_at)),
        ]

    assert periods == [closed, following]


@pytest.mark.parametrize(
    ("today", "payout_day"), [("2026-11-24", "2026-11-27"), ("2026-11-27", "2026-11-27")]
)
def test_next_payout_day_is_the_announced_weekday(today: str, payout_day: str) -> None:
    day = datetime.date.fromisoformat(today)

    assert ShopSettings(payout_weekday=4).next_payout_day(day) == datetime.date.fromisoformat(payout_day)
    assert ShopSettings().next_payout_day(day) is None


def test_payout_day_is_told_only_if_it_is_announced(manager: Client, seller) -> None:
    payout = make_due_payout(seller, 615_000)
    make_open_settlement(seller, idempotency_key="next")
    Payout.objects.update(created_at=timezone.now())
    paths = (MONEY, "/xa-vien/", f"{MONEY}{payout.settlement_id}/")
    before = [html_of(manager.get(path)) for path in paths]
    ShopSettings.objects.update_or_create(pk=1, defaults={"payout_weekday": 4})

    after = [html_of(manager.get(path)) for path in paths]

    assert "Chưa chốt. Chợ chi trả sau khi chốt kỳ." in before[0]
    assert "Chưa chốt. Chốt kỳ xong, chợ chi trả vào ngày chi trả kế tiếp, sớm nhất thứ Sáu " in after[0]
    assert "Chờ chi trả 615.000" in before[1]
    assert after[0].count("Hẹn chi trả thứ Sáu ") == 1  # of the closed period
    assert "Thứ Sáu " in after[1]
    assert "Chợ sẽ chi trả 615.000\u00a0₫." in before[2]
    assert "Chợ sẽ chi trả 615.000\u00a0₫. Hợp tác xã chưa khai tài khoản" in re.sub(r"[ \n]+", " ", after[2])
    Payout.objects.update(bank_bin="970436", bank_account="0099887766", bank_holder="HTX THIEN AN")
    assert "Chợ sẽ chi trả 615.000\u00a0₫ vào thứ Sáu " in html_of(manager.get(paths[2]))


def test_late_payout_names_the_missed_day_wherever_it_is_announced(manager: Client, seller) -> None:
    settings = ShopSettings.objects.update_or_create(pk=1, defaults={"payout_weekday": 4})[0]
    payout = make_due_payout(seller, 615_000)
    closed_at = timezone.now() - datetime.timedelta(days=14)
    account = {"bank_bin": "970436", "bank_account": "0099887766", "bank_holder": "HTX THIEN AN"}
    Payout.objects.update(created_at=closed_at, **account)
    manager_pages = (MONEY, "/xa-vien/", f"{MONEY}{payout.settlement_id}/")

    texts = [html_of(manager.get(path)) for path in manager_pages]
    manager.force_login(make_admin())
    at_the_desk = html_of(manager.get(f"/quan-tri/quyet-toan/{payout.settlement_id}/"))

    missed = f"{settings.next_payout_day(vietnam_date(closed_at)):%d/%m}"
    following = f"{settings.next_payout_day(vietnam_date(timezone.now())):%d/%m}"
    assert f"Quá hẹn {missed}" in texts[0]
    assert f"Ngày chi trả tới: thứ Sáu {following}" in texts[0]
    assert f"Chợ chi trả chậm 615.000\u00a0₫, hẹn ngày {missed}." in texts[1]
    late = f"Chợ hẹn chi trả 615.000\u00a0₫ ngày {missed} nhưng chưa chi trả."
    assert late in texts[2]
    assert late in at_the_desk
    assert all(following in text for text in (*texts, at_the_desk))


def test_empty_period_says_that_nothing_is_booked(manager: Client) -> None:
    assert "Chưa có khoản nào" in html_of(manager.get(MONEY))


def test_debt_is_shown_without_a_sign(manager: Client, seller) -> None:
    make_open_settlement(seller, -12_000)

    text = html_of(manager.get(MONEY))

    assert "Hợp tác xã còn nợ chợ" in text
    assert "12.000" in text


def test_statement_is_downloaded_as_pdf_and_xlsx(manager: Client, seller) -> None:
    make_open_settlement(seller)
    settlement = close_open_settlement(seller)

    pdf = manager.get(f"{MONEY}{settlement.pk}/quyet-toan.pdf")
    book = manager.get(f"{MONEY}{settlement.pk}/quyet-toan.xlsx")

    assert (pdf.content[:5], book.content[:2]) == (b"%PDF-", b"PK")


def test_manager_changes_the_bank_account_and_other_managers_are_notified(manager: Client, seller) -> None:
    make_member(seller, email="chi-hai@example.com")

    response = manager.post(BANK, FORM, follow=True)

    seller.refresh_from_db()
    assert (seller.bank_bin, seller.bank_account, seller.bank_holder) == (
        "970436",
        "0099887766",
        "HTX THIEN AN",
    )
    assert "chi-hai@example.com" in set(Notification.objects.values_list("recipient", flat=True))
    assert Change.objects.filter(action="cooperative.account_changed", cooperative=seller.pk).count() == 1
    assert "0099887766" in html_of(response)


@pytest.mark.parametrize(
    "invalid",
    [
        {"bank_account_confirmation": "0099887767"},
        {"bank_account": "12 34"},
        {"bank_bin": "000000"},
        {"bank_holder": "!!!"},
    ],
)
def test_invalid_bank_account_is_not_saved(manager: Client, seller, invalid) -> None:
    response = manager.post(BANK, FORM | invalid)

    seller.refresh_from_db()
    assert (seller.bank_account, Notification.objects.count()) == ("", 0)
    assert response.context["form"].errors


def test_queries_do_not_grow_with_periods_and_orders(manager: Client, seller) -> None:
    def count_queries():
        with CaptureQueriesContext(connection) as captured_queries:
            manager.get(MONEY)
            manager.get(f"{MONEY}{first.pk}/")
        return len(captured_queries)

    make_sale(seller)
    first = close_open_settlement(seller)
    make_sale(seller)
    count_queries()
    baseline_queries = count_queries()
    for _ in range(3):
        close_open_settlement(seller)
        make_sale(seller)
        make_sale(seller)

    assert count_queries() == baseline_queries
