"""Public pages are cached for a moment and carry an ETag; no visitor gets another visitor's page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Product
from shop import page_cache
from shop.core.actors import Actor
from shop.core.database.bounded_cache import Cache
from tests.factories import NOW, get_stock, make_divisions, make_product, make_seller, make_user
from tests.markup import html_of

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture(autouse=True)
def pages(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Cache[Any, Any]:
    """Return an empty, enabled page cache."""
    settings.PAGE_CACHE_SECONDS = 3600
    cache: Cache[Any, Any] = Cache(1_000_000)
    monkeypatch.setattr(page_cache, "_pages", cache)
    return cache


@pytest.fixture
def product() -> Product:
    make_divisions()
    return make_product(make_seller("HTX Thiên An"), name="Gối thảo dược", price=320_000, on_hand=60)


def count_queries(action: Callable[[], Any]) -> tuple[Any, int]:
    with CaptureQueriesContext(connection) as queries:
        response = action()
    return response, len(queries)


def test_page_is_cached_for_anonymous_visitors_until_something_changes(product: Product) -> None:
    path = f"/san-pham/{product.slug}/"

    first, _many = count_queries(lambda: Client().get(path))
    again, one = count_queries(lambda: Client().get(path))
    count_stock(
        cooperative=product.cooperative,
        variant_id=product.variants.get().pk,
        warehouse_id=get_stock(product.variants.get()).warehouse_id,
        counted_quantity=0,
        actor=Actor.system(),
        now=NOW,
    )
    changed = Client().get(path)

    assert one == 1
    assert TOKEN.sub("", html_of(again)) == TOKEN.sub("", html_of(first))
    assert "Thêm vào giỏ" in html_of(again)
    assert "Tạm hết hàng" in html_of(changed)


def test_each_visitor_gets_their_own_token(product: Product) -> None:
    path = f"/san-pham/{product.slug}/"
    Client().get(path)
    variant = product.variants.get().pk

    one, other = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    tokens = [TOKEN.findall(html_of(client.get(path))) for client in (one, other)]
    form_values = {"variant": variant, "quantity": 1, "csrfmiddlewaretoken": tokens[0][0]}

    assert all(tokens)
    assert not set(tokens[0]) & set(tokens[1])
    assert other.post("/gio-hang/dong/", form_values).status_code == 403
    assert one.post("/gio-hang/dong/", form_values).status_code == 302


def test_personal_pages_are_neither_cached_nor_served_from_the_cache(
    product: Product, pages: Cache[Any, Any]
) -> None:
    path = f"/san-pham/{product.slug}/"
    guest, buyer, choosing = Client(), Client(), Client()
    guest.post("/gio-hang/dong/", {"variant": product.variants.get().pk, "quantity": 3})
    buyer.force_login(make_user())

    for client in (guest, buyer):
        for address in (path, "/", "/san-pham/"):
            client.get(address)
    choosing.get(path, {"tinh": "01"})  # is cached
    Client().get("/gio-hang/")
    Client().get("/khong-co/")
    Client().get(path, headers={"HX-Request": "true"})
    Client(headers={"Cookie": "stranger=1"}).get(path)
    assert len(pages) == 0

    for address in (path, "/", "/san-pham/"):
        Client().get(address)
    assert len(pages) == 3
    assert re.search(r'class="count"[^>]*>3<', html_of(guest.get(path)))
    assert "Tài khoản" in html_of(buyer.get("/"))
    assert "Tài khoản" not in html_of(Client().get("/"))


def test_languages_hosts_addresses_and_type_sizes_are_cached_separately(
    product: Product, pages: Cache[Any, Any], settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    large = Client()
    large.post("/co-chu/", {"size": "large"})

    first = [
        client.get(address, headers={"Host": host}).content
        for client, address, host in [
            (Client(), "/", "phien.example"),
            (Client(), "/en/", "phien.example"),
            (Client(), "/?page=2", "phien.example"),
            (Client(), "/", "khac.example"),
            (large, "/", "phien.example"),
        ]
    ]

    assert len(pages) == 5
    assert b'<html lang="vi" class="large-type">' in first[4]
    assert '<html lang="vi">' in html_of(Client().get("/", headers={"Host": "phien.example"}))


def test_unchanged_page_is_answered_with_304(product: Product, settings: Any) -> None:
    path = f"/san-pham/{product.slug}/"
    for seconds in (0, 3600):
        settings.PAGE_CACHE_SECONDS = seconds
        visitor = Client()
        visitor.get(path)  # the token's cookie is set by the first page
        first_response = visitor.get(path)

        second_response = visitor.get(path, headers={"If-None-Match": first_response["ETag"]})
        other_response = Client().get(path, headers={"If-None-Match": first_response["ETag"]})

        assert (second_response.status_code, second_response.content) == (304, b"")
        assert {header.strip() for header in first_response["Vary"].split(",")} >= {"Cookie", "HX-Request"}
        assert first_response["Cache-Control"] == "private, no-cache"
        assert other_response.status_code == 200  # its token would be another visitor's
    assert "ETag" not in Client().get("/gio-hang/")


def test_cached_page_is_served_compressed(product: Product) -> None:
    Client().get("/hop-tac-xa/")
    plain = Client().get("/hop-tac-xa/")

    packed = Client().get("/hop-tac-xa/", headers={"Accept-Encoding": "br"})

    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "br"
    assert page_cache.brotli.decompress(packed.content) == plain.content
    assert packed["ETag"] == plain["ETag"]


def test_offline_header_depends_on_the_visitor_and_the_page(product: Product) -> None:
    guest = Client()
    guest.post("/gio-hang/dong/", {"variant": product.variants.get().pk, "quantity": 1})

    headers = {
        (name, address): client.get(address).headers.get(page_cache.OFFLINE_HEADER)
        for name, client in [("stranger", Client()), ("guest", guest)]
        for address in ("/", "/tim/?q=gao", "/gio-hang/", "/tai-khoan/dang-nhap/", "/don-hang/")
    }

    assert {key: value for key, value in headers.items() if value} == {
        ("stranger", "/"): "keep",
        ("guest", "/"): "ask",
        ("stranger", "/gio-hang/"): "own",
        ("guest", "/gio-hang/"): "own",
    }


@pytest.mark.parametrize("query", ["?&", "?&&", "?page=1&"])
def test_empty_parameters_add_no_page(client: Client, product: Product, query: str) -> None:
    client.get(f"/san-pham/{query}")

    _response, queries = count_queries(lambda: client.get(f"/san-pham/{query}"))

    assert queries > 0
