"""Recalculate derived columns of an order and its parts. Nothing else writes them."""

from __future__ import annotations

import copy
import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum

from orders.actions.ledger.ledger_postings import create_payment_event
from orders.actions.order_records.link_expiry import find_link_expiry
from orders.actions.order_records.order_facts import OrderFacts, QuantitiesByState, read_facts
from orders.models import (
    EventKind,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentSums,
    report_columns,
    total_authorised_and_charged,
)
from orders.states import (
    CLOSING_KINDS,
    DISPATCHED_STATES,
    PARTLY_ARRIVED_PROGRESS,
    Coverage,
    OrderStatus,
    ParcelState,
    PartState,
    Progress,
    SaleorStatus,
)
from shop.core.actors import Actor
from shop.core.database.compiled_query import compiled_query

_SUMS = ("goods_net", "goods_gross", "delivery_net", "delivery_gross", "total_net", "total_gross")
DERIVED_COLUMNS = (
    *_SUMS,
    "list_net",
    "list_gross",
    "current_total_gross",
    "charged",
    "authorize_coverage",
    "charge_coverage",
    "status",
    "saleor_status",
)


@dataclass(frozen=True, slots=True)
class RecalculatedOrder:
    """The rows that a recalculation has read: parts with arrived items, and all payments."""

    arrived_parts: list[OrderPart]
    payments: list[Payment]


def recalculate_order(
    order: Order, *, now: datetime.datetime, facts: OrderFacts | None = None
) -> RecalculatedOrder:
    """On a locked order: write its derived columns, and adjust its pending charges to the amount due.

    `orders.actions.order_changes.finish_order_change` calls this, then updates the ledger and the card
    authorisations. `facts` are given where the caller has just written all of them.
    """
    facts = facts or read_facts(order)
    arrived = _write_derived_columns(order, facts)
    adjust_pending_charges(order, facts, now=now)
    return RecalculatedOrder(arrived, list(facts.payments))


def recalculate_columns(order: Order) -> list[OrderPart]:
    """On a locked order: write progress, statuses, coverages and sums, from its parts, parcels and payments.

    Returns the parts with arrived items, now or before.
    """
    return _write_derived_columns(order, read_facts(order))


def find_stale_columns(order: Order) -> list[str]:
    """Return the names of derived columns whose stored values are out of date. Writes nothing."""
    recalculated, facts = copy.copy(order), read_facts(order)
    parts, before = facts.parts, [part.progress for part in facts.parts]
    set_derived_columns(recalculated, facts)
    stale_columns = [
        column for column in DERIVED_COLUMNS if getattr(order, column) != getattr(recalculated, column)
    ]
    return stale_columns + [
        f"progress of part {part.pk}"
        for part, old_progress in zip(parts, before, strict=True)
        if part.progress != old_progress
    ]


def _write_derived_columns(order: Order, facts: OrderFacts) -> list[OrderPart]:
    """In a transaction: write the columns, and return the arrived parts."""
    parts, before = facts.parts, [part.progress for part in facts.parts]
    set_derived_columns(order, facts)
    changed_parts = [
        part for part, old_progress in zip(parts, before, strict=True) if old_progress != part.progress
    ]
    if changed_parts:
        OrderPart.objects.bulk_update(changed_parts, ["progress"])
    _copy_reporting_columns(order, parts)
    order.save(update_fields=[*DERIVED_COLUMNS, "link_expires_at", "updated_at"])
    return [
        part
        for part, old_progress in zip(parts, before, strict=True)
        if old_progress in PARTLY_ARRIVED_PROGRESS or part.progress in PARTLY_ARRIVED_PROGRESS
    ]


def set_derived_columns(order: Order, facts: OrderFacts) -> None:
    """Set derived columns on the order and the parts of `facts` without saving. Either may be new."""
    parts = facts.parts
    for part in parts:
        quantity = facts.line_sums[part.number].quantity if part.number in facts.line_sums else 0
        part.progress = _part_progress(quantity, facts.quantities.get(part.pk, QuantitiesByState()))
    _set_sums(order, facts)
    _set_coverages(order, facts.payment_sums)
    order.status = _order_status(order, parts)
    order.saleor_status = _read_saleor_status(order, parts)
    order.link_expires_at = find_link_expiry(order, parts)


def read_unpacked_quantities(lines: Iterable[OrderLine]) -> dict[object, int]:
    """Return how many sales units of each line are still to be packed, by line id. It takes one query."""
    lines = list(lines)
    closed = read_settled_quantities(line.pk for line in lines)
    return {line.pk: line.quantity - closed.get(line.pk, 0) for line in lines}


def read_settled_quantities(line_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Return by line id how many sales units are packed or will not be sent, without zeros."""
    return dict(_closed_sums(list(line_ids)))


@compiled_query
def _closed_sums(line_ids: Collection[uuid.UUID]) -> QuerySet[ParcelLine, tuple[Any, ...]]:
    return (
        ParcelLine.objects.filter(order_line__in=line_ids, parcel__kind__in=CLOSING_KINDS)
        .exclude(parcel__state=ParcelState.VOIDED)
        .order_by("order_line")
        .values_list("order_line")
        .annotate(total=Sum("quantity"))
    )


def _part_progress(ordered_total: int, quantities: QuantitiesByState) -> str:
    expected_total, dispatched_by_state = ordered_total - quantities.unsent, quantities.dispatched
    delivered_total = dispatched_by_state[ParcelState.DELIVERED]
    dispatched_total = sum(dispatched_by_state[state] for state in DISPATCHED_STATES)
    packing_total = sum(dispatched_by_state.values()) - dispatched_total
    if quantities.returned:
        return Progress.RETURNED if quantities.returned >= expected_total else Progress.PARTLY_RETURNED
    if expected_total and delivered_total >= expected_total:
        return Progress.DELIVERED
    if delivered_total:
        return Progress.PARTLY_DELIVERED
    if expected_total and dispatched_total >= expected_total:
        return Progress.DISPATCHED
    if dispatched_total:
        return Progress.PARTLY_DISPATCHED
    return Progress.PACKING if packing_total else Progress.NOT_PACKED


def _copy_reporting_columns(order: Order, parts: Sequence[OrderPart]) -> None:
    """Copy the order's reporting columns to parts and lines whose copies are out of date."""
    for is_active in (True, False):
        columns = report_columns(order, is_active=is_active)
        stale_part_ids = [
            part.pk
            for part in parts
            if part.is_active == is_active
            and any(getattr(part, name) != value for name, value in columns.items())
        ]
        if stale_part_ids:
            OrderPart.objects.filter(pk__in=stale_part_ids).update(**columns)
            OrderLine.objects.filter(part__in=stale_part_ids).update(**columns)


def _set_sums(order: Order, facts: OrderFacts) -> None:
    parts, line_sums = facts.parts, facts.line_sums.values()
    for column in _SUMS:
        setattr(order, column, sum(getattr(part, column) for part in parts))
    order.list_net = sum(line.list_net for line in line_sums) + sum(part.delivery_list_net for part in parts)
    order.list_gross = sum(line.list_gross for line in line_sums)
    order.list_gross += sum(part.delivery_list_gross for part in parts)
    active_total = sum(part.total_gross for part in parts if part.is_active)
    order.current_total_gross = active_total - sum(facts.refunded.values())


def _set_coverages(order: Order, sums: Mapping[uuid.UUID, PaymentSums]) -> None:
    authorised, order.charged = total_authorised_and_charged(sums.values())
    order.charge_coverage = _coverage_status(order.charged, order.current_total_gross)
    order.authorize_coverage = _coverage_status(order.charged + authorised, order.current_total_gross)
    if order.authorize_coverage == Coverage.OVER:
        order.authorize_coverage = Coverage.FULL


def adjust_pending_charges(order: Order, facts: OrderFacts, *, now: datetime.datetime) -> None:
    """On a recalculated order: adjust the pending charges to the amount due that is not authorised.

    An increase goes to the latest payment. A decrease (a part ended, the weight was less, something was
    refunded) reduces the oldest payments first.
    """
    payments, sums = facts.payments, facts.payment_sums
    authorised = sum(
        payment_sums.authorised + payment_sums.authorise_pending for payment_sums in sums.values()
    )
    change = max(0, order.current_total_gross - order.charged - authorised) - sum(
        payment_sums.charge_pending for payment_sums in sums.values()
    )
    if change > 0 and payments:
        last = _find_payment_for_increase(payments) if payments[-1].pk in sums else payments[-1]
        number = None if last.pk in sums else 0
        _write_adjustment(last, EventKind.CHARGE_REQUEST, change, now, number=number)
    for payment in payments if change < 0 else []:
        reduction = min(-change, sums[payment.pk].charge_pending) if payment.pk in sums else 0
        if reduction:
            _write_adjustment(payment, EventKind.CANCEL_SUCCESS, reduction, now)
            change += reduction


def _find_payment_for_increase(payments: Sequence[Payment]) -> Payment:
    """Return the payment that takes an increase.

    After a card authorisation, which cannot grow, it is a new one.
    """
    latest = payments[-1]
    if not latest.events.filter(kind=EventKind.AUTHORIZATION_SUCCESS).exists():
        return latest
    idempotency_key = f"{latest.method}:{latest.order_id}:{len(payments)}"
    return Payment.objects.create(
        order=latest.order, method=latest.method, currency=latest.currency, idempotency_key=idempotency_key
    )


def _write_adjustment(
    payment: Payment, kind: EventKind, amount: int, now: datetime.datetime, *, number: int | None = None
) -> None:
    """Write an event that changes the pending charge.

    Its key contains the number of events so far. The order's lock keeps that number unique.
    """
    number = payment.events.count() if number is None else number
    idempotency_key, actor = f"payment:{payment.pk}:due:{number}", Actor.system("recalculate_order")
    create_payment_event(payment, kind, amount, idempotency_key=idempotency_key, actor=actor, now=now)


def _coverage_status(amount: int, total: int) -> str:
    if amount > total:
        return Coverage.OVER
    if amount == total:
        return Coverage.FULL
    return Coverage.PARTIAL if amount > 0 else Coverage.NONE


def _order_status(order: Order, parts: Sequence[OrderPart]) -> str:
    decided = _status_from_facts(order)
    if decided is not None:
        return decided[0]
    active_parts = [part for part in parts if part.is_active]
    if not active_parts:
        return OrderStatus.CANCELLED
    progress = {part.progress for part in active_parts}
    if progress <= {Progress.RETURNED}:
        return OrderStatus.RETURNED
    if progress <= {Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED}:
        return OrderStatus.DELIVERED
    if progress - {Progress.NOT_PACKED, Progress.PACKING}:
        return OrderStatus.ON_THE_WAY
    if all(part.state == PartState.NEW for part in active_parts):
        return OrderStatus.PLACED
    return OrderStatus.IN_PREPARATION


def _read_saleor_status(order: Order, parts: Sequence[OrderPart]) -> str:
    decided = _status_from_facts(order)
    if decided is not None:
        return decided[1]
    active_parts = [part for part in parts if part.is_active]
    if not active_parts:
        return SaleorStatus.CANCELED
    progress = {part.progress for part in active_parts}
    if progress <= {Progress.RETURNED}:
        return SaleorStatus.RETURNED
    if progress & {Progress.PARTLY_RETURNED, Progress.RETURNED}:
        return SaleorStatus.PARTIALLY_RETURNED
    fully_sent = {Progress.DISPATCHED, Progress.DELIVERED, Progress.PARTLY_DELIVERED}
    sent_states = {*fully_sent, Progress.PARTLY_DISPATCHED}
    if progress <= fully_sent and not _has_open_lines(order, active_parts):
        return SaleorStatus.FULFILLED
    return SaleorStatus.PARTIALLY_FULFILLED if progress & sent_states else SaleorStatus.UNFULFILLED


def _has_open_lines(order: Order, active_parts: Sequence[OrderPart]) -> bool:
    """Return whether active parts have undispatched sales units, which PARTLY_DELIVERED does not show."""
    lines = order.lines.filter(part__in=[part.pk for part in active_parts])
    undispatched_parcels = Parcel.objects.filter(
        part__order=order, state__in=[ParcelState.PACKING, ParcelState.PACKED]
    )
    return undispatched_parcels.exists() or any(read_unpacked_quantities(lines).values())


def _status_from_facts(order: Order) -> tuple[str, str] | None:
    """Return our status and Saleor's if the order's own columns decide them, else None."""
    if order.placed_at is None:
        return OrderStatus.DRAFT, SaleorStatus.DRAFT
    if order.cancelled_at is not None:
        return OrderStatus.CANCELLED, SaleorStatus.CANCELED
    if order.expired_at is not None:
        return OrderStatus.EXPIRED, SaleorStatus.EXPIRED
    if order.confirmed_at is None:
        return OrderStatus.UNCONFIRMED, SaleorStatus.UNCONFIRMED
    return None
