"""Asking a gateway for something: the intent as a row, made into a call once it stands.

Each step here writes one `GatewayCall` under the lock of what it is about, with the terms that a repeat must
say again; the call itself is made after the commit (`gateway.gateway_calls`), or by the sweep where that
message was lost. What is asked for never exceeds what is due, held or refundable.

Giving money back is one step for whoever decided it, in the same transaction as the decision::

    call = ask_refund(refund, payment, amount, actor=actor, now=now)

It writes the REFUND_REQUEST that names the `Refund`; the gateway's answer becomes its REFUND_SUCCESS or
REFUND_FAILURE, and a refund that the bank turns down later its REFUND_REVERSE.
"""

from __future__ import annotations

import datetime
from typing import Any

from celery import signature
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext

from orders.actions.ledger.payment_events import record_event
from orders.models import (
    Basket,
    EventKind,
    GatewayCall,
    Method,
    Operation,
    Order,
    Payment,
    PaymentSums,
    Payout,
    Refund,
)
from orders.notices import order_url
from orders.payments.stripe_messages import check_amount
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit
from shop.core.errors import Missing, Refused
from shop.core.models import shop_settings

GATEWAY = "stripe"
LANGUAGE = "vi"  # of what is about nobody's basket any more
RETURNED = "the"  # in the address that a buyer comes back to from their bank, or from Stripe's page
_MADE_WITHIN = datetime.timedelta(minutes=1)  # then the sweep takes it that nobody makes the call


class NotRefundable(Refused):
    """More than what this payment took and has not given back, or a payment that no gateway took."""

    code = "not_refundable"
    default_words = _("That is more than this payment still holds.")


class NotHeld(Refused):
    """More than what the payment holds, or nothing that could be taken."""

    code = "not_held"
    default_words = _("That is more than the card holds for this order.")


def ask_start(
    order: Order,
    payment: Payment,
    amount: int,
    *,
    hold: bool,
    hosted: bool,
    actor: Actor,
    now: datetime.datetime,
) -> GatewayCall:
    """Step, on a locked order: begin to take (or only to `hold`) an amount by card, in fields on our page or
    on the gateway's own. Raises AmountNotForCards."""
    check_amount(amount, order.currency, smallest={"VND": settings.STRIPE_SMALLEST_VND})
    with override(order.language):
        description = pgettext("card statement", "Order %(code)s") % {"code": order.code}
    call = _intend(
        Operation.START,
        amount,
        order.currency,
        actor=actor,
        now=now,
        payment=payment,
        terms={
            "hold": hold,
            "hosted": hosted,
            "description": description,
            "return_url": f"{order_url(order)}?{RETURNED}=1",
            "email": order.email if hosted else "",
            "language": order.language,
            "group": f"order:{order.pk}",
            "labels": {"order": order.code, "payment": str(payment.pk)},
        },
    )
    if hold:
        kind, key = EventKind.AUTHORIZATION_REQUEST, f"call:{call.pk}:asked"
        record_event(payment, kind, amount, key=key, actor=actor, now=now)
    return call


def ask_capture(
    order: Order, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """Step, on a locked order: take that much of what is held; the rest is released. Raises NotHeld."""
    if not 0 < amount <= sums_of(payment).authorised:
        raise NotHeld(field="amount")
    return _intend(
        Operation.CAPTURE,
        amount,
        order.currency,
        actor=actor,
        now=now,
        payment=payment,
        terms=_about(payment, order.language),
    )


def ask_hold(
    basket: Basket, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """Step, on a locked basket: let a card hold an amount until the basket is an order.

    Nothing is taken for goods that nobody has ordered. Raises AmountNotForCards.
    """
    check_amount(amount, basket.currency, smallest={"VND": settings.STRIPE_SMALLEST_VND})
    return _intend(
        Operation.START,
        amount,
        basket.currency,
        actor=actor,
        now=now,
        payment=payment,
        terms={
            "hold": True,
            "hosted": False,
            "description": shop_settings().name,
            "language": basket.language,
            "group": f"basket:{basket.pk}",
            "labels": {"basket": str(basket.pk), "payment": str(payment.pk)},
        },
    )


def ask_cancel(
    order: Order | Basket | None, payment: Payment, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """Step, on a locked order (or basket): release what is held, or stop what has begun."""
    held = sums_of(payment).authorised
    call = _intend(
        Operation.CANCEL,
        held,
        payment.currency,
        actor=actor,
        now=now,
        payment=payment,
        terms=_about(payment, order.language if order else LANGUAGE),
    )
    record_event(payment, EventKind.CANCEL_REQUEST, held, key=f"call:{call.pk}:asked", actor=actor, now=now)
    return call


def ask_refund(
    refund: Refund, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """Step, on a locked order: give that much of a card payment back. Raises NotRefundable."""
    if payment.method != Method.CARD or not 0 < amount <= refundable_of(payment):
        raise NotRefundable(field="amount")
    call = _intend(
        Operation.REFUND,
        amount,
        payment.currency,
        actor=actor,
        now=now,
        payment=payment,
        refund=refund,
        terms=_about(payment, refund.order.language),
    )
    record_event(
        payment,
        EventKind.REFUND_REQUEST,
        amount,
        key=f"call:{call.pk}:asked",
        refund=refund,
        actor=actor,
        now=now,
    )
    return call


def ask_pay_out(payout: Payout, *, actor: Actor, now: datetime.datetime) -> GatewayCall:
    """Step, under the lock of the payout: pass a settled period's money on to the cooperative's account."""
    return _intend(
        Operation.PAY_OUT,
        payout.amount,
        payout.currency,
        actor=actor,
        now=now,
        payout=payout,
        terms={
            "destination": payout.destination,
            "description": payout.note,
            "labels": {"payout": str(payout.pk)},
        },
    )


def ask_pull_back(payout: Payout, amount: int, *, actor: Actor, now: datetime.datetime) -> GatewayCall:
    """Step, under the lock of the payout: take that much of it back."""
    return _intend(
        Operation.PULL_BACK,
        amount,
        payout.currency,
        actor=actor,
        now=now,
        payout=payout,
        terms={"reference": payout.reference, "labels": {"payout": str(payout.pk)}},
    )


def sums_of(payment: Payment) -> PaymentSums:
    """What the payment's events add up to now."""
    return Payment.objects.filter(pk=payment.pk).sums().get(payment.pk, PaymentSums())


def refundable_of(payment: Payment) -> int:
    """What a payment took and neither gave back nor is about to, in minor units."""
    sums = sums_of(payment)
    return max(0, sums.charged - sums.refund_pending)


def start_of(payment: Payment) -> GatewayCall | None:
    """The call that began this payment."""
    return GatewayCall.objects.filter(payment=payment, operation=Operation.START).first()


def _about(payment: Payment, language: str) -> dict[str, Any]:
    """The terms of a call about a payment that has begun. Raises Missing where the gateway knows none."""
    start = start_of(payment)
    if start is None or not start.reference:
        raise Missing()
    return {
        "reference": start.reference,
        "language": language,
        "labels": {"payment": str(payment.pk)},
    }


def _intend(
    operation: Operation,
    amount: int,
    currency: str,
    *,
    actor: Actor,
    now: datetime.datetime,
    terms: dict[str, Any],
    **about: Any,
) -> GatewayCall:
    call = GatewayCall.objects.create(
        gateway=GATEWAY,
        operation=operation,
        amount=amount,
        currency=currency,
        state=CallState.INTENDED,
        terms=terms,
        asked_at=now,
        look_at=now + _MADE_WITHIN,
        actor_kind=actor.kind,
        actor_key=actor.key,
        **about,
    )
    # By its name: making a call needs all that follows from answers, which needs these steps.
    make = signature("orders.make_call", kwargs={"call_id": str(call.pk)}, immutable=True)
    after_commit(make.delay)
    return call
