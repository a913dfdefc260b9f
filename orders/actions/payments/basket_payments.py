"""Paying for a basket before it is an order: promised, noted, or held by a card, and then brought along.

No card pays for a basket: it holds the sum. Once the basket is an order what is due of it is taken, at once
where the channel charges at once and nothing is to be weighed; what nobody orders is let go.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.basket.basket_lines import locked_basket
from orders.actions.gateway_requests.gateway_requests import (
    ask_cancel,
    ask_capture,
    ask_hold,
    start_of,
    sums_of,
)
from orders.actions.ledger.ledger_postings import book_event
from orders.actions.ledger.payment_events import record_event
from orders.actions.order_records.recalculate_order import update_standing
from orders.actions.payments.order_payments import money_came, require_way, stop_waiting
from orders.actions.quotes.build_quote import quote, wanted_of
from orders.models import (
    Basket,
    EventKind,
    GatewayCall,
    Method,
    Operation,
    Order,
    Payment,
    PaymentEvent,
    PaymentSums,
    sums_before,
)
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.database.compiled_query import prepared
from shop.core.errors import Missing, Refused
from shop.core.models import KeyReused, TransactionFlow

# What pays later by itself, once the goods are there or the buyer has been to the bank.
PROMISED = (Method.COD, Method.TRANSFER)
FLOW = "flow"  # the label that says how a payment is taken, where not as its channel takes it


class NothingToPay(Refused):
    code = "nothing_to_pay"
    default_words = _("There is nothing left to pay.")


class TooMuch(Refused):
    """More than what is left to pay; `details["left"]` says how much that is, in minor units."""

    code = "too_much"
    default_words = _("That is more than what is left to pay.")


@transaction.atomic(durable=True)
def prepay(
    *,
    basket_id: uuid.UUID,
    method: Method,
    amount: int | None = None,
    key: str | None = None,
    labels: dict[str, str] | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Payment:
    """Begin to pay for a basket, by card or by a promise; what is left of it unless said, in minor units.

    The same `key` again answers the first payment. `labels` are kept with it. Raises AmountNotForCards,
    KeyReused, Missing, NothingToPay, TooMuch, WayNotOffered.
    """
    basket = locked_basket(basket_id)
    known = begun_before(key, basket=basket)
    if known is not None:
        return known
    wanted = _amount(basket, amount, now=now)
    require_way(basket.channel, method, wanted)
    payment = _begin(basket, method, key, labels)
    if method == Method.CARD:
        ask_hold(basket, payment, wanted, actor=actor, now=now)
    else:
        asked = f"payment:{payment.pk}:promised"
        record_event(payment, EventKind.CHARGE_REQUEST, wanted, key=asked, actor=actor, now=now)
    return payment


@transaction.atomic(durable=True)
def begin_by_app(
    *,
    basket_id: uuid.UUID,
    key: str | None = None,
    labels: dict[str, str] | None = None,
    amount: int | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> tuple[Payment, int]:
    """A payment of which an app tells us what happens, and how much is to be paid. Raises as `prepay`."""
    basket = locked_basket(basket_id)
    known = begun_before(key, basket=basket)
    wanted = _amount(basket, amount, now=now)
    return known or _begin(basket, Method.APP, key, labels), wanted


@transaction.atomic(durable=True)
def note_event(
    *,
    payment_id: uuid.UUID,
    kind: EventKind,
    amount: int,
    reference: str = "",
    message: str = "",
    key: str,
    actor: Actor,
    now: datetime.datetime,
) -> PaymentEvent | None:
    """Write down what an app says has happened to a payment, once for each `key`. Raises Missing."""
    order, payment = lock_payment(payment_id)
    if order is not None and kind == EventKind.CHARGE_SUCCESS:
        return money_came(order, payment, amount, key=key, reference=reference, actor=actor, now=now)
    event = record_event(
        payment, kind, amount, key=key, reference=reference, message=message, actor=actor, now=now
    )
    if order is not None and event is not None:
        update_standing(order, now=now)
    return event


def begun_before(
    key: str | None, *, basket: Basket | None = None, order: Order | None = None
) -> Payment | None:
    """The payment of this basket or order that was begun with the key. Raises KeyReused for another's."""
    known = Payment.objects.filter(key=key).first() if key else None
    if known is not None and (known.basket_id, known.order_id) != (basket and basket.pk, order and order.pk):
        raise KeyReused()
    return known


def lock_payment(payment_id: uuid.UUID) -> tuple[Order | None, Payment]:
    """Step: a payment under the lock of its basket or order. Raises Missing."""
    found = Payment.objects.filter(pk=payment_id).first()
    if found is None:
        raise Missing(field="id")
    if found.order_id is None and found.basket_id is not None:
        locks.lock_basket(found.basket_id)
        found.refresh_from_db()
    order = locks.lock_order(found.order_id) if found.order_id is not None else None
    return order, Payment.objects.get(pk=payment_id)


def paid_before(basket: Basket) -> int:
    """What has been paid for a basket, or is held for it, in minor units."""
    return paid_of(sums_before(basket.pk))


def paid_of(sums: Mapping[Method, Iterable[PaymentSums]]) -> int:
    """What has been paid, or is held, by the sums of a basket's payments."""
    return sum(each.pays for some in sums.values() for each in some)


def promised_of(sums: Mapping[Method, Iterable[PaymentSums]], *methods: Method) -> int:
    """What is to be paid by a promise of these kinds."""
    return sum(each.charge_pending for method in methods for each in sums.get(method, ()))


def bring_payments(
    order: Order, basket: Basket, *, keeps_promises: bool, actor: Actor, now: datetime.datetime
) -> list[Payment]:
    """Step: what was begun for a basket goes on for its order, and is booked. What no card holds yet is
    stopped, since its buyer has ordered without it; so are promises where the order is paid another way."""
    carried = _begun_for(basket.pk)
    for payment in carried:
        payment.order, payment.basket = order, None
        if payment.method == Method.TRANSFER:
            payment.expires_at = now + datetime.timedelta(minutes=order.channel.transfer_minutes)
        payment.save(update_fields=["order", "basket", "expires_at", "updated_at"])
        for event in payment.events.order_by("pk"):
            event.payment = payment
            book_event(event)
        if payment.method in PROMISED and not keeps_promises:
            stop_waiting(order, payment, actor=actor, now=now)
        start = start_of(payment)
        if start is not None and start.state == CallState.NEEDS_BUYER and start.reference:
            ask_cancel(order, payment, actor=actor, now=now)
    return carried


@prepared
def _begun_for(basket: uuid.UUID) -> QuerySet[Payment]:
    return Payment.objects.filter(basket=basket).order_by("created_at", "pk")


def take_what_was_held(
    order: Order, carried: Sequence[Payment], *, actor: Actor, now: datetime.datetime
) -> None:
    """Step, where the channel (or whoever began the payment) charges at once: ask the cards for what they
    hold of what is due now.

    Goods to be weighed are charged by the scale, and an order that still waits for money not at all.
    """
    if not carried or order.lines.to_weigh().exists() or paid_for(order) < order.due_gross:
        return
    left = order.still_due
    for payment in carried:
        flow = payment.private_metadata.get(FLOW, order.channel.default_transaction_flow)
        held = min(left, sums_of(payment).authorised) if payment.method == Method.CARD else 0
        if held and flow == TransactionFlow.CHARGE and not _is_ending(payment):
            ask_capture(order, payment, held, actor=actor, now=now)
            left -= held


def paid_for(order: Order) -> int:
    """What has been paid for an order, or is held for it, in minor units."""
    return sum(each.pays for each in Payment.objects.filter(order=order).sums().values())


def _begin(basket: Basket, method: Method, key: str | None, labels: dict[str, str] | None) -> Payment:
    return Payment.objects.create(
        basket=basket,
        method=method,
        currency=basket.currency,
        key=key,
        private_metadata=labels or {},
    )


def _amount(basket: Basket, amount: int | None, *, now: datetime.datetime) -> int:
    """What is to be paid: no more than what nobody has paid yet."""
    left = quote(wanted_of(basket), now=now).total - paid_before(basket)
    if left <= 0:
        raise NothingToPay(field="amount")
    if amount is None:
        return left
    if not 0 < amount <= left:
        raise TooMuch(field="amount", left=left)
    return amount


def _is_ending(payment: Payment) -> bool:
    ends = GatewayCall.objects.filter(payment=payment, operation__in=[Operation.CAPTURE, Operation.CANCEL])
    return ends.exists()
