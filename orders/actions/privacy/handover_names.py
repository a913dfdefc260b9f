"""Delete the names of members, drivers and receivers from hand-overs and delivery runs.

They are kept for complaints and lost parcels, at most `NAME_RETENTION`.
"""

from __future__ import annotations

import datetime
from typing import TypeVar

from celery import shared_task
from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from orders.actions.fulfilment.delivery_runs import end_old_runs
from orders.models import DeliveryRun, HandoverCode, HandoverRecord, HandoverStep, Parcel
from orders.models.handover import IS_REDACTED, REDACTED
from shop.accounts.models import User
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.change_log.seal_changes import redact_names
from shop.core.models import Change

NAME_RETENTION = datetime.timedelta(days=180)
_SWEEP_SIZE = 500
_Row = TypeVar("_Row", bound=Model)


@shared_task(name="orders.delete_handover_names")
def delete_handover_names_task() -> None:
    """Sweep: delete names whose time is over. The next run goes on where a full one stops."""
    now = timezone.now()
    end_old_runs(now=now)
    delete_old_handover_names(now=now)


@transaction.atomic(durable=True)
def delete_old_handover_names(*, now: datetime.datetime) -> None:
    """Delete names of hand-overs and of runs that ended more than 180 days ago, some of each kind.

    The place of a delivery is deleted too, because it is often the buyer's home.
    """
    until = now - NAME_RETENTION
    records = _oldest(
        HandoverRecord.objects.filter(happened_at__lt=until).exclude(IS_REDACTED), "happened_at"
    )
    records.filter(step=HandoverStep.TO_BUYER).update(place=REDACTED)
    records.update(giver_name=REDACTED, receiver_name=REDACTED)
    codes = HandoverCode.objects.filter(created_at__lt=until).exclude(giver_name=REDACTED)
    _oldest(codes, "created_at").update(giver_name=REDACTED)
    runs = DeliveryRun.objects.filter(ended_at__lt=until).exclude(driver_name=REDACTED)
    _oldest(runs, "ended_at").update(driver_name=REDACTED, driver_phone="")
    parcels = Parcel.objects.filter(handed_over_at__lt=until).exclude(driver_phone="")
    _oldest(parcels, "handed_over_at").update(driver_phone="")
    changes = Change.objects.filter(
        actor_kind=ActorKind.GUEST, entry_point=EntryPoint.MEMBERS, created_at__lt=until
    ).exclude(actor_name="")
    redact_names(_oldest(changes, "created_at"), actor=Actor.system(), now=now)


def _oldest(rows: QuerySet[_Row], time_field: str) -> QuerySet[_Row]:
    """Return as many of the rows as one sweep changes, in the order of their index."""
    ids = list(rows.order_by(time_field, "pk").values_list("pk", flat=True)[:_SWEEP_SIZE])
    return rows.model._default_manager.filter(pk__in=ids)


def delete_handover_names_of(user: User) -> None:
    """In a transaction: delete a member's name from the hand-overs of their cooperatives.

    A hand-over holds the name as it was entered, so it is compared with that of the account.
    """
    cooperatives = user.memberships.values("cooperative")
    for name in {user.name, user.first_name} - {""}:
        records = HandoverRecord.objects.filter(parcel__part__cooperative__in=cooperatives)
        records.filter(giver_name=name).update(giver_name=REDACTED)
        records.filter(receiver_name=name).update(receiver_name=REDACTED)
        codes = HandoverCode.objects.filter(parcel__part__cooperative__in=cooperatives, giver_name=name)
        codes.update(giver_name=REDACTED)
        runs = DeliveryRun.objects.filter(cooperative__in=cooperatives, driver_name=name)
        runs.update(driver_name=REDACTED, driver_phone="")
