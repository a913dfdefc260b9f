"""Notices about refunds."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Order, Payout, Refund
from orders.notifications.send_notifications import notify_buyer, notify_operator
from shop.core.texts.formatting import format_day, format_money, format_time
from shop.core.web.public_urls import page_url


def notify_refund_decision(order: Order, refund: Refund, *, now: datetime.datetime) -> None:
    """Tell the buyer how much is refunded and how or, if nothing was paid, how much less is due."""
    with translation.override(order.language):
        subject = (
            _("Order %(code)s: %(amount)s will be refunded to you")
            if refund.repayment
            else _("Order %(code)s: %(amount)s less to pay")
        )
        _notify_buyer(
            order, refund, "refund_decided", subject, refund.repayment or refund.net_reduction, now=now
        )


def request_refund_account(order: Order, refund: Refund, *, now: datetime.datetime) -> None:
    """Ask the buyer for a bank account, because the card refund failed."""
    with translation.override(order.language):
        subject = _("Order %(code)s: enter a bank account for your refund of %(amount)s")
        amount_without_account = sum(payout.amount for payout in refund.payouts.without_account())
        _notify_buyer(
            order,
            refund,
            "refund_decided",
            subject,
            amount_without_account,
            now=now,
            occasion=f"{refund.pk}:bank",
        )


def notify_refund_account(
    order: Order,
    account_end: str,
    amount: int,
    *,
    payable_from: datetime.datetime | None,
    occasion: str,
    now: datetime.datetime,
) -> None:
    """Tell the buyer on every channel where the refund goes and when, in case an intruder set it."""
    with translation.override(order.language):
        values = {"code": order.code, "amount": format_money(amount, order.currency), "digits": account_end}
        notify_buyer(
            order,
            "refund_account_named",
            subject=_("Order %(code)s: %(amount)s will go to the account ending in %(digits)s") % values,
            sms_detail=_short_account_text(payable_from),
            includes_account=True,
            now=now,
            occasion=occasion,
            amount=amount,
            payable_from=payable_from,
            account_end=account_end,
            account_url=page_url(f"/don-hang/{order.pk}/tai-khoan-nhan-tien/", order.language),
        )


def _short_account_text(payable_from: datetime.datetime | None) -> str:
    if payable_from is None:
        return _("Not yours? Correct it.")
    moment = {"hour": format_time(payable_from), "day": format_day(payable_from)}
    return _("It will not be sent before %(hour)s on %(day)s. Not yours? Correct it.") % moment


def notify_refund_paid(order: Order, refund: Refund, payout: Payout, *, now: datetime.datetime) -> None:
    """Tell the buyer that the refund was paid, and to which account."""
    with translation.override(order.language):
        subject = _("Order %(code)s: we have refunded %(amount)s")
        _notify_buyer(
            order,
            refund,
            "refund_paid",
            subject,
            payout.amount,
            now=now,
            occasion=str(payout.pk),
            payout=payout,
        )


def notify_refund_failure(order: Order, refund: Refund, *, now: datetime.datetime) -> None:
    """Tell the platform that the card gateway failed to refund."""
    notify_operator(
        f"refund-failed:{refund.pk}:{now:%Y%m%d%H%M%S}",
        gettext_lazy("A refund for order %(code)s failed"),
        "refund_failed",
        order,
        now=now,
        refund=refund,
    )


def notify_external_refund(order: Order, amount: int, reference: str, *, now: datetime.datetime) -> None:
    """Tell the platform that a refund was made in the gateway's dashboard, without a decision here."""
    notify_operator(
        f"refunded-externally:{reference}",
        gettext_lazy("Money of order %(code)s was refunded in Stripe"),
        "refunded_externally",
        order,
        now=now,
        amount=amount,
    )


def _notify_buyer(
    order: Order,
    refund: Refund,
    template: str,
    subject: str,
    amount: int,
    *,
    now: datetime.datetime,
    occasion: str = "",
    **context: Any,
) -> None:
    amount_without_account = sum(payout.amount for payout in refund.payouts.without_account())
    notify_buyer(
        order,
        template,
        subject=subject % {"code": order.code, "amount": format_money(amount, order.currency)},
        sms_detail=_("Enter your account number on the order page.") if amount_without_account else "",
        now=now,
        occasion=occasion or str(refund.pk),
        refund=refund,
        amount_without_account=amount_without_account,
        card_amount=refund.repayment - sum(payout.amount for payout in refund.payouts.all()),
        **context,
    )
