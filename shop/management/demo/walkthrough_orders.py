"""Create today's orders of HTX Thiên An, one or more at each step that a newcomer tries as its member."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import Variant
from cooperatives.models import Producer
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import Order, OrderPart
from orders.states import PartState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel
from shop.management.demo.open_orders import WALKTHROUGH_SELLER, place_demo_order
from shop.notifications.models import Notification


class _Step(IntEnum):
    """How far an order has come."""

    NEW = 0
    ACCEPTED = 1
    PACKED = 2


@dataclass(frozen=True, slots=True)
class _PlannedOrder:
    """An order placed some minutes ago. Its lines are products by name, with variant name and quantity."""

    minutes_ago: int
    step: _Step
    lines: tuple[tuple[str, str, int], ...]


_ORDERS = (
    _PlannedOrder(25, _Step.NEW, (("Chuối sấy", "Gói 300 g", 2),)),
    _PlannedOrder(130, _Step.NEW, (("Khăn thổ cẩm thêu tay", "Con chó", 1), ("Chuối sấy", "Gói 500 g", 1))),
    _PlannedOrder(14 * 60, _Step.ACCEPTED, (("Gừng tươi", "Túi 5 kg", 1),)),
    _PlannedOrder(17 * 60, _Step.ACCEPTED, (("Chuối sấy", "Gói 300 g", 3), ("Gừng tươi", "1 kg", 2))),
    _PlannedOrder(19 * 60, _Step.ACCEPTED, (("Khăn thổ cẩm thêu tay", "Con chó", 1),)),
    _PlannedOrder(22 * 60, _Step.PACKED, (("Gối thảo dược thổ cẩm", "Gối nằm, hoa văn đỏ", 1),)),
)


# Lots that came in yesterday, with product, variant name, household, quantity, and days until the use-by
# date.
_LOTS = (
    ("Chuối sấy", "Gói 300 g", "Tổ chuối sấy", 12, 8),
    ("Chuối sấy", "Gói 300 g", "Tổ chuối sấy", 30, 150),
    ("Gừng tươi", "1 kg", "", 15, 40),
)


def create_walkthrough_orders(
    channel: Channel, buyer: User, members: Mapping[int, Actor], *, now: datetime.datetime
) -> None:
    """Receive the lots, place the planned orders of the demo's buyer and bring each to its step.

    A second run adds none.
    """
    variants = {
        (variant.product.name, variant.name): variant
        for variant in Variant.objects.buyable_in(channel.pk)
        .filter(cooperative__slug=WALKTHROUGH_SELLER)
        .select_related("product", "cooperative")
    }
    _receive_lots(variants, members, now=now - datetime.timedelta(days=1))
    for planned in _ORDERS:
        lines = [
            (variants[product, name], quantity)
            for product, name, quantity in planned.lines
            if (product, name) in variants
        ]
        if len(lines) < len(planned.lines) or buyer.default_shipping_address is None:
            continue
        placed_at = now - datetime.timedelta(minutes=planned.minutes_ago)
        order = Order.objects.filter(user=buyer, placed_at=placed_at).first()
        order = order or place_demo_order(channel, buyer, lines, now=placed_at)
        part = order.parts.get()
        _advance_part(part, planned.step, members[part.cooperative_id], placed_at)
    seller_emails = User.objects.filter(memberships__cooperative__slug=WALKTHROUGH_SELLER).values("email")
    unsent = Notification.objects.filter(sent_at=None)
    unsent.filter(recipient__in=[buyer.phone, buyer.email]).update(sent_at=now)
    unsent.filter(recipient__in=seller_emails).update(sent_at=now)


def _receive_lots(
    variants: Mapping[tuple[str, str], Variant], members: Mapping[int, Actor], *, now: datetime.datetime
) -> None:
    today = vietnam_date(now)
    for number, (product, name, household, quantity, days) in enumerate(_LOTS):
        variant = variants.get((product, name))
        stock = variant and variant.stocks.filter(warehouse__closed_at=None).order_by("pk").first()
        if variant is None or not stock:
            continue
        cooperative = variant.cooperative
        producer = Producer.objects.for_cooperative(cooperative).filter(name=household).first()
        receive_lot(
            cooperative=cooperative,
            variant_id=variant.pk,
            warehouse_id=stock.warehouse_id,
            quantity=quantity,
            details=LotDetails(
                harvested_on=today - datetime.timedelta(days=2),
                expires_on=today + datetime.timedelta(days=days),
                producer_id=producer.pk if producer else None,
            ),
            idempotency_key=f"demo-lot:{number}",
            actor=members[cooperative.pk],
            now=now,
        )


def _advance_part(part: OrderPart, step: _Step, member: Actor, placed_at: datetime.datetime) -> None:
    accepted_at = placed_at + datetime.timedelta(minutes=50)
    if step >= _Step.ACCEPTED and part.state == PartState.NEW:
        accept_part(part_id=part.pk, actor=member, now=accepted_at)
    if step == _Step.PACKED and not part.parcels.exists():
        packed_at = accepted_at + datetime.timedelta(hours=1)
        quantities = {line.pk: line.quantity for line in part.lines.all()}
        parcel = pack_parcel(part_id=part.pk, quantities=quantities, actor=member, now=packed_at)
        close_parcel(parcel_id=parcel.pk, actor=member, now=packed_at)
