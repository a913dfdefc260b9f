import pytest

from shop.core.database.bounded_cache import Cache

pytestmark = pytest.mark.once


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = Cache(10)
    cache.put("a", 1, weight=4)
    cache.put("b", 2, weight=4)
    cache.get("a")

    cache.put("c", 3, weight=4)

    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_what_is_heavier_than_the_limit_is_not_kept_and_pushes_nothing_out() -> None:
    cache = Cache(10)
    cache.put("a", 1)

    cache.put("big", 2, weight=11)

    assert (cache.get("a"), cache.get("big"), len(cache)) == (1, None, 1)


def test_a_value_put_again_weighs_once() -> None:
    cache = Cache(3)
    for _ in range(5):
        cache.put("a", 1, weight=2)

    cache.put("b", 2)

    assert (cache.get("a"), cache.get("b")) == (1, 2)
