"""Answers of the catalogue to anybody, kept for a moment and given again while nothing has changed.

Switched on by API_CACHE_SECONDS. A kept answer is known by the whole body that was sent, the address that it
was sent to, and the language; it is given as long as no change was written down and no goods were put aside
since it was worked out, which one query tells. Nothing is kept that a token came with, that failed, or that
asks for anything but the catalogue. What comes by the clock alone (a page whose day has come) may be late by
those seconds.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import get_language
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, OperationType, SelectionSetNode

from shop.api.breadth import Cache, Operation

MOST_BYTES = 16 * 1024 * 1024  # of all answers that one process keeps, and of what asked for them
# Fields of Query that say the same to everybody who sends no token.
_SAME_FOR_ALL = frozenset(
    {
        *("product", "products", "productVariant", "productVariants", "productType", "productTypes"),
        *("category", "categories", "collection", "collections", "attribute", "attributes"),
        *("cooperative", "cooperatives", "page", "pages", "pageType", "pageTypes"),
        *("menu", "menus", "menuItem", "menuItems", "shop", "channel", "addressValidationRules"),
        "__typename",
    }
)
# A transaction that began earlier may show its change after one with a higher key, so the newest key alone
# does not tell. What is put aside for a checkout lies in new rows each time.
_STATE = """
WITH newest AS (SELECT id FROM core_change ORDER BY id DESC LIMIT 256)
SELECT (SELECT max(id) FROM newest), (SELECT sum(id) FROM newest), count(*), sum(id) FROM orders_reservation
"""


class _Kept(NamedTuple):
    state: tuple[object, ...]
    until: float
    answer: bytes


_answers: Cache[tuple[object, ...], _Kept] = Cache(MOST_BYTES)


class Keeping:
    """One request, as far as its answer is kept or given again. The body has been read."""

    def __init__(self, request: HttpRequest) -> None:
        self._asked = _asked_by(request)
        self._state: tuple[object, ...] | None = None

    def given(self) -> bytes | None:
        """The answer that was kept, if it still holds."""
        kept = _answers.get(self._asked) if self._asked is not None else None
        if kept is None or kept.until < time.monotonic() or kept.state != state_of_shop():
            return None
        return kept.answer

    def begin(self, operation: Operation) -> None:
        """Before the operation is carried out: look what the shop is like, if it may be kept."""
        if self._asked is not None and _is_same_for_all(operation):
            self._state = state_of_shop()

    def keep(self, answer: bytes) -> None:
        """Keep the answer to the operation, if it may be."""
        if self._asked is None or self._state is None:
            return
        until = time.monotonic() + settings.API_CACHE_SECONDS
        weight = len(answer) + sum(len(part) for part in self._asked if isinstance(part, bytes))
        _answers.put(self._asked, _Kept(self._state, until, answer), weight=weight)


def _asked_by(request: HttpRequest) -> tuple[object, ...] | None:
    """What answers to this request are known by; None where they are neither kept nor given."""
    if not settings.API_CACHE_SECONDS or request.content_type != "application/json":
        return None
    if "Authorization" in request.headers or "Authorization-Bearer" in request.headers:
        return None
    return request.scheme, request.get_host(), get_language(), request.body


def state_of_shop() -> tuple[object, ...]:
    """What differs as soon as anything that the catalogue shows has changed. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        return tuple(cursor.fetchone())


def _is_same_for_all(operation: Operation) -> bool:
    """Whether an operation asks for nothing but the catalogue."""
    selections = operation.definition.selection_set
    return operation.kind is OperationType.QUERY and _asks_only(operation, selections)


def _asks_only(operation: Operation, selections: SelectionSetNode) -> bool:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            if node.name.value not in _SAME_FOR_ALL:
                return False
            continue
        below = node.selection_set if isinstance(node, InlineFragmentNode) else None
        if isinstance(node, FragmentSpreadNode):
            below = operation.fragments[node.name.value].selection_set
        if below is None or not _asks_only(operation, below):
            return False
    return True
