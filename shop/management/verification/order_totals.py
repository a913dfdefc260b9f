"""Check that totals equal the sums of their components, and that derived columns are current."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import QuerySet

from orders.actions.order_records.recalculate_order import find_stale_columns
from orders.models import Discount, DiscountShare, Order, OrderLine, OrderPart, report_columns
from shop.core.database.compiled_query import compiled_query
from shop.management.verification.rows import OrderIds, OrderRows, group_by, of_orders, sum_by

SIDES = ("net", "gross")


def find_wrong_totals(rows: OrderRows) -> Iterator[str]:
    parts_by_order = group_by(rows.parts.values(), "order_id")
    lines_by_order = group_by(rows.lines.values(), "order_id")
    refunds_by_order = group_by(rows.refunds, "order_id")
    for order in rows.orders.values():
        parts, lines = parts_by_order[order.pk], lines_by_order[order.pk]
        yield from _ownership_faults(order, parts, lines)
        for side in SIDES:
            yield from _total_faults(order, parts, lines, side)
        active_part_ids = {part.pk for part in parts if part.is_active}
        refunded = sum(
            refund.amount - refund.surplus
            for refund in refunds_by_order[order.pk]
            if refund.part_id in active_part_ids
        )
        current_total = sum(part.total_gross for part in parts if part.pk in active_part_ids) - refunded
        if order.current_total_gross != current_total:
            yield (
                f"order {order.code}: current_total_gross is {order.current_total_gross}, "
                f"its active parts come to {current_total}"
            )
        if order.total_net > order.total_gross:
            yield f"order {order.code}: total_net is more than total_gross"


def _ownership_faults(order: Order, parts: list[OrderPart], lines: list[OrderLine]) -> Iterator[str]:
    cooperatives = {part.pk: part.cooperative_id for part in parts}
    for line in lines:
        if cooperatives.get(line.part_id) != line.cooperative_id:
            yield f"order {order.code}: line {line.pk} is in another cooperative's part"
        if line.variant is not None and line.variant.cooperative_id != line.cooperative_id:
            yield f"order {order.code}: line {line.pk} is of another cooperative than its variant"


def _total_faults(order: Order, parts: list[OrderPart], lines: list[OrderLine], side: str) -> Iterator[str]:
    for part in parts:
        goods_sum = sum(getattr(line, f"total_{side}") for line in lines if line.part_id == part.pk)
        if getattr(part, f"goods_{side}") != goods_sum:
            name = f"goods_{side} of part {part.pk}"
            yield f"order {order.code}: {name} is not the sum of its lines, {goods_sum}"
        total = getattr(part, f"goods_{side}") + getattr(part, f"delivery_{side}")
        if getattr(part, f"total_{side}") != total or total < 0:
            yield f"order {order.code}: total_{side} of part {part.pk} is not goods and delivery, {total}"
    total = sum(getattr(part, f"total_{side}") for part in parts)
    if getattr(order, f"total_{side}") != total:
        yield f"order {order.code}: total_{side} is not the sum of its parts, {total}"


def find_wrong_report_columns(rows: OrderRows) -> Iterator[str]:
    """Check that the reporting columns of parts and lines agree with their order."""
    for part in rows.parts.values():
        yield from _report_column_faults(part, report_columns(part.order, is_active=part.is_active))
    for line in rows.lines.values():
        yield from _report_column_faults(line, report_columns(line.order, is_active=line.part.is_active))


def _report_column_faults(row: OrderPart | OrderLine, expected: dict[str, object]) -> Iterator[str]:
    for name, value in expected.items():
        if getattr(row, name) != value:
            counted_row = f"order {row.order.code}: {row._meta.model_name} {row.pk}"
            yield f"{counted_row} is counted with another {name} than its order's"


def find_wrong_discounts(rows: OrderRows) -> Iterator[str]:
    """Check that a discount equals the sum of its shares, and shares equal the reductions."""
    shares = _discount_shares(rows.order_ids)
    of_discounts = sum_by(shares, "discount_id", "amount")
    of_lines, of_parts = sum_by(shares, "line_id", "amount"), sum_by(shares, "part_id", "amount")
    for discount in _discounts(rows.order_ids):
        if discount.amount != of_discounts[discount.pk]:
            yield f"discount {discount.pk}: its amount is not the sum of its shares"
    for line in rows.lines.values():
        side = gross_or_net(line.order)
        reduction = max(0, getattr(line, f"list_{side}") - getattr(line, f"priced_{side}"))
        reduction += getattr(line, f"priced_{side}") - getattr(line, f"total_{side}")
        if of_lines[line.pk] != reduction:
            yield f"order {line.order.code}: line {line.pk} costs {reduction} less, its discounts differ"
    yield from _wrong_deliveries(rows, of_parts)


@compiled_query
def _discounts(order_ids: OrderIds) -> QuerySet[Discount]:
    return of_orders(Discount.objects.order_by("pk"), "order", order_ids)


@compiled_query
def _discount_shares(order_ids: OrderIds) -> QuerySet[DiscountShare]:
    return of_orders(DiscountShare.objects.order_by("pk"), "discount__order", order_ids)


def _wrong_deliveries(rows: OrderRows, of_parts: Counter[object]) -> Iterator[str]:
    for part in rows.parts.values():
        side = gross_or_net(part.order)
        reduction = getattr(part, f"delivery_list_{side}") - getattr(part, f"delivery_{side}")
        if of_parts[part.pk] != reduction:
            name = f"delivery of part {part.pk}"
            yield f"order {part.order.code}: {name} costs {reduction} less, its discounts differ"


def gross_or_net(order: Order) -> str:
    return "gross" if order.channel.prices_entered_with_tax else "net"


def find_stale_orders(rows: OrderRows, limit: int | None = None) -> Iterator[str]:
    """Check that statuses, progress, coverages and sums equal a fresh recalculation."""
    for order in rows.latest_changed(limit):
        stale_columns = find_stale_columns(order)
        if stale_columns:
            yield f"order {order.code}: stale columns: {', '.join(stale_columns)}"
