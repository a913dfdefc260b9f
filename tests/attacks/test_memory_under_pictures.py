"""Memory of web and worker while strangers send twelve times four hostile pictures at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from orders.models import OrderPart
from tests.attacks.hostile_pictures import FORMATS, hostile
from tests.attacks.memory import memory_of
from tests.attacks.web import ROOT, Web, status_of
from tests.factories import make_order, make_variant
from tests.figures import FIGURE
from tests.orders.pages.order_codes import show_order_is_theirs
from tests.orders.refunds.refunds_at_hand import delivered, line_of

pytestmark = [
    pytest.mark.once,
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(900),
]

UPLOADS = 12  # at once, each with four pictures
MOST_OF_WEB = 250  # MB
MOST_OF_DECODER = 500
MEGABYTE = 1024 * 1024
PATIENCE = 600  # seconds; for a machine that is busy with other tests


def test_hostile_pictures_take_little_memory_of_web_and_worker(tmp_path, record_property) -> None:
    """One web process takes all of them. The peak of each format's decoder is in `test_big_pictures`."""
    variant = make_variant(price=45_000, on_hand=200)
    groups = [FORMATS[:4], FORMATS[4:]] * (UPLOADS // 2)
    parts = [delivered(make_order((variant, 5)), now=timezone.now()) for _group in groups]
    buyer = Client()
    for part in parts:
        show_order_is_theirs(buyer, part.order)
    session = buyer.cookies[settings.SESSION_COOKIE_NAME].value
    requests = [complaint(part, names, session) for part, names in zip(parts, groups, strict=True)]
    web = Web(tmp_path, workers=1, SECRET_KEY=settings.SECRET_KEY)
    try:
        (process,) = web.children()
        before = memory_of(process, "VmRSS") // MEGABYTE
        with ThreadPoolExecutor(UPLOADS) as senders:
            statuses = [status_of(answer) for answer in senders.map(web.answers, requests)]
        web_peak = memory_of(process, "VmHWM") // MEGABYTE
        kept = sum(1 for _path in (tmp_path / "media/pictures/original").iterdir())
        with worker(web) as pid:
            peaks, most_at_once, worker_peak = watch_decoders(web, pid)
    finally:
        web.stop()

    record_property(
        FIGURE,
        f"{UPLOADS} hostile uploads at once: web process {web_peak} MB ({before} MB before, limit"
        f" {MOST_OF_WEB} MB), worker {worker_peak} MB, decoders one by one, at most {max(peaks)} MB",
    )
    assert statuses == [302] * UPLOADS
    assert kept == UPLOADS * 4
    assert web_peak <= MOST_OF_WEB
    assert max(peaks) <= MOST_OF_DECODER
    assert most_at_once == 1


def complaint(part: OrderPart, names: tuple[str, ...], session: str) -> bytes:
    """A buyer's complaint with a picture of each of these formats, as it goes over the wire."""
    token, boundary = "a" * 32, uuid.uuid4().hex
    fields = {
        "csrfmiddlewaretoken": token,
        "key": str(uuid.uuid4()),
        f"steps-{line_of(part).pk}": "1",
        "words": "Dập.",
        "requested_remedy": "money",
    }
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    for name in names:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="photos"; filename="{name}"\r\n\r\n'
        body += head.encode() + hostile(name) + b"\r\n"
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


@contextmanager
def worker(web: Web) -> Iterator[int]:
    """The worker as `manage.py run` starts it, on the same folder."""
    words = ["celery", "--quiet", "--app", "shop", "worker", "--pool", "threads", "--concurrency", "4"]
    with (web.folder / "worker-log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env=web.environment, stdout=log, stderr=log
        )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def watch_decoders(web: Web, worker_pid: int) -> tuple[list[int], int, int]:
    """The peaks of the decoders until five pictures are done, how many ran at once, the worker's peak."""
    peaks: dict[int, int] = {}
    most_at_once = 0
    until = time.monotonic() + PATIENCE
    while pictures_done(web.folder / "shop.sqlite3") < 5:
        assert time.monotonic() < until, (web.folder / "worker-log").read_text()
        running = decoders(worker_pid)
        most_at_once = max(most_at_once, len(running))
        for pid in running:
            peaks[pid] = max(peaks.get(pid, 0), memory_of(pid, "VmHWM") // MEGABYTE)
        time.sleep(0.02)
    return list(peaks.values()), most_at_once, memory_of(worker_pid, "VmHWM") // MEGABYTE


def pictures_done(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        (count,) = opened.execute("SELECT count(*) FROM core_picture WHERE state <> 'waiting'").fetchone()
    return int(count)


def decoders(parent: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in path.read_text().split():
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
            except FileNotFoundError:
                continue
            if b"picture_decoder.py" in command:
                found.append(int(pid))
    return found
