"""Accept parts, pack parcels and allocate stock.

Calls that a phone may repeat carry an `idempotency_key`. A repeated call does nothing and returns the first
result.
"""

from __future__ import annotations

import datetime
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from catalog.models import Stock
from orders import locks
from orders.actions.cash_on_delivery.cash_collection import read_cash_for_parcel
from orders.actions.fulfilment.lot_picks import LotChoices, assign_lots
from orders.actions.fulfilment.parcel_rows import read_next_parcel
from orders.actions.fulfilment.substitute_holds import require_no_waiting_substitute
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import (
    Allocation,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentMethod,
    PickTick,
)
from orders.states import PARCEL_TRANSITIONS, PART_TRANSITIONS, CodState, ParcelState, PartState
from shop.core.actors import Actor, EntryPoint
from shop.core.database.transactions import delete_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.models import KeyReused, was_done_with_key
from shop.core.money import split_amount
from shop.core.states import TransitionNotAllowed, change_state

BY_EXPIRY = LotChoices()
PLATFORM_ENTRY_POINTS = frozenset({EntryPoint.DESK, EntryPoint.SYSTEM})
PICKUP_DIGITS = 6


class QuantityNotOpen(Refused):
    """A quantity is not positive or exceeds the line's open quantity (`details["open"]`, by line)."""

    code = "quantity_not_open"
    default_message = _("The quantity does not match what is still to be packed.")


class LinesNotWeighed(Refused):
    """Lines sold by weight must be weighed before they are packed. `details["lines"]` lists them."""

    code = "lines_not_weighed"
    default_message = _("Weigh these items first and enter the weight on the scale.")


class LabelCodeUsed(Refused):
    """Another phone chose the same code for a label of the order, which happens once in many thousands."""

    code = "label_code_used"
    default_message = _(
        "Another parcel of this order has the same code on its label. Pack it again and print a new label."
    )


class CashToCollectChanged(Refused):
    """The label has other cash than the parcel collects: `details["expected"]`, in minor units."""

    code = "cash_to_collect_changed"
    default_message = _("The cash to collect is no longer the sum on the label. Print a new label.")


class OrderNotConfirmed(Refused):
    """The order awaits its payment or its confirmation by the platform."""

    code = "order_not_confirmed"
    default_message = _("This order has not been confirmed yet.")


@transaction.atomic(durable=True)
def accept_part(
    *, part_id: int, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> OrderPart:
    """Accept a part as the cooperative.

    Raises KeyReused, Missing, OrderNotConfirmed, TransitionNotAllowed.
    """
    order, part = locks.lock_part(part_id)
    if not was_done_with_key(idempotency_key, "part.accepted", part):
        accept_locked_part(order, part, idempotency_key=idempotency_key, actor=actor, now=now)
    return part


def accept_locked_part(
    order: Order, part: OrderPart, *, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> None:
    """On a locked order: accept a part. Raises OrderNotConfirmed, TransitionNotAllowed."""
    if order.confirmed_at is None:
        raise OrderNotConfirmed()
    change_state(part, PartState.ACCEPTED, PART_TRANSITIONS)
    part.accepted_at = now
    part.save(update_fields=["accepted_at"])
    record_part_change(
        order, part, "part.accepted", part, actor=actor, now=now, idempotency_key=idempotency_key
    )
    finish_order_change(order, now=now)


@transaction.atomic(durable=True)
def pack_parcel(
    *,
    part_id: int,
    quantities: Mapping[uuid.UUID, int],
    lots: LotChoices = BY_EXPIRY,
    label_code: str = "",
    seen_cash: int | None = None,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Create a parcel with some of the part's lines. A part may have several parcels.

    Lines take lots first expired, first out, or as `lots` says. `happened_at`, if it was earlier, is when the
    packer did it: the lots need to be in date on that day only. `label_code` is what a phone printed on the
    label after the order's code, and `seen_cash` the cash to collect on it. A repeated `idempotency_key`
    returns the first parcel. Raises CashToCollectChanged, ExpiredLot, KeyReused, LabelCodeUsed,
    LinesNotWeighed, LotQuantityShort, Missing, QuantityNotOpen, SubstituteUnanswered, TransitionNotAllowed.
    """
    order, part = locks.lock_part(part_id)
    if idempotency_key is not None:
        existing = Parcel.objects.filter(idempotency_key=idempotency_key).first()
        if existing is not None and existing.part_id != part.pk:
            raise KeyReused()
        if existing is not None:
            return existing
    return create_parcel(
        order,
        part,
        quantities,
        lots=lots,
        label_code=label_code,
        seen_cash=seen_cash,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


def create_parcel(
    order: Order,
    part: OrderPart,
    quantities: Mapping[uuid.UUID, int],
    *,
    warehouse_id: uuid.UUID | None = None,
    lots: LotChoices = BY_EXPIRY,
    label_code: str = "",
    seen_cash: int | None = None,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """On a locked order: pack a parcel, from one warehouse or from all that hold its allocations.

    Raises CashToCollectChanged, ExpiredLot, LabelCodeUsed, LinesNotWeighed, LotQuantityShort, Missing,
    QuantityNotOpen, SubstituteUnanswered, TransitionNotAllowed.
    """
    if part.state != PartState.ACCEPTED:
        raise TransitionNotAllowed(from_state=part.state, to_state="packing")
    lines = {line.pk: line for line in part.lines.order_by("position", "pk")}
    _require_packable_quantities(quantities, lines)
    require_no_waiting_substitute(quantities)
    require_weighed(lines[line_id] for line_id in quantities)
    cash = read_cash_for_parcel(order, part, quantities)
    if seen_cash is not None and seen_cash != cash:
        _refuse_printed_cash(order, cash)
    next_parcel = read_next_parcel(order)
    if label_code in next_parcel.taken_codes - {""}:
        raise LabelCodeUsed()
    parcel = Parcel.objects.create(
        part=part,
        number=next_parcel.number,
        label_code=label_code or next_parcel.label_code,
        carrier=part.carrier,
        warehouse_id=warehouse_id or part.warehouse_id,
        cod_expected=cash,
        cod_state=CodState.EXPECTED if cash else CodState.NONE,
        idempotency_key=idempotency_key,
    )
    _pack_lines(parcel, lines, quantities, warehouse_id, lots, today=vietnam_date(happened_at or now))
    delete_rows(PickTick.objects.filter(line__in=list(quantities)))
    record_part_change(
        order, part, "parcel.created", parcel, actor=actor, now=now, reason=lots.reason.strip()
    )
    finish_order_change(order, now=now)
    return parcel


def _refuse_printed_cash(order: Order, cash: int) -> NoReturn:
    """Raise CashToCollectChanged. If a transfer has paid the cash order meanwhile, the message says so."""
    payment = Payment.objects.filter(order=order).current()
    is_paid_by_transfer = payment is not None and payment.method == PaymentMethod.TRANSFER
    message = (
        _("The buyer has paid this order by transfer. Print a new label, and collect no cash.")
        if is_paid_by_transfer and not cash
        else None
    )
    raise CashToCollectChanged(message, expected=cash)


def _pack_lines(
    parcel: Parcel,
    lines: Mapping[uuid.UUID, OrderLine],
    quantities: Mapping[uuid.UUID, int],
    warehouse_id: uuid.UUID | None,
    lots: LotChoices,
    *,
    today: datetime.date,
) -> None:
    """Create the parcel's lines with stock, lots and weights, and set the warehouse that it leaves from."""
    rows: list[ParcelLine] = []
    for line_id, quantity in quantities.items():
        rows += _build_parcel_lines(parcel, lines[line_id], quantity, warehouse_id)
    rows = assign_lots(rows, lots, today=today)
    for line_id in quantities:
        _spread_weight([row for row in rows if row.order_line_id == line_id], lines[line_id])
    ParcelLine.objects.bulk_create(rows)
    stock = next((row.stock for row in rows if row.stock is not None), None)
    if stock is not None:
        parcel.warehouse_id = stock.warehouse_id
        parcel.save(update_fields=["warehouse"])


@transaction.atomic(durable=True)
def close_parcel(
    *, parcel_id: int, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> Parcel:
    """Mark a parcel as packed and labelled. Raises KeyReused, Missing, TransitionNotAllowed."""
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    if not was_done_with_key(idempotency_key, "parcel.packed", parcel):
        close_locked_parcel(order, part, parcel, idempotency_key=idempotency_key, actor=actor, now=now)
    return parcel


def close_locked_parcel(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On a locked order: mark a parcel as packed. A pickup gets a code that only its buyer sees.

    Raises TransitionNotAllowed.
    """
    code = f"{secrets.randbelow(10**PICKUP_DIGITS):0{PICKUP_DIGITS}}" if part.is_pickup else ""
    change_parcel_state(parcel, ParcelState.PACKED, packed_at=now, pickup_code=code)
    record_part_change(
        order, part, "parcel.packed", parcel, actor=actor, now=now, idempotency_key=idempotency_key
    )
    finish_order_change(order, now=now)


def allocate_stock(stock: Stock, line_id: uuid.UUID, quantity: int) -> None:
    """In a transaction: allocate more of a locked stock row to the line. The caller saves the row."""
    stock.allocated += quantity
    allocation, is_new = Allocation.objects.get_or_create(
        line_id=line_id, stock_id=stock.pk, defaults={"quantity": quantity}
    )
    if not is_new:
        allocation.quantity += quantity
        allocation.save(update_fields=["quantity"])


def release_allocation(stock: Stock, line_id: uuid.UUID, quantity: int) -> None:
    """In a transaction: release some of a locked stock row's allocation to the line.

    The caller saves the row.
    """
    allocation = Allocation.objects.filter(line=line_id, stock=stock.pk).first()
    if allocation is None:
        return
    released = min(quantity, allocation.quantity)
    stock.allocated -= released
    if released == allocation.quantity:
        allocation.delete()
    else:
        allocation.quantity -= released
        allocation.save(update_fields=["quantity"])


def require_outgoing_parcel(parcel: Parcel) -> None:
    """Raise Missing for a parcel of returned or unsent items, which other actions handle."""
    if not parcel.is_outgoing:
        raise Missing()


def change_parcel_state(parcel: Parcel, state: ParcelState, **columns: object) -> str:
    """In a transaction: change the state of a locked order's parcel and save the given columns.

    Raises TransitionNotAllowed.
    """
    previous_state = change_state(parcel, state, PARCEL_TRANSITIONS)
    for column, value in columns.items():
        setattr(parcel, column, value)
    parcel.save(update_fields=list(columns))
    return previous_state


def require_weighed(lines: Iterable[OrderLine]) -> None:
    """Raise LinesNotWeighed if one of these lines is still to be weighed."""
    unweighed = [line.pk for line in lines if line.is_to_weigh]
    if unweighed:
        raise LinesNotWeighed(lines=unweighed)


def _require_packable_quantities(
    quantities: Mapping[uuid.UUID, int], lines: Mapping[uuid.UUID, OrderLine]
) -> None:
    if any(line_id not in lines for line_id in quantities):
        raise Missing()
    still_open = read_unpacked_quantities(lines.values())
    is_within_open = all(1 <= quantity <= still_open[line_id] for line_id, quantity in quantities.items())
    if not quantities or not is_within_open:
        raise QuantityNotOpen(open=still_open)


def _build_parcel_lines(
    parcel: Parcel, line: OrderLine, quantity: int, warehouse_id: uuid.UUID | None
) -> Sequence[ParcelLine]:
    """Build parcel lines from allocated stock. A quantity without allocation comes from no stock row."""
    parcel_lines = []
    unpacked_quantities = Allocation.objects.filter(line=line).unpacked_quantities()
    allocations = line.allocations.select_related("stock").order_by("pk")
    if warehouse_id is not None:
        allocations = allocations.filter(stock__warehouse=warehouse_id)
    for allocation in allocations:
        packed_quantity = min(quantity, unpacked_quantities[allocation.pk])
        if packed_quantity > 0:
            parcel_lines.append(
                ParcelLine(parcel=parcel, order_line=line, stock=allocation.stock, quantity=packed_quantity)
            )
            quantity -= packed_quantity
    if quantity:
        parcel_lines.append(ParcelLine(parcel=parcel, order_line=line, quantity=quantity))
    return parcel_lines


def _spread_weight(parcel_lines: Sequence[ParcelLine], line: OrderLine) -> None:
    """Spread a line's weight over these rows by quantity. The line's last parcel takes the remainder."""
    weighed_grams = line.weighed_grams
    if weighed_grams is None:
        return
    earlier_lines = ParcelLine.objects.filter(order_line=line, parcel__in=Parcel.objects.dispatches())
    earlier_sums = earlier_lines.aggregate(quantity=Sum("quantity", default=0), grams=Sum("grams", default=0))
    quantity = sum(parcel_line.quantity for parcel_line in parcel_lines)
    remaining_grams = weighed_grams - earlier_sums["grams"]
    parcel_grams = (
        remaining_grams
        if earlier_sums["quantity"] + quantity == line.quantity
        else weighed_grams * quantity // line.quantity
    )
    for parcel_line, grams in zip(
        parcel_lines,
        split_amount(parcel_grams, [parcel_line.quantity for parcel_line in parcel_lines]),
        strict=True,
    ):
        parcel_line.is_sold_by_weight, parcel_line.grams = True, grams
