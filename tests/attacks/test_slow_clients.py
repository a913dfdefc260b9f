"""Two hundred slow or idle connections that try to keep others waiting."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time

import pytest

from tests.attacks.web import SHORT_TIMEOUTS, Web, everything, status_of
from tests.figures import FIGURE

pytestmark = [pytest.mark.once, pytest.mark.processes, pytest.mark.django_db]

CONNECTIONS_PER_KIND = 50
LARGE_BODY_BYTES = 16 * 1024 * 1024  # more than the kernel buffers for one connection
MAX_WAIT_SECONDS = 30  # for a busy machine


@pytest.fixture(scope="module")
def web_with_short_timeouts(tmp_path_factory, django_db_setup, django_db_blocker):
    """Yield two web processes with timeouts of three seconds."""
    folder = tmp_path_factory.mktemp("web")
    with django_db_blocker.unblock():
        web = Web(folder, **SHORT_TIMEOUTS)
    pictures = folder / "media" / "pictures"
    pictures.mkdir(parents=True)
    (pictures / "large.webp").write_bytes(bytes(LARGE_BODY_BYTES))
    yield web
    web.stop()


def open_slow_heads(web):
    for _ in range(CONNECTIONS_PER_KIND):
        connected = web.connect()
        connected.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        yield connected


def open_slow_bodies(web):
    for _ in range(CONNECTIONS_PER_KIND):
        connected = web.connect()
        connected.sendall(
            b"POST /graphql/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100000\r\n\r\n"
        )
        yield connected


def open_slow_readers(web):
    for _ in range(CONNECTIONS_PER_KIND):
        connected = socket.socket()
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connected.settimeout(20)
        connected.connect(("127.0.0.1", web.port))
        connected.sendall(b"GET /media/pictures/large.webp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        yield connected


def open_idle_connections(web):
    for _ in range(CONNECTIONS_PER_KIND):
        connected = web.connect()
        connected.sendall(b"HEAD /health/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert status_of(connected.recv(4096)) == 200
        yield connected


def trickle(connections, stopped):
    """Send a byte to each connection four times a second until it closes."""
    while not stopped.wait(0.25):
        for connected in connections:
            try:
                connected.send(b"a")
            except OSError:
                continue


def closed_within(connected, seconds):
    connected.settimeout(seconds)
    try:
        return connected.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_pages_are_served_beside_200_slow_connections_which_are_closed(
    web_with_short_timeouts, record_property
) -> None:
    slow_connections = list(open_idle_connections(web_with_short_timeouts))
    trickling = [*open_slow_heads(web_with_short_timeouts), *open_slow_bodies(web_with_short_timeouts)]
    readers = list(open_slow_readers(web_with_short_timeouts))
    stopped = threading.Event()
    thread = threading.Thread(target=trickle, args=(trickling, stopped))
    thread.start()
    try:
        health = [web_with_short_timeouts.get("/health/") for _ in range(20)]
        pages = [web_with_short_timeouts.get("/") for _ in range(5)]
        started_at, held_at_first = time.monotonic(), web_with_short_timeouts.open_connections()
        cut_off = [
            closed_within(connection, max(0.01, started_at + MAX_WAIT_SECONDS - time.monotonic()))
            for connection in trickling
        ]
        closed_connections = [
            closed_within(connection, max(0.01, started_at + MAX_WAIT_SECONDS - time.monotonic()))
            for connection in slow_connections
        ]
        while web_with_short_timeouts.open_connections() and time.monotonic() < started_at + MAX_WAIT_SECONDS:
            stopped.wait(0.1)  # clients that do not read do not notice the end
        taken, connections = time.monotonic() - started_at, web_with_short_timeouts.open_connections()
    finally:
        stopped.set()
        thread.join()
    after = [web_with_short_timeouts.get(path) for path in ("/health/", "/")]
    for connection in (*slow_connections, *trickling, *readers):
        connection.close()

    slowest = max(seconds for _status, seconds in health)
    slowest_page = max(seconds for _status, seconds in pages)
    record_property(
        FIGURE,
        f"beside {4 * CONNECTIONS_PER_KIND} slow connections: /health/ at most {slowest * 1000:.0f} ms"
        f" (limit 1,000 ms), the home page {slowest_page * 1000:.0f} ms; all cut off {taken:.1f} s later",
    )
    assert {status for status, _seconds in health} == {200}
    assert slowest < 1
    assert {status for status, _seconds in pages} == {200}
    assert held_at_first > 0
    assert all(cut_off)
    assert all(closed_connections)
    assert connections == 0
    assert [status for status, _seconds in after] == [200, 200]


def test_slow_but_steady_client_is_not_cut_off(web_with_short_timeouts) -> None:
    body = b'{"query": "{ shop { name } }"' + b" " * 12_000 + b"}"
    request_head = (
        f"POST /graphql/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )

    with web_with_short_timeouts.connect() as connected:
        connected.sendall(request_head.encode())
        started_at = time.monotonic()
        for start in range(0, len(body), 600):  # longer than REQUEST_BODY_SECONDS
            connected.sendall(body[start : start + 600])
            threading.Event().wait(0.25)
        response = everything(connected)

    assert time.monotonic() - started_at > 4
    assert status_of(response) == 200


def test_connections_per_address_are_limited_and_others_are_served(web) -> None:
    request_head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
    kept_connections = [web.connect("127.0.0.2") for _ in range(20)]
    for connection in kept_connections:
        connection.sendall(request_head)
    other_status, _seconds = web.get("/health/")

    refused = [web.connect("127.0.0.2") for _ in range(5)]
    refusals = [closed_within(connection, 5) for connection in refused]
    still_open = [not closed_within(connection, 0.01) for connection in kept_connections]
    from_proxy = [web.connect("127.0.0.1") for _ in range(25)]
    proxies_open = [not closed_within(connection, 0.01) for connection in from_proxy]
    for connection in (*kept_connections, *refused, *from_proxy):
        connection.close()

    assert other_status == 200
    assert all(refusals)
    assert all(still_open)
    assert all(proxies_open)


def test_stopping_shop_answers_requests_it_has_begun(web_with_short_timeouts) -> None:
    """A body still arriving when the processes stop is read and answered, then the connection closes."""
    body = b'{"query": "{ shop { name } }"}'
    with web_with_short_timeouts.connect() as connected:
        connected.sendall(
            b"POST /graphql/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        connected.sendall(body[:10])
        web_with_short_timeouts.get("/health/")
        for pid in web_with_short_timeouts.children():  # the serving processes; their master starts others
            os.kill(pid, signal.SIGTERM)
        connected.sendall(body[10:])
        response = everything(connected)

    assert status_of(response) == 200
    assert b"Connection: close" in response
    assert web_with_short_timeouts.get("/health/")[0] == 200
