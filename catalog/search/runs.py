"""Long lists made of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from catalog.models import Listing
from catalog.models.listing import ListingQuerySet
from catalog.search.finding import COUNTED


class Runs(Sequence[Listing]):
    """Several lists one after another, for a paginator: each stays a plain, indexed query.

    The lists must not share rows. They are counted, and can be read, up to COUNTED rows together.
    """

    def __init__(self, *runs: ListingQuerySet) -> None:
        self._runs = runs
        self._counts: list[int] | None = None

    @property
    def is_cut(self) -> bool:
        """Whether there is more than was counted."""
        return sum(self._counted()) > COUNTED

    def __len__(self) -> int:
        return min(sum(self._counted()), COUNTED)

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
        for run, count in zip(self._runs, self._counted(), strict=True):
            first, last = max(start - passed, 0), min(stop - passed, count)
            if first < last:
                found += run[first:last]
            passed += count
        return found

    def _counted(self) -> list[int]:
        if self._counts is None:
            counts: list[int] = []
            for run in self._runs:
                left = COUNTED + 1 - sum(counts)
                counts.append(run.order_by()[:left].count() if left else 0)
            self._counts = counts
        return self._counts
