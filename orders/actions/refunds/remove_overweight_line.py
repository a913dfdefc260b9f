"""Take a line off the order that weighs more than the buyer agreed to."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_noop

from orders import locks, notifications
from orders.actions.fulfilment.weigh_lines import request_amount_due, save_weight_answer
from orders.actions.refunds.report_shortage import refund_unsent_items
from orders.models import WeightAnswer, WeightQuestion
from orders.states import CANCELLED_BY_BUYER
from shop.core.actors import Actor

OVERWEIGHT_REASON = gettext_noop("You took off an item that weighs more than agreed.")


@transaction.atomic(durable=True)
def remove_overweight_line(*, question_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> WeightQuestion:
    """Answer a weight question by taking the line off the order. It is neither sent nor charged.

    If nothing else of the part is left to send, the part is cancelled with its delivery fee. Repeating the
    answer changes nothing. Raises Missing, WeightQuestionClosed, EmptyRefund, SubstituteUnanswered.
    """
    order, part, question = locks.lock_weight_question(question_id)
    if question.answer == WeightAnswer.REMOVED:
        return question
    save_weight_answer(order, part, question, WeightAnswer.REMOVED, actor=actor, now=now)
    refund_unsent_items(
        order,
        part,
        question.line_id,
        question.line.quantity,
        reason=OVERWEIGHT_REASON,
        end_reason=CANCELLED_BY_BUYER,
        actor=actor,
        now=now,
    )
    if part.is_active:
        notifications.notify_weight_answer(order, part, question, now=now)
    request_amount_due(order, now=now)
    return question
