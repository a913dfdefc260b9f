"""Hand over parcels, record their delivery and cash, and record failed deliveries."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders import locks, notifications
from orders.actions.cash_on_delivery.cash_collection import (
    EXPECTED_CASH,
    CollectedCash,
    collect_cash,
    expected_cash_holder,
)
from orders.actions.fulfilment.dispatched_stock import remove_from_stock, require_unrecalled
from orders.actions.fulfilment.pack_parcels import (
    PLATFORM_ENTRY_POINTS,
    change_parcel_state,
    require_outgoing_parcel,
    require_weighed,
)
from orders.actions.fulfilment.run_parcels import require_no_driver
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.payouts.surplus_refunds import refund_surplus
from orders.models import HandoverCode, Order, OrderPart, Parcel
from orders.states import ACTIVE_PART_STATES, DISPATCHED_STATES, CashHolder, CodState, Coverage, ParcelState
from shop.core.actors import Actor
from shop.core.errors import ReasonRequired, Refused
from shop.core.identifiers.phones import require_phone
from shop.core.models import shop_settings, was_done_with_key
from shop.core.states import TransitionNotAllowed


class InvalidPickupCode(Refused):
    code = "invalid_pickup_code"
    default_message = _("This code does not match the parcel. The buyer finds it on the order page.")


class OrderNotPaid(Refused):
    """The market's settings forbid dispatching unpaid orders."""

    code = "order_not_paid"
    default_message = _("This order has not been paid yet.")


@dataclass(frozen=True, slots=True)
class DispatchDetails:
    """How a parcel is carried: carrier and tracking number, or a coach's plate and its driver's phone.

    None keeps the parcel's value. An empty text clears it. A named carrier collects the parcel's cash, unless
    `is_cash_with_cooperative`. It gets a parcel of an open delivery run only if `should_leave_run`.
    """

    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    vehicle: str | None = None
    driver_phone: str | None = None
    note: str | None = None
    is_cash_with_cooperative: bool = False
    should_leave_run: bool = False


@transaction.atomic(durable=True)
def hand_over_parcel(
    *,
    parcel_id: int,
    dispatch: DispatchDetails = DispatchDetails(),
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Hand a parcel over and take its contents out of stock.

    `happened_at` is when it left, if that is recorded later. Raises InvalidPhone, Missing, LinesNotWeighed,
    OrderNotPaid, ParcelInRun, RecalledLotInParcel, TransitionNotAllowed.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    if was_done_with_key(idempotency_key, "parcel.handed_over", parcel):
        return parcel
    return dispatch_parcel(
        order,
        part,
        parcel,
        dispatch,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


def dispatch_parcel(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    dispatch: DispatchDetails,
    *,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """In a transaction: hand over a parcel.

    Handing over again after a failed delivery does not move stock again. Raises InvalidPhone,
    LinesNotWeighed, OrderNotPaid, ParcelInRun, RecalledLotInParcel, TransitionNotAllowed.
    """
    _require_paid_if_prepaid(order)
    require_phone(dispatch.driver_phone or "", field="driver_phone")
    require_weighed(line.order_line for line in parcel.lines.select_related("order_line"))
    previous_state = change_parcel_state(parcel, ParcelState.HANDED_OVER, handed_over_at=now)
    for column in ("carrier", "tracking_number", "tracking_url", "vehicle", "driver_phone", "note"):
        text = getattr(dispatch, column)
        if text is not None:
            setattr(parcel, column, text)
    if parcel.cod_state == CodState.EXPECTED:
        parcel.cod_holder = (
            CashHolder.COOPERATIVE
            if dispatch.is_cash_with_cooperative
            else expected_cash_holder(part, parcel)
        )
    parcel.save()
    _close_handover_codes(parcel, now)
    if parcel.carrier:
        require_no_driver(parcel, should_leave_run=dispatch.should_leave_run, actor=actor, now=now)
    if previous_state != ParcelState.FAILED_DELIVERY:
        remove_from_stock(parcel, happened_at=happened_at, actor=actor, now=now)
    else:
        require_unrecalled(parcel.lines.all(), happened_at or now)
    record_part_change(
        order,
        part,
        "parcel.handed_over",
        parcel,
        actor=actor,
        now=now,
        idempotency_key=idempotency_key,
        data={"carrier": parcel.carrier},
    )
    finish_order_change(order, now=now)
    notifications.notify_parcel_handed_over(order, part, parcel, now=now)
    if previous_state != ParcelState.FAILED_DELIVERY and is_weighing_complete(order):
        reason = gettext_noop("The products weigh less than charged.")
        refund_surplus(order, part=part, reason=reason, actor=actor, now=now)
    return parcel


def _require_paid_if_prepaid(order: Order) -> None:
    """Raise OrderNotPaid if a prepaid order is not paid and the market dispatches only paid ones."""
    if order.authorize_coverage in (Coverage.FULL, Coverage.OVER) or not order.amount_due:
        return
    if shop_settings().fulfillment_allow_unpaid:
        return
    payment = order.payments.chosen_here().current()
    if payment is None or not payment.is_cash_on_delivery:
        raise OrderNotPaid()


def is_weighing_complete(order: Order) -> bool:
    """Return whether the order has lines sold by weight and all are dispatched, so its total is final."""
    lines = list(order.lines.filter(part__state__in=ACTIVE_PART_STATES, estimate_grams__isnull=False))
    if not lines or any(read_unpacked_quantities(lines).values()):
        return False
    undispatched = Parcel.objects.dispatches().exclude(state__in=DISPATCHED_STATES)
    return not undispatched.filter(lines__order_line__in=lines).exists()


@transaction.atomic(durable=True)
def deliver_parcel(
    *,
    parcel_id: int,
    is_cash_collected: bool,
    cash: CollectedCash = EXPECTED_CASH,
    code: str = "",
    reason: str = "",
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Record a delivery, and separately whether its cash was collected. `cash` says how much.

    A pickup requires the `code` that its buyer shows. Platform staff may leave it out and give a reason. A
    recalled lot is not handed out, but a pickup that happened before the recall is recorded. Raises
    CashAmountDiffers, KeyReused, Missing, ReasonRequired, InvalidCashAmount, TransitionNotAllowed,
    InvalidPickupCode, RecalledLotInParcel.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    if not was_done_with_key(idempotency_key, "parcel.delivered", parcel):
        _require_pickup_proof(parcel, code, reason, actor=actor)
        if parcel.pickup_code:
            require_unrecalled(parcel.lines.all(), happened_at or now)
        deliver_locked_parcel(
            order,
            part,
            parcel,
            is_cash_collected=is_cash_collected,
            cash=cash,
            reason=reason,
            idempotency_key=idempotency_key,
            actor=actor,
            now=now,
        )
    return parcel


def deliver_locked_parcel(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    *,
    is_cash_collected: bool,
    cash: CollectedCash = EXPECTED_CASH,
    reason: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On a locked order: deliver a parcel whose pickup code is checked.

    Raises CashAmountDiffers, InvalidCashAmount, TransitionNotAllowed.
    """
    change_parcel_state(parcel, ParcelState.DELIVERED, delivered_at=now)
    if is_cash_collected and parcel.cod_state == CodState.EXPECTED:
        collect_cash(order, parcel, cash=cash, actor=actor, now=now)
    record_part_change(
        order,
        part,
        "parcel.delivered",
        parcel,
        actor=actor,
        now=now,
        reason=reason.strip(),
        idempotency_key=idempotency_key,
        data=collected_cash_data(order, parcel),
    )
    finish_order_change(order, now=now)


def collected_cash_data(order: Order, parcel: Parcel) -> dict[str, object]:
    """Return the collected cash of a parcel for its change, or nothing."""
    if parcel.cod_state != CodState.COLLECTED:
        return {}
    return {"cash": parcel.cod_collected, "currency": order.currency}


def _require_pickup_proof(parcel: Parcel, code: str, reason: str, *, actor: Actor) -> None:
    if not parcel.pickup_code or "".join(code.split()) == parcel.pickup_code:
        return
    if code.strip() or actor.entry_point not in PLATFORM_ENTRY_POINTS:
        raise InvalidPickupCode(field="code")
    if not reason.strip():
        raise ReasonRequired(field="reason")


@transaction.atomic(durable=True)
def report_collected_cash(
    *,
    parcel_id: int,
    cash: CollectedCash = EXPECTED_CASH,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Record the cash of a parcel that was already marked delivered.

    Raises CashAmountDiffers, KeyReused, Missing, InvalidCashAmount, TransitionNotAllowed.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    if was_done_with_key(idempotency_key, "parcel.cash_collected", parcel):
        return parcel
    if parcel.state != ParcelState.DELIVERED:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=CodState.COLLECTED)
    collect_cash(order, parcel, cash=cash, actor=actor, now=now)
    record_part_change(
        order,
        part,
        "parcel.cash_collected",
        parcel,
        actor=actor,
        now=now,
        idempotency_key=idempotency_key,
        data=collected_cash_data(order, parcel),
    )
    finish_order_change(order, now=now)
    return parcel


@transaction.atomic(durable=True)
def fail_delivery(
    *,
    parcel_id: int,
    reason: str,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Record a failed delivery. The parcel may be handed over again.

    `happened_at` is when it failed, if that is recorded later. Raises Missing, ReasonRequired,
    TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    if was_done_with_key(idempotency_key, "parcel.delivery_failed", parcel):
        return parcel
    fail_locked_delivery(
        order,
        part,
        parcel,
        reason=reason,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    return parcel


def fail_locked_delivery(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    *,
    reason: str,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On a locked order: record a failed delivery. Raises TransitionNotAllowed.

    A receipt that a phone sends later counts as the next journey if it happened after the failure.
    """
    failed_at = happened_at or now
    change_parcel_state(
        parcel, ParcelState.FAILED_DELIVERY, failed_at=failed_at, failure_reason=reason.strip()
    )
    _close_handover_codes(parcel, now)
    record_part_change(
        order,
        part,
        "parcel.delivery_failed",
        parcel,
        actor=actor,
        now=now,
        reason=reason,
        idempotency_key=idempotency_key,
    )
    finish_order_change(order, now=now)
    notifications.notify_delivery_failed(order, part, parcel, failed_at, now=now)


def _close_handover_codes(parcel: Parcel, now: datetime.datetime) -> None:
    """Close the codes made for an earlier journey of the parcel."""
    HandoverCode.objects.filter(parcel=parcel, closed_at=None).update(closed_at=now)
