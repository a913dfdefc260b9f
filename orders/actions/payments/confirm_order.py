"""Confirm orders, by staff or once the amount due is paid or authorised."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks, notifications
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.record_order import acceptance_deadline
from orders.models import (
    InvoiceDetails,
    Order,
    OrderPart,
)
from orders.states import Coverage
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change, shop_settings

_COVERED = frozenset({Coverage.FULL, Coverage.OVER})


class OrderNotAwaitingPayment(Refused):
    """The order waits for no money, because it is confirmed, paid, expired or cancelled."""

    code = "order_not_awaiting_payment"
    default_message = _("This order is no longer waiting for payment.")


def is_awaiting_confirmation(order: Order) -> bool:
    """Return whether the order is placed and only waits for payment or confirmation."""
    return not (order.is_draft or order.confirmed_at or order.expired_at or order.cancelled_at)


def is_confirmed_automatically(order: Order) -> bool:
    """Return whether orders are confirmed without staff once paid, authorised, or due on delivery."""
    return order.channel.automatically_confirm_all_new_orders


@transaction.atomic(durable=True)
def confirm_order(*, order_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Order:
    """Confirm an order on behalf of staff, paid or not. Raises Missing, OrderNotAwaitingPayment."""
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing()
    if not is_awaiting_confirmation(order):
        raise OrderNotAwaitingPayment()
    confirm_locked_order(order, actor=actor, now=now)
    return order


def confirm_if_covered(order: Order, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: confirm an order whose sum is fully paid or authorised."""
    if (
        is_awaiting_confirmation(order)
        and is_confirmed_automatically(order)
        and order.authorize_coverage in _COVERED
    ):
        confirm_locked_order(order, actor=actor, now=now)


def confirm_locked_order(order: Order, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: confirm the order, notify its cooperatives and start their time to accept."""
    order.confirmed_at = now
    order.save(update_fields=["confirmed_at"])
    start_acceptance_deadline(order, now=now)
    record_change("order.confirmed", order, actor=actor, now=now)
    finish_order_change(order, now=now)
    payment, shop = order.payments.current(), shop_settings()
    invoice = InvoiceDetails.objects.filter(order=order).first()
    parts = notifications.load_parts(order)
    notifications.notify_order_confirmed(order, parts, payment, invoice=invoice, shop=shop, now=now)


def start_acceptance_deadline(order: Order, *, now: datetime.datetime) -> None:
    """In a transaction: start the cooperatives' time to accept the order now."""
    hours = shop_settings().accept_within_hours
    parts = list(order.parts.select_related("cooperative").active().order_by("number"))
    for part in parts:
        part.accept_by = acceptance_deadline(part.cooperative, now, hours)
    OrderPart.objects.bulk_update(parts, ["accept_by"])
