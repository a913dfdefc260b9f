"""The products that match the chosen filters, and the count for every alternative choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyroaring import BitMap


class FacetSelection:
    """The products out of `all_product_ids` that match every chosen facet.

    `chosen_by_facet` maps each facet in use to the products that match its chosen values.
    """

    def __init__(self, all_product_ids: BitMap, chosen_by_facet: Mapping[str, BitMap]) -> None:
        self.all_product_ids, self._chosen = all_product_ids, chosen_by_facet
        self._without: dict[str, BitMap] = {}
        self.product_ids = reduce(BitMap.__and__, chosen_by_facet.values(), all_product_ids)

    @property
    def facets(self) -> list[str]:
        return list(self._chosen)

    def products_matching_other_facets(self, facet: str) -> BitMap:
        """Return the products that match every facet except this one."""
        if facet not in self._chosen:
            return self.product_ids
        if facet not in self._without:
            other_facets = (product_ids for name, product_ids in self._chosen.items() if name != facet)
            self._without[facet] = reduce(BitMap.__and__, other_facets, self.all_product_ids)
        return self._without[facet]

    def count(self, facet: str, product_ids: BitMap | None) -> int:
        """Return how many products would match if this facet had only `product_ids` chosen."""
        return (
            self.products_matching_other_facets(facet).intersection_cardinality(product_ids)
            if product_ids
            else 0
        )
