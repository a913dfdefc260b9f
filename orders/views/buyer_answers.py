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
    is_agreed = _read_answer(request, agreed=WeightAnswer.AGREED, refused=WeightAnswer.REFUSED)
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
    is_agreed = _read_answer(request, agreed=SubstituteState.ACCEPTED, refused=SubstituteState.REJECTED)
    return partial(answer_substitute, substitute_id=substitute.pk, is_agreed=is_agreed, actor=actor, now=now)


def _read_answer(request: HttpRequest, *, agreed: str, refused: str) -> bool:
    """Return whether the posted answer is the agreement. Raises Http404 for anything but the two answers."""
    answer = request.POST.get("answer")
    if answer not in (agreed, refused):
        raise Http404
    return answer == agreed
