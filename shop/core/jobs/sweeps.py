"""Process the rows of a background sweep one by one, so that a row that fails does not stop the others.

Every sweep of the timetable goes through `run_each` or `run_batches`. A failed row is recorded in
`SweepFailure`, skipped for a time that grows with each failure, and tried again until it succeeds.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from celery import signature
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from shop.core.database.transactions import after_commit, lock_row
from shop.core.errors import Missing, Refused
from shop.core.models.sweep_failure import SweepFailure

log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)

FIRST_RETRY_DELAY = datetime.timedelta(minutes=1)
MAX_RETRY_DELAY = datetime.timedelta(hours=6)
_FAILURE_RETENTION = datetime.timedelta(days=1)
_MAX_ERROR_LENGTH = 500


def delay_before_retry(
    failures: int,
    *,
    first: datetime.timedelta = FIRST_RETRY_DELAY,
    longest: datetime.timedelta = MAX_RETRY_DELAY,
) -> datetime.timedelta:
    """Return `first`, doubled with each failure after the first one, up to `longest`. Never overflows."""
    # The exponent is bounded too, because a power of a large count overflows timedelta.
    doublings = min(max(0, failures - 1), 30)
    return longest if first >= longest / 2**doublings else first * 2**doublings


def run_each(
    keys: Iterable[Key], action: Callable[[Key], object], *, sweep: str, max_count: int | None = None
) -> int:
    """Call `action` with each due key, at most `max_count` of them, and return how many calls succeeded.

    Keys that failed before are skipped until their next try. They do not count towards `max_count`, so that
    broken rows do not starve the others. An ordered queryset of keys is read only as far as needed.
    """
    run = SweepRun(sweep)
    due_keys, is_complete = run.due_keys(keys, max_count)
    succeeded = sum(run.attempt(key, action) for key in due_keys)
    if is_complete:
        run.forget_rows_not_due()
    return succeeded


def run_one(key: Key, action: Callable[[Key], object], *, sweep: str) -> bool:
    """Process one row of a sweep in its own task, unless its retry is not due. Return whether it worked."""
    run = SweepRun(sweep)
    due_keys, _is_complete = run.due_keys([key], None)
    return any(run.attempt(due_key, action) for due_key in due_keys)


def run_batch(
    keys: QuerySet[Any, Key], action: Callable[[Sequence[Key]], object], *, sweep: str, batch_size: int
) -> tuple[int, bool]:
    """Call `action` once with the next due keys, and return how many succeeded and whether more are due.

    If the batch fails as a whole, its keys are processed one by one, and only those that fail are recorded.
    """
    run = SweepRun(sweep)
    due_keys, is_complete = run.due_keys(keys, batch_size)
    succeeded = run.attempt_batch(due_keys, action)
    if is_complete:
        run.forget_rows_not_due()
    return succeeded, succeeded > 0 and not is_complete


def run_batches(
    keys: QuerySet[Any, Key], action: Callable[[Sequence[Key]], object], *, sweep: str, batch_size: int
) -> int:
    """Call `run_batch` until nothing is due, and return how many keys succeeded."""
    succeeded, has_more = run_batch(keys, action, sweep=sweep, batch_size=batch_size)
    while has_more:
        count, has_more = run_batch(keys, action, sweep=sweep, batch_size=batch_size)
        succeeded += count
    return succeeded


class SweepRun:
    """One run of a sweep: rows that failed before, and rows due now."""

    def __init__(self, sweep: str) -> None:
        self.sweep = sweep
        self._failures = {
            sweep_failure.row_key: sweep_failure for sweep_failure in SweepFailure.objects.filter(sweep=sweep)
        }
        self._found: set[str] = set()

    def due_keys(self, keys: Iterable[Key], max_count: int | None) -> tuple[list[Key], bool]:
        """Return the keys to process now, and whether these and the skipped ones are all that is due."""
        now = timezone.now()
        skipped = {key for key, row in self._failures.items() if row.is_waiting(now)}
        if max_count is None:
            read, is_complete = list(keys), True
        else:
            limit = max_count + len(skipped) + 1
            read = list(keys[:limit] if isinstance(keys, QuerySet) else islice(keys, limit))
            is_complete = len(read) < limit
        self._found = {key_text(key) for key in read}
        due = [key for key in read if key_text(key) not in skipped]
        return due[:max_count], is_complete and (max_count is None or len(due) <= max_count)

    def attempt(self, key: Key, action: Callable[[Key], object]) -> bool:
        """Call `action` with the key. Record a failure or clear an old one. Return whether it succeeded."""
        self._found.add(key_text(key))
        try:
            action(key)
        except Exception as error:  # the other rows continue after any error
            self._record(key, error)
            return False
        if key_text(key) in self._failures:
            SweepFailure.objects.filter(sweep=self.sweep, row_key=key_text(key)).delete()
        return True

    def attempt_batch(self, keys: Sequence[Key], action: Callable[[Sequence[Key]], object]) -> int:
        """Call `action` with all keys, or if that fails with one at a time, and return how many succeeded."""
        healthy = [key for key in keys if key_text(key) not in self._failures]
        failed_before = [key for key in keys if key_text(key) in self._failures]
        succeeded = 0
        if healthy:
            try:
                action(healthy)
                succeeded = len(healthy)
            except Exception:
                log.exception("%s failed for a batch of %s rows; trying each", self.sweep, len(healthy))
                failed_before = [*healthy, *failed_before]
        return succeeded + sum(
            self.attempt(key, lambda failed_key: action([failed_key])) for key in failed_before
        )

    def forget_rows_not_due(self) -> None:
        """Delete failures of rows that are no longer due, because something else has processed them."""
        since = timezone.now() - _FAILURE_RETENTION
        finished_keys = [
            row.pk
            for key, row in self._failures.items()
            if key not in self._found and row.last_failed_at < since
        ]
        if finished_keys:
            SweepFailure.objects.filter(pk__in=finished_keys).delete()

    def _record(self, key: Key, error: Exception) -> None:
        if isinstance(error, Refused):
            log.warning("%s refused for row %s: %s", self.sweep, key_text(key), error.code)
        else:
            log.error("%s failed for row %s", self.sweep, key_text(key), exc_info=error)
        record_sweep_failure(self.sweep, key_text(key), error, now=timezone.now())


def key_text(key: object) -> str:
    """Return a row's key as `SweepFailure` keeps it. Several columns are joined by slashes."""
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


@transaction.atomic
def record_sweep_failure(sweep: str, row_key: str, error: Exception, *, now: datetime.datetime) -> None:
    """Count one more failure of a row and set its next try."""
    description = _describe_error(error)
    failure, is_new = SweepFailure.objects.get_or_create(
        sweep=sweep,
        row_key=row_key,
        defaults={
            "first_failed_at": now,
            "last_failed_at": now,
            "next_try_at": now + delay_before_retry(1),
            "last_error": description,
        },
    )
    if is_new:
        return
    SweepFailure.objects.filter(pk=failure.pk).update(
        count=F("count") + 1,
        last_failed_at=now,
        next_try_at=now + delay_before_retry(failure.count + 1),
        last_error=description,
        acknowledged_at=failure.acknowledged_at if failure.last_error == description else None,
    )


@transaction.atomic(durable=True)
def retry_sweep_failure(*, failure_id: int, now: datetime.datetime) -> None:
    """Make a failed row due now and start its sweep. Raises Missing if it succeeded meanwhile."""
    row = _lock_failure(failure_id)
    row.next_try_at = now
    row.save(update_fields=["next_try_at"])
    after_commit(signature(row.task, immutable=True).delay)


@transaction.atomic(durable=True)
def acknowledge_sweep_failure(*, failure_id: int, now: datetime.datetime) -> None:
    """Stop counting a failure as waiting until it fails in another way. Raises Missing."""
    row = _lock_failure(failure_id)
    row.acknowledged_at = row.acknowledged_at or now
    row.save(update_fields=["acknowledged_at"])


def _lock_failure(failure_id: int) -> SweepFailure:
    row = lock_row(SweepFailure.objects.filter(pk=failure_id))
    if row is None:
        raise Missing()
    return row


def _describe_error(error: Exception) -> str:
    description = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return description.replace("\0", "").encode(errors="replace").decode()[:_MAX_ERROR_LENGTH]
