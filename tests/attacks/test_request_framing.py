"""Request smuggling, forged proxy headers, and conformance of responses to HTTP."""

from __future__ import annotations

import os
import re
import signal
import time
from ipaddress import ip_network
from types import SimpleNamespace

import pytest
from django.test import override_settings
from waitress.adjustments import Adjustments

from shop.server.listener import Listener
from shop.server.parser import RequestParser
from tests.attacks.web import Web, everything, status_of

pytestmark = pytest.mark.once
HOST = b"Host: 127.0.0.1\r\n"


def parsed(request, *, is_from_proxy=False):
    parser = RequestParser(Adjustments(), address="203.0.113.7", is_from_proxy=is_from_proxy, has_room=bool)
    parser.received(request)
    return parser


@pytest.mark.parametrize(
    "request_head",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: +5\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 0x5\r\n",
        b"GET / HTTP/1.1\r\nX-Folded: a\r\n b\r\n",
        b"GET / HTTP/1.1\r\nX-Bare: a\nX-Second: b\r\n",
        b"GET / HTTP/1.1\r\nX-Bare: a\rb\r\n",
        b"GET / HTTP/1.1\r\nX-Nul: a\0b\r\n",
        b"GET / HTTP/2.0\r\n",
        b"GET /\r\n",
        b"get / HTTP/1.1\r\n",
        b"GET / HTTP/1.1 HTTP/1.1\r\n",
    ],
)
def test_ambiguous_framing_is_refused(request_head) -> None:
    parser = parsed(request_head + HOST + b"\r\n")

    assert parser.completed
    assert parser.error.code == 400


def test_transfer_codings_other_than_chunked_are_unknown() -> None:
    parser = parsed(b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n" + HOST + b"\r\n")

    assert parser.error.code == 501


@pytest.mark.parametrize(
    "chunks", [b"5\r\nabcdefg\r\n0\r\n\r\n", b"-1\r\n\r\n", b"0x5\r\nabcde\r\n0\r\n\r\n"]
)
def test_malformed_chunks_are_refused(chunks) -> None:
    parser = parsed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HOST + b"\r\n")
    parser.received(chunks)

    assert parser.error.code == 400


def test_head_is_limited_to_32_kilobytes() -> None:
    long_head = b"GET / HTTP/1.1\r\n" + HOST + b"X-Long: "
    adjustments = Adjustments(max_request_header_size=32 * 1024)
    parser = RequestParser(adjustments, address="203.0.113.7", is_from_proxy=False, has_room=bool)
    parser.received(long_head + b"a" * 33_000)

    assert parser.error.code == 431


def test_only_a_trusted_proxy_may_set_forwarding_headers() -> None:
    request = (
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Host: evil.example\r\nForwarded: for=203.0.113.9\r\nX_Forwarded_For: 203.0.113.9\r\n"
        b"Accept: */*\r\n\r\n"
    )

    visitor, proxy = parsed(request), parsed(request, is_from_proxy=True)

    assert visitor.headers == {"HOST": "127.0.0.1", "ACCEPT": "*/*"}
    assert proxy.headers["X_FORWARDED_FOR"] == "203.0.113.9"
    assert proxy.headers["X_FORWARDED_PROTO"] == "https"


def test_proxies_are_named_by_address_or_network() -> None:
    listener = SimpleNamespace()
    with override_settings(TRUSTED_PROXIES=[ip_network("127.0.0.1"), ip_network("10.1.0.0/16")]):
        trusted = [Listener.is_proxy(listener, address) for address in ("127.0.0.1", "10.1.2.3")]
        foreign_addresses = [
            Listener.is_proxy(listener, address) for address in ("127.0.0.2", "10.2.0.1", "::1")
        ]

    assert trusted == [True, True]
    assert foreign_addresses == [False, False, False]
    assert Listener.fix_addr(listener, ("::ffff:192.0.2.7", 1, 0, 0)) == ("192.0.2.7", 1, 0, 0)
    assert Listener.fix_addr(listener, ("fe80::1%eth0", 1, 0, 0)) == ("fe80::1", 1, 0, 0)


@pytest.mark.processes
@pytest.mark.django_db
def test_answers_follow_the_protocol(web) -> None:
    get = b"GET /robots.txt HTTP/1.1\r\n" + HOST
    close = b"Connection: close\r\n\r\n"

    piped = web.answers(get + b"\r\n" + get + b"\r\n" + get + close)
    head_answers = web.answers(get.replace(b"GET", b"HEAD") + close)
    http10_answers = web.answers(b"GET /robots.txt HTTP/1.0\r\n" + HOST + b"\r\n")
    smuggled = web.answers(
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /health/ HTTP/1.1\r\n" + HOST + b"\r\n"
    )
    responses_to_longer_body = web.answers(
        b"POST /graphql/ HTTP/1.1\r\n"
        + HOST
        + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        b"more than was said\r\n\r\n"
    )

    assert piped.count(b"HTTP/1.1 200 OK") == 3
    assert status_of(head_answers) == 200
    assert int(re.search(rb"Content-Length: (\d+)", head_answers)[1]) > 0
    assert head_answers.endswith(b"\r\n\r\n")
    assert http10_answers.startswith(b"HTTP/1.0 200 OK")
    assert b"Connection: close" in http10_answers
    assert smuggled.count(b"HTTP/1.1 ") == 1
    assert status_of(smuggled) == 400
    assert [int(status) for status in re.findall(rb"HTTP/1\.\d (\d+) ", responses_to_longer_body)][-1] == 400
    assert b"Server:" not in head_answers


@pytest.mark.processes
@pytest.mark.django_db
def test_one_range_of_a_file_is_sent_and_many_are_not(web) -> None:
    picture = web.folder / "media" / "pictures" / "one.webp"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(b"0123456789" * 1000)
    get = b"GET /media/pictures/one.webp HTTP/1.1\r\n" + HOST
    many_ranges = b"Range: bytes=" + b",".join(b"%d-9999" % start for start in range(500)) + b"\r\n"

    whole = web.answers(get + b"Connection: close\r\n\r\n")
    parts = web.answers(get + many_ranges + b"Connection: close\r\n\r\n")

    assert whole.endswith(b"0123456789" * 1000)
    assert status_of(parts) == 200
    assert len(parts) < 11_000


def read_one_response(connection):
    """Read the head and exactly the body it announces, so that the connection is left clean."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(4096)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(4096)
    assert len(body) == length


@pytest.mark.processes
@pytest.mark.django_db
def test_killed_process_is_replaced_and_the_shop_stops_cleanly(tmp_path) -> None:
    web = Web(tmp_path, workers=1)
    (before,) = web.children()
    idle_connection = web.connect()
    idle_connection.sendall(b"GET /health/ HTTP/1.1\r\n" + HOST + b"\r\n")
    read_one_response(idle_connection)

    os.kill(before, signal.SIGKILL)
    after = web.get("/health/")[0]  # waits in the socket's queue until another process takes it
    (second,) = web.children()
    started_at = time.monotonic()
    code = web.stop()
    seconds = time.monotonic() - started_at

    assert everything(idle_connection) == b""
    assert second != before
    assert after == 200
    assert code == 0
    assert seconds < 8
