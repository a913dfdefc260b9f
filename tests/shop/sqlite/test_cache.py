"""The SQLite cache that processes share through a file."""

import subprocess
import sys
import threading

import pytest

from shop.sqlite.cache import SqliteCache

pytestmark = pytest.mark.once


@pytest.fixture
def cache(tmp_path):
    return SqliteCache(tmp_path / "cache.sqlite3", {})


def test_cache_holds_anything_that_pickles(cache) -> None:
    cache.set("list", ["xôi", {"a": 1}, None, True])
    cache.set("yes", True)

    assert cache.get("list") == ["xôi", {"a": 1}, None, True]
    assert cache.get("yes") is True
    assert cache.get("nothing", "else") == "else"


def test_expired_key_is_gone_and_may_be_added_again(cache) -> None:
    cache.set("old", 1, timeout=0)

    assert cache.get("old") is None
    assert cache.add("old", 2) is True
    assert cache.add("old", 3) is False
    assert cache.get("old") == 2


def test_touch_delete_and_clear(cache) -> None:
    cache.set("a", 1)
    cache.set("b", 2)

    assert cache.touch("a", 0) is True
    assert cache.touch("a", 10) is False
    assert cache.delete("b") is True
    assert cache.delete("b") is False
    cache.set("c", 3)
    cache.clear()
    assert cache.get("c") is None


def test_incrementing_a_text_is_an_error(cache) -> None:
    cache.set("word", "x")

    with pytest.raises(ValueError, match="holds no number"):
        cache.incr("word")
    with pytest.raises(ValueError, match="holds no number"):
        cache.incr("nothing")


def test_concurrent_increments_lose_nothing(tmp_path) -> None:
    path = tmp_path / "cache.sqlite3"
    SqliteCache(path, {}).set("count", 0)

    def count():
        mine = SqliteCache(path, {})
        for _ in range(50):
            mine.incr("count")

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert SqliteCache(path, {}).get("count") == 400


def test_another_process_reads_the_value(cache, tmp_path) -> None:
    cache.set("greeting", "chào")
    code = (
        "import sys; from shop.sqlite.cache import SqliteCache;"
        "print(SqliteCache(sys.argv[1], {}).get('greeting'))"
    )

    process = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code, str(tmp_path / "cache.sqlite3")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert process.stdout == "chào\n"


def test_full_cache_drops_what_expires_first(tmp_path) -> None:
    cache = SqliteCache(tmp_path / "cache.sqlite3", {"OPTIONS": {"MAX_ENTRIES": 100}})
    cache.set("kept", 1, timeout=None)

    for number in range(1000):
        cache.set(f"key-{number}", number, timeout=1000 + number)

    assert cache.get("kept") == 1
    assert cache.get("key-0") is None
    assert cache.get("key-999") == 999


@pytest.mark.parametrize("content", [b"", b"no database, but a text"], ids=["folder", "damaged"])
def test_broken_file_is_an_empty_cache(tmp_path, content) -> None:
    path = tmp_path / "cache.sqlite3"
    if content:
        path.write_bytes(content)
    else:
        path.mkdir()
    cache = SqliteCache(path, {})

    cache.set("a", 1)
    cache.clear()

    assert cache.get("a", "nothing") == "nothing"
    assert not cache.add("a", 1)
    assert not cache.delete("a")
    assert not cache.touch("a")
    with pytest.raises(ValueError, match="holds no number"):
        cache.incr("a")


def test_full_file_stores_nothing_more_and_raises_nothing(cache) -> None:
    cache.set("a", 1)
    cache._open().execute("PRAGMA max_page_count = 1")

    cache.set("large", "x" * 100_000)

    assert cache.get("large") is None
