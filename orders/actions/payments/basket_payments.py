"""Payments on a basket before it is an order: promises, reports of apps, and card authorisations.

A card is only authorised for a basket. The amount due is captured once the basket is ordered. This happens at
once if the channel charges at once and nothing is to be weighed. Authorisations of baskets that are never
ordered are voided.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.basket.basket_lines import lock_existing_basket
from orders.actions.gateway_requests.intended_calls import (
    find_start_call,
    read_payment_sums,
    request_authorisation,
    request_capture,
    request_void,
)
from orders.actions.ledger.ledger_postings import book_payment_event, record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payments.order_payments import (
    cancel_expected_payment,
    record_received_money,
    require_payment_method,
)
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.models import (
    Basket,
    EventKind,
    GatewayCall,
    GatewayOperation,
    Order,
    Payment,
    PaymentEvent,
    PaymentMethod,
    PaymentSums,
    read_basket_payment_sums,
)
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.database.compiled_query import compiled_query
from shop.core.errors import Missing, Refused
from shop.core.models import KeyReused, TransactionFlow

# Methods by which the buyer pays later without a request from us: on delivery, or by bank transfer.
PAY_LATER_METHODS = (PaymentMethod.COD, PaymentMethod.TRANSFER)
# The key in private metadata of the payment's own transaction flow, if it differs from the channel's.
TRANSACTION_FLOW_LABEL = "flow"
_SUCCESSES = (EventKind.AUTHORIZATION_SUCCESS, EventKind.CHARGE_SUCCESS)


class BasketFullyPaid(Refused):
    code = "basket_fully_paid"
    default_message = _("There is nothing left to pay.")


class AmountExceedsBasketDue(Refused):
    """The amount exceeds the amount due of the basket. `details["amount_due"]` is that, in minor units."""

    code = "amount_exceeds_basket_due"
    default_message = _("That is more than is left to pay.")


@transaction.atomic(durable=True)
def start_basket_payment(
    *,
    basket_id: uuid.UUID,
    method: PaymentMethod,
    amount: int | None = None,
    idempotency_key: str | None = None,
    labels: dict[str, str] | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Payment:
    """Start a card payment, or record that the basket will be paid by transfer or on delivery.

    `amount` is in minor units. None means all that is left to pay. A repeat with the same `idempotency_key`
    returns the first payment. `labels` are stored with it. Raises AmountNotForCards, KeyReused, Missing,
    BasketFullyPaid, AmountExceedsBasketDue, PaymentMethodNotOffered.
    """
    basket = lock_existing_basket(basket_id)
    existing = find_payment_by_key(idempotency_key, basket=basket)
    if existing is not None:
        return existing
    requested = _read_amount_to_pay(basket, amount, now=now)
    require_payment_method(basket.channel, method, requested)
    payment = _create_payment(basket, method, idempotency_key, labels)
    if method == PaymentMethod.CARD:
        request_authorisation(basket, payment, requested, actor=actor, now=now)
    else:
        event_key = f"payment:{payment.pk}:promised"
        record_payment_event(
            payment, EventKind.CHARGE_REQUEST, requested, idempotency_key=event_key, actor=actor, now=now
        )
    return payment


@transaction.atomic(durable=True)
def start_app_payment(
    *,
    basket_id: uuid.UUID,
    idempotency_key: str | None = None,
    labels: dict[str, str] | None = None,
    amount: int | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> tuple[Payment, int | None]:
    """Start a payment that an app reports on, and return it and the amount to pay.

    A repeat with the same `idempotency_key` returns the first payment. Once that is authorised or charged,
    the amount is None. Raises as `start_basket_payment`.
    """
    basket = lock_existing_basket(basket_id)
    existing = find_payment_by_key(idempotency_key, basket=basket)
    if existing is not None and existing.events.filter(kind__in=_SUCCESSES).exists():
        return existing, None
    requested = _read_amount_to_pay(basket, amount, now=now)
    return existing or _create_payment(basket, PaymentMethod.APP, idempotency_key, labels), requested


@transaction.atomic(durable=True)
def record_app_event(
    *,
    payment_id: uuid.UUID,
    kind: EventKind,
    amount: int,
    reference: str = "",
    message: str = "",
    idempotency_key: str,
    actor: Actor,
    now: datetime.datetime,
) -> PaymentEvent | None:
    """Record an event that an app reports for a payment, once for each `idempotency_key`. Raises Missing."""
    order, payment = lock_payment(payment_id)
    if order is not None and kind == EventKind.CHARGE_SUCCESS:
        return record_received_money(
            order, payment, amount, idempotency_key=idempotency_key, reference=reference, actor=actor, now=now
        )
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
    if order is not None and event is not None:
        finish_order_change(order, now=now)
    return event


def find_payment_by_key(
    idempotency_key: str | None, *, basket: Basket | None = None, order: Order | None = None
) -> Payment | None:
    """Return the payment of this basket or order with the key. Raises KeyReused if it belongs to another."""
    existing = Payment.objects.filter(idempotency_key=idempotency_key).first() if idempotency_key else None
    if existing is not None and (existing.basket_id, existing.order_id) != (
        basket and basket.pk,
        order and order.pk,
    ):
        raise KeyReused()
    return existing


def lock_payment(payment_id: uuid.UUID) -> tuple[Order | None, Payment]:
    """In a transaction: lock a payment by its basket or order. Raises Missing."""
    unlocked = Payment.objects.filter(pk=payment_id).first()
    if unlocked is None:
        raise Missing(field="id")
    if unlocked.order_id is None and unlocked.basket_id is not None:
        locks.lock_basket(unlocked.basket_id)
        unlocked.refresh_from_db()
    order = locks.lock_order(unlocked.order_id) if unlocked.order_id is not None else None
    return order, Payment.objects.get(pk=payment_id)


def read_amount_paid_for_basket(basket: Basket) -> int:
    """Return the charged and authorised amount of a basket, in minor units."""
    return total_paid(read_basket_payment_sums(basket.pk))


def total_paid(sums: Mapping[PaymentMethod, Iterable[PaymentSums]]) -> int:
    """Return the charged and authorised amount, from the sums of a basket's payments."""
    return sum(
        payment_sums.authorised_and_charged for method_sums in sums.values() for payment_sums in method_sums
    )


def total_pending(sums: Mapping[PaymentMethod, Iterable[PaymentSums]], *methods: PaymentMethod) -> int:
    """Return the amount that payments by these methods still expect."""
    return sum(payment_sums.charge_pending for method in methods for payment_sums in sums.get(method, ()))


def carry_payments_over(
    order: Order,
    payments: Sequence[Payment],
    *,
    should_keep_pending_payments: bool,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: move the locked basket's payments to its order and post their events to the ledger.

    Card payments that are not authorised yet are cancelled, since the buyer ordered without them. Pending
    payments on delivery and by transfer are cancelled too, unless `should_keep_pending_payments` is true.
    """
    for payment in payments:
        payment.order, payment.basket = order, None
        if payment.method == PaymentMethod.TRANSFER:
            payment.expires_at = now + datetime.timedelta(minutes=order.channel.payment_deadline_minutes)
        payment.save(update_fields=["order", "basket", "expires_at", "updated_at"])
        for event in payment.events.order_by("pk"):
            event.payment = payment
            book_payment_event(event)
        if payment.method in PAY_LATER_METHODS and not should_keep_pending_payments:
            cancel_expected_payment(order, payment, actor=actor, now=now)
        start = find_start_call(payment)
        if start is not None and start.state == CallState.NEEDS_BUYER and start.reference:
            request_void(order, payment, actor=actor, now=now)


@compiled_query
def payments_of_basket(basket_id: uuid.UUID) -> QuerySet[Payment]:
    return Payment.objects.filter(basket=basket_id).order_by("created_at", "pk")


def capture_carried_payments(
    order: Order, carried_payments: Sequence[Payment], *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: capture the amount due from carried card payments if these are charged at once.

    Orders with lines to weigh are captured after weighing. Orders that still wait for money are not captured.
    """
    if (
        not carried_payments
        or order.lines.unweighed().exists()
        or read_amount_paid_for_order(order) < order.current_total_gross
    ):
        return
    amount_due = order.amount_due
    for payment in carried_payments:
        flow = payment.private_metadata.get(TRANSACTION_FLOW_LABEL, order.channel.default_transaction_flow)
        authorised = (
            min(amount_due, read_payment_sums(payment).authorised)
            if payment.method == PaymentMethod.CARD
            else 0
        )
        if authorised and flow == TransactionFlow.CHARGE and not _has_end_request(payment):
            request_capture(order, payment, authorised, actor=actor, now=now)
            amount_due -= authorised


def read_amount_paid_for_order(order: Order) -> int:
    """Return the charged and authorised amount of an order, in minor units."""
    return sum(
        payment_sums.authorised_and_charged
        for payment_sums in Payment.objects.filter(order=order).sums().values()
    )


def _create_payment(
    basket: Basket, method: PaymentMethod, idempotency_key: str | None, labels: dict[str, str] | None
) -> Payment:
    return Payment.objects.create(
        basket=basket,
        method=method,
        currency=basket.currency,
        idempotency_key=idempotency_key,
        private_metadata=labels or {},
    )


def _read_amount_to_pay(basket: Basket, amount: int | None, *, now: datetime.datetime) -> int:
    """Return the amount to pay: `amount`, or all that is due.

    Raises BasketFullyPaid, AmountExceedsBasketDue.
    """
    amount_due = build_quote(build_basket_request(basket), now=now).total - read_amount_paid_for_basket(
        basket
    )
    if amount_due <= 0:
        raise BasketFullyPaid(field="amount")
    if amount is None:
        return amount_due
    if not 0 < amount <= amount_due:
        raise AmountExceedsBasketDue(field="amount", amount_due=amount_due)
    return amount


def _has_end_request(payment: Payment) -> bool:
    ends = GatewayCall.objects.filter(
        payment=payment, operation__in=[GatewayOperation.CAPTURE, GatewayOperation.VOID]
    )
    return ends.exists()
