"""Read which products changed since the last read, from the journal that triggers fill."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from django.db import connection

MAX_APPLIED_CHANGES = 5_000  # for more rows a full rebuild is quicker
ROWS_CHECKED_FOR_GAPS = 500  # when the journal is opened
MAX_TRANSACTION_SECONDS = 3_600  # an id missing for longer belongs to a rolled-back transaction

_LAST = "SELECT id, product_id, token, has_new_words FROM catalog_product_change ORDER BY id DESC LIMIT %s"
_NEWS = (
    "SELECT id, product_id, token, has_new_words FROM catalog_product_change"
    " WHERE id >= %s{missing} ORDER BY id LIMIT %s"
)

Row = tuple[int, int, str, bool]
Gap = tuple[int, int, float]  # first and last missing id, and the time since which they are missing


class JournalChanges(NamedTuple):
    """Ids of changed products, and whether search results may have changed."""

    product_ids: frozenset[int]
    has_new_words: bool


class IndexOutdated(Exception):
    """The journal has gaps since the last read, so the index must be rebuilt."""


class ChangeJournal:
    """A read position in the journal.

    Ids are assigned before transactions commit. Missing ids are therefore remembered and read later.
    """

    def __init__(self) -> None:
        rows = _fetch_rows(_LAST, [ROWS_CHECKED_FOR_GAPS])[::-1]
        self._last, self._token = (rows[-1][0], rows[-1][2]) if rows else (0, "")
        self._missing = _find_gaps((row[0] for row in rows), time.monotonic())

    def changes_since_last_read(self) -> JournalChanges:
        """Return changes since the last call. Raises IndexOutdated."""
        rows = self._read()
        if self._last and all(
            (key, token) != (self._last, self._token) for key, _product, token, _has_new_words in rows
        ):
            raise IndexOutdated
        new = [row for row in rows if row[0] != self._last]
        products = frozenset(product for _key, product, _token, _has_new_words in new)
        if len(rows) > MAX_APPLIED_CHANGES or 0 in products:
            raise IndexOutdated
        if products:
            self._update_gaps([row[0] for row in rows])
            self._last, self._token = rows[-1][0], rows[-1][2]
        return JournalChanges(products, any(row[3] for row in new))

    def _read(self) -> list[Row]:
        missing = " OR id BETWEEN %s AND %s" * len(self._missing)
        bounds = [bound for first, last, _since in self._missing for bound in (first, last)]
        return _fetch_rows(_NEWS.format(missing=missing), [self._last, *bounds, MAX_APPLIED_CHANGES + 1])

    def _update_gaps(self, keys: Sequence[int]) -> None:
        """Keep old gaps that are still open, and add those between the ids just read."""
        now = time.monotonic()
        missing = _find_gaps((key for key in (self._last, *keys) if key >= self._last), now)
        for first, last, since in self._missing:
            if now - since < MAX_TRANSACTION_SECONDS:
                arrived = [key for key in keys if first <= key <= last]
                missing += _find_gaps((first - 1, *arrived, last + 1), since)
        self._missing = missing


def _find_gaps(keys: Iterable[int], since: float) -> list[Gap]:
    """Return the gaps between these ascending ids."""
    return [(before + 1, after - 1, since) for before, after in pairwise(keys) if after - before > 1]


def _fetch_rows(statement: str, values: Sequence[int]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
