"""What happens to a part or a parcel, written down under its order and its cooperative."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from orders.models import Order, OrderPart, Parcel
from shop.core.actors import Actor
from shop.core.models import record_change


def record_for_part(
    order: Order,
    part: OrderPart,
    what: str,
    row: OrderPart | Parcel,
    *,
    actor: Actor,
    now: datetime.datetime,
    why: str = "",
    key: str | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Step: write down that `what` happened to the part, or to a parcel of it; `data` tells more of it."""
    record_change(
        what,
        row,
        actor=actor,
        now=now,
        root=order,
        cooperative_id=part.cooperative_id,
        why=why,
        key=key,
        data={
            "part": part.number,
            **({"parcel": row.number} if isinstance(row, Parcel) else {}),
            **(data or {}),
        },
    )
