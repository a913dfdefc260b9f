"""Let a run's driver take back what the driver reported by mistake: a delivery, or that one failed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.actions.fulfilment.delivery_runs import lock_run_parcel
from orders.actions.fulfilment.undo_steps import UNDO_PERIOD, ParcelStep, undo_locked_parcel_step
from orders.models import DeliveryRun, HandoverRecord, HandoverStep, Parcel
from orders.states import CodState, ParcelState
from shop.core.errors import Refused
from shop.core.models import Change, was_done_with_key


class DeliveryNotUndoable(Refused):
    """The run's driver did not record the delivery or failure, or did it more than UNDO_PERIOD ago."""

    code = "delivery_not_undoable"
    default_message = _(
        "You can undo only what you reported yourself, for ten minutes. Call the cooperative if it is wrong."
    )


@transaction.atomic(durable=True)
def undo_run_report(
    *,
    run_id: int,
    parcel_id: int,
    step: ParcelStep = ParcelStep.DELIVERY,
    idempotency_key: str | None = None,
    now: datetime.datetime,
) -> None:
    """Take back that the driver delivered a parcel, with the cash reported for it, or could not deliver it.

    Raises ComplaintAlreadyFiled, DeliveryNotUndoable, ItemsAlreadyReturned, KeyReused, Missing,
    MoneyAlreadyMoved, RunEnded.
    """
    run, order, part, parcel = lock_run_parcel(run_id, parcel_id)
    if was_done_with_key(idempotency_key, f"parcel.{step}_undone", parcel):
        return
    undoable_step, _until = find_undoable_reports(run, [parcel], now).get(parcel.pk, (None, None))
    if undoable_step != step:
        raise DeliveryNotUndoable()
    undo_locked_parcel_step(
        order,
        part,
        parcel,
        step,
        idempotency_key=idempotency_key,
        actor=run.driver,
        now=now,
    )


def find_undoable_reports(
    run: DeliveryRun, parcels: Iterable[Parcel], now: datetime.datetime
) -> dict[int, tuple[ParcelStep, datetime.datetime]]:
    """Return what the driver may take back of these parcels and until when, by parcel.

    A delivery that the receiver confirmed by a code is not among them. Neither is a delivery whose cash
    somebody else recorded, because undoing the delivery takes back the cash, too. At most two queries.
    """
    all_parcels = list(parcels)
    reports = {
        parcel.pk: (step, moment + UNDO_PERIOD)
        for parcel in all_parcels
        for step, moment in [_latest_report(parcel)]
        if moment is not None and now <= moment + UNDO_PERIOD
    }
    if not reports:
        return {}
    with_cash = {str(parcel.pk) for parcel in all_parcels if parcel.cod_state == CodState.COLLECTED}
    records = Change.objects.filter(
        kind=Parcel._meta.label_lower,
        key__in=[str(pk) for pk in reports],
        action__in=("parcel.delivered", "parcel.delivery_failed", "parcel.cash_collected"),
    )
    latest = {
        change.key: change
        for change in records.order_by("created_at", "pk")
        if change.action != "parcel.cash_collected" or change.key in with_cash
    }
    confirmed = set(
        HandoverRecord.objects.filter(parcel__in=reports, step=HandoverStep.TO_BUYER).values_list(
            "parcel", flat=True
        )
    )
    driver = run.driver
    return {
        pk: report
        for pk, report in reports.items()
        if pk not in confirmed
        and (change := latest.get(str(pk))) is not None
        and (change.actor_kind, change.entry_point, change.actor_name)
        == (driver.kind, driver.entry_point, driver.name)
    }


def _latest_report(parcel: Parcel) -> tuple[ParcelStep, datetime.datetime | None]:
    """Return which report of a driver the parcel's state shows and its moment, or None if it shows none."""
    if parcel.state == ParcelState.FAILED_DELIVERY:
        return ParcelStep.FAILURE, parcel.failed_at
    return ParcelStep.DELIVERY, parcel.delivered_at if parcel.state == ParcelState.DELIVERED else None
