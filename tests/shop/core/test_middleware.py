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


def test_page_is_sent_with_brotli_when_accepted() -> None:
    response = respond(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING="gzip, deflate, br")

    assert response.headers["Content-Encoding"] == "br"
    assert brotli.decompress(response.content).decode() == PAGE
    assert int(response.headers["Content-Length"]) == len(response.content) < len(PAGE) / 5


def test_page_is_sent_with_gzip_otherwise() -> None:
    response = respond(HttpResponse(PAGE), HTTP_ACCEPT_ENCODING="gzip")

    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content).decode() == PAGE


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_length_of_a_compressed_page_varies(encoding) -> None:
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
def test_responses_that_would_not_shrink_stay_unchanged(response) -> None:
    before = response.content

    assert respond(response, HTTP_ACCEPT_ENCODING="br, gzip").content == before


def test_uncompressed_response_varies_on_accept_encoding() -> None:
    response = respond(HttpResponse(PAGE))

    assert response.content.decode() == PAGE
    assert "Accept-Encoding" in response.headers["Vary"]


def test_etag_of_a_compressed_page_becomes_weak() -> None:
    response = respond(HttpResponse(PAGE, headers={"ETag": '"abc"'}), HTTP_ACCEPT_ENCODING="br")

    assert response.headers["ETag"] == 'W/"abc"'


def test_page_is_cached_only_privately() -> None:
    response = respond(HttpResponse(PAGE))

    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "HX-Request" in response.headers["Vary"]
    assert "camera=(self)" in response.headers["Permissions-Policy"]


def test_cache_control_of_the_view_is_kept() -> None:
    response = respond(HttpResponse(PAGE, headers={"Cache-Control": "public, max-age=60"}))

    assert response.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.django_db
def test_nul_is_dropped_from_parameters_and_not_found_in_paths(client) -> None:
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
    sent_headers: list[dict[str, str]] = []

    def send_request(method: str) -> bytes:
        environ = RequestFactory()._base_environ(PATH_INFO=address, REQUEST_METHOD=method)
        return b"".join(WSGIHandler()(environ, lambda _status, headers: sent_headers.append(dict(headers))))

    page, head_body = send_request("GET"), send_request("HEAD")

    assert head_body == b""
    assert page
    assert sent_headers[1]["Content-Length"] == sent_headers[0]["Content-Length"] == str(len(page))
    assert sent_headers[1]["Content-Type"] == sent_headers[0]["Content-Type"]
