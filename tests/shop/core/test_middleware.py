import gzip

import brotli
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import RequestFactory

from shop.core.web.middleware import add_security_headers, compress_pages
from tests.factories import make_divisions, make_product

pytestmark = pytest.mark.once

PAGE = "<p>Gạo nếp nương, bí xanh thơm Ba Bể</p>" * 200


def respond(response, **headers):
    middleware = add_security_headers(compress_pages(lambda request: response))
    return middleware(RequestFactory().get("/", **headers))


def test_page_is_sent_with_brotli_when_accepted():
    answer = respond(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING="gzip, deflate, br")

    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.content).decode() == PAGE
    assert int(answer.headers["Content-Length"]) == len(answer.content) < len(PAGE) / 5


def test_page_is_sent_with_gzip_otherwise():
    answer = respond(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING="gzip")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode() == PAGE


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_length_of_a_compressed_page_varies(encoding):
    lengths = {len(respond(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING=encoding).content) for _ in range(30)}

    assert len(lengths) > 3


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse("short"),
        HttpResponse(PAGE, content_type="image/webp"),
        HttpResponse(PAGE, headers={"Content-Encoding": "identity"}),
    ],
)
def test_responses_that_would_not_shrink_stay_unchanged(response):
    before = response.content

    assert respond(response, HTTP_ACCEPT_ENCODING="br, gzip").content == before


def test_uncompressed_response_varies_on_accept_encoding():
    answer = respond(HttpResponse(PAGE))

    assert answer.content.decode() == PAGE
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_etag_of_a_compressed_page_becomes_weak():
    answer = respond(HttpResponse(PAGE, headers={"ETag": '"abc"'}), HTTP_ACCEPT_ENCODING="br")

    assert answer.headers["ETag"] == 'W/"abc"'


def test_page_is_cached_only_privately():
    answer = respond(HttpResponse(PAGE))

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "HX-Request" in answer.headers["Vary"]
    assert "camera=(self)" in answer.headers["Permissions-Policy"]


def test_cache_control_of_the_view_is_kept():
    answer = respond(HttpResponse(PAGE, headers={"Cache-Control": "public, max-age=60"}))

    assert answer.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.django_db
def test_nul_is_dropped_from_parameters_and_not_found_in_paths(client):
    make_divisions()
    product = make_product(name="Quýt")

    communes = client.get("/dia-chi/xa/?province=01%00&x%00=y").content.decode()
    client.post("/yeu-thich/", {"product": f"\0{product.pk}"})

    assert 'value="00166"' in communes
    assert product.name in client.get("/yeu-thich/").content.decode()
    assert [client.get(path).status_code for path in ("/san-pham/qu%00yt/", "/theo-doi/a%00/")] == [404, 404]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/robots.txt", "/khong-co/"])
def test_head_response_has_no_body_and_the_length_of_the_page(address: str) -> None:
    told: list[dict[str, str]] = []

    def ask(method: str) -> bytes:
        environ = RequestFactory()._base_environ(PATH_INFO=address, REQUEST_METHOD=method)
        return b"".join(WSGIHandler()(environ, lambda _status, headers: told.append(dict(headers))))

    page, head = ask("GET"), ask("HEAD")

    assert head == b""
    assert page
    assert told[1]["Content-Length"] == told[0]["Content-Length"] == str(len(page))
    assert told[1]["Content-Type"] == told[0]["Content-Type"]
