"""Pages answer malformed cookies as they answer anonymous visitors."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from shop import page_cache
from shop.api.account.sign_in import COOKIE as REFRESH_COOKIE
from shop.core.database.bounded_cache import Cache
from shop.page_context import TEXT_SIZE
from tests.factories import make_divisions, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
# Anonymous pages are cached despite these cookies; with others every page is rendered again.
ANONYMOUS_COOKIES = (django_settings.CSRF_COOKIE_NAME, django_settings.LANGUAGE_COOKIE_NAME, TEXT_SIZE)
ALL_COOKIES = (*ANONYMOUS_COOKIES, django_settings.SESSION_COOKIE_NAME, REFRESH_COOKIE, "messages")
VALUES = [
    *(
        "bad",
        "",
        " ",
        "=",
        ";;=;",
        '"',
        '"\\',
        '"\\377"',
        "'",
        "%00",
        "a%0d%0ab",
        "null",
        "-1",
        "../etc/passwd",
    ),
    *("x" * 32, "x" * 33, "x" * 64, "x" * 5_000, "é" * 32, "\udcff", "\x80\xff", "a\x01b", "a\x00b", "🐓"),
    *("vi-VN-x-" + "y" * 300, "zz", "{}", "[1]", "<script>", "İ" * 32, "0" * 32, "Ａ" * 32, "🐓" * 64),
]
PATHS = ["/", "/hop-tac-xa/", "/robots.txt", "/gio-hang/", "/dat-hang/", "/tai-khoan/", "/quan-tri/"]


@pytest.fixture(autouse=True)
def _keep_pages(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PAGE_CACHE_SECONDS = 3600
    monkeypatch.setattr(page_cache, "_pages", Cache(1_000_000))


def get_with_cookie(path: str, cookie: str, client: Client | None = None) -> Any:
    """Send only this cookie header, decoded as Latin-1 as servers do."""
    return (client or Client()).get(
        path, HTTP_COOKIE=cookie.encode(errors="surrogateescape").decode("latin-1")
    )


@pytest.fixture
def product_path() -> str:
    make_divisions()
    product = make_product(make_seller("HTX Thiên An"), name="Gối thảo dược", price=320_000, on_hand=60)
    return f"/san-pham/{product.slug}/"


@pytest.mark.parametrize(
    ("cookies", "seconds"),
    [
        # Only the other cookies are looked up in the database.
        pytest.param(ANONYMOUS_COOKIES, 0, marks=pytest.mark.once),
        pytest.param(ANONYMOUS_COOKIES, 3600, marks=pytest.mark.once),
        (ALL_COOKIES, 3600),
    ],
)
def test_malformed_cookie_changes_no_answer(
    settings, cookies, seconds: int, product_path: str, client
) -> None:
    settings.PAGE_CACHE_SECONDS = seconds
    paths = [product_path, *PATHS] if cookies is ALL_COOKIES else [product_path, *PATHS[:3]]
    expected = {path: Client().get(path).status_code for path in paths}

    responses = {
        (path, value): get_with_cookie(
            path, "; ".join(f"{name}={value}" for name in cookies), client
        ).status_code
        for value in VALUES
        for path in paths
    }

    differing = {key: status for key, status in responses.items() if status != expected[key[0]]}
    assert differing == {}
    assert set(expected.values()) <= {200, 302}


def test_malformed_token_is_replaced_and_cached_forms_work(product_path: str) -> None:
    Client().get(product_path)  # now it is cached
    visitor = Client(enforce_csrf_checks=True)
    visitor.cookies[django_settings.CSRF_COOKIE_NAME] = "bad"

    page = visitor.get(product_path)
    token = TOKEN.findall(html_of(page))[0]
    response = visitor.post("/gio-hang/dong/", {"csrfmiddlewaretoken": token, "variant": 1, "quantity": 1})

    assert visitor.cookies[django_settings.CSRF_COOKIE_NAME].value != "bad"
    assert response.status_code != 403


def test_page_requested_with_a_malformed_token_is_not_shared(product_path: str) -> None:
    first = html_of(get_with_cookie(product_path, f"{django_settings.CSRF_COOKIE_NAME}=bad"))

    second = html_of(Client().get(product_path))

    assert not set(TOKEN.findall(first)) & set(TOKEN.findall(second))
