"""The market's bank account and periods at the desk: permissions, effects and notifications."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from orders.actions.payments.order_payments import offered_payment_methods
from orders.models import PaymentMethod
from orders.payments.vietqr import build_qr_text, qr_svg
from shop.accounts.staff.permissions import Permission
from shop.core.models import Change, Channel, ShopSettings, shop_settings
from shop.notifications.models import Notification
from tests.factories import fixed_now, make_bank_account, make_channel, make_staff
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
MARKET = "/en/quan-tri/cai-dat/"
ACCOUNT = {"bank": "970405", "account": "1500 2011 2233", "holder": "Công ty Chợ Phiên"}


@pytest.fixture
def settings_manager(client: Client) -> Client:
    """Return staff with the settings permission; the market has an email address."""
    make_channel()
    ShopSettings.objects.create(pk=1, operator_email="san@example.com")
    client.force_login(make_staff(Permission.MANAGE_SETTINGS, first_name="Lan"))
    return client


def text_of(response) -> str:
    return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", html_of(response))))


def saved_account() -> tuple[str, str, str]:
    shop = shop_settings()
    return shop.bank_bin, shop.bank_account, shop.bank_holder


def test_settings_need_the_settings_permission(client: Client) -> None:
    make_channel()
    signed_out = client.get(MARKET).status_code
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS))
    before = all_rows()

    statuses = [
        client.get(MARKET).status_code,
        client.post(f"{MARKET}tai-khoan/", ACCOUNT).status_code,
        client.post(f"{MARKET}thoi-han/", {"complaint_days": "9"}).status_code,
    ]

    assert (signed_out, statuses) == (302, [404, 404, 404])
    assert all_rows() == before


def test_saved_account_is_shown_as_a_sample_qr_and_offered(settings_manager: Client) -> None:
    channel = Channel.objects.get()
    assert PaymentMethod.TRANSFER not in offered_payment_methods(channel)

    page = settings_manager.post(f"{MARKET}tai-khoan/", ACCOUNT, follow=True)

    assert saved_account() == ("970405", "150020112233", "CONG TY CHO PHIEN")
    payload = build_qr_text(bank="970405", account="150020112233", amount=10_000, note="THU MA")
    assert qr_svg(payload, title="Sample VietQR code") in html_of(page)
    assert PaymentMethod.TRANSFER in offered_payment_methods(channel)


def test_account_change_is_recorded_and_notified(settings_manager: Client) -> None:
    make_bank_account()

    page = settings_manager.post(f"{MARKET}tai-khoan/", ACCOUNT, follow=True)

    change = Change.objects.get(action="market.account_changed")
    assert change.data == {
        "from": "970436 0011223344556 CHO PHIEN",
        "to": "970405 150020112233 CONG TY CHO PHIEN",
    }
    values = "Vietcombank 0011223344556 CHO PHIEN → Agribank 150020112233 CONG TY CHO PHIEN"
    assert f"Market bank account changed {values} Lan" in text_of(page)
    notification = Notification.objects.get(key=f"market-account:{change.pk}")
    assert notification.recipient == "san@example.com"
    assert "970436 0011223344556 CHO PHIEN" in notification.text
    assert "970405 150020112233 CONG TY CHO PHIEN" in notification.text
    assert "Lan" in notification.text


def test_unchanged_account_writes_nothing(settings_manager: Client) -> None:
    settings_manager.post(f"{MARKET}tai-khoan/", ACCOUNT)
    before = all_rows()

    settings_manager.post(f"{MARKET}tai-khoan/", ACCOUNT)

    assert all_rows() == before


def test_transfers_are_not_offered_without_an_account(settings_manager: Client) -> None:
    make_bank_account()

    page = settings_manager.post(
        f"{MARKET}tai-khoan/", {"bank": "", "account": "", "holder": ""}, follow=True
    )

    assert saved_account() == ("", "", "")
    assert offered_payment_methods(Channel.objects.get()) == [PaymentMethod.COD]
    assert "Without an account, orders cannot be paid by bank transfer." in text_of(page)


@pytest.mark.parametrize(
    "invalid", [{"bank": ""}, {"bank": "123456"}, {"account": ""}, {"account": "12"}, {"holder": "!!"}]
)
def test_incomplete_account_is_refused(settings_manager: Client, invalid: dict[str, str]) -> None:
    make_bank_account()
    before = all_rows()

    response = settings_manager.post(f"{MARKET}tai-khoan/", ACCOUNT | invalid)

    assert response.status_code == 422
    assert all_rows() == before


def test_orders_awaiting_transfer_are_counted_before_the_account_changes(settings_manager: Client) -> None:
    make_transfer_order(now=fixed_now())

    assert "1 order is waiting for a transfer and will show a new account at once." in text_of(
        settings_manager.get(MARKET)
    )


def test_periods_are_saved_and_recorded(settings_manager: Client) -> None:
    channel = Channel.objects.get()
    form_values = {
        "complaint_days": "10",
        "answer_complaints_days": "7",
        "payout_weekday": "4",
        f"minutes-{channel.pk}": "30",
    }

    page = settings_manager.post(f"{MARKET}thoi-han/", form_values, follow=True)

    channel.refresh_from_db()
    assert (channel.payment_deadline_minutes, shop_settings().complaint_days) == (30, 10)
    assert shop_settings().answer_complaints_days == 7
    changes = Change.objects.filter(action="market.deadlines_changed")
    assert [(change.data["from"], change.data["to"]) for change in changes.order_by("pk")] == [
        ({"complaint_days": 7, "payout_weekday": None}, {"complaint_days": 10, "payout_weekday": 4}),
        ({"payment_deadline_minutes": 1440}, {"payment_deadline_minutes": 30}),
    ]
    assert "Saved." in text_of(page)


@pytest.mark.parametrize(
    "invalid",
    [
        {"complaint_days": "0"},
        {"complaint_days": "x"},
        {"payout_weekday": "7"},
        {"minutes": "14"},
        {"minutes": "10081"},
    ],
)
def test_invalid_periods_are_refused(settings_manager: Client, invalid: dict[str, str]) -> None:
    channel = Channel.objects.get()
    form_values = {"complaint_days": "7", "answer_complaints_days": "7", "minutes": "30"} | invalid
    form_values[f"minutes-{channel.pk}"] = form_values.pop("minutes")
    before = all_rows()

    response = settings_manager.post(f"{MARKET}thoi-han/", form_values)

    assert response.status_code == 422
    assert all_rows() == before
