"""The products that match the chosen filters, and the count for every alternative choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyroaring import BitMap


class FacetSelection:
    """The products out of `all_goods` that match every chosen facet.

    `chosen` maps each facet in use to the products that match its chosen values.
    """

    def __init__(self, all_goods: BitMap, chosen: Mapping[str, BitMap]) -> None:
        self.all_goods, self._chosen = all_goods, chosen
        self._without: dict[str, BitMap] = {}
        self.goods = reduce(BitMap.__and__, chosen.values(), all_goods)

    @property
    def respects(self) -> list[str]:
        return list(self._chosen)

    def without(self, respect: str) -> BitMap:
        """The products that match every facet except this one."""
        if respect not in self._chosen:
            return self.goods
        if respect not in self._without:
            others = (goods for name, goods in self._chosen.items() if name != respect)
            self._without[respect] = reduce(BitMap.__and__, others, self.all_goods)
        return self._without[respect]

    def count(self, respect: str, goods: BitMap | None) -> int:
        """How many products there would be if this facet had only `goods` chosen."""
        return self.without(respect).intersection_cardinality(goods) if goods else 0
