"""Set up a cooperative's tills."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders import locks
from orders.models import Till
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import find_key_of_created_row, market_channel, record_change

MAX_TILLS = 50
_DEFAULT_CURRENCY = "VND"  # of a shop without a market channel


class TillNameRequired(Refused):
    code = "till_name_required"
    default_message = _("Enter a name for the till, such as Shop or Market.")


class TooManyTills(Refused):
    code = "too_many_tills"
    default_message = _("A cooperative has at most 50 tills. Close one that you no longer use.")


class TillClosed(Refused):
    code = "till_closed"
    default_message = _("This till is closed. Choose another one.")


class TillHasOpenShift(Refused):
    code = "till_has_open_shift"
    default_message = _("A shift is open at this till. Close the shift first.")


@transaction.atomic(durable=True)
def create_till(
    *,
    cooperative: Cooperative,
    name: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Till:
    """Create a till, with the next number of the cooperative.

    A repeated `idempotency_key` returns the first till. Raises KeyReused, Missing, TillNameRequired,
    TooManyTills.
    """
    name = _require_name(name)
    if lock_row(Cooperative.objects.filter(pk=cooperative.pk)) is None:
        raise Missing()
    existing_key = find_key_of_created_row(idempotency_key, "till.created", cooperative_id=cooperative.pk)
    if existing_key is not None:
        return Till.objects.get(pk=existing_key)
    tills = Till.objects.for_cooperative(cooperative)
    if tills.in_use().count() >= MAX_TILLS:
        raise TooManyTills()
    last = tills.last()
    channel = market_channel()
    till = Till.objects.create(
        cooperative=cooperative,
        number=last.number + 1 if last else 1,
        name=name,
        currency=channel.currency if channel else _DEFAULT_CURRENCY,
        created_at=now,
    )
    record_change(
        "till.created",
        till,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"name": name},
        idempotency_key=idempotency_key,
    )
    return till


@transaction.atomic(durable=True)
def rename_till(
    *, cooperative: Cooperative, till_id: int, name: str, actor: Actor, now: datetime.datetime
) -> Till:
    """Rename a till. Raises Missing, TillNameRequired."""
    name = _require_name(name)
    till = lock_own_till(cooperative, till_id)
    if till.name != name:
        data = {"from": {"name": till.name}, "to": {"name": name}}
        till.name = name
        till.save(update_fields=["name"])
        record_change("till.changed", till, actor=actor, now=now, cooperative_id=cooperative.pk, data=data)
    return till


@transaction.atomic(durable=True)
def close_till(*, cooperative: Cooperative, till_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Close a till for good. Its shifts stay readable. Raises Missing, TillClosed, TillHasOpenShift."""
    till = lock_own_till(cooperative, till_id)
    if till.closed_at is not None:
        raise TillClosed()
    if till.shifts.open().exists():
        raise TillHasOpenShift()
    till.closed_at = now
    till.save(update_fields=["closed_at"])
    record_change("till.closed", till, actor=actor, now=now, cooperative_id=cooperative.pk)


def lock_own_till(cooperative: Cooperative, till_id: int) -> Till:
    """In a transaction: lock a till of the cooperative. Raises Missing."""
    till = locks.lock_till(till_id)
    if till.cooperative_id != cooperative.pk:
        raise Missing()
    return till


def _require_name(name: str) -> str:
    """Return the name without surplus spaces. Raises TillNameRequired."""
    name = " ".join(name.split())[:60]
    if not name:
        raise TillNameRequired(field="name")
    return name
