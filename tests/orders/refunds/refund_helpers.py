"""Orders that can be refunded: prepaid or paid in cash, at each step of fulfilment."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.payouts.bank_accounts import BankAccount
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.models import CostBearer, Order, OrderLine, OrderPart, Parcel, Refund
from shop.core.actors import Actor, ActorKind, EntryPoint
from tests.factories import NOW
from tests.orders.bank_transfers.transfer_helpers import LATER, make_transfer_order, receive_transfer
from tests.row_reuse import reuse_rows

DESK = Actor(ActorKind.SYSTEM, EntryPoint.DESK, name="desk")
ACTOR_AND_NOW: dict[str, Any] = {"actor": DESK, "now": LATER}
# A day later, when a payout may be paid whose account was set with ACTOR_AND_NOW.
ACTOR_NEXT_DAY: dict[str, Any] = {"actor": DESK, "now": LATER + datetime.timedelta(days=1)}
REFUND_ACCOUNT = BankAccount("970436", "0099887766", "Nguyễn Thị Hoa")


@reuse_rows
def make_paid_order(price: int = 45_000, **fields: Any) -> Order:
    """Make an order of two items at `price` plus 30,000 for delivery, paid by transfer."""
    order = make_transfer_order(price, **fields)
    receive_transfer(order.code, order.current_total_gross)
    return Order.objects.get(pk=order.pk)


@reuse_rows
def pack_open_lines(part: OrderPart, quantities: Mapping[Any, int] | None = None) -> Parcel:
    """Return a packed parcel of the part's open lines (or these quantities); accepts the part if needed."""
    if part.accepted_at is None:
        accept_part(part_id=part.pk, actor=DESK, now=NOW)
    still_open = {key: left for key, left in read_unpacked_quantities(part.lines.all()).items() if left}
    parcel = pack_parcel(part_id=part.pk, quantities=quantities or still_open, actor=DESK, now=NOW)
    return close_parcel(parcel_id=parcel.pk, actor=DESK, now=NOW)


@reuse_rows
def deliver_order(order: Order, *, cash: bool = True, now: Any = LATER) -> OrderPart:
    """Return the order's first part, fully delivered, with its cash collected unless `cash` is false."""
    part = order.parts.order_by("number")[0]
    parcel = pack_open_lines(part)
    hand_over_parcel(parcel_id=parcel.pk, actor=DESK, now=NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=cash, actor=DESK, now=now)
    return OrderPart.objects.get(pk=part.pk)


def get_first_line(part: OrderPart) -> OrderLine:
    return part.lines.order_by("position")[0]


def refund_first_line(part: OrderPart, amount: int = 0, **fields: Any) -> Refund:
    """Refund this amount of the part's first line at the cooperative's cost; `fields` change the decision."""
    quantities = {name: fields.pop(name) for name in ("returned", "damaged", "unsent") if name in fields}
    idempotency_key = fields.pop("idempotency_key", None)
    lines = {get_first_line(part).pk: LineRefund(amount, **quantities)} if amount or quantities else {}
    values = {"bearer": CostBearer.COOPERATIVE, "reason": "Hàng dập khi đến nơi.", "lines": lines}
    decision = RefundDecision(**(values | fields))
    return decide_refund(
        order_id=part.order_id,
        part_id=part.pk,
        decision=decision,
        idempotency_key=idempotency_key,
        **ACTOR_AND_NOW,
    )
