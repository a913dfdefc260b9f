"""Run planned orders through the shop's own actions: place, pack and deliver them."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from catalog.actions.stock.stock_movements import lock_stock_row, record_movement, refresh_availability
from catalog.models import MovementReason
from cooperatives.models import Warehouse
from orders.actions.basket.basket_lines import add_variant_to_basket
from orders.actions.fulfilment.cancel_parts import cancel_part_as_buyer, decline_part
from orders.actions.fulfilment.deliver_parcels import DispatchDetails, deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.order_records.record_order import Contact
from orders.actions.placement.place_order import place_order
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import Order, OrderPart, PaymentMethod
from orders.states import PartState
from shop.accounts.models import Address, ConsentPurpose, User
from shop.core.actors import Actor, EntryPoint
from shop.core.models import Channel
from shop.management.demo.order_plan import PlannedOrder, PlannedOutcome, PlannedPart
from shop.notifications.models import Notification

Stocked = Mapping[tuple[uuid.UUID, int], int]


def receive_planned_stock(planned: Iterable[PlannedOrder], *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: receive the stock that past orders sell, so that today's stock stays the same."""
    _move_stock(_sold_quantities(planned, has_ended=None), 1, MovementReason.RECEIPT, actor=actor, now=now)


def write_off_cancelled_stock(
    planned: Iterable[PlannedOrder], *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: write off the stock of cancelled parts, which was received for them."""
    _move_stock(_sold_quantities(planned, has_ended=True), -1, MovementReason.LOSS, actor=actor, now=now)


def run_planned_orders(
    planned: Sequence[PlannedOrder],
    channel: Channel,
    members: Mapping[int, Actor],
    buyer: User,
    *,
    now: datetime.datetime,
) -> None:
    """Place and handle each order at its planned times. `members` is each cooperative's actor.

    Orders from an interrupted run stay. Their parts in state "new" are handled.
    """
    for planned_order in planned:
        user = buyer if planned_order.is_demo_buyer else None
        order = find_placed(planned_order, buyer) or _place_planned_order(planned_order, channel, user)
        parts = {part.cooperative_id: part for part in order.parts.all()}
        for part in planned_order.parts:
            row = parts[part.cooperative_id]
            if row.state == PartState.NEW:
                _bring_to_outcome(planned_order, part, row, members, now=now)


def find_placed(planned: PlannedOrder, buyer: User) -> Order | None:
    """Return the order already placed for this plan, or None."""
    phone = (buyer.phone or "") if planned.is_demo_buyer else planned.phone
    return Order.objects.filter(placed_at=planned.placed_at, phone=phone).order_by("number").first()


def mark_messages_sent(planned: Iterable[PlannedOrder], buyer: User, *, now: datetime.datetime) -> None:
    """In a transaction: mark past notifications as sent, so that none is sent today."""
    phones = [buyer.phone, *(order.phone for order in planned)]
    Notification.objects.filter(recipient__in=phones, sent_at=None).update(sent_at=now)


def build_planned_address(planned: PlannedOrder) -> Address:
    """Build the unsaved address of a planned order."""
    province = planned.commune.parent
    assert province is not None
    return Address(
        first_name=planned.name,
        phone=planned.phone,
        street_address_1=planned.street,
        city=planned.commune.full_name,
        country_area=province.name,
        province_code=province.code,
        commune_code=planned.commune.code,
    )


def _place_planned_order(planned: PlannedOrder, channel: Channel, user: User | None) -> Order:
    address = build_planned_address(planned)
    basket_id = None
    for part in planned.parts:
        for variant, quantity in part.lines:
            basket_id = add_variant_to_basket(
                basket_id=basket_id,
                user_id=user.pk if user else None,
                channel=channel,
                variant_id=variant.pk,
                quantity=quantity,
                now=planned.placed_at,
                language=planned.language,
                province_code=address.province_code,
            ).pk
    assert basket_id is not None
    return place_order(
        basket_id=basket_id,
        contact=Contact(
            name=user.name if user else planned.name,
            phone=(user.phone or "") if user else planned.phone,
            address=address,
            province_code=address.province_code,
        ),
        deliveries={part.cooperative_id: _delivery_choice(part) for part in planned.parts},
        consents=frozenset({ConsentPurpose.ORDER}),
        method=PaymentMethod.TRANSFER if planned.is_by_transfer else PaymentMethod.COD,
        actor=user.as_actor(EntryPoint.MARKET) if user else Actor.guest(),
        now=planned.placed_at,
        source=planned.source,
    )


def _delivery_choice(part: PlannedPart) -> RequestedDelivery:
    if part.time is None:
        return RequestedDelivery(part.delivery_method.pk)
    return RequestedDelivery(part.delivery_method.pk, part.time.day, part.time.starts)


def _bring_to_outcome(
    planned: PlannedOrder,
    part: PlannedPart,
    row: OrderPart,
    members: Mapping[int, Actor],
    *,
    now: datetime.datetime,
) -> None:
    """Bring a part to its planned outcome."""
    member, times = members[part.cooperative_id], planned.times(part, now=now)
    if part.outcome == PlannedOutcome.DECLINED:
        decline_part(part_id=row.pk, reason=part.reason, actor=member, now=times.accepted)
        return
    if part.outcome == PlannedOutcome.CANCELLED:
        cancel_part_as_buyer(part_id=row.pk, reason=part.reason, actor=Actor.guest(), now=times.accepted)
        return
    if part.outcome == PlannedOutcome.NEW:
        return
    accept_part(part_id=row.pk, actor=member, now=times.accepted)
    if part.outcome == PlannedOutcome.ACCEPTED:
        return
    _record_weights(row, member, times.packed)
    quantities = dict(row.lines.values_list("pk", "quantity"))
    parcel = pack_parcel(part_id=row.pk, quantities=quantities, actor=member, now=times.packed)
    parcel = close_parcel(parcel_id=parcel.pk, actor=member, now=times.packed)
    if part.outcome == PlannedOutcome.PACKED:
        return
    dispatch = DispatchDetails(carrier=part.delivery_method.carrier)
    hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch, actor=member, now=times.handed_over)
    if part.outcome == PlannedOutcome.DELIVERED:
        deliver_parcel(
            parcel_id=parcel.pk,
            is_cash_collected=True,
            code=parcel.pickup_code,
            actor=member,
            now=times.delivered,
        )


def _sold_quantities(planned: Iterable[PlannedOrder], *, has_ended: bool | None) -> Stocked:
    """Sum quantities by warehouse and variant. If `has_ended` is True, only ended parts are counted."""
    firsts = read_first_warehouses()
    sold: dict[tuple[uuid.UUID, int], int] = defaultdict(int)
    for order in planned:
        for part in order.parts:
            if has_ended is None or part.outcome.is_declined_or_cancelled == has_ended:
                warehouse_id = part.delivery_method.warehouse_id or firsts[part.cooperative_id]
                for variant, quantity in part.lines:
                    sold[warehouse_id, variant.pk] += quantity
    return sold


def read_first_warehouses() -> dict[int, uuid.UUID]:
    """Return each cooperative's first warehouse."""
    warehouses = Warehouse.objects.order_by("-channel_rows__sort_order", "-pk")
    return dict(warehouses.values_list("cooperative", "pk"))


def _move_stock(
    stocked: Stocked, sign: int, reason: MovementReason, *, actor: Actor, now: datetime.datetime
) -> None:
    warehouses = Warehouse.objects.select_related("cooperative").in_bulk(
        {warehouse_id for warehouse_id, _variant in stocked}
    )
    for (warehouse_id, variant_id), quantity in sorted(
        stocked.items(), key=lambda item: (str(item[0][0]), item[0][1])
    ):
        row = lock_stock_row(
            cooperative=warehouses[warehouse_id].cooperative, variant_id=variant_id, warehouse_id=warehouse_id
        )
        record_movement(row, sign * quantity, reason=reason, actor=actor, now=now, document="demo")
    refresh_availability(variant_ids={variant_id for _warehouse, variant_id in stocked})


def _record_weights(part: OrderPart, member: Actor, now: datetime.datetime) -> None:
    """Record estimated weights as weighed, so that planned totals equal paid ones."""
    for line in part.lines.filter(estimate_grams__isnull=False).in_order():
        grams = line.estimate_grams or 0
        weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, actor=member, now=now)
