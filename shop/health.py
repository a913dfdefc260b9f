"""What machines are told about the shop's state at /health/."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.celery import BEAT_KEY, app
from shop.core.jobs import queueing

LATE_BEAT_SECONDS = 120
_PROBE_KEY = "health-probe"
_MEGABYTE = 1024**2
_IS_READ_ONLY = {
    "postgresql": "SELECT current_setting('transaction_read_only') = 'on'",
    "sqlite": "SELECT query_only FROM pragma_query_only",
}
Report = dict[str, Any]


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 while the shop can sell: its database takes writes, and an embedded one its folder too.

    `missing` names every part that is not well. Without cache, broker or jobs the shop sells, and what they
    do waits.
    """
    checks: dict[str, Callable[[], Report]] = {
        "database": _database,
        "data": lambda: _folder(settings.DATA_DIR),
        "storage": _media,
        "cache": _cache,
        "broker": _broker,
        "jobs": lambda: _jobs(timezone.now()),
    }
    report = {name: check() for name, check in checks.items()}
    missing = [name for name, part in report.items() if not part["ok"]]
    sells = report["database"]["ok"] and (settings.SERVER or report["data"]["is_writable"])
    return JsonResponse({**report, "missing": missing}, status=200 if sells else 503)


def _database() -> Report:
    """Whether the database answers and takes writes: a standby or a full server may only be read."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_IS_READ_ONLY[connection.vendor])
            (is_read_only,) = cursor.fetchone()
    except DatabaseError:
        return {"ok": False, "kind": connection.vendor}
    return {"ok": not int(is_read_only), "kind": connection.vendor}


def _folder(folder: Path) -> Report:
    """Whether a file can be written there, and how much room its disk has."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except OSError:
        is_writable = False
    else:
        is_writable = True
    free = _free_megabytes(folder)
    return {
        "ok": is_writable and free >= settings.LOW_DISK_MEGABYTES,
        "is_writable": is_writable,
        "free_megabytes": free,
    }


def _media() -> Report:
    """The folder of pictures; one that is not there yet is made with the first file."""
    folder = Path(default_storage.path(""))
    while not folder.exists():
        folder = folder.parent
    return _folder(folder)


def _free_megabytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free // _MEGABYTE
    except OSError:
        return 0


def _cache() -> Report:
    """A cache that is away answers nothing and raises nothing, so a value must come back."""
    cache.set(_PROBE_KEY, 1, 60)
    return {"ok": cache.get(_PROBE_KEY) == 1}


def _broker() -> Report:
    """Whether a message could be queued. A broker that failed a moment ago is not asked again."""
    kind = str(app.conf.broker_url).partition(":")[0]
    if queueing.is_paused():
        return {"ok": False, "kind": kind}
    if kind == "filesystem":
        folder = Path(app.conf.broker_transport_options["data_folder_out"])
        return {"ok": _folder(folder)["is_writable"], "kind": kind}
    return {"ok": queueing.publish(_connect_to_broker), "kind": kind}


def _connect_to_broker() -> None:
    with app.producer_or_acquire() as producer:
        producer.channel.client.ping()


def _jobs(now: datetime) -> Report:
    """Whether a worker ran beat's task lately; the age is null until the first one after a start."""
    last = cache.get(BEAT_KEY)
    if last is None:
        return {"ok": False, "last_beat": None, "age_seconds": None}
    age = int((now - datetime.fromisoformat(last)).total_seconds())
    return {"ok": age <= LATE_BEAT_SECONDS, "last_beat": last, "age_seconds": age}
