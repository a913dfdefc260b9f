"""The shop with its locks taken out, which shows that the races they stop are real.

On PostgreSQL rows are read without being locked, and whoever has read waits until everybody has. On SQLite
the lock is the writer's turn (IMMEDIATE), so the check stands before BEGIN: what it reads is read before the
transaction, and the step inside it is given that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from catalog.models import Stock
from cooperatives.models import PickupSlot
from orders import locks
from orders.actions.placement import place_order as placing
from orders.actions.quotes.build_quote import basket_quote_request, build_quote
from orders.models import Basket, Voucher
from tests.factories import NOW


class Unlocked:
    """Holds `hands` workers between reading rows of `model` and writing them."""

    def __init__(self, monkeypatch: Any, model: type[Model], hands: int) -> None:
        self._model = model
        self._read_by_all = threading.Barrier(hands, timeout=20)
        self._checked_by_all = threading.Barrier(hands, timeout=20)
        self._early = threading.local()
        monkeypatch.setattr(locks, "lock_rows", self._rows)
        monkeypatch.setattr(locks, "lock_compiled_rows", lambda rows_of, *args: self._rows(rows_of(*args)))
        monkeypatch.setattr(locks, "lock_row", lambda rows: next(iter(self._rows(rows)), None))
        if connection.vendor == "sqlite":
            monkeypatch.setattr(placing, "build_quote", lambda _wanted, *, now: self._early.offer)
        elif model is Voucher:  # whose uses are counted after it was read
            monkeypatch.setattr(placing, "build_quote", self._quote)

    def placing(self, basket: Basket, work: Callable[[], Any]) -> Callable[[], Any]:
        """The work of placing a basket, its check moved before the transaction where that is the lock."""
        if connection.vendor != "sqlite":
            return work

        def read_then_work() -> Any:
            self._early.rows = {
                Basket: list(Basket.objects.filter(pk=basket.pk)),
                Stock: list(Stock.objects.order_by("pk")),
                PickupSlot: list(PickupSlot.objects.order_by("pk")),
            }
            self._early.offer = build_quote(basket_quote_request(self._early.rows[Basket][0]), now=NOW)
            self._read_by_all.wait()
            return work()

        return read_then_work

    def seen(self, rows: QuerySet[Any]) -> list[Any]:
        """Rows as everybody reads them before anybody writes."""
        return self._rows(rows)

    def _quote(self, requested: Any, *, now: Any) -> Any:
        """The check, after which nobody writes before everybody has checked."""
        offer = build_quote(requested, now=now)
        if not getattr(self._early, "has_checked", False):
            self._early.has_checked = True
            self._checked_by_all.wait()
        return offer

    def _rows(self, rows: QuerySet[Any]) -> list[Any]:
        if connection.vendor == "sqlite":
            return self._early.rows[rows.model] if rows.model in self._early.rows else list(rows)
        found = list(rows.order_by("pk"))
        if rows.model is self._model:
            self._read_by_all.wait()
        return found
