"""Parts and parcels at each stage."""

from __future__ import annotations

from django.utils import timezone

from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart, Parcel
from shop.core.actors import Actor
from tests.factories import (
    fixed_now,
    make_order,
    make_variant,
)
from tests.row_reuse import reuse_rows


@reuse_rows
def new_part(seller, quantity: int = 2, **fields) -> OrderPart:
    return make_order((make_variant(seller, on_hand=10, **fields), quantity), now=fixed_now()).parts.get()


def accepted_part(seller, quantity: int = 2) -> OrderPart:
    part = new_part(seller, quantity)
    accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())
    part.refresh_from_db()
    return part


def parcel_of(part: OrderPart, quantity: int | None = None) -> Parcel:
    line = part.lines.get()
    return pack_parcel(
        part_id=part.pk,
        quantities={line.pk: quantity or line.quantity},
        actor=Actor.system(),
        now=timezone.now(),
    )


def closed_parcel(part: OrderPart) -> Parcel:
    return close_parcel(parcel_id=parcel_of(part).pk, actor=Actor.system(), now=timezone.now())


def handed_over_parcel(part: OrderPart) -> Parcel:
    return hand_over_parcel(parcel_id=closed_parcel(part).pk, actor=Actor.system(), now=timezone.now())
