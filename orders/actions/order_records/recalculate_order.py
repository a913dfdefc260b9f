"""The one author of everything derived on orders and parts: progress, statuses, coverages, sums."""

from __future__ import annotations

import copy
import datetime
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.models import F, QuerySet, Sum

from orders.actions.gateway_requests.card_capture import follow_cards
from orders.actions.ledger.ledger_postings import book_parts
from orders.actions.ledger.payment_events import write_event
from orders.actions.order_records.link_expiry import link_expiry
from orders.models import (
    EventKind,
    Method,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentEvent,
    PaymentSums,
    Refund,
    counted_of,
    sums_from,
    total_sums,
)
from orders.states import (
    GONE,
    HAS_ARRIVED,
    NO_LONGER_OPEN,
    Coverage,
    OrderStatus,
    ParcelKind,
    ParcelState,
    PartState,
    Progress,
    SaleorStatus,
)
from shop.core.actors import Actor
from shop.core.database.compiled_query import prepared

_SUMS = ("goods_net", "goods_gross", "delivery_net", "delivery_gross", "total_net", "total_gross")
DERIVED = (
    *(*_SUMS, "list_net", "list_gross", "due_gross", "charged"),
    *("authorize_coverage", "charge_coverage", "status", "saleor_status"),
)


def update_standing(order: Order, *, now: datetime.datetime) -> None:
    """Step, at the end of whatever touched a locked order: write what follows from it, and book it."""
    arrived, sums = _derive(order)
    payments = _expect_what_is_due(order, sums, now)
    if arrived:
        book_parts(order, arrived, now=now)
    cards = [payment for payment in payments if payment.method == Method.CARD]
    follow_cards(order, cards, is_packed=partial(_is_packed, order), now=now)


def derive_standing(order: Order) -> list[OrderPart]:
    """Step: progress, statuses, coverages and sums from the order's facts, parts, parcels and payments.

    Answers the parts of which something has arrived, or had.
    """
    return _derive(order)[0]


def find_stale_columns(order: Order) -> list[str]:
    """Derived columns of the order and its parts that deriving again would change. Writes nothing."""
    fresh, parts = copy.copy(order), _parts_of(order.pk)
    before = [part.progress for part in parts]
    _compute(fresh, parts)
    stale = [column for column in DERIVED if getattr(order, column) != getattr(fresh, column)]
    return stale + [
        f"progress of part {part.pk}" for part, old in zip(parts, before, strict=True) if part.progress != old
    ]


def _derive(order: Order) -> tuple[list[OrderPart], Mapping[uuid.UUID, PaymentSums]]:
    """Step of `derive_standing`; answers the sums of the order's payments, too."""
    parts = _parts_of(order.pk)
    before = [part.progress for part in parts]
    sums = _compute(order, parts)
    changed = [part for part, old in zip(parts, before, strict=True) if old != part.progress]
    if changed:
        OrderPart.objects.bulk_update(changed, ["progress"])
    _write_counted(order, parts)
    order.save(update_fields=[*DERIVED, "link_expires_at", "updated_at"])
    arrived = [
        part
        for part, old in zip(parts, before, strict=True)
        if old in HAS_ARRIVED or part.progress in HAS_ARRIVED
    ]
    return arrived, sums


def _compute(order: Order, parts: Sequence[OrderPart]) -> Mapping[uuid.UUID, PaymentSums]:
    """Set what is derived on these objects, without writing it; answers the sums of the order's payments."""
    steps, ordered = _quantities(order), _ordered(order)
    for part in parts:
        quantity = ordered[part.pk].quantity if part.pk in ordered else 0
        part.progress = _progress(quantity, steps.get(part.pk, _Steps()))
    _write_sums(order, parts, ordered.values())
    sums = sums_from(_event_sums(order.pk))
    _write_money(order, sums)
    order.status = _status(order, parts)
    order.saleor_status = _saleor_status(order, parts)
    order.link_expires_at = link_expiry(order, parts)
    return sums


def open_quantities(lines: Iterable[OrderLine]) -> dict[object, int]:
    """How many steps of each line are in no parcel yet and still to be sent, by line id: one query."""
    lines = list(lines)
    closed = closed_quantities(line.pk for line in lines)
    return {line.pk: line.quantity - closed.get(line.pk, 0) for line in lines}


def closed_quantities(line_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many steps of each line lie in a parcel, or are not to be sent any more; others are left out."""
    rows = (
        ParcelLine.objects.filter(order_line__in=list(line_ids), parcel__kind__in=NO_LONGER_OPEN)
        .exclude(parcel__state=ParcelState.VOIDED)
        .values("order_line")
        .annotate(total=Sum("quantity"))
        .order_by("order_line")
    )
    return {row["order_line"]: row["total"] for row in rows}


@dataclass(frozen=True, slots=True)
class _Ordered:
    """What a part's lines add up to: steps, and what they cost as listed, in minor units."""

    quantity: int
    list_net: int
    list_gross: int


def _ordered(order: Order) -> dict[int, _Ordered]:
    """By part."""
    return {part: _Ordered(*sums) for part, *sums in _line_sums(order.pk)}


@prepared
def _parts_of(order: uuid.UUID) -> QuerySet[OrderPart]:
    return OrderPart.objects.filter(order=order).order_by("number")


@prepared
def _line_sums(order: uuid.UUID) -> QuerySet[Any]:
    rows = OrderLine.objects.filter(order=order).order_by("part").values_list("part")
    return rows.annotate(Sum("quantity"), Sum("list_net"), Sum("list_gross"))


@prepared
def _parcel_sums(order: uuid.UUID) -> QuerySet[Any]:
    rows = ParcelLine.objects.filter(parcel__part__order=order).exclude(parcel__state=ParcelState.VOIDED)
    told = rows.values_list("parcel__part", "order_line", "parcel__kind", "parcel__state")
    return told.annotate(total=Sum("quantity")).order_by("parcel__part")


@prepared
def _taken_off(parts: Collection[int]) -> QuerySet[Any]:
    rows = Refund.objects.filter(part__in=parts).order_by("part").values_list("part")
    return rows.annotate(total=Sum(F("amount") - F("surplus")))


@prepared
def _payments_of(order: uuid.UUID) -> QuerySet[Payment]:
    return Payment.objects.filter(order=order).order_by("created_at", "pk")


@prepared
def _event_sums(order: uuid.UUID) -> QuerySet[Any]:
    rows = PaymentEvent.objects.filter(payment__order=order).order_by("payment")
    return rows.values_list("payment", "kind").annotate(total=Sum("amount"))


@dataclass(slots=True)
class _Steps:
    """Of one part: steps in dispatches by the parcel's state, those back for good, and those not sent."""

    dispatched: Counter[str] = field(default_factory=Counter)
    returned: int = 0
    unsent: int = 0


def _quantities(order: Order) -> dict[int, _Steps]:
    """By part. What was sent anew in place of what came back has not come back for good."""
    parts: dict[int, _Steps] = {}
    back: Counter[tuple[int, object]] = Counter()
    for part_id, line_id, kind, state, total in _parcel_sums(order.pk):
        steps = parts.setdefault(part_id, _Steps())
        if kind == ParcelKind.DISPATCH:
            steps.dispatched[state] += total
        elif kind == ParcelKind.REFUND:
            steps.unsent += total
        elif kind == ParcelKind.REPLACEMENT:
            back[part_id, line_id] -= total
        elif state == ParcelState.DELIVERED:
            back[part_id, line_id] += total
    for (part_id, _line_id), total in back.items():
        parts[part_id].returned += max(0, total)
    return parts


def _progress(ordered: int, steps: _Steps) -> str:
    whole, dispatched = ordered - steps.unsent, steps.dispatched
    delivered = dispatched[ParcelState.DELIVERED]
    gone = sum(dispatched[state] for state in GONE)
    packing = sum(dispatched.values()) - gone
    if steps.returned:
        return Progress.RETURNED if steps.returned >= whole else Progress.PARTLY_RETURNED
    if whole and delivered >= whole:
        return Progress.DELIVERED
    if delivered:
        return Progress.PARTLY_DELIVERED
    if whole and gone >= whole:
        return Progress.DISPATCHED
    if gone:
        return Progress.PARTLY_DISPATCHED
    return Progress.PACKING if packing else Progress.NOTHING


def _write_counted(order: Order, parts: Sequence[OrderPart]) -> None:
    """Where reports count the parts and their lines: written with them, and again where that has changed."""
    for is_standing in (True, False):
        counted = counted_of(order, is_standing=is_standing)
        stale = [
            part.pk
            for part in parts
            if part.is_standing == is_standing
            and any(getattr(part, name) != value for name, value in counted.items())
        ]
        if stale:
            OrderPart.objects.filter(pk__in=stale).update(**counted)
            OrderLine.objects.filter(part__in=stale).update(**counted)


def _write_sums(order: Order, parts: Sequence[OrderPart], ordered: Collection[_Ordered]) -> None:
    for column in _SUMS:
        setattr(order, column, sum(getattr(part, column) for part in parts))
    order.list_net = sum(each.list_net for each in ordered) + sum(part.delivery_list_net for part in parts)
    order.list_gross = sum(each.list_gross for each in ordered)
    order.list_gross += sum(part.delivery_list_gross for part in parts)
    standing = [part for part in parts if part.is_standing]
    given = dict(_taken_off([part.pk for part in standing]))
    order.due_gross = sum(part.total_gross for part in standing) - sum(given.values())


def _write_money(order: Order, sums: Mapping[uuid.UUID, PaymentSums]) -> None:
    authorised, order.charged = total_sums(sums.values())
    order.charge_coverage = _coverage(order.charged, order.due_gross)
    order.authorize_coverage = _coverage(order.charged + authorised, order.due_gross)
    if order.authorize_coverage == Coverage.OVER:
        order.authorize_coverage = Coverage.FULL


def _expect_what_is_due(
    order: Order, sums: Mapping[uuid.UUID, PaymentSums], now: datetime.datetime
) -> list[Payment]:
    """What payments wait for together is what is due and neither paid nor held. Answers the payments.

    More is waited for by the latest way to pay; less is due where a part ended, the scale said less or
    something else was given, and then the oldest stop waiting first.
    """
    rows = _payments_of(order.pk)
    held = sum(one.authorised + one.authorise_pending for one in sums.values())
    change = max(0, order.due_gross - order.charged - held) - sum(one.charge_pending for one in sums.values())
    if change > 0 and rows:
        last = _for_more(rows) if rows[-1].pk in sums else rows[-1]
        place = None if last.pk in sums else 0
        _adjust(last, EventKind.CHARGE_REQUEST, change, now, place=place)
    for payment in rows if change < 0 else []:
        less = min(-change, sums[payment.pk].charge_pending) if payment.pk in sums else 0
        if less:
            _adjust(payment, EventKind.CANCEL_SUCCESS, less, now)
            change += less
    return rows


def _for_more(rows: Sequence[Payment]) -> Payment:
    """What comes beyond a card's hold, which cannot grow, comes the same way as a payment of its own."""
    last = rows[-1]
    if not last.events.filter(kind=EventKind.AUTHORIZATION_SUCCESS).exists():
        return last
    key = f"{last.method}:{last.order_id}:{len(rows)}"
    return Payment.objects.create(order=last.order, method=last.method, currency=last.currency, key=key)


def _is_packed(order: Order) -> bool:
    """Whether everything that stands lies in parcels, weighed: what is due stays as it is."""
    standing = OrderPart.objects.filter(order=order).standing()
    return not any(open_quantities(order.lines.filter(part__in=standing)).values())


def _adjust(
    payment: Payment, kind: EventKind, amount: int, now: datetime.datetime, *, place: int | None = None
) -> None:
    """Counted by the payment's events so far, since the order's lock lets nobody in between."""
    place = payment.events.count() if place is None else place
    key = f"payment:{payment.pk}:due:{place}"
    write_event(payment, kind, amount, key=key, actor=Actor.system("standing"), now=now)


def _coverage(amount: int, due: int) -> str:
    if amount > due:
        return Coverage.OVER
    if amount == due:
        return Coverage.FULL
    return Coverage.PARTIAL if amount > 0 else Coverage.NONE


def _status(order: Order, parts: Sequence[OrderPart]) -> str:
    early = _early_status(order)
    if early is not None:
        return early[0]
    standing = [part for part in parts if part.is_standing]
    if not standing:
        return OrderStatus.CANCELLED
    progress = {part.progress for part in standing}
    if progress <= {Progress.RETURNED}:
        return OrderStatus.RETURNED
    if progress <= {Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED}:
        return OrderStatus.DELIVERED
    if progress - {Progress.NOTHING, Progress.PACKING}:
        return OrderStatus.ON_THE_WAY
    if all(part.state == PartState.NEW for part in standing):
        return OrderStatus.PLACED
    return OrderStatus.IN_HAND


def _saleor_status(order: Order, parts: Sequence[OrderPart]) -> str:
    early = _early_status(order)
    if early is not None:
        return early[1]
    standing = [part for part in parts if part.is_standing]
    if not standing:
        return SaleorStatus.CANCELED
    progress = {part.progress for part in standing}
    if progress <= {Progress.RETURNED}:
        return SaleorStatus.RETURNED
    if progress & {Progress.PARTLY_RETURNED, Progress.RETURNED}:
        return SaleorStatus.PARTIALLY_RETURNED
    whole = {Progress.DISPATCHED, Progress.DELIVERED, Progress.PARTLY_DELIVERED}
    gone = {*whole, Progress.PARTLY_DISPATCHED}
    if progress <= whole and not _open_lines(order, standing):
        return SaleorStatus.FULFILLED
    return SaleorStatus.PARTIALLY_FULFILLED if progress & gone else SaleorStatus.UNFULFILLED


def _open_lines(order: Order, standing: Sequence[OrderPart]) -> bool:
    """Whether something of the standing parts is not dispatched yet; partly delivered does not say."""
    lines = order.lines.filter(part__in=[part.pk for part in standing])
    in_hand = Parcel.objects.filter(part__order=order, state__in=[ParcelState.PACKING, ParcelState.PACKED])
    return in_hand.exists() or any(open_quantities(lines).values())


def _early_status(order: Order) -> tuple[str, str] | None:
    """Our status and Saleor's where facts of the order decide alone."""
    if order.placed_at is None:
        return OrderStatus.DRAFT, SaleorStatus.DRAFT
    if order.cancelled_at is not None:
        return OrderStatus.CANCELLED, SaleorStatus.CANCELED
    if order.expired_at is not None:
        return OrderStatus.EXPIRED, SaleorStatus.EXPIRED
    if order.confirmed_at is None:
        return OrderStatus.UNCONFIRMED, SaleorStatus.UNCONFIRMED
    return None
