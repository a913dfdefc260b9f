"""Request bodies above an address's limit are refused before they are read and fill no disk."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation
from waitress.adjustments import Adjustments

from orders.payments.webhook_signatures import MAX_BODY_BYTES
from shop.accounts.models import User
from shop.api.endpoint import MAX_BYTES_WITH_FILES
from shop.core.images.image_files import MAX_BYTES
from shop.server.body_limits import BODY_LIMITS, MEGABYTE, Allowance, allowance_for
from shop.server.parser import RequestParser
from shop.server.visitors import is_known_visitor
from tests.attacks.web import everything, status_of
from tests.factories import make_user
from tests.shop.api.tokens import token_of

TOKEN = "2f1f3f5e-6a0c-4d0e-9a53-0d6f4d0a1b11"
FORM = "multipart/form-data; boundary=x"
DEFAULT = 10 * MEGABYTE
# Every page with a file form: its limit, and the limit without a sign-in, in MB.
UPLOADS = {
    "members/listing_new.html": ("members:create-listing", (), 60, 10),
    "members/listing.html": ("members:add-pictures", (7,), 60, 10),
    "members/listing_imports.html": ("members:listing-imports", (), 10, 10),
    "members/lot.html": ("members:add-lot-photos", (7,), 60, 10),
    "members/certificate.html": ("members:certificate", (7,), 26, 10),
    "members/profile_picture.html": ("members:profile-picture", ("place",), 26, 10),
    "members/slip.html": ("members:parcel-slip", (7,), 26, 10),
    "members/application_documents.html": ("members:application-document", ("registration",), 10, 10),
    "orders/complaint.html": ("orders:file-complaint", (TOKEN, 1), 40, 40),
    "orders/complaint_addition.html": ("orders:add-to-complaint", (TOKEN, TOKEN), 40, 40),
    "desk/bank_statements.html": ("desk:bank-statements", (), 10, 10),
    "desk/cash_statements.html": ("desk:cash-statements", (), 10, 10),
}


def head(path, *headers, length=None, content_type=FORM):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {content_type}", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode()


def answer_to_head(web, request):
    """Return the response although no byte of the body was sent."""
    with web.connect() as connected:
        connected.sendall(request)
        received = b""
        while not is_complete(received) and (data := connected.recv(4096)):
            received += data
        return received


def is_complete(response):
    """Return whether head and announced body have arrived; "100 Continue" has no body."""
    text, boundary, body = response.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", text)
    return bool(boundary) and len(body) >= (int(length[1]) if length else 0)


@pytest.mark.once
@pytest.mark.parametrize("page", UPLOADS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_upload_page_accepts_the_size_it_asks_for(page, language) -> None:
    name, values, most, without_sign_in = UPLOADS[page]
    with translation.override(language):
        address = reverse(name, args=values)

    allowance = allowance_for(address, FORM)

    assert allowance == Allowance(most * MEGABYTE, without_sign_in * MEGABYTE)
    assert allowance_for(address, "application/x-www-form-urlencoded") == Allowance(DEFAULT, DEFAULT)


@pytest.mark.once
def test_every_form_with_files_is_listed() -> None:
    folder = Path(settings.BASE_DIR) / "templates"
    with_files = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.html")
        if "multipart/form-data" in path.read_text()
    }

    assert with_files == set(UPLOADS)


@pytest.mark.once
def test_other_addresses_accept_ten_megabytes_and_webhooks_one() -> None:
    assert allowance_for("/webhooks/sepay/", "application/json") == Allowance(MEGABYTE, MEGABYTE)
    assert allowance_for("/graphql/", FORM) == Allowance(MAX_BYTES_WITH_FILES, DEFAULT)
    assert allowance_for("/graphql/", "application/json") == Allowance(DEFAULT, DEFAULT)
    assert allowance_for("/", FORM) == Allowance(DEFAULT, DEFAULT)
    assert allowance_for("/xa-vien/hang/moi/../../", FORM) == Allowance(DEFAULT, DEFAULT)
    assert MAX_BODY_BYTES < MEGABYTE
    assert MAX_BYTES < 26 * MEGABYTE
    assert all(limit.reason for limit in BODY_LIMITS)


@pytest.mark.once
def test_proxy_accepts_what_these_addresses_accept() -> None:
    lines = (Path(settings.BASE_DIR) / "deploy" / "Caddyfile").read_text()
    pattern, others = re.findall(r"@(?:photos|others not) path_regexp (.*)", lines)
    large = [limit for limit in BODY_LIMITS if limit.max_bytes > DEFAULT]
    addresses = ["/graphql/", f"/don-hang/{TOKEN}/goi/1/phan-anh/", "/xa-vien/hang/moi/"]
    addresses += ["/en/xa-vien/hang/7/anh/", "/en/xa-vien/gian-hang/giay/", "/xa-vien/gian-hang/giay/7/"]
    addresses += ["/xa-vien/gian-hang/anh/place/", "/en/xa-vien/gian-hang/ho/7/anh/"]
    addresses += ["/xa-vien/kien/7/phieu-gui/", "/en/xa-vien/chuyen/7/phieu-gui/", "/xa-vien/lo/7/anh/"]

    assert pattern == others
    assert max(limit.max_bytes for limit in large) == 60 * MEGABYTE
    assert [address for address in addresses if not re.search(pattern, address)] == []
    assert all(any(limit.address.fullmatch(address) for address in addresses) for limit in large)
    assert not re.search(pattern, "/dat-hang/")


@pytest.mark.once
def test_proxy_limits_the_time_of_each_step_and_the_default_body() -> None:
    text = (Path(settings.BASE_DIR) / "deploy" / "Caddyfile").read_text()

    times = dict(re.findall(r"^\s*(read_header|read_body|write|idle) (\w+)$", text, re.M))

    assert times == {"read_header": "10s", "read_body": "10m", "write": "10m", "idle": "30s"}
    assert "max_header_size 32KiB" in text
    assert re.findall(r"max_size (\w+)", text) == ["60MiB", "10MiB"]


@pytest.mark.once
@pytest.mark.processes
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "length", "content_type"),
    [
        ("/dat-hang/", 400 * MEGABYTE, FORM),
        ("/dat-hang/", DEFAULT + 1, FORM),
        ("/webhooks/sepay/", MEGABYTE + 1, "application/json"),
        ("/graphql/", DEFAULT + 1, "application/json"),
        ("/graphql/", MAX_BYTES_WITH_FILES + 1, FORM),
        ("/xa-vien/hang/moi/", 60 * MEGABYTE + 1, FORM),
        (f"/don-hang/{TOKEN}/goi/1/phan-anh/", 40 * MEGABYTE + 1, FORM),
    ],
)
@pytest.mark.parametrize("expects", [(), ("Expect: 100-continue",)])
def test_body_declared_too_large_is_not_read(web, path, length, content_type, expects) -> None:
    response = answer_to_head(web, head(path, *expects, length=length, content_type=content_type))

    assert status_of(response) == 413
    assert b"Connection: close" in response
    assert web.spooled_bytes() == 0


@pytest.mark.once
@pytest.mark.processes
@pytest.mark.django_db
def test_refusal_reaches_a_client_that_keeps_sending(web) -> None:
    with web.connect() as connected:
        connected.sendall(head("/dat-hang/", length=40 * MEGABYTE))
        for _ in range(40):
            connected.sendall(bytes(MEGABYTE))
        connected.shutdown(socket.SHUT_WR)
        response = everything(connected)

    assert status_of(response) == 413
    assert "Dữ liệu gửi lên quá lớn. Ở đây tối đa 10 MB." in response.decode()
    assert web.spooled_bytes() == 0


@pytest.mark.once
@pytest.mark.processes
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/dat-hang/", "/xa-vien/hang/moi/", f"/don-hang/{TOKEN}/goi/1/phan-anh/"])
def test_chunked_body_is_cut_off_at_its_limit(web, path) -> None:
    chunk = b"100000\r\n" + bytes(MEGABYTE) + b"\r\n"
    limit = 41 if "phan-anh" in path else 11
    spooled = 0

    with web.connect() as connected:
        connected.sendall(head(path, "Transfer-Encoding: chunked"))
        for _ in range(limit):
            connected.sendall(chunk)
            spooled = max(spooled, web.spooled_bytes())
        response = everything(connected)

    assert status_of(response) == 413
    assert spooled <= limit * MEGABYTE
    assert web.spooled_bytes() == 0


@pytest.mark.once
@pytest.mark.processes
@pytest.mark.django_db
def test_large_photo_is_read_from_members_and_refused_to_visitors(web) -> None:
    script = (
        "from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY\n"
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "from shop.accounts.models import User\n"
        "user = User.objects.create(email='xa-vien@example.vn')\n"
        "session = SessionStore()\n"
        "session[SESSION_KEY] = str(user.pk)\n"
        "session[BACKEND_SESSION_KEY] = 'django.contrib.auth.backends.ModelBackend'\n"
        "session[HASH_SESSION_KEY] = user.get_session_auth_hash()\n"
        "session.create()\n"
        "print(session.session_key)"
    )
    key = web.manage("shell", "--no-imports", "-c", script)
    path, expects, length = "/xa-vien/hang/moi/", "Expect: 100-continue", 20 * MEGABYTE

    nobody = answer_to_head(web, head(path, expects, length=length))
    forger = answer_to_head(web, head(path, expects, f"Cookie: sessionid={'a' * 32}", length=length))
    member = answer_to_head(web, head(path, expects, f"Cookie: sessionid={key}", length=length))
    in_english = answer_to_head(web, head(f"/en{path}", length=length))

    assert [status_of(sender) for sender in (nobody, forger, member)] == [403, 403, 100]
    assert "Hãy đăng nhập trước khi gửi tệp lớn như vậy." in nobody.decode()
    assert "Sign in before you upload files this large." in in_english.decode()


@pytest.mark.once
@pytest.mark.processes
@pytest.mark.django_db
def test_concurrent_bodies_per_network_are_limited_and_others_are_served(web) -> None:
    network, other_network = "127.0.0.2", "127.0.0.3"
    asks = head("/dat-hang/", "Expect: 100-continue", length=10 * MEGABYTE)
    in_english = head("/en/dat-hang/", length=10 * MEGABYTE)
    chunks = head("/dat-hang/", "Transfer-Encoding: chunked")

    def answer_to(request, source):
        with web.connect(source) as connected:
            connected.sendall(request)
            received = b""
            while not is_complete(received) and (data := connected.recv(4096)):
                received += data
            return received

    open_connections = [web.connect(network) for _ in range(12)]
    of_a_proxy = [web.connect("127.0.0.1") for _ in range(13)]
    for connected in (*open_connections, *of_a_proxy):
        connected.sendall(asks)
        assert status_of(connected.recv(4096)) == 100
    refused = answer_to(asks, network)
    refused_in_english = answer_to(in_english, network)
    refused_chunks = answer_to(chunks, network)
    small_body = web.answers(
        b"POST /dat-hang/ HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\na=bc", network
    )
    of_others = answer_to(asks, other_network)
    open_connections.pop().close()
    until = time.monotonic() + 10
    while status_of(retried := answer_to(asks, network)) != 100 and time.monotonic() < until:
        pass  # until the server has noticed the closed connection
    for connected in (*open_connections, *of_a_proxy):
        connected.close()

    assert [status_of(response) for response in (refused, refused_in_english, refused_chunks)] == [503] * 3
    assert "Mạng này đang gửi lên quá nhiều cùng lúc. Hãy thử lại sau một phút." in refused.decode()
    assert "Too much is being uploaded from your network at once." in refused_in_english.decode()
    assert b"Retry-After: 60" in refused
    assert status_of(small_body) == 403  # read; the form has no token
    assert status_of(of_others) == 100
    assert status_of(retried) == 100


@pytest.mark.once
def test_network_of_the_visitor_is_counted_behind_a_proxy(settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    def network(address, *headers, is_from_proxy=True):
        parser = RequestParser(
            Adjustments(), address=address, is_from_proxy=is_from_proxy, has_room=lambda request: True
        )
        parser.received(head("/dat-hang/", *headers, length=7))
        assert parser.promised_bytes == 7
        return parser.network

    assert network("10.0.0.1", "X-Forwarded-For: 1.1.1.1, 203.0.113.9") == "203.0.113.9"
    assert network("10.0.0.1", "X-Forwarded-For: 2001:db8:1:2:3::4") == "2001:db8:1:2::"
    assert network("10.0.0.1", "X-Forwarded-For: nobody") == "unknown"
    assert network("10.0.0.1") == ""
    assert network("::1") == ""
    assert network("203.0.113.7", "X-Forwarded-For: 198.51.100.1", is_from_proxy=False) == "203.0.113.7"


@pytest.mark.django_db(transaction=True)  # the connection may be closed, as between requests
def test_visitors_are_known_by_session_or_token() -> None:
    user = make_user()
    client = Client()
    client.force_login(user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    token = token_of(user)

    assert is_known_visitor({"COOKIE": f"{settings.SESSION_COOKIE_NAME}={key}"})
    assert is_known_visitor({"AUTHORIZATION": f"Bearer {token}"})
    assert not is_known_visitor({})
    assert not is_known_visitor({"COOKIE": f"{settings.SESSION_COOKIE_NAME}=wrong"})
    assert not is_known_visitor({"AUTHORIZATION": f"Bearer {token}x"})

    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not is_known_visitor({"COOKIE": f"{settings.SESSION_COOKIE_NAME}={key}"})


@pytest.mark.once
def test_other_servers_refuse_large_bodies_too() -> None:
    """Servers that pass on a request before its body arrived read nothing of it."""
    response = Client().post("/dat-hang/", CONTENT_LENGTH=str(DEFAULT + 1))

    assert response.status_code == 413
