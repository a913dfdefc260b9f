"""Reorder the rows of an owner, for example the variants of a product or the warehouses of a channel."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import models, transaction

from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import WithSortOrder, record_change

Ordered = TypeVar("Ordered", bound=WithSortOrder)


@dataclass(frozen=True, slots=True)
class RowMove:
    """Move a row `offset` positions down, or up if `offset` is negative."""

    key: Hashable
    offset: int


@transaction.atomic(durable=True)
def reorder_rows(
    *,
    root: models.QuerySet[models.Model],
    root_key: object,
    rows: models.QuerySet[Ordered],
    moves: Sequence[RowMove],
    actor: Actor,
    now: datetime.datetime,
    key_field: str = "pk",
) -> models.Model:
    """Apply moves to the rows of an owner (`root_key` in `root`), one after the other.

    A position outside the list becomes the first or the last. `rows` are in their current order. `key_field`
    is the column that `RowMove.key` refers to. Raises Missing.
    """
    owner: models.Model | None = lock_row(root.filter(pk=root_key)) if root_key is not None else None
    if owner is None:
        raise Missing(field="id")
    order = list(rows)
    positions = {getattr(row, key_field): row for row in order}
    for move in moves:
        row = positions.get(move.key)
        if row is None:
            raise Missing(field="moves")
        place = order.index(row)
        order.insert(min(max(place + move.offset, 0), len(order) - 1), order.pop(place))
    changed = [row for position, row in enumerate(order) if row.sort_order != position]
    for position, row in enumerate(order):
        row.sort_order = position
    if changed:
        rows.model._default_manager.bulk_update(changed, ["sort_order"])
        record_change(
            f"{owner._meta.model_name}.rearranged",
            owner,
            actor=actor,
            now=now,
            cooperative_id=getattr(owner, "cooperative_id", None),
            data={"what": rows.model._meta.model_name},
        )
    return owner
