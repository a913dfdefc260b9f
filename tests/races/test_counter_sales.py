"""Sales at one till at the same time: each gets a receipt number of its own, without a gap."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection

from orders import locks
from orders.actions.counter import record_sale
from orders.actions.counter.quote_sale import SaleLine
from orders.models import CounterSale, Shift
from tests.factories import make_seller, make_variant
from tests.orders.counter.till_helpers import make_open_shift, sell
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def selling() -> partial[Any]:
    """Return a callable that sells a packet of rice at an open shift's till."""
    seller = make_seller()
    rice = make_variant(seller, price=45_000, on_hand=10)
    shift, cashier = make_open_shift(cooperative=seller)
    return partial(sell, shift, cashier, SaleLine(rice.pk, 1))


def test_sales_at_once_get_numbers_without_a_gap() -> None:
    results = run_in_threads([selling()] * 3)

    assert {type(result) for result in results} == {CounterSale}
    assert list(CounterSale.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3]


def test_without_lock_the_constraint_refuses_the_second_number(monkeypatch) -> None:
    """Another sale takes the number once the first has read it."""
    sale = selling()
    read_next_number = record_sale._read_next_number
    unlocked = Shift.objects.select_related("till__cooperative").get()
    monkeypatch.setattr(locks, "lock_shift", lambda shift_id: unlocked)

    def read_then_sell(shift: Shift) -> int:
        number = read_next_number(shift)
        monkeypatch.undo()
        if connection.vendor != "sqlite":  # there the transaction is the lock, so the other sale is over
            run_in_threads([sale])
        return number

    if connection.vendor == "sqlite":
        sale()
        monkeypatch.setattr(record_sale, "_read_next_number", lambda shift: 1)
    else:
        monkeypatch.setattr(record_sale, "_read_next_number", read_then_sell)

    with pytest.raises(IntegrityError):
        sale()

    assert CounterSale.objects.count() == 1
