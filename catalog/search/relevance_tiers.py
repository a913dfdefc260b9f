"""Search results in tiers of relevance, computed lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pyroaring import BitMap


class RelevanceTiers:
    """The matching products, and queries for the better-ranked ones among them, best first.

    Each query runs only after the previous tiers were consumed. Results outside `product_ids` are ignored,
    except with `newest`: then `product_ids` holds only the newest matches, and a better match may be older.
    """

    def __init__(
        self, product_ids: BitMap, better: Sequence[Callable[[], BitMap]] = (), *, newest: bool = False
    ) -> None:
        self.product_ids, self._better, self._newest = product_ids, better, newest

    def __iter__(self) -> Iterator[BitMap]:
        """The non-empty, disjoint tiers."""
        seen = BitMap()
        for run_query in self._better:
            tier = (run_query() if self._newest else run_query() & self.product_ids) - seen
            if tier:
                yield tier
                seen |= tier
            if not self._newest and len(seen) == len(self.product_ids):
                return
        if left := self.product_ids - seen:
            yield left

    def followed_by(self, others: BitMap) -> RelevanceTiers:
        """The same tiers, and these products as the last."""
        if others <= self.product_ids:
            return self
        better = [*self._better, lambda: self.product_ids]
        return RelevanceTiers(self.product_ids | others, better, newest=self._newest)

    def among(self, others: BitMap) -> RelevanceTiers:
        """The same tiers restricted to these products."""
        return RelevanceTiers(self.product_ids & others, self._better)
