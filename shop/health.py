"""Report the shop's state to monitoring at /health/."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.celery import BEAT_KEY, app
from shop.core.jobs import queues

LATE_BEAT_SECONDS = 120
_PROBE_KEY = "health-probe"
_MEGABYTE = 1024**2
_IS_READ_ONLY = {
    "postgresql": "SELECT current_setting('transaction_read_only') = 'on'",
    "sqlite": "SELECT query_only FROM pragma_query_only",
}
Report = dict[str, object]


@require_safe
@never_cache
def check_health(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the shop can sell: its database is writable, and so is an embedded shop's folder.

    `failing` lists the unhealthy parts. Without cache, broker or jobs the shop still sells and their work
    waits.
    """
    checks: dict[str, Callable[[], Report]] = {
        "database": _check_database,
        "data": lambda: _check_folder(settings.DATA_DIR),
        "storage": _check_media,
        "temporary": lambda: _check_folder(Path(tempfile.gettempdir())),  # request bodies are spooled there
        "cache": _check_cache,
        "broker": _check_broker,
        "jobs": lambda: _check_jobs(timezone.now()),
    }
    report = {name: check() for name, check in checks.items()}
    failing_parts = [name for name, part in report.items() if not part["ok"]]
    can_sell = report["database"]["ok"] and (settings.SERVER or report["data"]["is_writable"])
    return JsonResponse({**report, "failing": failing_parts}, status=200 if can_sell else 503)


def _check_database() -> Report:
    """Check that the database answers and takes writes.

    This does not notice a full disk of a database server. Monitor that disk there.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(_IS_READ_ONLY[connection.vendor])
            (is_read_only,) = cursor.fetchone()
    except DatabaseError:
        return {"ok": False, "kind": connection.vendor}
    return {"ok": not int(is_read_only), "kind": connection.vendor}


def _check_folder(folder: Path) -> Report:
    """Check that a file can be written to the folder, and how much space is left."""
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


def _check_media() -> Report:
    """Check the folder of pictures, or its parent if it does not exist yet."""
    folder = Path(default_storage.path(""))
    while not folder.exists():
        folder = folder.parent
    return _check_folder(folder)


def _free_megabytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free // _MEGABYTE
    except OSError:
        return 0


def _check_cache() -> Report:
    """Check that a cached value can be read again, because an unreachable cache raises no error."""
    cache.set(_PROBE_KEY, 1, 60)
    return {"ok": cache.get(_PROBE_KEY) == 1}


def _check_broker() -> Report:
    """Check that a message can be queued. A broker that just failed is not tried again."""
    scheme = str(app.conf.broker_url).partition(":")[0]
    if queues.is_paused():
        return {"ok": False, "kind": scheme}
    if scheme == "filesystem":
        folder = Path(app.conf.broker_transport_options["data_folder_out"])
        return {"ok": _check_folder(folder)["is_writable"], "kind": scheme}
    return {"ok": queues.publish(_connect_to_broker), "kind": scheme}


def _connect_to_broker() -> None:
    with app.producer_or_acquire() as producer:
        producer.channel.client.ping()


def _check_jobs(now: datetime) -> Report:
    """Check that a worker ran beat's task recently. The age is null until the first run after a start."""
    last = cache.get(BEAT_KEY)
    if last is None:
        return {"ok": False, "last_beat": None, "age_seconds": None}
    age = int((now - datetime.fromisoformat(last)).total_seconds())
    return {"ok": age <= LATE_BEAT_SECONDS, "last_beat": last, "age_seconds": age}
