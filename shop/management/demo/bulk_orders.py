"""Insert finished demo orders in bulk, as the same rows that the shop's actions would write.

Used for histories longer than MAX_ORDERS_RUN_THROUGH_ACTIONS, such as those of `make bench`. An order takes
29 ms of CPU time here and 468 ms through the actions. `make seed` with its default of 40 orders runs all of
them through the actions. A test compares the rows of both. Prices come from the same pure function, and
orders from the same step. Derived columns equal those of `orders.actions.order_records.recalculate_order`,
because every part is either fully delivered or cancelled.
"""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F

from catalog.actions.stock.stock_movements import refresh_availability
from catalog.models import Movement, Stock
from cooperatives.models import PickupSlot
from orders.actions.cash_on_delivery.cash_collection import expected_cash_holder
from orders.actions.fulfilment.deliver_parcels import collected_cash_data
from orders.actions.ledger.earnings_postings import draft_for_part
from orders.actions.ledger.ledger_postings import draft_for_event, post_drafts
from orders.actions.ledger.seller_earnings import read_earned_amounts
from orders.actions.order_records.pickup_slots import take_pickup_slots
from orders.actions.order_records.record_order import Contact, record_order
from orders.models import (
    Basket,
    EventKind,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentEvent,
    PaymentMethod,
)
from orders.states import CodState, Coverage, OrderStatus, ParcelState, PartState, Progress, SaleorStatus
from shop.accounts.models import Consent, User
from shop.core.actors import Actor, EntryPoint
from shop.core.models import Change, Channel, change_values
from shop.management.demo.bulk_rows import build_consent, build_event, build_movement, build_parcel_line
from shop.management.demo.order_plan import PlannedOrder, PlannedOutcome, PlannedPart, Times
from shop.management.demo.past_orders import build_planned_address, read_first_warehouses
from shop.management.demo.planned_quotes import PriceList

_BATCH_SIZE = 500


@dataclass(slots=True)
class _PendingRows:
    """Rows to insert for a batch of orders. Rows that refer to parcels follow once parcels have keys."""

    parts: list[OrderPart] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    events: list[PaymentEvent] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    parcels: list[tuple[Parcel, PlannedPart, Payment, Order, Times]] = field(default_factory=list)
    lines: dict[int, list[OrderLine]] = field(default_factory=lambda: defaultdict(list))


def insert_finished_orders(
    planned: Sequence[PlannedOrder],
    channel: Channel,
    members: Mapping[int, Actor],
    buyer: User,
    *,
    now: datetime.datetime,
) -> None:
    """Insert orders whose every part is finished, one transaction per batch."""
    writer = _BulkWriter(channel, members, buyer, now)
    for start in range(0, len(planned), _BATCH_SIZE):
        with transaction.atomic(durable=True):
            writer.write(planned[start : start + _BATCH_SIZE])
    with transaction.atomic(durable=True):
        refresh_availability(variant_ids=list(Stock.objects.values_list("variant", flat=True)))


class _BulkWriter:
    def __init__(
        self, channel: Channel, members: Mapping[int, Actor], buyer: User, now: datetime.datetime
    ) -> None:
        self._channel, self._members, self._buyer, self._now = channel, members, buyer, now
        self._prices = PriceList(channel)
        self._firsts = read_first_warehouses()
        self._stocks: dict[tuple[uuid.UUID, int], int] = {
            (stock.warehouse_id, stock.variant_id): stock.pk for stock in Stock.objects.order_by("pk")
        }

    def write(self, planned: Sequence[PlannedOrder]) -> None:
        pending_rows = _PendingRows()
        for order in planned:
            self._write_order(order, pending_rows)
        for part in pending_rows.parts:
            part.has_ended, part.is_paid = not part.is_active, part.is_active
        OrderPart.objects.bulk_update(
            pending_rows.parts,
            ["state", "progress", "accepted_at", "ended_at", "end_reason", "has_ended", "is_paid"],
            batch_size=200,
        )
        ended_part_ids = [part.pk for part in pending_rows.parts if part.has_ended]
        OrderLine.objects.filter(part__in=ended_part_ids).update(has_ended=True)
        paid = [part.pk for part in pending_rows.parts if part.is_paid]
        OrderLine.objects.filter(part__in=paid).update(is_paid=True)
        Payment.objects.bulk_create(pending_rows.payments)
        Consent.objects.bulk_create(pending_rows.consents)
        Parcel.objects.bulk_create([parcel for parcel, *_rest in pending_rows.parcels])
        self._write_parcels(pending_rows)
        PaymentEvent.objects.bulk_create(pending_rows.events, batch_size=1000)
        _post_to_ledger(pending_rows)
        Change.objects.bulk_create(pending_rows.changes, batch_size=1000)

    def _write_order(self, planned: PlannedOrder, pending_rows: _PendingRows) -> None:
        order = self._record_order(planned)
        parts = list(order.parts.order_by("number"))
        for line in order.lines.in_order():
            pending_rows.lines[line.part_id].append(line)
        actor = self._buyer_actor(planned)
        payment = Payment(
            order=order,
            method=PaymentMethod.COD,
            currency=order.currency,
            idempotency_key=f"cod:{order.pk}:0",
        )
        pending_rows.payments.append(payment)
        requested_amount = sum(part.total_gross for part in parts)
        system = Actor.system()
        pending_rows.events.append(
            build_event(
                payment, EventKind.CHARGE_REQUEST, requested_amount, "due:0", system, planned.placed_at
            )
        )
        pending_rows.consents.append(build_consent(order, actor, planned.placed_at))
        self._add_change(
            pending_rows,
            ("order.placed", order, order),
            actor,
            planned.placed_at,
            data={"total": requested_amount, "source": planned.source},
        )
        number = 0
        for part, planned_part in zip(parts, planned.parts, strict=True):
            times = planned.times(planned_part, now=self._now)
            if planned_part.outcome.is_declined_or_cancelled:
                self._end_part(part, planned_part, payment, order, times, pending_rows)
            else:
                number += 1
                self._deliver_part(part, planned_part, payment, order, times, number, pending_rows)
        pending_rows.parts += parts
        _set_derived_columns(order, parts, pending_rows)

    def _record_order(self, planned: PlannedOrder) -> Order:
        user = self._buyer if planned.is_demo_buyer else None
        address = build_planned_address(planned)
        quote = self._prices.quote(planned)
        basket = Basket(
            channel=self._channel,
            currency=self._channel.currency,
            user=user,
            language=planned.language,
        )
        contact = Contact(
            name=user.name if user else planned.name,
            phone=(user.phone or "") if user else planned.phone,
            address=address,
            province_code=address.province_code,
        )
        order, _lines = record_order(
            quote,
            basket=basket,
            contact=contact,
            source=planned.source,
            now=planned.placed_at,
            is_confirmed=self._channel.automatically_confirm_all_new_orders,
        )
        if any(part.time is not None for part in planned.parts):
            take_pickup_slots(order, quote)
        return order

    def _buyer_actor(self, planned: PlannedOrder) -> Actor:
        return self._buyer.as_actor(EntryPoint.MARKET) if planned.is_demo_buyer else Actor.guest()

    def _end_part(
        self,
        part: OrderPart,
        planned_part: PlannedPart,
        payment: Payment,
        order: Order,
        times: Times,
        rows: _PendingRows,
    ) -> None:
        """Cancel or decline the part before anything was packed."""
        is_declined = planned_part.outcome == PlannedOutcome.DECLINED
        actor = self._members[part.cooperative_id] if is_declined else Actor.guest()
        part.state = PartState.DECLINED if is_declined else PartState.CANCELLED
        part.ended_at, part.end_reason = times.accepted, planned_part.reason
        reduction, key = part.total_gross, f"due:{part.number}"
        kind, system = EventKind.CANCEL_SUCCESS, Actor.system()
        rows.events.append(build_event(payment, kind, reduction, key, system, times.accepted))
        if part.slot_id is not None:
            PickupSlot.objects.filter(pk=part.slot_id, booked__gt=0).update(booked=F("booked") - 1)
        self._add_change(
            rows,
            (f"part.{part.state}", part, order),
            actor,
            times.accepted,
            part=part,
            reason=planned_part.reason,
        )

    def _deliver_part(
        self,
        part: OrderPart,
        planned_part: PlannedPart,
        payment: Payment,
        order: Order,
        times: Times,
        number: int,
        rows: _PendingRows,
    ) -> None:
        """Accept the part and deliver it in one parcel, paid in cash."""
        part.state, part.progress, part.accepted_at = PartState.ACCEPTED, Progress.DELIVERED, times.accepted
        parcel = Parcel(
            part=part,
            number=number,
            label_code=str(number),
            state=ParcelState.DELIVERED,
            warehouse_id=planned_part.delivery_method.warehouse_id or self._firsts[part.cooperative_id],
            carrier=part.carrier,
            cod_state=CodState.COLLECTED if part.total_gross else CodState.NONE,
            cod_expected=part.total_gross,
            cod_collected=part.total_gross,
            packed_at=times.packed,
            handed_over_at=times.handed_over,
            delivered_at=times.delivered,
        )
        if parcel.cod_collected:
            parcel.cod_holder, parcel.cod_collected_at = expected_cash_holder(part, parcel), times.delivered
        rows.parcels.append((parcel, planned_part, payment, order, times))
        member = self._members[part.cooperative_id]
        self._add_change(rows, ("part.accepted", part, order), member, times.accepted, part=part)

    def _write_parcels(self, pending_rows: _PendingRows) -> None:
        """Insert the parcels' lines, stock movements, cash and changes."""
        lines: list[ParcelLine] = []
        movements: list[Movement] = []
        for parcel, planned_part, payment, order, times in pending_rows.parcels:
            member = self._members[planned_part.cooperative_id]
            for line in pending_rows.lines[parcel.part_id]:
                stock_id = self._stock_of(parcel, line)
                lines.append(build_parcel_line(parcel, line, stock_id))
                movements.append(build_movement(lines[-1], stock_id, member, times.handed_over))
                if line.is_sold_by_weight:
                    self._weigh(pending_rows, line, parcel.part, order, member, times.packed)
            carrier: dict[str, object] = {"carrier": parcel.carrier}
            for action, happened_at, data in (
                ("parcel.created", times.packed, None),
                ("parcel.packed", times.packed, None),
                ("parcel.handed_over", times.handed_over, carrier),
                ("parcel.delivered", times.delivered, collected_cash_data(order, parcel)),
            ):
                self._add_change(
                    pending_rows,
                    (action, parcel, order),
                    member,
                    happened_at,
                    part=parcel.part,
                    parcel=parcel,
                    data=data,
                )
            if parcel.cod_collected:
                key = f"parcel:{parcel.pk}:collected"
                kind, amount = EventKind.CHARGE_SUCCESS, parcel.cod_collected
                paid = build_event(payment, kind, amount, key, member, times.delivered)
                paid.idempotency_key, paid.parcel = f"cod:{key}", parcel
                pending_rows.events.append(paid)
        OrderLine.objects.bulk_update(
            [row.order_line for row in lines if row.is_sold_by_weight], ["weighed_grams"], batch_size=1000
        )
        ParcelLine.objects.bulk_create(lines, batch_size=1000)
        Movement.objects.bulk_create(movements, batch_size=1000)
        _lower_stock(movements)

    def _weigh(
        self,
        rows: _PendingRows,
        line: OrderLine,
        part: OrderPart,
        order: Order,
        member: Actor,
        happened_at: datetime.datetime,
    ) -> None:
        """Record the estimated weight as weighed."""
        line.weighed_grams = line.estimate_grams
        values = change_values(
            "line.weighed",
            line,
            actor=member,
            now=happened_at,
            root=order,
            cooperative_id=part.cooperative_id,
            data={
                "part": part.number,
                "name": line.product_name,
                "grams": line.weighed_grams,
                "total": line.total_gross,
                "currency": order.currency,
            },
        )
        rows.changes.append(Change(**values))

    def _stock_of(self, parcel: Parcel, line: OrderLine) -> int:
        assert parcel.warehouse_id is not None
        assert line.variant_id is not None
        return self._stocks[parcel.warehouse_id, line.variant_id]

    def _add_change(
        self,
        rows: _PendingRows,
        subject: tuple[str, Order | OrderPart | Parcel, Order],
        actor: Actor,
        happened_at: datetime.datetime,
        *,
        part: OrderPart | None = None,
        parcel: Parcel | None = None,
        reason: str = "",
        data: dict[str, object] | None = None,
    ) -> None:
        action, row, order = subject
        if part is not None:
            data = {"part": part.number, **({"parcel": parcel.number} if parcel else {}), **(data or {})}
        values = change_values(
            action,
            row,
            actor=actor,
            now=happened_at,
            root=order,
            cooperative_id=part.cooperative_id if part else None,
            reason=reason,
            data=data,
        )
        rows.changes.append(Change(**values))


def _set_derived_columns(order: Order, parts: Sequence[OrderPart], rows: _PendingRows) -> None:
    """Write the columns that recalculate_order.py derives when all parts are delivered or cancelled."""
    lines = [line for part in parts for line in rows.lines[part.pk]]
    active = [part for part in parts if part.is_active]
    current_total = sum(part.total_gross for part in active)
    Order.objects.filter(pk=order.pk).update(
        goods_net=sum(part.goods_net for part in parts),
        goods_gross=sum(part.goods_gross for part in parts),
        delivery_net=sum(part.delivery_net for part in parts),
        delivery_gross=sum(part.delivery_gross for part in parts),
        total_net=sum(part.total_net for part in parts),
        total_gross=sum(part.total_gross for part in parts),
        list_net=sum(line.list_net for line in lines) + sum(part.delivery_list_net for part in parts),
        list_gross=sum(line.list_gross for line in lines) + sum(part.delivery_list_gross for part in parts),
        current_total_gross=current_total,
        charged=current_total,
        authorize_coverage=Coverage.FULL,
        charge_coverage=Coverage.FULL,
        status=OrderStatus.DELIVERED if active else OrderStatus.CANCELLED,
        saleor_status=SaleorStatus.FULFILLED if active else SaleorStatus.CANCELED,
    )


def _post_to_ledger(rows: _PendingRows) -> None:
    """Post the payment events, then the delivered parts, as the actions do."""
    drafts = [draft for event in rows.events if (draft := draft_for_event(event)) is not None]
    earned = read_earned_amounts(parcel.part_id for parcel, *_rest in rows.parcels)
    drafts += [
        draft_for_part(order, parcel.part, earned[parcel.part_id], now=times.delivered)
        for parcel, _planned, _payment, order, times in rows.parcels
    ]
    if drafts:
        post_drafts(drafts)


def _lower_stock(movements: Sequence[Movement]) -> None:
    moved: dict[int, int] = defaultdict(int)
    for movement in movements:
        moved[movement.stock_id] += movement.quantity
    for stock_id, quantity in sorted(moved.items()):
        Stock.objects.filter(pk=stock_id).update(on_hand=F("on_hand") + quantity)
