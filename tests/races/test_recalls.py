"""A buyer who places an order while its lot is recalled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import Lot, Stock
from orders import locks
from orders.actions.fulfilment import recalls
from orders.actions.fulfilment.recalls import start_recall
from orders.actions.placement.place_order import BasketChanged
from orders.models import Basket, Order
from shop.core.actors import Actor
from tests.factories import NOW, get_stock, make_variant
from tests.invariants import check_stock
from tests.races.parallel import run_in_threads
from tests.races.removed_locks import RemovedLocks
from tests.races.test_place_order import placing, ready_basket

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor.system("test")


def basket_and_lot() -> tuple[Basket, Lot, Callable[[], Any]]:
    """Return a basket of 2, the lot that is all of its stock, and a callable that recalls the lot."""
    variant = make_variant(on_hand=0)
    lot = receive_lot(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=2,
        details=LotDetails(),
        actor=ACTOR,
        now=NOW - timedelta(days=1),
    )
    texts = {"reason": "Có mốc", "advice": "Không ăn"}
    return (
        ready_basket((variant, 2)),
        lot,
        partial(start_recall, lot_id=lot.pk, **texts, actor=ACTOR, now=NOW),
    )


def test_order_is_refused_whose_quote_was_made_before_the_recall(monkeypatch) -> None:
    """The recall commits once the order is about to lock the stock that its quote found free."""
    basket, lot, recall = basket_and_lot()
    is_stopped, is_about_to_lock = threading.Event(), threading.Event()
    record_change, lock_stock = recalls.record_change, locks.lock_stock

    def record_when_order_waits(*args: Any, **values: Any) -> Any:
        is_stopped.set()
        if connection.vendor != "sqlite":  # there the order cannot begin before the recall has ended
            is_about_to_lock.wait(20)
        return record_change(*args, **values)

    def lock_after_notice(stock_ids: Any) -> Any:
        is_about_to_lock.set()
        return lock_stock(stock_ids)

    def place_while_stopping() -> Any:
        is_stopped.wait(20)
        return placing(basket)()

    monkeypatch.setattr(recalls, "record_change", record_when_order_waits)
    monkeypatch.setattr(locks, "lock_stock", lock_after_notice)

    recalled, refusal = run_in_threads([recall, place_while_stopping])

    assert (recalled, type(refusal)) == (None, BasketChanged)
    stock = get_stock(lot.variant)
    assert (stock.allocated, stock.recalled, stock.free) == (0, 2, 0)
    assert Order.objects.count() == 0
    check_stock()


def test_without_lock_an_order_takes_the_recalled_lot(monkeypatch) -> None:
    basket, lot, recall = basket_and_lot()
    removed_locks = RemovedLocks(monkeypatch, Stock, thread_count=1)
    read_compiled_rows = locks.lock_compiled_rows

    def read_then_recall(rows_of: Any, *args: Any) -> Any:
        rows = read_compiled_rows(rows_of, *args)
        if rows and isinstance(rows[0], Stock) and connection.vendor != "sqlite":
            run_in_threads([recall])
        return rows

    def recall_then_place() -> Any:
        if connection.vendor == "sqlite":
            recall()
        return placing(basket)()

    monkeypatch.setattr(locks, "lock_compiled_rows", read_then_recall)

    results = run_in_threads([removed_locks.wrap_placing(basket, recall_then_place)])

    assert [type(result) for result in results] == [Order]
    stock = get_stock(lot.variant)
    assert (stock.allocated, stock.recalled, stock.free) == (2, 2, -2)
