"""Search results in tiers of relevance, computed lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pyroaring import BitMap


class RelevanceTiers:
    """The matching products, and queries for the better-ranked ones among them, best first.

    Each query runs only after the previous tiers were consumed. Results outside `goods` are ignored, except
    with `newest`: then `goods` holds only the newest matches, and a better match may be older.
    """

    def __init__(
        self, goods: BitMap, better: Sequence[Callable[[], BitMap]] = (), *, newest: bool = False
    ) -> None:
        self.goods, self._better, self._newest = goods, better, newest

    def __iter__(self) -> Iterator[BitMap]:
        """The non-empty, disjoint tiers."""
        seen = BitMap()
        for ask in self._better:
            tier = (ask() if self._newest else ask() & self.goods) - seen
            if tier:
                yield tier
                seen |= tier
            if not self._newest and len(seen) == len(self.goods):
                return
        if left := self.goods - seen:
            yield left

    def among(self, others: BitMap) -> RelevanceTiers:
        """The same tiers restricted to these products."""
        return RelevanceTiers(self.goods & others, self._better)
