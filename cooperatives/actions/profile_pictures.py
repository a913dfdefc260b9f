"""Photos on a cooperative's page of its place, its people and its producing households."""

from __future__ import annotations

import datetime
from enum import StrEnum

from django.db import transaction

from cooperatives.models import Cooperative, Producer
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import Picture, record_change


class ProfilePicture(StrEnum):
    """What a photo shows. The values appear in URLs."""

    PLACE = "noi"
    PEOPLE = "nguoi"
    HOUSEHOLD = "ho"


@transaction.atomic(durable=True)
def update_profile_picture(
    *,
    cooperative: Cooperative,
    kind: ProfilePicture,
    household_id: int = 0,
    picture: Picture | None,
    alt: str,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Set a photo and its alternative text. If `picture` is None, the present photo stays. Raises Missing."""
    row = _lock_pictured_row(cooperative, kind, household_id)
    column = photo_column(kind)
    shown: Picture | None = picture or getattr(row, column)
    if shown is None:
        raise Missing()
    shown.alt = " ".join(alt.split())
    shown.save(update_fields=["alt"])
    setattr(row, column, shown)
    row.save(update_fields=[column])
    _record_picture(row, kind, shown, actor=actor, now=now)


@transaction.atomic(durable=True)
def remove_profile_picture(
    *,
    cooperative: Cooperative,
    kind: ProfilePicture,
    household_id: int = 0,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Remove a photo from the page. Raises Missing."""
    row = _lock_pictured_row(cooperative, kind, household_id)
    column = photo_column(kind)
    if getattr(row, column) is None:
        raise Missing()
    setattr(row, column, None)
    row.save(update_fields=[column])
    _record_picture(row, kind, None, actor=actor, now=now)


def photo_column(kind: ProfilePicture) -> str:
    """Return the column that holds the photo."""
    return "cover" if kind == ProfilePicture.PLACE else "portrait"


def _lock_pictured_row(
    cooperative: Cooperative, kind: ProfilePicture, household_id: int
) -> Cooperative | Producer:
    row: Cooperative | Producer | None
    if kind == ProfilePicture.HOUSEHOLD:
        row = lock_row(Producer.objects.for_cooperative(cooperative).filter(pk=household_id))
    else:
        row = lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    if row is None:
        raise Missing()
    return row


def _record_picture(
    row: Cooperative | Producer,
    kind: ProfilePicture,
    picture: Picture | None,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    cooperative = row if isinstance(row, Cooperative) else row.cooperative
    record_change(
        "household.picture_changed" if kind == ProfilePicture.HOUSEHOLD else "cooperative.picture_changed",
        row,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        data={"kind": kind.name.lower(), "picture": picture and picture.pk},
    )
