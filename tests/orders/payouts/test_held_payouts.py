"""Refunds to an account other than the payer's are held for a day so that the buyer can object."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client

from orders.actions.payouts.bank_accounts import BankAccount
from orders.actions.payouts.bank_accounts import set_payout_account as name_account_of_payout
from orders.actions.payouts.complete_payouts import PayoutHeld, mark_payout_paid
from orders.actions.payouts.refund_execution import set_refund_account
from orders.models import BankTransfer, Payout
from orders.states import PayoutState
from shop.core.models import Change
from shop.notifications.models import ContactMethod, Notification
from tests.factories import fixed_now, make_admin, make_user
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import LATER
from tests.orders.refunds.refund_helpers import (
    ACTOR_AND_NOW,
    DESK,
    REFUND_ACCOUNT,
    deliver_order,
    make_paid_order,
    refund_first_line,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
OTHER = BankAccount("970405", "8800200", "Lò Thị Mai")


def payout_of(order) -> Payout:
    refund_first_line(deliver_order(order), 20_000)
    return Payout.objects.get()


def notification_recipients() -> list[tuple[str, str]]:
    notifications = Notification.objects.filter(key__startswith="refund_account_named").order_by("pk")
    return list(notifications.values_list("contact_method", "recipient"))


def test_payout_to_new_account_is_held_for_a_day() -> None:
    order = make_paid_order(email="hoa@example.com")
    payout = payout_of(order)

    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)

    with assert_refused(PayoutHeld, "payout_held") as refusal:
        mark_payout_paid(payout_id=payout.pk, reference="FT9", actor=DESK, now=LATER + DAY - DAY / 1000)
    assert refusal.value.details == {"until": LATER + DAY}
    assert mark_payout_paid(payout_id=payout.pk, reference="FT9", actor=DESK, now=LATER + DAY).state == "paid"
    assert notification_recipients() == [
        (ContactMethod.EMAIL, "hoa@example.com"),
        (ContactMethod.SMS, "+84987654321"),
    ]


def test_payout_to_account_of_original_transfer_is_not_held() -> None:
    order = make_paid_order()
    payout = payout_of(order)
    BankTransfer.objects.update(
        payer_bin=REFUND_ACCOUNT.bank_bin, payer_account=REFUND_ACCOUNT.number, payer_holder="NGUYEN THI HOA"
    )
    set_refund_account(order_id=order.pk, account=OTHER, **ACTOR_AND_NOW)

    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)

    payout.refresh_from_db()
    assert payout.payable_from is None
    assert mark_payout_paid(payout_id=payout.pk, reference="FT9", **ACTOR_AND_NOW).state == PayoutState.PAID


def test_setting_same_account_keeps_hold_unchanged() -> None:
    order = make_paid_order()
    payout = payout_of(order)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)

    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, actor=DESK, now=LATER + DAY / 2)

    payout.refresh_from_db()
    assert payout.payable_from == LATER + DAY


def test_setting_another_account_restarts_hold() -> None:
    order = make_paid_order()
    payout = payout_of(order)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)

    set_refund_account(order_id=order.pk, account=OTHER, actor=DESK, now=LATER + DAY / 2)

    payout.refresh_from_db()
    assert payout.payable_from == LATER + DAY * 3 / 2


def test_account_set_by_desk_is_notified_and_held() -> None:
    order = make_paid_order(email="hoa@example.com")
    payout = payout_of(order)

    name_account_of_payout(payout_id=payout.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)

    payout.refresh_from_db()
    assert payout.payable_from == LATER + DAY
    assert notification_recipients() == [
        (ContactMethod.EMAIL, "hoa@example.com"),
        (ContactMethod.SMS, "+84987654321"),
    ]
    assert Change.objects.filter(action="payout.account_changed").count() == 1


def test_changed_account_is_also_notified_to_the_buyers_own_account() -> None:
    """An intruder may have changed the order's email address, but not the account's."""
    buyer = make_user(email="hanh@example.com", phone="+84911222333", phone_confirmed_at=LATER)
    order = make_paid_order(email="hoa@example.com", user=buyer)
    payout_of(order)

    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)

    assert notification_recipients() == [
        (ContactMethod.EMAIL, "hoa@example.com"),
        (ContactMethod.EMAIL, "hanh@example.com"),
        (ContactMethod.SMS, "+84987654321"),
        (ContactMethod.SMS, "+84911222333"),
    ]
    text = Notification.objects.filter(contact_method=ContactMethod.SMS).latest("pk").text
    assert "Tiền không được chuyển trước" in text


def test_desk_shows_held_payout_and_cannot_pay_it() -> None:
    order = make_paid_order()
    payout = payout_of(order)
    now = fixed_now()
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, actor=DESK, now=now)
    desk = Client()
    desk.force_login(make_admin())

    overview = html_of(desk.get("/en/quan-tri/chi-tien/"))
    detail = html_of(desk.get(f"/en/quan-tri/chi-tien/{payout.pk}/"))
    response = desk.post(
        "/en/quan-tri/chi-tien/da-chi/", {"payout": payout.pk, "reference": "FT9"}, follow=True
    )

    assert "on hold until" in overview
    assert f'value="{payout.pk}"' not in overview
    assert "Bank list (Excel)" not in overview
    assert "This account was added less than a day ago, and the buyer has been notified" in detail
    assert "Mark as paid" not in detail
    assert "The account was added less than a day ago." in html_of(response)
    payout.refresh_from_db()
    assert payout.state == PayoutState.DUE
