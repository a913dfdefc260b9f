from __future__ import annotations

from collections.abc import Callable

from pyroaring import BitMap

from catalog.search.relevance_tiers import RelevanceTiers


def recording_tier(*product_ids: int, queried: list[int]) -> Callable[[], BitMap]:
    """Return a tier's query that appends its size to `queried` when it is called."""

    def query() -> BitMap:
        queried.append(len(product_ids))
        return BitMap(product_ids)

    return query


def test_each_product_is_in_its_best_tier() -> None:
    queried: list[int] = []
    tiers = RelevanceTiers(
        BitMap([1, 2, 3, 4]), [recording_tier(3, queried=queried), recording_tier(2, 3, 9, queried=queried)]
    )

    assert [set(tier) for tier in tiers] == [{3}, {2}, {1, 4}]
    assert [set(tier) for tier in tiers.among(BitMap([1, 2]))] == [{2}, {1}]
    assert [set(tier) for tier in tiers.among(BitMap())] == []


def test_tiers_are_queried_lazily() -> None:
    queried: list[int] = []
    tiers = RelevanceTiers(
        BitMap([1, 2, 3]), [recording_tier(1, 2, queried=queried), recording_tier(1, 2, 3, queried=queried)]
    )

    assert (tiers.product_ids, queried) == (BitMap([1, 2, 3]), [])
    assert next(iter(tiers)) == BitMap([1, 2])
    assert queried == [2]
    assert [set(tier) for tier in tiers.among(BitMap([2]))] == [{2}]
    assert queried == [2, 2]


def test_tiers_may_add_products_older_than_the_newest() -> None:
    queried: list[int] = []
    tiers = RelevanceTiers(BitMap([8, 9]), [recording_tier(1, 9, queried=queried)], is_newest_only=True)

    assert [set(tier) for tier in tiers] == [{1, 9}, {8}]
