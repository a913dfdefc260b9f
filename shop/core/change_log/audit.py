"""Verify the change log against its seals, to find changes that were altered, removed or emptied."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

from shop.core.change_log.seal_changes import (
    DIGEST_BEFORE_FIRST_SEAL,
    MAX_TRANSACTION_LIFETIME,
    REDACTED,
    digest_of_content,
    digest_of_facts,
    digest_of_name,
    digest_of_seal,
    has_content,
)
from shop.core.models import Change, ChangeSeal, SealedChange

_SEALS_AT_ONCE = 500


def find_change_log_faults(*, now: datetime.datetime) -> Iterator[str]:
    """Yield one message per fault, seal by seal.

    It changes nothing. Changes newer than the last seal are not covered.
    """
    redacted = _read_redacted_change_ids("names"), _read_redacted_change_ids("contents")
    number, previous = 0, DIGEST_BEFORE_FIRST_SEAL
    while seals := list(ChangeSeal.objects.filter(number__gt=number).order_by("number")[:_SEALS_AT_ONCE]):
        for seal in seals:
            if seal.number != number + 1:
                yield f"seals {number + 1} to {seal.number - 1} of the change log are missing"
            yield from _find_seal_faults(seal, previous, *redacted)
            number, previous = seal.number, seal.digest
    yield from _find_missing_last_seals()
    yield from _find_unsealed_old_changes(now)


def find_changed_seals(expected_digests: Mapping[int, str]) -> Iterator[str]:
    """Compare digests of seals stored elsewhere, by number, with those in the database.

    The chain alone does not show that its newest seals were removed together with their changes.
    """
    stored_digests = dict(
        ChangeSeal.objects.filter(number__in=expected_digests).values_list("number", "digest")
    )
    for number, digest in sorted(expected_digests.items()):
        if number not in stored_digests:
            yield f"seal {number} of the change log is missing, with the changes since the seal before it"
        elif stored_digests[number] != digest:
            yield f"seal {number} of the change log differs from the one that was kept"


def _read_redacted_change_ids(data_key: str) -> set[int]:
    """Return the ids of changes whose redaction is recorded in the log, in `data[data_key]`."""
    change_ids: set[int] = set()
    for data in Change.objects.filter(action=REDACTED).values_list("data", flat=True).iterator(1_000):
        change_ids.update(data.get(data_key, ()))
    return change_ids


def _find_seal_faults(
    seal: ChangeSeal, previous: str, redacted_name_ids: set[int], redacted_content_ids: set[int]
) -> Iterator[str]:
    sealed_changes = list(SealedChange.objects.filter(seal=seal).order_by("change_id"))
    if (
        len(sealed_changes) != seal.count
        or digest_of_seal(previous, seal.number, seal.sealed_at, sealed_changes) != seal.digest
    ):
        yield (
            f"seal {seal.number} of the change log does not match: it covers {seal.count} changes up to"
            f" {seal.last_id}, and {len(sealed_changes)} are there"
        )
    changes = Change.objects.in_bulk([sealed_change.change_id for sealed_change in sealed_changes])
    for sealed_change in sealed_changes:
        yield from _change_faults(
            sealed_change, changes.get(sealed_change.change_id), redacted_name_ids, redacted_content_ids
        )


def _change_faults(
    sealed_change: SealedChange,
    change: Change | None,
    redacted_name_ids: set[int],
    redacted_content_ids: set[int],
) -> Iterator[str]:
    name = f"change {sealed_change.change_id}"
    if change is None:
        yield f"{name} was removed"
        return
    if digest_of_facts(change) != sealed_change.facts:
        yield f"{name} was altered"
    if not change.actor_name and sealed_change.name_digest:
        if sealed_change.change_id not in redacted_name_ids:
            yield f"{name}: its actor's name was emptied without a record"
    elif change.actor_name and digest_of_name(change, sealed_change.name_salt) != sealed_change.name_digest:
        yield f"{name}: its actor's name was altered"
    if not has_content(change) and sealed_change.content_digest:
        if sealed_change.change_id not in redacted_content_ids:
            yield f"{name}: its content was emptied without a record"
    elif (
        has_content(change)
        and digest_of_content(change, sealed_change.content_salt) != sealed_change.content_digest
    ):
        yield f"{name}: its content was altered"


def _find_missing_last_seals() -> Iterator[str]:
    """Find sealed rows whose seal is gone.

    This finds seals that were removed at the end. An earlier one leaves a gap in the numbers.
    """
    sealed_numbers = ChangeSeal.objects.values("number")
    for number in (
        SealedChange.objects.exclude(seal__in=sealed_numbers).values_list("seal_id", flat=True).distinct()
    ):
        yield f"seal {number} of the change log is missing"


def _find_unsealed_old_changes(now: datetime.datetime) -> Iterator[str]:
    """Find unsealed changes older than the commit window, which a regular transaction cannot have added."""
    old_seals = ChangeSeal.objects.filter(sealed_at__lt=now - MAX_TRANSACTION_LIFETIME).order_by("-number")
    last_sealed_id = old_seals.values_list("last_id", flat=True).first() or 0
    sealed = SealedChange.objects.values("change_id")
    late_ids: Sequence[int] = list(
        Change.objects.filter(pk__lte=last_sealed_id)
        .exclude(pk__in=sealed)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    for pk in late_ids:
        yield f"change {pk} was written among changes sealed before"
