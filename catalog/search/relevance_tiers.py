"""Goods in tiers, those of an earlier one fitting better; no more are asked for than are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pyroaring import BitMap


class Tiers:
    """The goods, and who answers which of them fit best, then which fit better than the rest.

    Each answer is asked for when the tiers before it were looked through. What it tells beyond the goods does
    not count, unless the goods are only the `newest` that fit: then a better one may be older.
    """

    def __init__(
        self, goods: BitMap, better: Sequence[Callable[[], BitMap]] = (), *, newest: bool = False
    ) -> None:
        self.goods, self._better, self._newest = goods, better, newest

    def __iter__(self) -> Iterator[BitMap]:
        """The tiers that have any goods, none of which is in two."""
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

    def among(self, others: BitMap) -> Tiers:
        """Those of the goods that are among others, in their tiers."""
        return Tiers(self.goods & others, self._better)
