"""Living a planned history through: each order is placed, packed and delivered by the shop's own actions."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from catalog.actions.stock.stock_movements import move_stock, refresh_availability, stock_row
from catalog.models import Reason
from cooperatives.models import Warehouse
from orders.actions.basket.basket_lines import put_in_basket
from orders.actions.fulfilment.cancel_parts import cancel_part_as_buyer, decline_part
from orders.actions.fulfilment.deliver_parcels import Dispatch, deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.order_records.record_order import Contact
from orders.actions.placement.place_order import place_order
from orders.actions.quotes.quote_types import WantedDelivery
from orders.models import Method, Order, OrderPart
from orders.states import PartState
from shop.accounts.models import Address, ConsentPurpose, User
from shop.core.actors import Actor, Door
from shop.core.models import Channel
from shop.management.demo.order_plan import Outcome, PlannedOrder, PlannedPart
from shop.notifications.models import Notification

Stocked = Mapping[tuple[uuid.UUID, int], int]


def receive_goods(planned: Iterable[PlannedOrder], *, actor: Actor, now: datetime.datetime) -> None:
    """Step: bring in beforehand what will be sold, so that the past leaves today's stock as it is."""
    _move(_sold(planned, ended=None), 1, Reason.RECEIPT, actor=actor, now=now)


def write_off(planned: Iterable[PlannedOrder], *, actor: Actor, now: datetime.datetime) -> None:
    """Step: what was called off has not kept until today."""
    _move(_sold(planned, ended=True), -1, Reason.LOSS, actor=actor, now=now)


def live_through(
    planned: Sequence[PlannedOrder],
    channel: Channel,
    members: Mapping[int, Actor],
    buyer: User,
    *,
    now: datetime.datetime,
) -> None:
    """Place and handle each order at its times. `members` says who acts for a cooperative.

    What an earlier, interrupted run placed stays; of its parts, those that nobody touched are handled.
    """
    for each in planned:
        user = buyer if each.is_demo_buyer else None
        order = find_placed(each, buyer) or _place(each, channel, user)
        parts = {part.cooperative_id: part for part in order.parts.all()}
        for part in each.parts:
            row = parts[part.cooperative_id]
            if row.state == PartState.NEW:
                _handle(each, part, row, members, now=now)


def find_placed(planned: PlannedOrder, buyer: User) -> Order | None:
    """The order that this one of the plan became, if it was placed already."""
    phone = (buyer.phone or "") if planned.is_demo_buyer else planned.phone
    return Order.objects.filter(placed_at=planned.placed_at, phone=phone).order_by("number").first()


def silence(planned: Iterable[PlannedOrder], buyer: User, *, now: datetime.datetime) -> None:
    """Step: their messages belong to the past; nobody is to be written to today."""
    phones = [buyer.phone, *(each.phone for each in planned)]
    Notification.objects.filter(to__in=phones, sent_at=None).update(sent_at=now)


def address_of(planned: PlannedOrder) -> Address:
    """The unsaved address of a planned order."""
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


def _place(planned: PlannedOrder, channel: Channel, user: User | None) -> Order:
    address = address_of(planned)
    basket_id = None
    for part in planned.parts:
        for variant, quantity in part.lines:
            basket_id = put_in_basket(
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
        deliveries={part.cooperative_id: _wanted(part) for part in planned.parts},
        consents=frozenset({ConsentPurpose.ORDER}),
        method=Method.TRANSFER if planned.is_by_transfer else Method.COD,
        actor=user.acting(Door.MARKET) if user else Actor.guest(),
        now=planned.placed_at,
        source=planned.source,
    )


def _wanted(part: PlannedPart) -> WantedDelivery:
    if part.time is None:
        return WantedDelivery(part.way.pk)
    return WantedDelivery(part.way.pk, part.time.day, part.time.starts)


def _handle(
    planned: PlannedOrder,
    part: PlannedPart,
    row: OrderPart,
    members: Mapping[int, Actor],
    *,
    now: datetime.datetime,
) -> None:
    """Take a part as far as its outcome says."""
    member, times = members[part.cooperative_id], planned.times(part, now=now)
    if part.outcome == Outcome.DECLINED:
        decline_part(part_id=row.pk, reason=part.reason, actor=member, now=times.accepted)
        return
    if part.outcome == Outcome.CANCELLED:
        cancel_part_as_buyer(part_id=row.pk, reason=part.reason, actor=Actor.guest(), now=times.accepted)
        return
    if part.outcome == Outcome.NEW:
        return
    accept_part(part_id=row.pk, actor=member, now=times.accepted)
    if part.outcome == Outcome.ACCEPTED:
        return
    _weigh(row, member, times.packed)
    quantities = dict(row.lines.values_list("pk", "quantity"))
    parcel = pack_parcel(part_id=row.pk, quantities=quantities, actor=member, now=times.packed)
    parcel = close_parcel(parcel_id=parcel.pk, actor=member, now=times.packed)
    if part.outcome == Outcome.PACKED:
        return
    dispatch = Dispatch(carrier=part.way.carrier)
    hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch, actor=member, now=times.handed_over)
    if part.outcome == Outcome.DELIVERED:
        deliver_parcel(
            parcel_id=parcel.pk,
            cash_collected=True,
            code=parcel.pickup_code,
            actor=member,
            now=times.delivered,
        )


def _sold(planned: Iterable[PlannedOrder], *, ended: bool | None) -> Stocked:
    """Steps by warehouse and variant; `ended` True counts only what was called off."""
    firsts = first_warehouses()
    sold: dict[tuple[uuid.UUID, int], int] = defaultdict(int)
    for each in planned:
        for part in each.parts:
            if ended is None or part.outcome.is_ended == ended:
                house = part.way.warehouse_id or firsts[part.cooperative_id]
                for variant, quantity in part.lines:
                    sold[house, variant.pk] += quantity
    return sold


def first_warehouses() -> dict[int, uuid.UUID]:
    """Where each cooperative's goods are taken from first, by cooperative."""
    rows = Warehouse.objects.order_by("-channel_rows__sort_order", "-pk")
    return dict(rows.values_list("cooperative", "pk"))


def _move(stocked: Stocked, sign: int, reason: Reason, *, actor: Actor, now: datetime.datetime) -> None:
    houses = Warehouse.objects.select_related("cooperative").in_bulk({house for house, _variant in stocked})
    for (house, variant_id), quantity in sorted(
        stocked.items(), key=lambda item: (str(item[0][0]), item[0][1])
    ):
        row = stock_row(cooperative=houses[house].cooperative, variant_id=variant_id, warehouse_id=house)
        move_stock(row, sign * quantity, reason=reason, actor=actor, now=now, document="demo")
    refresh_availability(variant_ids={variant_id for _house, variant_id in stocked})


def _weigh(part: OrderPart, member: Actor, now: datetime.datetime) -> None:
    """The scale says what was estimated, so that planned sums are what was paid."""
    for line in part.lines.filter(estimate_grams__isnull=False).in_order():
        grams = line.estimate_grams or 0
        weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, actor=member, now=now)
