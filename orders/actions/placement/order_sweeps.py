"""Sweep reservations, unanswered parts, weight questions, unpaid orders and abandoned baskets.

Running a sweep twice does no harm.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Sequence

from celery import shared_task
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_noop

from orders import locks, notifications
from orders.actions.basket.basket_lines import release_reservations
from orders.actions.fulfilment.cancel_parts import cancel_active_parts, end_and_refund_part
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.payments.confirm_order import is_awaiting_confirmation
from orders.models import (
    Basket,
    EventKind,
    Order,
    OrderPart,
    PaymentEvent,
    Reservation,
    WeightQuestion,
)
from orders.states import PartState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.jobs.sweeps import run_batches, run_each
from shop.core.models import Channel, record_change, shop_settings

_BATCH = 200
_BASKET_RETENTION_DAYS = 90


def release_expired_reservations(*, now: datetime.datetime) -> int:
    """Release reservations past their expiry, and return how many."""
    expired = Reservation.objects.expired(now).order_by("stock", "pk")
    return run_batches(
        expired.values_list("pk", flat=True),
        _release_batch,
        sweep="orders.release_expired_reservations",
        batch_size=_BATCH,
    )


@transaction.atomic(durable=True)
def _release_batch(keys: Sequence[int]) -> None:
    release_reservations(list(Reservation.objects.filter(pk__in=keys).order_by("stock", "pk")))


@transaction.atomic(durable=True)
def report_unanswered_part(*, part_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Notify the platform, once, that a part is not accepted and its deadline is near."""
    order, part = locks.lock_part(part_id)
    if part.state != PartState.NEW or part.escalated_at is not None:
        return
    part.escalated_at = now
    part.save(update_fields=["escalated_at"])
    record_part_change(order, part, "part.unanswered", part, actor=actor, now=now)
    notifications.notify_part_unanswered(order, part, now=now)


@transaction.atomic(durable=True)
def decline_unanswered_part(*, part_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Decline a part not accepted before the cooperative's deadline, and notify the buyer."""
    order, part = locks.lock_part(part_id)
    if part.state != PartState.NEW or part.accept_by is None or part.accept_by > now:
        return
    end_and_refund_part(
        order,
        part,
        PartState.DECLINED,
        gettext_noop("The cooperative did not answer in time."),
        actor=actor,
        now=now,
    )


@transaction.atomic(durable=True)
def expire_order(*, order_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Expire an unconfirmed order that was not paid in time, and release its stock.

    Does nothing while money was received or authorised, or while a gateway call's outcome is unknown.
    """
    order = locks.lock_order(order_id)
    if not is_awaiting_confirmation(order) or not Order.objects.filter(pk=order.pk).lapsed(now).exists():
        return
    cancel_active_parts(order, gettext_noop("The order was not paid in time."), actor=actor, now=now)
    order.expired_at = now
    order.save(update_fields=["expired_at"])
    record_change("order.expired", order, actor=actor, now=now)
    finish_order_change(order, now=now)


@shared_task(name="orders.release_expired_reservations")
def release_expired_reservations_task() -> None:
    release_expired_reservations(now=timezone.now())


@shared_task(name="orders.check_unanswered_parts")
def check_unanswered_parts_task() -> None:
    """Sweep: report unaccepted parts whose deadline is near, and decline those past it."""
    now = timezone.now()
    actor = Actor.system("check_unanswered_parts")
    run_each(
        OrderPart.objects.overdue(now).values_list("pk", flat=True),
        lambda part_id: decline_unanswered_part(part_id=part_id, actor=actor, now=now),
        sweep="orders.check_unanswered_parts:decline",
        max_count=_BATCH,
    )
    attention_time = now + datetime.timedelta(hours=shop_settings().attention_hours_before)
    run_each(
        OrderPart.objects.overdue(attention_time).filter(escalated_at=None).values_list("pk", flat=True),
        lambda part_id: report_unanswered_part(part_id=part_id, actor=actor, now=now),
        sweep="orders.check_unanswered_parts:attention",
        max_count=_BATCH,
    )


@transaction.atomic(durable=True)
def remind_weight_question(*, question_id: uuid.UUID, now: datetime.datetime) -> None:
    """Remind a buyer, once, that a line waits for their answer about its weight. Raises Missing."""
    unlocked = WeightQuestion.objects.select_related("line").filter(pk=question_id).first()
    if unlocked is None:
        raise Missing()
    order, part = locks.lock_part(unlocked.line.part_id)
    question = (
        WeightQuestion.objects.unanswered_for_a_day(now).select_related("line").filter(pk=question_id).first()
    )
    if question is not None:
        notifications.notify_weight_question(order, part, question, is_reminder=True, now=now)


@shared_task(name="orders.remind_weight_questions")
def remind_weight_questions_task() -> None:
    """Sweep: remind buyers of weight questions that have been open for a day."""
    now = timezone.now()
    two_days_ago = now - datetime.timedelta(days=2)
    questions = (
        WeightQuestion.objects.unanswered_for_a_day(now).filter(created_at__gt=two_days_ago).in_order()
    )
    run_each(
        questions.values_list("pk", flat=True),
        lambda question_id: remind_weight_question(question_id=question_id, now=now),
        sweep="orders.remind_weight_questions",
        max_count=_BATCH,
    )


@shared_task(name="orders.expire_orders")
def expire_orders_task() -> None:
    """Sweep: expire orders not paid in time, and delete guests' baskets that were not used for long.

    Orders without any payment expire by their channel's setting.
    """
    now = timezone.now()
    actor = Actor.system("expire_orders")
    run_each(
        _find_orders_to_expire(now),
        lambda order_id: expire_order(order_id=order_id, actor=actor, now=now),
        sweep="orders.expire_orders",
        max_count=_BATCH,
    )
    delete_abandoned_baskets(now=now)


def _find_orders_to_expire(now: datetime.datetime) -> Iterator[uuid.UUID]:
    """Yield keys of orders to expire, first those without payments, then those with payments."""
    for channel in Channel.objects.filter(expire_orders_after_minutes__gt=0).order_by("pk"):
        before = now - datetime.timedelta(minutes=channel.expire_orders_after_minutes or 0)
        waiting_orders = Order.objects.filter(channel=channel, placed_at__lte=before, payments=None)
        yield from waiting_orders.lapsed(now).values_list("pk", flat=True).iterator()
    with_payments = Order.objects.filter(payments__isnull=False).distinct().lapsed(now)
    yield from with_payments.values_list("pk", flat=True).iterator()


def delete_abandoned_baskets(*, now: datetime.datetime) -> int:
    """Delete guests' baskets untouched for 90 days without reservations or charges, and return how many."""
    charges = PaymentEvent.objects.filter(payment__basket=OuterRef("pk"), kind=EventKind.CHARGE_SUCCESS)
    abandoned = Basket.objects.filter(
        ~Exists(Reservation.objects.filter(line__basket=OuterRef("pk"))),
        ~Exists(charges),
        user=None,
        changed_at__lt=now - datetime.timedelta(days=_BASKET_RETENTION_DAYS),
    )
    return run_each(
        abandoned.order_by("changed_at", "pk").values_list("pk", flat=True),
        _delete_basket,
        sweep="orders.expire_orders:baskets",
        max_count=_BATCH,
    )


@transaction.atomic(durable=True)
def _delete_basket(key: uuid.UUID) -> None:
    Basket.objects.filter(pk=key).delete()
