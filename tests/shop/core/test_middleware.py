import gzip

import brotli
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import RequestFactory

from shop.core.web.middleware import add_security_headers, compress_pages
from tests.factories import make_places, make_product

pytestmark = pytest.mark.once

PAGE = "<p>Gạo nếp nương, bí xanh thơm Ba Bể</p>" * 200


def answered(response, **headers):
    middleware = add_security_headers(compress_pages(lambda request: response))
    return middleware(RequestFactory().get("/", **headers))


def test_a_page_is_sent_with_brotli_where_it_is_understood():
    answer = answered(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING="gzip, deflate, br")

    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.content).decode() == PAGE
    assert int(answer.headers["Content-Length"]) == len(answer.content) < len(PAGE) / 5


def test_a_page_is_sent_with_gzip_otherwise():
    answer = answered(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING="gzip")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode() == PAGE


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_the_length_of_a_compressed_page_varies(encoding):
    lengths = {len(answered(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING=encoding).content) for _ in range(30)}

    assert len(lengths) > 3


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse("short"),
        HttpResponse(PAGE, content_type="image/webp"),
        HttpResponse(PAGE, headers={"Content-Encoding": "identity"}),
    ],
)
def test_what_would_not_gain_stays_as_it_is(response):
    before = response.content

    assert answered(response, HTTP_ACCEPT_ENCODING="br, gzip").content == before


def test_who_asks_for_no_compression_gets_none_and_caches_are_told():
    answer = answered(HttpResponse(PAGE))

    assert answer.content.decode() == PAGE
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_tag_of_the_page_becomes_a_weak_one():
    answer = answered(HttpResponse(PAGE, headers={"ETag": '"abc"'}), HTTP_ACCEPT_ENCODING="br")

    assert answer.headers["ETag"] == 'W/"abc"'


def test_a_page_is_kept_by_nobody_but_the_visitor():
    answer = answered(HttpResponse(PAGE))

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "HX-Request" in answer.headers["Vary"]
    assert "camera=(self)" in answer.headers["Permissions-Policy"]


def test_what_a_view_says_of_caching_counts():
    answer = answered(HttpResponse(PAGE, headers={"Cache-Control": "public, max-age=60"}))

    assert answer.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.django_db
def test_nul_is_left_out_of_what_a_page_is_asked_and_no_page_has_it_in_its_address(client):
    make_places()
    product = make_product(name="Quýt")

    communes = client.get("/dia-chi/xa/?province=01%00&x%00=y").content.decode()
    client.post("/yeu-thich/", {"product": f"\0{product.pk}"})

    assert 'value="00166"' in communes
    assert product.name in client.get("/yeu-thich/").content.decode()
    assert [client.get(path).status_code for path in ("/san-pham/qu%00yt/", "/theo-doi/a%00/")] == [404, 404]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/robots.txt", "/khong-co/"])
def test_a_head_is_sent_without_its_page_and_tells_the_pages_length(address: str) -> None:
    told: list[dict[str, str]] = []

    def ask(method: str) -> bytes:
        environ = RequestFactory()._base_environ(PATH_INFO=address, REQUEST_METHOD=method)
        return b"".join(WSGIHandler()(environ, lambda _status, headers: told.append(dict(headers))))

    page, head = ask("GET"), ask("HEAD")

    assert head == b""
    assert page
    assert told[1]["Content-Length"] == told[0]["Content-Length"] == str(len(page))
    assert told[1]["Content-Type"] == told[0]["Content-Type"]
