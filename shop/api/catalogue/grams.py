"""Convert weights from whole grams to the schema's value with a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.object_types import Row
from shop.api.scalars import GRAMS


def weights(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[Mapping[str, object] | None]:
    """Resolve `weight` from the column of the same name, in the shop's default unit."""
    unit = context.settings.default_weight_unit
    return [weight_in_unit(row.weight, unit) for row in rows]


def weight_in_unit(grams: int | None, unit: str) -> dict[str, object] | None:
    return None if grams is None else {"unit": unit, "value": float(Decimal(grams) / GRAMS[unit.upper()])}
