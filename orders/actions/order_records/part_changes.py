"""Record changes of parts and parcels under their order and cooperative."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from orders.models import Order, OrderPart, Parcel
from shop.core.actors import Actor
from shop.core.models import record_change


def record_part_change(
    order: Order,
    part: OrderPart,
    action: str,
    row: OrderPart | Parcel,
    *,
    actor: Actor,
    now: datetime.datetime,
    reason: str = "",
    idempotency_key: str | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """In a transaction: record that `action` happened to the part, or to one of its parcels.

    `data` adds details.
    """
    record_change(
        action,
        row,
        actor=actor,
        now=now,
        root=order,
        cooperative_id=part.cooperative_id,
        reason=reason,
        idempotency_key=idempotency_key,
        data={
            "part": part.number,
            **({"parcel": row.number} if isinstance(row, Parcel) else {}),
            **(data or {}),
        },
    )
