"""Search results in tiers of relevance, computed lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pyroaring import BitMap


class RelevanceTiers:
    """The matching products, and queries for the better matches among them, the best match first.

    Each query runs only after the previous tiers were consumed. Products outside `product_ids` are ignored.
    If `is_newest_only` is true, `product_ids` holds only the newest matches, and the products that a query
    finds beyond them are kept too.
    """

    def __init__(
        self,
        product_ids: BitMap,
        preferred_matches: Sequence[Callable[[], BitMap]] = (),
        *,
        is_newest_only: bool = False,
    ) -> None:
        self.product_ids, self._preferred_matches, self._is_newest_only = (
            product_ids,
            preferred_matches,
            is_newest_only,
        )

    def __iter__(self) -> Iterator[BitMap]:
        """Yield the non-empty, disjoint tiers, the best first."""
        seen_ids = BitMap()
        for run_query in self._preferred_matches:
            tier = (run_query() if self._is_newest_only else run_query() & self.product_ids) - seen_ids
            if tier:
                yield tier
                seen_ids |= tier
            if not self._is_newest_only and len(seen_ids) == len(self.product_ids):
                return
        if other_matches := self.product_ids - seen_ids:
            yield other_matches

    def with_last_tier(self, product_ids: BitMap) -> RelevanceTiers:
        """Return the same tiers, and these products in a last tier."""
        if product_ids <= self.product_ids:
            return self
        preferred_matches = [*self._preferred_matches, lambda: self.product_ids]
        return RelevanceTiers(
            self.product_ids | product_ids, preferred_matches, is_newest_only=self._is_newest_only
        )

    def among(self, allowed_ids: BitMap) -> RelevanceTiers:
        """Return the same tiers restricted to these products."""
        return RelevanceTiers(self.product_ids & allowed_ids, self._preferred_matches)
