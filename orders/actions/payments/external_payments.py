"""Record payments made in external systems, as those report them."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.basket.basket_lines import lock_existing_basket
from orders.actions.gateway_requests.intended_calls import read_payment_sums
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payments.basket_payments import lock_payment
from orders.actions.payments.confirm_order import confirm_if_covered
from orders.actions.payments.order_payments import record_received_money
from orders.models import EventKind, Order, Payment, PaymentEvent, PaymentMethod, PaymentSums
from shop.core.actors import Actor
from shop.core.database.row_values import save_unique
from shop.core.errors import Missing, Refused

_MAX_KEY_LENGTH = 160


class PaymentReferenceTaken(Refused):
    code = "payment_reference_taken"
    default_message = _("A payment with this reference already exists.")


class ReportedAmountDiffers(Refused):
    """The same event was reported before with another amount."""

    code = "reported_amount_differs"
    default_message = _("This was already reported with a different amount.")


class OrderFullyPaid(Refused):
    code = "order_fully_paid"
    default_message = _("There is nothing left to pay.")


class NotAnExternalPayment(Refused):
    """Apps may report only on payments of their own, not on those that we process."""

    code = "not_an_external_payment"
    default_message = _("This payment is handled by the market itself.")


@dataclass(frozen=True, slots=True)
class ReportedTotals:
    """The reported totals of a payment, in minor units. None keeps a total.

    `payment_columns` holds columns of the payment to set. Reference and message describe the event.
    """

    authorised: int | None = None
    charged: int | None = None
    refunded: int | None = None
    cancelled: int | None = None
    payment_columns: Mapping[str, object] = field(default_factory=dict)
    event_reference: str = ""
    message: str = ""


@transaction.atomic(durable=True)
def report_payment(
    *,
    order_id: uuid.UUID | None = None,
    basket_id: uuid.UUID | None = None,
    reported: ReportedTotals,
    actor: Actor,
    now: datetime.datetime,
) -> Payment:
    """Create a reported payment of an order or basket.

    Raises InvalidColumnValue, Missing, PaymentReferenceTaken.
    """
    order = locks.lock_order(order_id) if order_id is not None else None
    basket = lock_existing_basket(basket_id) if order is None and basket_id is not None else None
    owner = order or basket
    if owner is None:
        raise Missing(field="id")
    reference = reported.payment_columns.get("reference")
    if reference and owner.payments.filter(reference=reference).exists():
        raise PaymentReferenceTaken(field="pspReference")
    payment = Payment(order=order, basket=basket, method=PaymentMethod.APP, currency=owner.currency)
    return _write_totals(order, payment, reported, actor=actor, now=now)


@transaction.atomic(durable=True)
def update_reported_payment(
    *, payment_id: uuid.UUID, reported: ReportedTotals, actor: Actor, now: datetime.datetime
) -> Payment:
    """Record new totals of a payment.

    Raises InvalidColumnValue, Missing, NotAnExternalPayment, PaymentReferenceTaken.
    """
    order, payment = lock_payment(payment_id)
    if payment.method != PaymentMethod.APP:
        raise NotAnExternalPayment(field="id")
    return _write_totals(order, payment, reported, actor=actor, now=now)


@transaction.atomic(durable=True)
def report_payment_event(
    *,
    payment_id: uuid.UUID,
    kind: EventKind,
    amount: int,
    reference: str,
    message: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> tuple[PaymentEvent, bool]:
    """Record one reported event, identified by kind and reference, and return it and whether it is new.

    Raises Missing, NotAnExternalPayment, ReportedAmountDiffers.
    """
    order, payment = lock_payment(payment_id)
    if payment.method != PaymentMethod.APP:
        raise NotAnExternalPayment(field="id")
    idempotency_key = f"reported:{payment.pk}:{kind}:{reference}"
    if len(idempotency_key) > _MAX_KEY_LENGTH:  # truncated keys could collide
        idempotency_key = f"reported:{payment.pk}:{hashlib.sha256(idempotency_key.encode()).hexdigest()}"
    known_event = PaymentEvent.objects.filter(idempotency_key=idempotency_key).first()
    if known_event is not None:
        if known_event.amount != amount:
            raise ReportedAmountDiffers(field="amount")
        return known_event, False
    return _record_reported_event(
        order, payment, kind, amount, idempotency_key, reference, message, actor=actor, now=now
    ), True


@transaction.atomic(durable=True)
def mark_order_as_paid(
    *, order_id: uuid.UUID, reference: str, actor: Actor, now: datetime.datetime
) -> Payment:
    """Record that staff received the whole amount due outside the shop.

    Raises Missing, OrderFullyPaid, PaymentReferenceTaken.
    """
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing(field="id")
    if not order.amount_due:
        raise OrderFullyPaid(field="id")
    if reference and order.payments.filter(reference=reference).exists():
        raise PaymentReferenceTaken(field="transactionReference")
    payment = Payment(order=order, method=PaymentMethod.APP, currency=order.currency)
    reported = ReportedTotals(
        charged=order.amount_due,
        payment_columns={"name": "manual", "reference": reference},
        event_reference=reference,
    )
    return _write_totals(order, payment, reported, actor=actor, now=now)


def _write_totals(
    order: Order | None, payment: Payment, reported: ReportedTotals, *, actor: Actor, now: datetime.datetime
) -> Payment:
    """Save the payment and record the events that lead from its present totals to the reported ones."""
    for column, value in reported.payment_columns.items():
        setattr(payment, column, value)
    save_unique(payment, field="pspReference")
    before = read_payment_sums(payment)
    for kind, amount in _events_to_record(before, reported):
        number = payment.events.count()
        idempotency_key = f"reported:{payment.pk}:{number}"
        _record_reported_event(
            order,
            payment,
            kind,
            amount,
            idempotency_key,
            reported.event_reference,
            reported.message,
            actor=actor,
            now=now,
        )
    return payment


def _events_to_record(before: PaymentSums, reported: ReportedTotals) -> list[tuple[EventKind, int]]:
    """Return the events that lead to the reported totals. `charged` is net of refunds."""
    refunded = before.refunded if reported.refunded is None else reported.refunded
    charged = before.charged if reported.charged is None else reported.charged
    cancelled = before.cancelled if reported.cancelled is None else reported.cancelled
    captured_now = (charged + refunded) - (before.charged + before.refunded)
    cancelled_now = max(0, cancelled - before.cancelled)
    events: list[tuple[EventKind, int]] = []
    if reported.authorised is not None:
        # A captured or voided amount was authorised before.
        authorised = reported.authorised + max(0, captured_now) + cancelled_now - before.authorised
        if reported.authorised or before.authorised:
            events.append((EventKind.AUTHORIZATION_SUCCESS, authorised))
            if authorised < 0:
                cancelled_now -= authorised
    events.append((EventKind.CHARGE_SUCCESS, captured_now))
    events.append((EventKind.CHARGE_BACK, -captured_now))
    events.append((EventKind.REFUND_SUCCESS, refunded - before.refunded))
    events.append((EventKind.REFUND_REVERSE, before.refunded - refunded))
    events.append((EventKind.CANCEL_SUCCESS, cancelled_now))
    return [(kind, amount) for kind, amount in events if amount > 0]


def _record_reported_event(
    order: Order | None,
    payment: Payment,
    kind: EventKind,
    amount: int,
    idempotency_key: str,
    reference: str,
    message: str,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> PaymentEvent:
    if order is not None and kind == EventKind.CHARGE_SUCCESS:
        event = record_received_money(
            order, payment, amount, idempotency_key=idempotency_key, reference=reference, actor=actor, now=now
        )
    else:
        event = record_payment_event(
            payment,
            kind,
            amount,
            idempotency_key=idempotency_key,
            reference=reference,
            message=message,
            actor=actor,
            now=now,
        )
        if order is not None:
            finish_order_change(order, now=now)
            confirm_if_covered(order, actor=actor, now=now)
    assert event is not None  # a new key is always recorded
    return event
