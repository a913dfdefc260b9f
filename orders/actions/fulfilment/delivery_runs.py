"""Collect parcels into delivery runs, and record what a run's driver reports through its link."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from django.core import signing
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders import locks
from orders.actions.cash_on_delivery.cash_collection import EXPECTED_CASH, CollectedCash
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_locked_parcel,
    fail_locked_delivery,
)
from orders.models import (
    DeliveryRun,
    HandoverCode,
    Order,
    OrderPart,
    Parcel,
    RunParcel,
)
from orders.models.parcel import ParcelQuerySet
from orders.states import DISPATCHED_STATES, ParcelState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.identifiers.phones import require_phone
from shop.core.models import find_key_of_created_row, record_change, was_done_with_key

_RUN_LIFETIME = datetime.timedelta(days=30)  # as long as a phone may wait to send
_REOPENING_PERIOD = datetime.timedelta(days=1)
_ENDED_AT_ONCE = 100  # by one sweep
_SIGNER = signing.Signer(sep=".", salt="orders.actions.fulfilment.delivery_runs")


class ParcelNotForRun(Refused):
    """A parcel cannot join a run now: it is not packed, on its way, picked up, or in another open run.

    `details["parcels"]` lists the ids.
    """

    code = "parcel_not_for_run"
    default_message = _("One of these parcels is on its way already or not ready. Choose again.")


class EmptyRun(Refused):
    code = "empty_run"
    default_message = _("Choose at least one parcel.")


class RunEnded(Refused):
    """The run's link is invalid, or the run has ended. The refusal does not say which."""

    code = "run_ended"
    default_message = _("This delivery run has ended. Call the cooperative if parcels are left.")


class RunNotReopenable(Refused):
    """The run is open, ended too long ago, or other runs have taken all its parcels."""

    code = "run_not_reopenable"
    default_message = _("This run can no longer be reopened. Create a new delivery run.")


class RecalledLotOnTheWay(Refused):
    """The parcel holds a lot that was recalled after it left. `details["lots"]` lists the codes."""

    code = "recalled_lot_on_the_way"
    default_message = _("This parcel holds a recalled lot. Do not deliver it, bring it back.")


def driver_link_token(run: DeliveryRun) -> str:
    """Return the token of the driver's link."""
    return _SIGNER.sign(str(run.pk))


def find_open_run(token: str) -> DeliveryRun:
    """Return the run of a driver's link. Raises RunEnded."""
    try:
        run_id = int(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise RunEnded() from error
    run = DeliveryRun.objects.open().filter(pk=run_id).select_related("cooperative").first()
    if run is None:
        raise RunEnded()
    return run


def parcels_awaiting_run(cooperative: Cooperative) -> ParcelQuerySet:
    """Return the cooperative's parcels that a run can take: ready for dispatch, and in no open run."""
    parcels = Parcel.objects.for_cooperative(cooperative).awaiting_dispatch()
    return parcels.exclude(pk__in=RunParcel.objects.open().values("parcel"))


@transaction.atomic(durable=True)
def create_run(
    *,
    cooperative: Cooperative,
    parcel_ids: Collection[int],
    name: str,
    driver_name: str,
    driver_phone: str = "",
    vehicle: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DeliveryRun:
    """Create a run of parcels that wait for their dispatch. They are handed over separately.

    A repeated `idempotency_key` returns the first run. Raises EmptyRun, InvalidPhone, KeyReused, Missing,
    ParcelNotForRun.
    """
    if not parcel_ids:
        raise EmptyRun()
    require_phone(driver_phone, field="driver_phone")
    parcels = _lock_own_parcels(cooperative, parcel_ids)
    existing_key = find_key_of_created_row(idempotency_key, "run.created", cooperative_id=cooperative.pk)
    if existing_key is not None:
        return DeliveryRun.objects.get(pk=existing_key)
    _require_awaiting_run(cooperative, parcels)
    run = DeliveryRun.objects.create(
        cooperative=cooperative,
        name=name.strip()[:200],
        driver_name=" ".join(driver_name.split())[:120],
        driver_phone=driver_phone,
        vehicle=" ".join(vehicle.split())[:60],
        created_by_id=actor.user_id,
        created_at=now,
    )
    RunParcel.objects.bulk_create([RunParcel(run=run, parcel_id=key) for key in sorted(parcels)])
    record_change(
        "run.created",
        run,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"count": len(parcels)},
        idempotency_key=idempotency_key,
    )
    return run


@transaction.atomic(durable=True)
def end_run(*, run_id: int, cooperative: Cooperative, actor: Actor, now: datetime.datetime) -> None:
    """End a run. Its link and codes stop working, and undelivered parcels may join another run.

    Nobody sees the driver's phone number with the parcels any more. Raises Missing, RunEnded.
    """
    run = locks.lock_run(run_id)
    if run.cooperative_id != cooperative.pk:
        raise Missing()
    if run.ended_at is not None:
        raise RunEnded()
    run.ended_at = now
    run.save(update_fields=["ended_at"])
    carried = RunParcel.objects.open().filter(run=run)
    # A code that the driver made, perhaps saying that the buyer has paid, ends with the run.
    HandoverCode.objects.filter(parcel__in=carried.values("parcel"), closed_at=None).update(closed_at=now)
    locks.lock_parcels(carried.values_list("parcel", flat=True))
    Parcel.objects.filter(pk__in=carried.values("parcel"), driver_phone=run.driver_phone).update(
        driver_phone=""
    )
    carried.update(released_at=now)
    record_change("run.ended", run, actor=actor, now=now, cooperative_id=cooperative.pk)


@transaction.atomic(durable=True)
def reopen_run(*, run_id: int, cooperative: Cooperative, actor: Actor, now: datetime.datetime) -> None:
    """Reopen a run that ended by mistake, without parcels that another run or a carrier has taken meanwhile.

    The driver's link works again. Codes that the end has closed stay closed.

    Raises Missing, RunNotReopenable.
    """
    run = locks.lock_run(run_id)
    if run.cooperative_id != cooperative.pk:
        raise Missing()
    if not is_reopenable(run, now):
        raise RunNotReopenable()
    locks.lock_parcels(run.run_parcels.values_list("parcel", flat=True))
    free_ids = _find_free_run_parcels(run)
    if not free_ids:
        raise RunNotReopenable()
    run.run_parcels.exclude(pk__in=free_ids).delete()
    run.run_parcels.update(released_at=None)
    on_the_way = Parcel.objects.filter(run_parcels__run=run, state=ParcelState.HANDED_OVER, driver_phone="")
    on_the_way.update(driver_phone=run.driver_phone)
    run.ended_at = None
    run.save(update_fields=["ended_at"])
    record_change(
        "run.reopened",
        run,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"count": len(free_ids)},
    )


def is_reopenable(run: DeliveryRun, now: datetime.datetime) -> bool:
    """Return whether the run ended recently enough to be reopened."""
    return run.ended_at is not None and now <= run.ended_at + _REOPENING_PERIOD


def _find_free_run_parcels(run: DeliveryRun) -> list[int]:
    """Return the keys of the run's rows whose parcels no other run carried since and no carrier has."""
    later = RunParcel.objects.filter(parcel=OuterRef("parcel"), pk__gt=OuterRef("pk"))
    is_with_carrier = Q(parcel__state__in=DISPATCHED_STATES) & ~Q(parcel__carrier="")
    free = run.run_parcels.exclude(Exists(later)).exclude(is_with_carrier)
    return list(free.values_list("pk", flat=True))


def end_old_runs(*, now: datetime.datetime) -> None:
    """End runs that nobody has ended in a month, so that their links and their drivers' names end too."""
    old = DeliveryRun.objects.open().filter(created_at__lt=now - _RUN_LIFETIME).select_related("cooperative")
    for run in old.order_by("created_at", "pk")[:_ENDED_AT_ONCE]:
        try:
            end_run(run_id=run.pk, cooperative=run.cooperative, actor=Actor.system(), now=now)
        except RunEnded:  # meanwhile by a member
            continue


@transaction.atomic(durable=True)
def deliver_run_parcel(
    *,
    run_id: int,
    parcel_id: int,
    is_cash_collected: bool,
    cash: CollectedCash = EXPECTED_CASH,
    idempotency_key: str | None = None,
    now: datetime.datetime,
) -> None:
    """Record that the driver has delivered a parcel of the run, and whether its cash was collected.

    Raises CashAmountDiffers, InvalidCashAmount, KeyReused, Missing, RecalledLotOnTheWay, RunEnded,
    TransitionNotAllowed.
    """
    run, order, part, parcel = lock_run_parcel(run_id, parcel_id)
    if was_done_with_key(idempotency_key, "parcel.delivered", parcel):
        return
    require_no_recalled_lot(parcel)
    deliver_locked_parcel(
        order,
        part,
        parcel,
        is_cash_collected=is_cash_collected,
        cash=cash,
        idempotency_key=idempotency_key,
        actor=run.driver,
        now=now,
    )


def dispatch_details_of_run(run: DeliveryRun) -> DispatchDetails:
    """Return how the run's parcels are carried: by its driver, not by a carrier."""
    return DispatchDetails(
        carrier="",
        vehicle=run.vehicle or None,
        driver_phone=run.driver_phone or None,
        is_cash_with_cooperative=True,
    )


@transaction.atomic(durable=True)
def record_failed_delivery_of_run(
    *,
    run_id: int,
    parcel_id: int,
    reason: str,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    now: datetime.datetime,
) -> None:
    """Record that the run's driver could not deliver a parcel.

    `happened_at` is when it failed, if that is recorded later. Raises KeyReused, Missing, ReasonRequired,
    RunEnded, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    run, order, part, parcel = lock_run_parcel(run_id, parcel_id)
    if was_done_with_key(idempotency_key, "parcel.delivery_failed", parcel):
        return
    fail_locked_delivery(
        order,
        part,
        parcel,
        reason=reason,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=run.driver,
        now=now,
    )


def _lock_own_parcels(cooperative: Cooperative, parcel_ids: Collection[int]) -> Mapping[int, Parcel]:
    """Lock these parcels of the cooperative. Raises Missing if one does not exist or is another's."""
    parcels = locks.lock_parcels(parcel_ids)
    own = [parcel for parcel in parcels.values() if parcel.part.cooperative_id == cooperative.pk]
    if len(own) != len(set(parcel_ids)):
        raise Missing()
    return parcels


def _require_awaiting_run(cooperative: Cooperative, parcel_ids: Collection[int]) -> None:
    """Raise ParcelNotForRun unless all parcels wait for their dispatch and are in no open run."""
    awaiting = parcels_awaiting_run(cooperative).filter(pk__in=parcel_ids)
    others = set(parcel_ids) - set(awaiting.values_list("pk", flat=True))
    if others:
        raise ParcelNotForRun(parcels=sorted(others))


def require_no_recalled_lot(parcel: Parcel) -> None:
    """Raise RecalledLotOnTheWay if the parcel holds a lot that is recalled now."""
    recalled = parcel.lines.filter(lot__recalled_at__isnull=False).order_by("lot__code")
    if codes := list(recalled.values_list("lot__code", flat=True)):
        raise RecalledLotOnTheWay(lots=codes)


def lock_run_parcel(run_id: int, parcel_id: int) -> tuple[DeliveryRun, Order, OrderPart, Parcel]:
    """In a transaction: lock an open run, then the order of one of its parcels. Raises Missing, RunEnded."""
    run = locks.lock_run(run_id)
    if run.ended_at is not None:
        raise RunEnded()
    order, part, parcel = locks.lock_parcel(parcel_id)
    if not RunParcel.objects.filter(run=run, parcel=parcel).exists():  # under the lock: it may leave the run
        raise Missing()
    return run, order, part, parcel
