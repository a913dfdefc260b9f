"""How an order is to be paid, and what follows when its money comes."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks, notices
from orders.actions.events import record_event
from orders.actions.record import answer_by
from orders.actions.standing import update_standing
from orders.models import (
    AskedTransfer,
    EventKind,
    GatewayCall,
    Method,
    Order,
    OrderPart,
    Payment,
    PaymentEvent,
)
from orders.payments.asking import asked_of
from orders.states import Coverage
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import Channel, record_change, shop_settings

_COVERED = frozenset({Coverage.FULL, Coverage.OVER})


class WayNotOffered(Refused):
    code = "way_not_offered"
    default_words = _("Orders cannot be paid this way at the moment. Please choose another.")


class NotWaiting(Refused):
    """The order does not wait for money: it is confirmed, paid, expired or cancelled."""

    code = "not_waiting_for_payment"
    default_words = _("This order is not waiting for a payment any more.")


class PaymentUnderWay(Refused):
    code = "payment_under_way"
    default_words = _("A payment is under way. Wait a moment until it is known how it ended.")


def ways_to_pay(channel: Channel) -> list[Method]:
    """What the market can take for an order in this channel, the usual one first."""
    ways = [Method.COD]
    shop = shop_settings()
    if channel.currency == "VND" and shop.bank_bin and shop.bank_account:
        ways.append(Method.TRANSFER)
    return ways


def require_way(channel: Channel, method: Method) -> None:
    """Raises WayNotOffered."""
    if method not in ways_to_pay(channel):
        raise WayNotOffered(field="payment")


def expect_payment(order: Order, method: Method, *, now: datetime.datetime) -> Payment:
    """Step: the intent that what is due comes this way; `update_standing` writes what is waited for.

    Whoever pays beforehand has the channel's time for it.
    """
    time = None if method == Method.COD else datetime.timedelta(minutes=order.channel.transfer_minutes)
    return Payment.objects.create(
        order=order,
        method=method,
        currency=order.currency,
        key=f"{method}:{order.pk}:{Payment.objects.filter(order=order).count()}",
        expires_at=now + time if time is not None else None,
    )


@transaction.atomic(durable=True)
def change_way(*, order_id: uuid.UUID, method: Method, actor: Actor, now: datetime.datetime) -> Payment:
    """The buyer wants to pay an order that waits for money another way; said again, it is as it was.

    Raises Missing, NotWaiting, PaymentUnderWay, WayNotOffered.
    """
    order = locks.lock_order(order_id)
    if not is_waiting(order):
        raise NotWaiting()
    last = Payment.objects.filter(order=order).order_by("-created_at", "-pk").first()
    if last is not None and last.method == method and (last.expires_at is None or last.expires_at > now):
        return last
    require_way(order.channel, method)
    if order.charged or GatewayCall.objects.filter(payment__order=order).unanswered().exists():
        raise PaymentUnderWay()
    if last is not None:
        stop_waiting(last, actor=actor, now=now)
    payment = expect_payment(order, method, now=now)
    record_change("payment.way_changed", order, actor=actor, now=now, data={"method": str(method)})
    update_standing(order, now=now)
    if method == Method.COD and order.channel.automatically_confirm_all_new_orders:
        confirm(order, actor=actor, now=now)
    return payment


def asked_transfer(order: Order) -> AskedTransfer | None:
    """What whoever pays the order has to transfer now; None where it is paid another way, or not at all."""
    payment = Payment.objects.filter(order=order).order_by("-created_at", "-pk").first()
    return asked_of(order, payment, shop_settings())


def stop_waiting(payment: Payment, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: nothing more is expected to come this way."""
    pending = Payment.objects.filter(pk=payment.pk).sums()[payment.pk].charge_pending
    key = f"payment:{payment.pk}:given_up"
    record_event(payment, EventKind.CANCEL_SUCCESS, pending, key=key, actor=actor, now=now)


def is_waiting(order: Order) -> bool:
    """Whether it is placed, stands, and nobody has begun on it for want of its money."""
    return not (order.is_draft or order.confirmed_at or order.expired_at or order.cancelled_at)


def money_came(
    order: Order,
    payment: Payment,
    amount: int,
    *,
    key: str,
    reference: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> PaymentEvent | None:
    """Step, on a locked order: that much has come; once it covers what is due, the order is confirmed.

    `key` names the outside fact: known already, nothing happens and the answer is None.
    """
    event = record_event(
        payment, EventKind.CHARGE_SUCCESS, amount, key=key, reference=reference, actor=actor, now=now
    )
    if event is None:
        return None
    record_change(
        "payment.received",
        order,
        actor=actor,
        now=now,
        data={"amount": amount, "method": payment.method},
    )
    update_standing(order, now=now)
    confirm_if_covered(order, actor=actor, now=now)
    return event


def confirm_if_covered(order: Order, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: whoever has paid, or has let the whole sum be held, need not wait for anybody."""
    is_automatic = order.channel.automatically_confirm_all_new_orders
    if is_waiting(order) and is_automatic and order.authorize_coverage in _COVERED:
        confirm(order, actor=actor, now=now)


def confirm(order: Order, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: the order counts; the cooperatives hear of it, and their time to answer begins."""
    order.confirmed_at = now
    order.save(update_fields=["confirmed_at"])
    give_time_to_answer(order, now=now)
    record_change("order.confirmed", order, actor=actor, now=now)
    update_standing(order, now=now)
    notices.order_confirmed(order, now=now)


def give_time_to_answer(order: Order, *, now: datetime.datetime) -> None:
    """Step: the cooperatives' time to accept begins now, however long ago the order was written."""
    hours = shop_settings().accept_within_hours
    parts = list(order.parts.select_related("cooperative").standing().order_by("number"))
    for part in parts:
        part.accept_by = answer_by(part.cooperative, now, hours)
    OrderPart.objects.bulk_update(parts, ["accept_by"])
