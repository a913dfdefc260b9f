"""Offset cash that a cooperative kept against its claim from a closed settlement."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.db import transaction
from django.db.models import CharField, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from orders import locks
from orders.actions.order_records.part_changes import record_part_change
from orders.models import LedgerAccount, LedgerEntry, LedgerPosting, Parcel, PaymentEvent, PostingKind
from orders.states import COD_TRANSITIONS, CashHolder, CodState
from shop.core.actors import Actor
from shop.core.jobs.sweeps import run_each
from shop.core.states import change_states


@transaction.atomic(durable=True)
def offset_collected_cash(*, settlement_id: int, actor: Actor, now: datetime.datetime) -> list[Parcel]:
    """Mark the parcels' cash that a closed settlement offset as remitted and reconciled.

    Runs after closing, which must not wait for orders while it locks the settlement. Repeating it changes
    nothing.
    """
    booked = LedgerPosting.objects.filter(
        kind=PostingKind.PAYMENT,
        entries__settlement=settlement_id,
        entries__account=LedgerAccount.COOPERATIVE_CASH,
        entries__settlement__closed_at__isnull=False,
    )
    events = [int(key.removeprefix("event:")) for key in booked.values_list("idempotency_key", flat=True)]
    rows = Parcel.objects.filter(cod_state=CodState.COLLECTED, cod_holder=CashHolder.COOPERATIVE)
    collections = PaymentEvent.objects.effective_cash_collections().filter(pk__in=events, parcel__in=rows)
    parcel_ids = collections.values_list("parcel", flat=True)
    locked_parcels = locks.lock_parcels(parcel_ids)
    parcels = [parcel for parcel in locked_parcels.values() if parcel.cod_state == CodState.COLLECTED]
    for state in (CodState.REMITTED, CodState.RECONCILED):
        change_states(parcels, state, COD_TRANSITIONS, column="cod_state")
    for parcel in parcels:
        parcel.cod_remitted_at = parcel.cod_reconciled_at = now
        part = parcel.part
        data = {"amount": parcel.cod_collected, "settlement": settlement_id}
        action = "parcel.cash_offset"
        record_part_change(part.order, part, action, parcel, actor=actor, now=now, data=data)
    Parcel.objects.bulk_update(parcels, ["cod_remitted_at", "cod_reconciled_at"], batch_size=500)
    return parcels


def find_settlements_to_offset() -> list[int]:
    """Return closed settlements with parcels whose offset cash is not marked yet, the oldest first."""
    parcels = Parcel.objects.filter(cod_state=CodState.COLLECTED, cod_holder=CashHolder.COOPERATIVE)
    idempotency_key = Concat(Value("event:"), Cast(OuterRef("pk"), CharField()), output_field=CharField())
    booked = LedgerEntry.objects.filter(
        posting__idempotency_key=idempotency_key,
        account=LedgerAccount.COOPERATIVE_CASH,
        settlement__closed_at__isnull=False,
    )
    settlement = booked.values("settlement")[:1]
    collections = PaymentEvent.objects.effective_cash_collections().filter(parcel__in=parcels)
    events = collections.annotate(settlement=settlement)
    settlement_ids = (
        events.filter(settlement__isnull=False).order_by("settlement").values_list("settlement", flat=True)
    )
    return list(settlement_ids.distinct())


@shared_task(name="orders.offset_collected_cash")
def offset_collected_cash_task(*, settlement_id: int) -> None:
    offset_collected_cash(settlement_id=settlement_id, actor=Actor.system("offset_cash"), now=timezone.now())


@shared_task(name="orders.offset_all_collected_cash")
def offset_all_collected_cash_task() -> None:
    """Sweep: offset the cash of settlements whose task was lost."""
    run_each(
        find_settlements_to_offset(),
        lambda settlement_id: offset_collected_cash_task(settlement_id=settlement_id),
        sweep="orders.offset_all_collected_cash",
    )
