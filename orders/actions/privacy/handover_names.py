"""Delete the names of members, drivers and receivers from hand-overs and delivery runs.

They are kept for complaints and lost parcels, at most `NAMES_KEPT_FOR`.
"""

from __future__ import annotations

import datetime

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from orders.models import DeliveryRun, HandoverCode, HandoverRecord, Parcel
from orders.models.handover import REDACTED
from shop.accounts.models import User
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.change_log.seal_changes import redact_names
from shop.core.models import Change

NAMES_KEPT_FOR = datetime.timedelta(days=180)
_SWEEP_SIZE = 500


@shared_task(name="orders.delete_handover_names")
def delete_handover_names_task() -> None:
    """Sweep: delete names whose time is over. The next run goes on where a full one stops."""
    delete_old_handover_names(now=timezone.now())


@transaction.atomic(durable=True)
def delete_old_handover_names(*, now: datetime.datetime) -> None:
    """Delete names of hand-overs and of runs that ended more than 180 days ago."""
    until = now - NAMES_KEPT_FOR
    named = Q(giver_name=REDACTED, receiver_name=REDACTED)
    records = HandoverRecord.objects.filter(happened_at__lt=until).exclude(named)
    record_ids = list(records.order_by("pk").values_list("pk", flat=True)[:_SWEEP_SIZE])
    HandoverRecord.objects.filter(pk__in=record_ids).update(giver_name=REDACTED, receiver_name=REDACTED)
    codes = HandoverCode.objects.filter(created_at__lt=until).exclude(giver_name=REDACTED)
    codes.update(giver_name=REDACTED)
    runs = DeliveryRun.objects.filter(ended_at__lt=until).exclude(driver_name=REDACTED)
    runs.update(driver_name=REDACTED, driver_phone="")
    Parcel.objects.filter(handed_over_at__lt=until).exclude(driver_phone="").update(driver_phone="")
    changes = Change.objects.filter(
        actor_kind=ActorKind.GUEST, entry_point=EntryPoint.MEMBERS, created_at__lt=until
    ).exclude(actor_name="")
    change_ids = list(changes.order_by("pk").values_list("pk", flat=True)[:_SWEEP_SIZE])
    redact_names(Change.objects.filter(pk__in=change_ids), actor=Actor.system(), now=now)


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
