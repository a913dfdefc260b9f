"""Finding goods by words, with or without their marks; and long lists made of several runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import overload

from django.db.models import Q

from catalog.models import Listing
from catalog.models.listing import ListingQuerySet
from cooperatives.models import Cooperative
from cooperatives.models.cooperative import CooperativeQuerySet
from shop.core.text import fold, slug

LONGEST_QUERY = 4000  # letters of a query that are looked at
LONGEST_PHRASE = 100
MOST_WORDS = 8
COUNTED = 1000  # lists are counted up to here: nobody turns more pages, and counting everything is slow

_WORD = re.compile(r"[a-z0-9]+")


class Runs(Sequence[Listing]):
    """Several lists one after another, for a paginator: each stays a plain, indexed query.

    The lists must not share rows. Each is counted, and can be read, up to COUNTED rows.
    """

    def __init__(self, *runs: ListingQuerySet) -> None:
        self._runs = runs
        self._counts: list[int] | None = None

    @property
    def is_cut(self) -> bool:
        """Whether there is more than was counted."""
        return any(count > COUNTED for count in self._counted())

    def __len__(self) -> int:
        return sum(min(count, COUNTED) for count in self._counted())

    @overload
    def __getitem__(self, wanted: int) -> Listing: ...

    @overload
    def __getitem__(self, wanted: slice) -> list[Listing]: ...

    def __getitem__(self, wanted: int | slice) -> Listing | list[Listing]:
        if isinstance(wanted, int):
            return self._rows(slice(wanted, wanted + 1))[0]
        return self._rows(wanted)

    def _rows(self, wanted: slice) -> list[Listing]:
        start, stop, _step = wanted.indices(len(self))
        found: list[Listing] = []
        passed = 0
        for run, counted in zip(self._runs, self._counted(), strict=True):
            count = min(counted, COUNTED)
            first, last = max(start - passed, 0), min(stop - passed, count)
            if first < last:
                found += run[first:last]
            passed += count
        return found

    def _counted(self) -> list[int]:
        if self._counts is None:
            self._counts = [run.order_by()[: COUNTED + 1].count() for run in self._runs]
        return self._counts


def words_of(query: str) -> list[str]:
    """The words looked for: folded, without signs or repeats; empty where nothing is left of the query."""
    return list(dict.fromkeys(_WORD.findall(fold(query[:LONGEST_QUERY]))))[:MOST_WORDS]


def find_goods(listings: ListingQuerySet, query: str) -> Runs:
    """Goods that hold every word: those so named first, then so named but for marks, then the rest."""
    words = words_of(query)
    if not words:
        return Runs(listings.none())
    for word in words:
        listings = listings.filter(_has_word("product__search_text", word))
    phrase = query.strip()[:LONGEST_PHRASE]
    as_typed = Q(product__name__icontains=phrase.replace("\0", ""))
    without_marks = Q(product__slug__contains=slug(phrase))
    return Runs(
        listings.filter(as_typed).newest_first(),
        listings.filter(without_marks & ~as_typed).newest_first(),
        listings.filter(~without_marks & ~as_typed).newest_first(),
    )


def find_cooperatives(query: str) -> CooperativeQuerySet:
    """Cooperatives whose name holds every word."""
    words = words_of(query)
    found = Cooperative.objects.public() if words else Cooperative.objects.none()
    for word in words:
        found = found.filter(_has_word("folded_name", word))
    return found.order_by("sort_order", "pk")


def _has_word(column: str, word: str) -> Q:
    """A word of the column starts so; the column holds folded words with single spaces."""
    return Q(**{f"{column}__startswith": word}) | Q(**{f"{column}__contains": f" {word}"})
