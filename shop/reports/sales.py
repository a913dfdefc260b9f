"""The sales report, which groups orders by period, cooperative, category, product, province and so on.

Figures are sums over the parts and lines of placed orders in whole minor units. They equal the orders to the
đồng in every grouping. Parts and lines have denormalised columns for this (report_columns.py).

A delivery belongs to a part. If sales are grouped by product or category, deliveries have a row of their own.
By default a report counts confirmed orders, paid or not. It leaves out declined and cancelled parts, and
subtracts refunds (`SalesBasis`). A refund counts on the day of its order. The commission is what the ledger
charges once everything left to send has arrived.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from django.db.models import (
    Aggregate,
    BigIntegerField,
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextChoices,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Category, MergedCategory
from orders.actions.ledger.seller_earnings import expected_commission
from orders.models import CostBearer, OrderLine, OrderPart, Refund, RefundLine
from shop.reports.periods import (
    PeriodStart,
    ReportInterval,
    same_days_of_earlier_months,
    start_of_period,
)
from shop.reports.sales_figures import SalesFigures, sum_figures


class SalesGroup(TextChoices):
    COOPERATIVE = "cooperative", _("Cooperative")
    CATEGORY = "category", _("Category")
    PRODUCT = "product", _("Product")
    PROVINCE = "province", _("Province")
    CHANNEL = "channel", _("Channel")
    SOURCE = "source", pgettext_lazy("report", "Source")


class SalesPrice(TextChoices):
    """The lines that a report counts, by their price."""

    RETAIL = "retail", _("Only at usual prices")
    WHOLESALE = "wholesale", _("Only at wholesale prices")


class SalesBasis(TextChoices):
    """The orders that a report counts."""

    NET = "net", _("Net sales: confirmed orders")
    PAID = "paid", _("Only orders paid in full")
    UNPAID = "unpaid", _("Only orders not yet paid in full")
    PLACED = "placed", _("All orders, including unconfirmed")
    EVERYTHING = "everything", _("All orders, including cancelled")


# The conditions on parts and lines. `orders.models.report_columns.ReportColumns` has their columns.
BASIS_CONDITIONS: dict[SalesBasis, dict[str, bool]] = {
    SalesBasis.NET: {"has_ended": False, "is_confirmed": True},
    SalesBasis.PAID: {"has_ended": False, "is_confirmed": True, "is_paid": True},
    SalesBasis.UNPAID: {"has_ended": False, "is_confirmed": True, "is_paid": False},
    SalesBasis.PLACED: {"has_ended": False},
    SalesBasis.EVERYTHING: {},
}

LINE_GROUPS = frozenset({SalesGroup.CATEGORY, SalesGroup.PRODUCT})
# An order has one part per cooperative, so in these groups counting parts counts orders, and is faster.
_GROUPS_WITHIN_COOPERATIVE = frozenset({SalesGroup.COOPERATIVE, SalesGroup.PRODUCT})
DELIVERY_ROW_KEY = "delivery"  # when grouping by category or product

# The column of each group's key, the same on parts and lines. Categories and products are only on lines.
_KEYS = {
    SalesGroup.COOPERATIVE: "cooperative",
    SalesGroup.CATEGORY: "category_key",
    SalesGroup.PRODUCT: "product_key",
    SalesGroup.PROVINCE: "report_province",
    SalesGroup.CHANNEL: "report_channel",
    SalesGroup.SOURCE: "report_source",
}
_PART_AGGREGATES: dict[str, Aggregate] = {
    "orders": Count("order", distinct=True),
    "parts": Count("pk"),
    "goods": Sum("goods_gross"),
    "delivery": Sum("delivery_gross"),
    "paid": Sum(F("goods_gross") + F("delivery_gross"), filter=Q(is_paid=True)),
    "commission": Sum("commission", filter=Q(has_ended=False)),
}
_LINE_AGGREGATES: dict[str, Aggregate] = {
    "orders": Count("order", distinct=True),
    "parts": Count("part", distinct=True),
    "goods": Sum("total_gross"),
    "paid": Sum("total_gross", filter=Q(is_paid=True)),
    "commission": Sum("commission", filter=Q(has_ended=False)),
}


_DELIVERY_AGGREGATES: dict[str, Aggregate] = {
    "delivery": Sum("delivery_gross"),
    "paid": Sum("delivery_gross", filter=Q(is_paid=True)),
}

# The database sums by day and Python adds the days up. Counting distinct orders then needs memory for one day
# only, and since an order has one day, days add up to any period.
_DAY: dict[str, F] = {"day": F("report_date")}


@dataclass(frozen=True, slots=True)
class SalesQuery:
    """A report's query. Days are Vietnam's, both included. All its channels have one currency."""

    first: datetime.date
    last: datetime.date
    interval: ReportInterval
    group: SalesGroup
    channel_ids: tuple[int, ...]
    currency: str
    cooperative_id: int | None = None
    category: Category | None = None
    province: str = ""
    source: str = ""
    price: SalesPrice | None = None
    basis: SalesBasis = SalesBasis.NET

    @property
    def is_of_goods(self) -> bool:
        """Whether the report counts lines only, because a delivery has no category and no wholesale price."""
        return self.category is not None or self.price is not None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def preceding(self) -> SalesQuery:
        """Return the same query for the preceding period, to compare with.

        A period that begins on the first of a month is compared with the same days of the months before, any
        other with as many days before it.
        """
        if self.first.day == 1:
            first, last = same_days_of_earlier_months(self.first, self.last)
            return replace(self, first=first, last=last)
        length = datetime.timedelta(days=self.days)
        return replace(self, first=self.first - length, last=self.last - length)


def sum_by_period(query: SalesQuery) -> dict[datetime.date, SalesFigures]:
    """Return figures by the first day of each period that has any."""
    is_by_line = query.is_of_goods
    rows = chain(
        _sum_rows(query, is_by_line=is_by_line), _read_line_refund_rows(query, is_by_line=is_by_line)
    )
    if not is_by_line:
        rows = chain(rows, _read_delivery_refund_rows(query))
    return {
        period: figures for (period, _key), figures in _roll_up(query, rows).items() if period is not None
    }


def sum_by_group(query: SalesQuery) -> dict[object, SalesFigures]:
    """Return figures of the whole date range by group key."""
    return {
        key: figures for (_period, key), figures in _sum_figures_by_group(query, is_by_period=False).items()
    }


def sum_by_period_and_group(query: SalesQuery) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    """Return figures by period and group key."""
    return _sum_figures_by_group(query, is_by_period=True)


def sum_all(query: SalesQuery) -> SalesFigures:
    """Return figures of the whole date range, counting each order once."""
    return sum_figures(sum_by_period(query).values())


def _sum_figures_by_group(
    query: SalesQuery, *, is_by_period: bool
) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    is_by_line = query.group in LINE_GROUPS or query.is_of_goods
    key_column = _KEYS[query.group]
    if query.group == SalesGroup.PRODUCT:
        period: dict[str, PeriodStart] = (
            {"period": PeriodStart("report_date", query.interval)} if is_by_period else {}
        )
        group_by = {**period, "group": _group_key(key_column)}
        rows = _sum_rows(query, is_by_line=True, group_by=group_by, omitted={"orders"})
        figures_by_key = {(row.get("period"), row["group"]): _build_figures(row) for row in rows}
    else:
        omitted = {"orders"} if query.group in _GROUPS_WITHIN_COOPERATIVE else set()
        rows = _sum_rows(
            query,
            is_by_line=is_by_line,
            group_by=_DAY | {"group": _group_key(key_column)},
            omitted=omitted,
        )
        figures_by_key = _roll_up(query, rows, is_by_period=is_by_period)
    refunds = _read_line_refund_rows(query, is_by_line=is_by_line, group=key_column)
    if not is_by_line:
        refunds = chain(refunds, _read_delivery_refund_rows(query, key_column))
    for row_key, refunded in _roll_up(query, refunds, is_by_period=is_by_period).items():
        figures_by_key[row_key] = figures_by_key.get(row_key, SalesFigures()) + refunded
    if query.group in LINE_GROUPS and not query.is_of_goods:
        figures_by_key |= _sum_delivery_figures(query, is_by_period=is_by_period)
    return figures_by_key


def _sum_delivery_figures(
    query: SalesQuery, *, is_by_period: bool
) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    """Return the row of deliveries beside products or categories, by period."""
    delivered = _sum_rows(query, is_by_line=False, aggregates=_DELIVERY_AGGREGATES)
    rows = chain(delivered, _read_delivery_refund_rows(query))
    figures_by_period = _roll_up(query, rows, is_by_period=is_by_period)
    return {
        (period, DELIVERY_ROW_KEY): replace(figures, orders=0, parts=0)
        for (period, _key), figures in figures_by_period.items()
        if figures.delivery
    }


def _roll_up(
    query: SalesQuery, rows: Iterable[Mapping[str, Any]], *, is_by_period: bool = True
) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    """Add daily sums up to periods, or to the whole date range, by group key if there is one."""
    figures_by_key: dict[tuple[datetime.date | None, object], SalesFigures] = {}
    for row in rows:
        period = start_of_period(row["day"], query.interval) if is_by_period else None
        key = (period, row.get("group"))
        figures_by_key[key] = figures_by_key.get(key, SalesFigures()) + _build_figures(row)
    return figures_by_key


def _sum_rows(
    query: SalesQuery,
    *,
    is_by_line: bool,
    group_by: Mapping[str, Any] = _DAY,
    omitted: Set[str] = frozenset(),
    aggregates: Mapping[str, Aggregate] | None = None,
) -> Iterable[Mapping[str, Any]]:
    """Return one row of sums per group. Lines have no delivery."""
    rows: QuerySet[Any] = (OrderLine if is_by_line else OrderPart)._default_manager.filter(
        _report_condition(query, is_by_line=is_by_line)
    )
    sums = aggregates or (_LINE_AGGREGATES if is_by_line else _PART_AGGREGATES)
    kept_sums = {name: aggregate for name, aggregate in sums.items() if name not in omitted}
    grouped: Iterable[Mapping[str, Any]] = (
        rows.order_by().annotate(**group_by).values(*group_by).annotate(**kept_sums)
    )
    return grouped


def _report_condition(query: SalesQuery, *, is_by_line: bool, relation: str = "") -> Q:
    """Return the condition for parts or lines, or for rows that refer to them by `relation`."""
    values: dict[str, object] = {
        "report_date__gte": query.first,
        "report_date__lte": query.last,
        "report_channel__in": query.channel_ids,
        **BASIS_CONDITIONS[query.basis],
    }
    if query.cooperative_id is not None:
        values["cooperative"] = query.cooperative_id
    if query.province:
        values["report_province"] = query.province
    if query.source:
        values["report_source"] = query.source
    if is_by_line and query.price is not None:
        values["wholesale_from__isnull"] = query.price == SalesPrice.RETAIL
    if is_by_line and query.category is not None:
        descendants = Category.objects.filter(path__startswith=query.category.branch_path)
        keys = MergedCategory.objects.filter(into__in=descendants).values_list("key", flat=True)
        values["category_key__in"] = [*descendants.values_list("pk", flat=True), *keys]
    return Q(**{f"{relation}{name}": value for name, value in values.items()})


def _read_line_refund_rows(
    query: SalesQuery, *, is_by_line: bool, group: str | None = None
) -> Iterable[Mapping[str, Any]]:
    """Yield for each refunded line its refund, the part of it in paid orders, and the change of commission.

    The commission is rounded for each line, so the database cannot add it up.
    """
    lines = (
        _group_refunds(
            RefundLine.objects.filter(
                _report_condition(query, is_by_line=is_by_line, relation="order_line__")
            ),
            "order_line__",
            group,
            "order_line",
            "order_line__total_gross",
            "order_line__commission",
            "order_line__has_ended",
        )
        .annotate(
            refunded=Sum("amount"),
            refunded_paid=Sum("amount", filter=Q(order_line__is_paid=True)),
            seller_refunds=Sum("amount", filter=Q(refund__bearer=CostBearer.COOPERATIVE), default=0),
        )
        .iterator()
    )
    for line in lines:
        ordered = 0 if line["order_line__has_ended"] else line["order_line__commission"]
        charged = expected_commission(
            ordered, total=line["order_line__total_gross"], seller_refunds=line["seller_refunds"]
        )
        yield line | {"commission": charged - ordered}


def _read_delivery_refund_rows(query: SalesQuery, group: str | None = None) -> Iterable[Mapping[str, Any]]:
    """Return for each group the refunded delivery amounts, in total and of paid parts.

    Refunds of surplus do not reduce sales.
    """
    grouped: Iterable[Mapping[str, Any]] = _group_refunds(
        Refund.objects.filter(_report_condition(query, is_by_line=False, relation="part__")), "part__", group
    ).annotate(
        refunded=Sum("delivery_amount"), refunded_paid=Sum("delivery_amount", filter=Q(part__is_paid=True))
    )
    return grouped


def _group_refunds(refunds: QuerySet[Any], relation: str, group: str | None, *columns: str) -> QuerySet[Any]:
    """Group refunds by the day of their order, the columns and the report's group, if there is one."""
    group_by: dict[str, Combinable] = {"day": F(f"{relation}report_date")}
    if group is not None:
        group_by["group"] = _group_key(f"{relation}{group}")
    grouped: QuerySet[Any] = refunds.order_by().annotate(**group_by).values(*group_by, *columns)
    return grouped


def _group_key(column: str) -> Combinable:
    """Return a group's key. A merged category counts as the one that it was merged into."""
    if not column.endswith("category_key") or not MergedCategory.objects.exists():
        return F(column)
    merged = MergedCategory.objects.filter(pk=OuterRef(column)).values("into")
    return Coalesce(Subquery(merged), F(column), output_field=BigIntegerField())


def _build_figures(row: Mapping[str, Any]) -> SalesFigures:
    """Convert a row of either query. Null aggregates become 0. Without an order count, parts are counted."""
    return SalesFigures(
        orders=row.get("orders", row.get("parts", 0)),
        parts=row.get("parts", 0),
        goods=row.get("goods") or 0,
        delivery=row.get("delivery") or 0,
        refunded=row.get("refunded") or 0,
        paid=(row.get("paid") or 0) - (row.get("refunded_paid") or 0),
        commission=row.get("commission") or 0,
    )
