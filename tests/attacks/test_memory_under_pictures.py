"""Memory of a web process that receives twelve concurrent uploads of four hostile pictures."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from orders.models import OrderPart
from tests.attacks.hostile_pictures import FORMATS, hostile
from tests.attacks.memory import memory_of
from tests.attacks.web import Web, status_of
from tests.factories import make_order, make_variant
from tests.figures import FIGURE
from tests.orders.pages.order_proofs import prove_order
from tests.orders.refunds.refund_helpers import deliver_order, get_first_line

pytestmark = [pytest.mark.once, pytest.mark.processes, pytest.mark.django_db(transaction=True)]

CONCURRENT_UPLOADS = 12  # each with four pictures
MAX_MEGABYTES_OF_WEB = 250
MEGABYTE = 1024 * 1024


def test_hostile_pictures_use_little_memory_of_a_web_process(tmp_path, record_property) -> None:
    """The decoder's memory in the worker is tested in `tests.attacks.test_big_pictures`."""
    variant = make_variant(price=45_000, on_hand=200)
    groups = [FORMATS[:4], FORMATS[4:]] * (CONCURRENT_UPLOADS // 2)
    parts = [deliver_order(make_order((variant, 5)), now=timezone.now()) for _group in groups]
    buyer = Client()
    for part in parts:
        prove_order(buyer, part.order)
    session = buyer.cookies[settings.SESSION_COOKIE_NAME].value
    requests = [complaint(part, names, session) for part, names in zip(parts, groups, strict=True)]
    web = Web(tmp_path, workers=1, SECRET_KEY=settings.SECRET_KEY)
    try:
        (process,) = web.children()
        before = memory_of(process, "VmRSS") // MEGABYTE
        with ThreadPoolExecutor(CONCURRENT_UPLOADS) as senders:
            statuses = [status_of(response) for response in senders.map(web.answers, requests)]
        web_peak = memory_of(process, "VmHWM") // MEGABYTE
        original_count = sum(1 for _path in (tmp_path / "media/pictures/original").iterdir())
    finally:
        web.stop()

    record_property(
        FIGURE,
        f"{CONCURRENT_UPLOADS} hostile uploads at once: web process {web_peak} MB ({before} MB before, limit"
        f" {MAX_MEGABYTES_OF_WEB} MB)",
    )
    assert statuses == [302] * CONCURRENT_UPLOADS
    assert original_count == CONCURRENT_UPLOADS * 4
    assert web_peak <= MAX_MEGABYTES_OF_WEB


def complaint(part: OrderPart, names: tuple[str, ...], session: str) -> bytes:
    """Return the raw request of a complaint with a picture in each of these formats."""
    token, boundary = "a" * 32, uuid.uuid4().hex
    fields = {
        "csrfmiddlewaretoken": token,
        "idempotency_key": str(uuid.uuid4()),
        f"quantity-{get_first_line(part).pk}": "1",
        "message": "Dập.",
        "requested_remedy": "money",
    }
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    for name in names:
        part_header = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="photos"; filename="{name}"\r\n\r\n'
        )
        body += part_header.encode() + hostile(name) + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    headers = {
        "Host": "127.0.0.1",
        "Connection": "close",
        "Cookie": f"csrftoken={token}; {settings.SESSION_COOKIE_NAME}={session}",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(body)),
    }
    path = f"/don-hang/{part.order_id}/goi/{part.number}/phan-anh/"
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
