"""Record a buyer's answers about weight and substitutes, given on the order page or to the desk by phone."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from functools import partial

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from orders.actions.fulfilment.weigh_lines import answer_weight_question
from orders.actions.refunds.answer_substitute import answer_substitute
from orders.actions.refunds.remove_overweight_line import remove_overweight_line
from orders.models import Order, Substitute, WeightAnswer, WeightQuestion
from orders.states import SubstituteState
from shop.core.actors import Actor


def weight_answer_action(
    request: HttpRequest,
    orders: QuerySet[Order],
    question_id: uuid.UUID,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Callable[[], object]:
    """Return the action that records the posted answer to a question about these orders. Raises Http404."""
    question = get_object_or_404(WeightQuestion, line__order__in=orders, pk=question_id)
    answer = _read_answer(request, WeightAnswer.AGREED, WeightAnswer.REFUSED, WeightAnswer.REMOVED)
    if answer == WeightAnswer.REMOVED:
        return partial(remove_overweight_line, question_id=question.pk, actor=actor, now=now)
    is_agreed = answer == WeightAnswer.AGREED
    return partial(answer_weight_question, question_id=question.pk, is_agreed=is_agreed, actor=actor, now=now)


def substitute_answer_action(
    request: HttpRequest,
    orders: QuerySet[Order],
    substitute_id: uuid.UUID,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Callable[[], object]:
    """Return the action that records the posted answer to a substitute for these orders. Raises Http404."""
    substitute = get_object_or_404(Substitute, line__order__in=orders, pk=substitute_id)
    answer = _read_answer(request, SubstituteState.ACCEPTED, SubstituteState.REJECTED)
    is_agreed = answer == SubstituteState.ACCEPTED
    return partial(answer_substitute, substitute_id=substitute.pk, is_agreed=is_agreed, actor=actor, now=now)


def _read_answer(request: HttpRequest, *answers: str) -> str:
    """Return the posted answer. Raises Http404 for anything but these answers."""
    answer = request.POST.get("answer", "")
    if answer not in answers:
        raise Http404
    return answer
