"""Measuring: what is counted, and that what went wrong is not measured."""

from __future__ import annotations

import pytest

from shop.core.models import Channel
from shop.management.bench.measuring import FEWEST, measure

pytestmark = pytest.mark.django_db


def test_a_page_is_asked_for_until_time_is_up_and_its_queries_are_counted() -> None:
    asked = []

    def ask(given: int) -> None:
        asked.append(given)
        list(Channel.objects.all())
        Channel.objects.count()

    measured = measure("shelf", ask, seconds=0, prepare=lambda: 7)

    assert asked == [7] * (FEWEST + 2)
    assert (measured.page, measured.queries) == ("shelf", 2)
    assert 0 < measured.p50 <= measured.p95


def test_what_is_prepared_is_not_counted() -> None:
    measured = measure("nothing", lambda _given: None, seconds=0, prepare=Channel.objects.count)

    assert measured.queries == 0
