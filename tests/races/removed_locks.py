"""Remove the shop's locks, to show that the races they prevent are real.

On PostgreSQL rows are read without a lock, and each reader waits until all have read. On SQLite the lock is
the IMMEDIATE writer, so the check runs before BEGIN, and the step inside the transaction uses the rows read
then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

from catalog.models import Stock, Variant
from cooperatives.models import PickupSlot
from orders import locks
from orders.actions.placement import place_order as placing
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.models import Basket, Voucher
from tests.factories import NOW


class RemovedLocks:
    """Stop all `thread_count` threads between reading rows of `model` and writing them."""

    def __init__(self, monkeypatch: Any, model: type[Model], thread_count: int) -> None:
        self._model = model
        self._read_by_all = threading.Barrier(thread_count, timeout=20)
        self._checked_by_all = threading.Barrier(thread_count, timeout=20)
        self._stale = threading.local()
        monkeypatch.setattr(locks, "lock_rows", self._rows)
        monkeypatch.setattr(locks, "lock_compiled_rows", lambda rows_of, *args: self._rows(rows_of(*args)))
        monkeypatch.setattr(locks, "lock_row", lambda rows: next(iter(self._rows(rows)), None))
        if connection.vendor == "sqlite":
            monkeypatch.setattr(placing, "build_quote", lambda _request, *, now: self._stale.quote)
        elif model in (Basket, Voucher, Variant):  # lines, uses and orders are read after it
            monkeypatch.setattr(placing, "build_quote", self._quote)

    def wrap_placing(self, basket: Basket, function: Callable[[], Any]) -> Callable[[], Any]:
        """Wrap the placing of a basket: on SQLite its check runs before the transaction."""
        if connection.vendor != "sqlite":
            return function

        def read_then_call() -> Any:
            self._stale.rows = {
                Basket: list(Basket.objects.filter(pk=basket.pk)),
                Stock: list(Stock.objects.order_by("pk")),
                PickupSlot: list(PickupSlot.objects.order_by("pk")),
            }
            self._stale.quote = build_quote(build_basket_request(self._stale.rows[Basket][0]), now=NOW)
            self._read_by_all.wait()
            return function()

        return read_then_call

    def read_rows(self, rows: QuerySet[Any]) -> list[Any]:
        """Return the rows as all threads read them before any of them writes."""
        return self._rows(rows)

    def _quote(self, request: Any, *, now: Any) -> Any:
        """Build the quote, then wait until all threads have built theirs."""
        quote = build_quote(request, now=now)
        if not getattr(self._stale, "has_checked", False):
            self._stale.has_checked = True
            self._checked_by_all.wait()
        return quote

    def _rows(self, rows: QuerySet[Any], **_options: object) -> list[Any]:
        if connection.vendor == "sqlite":
            return self._stale.rows[rows.model] if rows.model in self._stale.rows else list(rows)
        read_rows = list(rows.order_by("pk"))
        if rows.model is self._model:
            self._read_by_all.wait()
        return read_rows
