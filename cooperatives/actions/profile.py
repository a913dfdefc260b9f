"""A cooperative's public profile, and its producing households."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction

from cooperatives.models import Cooperative, Producer
from shop.core.actors import Actor
from shop.core.database.row_values import save_unique
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.identifiers.phones import require_phone
from shop.core.models import record_change


@dataclass(frozen=True, slots=True)
class HouseholdDetails:
    """A household as entered by members. `has_consent` is its consent to be named to buyers."""

    name: str
    products_made: str = ""
    place: str = ""
    phone: str = ""
    has_consent: bool = False


@transaction.atomic(durable=True)
def update_profile(
    *, cooperative: Cooperative, summary: str, story: str, actor: Actor, now: datetime.datetime
) -> None:
    """Update the one-line summary and the story. Raises Missing, InvalidColumnValue."""
    row = lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    if row is None:
        raise Missing()
    row.summary, row.story = " ".join(summary.split()), story.strip()
    save_unique(row)
    record_change("cooperative.profile_changed", row, actor=actor, now=now, cooperative_id=row.pk)


@transaction.atomic(durable=True)
def add_household(
    *, cooperative: Cooperative, details: HouseholdDetails, actor: Actor, now: datetime.datetime
) -> Producer:
    """Add a producing household."""
    return _save_household(
        Producer(cooperative=cooperative), details, "household.created", actor=actor, now=now
    )


@transaction.atomic(durable=True)
def update_household(
    *,
    cooperative: Cooperative,
    household_id: int,
    details: HouseholdDetails,
    actor: Actor,
    now: datetime.datetime,
) -> Producer:
    """Update a household and its consent to be named. Raises Missing."""
    row = _lock_household(cooperative, household_id)
    return _save_household(row, details, "household.changed", actor=actor, now=now)


@transaction.atomic(durable=True)
def remove_household(
    *, cooperative: Cooperative, household_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Delete a household. Its products stay without naming it. Raises Missing."""
    row = _lock_household(cooperative, household_id)
    _record_household("household.deleted", row, actor=actor, now=now)
    row.delete()


def _save_household(
    row: Producer, details: HouseholdDetails, action: str, *, actor: Actor, now: datetime.datetime
) -> Producer:
    require_phone(details.phone)
    row.name, row.products_made, row.place = details.name, details.products_made, details.place
    row.phone = details.phone
    # The date of the first consent stays until the consent is withdrawn.
    row.agreed_on = (row.agreed_on or vietnam_date(now)) if details.has_consent else None
    save_unique(row)
    _record_household(action, row, actor=actor, now=now)
    return row


def _record_household(action: str, household: Producer, *, actor: Actor, now: datetime.datetime) -> None:
    """Record the change without the name, because no personal data of a removed household may remain."""
    record_change(
        action,
        household,
        actor=actor,
        now=now,
        root=household.cooperative,
        cooperative_id=household.cooperative_id,
        data={"agreed_on": household.agreed_on.isoformat() if household.agreed_on else None},
    )


def _lock_household(cooperative: Cooperative, household_id: int) -> Producer:
    row = lock_row(Producer.objects.for_cooperative(cooperative).filter(pk=household_id))
    if row is None:
        raise Missing()
    return row
