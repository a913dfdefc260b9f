"""Races for the rest of what one buyer may order."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from catalog.models import Variant
from orders.actions.quotes.purchase_limits import BuyerLimitReached
from orders.actions.quotes.quote_types import QuoteProblem
from orders.models import Order, OrderLine
from tests.factories import make_variant
from tests.invariants import check_everything
from tests.races.parallel import run_in_threads
from tests.races.removed_locks import RemovedLocks
from tests.races.test_place_order import of_type, placing, ready_basket

pytestmark = pytest.mark.django_db(transaction=True)


def ordered_in_all():
    return OrderLine.objects.aggregate(total=Sum("quantity"))["total"]


def test_one_buyers_orders_at_once_stay_within_the_limit() -> None:
    variant = make_variant(on_hand=100, quantity_limit_per_customer=5)
    baskets = [ready_basket((variant, 2)) for _ in range(10)]

    results = run_in_threads([placing(basket) for basket in baskets])

    refusals = of_type(results, BuyerLimitReached)
    assert (len(of_type(results, Order)), len(refusals)) == (2, 8), results
    lines = [line for refusal in refusals for line in refusal.details["quote"].lines]
    assert {(*line.problems, line.limit) for line in lines} == {(QuoteProblem.OVER_LIMIT, 5)}
    assert ordered_in_all() == 4
    check_everything()


def test_without_lock_one_buyer_orders_more_than_the_limit(monkeypatch) -> None:
    variant = make_variant(on_hand=100, quantity_limit_per_customer=3)
    baskets = [ready_basket((variant, 2)) for _ in range(2)]
    removed_locks = RemovedLocks(monkeypatch, Variant, thread_count=2)

    results = run_in_threads([removed_locks.wrap_placing(basket, placing(basket)) for basket in baskets])

    assert len(of_type(results, Order)) == 2, results
    assert ordered_in_all() == 4
