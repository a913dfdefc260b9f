"""Weigh lines that are sold by weight, and ask the buyer when the weight exceeds the agreed bound.

Up to the bound the price follows the weight. Above the bound the cooperative asks the buyer first, or charges
only the bound. If the buyer declines, the cooperative packs a lighter piece or charges the bound. Buyers may
also take the line off the order (`orders.actions.refunds.remove_overweight_line`).
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks, notifications
from orders.actions.fulfilment.substitute_holds import require_no_waiting_substitute
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.pricing_by_weight import (
    close_weight_questions,
    read_total_at_weight,
    reprice_line_by_weight,
)
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.payments.order_payments import load_transfer_instructions
from orders.models import Order, OrderLine, OrderPart, WeightAnswer, WeightQuestion
from orders.states import ACTIVE_PART_STATES, PartState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change, was_done_with_key
from shop.core.states import TransitionNotAllowed

MAX_WEIGHT_GRAMS = 10_000_000
IMPLAUSIBLE_FACTOR = 3  # a misplaced decimal separator is a factor of ten


class NotSoldByWeight(Refused):
    code = "not_sold_by_weight"
    default_message = _("This product is not sold by weight.")


class InvalidWeight(Refused):
    code = "invalid_weight"
    default_message = _("Enter a weight from 1 g to 10 tonnes.")


class ImplausibleWeight(Refused):
    """The weight is below a third or above three times the estimate, and has to be entered twice.

    `details` has the entered `grams` and the `estimate`.
    """

    code = "implausible_weight"
    default_message = _("This is far from the expected weight. Check the scale and enter the weight again.")


class LineAlreadyPacked(Refused):
    code = "line_already_packed"
    default_message = _("These items are already in a parcel. Undo the parcel, then weigh them again.")


class LineAlreadyRefunded(Refused):
    """A refund was computed from the current weight, so the weight must not change."""

    code = "line_already_refunded"
    default_message = _("These items have been refunded, so their weight can no longer be changed.")


class WeightQuestionPending(Refused):
    code = "weight_question_pending"
    default_message = _("The buyer has been asked about this weight and has not answered yet.")


class WeightQuestionClosed(Refused):
    code = "weight_question_closed"
    default_message = _("This question has already been answered or is no longer needed.")


@transaction.atomic(durable=True)
def weigh_line(
    *,
    part_id: int,
    line_id: uuid.UUID,
    grams: int,
    repeated_grams: int | None = None,
    is_charged_at_bound: bool = False,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> OrderLine:
    """Record the weight of a whole line. The weight may be changed until the line is packed.

    Above the bound the buyer is asked, and the line stays unweighed until they answer. If
    `is_charged_at_bound` is true, the buyer is not asked and pays only the bound. An implausible weight
    counts only if `repeated_grams` is equal to it. A repeated `idempotency_key` does nothing. Raises Missing,
    NotSoldByWeight, InvalidWeight, LineAlreadyPacked, LineAlreadyRefunded, ImplausibleWeight,
    SubstituteUnanswered, WeightQuestionPending, KeyReused, TransitionNotAllowed.
    """
    order, part = locks.lock_part(part_id)
    line = part.lines.filter(pk=line_id).first()
    if line is None:
        raise Missing()
    if not was_done_with_key(idempotency_key, "line.weighed", line):
        _require_weighable(part, line, grams, repeated_grams)
        weigh_locked_line(
            order,
            part,
            line,
            grams,
            is_charged_at_bound=is_charged_at_bound,
            idempotency_key=idempotency_key,
            actor=actor,
            now=now,
        )
    return line


def weigh_locked_line(
    order: Order,
    part: OrderPart,
    line: OrderLine,
    grams: int,
    *,
    is_charged_at_bound: bool = False,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On a locked order: record a checked weight of a line. Raises WeightQuestionPending."""
    exceeds_bound = grams > (line.bound_grams or 0) and not is_charged_at_bound
    if exceeds_bound and WeightQuestion.objects.open().filter(line=line, grams=grams).exists():
        raise WeightQuestionPending(field="grams")
    close_weight_questions([line], now=now)
    reprice_line_by_weight(order, part, line, None if exceeds_bound else grams)
    _record_line_change(
        order,
        part,
        line,
        "line.weighed",
        grams,
        total=read_total_at_weight(order, line, grams) if exceeds_bound else None,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    if exceeds_bound:
        _ask_buyer(order, part, line, grams, actor=actor, now=now)
    finish_order_change(order, now=now)
    request_amount_due(order, now=now)


@transaction.atomic(durable=True)
def answer_weight_question(
    *, question_id: uuid.UUID, is_agreed: bool, actor: Actor, now: datetime.datetime
) -> WeightQuestion:
    """Record whether the buyer agrees to pay for the weight above the bound, or wants a lighter one.

    An agreed weight becomes the line's new bound. Repeating the answer changes nothing. Raises Missing,
    WeightQuestionClosed.
    """
    order, part, question = locks.lock_weight_question(question_id)
    answer = WeightAnswer.AGREED if is_agreed else WeightAnswer.REFUSED
    if question.answer == answer:
        return question
    save_weight_answer(order, part, question, answer, actor=actor, now=now)
    if is_agreed:
        line = question.line
        line.bound_grams, line.bound_gross = question.grams, question.cost_after
        reprice_line_by_weight(order, part, line, question.grams)
    finish_order_change(order, now=now)
    notifications.notify_weight_answer(order, part, question, now=now)
    request_amount_due(order, now=now)
    return question


def save_weight_answer(
    order: Order,
    part: OrderPart,
    question: WeightQuestion,
    answer: WeightAnswer,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On a locked order: record an answer to an open question. Raises WeightQuestionClosed."""
    if question.answer:
        raise WeightQuestionClosed()
    question.answer, question.answered_at = answer, now
    question.save(update_fields=["answer", "answered_at"])
    _record_line_change(
        order,
        part,
        question.line,
        f"line.weight_{answer}",
        question.grams,
        total=question.cost_after,
        actor=actor,
        now=now,
    )


def is_implausible_weight(line: OrderLine, grams: int) -> bool:
    """Return whether the weight is more likely a typing error than a measurement."""
    estimate = line.estimate_grams or 0
    return grams * IMPLAUSIBLE_FACTOR < estimate or grams > estimate * IMPLAUSIBLE_FACTOR


def _require_weighable(part: OrderPart, line: OrderLine, grams: int, repeated_grams: int | None) -> None:
    if part.state != PartState.ACCEPTED:
        raise TransitionNotAllowed(from_state=part.state, to_state="weighing")
    if line.estimate_grams is None:
        raise NotSoldByWeight()
    if not 1 <= grams <= MAX_WEIGHT_GRAMS:
        raise InvalidWeight(field="grams")
    if read_unpacked_quantities([line])[line.pk] != line.quantity:
        raise LineAlreadyPacked()
    require_no_waiting_substitute([line.pk])
    if line.refund_lines.exists():
        raise LineAlreadyRefunded()
    if is_implausible_weight(line, grams) and repeated_grams != grams:
        raise ImplausibleWeight(field="grams", grams=grams, estimate=line.estimate_grams)


def _ask_buyer(
    order: Order, part: OrderPart, line: OrderLine, grams: int, *, actor: Actor, now: datetime.datetime
) -> None:
    question = WeightQuestion.objects.create(
        line=line,
        grams=grams,
        cost_before=line.bound_gross or line.total_gross,
        cost_after=read_total_at_weight(order, line, grams),
        created_at=now,
    )
    _record_line_change(
        order,
        part,
        line,
        "line.weight_question_asked",
        grams,
        total=question.cost_after,
        actor=actor,
        now=now,
    )
    notifications.notify_weight_question(order, part, question, now=now)


def request_amount_due(order: Order, *, now: datetime.datetime) -> None:
    """In a transaction: ask a buyer who paid by transfer for the amount due, once everything is weighed."""
    unweighed = order.lines.filter(
        part__state__in=ACTIVE_PART_STATES, estimate_grams__isnull=False, weighed_grams__isnull=True
    )
    transfer = load_transfer_instructions(order) if order.charged and not unweighed.exists() else None
    if transfer is not None:
        notifications.notify_amount_due(order, transfer, now=now)


def _record_line_change(
    order: Order,
    part: OrderPart,
    line: OrderLine,
    action: str,
    grams: int,
    *,
    total: int | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Record a weight with what the line costs at it, by default its present total."""
    record_change(
        action,
        line,
        actor=actor,
        now=now,
        root=order,
        cooperative_id=part.cooperative_id,
        idempotency_key=idempotency_key,
        data={
            "part": part.number,
            "name": line.product_name,
            "grams": grams,
            "total": line.total_gross if total is None else total,
            "currency": order.currency,
        },
    )
