"""Cash-on-delivery parcels at each step, and carriers' statements about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orders.actions.fulfilment.deliver_parcels import DispatchDetails, deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart, Parcel
from shop.core.actors import Actor, ActorKind, EntryPoint
from tests.factories import NOW, make_order, make_seller, make_variant
from tests.row_reuse import reuse_rows

CARRIER = "Giao Hàng Nhanh"
DESK = Actor(ActorKind.SYSTEM, EntryPoint.DESK, name="desk")
ACTOR_AND_NOW: dict[str, Any] = {"actor": DESK, "now": NOW}


@reuse_rows
def make_accepted_part(price: int = 200_000, *, seller: Any = None, **order: Any) -> OrderPart:
    """Make an accepted part of `price` plus 30,000 for delivery."""
    variant = make_variant(seller or make_seller(), price=price)
    part = make_order((variant, 1), **order).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    return part


@reuse_rows
def make_dispatched_parcel(
    price: int = 200_000, *, carrier: str = CARRIER, number: str = "", **fields: Any
) -> Parcel:
    """Make a parcel handed over, which is to collect `price` plus 30,000."""
    part = make_accepted_part(price, **fields)
    quantities = dict(part.lines.values_list("pk", "quantity"))
    parcel = pack_parcel(part_id=part.pk, quantities=quantities, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    dispatch = DispatchDetails(carrier=carrier, tracking_number=number or f"GHN{parcel.pk:06}")
    return hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch, **ACTOR_AND_NOW)


@reuse_rows
def make_delivered_parcel(price: int = 200_000, *, cash: bool = False, **fields: Any) -> Parcel:
    """Make a delivered parcel; `cash` says whether its collection was reported."""
    return deliver_parcel(
        parcel_id=make_dispatched_parcel(price, **fields).pk,
        is_cash_collected=cash,
        code="",
        reason="test",
        **ACTOR_AND_NOW,
    )


def make_carrier_statement(rows: Iterable[tuple[str, int, int]]) -> bytes:
    """Make a carrier's statement as CSV: tracking number, collected, fee, and their difference."""
    lines = ["Mã vận đơn,Tiền thu hộ,Tổng phí,Thực nhận"]
    lines += [f"{number},{collected},{fee},{collected - fee}" for number, collected, fee in rows]
    return "\n".join(lines).encode()
