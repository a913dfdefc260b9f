"""Seal the change log into a chain of hashes, and record redactions of personal data in it.

Database triggers refuse updates and deletes of changes. The chain reveals changes that bypassed them.
Changes are sealed after their commit, not while they are written, so that transactions do not wait for one
shared row.
"""

from __future__ import annotations

import datetime
import json
import logging
import secrets
from collections.abc import Iterable, Sequence
from hashlib import sha256

from celery import shared_task
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from shop.core.actors import Actor
from shop.core.database.transactions import lock_rows
from shop.core.models import Change, ChangeSeal, SealedChange, record_change

log = logging.getLogger(__name__)
REDACTED = "change.redacted"
# The longest time a transaction may stay open. A change may be committed after changes with higher ids were
# sealed.
MAX_TRANSACTION_LIFETIME = datetime.timedelta(hours=1)
DIGEST_BEFORE_FIRST_SEAL = "0" * 64
_IN_ONE_SEAL = 1_000
_SEALS_AT_ONCE = 50


@shared_task(name="core.seal_changes")
def seal_changes_task() -> None:
    remaining_batches = _SEALS_AT_ONCE
    while remaining_batches and seal_changes(now=timezone.now()):
        remaining_batches -= 1


def seal_changes(*, now: datetime.datetime) -> int:
    """Seal the oldest unsealed changes and return how many.

    If another worker is sealing them, it returns 0.
    """
    with transaction.atomic():
        last = next(iter(lock_rows(ChangeSeal.objects.filter(pk__in=_read_last_number()))), None)
        number, previous = (last.number + 1, last.digest) if last else (1, DIGEST_BEFORE_FIRST_SEAL)
        if ChangeSeal.objects.filter(pk=number).exists():
            return 0  # another worker sealed these changes while this one waited for the lock
        # Read the rows under the lock, because rows read before it may have been sealed since.
        changes = list(unsealed_changes(now=now)[:_IN_ONE_SEAL])
        if not changes:
            return 0
        sealed_changes = [_build_sealed_change(change) for change in changes]
        seal = ChangeSeal(
            number=number,
            sealed_at=now,
            count=len(sealed_changes),
            last_id=changes[-1].pk,
            digest=digest_of_seal(previous, number, now, sealed_changes),
        )
        if not _create_seal(seal):
            return 0
        for row in sealed_changes:
            row.seal = seal
        SealedChange.objects.bulk_create(sealed_changes)
    log.info("Sealed %d changes: seal %s", len(sealed_changes), seal)
    return len(sealed_changes)


def unsealed_changes(*, now: datetime.datetime) -> QuerySet[Change]:
    """Return changes without a seal, by id. Changes below the seals of an hour ago are the audit's task."""
    old_seals = ChangeSeal.objects.filter(sealed_at__lt=now - MAX_TRANSACTION_LIFETIME).order_by("-number")
    since = old_seals.values_list("last_id", flat=True).first() or 0
    sealed = SealedChange.objects.filter(pk=OuterRef("pk"))
    return Change.objects.filter(~Exists(sealed), pk__gt=since).order_by("pk")


def _create_seal(seal: ChangeSeal) -> bool:
    """Create the seal. Return False if another worker has created a seal of this number.

    Before the first seal there is no row to lock, so its unique number decides.
    """
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
    except IntegrityError:
        if ChangeSeal.objects.filter(pk=seal.number).exists():
            return False
        raise
    return True


def _read_last_number() -> list[int]:
    return list(ChangeSeal.objects.order_by("-number").values_list("number", flat=True)[:1])


def _build_sealed_change(change: Change) -> SealedChange:
    sealed_change = SealedChange(change_id=change.pk, facts=digest_of_facts(change))
    if change.actor_name:
        sealed_change.name_salt = secrets.token_hex(16)
        sealed_change.name_digest = digest_of_name(change, sealed_change.name_salt)
    if has_content(change):
        sealed_change.content_salt = secrets.token_hex(16)
        sealed_change.content_digest = digest_of_content(change, sealed_change.content_salt)
    return sealed_change


def digest_of_facts(change: Change) -> str:
    return _digest(
        change.pk,
        change.created_at.astimezone(datetime.UTC).isoformat(timespec="microseconds"),
        change.action,
        change.kind,
        change.key,
        change.root_kind,
        change.root_key,
        change.cooperative,
        change.actor_kind,
        change.actor_key,
        change.entry_point,
        change.idempotency_key,
    )


def digest_of_name(change: Change, salt: str) -> str:
    return _digest(salt, change.actor_name)


def digest_of_content(change: Change, salt: str) -> str:
    return _digest(salt, change.reason, change.data, change.snapshot)


def has_content(change: Change) -> bool:
    return bool(change.reason or change.data or change.snapshot is not None)


def digest_of_seal(
    previous: str, number: int, sealed_at: datetime.datetime, rows: Iterable[SealedChange]
) -> str:
    """Hash the rows in the order given. Salts are left out because redaction deletes them."""
    payload = [
        [
            sealed_change.change_id,
            sealed_change.facts,
            sealed_change.name_digest,
            sealed_change.content_digest,
        ]
        for sealed_change in rows
    ]
    return _digest(
        previous, number, sealed_at.astimezone(datetime.UTC).isoformat(timespec="microseconds"), payload
    )


def _digest(*values: object) -> str:
    payload = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(payload.encode()).hexdigest()


def redact_names(changes: QuerySet[Change], *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete the actor's name from these changes and record which ones were redacted."""
    ids = _named_change_ids(changes.exclude(actor_name=""))
    Change.objects.filter(pk__in=ids).update(actor_name="")
    SealedChange.objects.filter(pk__in=ids).update(name_salt="")
    _record_redaction("names", ids, actor=actor, now=now)


def redact_contents(changes: QuerySet[Change], *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete reason, data and snapshot from changes, and record which were redacted."""
    ids = [change.pk for change in changes.order_by("pk") if has_content(change)]
    Change.objects.filter(pk__in=ids).update(reason="", data={}, snapshot=None)
    SealedChange.objects.filter(pk__in=ids).update(content_salt="")
    _record_redaction("contents", ids, actor=actor, now=now)


def _named_change_ids(changes: QuerySet[Change]) -> list[int]:
    return list(changes.order_by("pk").values_list("pk", flat=True))


def _record_redaction(part: str, ids: Sequence[int], *, actor: Actor, now: datetime.datetime) -> None:
    if ids:
        record_change(REDACTED, Change(pk=ids[0]), actor=actor, now=now, data={part: list(ids)})
