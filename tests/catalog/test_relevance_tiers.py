from __future__ import annotations

from collections.abc import Callable

from pyroaring import BitMap

from catalog.search.relevance_tiers import RelevanceTiers


def answering(*goods: int, asked: list[int]) -> Callable[[], BitMap]:
    def ask() -> BitMap:
        asked.append(len(goods))
        return BitMap(goods)

    return ask


def test_each_product_is_in_its_best_tier() -> None:
    asked: list[int] = []
    tiers = RelevanceTiers(BitMap([1, 2, 3, 4]), [answering(3, asked=asked), answering(2, 3, 9, asked=asked)])

    assert [set(tier) for tier in tiers] == [{3}, {2}, {1, 4}]
    assert [set(tier) for tier in tiers.among(BitMap([1, 2]))] == [{2}, {1}]
    assert [set(tier) for tier in tiers.among(BitMap())] == []


def test_tiers_are_queried_lazily() -> None:
    asked: list[int] = []
    tiers = RelevanceTiers(BitMap([1, 2, 3]), [answering(1, 2, asked=asked), answering(1, 2, 3, asked=asked)])

    assert (tiers.goods, asked) == (BitMap([1, 2, 3]), [])
    assert next(iter(tiers)) == BitMap([1, 2])
    assert asked == [2]
    assert [set(tier) for tier in tiers.among(BitMap([2]))] == [{2}]
    assert asked == [2, 2]


def test_tiers_may_add_products_older_than_the_newest() -> None:
    asked: list[int] = []
    tiers = RelevanceTiers(BitMap([8, 9]), [answering(1, 9, asked=asked)], newest=True)

    assert [set(tier) for tier in tiers] == [{1, 9}, {8}]
