"""Choosing among goods: what is chosen in each respect, and how many goods any other choice would leave."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyroaring import BitMap


class Selection:
    """The goods out of `all_goods` that fit what was chosen in every respect.

    `chosen` says for each respect in which something was chosen which goods fit it.
    """

    def __init__(self, all_goods: BitMap, chosen: Mapping[str, BitMap]) -> None:
        self.all_goods, self._chosen = all_goods, chosen
        self._without: dict[str, BitMap] = {}
        self.goods = reduce(BitMap.__and__, chosen.values(), all_goods)

    @property
    def respects(self) -> list[str]:
        return list(self._chosen)

    def without(self, respect: str) -> BitMap:
        """What fits everything but what was chosen in this respect."""
        if respect not in self._chosen:
            return self.goods
        if respect not in self._without:
            others = (goods for name, goods in self._chosen.items() if name != respect)
            self._without[respect] = reduce(BitMap.__and__, others, self.all_goods)
        return self._without[respect]

    def count(self, respect: str, goods: BitMap | None) -> int:
        """How many goods there would be if in this respect nothing but `goods` were chosen."""
        return self.without(respect).intersection_cardinality(goods) if goods else 0
