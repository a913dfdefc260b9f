"""Unknown query strings do not fill the cache, and a full cache loses no rate limit."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client

from shop import page_cache
from shop.core.database.bounded_cache import Cache
from shop.core.models import LimitCounter
from tests.factories import PASSWORD, make_user
from tests.markup import html_of

pytestmark = pytest.mark.django_db
SIGN_IN = "/en/tai-khoan/dang-nhap/"


def test_sign_in_stays_limited_when_the_cache_is_cleared() -> None:
    make_user(email="hanh@example.com")
    client = Client()
    for _ in range(8):
        client.post(SIGN_IN, {"name": "hanh@example.com", "password": "a guess"})

    cache.clear()  # more than any flood of addresses can evict
    response = client.post(SIGN_IN, {"name": "hanh@example.com", "password": PASSWORD})

    assert "_auth_user_id" not in client.session
    assert "Too many attempts" in html_of(response)
    assert LimitCounter.objects.exists()


def test_unknown_query_strings_add_no_sitemap_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    written_keys: list[str] = []
    backend = type(caches["default"])
    put = backend.set

    def note(self: object, key: str, *args: object, **named: object) -> None:
        written_keys.append(key)
        put(self, key, *args, **named)

    monkeypatch.setattr(backend, "set", note)
    for address in ("/sitemap.xml", "/sitemap-pages-vi.xml"):
        for query in ("", "?x=1", "?x=2", "?p=1", "?p=01", "?p=1&x=3"):
            for host in ("testserver", "localhost"):
                assert Client(headers={"host": host}).get(address + query).status_code == 200

    assert written_keys == ["sitemap:index:", "sitemap:pages-vi:1"]


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "", "9" * 9, "١"])
def test_missing_sitemap_pages_are_not_found(number: str) -> None:
    assert Client().get(f"/sitemap-pages-vi.xml?p={number}").status_code == 404


def test_sitemap_is_the_same_for_any_query_string() -> None:
    first = Client().get("/sitemap.xml?evil=1").content

    assert b"evil" not in first
    assert Client().get("/sitemap.xml").content == first


def test_pages_with_unknown_parameters_are_not_cached(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    pages: Cache[Any, Any] = Cache(1_000_000)
    monkeypatch.setattr(page_cache, "_pages", pages)
    for number in range(3):
        assert Client().get(f"/san-pham/?fbclid={number}").status_code == 200
    kept_of_unknown = len(pages)

    Client().get("/san-pham/?page=1&tinh=19")

    assert (kept_of_unknown, len(pages)) == (0, 1)
