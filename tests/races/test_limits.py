"""Parallel tries at one limit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

import pytest

from shop.core.models import LimitCounter
from shop.core.models.limit_counter import LimitCounterQuerySet, LimitTry
from shop.core.web.rate_limits import Limit, TooManyTries
from tests.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)
GUESSES = Limit("race", tries=8, seconds=600)


def test_of_forty_parallel_guesses_exactly_as_many_pass_as_the_limit_allows() -> None:
    answers = together([partial(GUESSES.take, "an account")] * 40)

    refused = [answer for answer in answers if isinstance(answer, TooManyTries)]
    assert (answers.count(None), len(refused)) == (8, 32), answers
    assert LimitCounter.objects.get().count == 8


def test_tries_spent_in_parallel_are_all_counted() -> None:
    many = Limit("race", tries=1_000, seconds=600)

    answers = together([partial(many.spend, "an account")] * 40)

    assert answers == [None] * 40
    assert LimitCounter.objects.get().count == 40


def test_counting_in_two_steps_lets_parallel_guesses_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that the race exists: read, then write."""
    GUESSES.take("an account")
    read_by_all = threading.Barrier(10, timeout=20)

    def read_then_write(counters: LimitCounterQuerySet, tries: Sequence[LimitTry]) -> bool:
        ((key, most, _seconds),) = tries
        count = counters.get(key=key).count
        read_by_all.wait()
        counters.filter(key=key).update(count=count + 1)
        return count < most

    monkeypatch.setattr(LimitCounterQuerySet, "count_tries", read_then_write)

    answers = together([partial(GUESSES.take, "an account")] * 10, hands=10)

    assert answers.count(None) == 10
