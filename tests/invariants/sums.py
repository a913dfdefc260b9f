"""Rule 3: totals are the sums of what they are made of, and what is derived is what deriving again gives."""

from __future__ import annotations

from collections import Counter
from typing import Any

from orders.actions.standing import derive_standing
from orders.models import Discount, DiscountShare, Order, OrderLine, OrderPart, counted_of
from tests.invariants.rows import Rows, grouped, summed

SIDES = ("net", "gross")
DERIVED = (
    *("status", "saleor_status", "authorize_coverage", "charge_coverage", "due_gross", "charged"),
    *("list_net", "list_gross", "goods_net", "goods_gross", "delivery_net", "delivery_gross"),
    *("total_net", "total_gross"),
)


def check_sums(rows: Rows | None = None) -> None:
    rows = rows or Rows()
    parts_of, lines_of = grouped(rows.parts.values(), "order_id"), grouped(rows.lines.values(), "order_id")
    refunds_of = grouped(rows.refunds, "order_id")
    for order in rows.orders.values():
        parts, lines = parts_of[order.pk], lines_of[order.pk]
        for line in lines:
            mine = [part for part in parts if part.pk == line.part_id]
            assert [part.cooperative_id for part in mine] == [line.cooperative_id]
            assert line.variant is None or line.variant.cooperative_id == line.cooperative_id
        for side in SIDES:
            _check_side(order, parts, lines, side)
        standing = {part.pk for part in parts if part.is_standing}
        given = sum(one.amount - one.surplus for one in refunds_of[order.pk] if one.part_id in standing)
        due = sum(part.total_gross for part in parts if part.pk in standing)
        assert order.due_gross == due - given
        assert order.total_net <= order.total_gross


def _check_side(order: Order, parts: list[OrderPart], lines: list[OrderLine], side: str) -> None:
    for part in parts:
        goods = sum(getattr(line, f"total_{side}") for line in lines if line.part_id == part.pk)
        assert getattr(part, f"goods_{side}") == goods
        total = goods + getattr(part, f"delivery_{side}")
        assert getattr(part, f"total_{side}") == total >= 0
    assert getattr(order, f"total_{side}") == sum(getattr(part, f"total_{side}") for part in parts)
    assert getattr(order, f"total_{side}") == sum(getattr(line, f"total_{side}") for line in lines) + sum(
        getattr(part, f"delivery_{side}") for part in parts
    )


def check_counted(rows: Rows | None = None) -> None:
    """Reports count parts and lines where their orders say."""
    rows = rows or Rows()
    for part in rows.parts.values():
        _is_counted(part, counted_of(part.order, is_standing=part.is_standing))
    for line in rows.lines.values():
        _is_counted(line, counted_of(line.order, is_standing=line.part.is_standing))


def _is_counted(row: Any, counted: dict[str, Any]) -> None:
    for name, value in counted.items():
        assert getattr(row, name) == value, f"{row!r} is counted with another {name} than its order's"


def check_discounts(rows: Rows | None = None) -> None:
    """A discount is the sum of its shares; what a line or a delivery costs less than listed is, too."""
    rows = rows or Rows()
    shares = list(DiscountShare.objects.order_by("pk"))
    of_discounts: Counter[Any] = summed(shares, "discount_id", "amount")
    of_lines, of_parts = summed(shares, "line_id", "amount"), summed(shares, "part_id", "amount")
    for discount in Discount.objects.order_by("pk"):
        assert discount.amount == of_discounts[discount.pk]
    for line in rows.lines.values():
        side = _side_of(line.order)
        less = max(0, getattr(line, f"list_{side}") - getattr(line, f"priced_{side}"))
        less += getattr(line, f"priced_{side}") - getattr(line, f"total_{side}")
        assert of_lines[line.pk] == less
    for part in rows.parts.values():
        side = _side_of(part.order)
        less = getattr(part, f"delivery_list_{side}") - getattr(part, f"delivery_{side}")
        assert of_parts[part.pk] == less


def _side_of(order: Order) -> str:
    return "gross" if order.channel.prices_entered_with_tax else "net"


def check_derived(rows: Rows | None = None, newest: int | None = None) -> None:
    """Statuses, progress and coverages are what computing them again gives."""
    rows = rows or Rows()
    parts_of = grouped(rows.parts.values(), "order_id")
    for order in latest_changed(rows, newest):
        before = {field: getattr(order, field) for field in DERIVED}
        progress = {part.pk: part.progress for part in parts_of[order.pk]}
        derive_standing(order)
        assert {field: getattr(order, field) for field in DERIVED} == before
        assert dict(order.parts.values_list("pk", "progress")) == progress


def latest_changed(rows: Rows, newest: int | None) -> list[Order]:
    by_change = sorted(rows.orders.values(), key=lambda order: (order.updated_at, order.number), reverse=True)
    return by_change[:newest]
