"""Hand over parcels, record their delivery and cash, and record failed deliveries."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from catalog.actions.stock.stock_movements import move_stock, write_promises
from catalog.models import Reason, Stock
from orders import locks, notices
from orders.actions.cash_on_delivery.cash_collection import IN_FULL, CashTaken, collect_cash, holder_of
from orders.actions.fulfilment.pack_parcels import (
    OF_THE_HOUSE,
    move_parcel,
    release_allocation,
    require_goods_on_their_way,
    require_weighed,
)
from orders.actions.order_records.part_changes import record_for_part
from orders.actions.order_records.recalculate_order import open_quantities, update_standing
from orders.actions.payouts.refund_execution import give_surplus_back
from orders.models import Order, OrderPart, Parcel
from orders.states import GONE, STANDING, CodState, ParcelState
from shop.core.actors import Actor
from shop.core.errors import ReasonNeeded, Refused
from shop.core.models import done_before
from shop.core.states import WrongMove


class WrongPickupCode(Refused):
    code = "wrong_pickup_code"
    default_words = _("That is not the code of this parcel. The buyer finds it on the page of the order.")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How a parcel is sent: carrier and tracking, or a coach's plate and driver."""

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    vehicle: str = ""
    driver_phone: str = ""
    note: str = ""


@transaction.atomic(durable=True)
def hand_over_parcel(
    *,
    parcel_id: int,
    dispatch: Dispatch = Dispatch(),
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Hand a parcel over and take its contents out of stock. Raises Missing, NotWeighed, WrongMove."""
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_goods_on_their_way(parcel)
    if done_before(key, "parcel.handed_over", parcel):
        return parcel
    return dispatch_parcel(order, part, parcel, dispatch, key=key, actor=actor, now=now)


def dispatch_parcel(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    dispatch: Dispatch,
    *,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Step of `hand_over_parcel`. Handing over again after a failed delivery does not move stock again.

    Raises NotWeighed, WrongMove.
    """
    require_weighed(line.order_line for line in parcel.lines.select_related("order_line"))
    came_from = move_parcel(parcel, ParcelState.HANDED_OVER, handed_over_at=now)
    for column in ("carrier", "tracking_number", "tracking_url", "vehicle", "driver_phone", "note"):
        setattr(parcel, column, getattr(dispatch, column) or getattr(parcel, column))
    if parcel.cod_state == CodState.EXPECTED:
        parcel.cod_holder = holder_of(part, parcel)
    parcel.save()
    if came_from != ParcelState.FAILED_DELIVERY:
        _remove_from_stock(parcel, actor=actor, now=now)
    record_for_part(order, part, "parcel.handed_over", parcel, actor=actor, now=now, key=key)
    update_standing(order, now=now)
    notices.parcel_handed_over(order, part, parcel, now=now)
    if came_from != ParcelState.FAILED_DELIVERY and is_weighing_over(order):
        why = gettext_noop("The goods weigh less than was paid for.")
        give_surplus_back(order, part=part, reason=why, actor=actor, now=now)
    return parcel


def is_weighing_over(order: Order) -> bool:
    """Whether the order has catch-weight lines and all are dispatched, so its total is final."""
    lines = list(order.lines.filter(part__state__in=STANDING, estimate_grams__isnull=False))
    if not lines or any(open_quantities(lines).values()):
        return False
    here = Parcel.objects.dispatches().exclude(state__in=GONE)
    return not here.filter(lines__order_line__in=lines).exists()


@transaction.atomic(durable=True)
def deliver_parcel(
    *,
    parcel_id: int,
    cash_collected: bool,
    taken: CashTaken = IN_FULL,
    code: str = "",
    reason: str = "",
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Record a delivery, and separately whether its cash was collected and how much was `taken`.

    A pickup requires the `code` that its buyer shows; platform staff may omit it and give a reason. Raises
    AmountDiffers, KeyReused, Missing, ReasonNeeded, WrongAmount, WrongMove, WrongPickupCode.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_goods_on_their_way(parcel)
    if not done_before(key, "parcel.delivered", parcel):
        _check_pickup(parcel, code, reason, actor=actor)
        deliver(
            order,
            part,
            parcel,
            cash_collected=cash_collected,
            taken=taken,
            why=reason,
            key=key,
            actor=actor,
            now=now,
        )
    return parcel


def deliver(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    *,
    cash_collected: bool,
    taken: CashTaken = IN_FULL,
    why: str = "",
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step of `deliver_parcel`, on a locked order, after the pickup code is checked.

    Raises AmountDiffers, WrongAmount, WrongMove.
    """
    move_parcel(parcel, ParcelState.DELIVERED, delivered_at=now)
    if cash_collected and parcel.cod_state == CodState.EXPECTED:
        collect_cash(order, parcel, taken=taken, actor=actor, now=now)
    record_for_part(order, part, "parcel.delivered", parcel, actor=actor, now=now, why=why.strip(), key=key)
    update_standing(order, now=now)


def _check_pickup(parcel: Parcel, code: str, reason: str, *, actor: Actor) -> None:
    if not parcel.pickup_code or "".join(code.split()) == parcel.pickup_code:
        return
    if code.strip() or actor.door not in OF_THE_HOUSE:
        raise WrongPickupCode(field="code")
    if not reason.strip():
        raise ReasonNeeded(field="reason")


@transaction.atomic(durable=True)
def report_cash(
    *,
    parcel_id: int,
    taken: CashTaken = IN_FULL,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Record the cash of a parcel that was already marked delivered.

    Raises AmountDiffers, KeyReused, Missing, WrongAmount, WrongMove.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_goods_on_their_way(parcel)
    if done_before(key, "parcel.cash_collected", parcel):
        return parcel
    if parcel.state != ParcelState.DELIVERED:
        raise WrongMove(came_from=parcel.state, to=CodState.COLLECTED)
    collect_cash(order, parcel, taken=taken, actor=actor, now=now)
    record_for_part(order, part, "parcel.cash_collected", parcel, actor=actor, now=now, key=key)
    update_standing(order, now=now)
    return parcel


@transaction.atomic(durable=True)
def fail_delivery(
    *, parcel_id: int, reason: str, key: str | None = None, actor: Actor, now: datetime.datetime
) -> Parcel:
    """Record a failed delivery; it may be handed over again. Raises Missing, ReasonNeeded, WrongMove."""
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_goods_on_their_way(parcel)
    if done_before(key, "parcel.failed", parcel):
        return parcel
    move_parcel(parcel, ParcelState.FAILED_DELIVERY, failed_at=now, reason=reason.strip())
    record_for_part(order, part, "parcel.failed", parcel, actor=actor, now=now, why=reason, key=key)
    update_standing(order, now=now)
    notices.delivery_failed(order, part, parcel, now=now)
    return parcel


def _remove_from_stock(parcel: Parcel, *, actor: Actor, now: datetime.datetime) -> None:
    """Take the parcel's contents out of stock and release their allocations."""
    lines = [line for line in parcel.lines.order_by("pk") if line.stock_id is not None]
    rows: dict[int, Stock] = locks.lock_stock({line.stock_id for line in lines if line.stock_id})
    for line in lines:
        row = rows[line.stock_id or 0]
        move_stock(
            row,
            -line.quantity,
            reason=Reason.DISPATCH,
            actor=actor,
            now=now,
            document=f"parcel:{parcel.pk}",
            grams=-line.grams if line.grams else None,
            lot_id=line.lot_id,
        )
        release_allocation(row, line.order_line_id, line.quantity)
    write_promises(rows.values())
