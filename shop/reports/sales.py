"""The sales report: orders by period, cooperative, category, product, province and so on.

Figures are sums over parts and lines of placed orders in whole minor units, so they equal the orders to the
đồng in every grouping. Parts and lines have denormalised columns for this (`Counted`). Delivery belongs to a
part; grouped by product or category, it has a row of its own. Declined and cancelled parts count only on
request.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Aggregate, Count, F, Q, QuerySet, Sum, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Category
from orders.models import OrderLine, OrderPart
from shop.reports.periods import PeriodOf, PeriodStep, start_of_period


class SalesGroup(TextChoices):
    COOPERATIVE = "cooperative", _("Cooperative")
    CATEGORY = "category", _("Category")
    PRODUCT = "product", _("Product")
    PROVINCE = "province", _("Province")
    CHANNEL = "channel", _("Channel")
    SOURCE = "source", pgettext_lazy("report", "Source")


LINE_GROUPS = frozenset({SalesGroup.CATEGORY, SalesGroup.PRODUCT})
# An order has one part per cooperative, so in these groups counting parts counts orders, and is faster.
_GROUPS_WITHIN_COOPERATIVE = frozenset({SalesGroup.COOPERATIVE, SalesGroup.PRODUCT})
DELIVERY = "delivery"  # the key of the delivery row when grouping by category or product

# The column of each group's key, the same on parts and lines; categories and products are only on lines.
_KEYS = {
    SalesGroup.COOPERATIVE: "cooperative",
    SalesGroup.CATEGORY: "category_key",
    SalesGroup.PRODUCT: "product_key",
    SalesGroup.PROVINCE: "sold_to",
    SalesGroup.CHANNEL: "sold_in",
    SalesGroup.SOURCE: "sold_from",
}
_PART_AGGREGATES: dict[str, Aggregate] = {
    "orders": Count("order", distinct=True),
    "parts": Count("pk"),
    "goods": Sum("goods_gross"),
    "delivery": Sum("delivery_gross"),
    "commission": Sum("commission"),
}
_LINE_AGGREGATES: dict[str, Aggregate] = {
    "orders": Count("order", distinct=True),
    "parts": Count("part", distinct=True),
    "goods": Sum("total_gross"),
    "commission": Sum("commission"),
}


# The database sums by day and Python adds the days up: counting distinct orders then needs memory for one day
# only, and since an order has one day, days add up to any period.
_DAY: dict[str, F] = {"day": F("sold_on")}


@dataclass(frozen=True, slots=True)
class SalesQuery:
    """A report's query. Days are Vietnam's, both included; all `channels` have the same currency."""

    first: datetime.date
    last: datetime.date
    step: PeriodStep
    group: SalesGroup
    channels: tuple[int, ...]
    currency: str
    cooperative: int | None = None
    category: Category | None = None
    province: str = ""
    source: str = ""
    with_ended: bool = False

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def preceding(self) -> SalesQuery:
        """Return the same query for the preceding period of equal length."""
        length = datetime.timedelta(days=self.days)
        return replace(self, first=self.first - length, last=self.last - length)


@dataclass(frozen=True, slots=True)
class SalesFigures:
    """Counts of orders and parts, and totals in minor units with tax."""

    orders: int = 0
    parts: int = 0
    goods: int = 0
    delivery: int = 0
    commission: int = 0

    @property
    def total(self) -> int:
        return self.goods + self.delivery

    @property
    def average(self) -> int:
        """The average order value in whole minor units; 0 without orders."""
        return (self.total + self.orders // 2) // self.orders if self.orders else 0

    def __add__(self, other: SalesFigures) -> SalesFigures:
        return SalesFigures(
            self.orders + other.orders,
            self.parts + other.parts,
            self.goods + other.goods,
            self.delivery + other.delivery,
            self.commission + other.commission,
        )


def total_of(rows: Iterable[SalesFigures]) -> SalesFigures:
    """Add rows up. An order in several groups is counted in each, so add up periods, not groups."""
    return sum(rows, SalesFigures())


def by_period(query: SalesQuery) -> dict[datetime.date, SalesFigures]:
    """Return figures by the first day of each period that has any."""
    return {
        period: figures
        for (period, _key), figures in _rolled_up(query, _rows(query, of_lines=bool(query.category))).items()
        if period is not None
    }


def by_group(query: SalesQuery) -> dict[object, SalesFigures]:
    """Return figures of the whole date range by group key."""
    return {key: figures for (_period, key), figures in _grouped(query, with_period=False).items()}


def by_period_and_group(query: SalesQuery) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    """Return figures by period and group key."""
    return _grouped(query, with_period=True)


def totals(query: SalesQuery) -> SalesFigures:
    """Return figures of the whole date range, counting each order once."""
    return total_of(by_period(query).values())


def _grouped(
    query: SalesQuery, *, with_period: bool
) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    of_lines = query.group in LINE_GROUPS or query.category is not None
    if query.group == SalesGroup.PRODUCT:
        group_by: dict[str, PeriodOf] = {"period": PeriodOf("sold_on", query.step)} if with_period else {}
        rows = _rows(
            query, of_lines=True, group_by={**group_by, "group": F("product_key")}, omitted={"orders"}
        )
        figures_by_key = {(row.get("period"), row["group"]): _figures(row) for row in rows}
    else:
        omitted = {"orders"} if query.group in _GROUPS_WITHIN_COOPERATIVE else set()
        group = {"group": F(_KEYS[query.group])}
        rows = _rows(query, of_lines=of_lines, group_by=_DAY | group, omitted=omitted)
        figures_by_key = _rolled_up(query, rows, with_period=with_period)
    if query.group in LINE_GROUPS and query.category is None:
        rows = _rows(query, of_lines=False, omitted=_PART_AGGREGATES.keys() - {"parts", "delivery"})
        for (period, _key), figures in _rolled_up(query, rows, with_period=with_period).items():
            if figures.delivery:
                figures_by_key[period, DELIVERY] = SalesFigures(delivery=figures.delivery)
    return figures_by_key


def _rolled_up(
    query: SalesQuery, rows: Iterable[Mapping[str, Any]], *, with_period: bool = True
) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    """Add daily sums up to periods, or to the whole date range, by group key if there is one."""
    figures_by_key: dict[tuple[datetime.date | None, object], SalesFigures] = {}
    for row in rows:
        period = start_of_period(row["day"], query.step) if with_period else None
        key = (period, row.get("group"))
        figures_by_key[key] = figures_by_key.get(key, SalesFigures()) + _figures(row)
    return figures_by_key


def _rows(
    query: SalesQuery,
    *,
    of_lines: bool,
    group_by: Mapping[str, Any] = _DAY,
    omitted: Set[str] = frozenset(),
) -> Iterable[Mapping[str, Any]]:
    """Return one row of sums per group. Lines have no delivery."""
    rows: QuerySet[Any] = (OrderLine if of_lines else OrderPart)._default_manager.filter(_condition(query))
    if of_lines and query.category is not None:
        descendants = Category.objects.filter(path__startswith=query.category.path or "/none/")
        rows = rows.filter(category_key__in=descendants.values("pk"))
    sums = _LINE_AGGREGATES if of_lines else _PART_AGGREGATES
    aggregates = {name: each for name, each in sums.items() if name not in omitted}
    grouped: Iterable[Mapping[str, Any]] = (
        rows.order_by().annotate(**group_by).values(*group_by).annotate(**aggregates)
    )
    return grouped


def _condition(query: SalesQuery) -> Q:
    """Return the condition for parts or lines."""
    condition = Q(sold_on__gte=query.first, sold_on__lte=query.last, sold_in__in=query.channels)
    if query.cooperative is not None:
        condition &= Q(cooperative=query.cooperative)
    if query.province:
        condition &= Q(sold_to=query.province)
    if query.source:
        condition &= Q(sold_from=query.source)
    if not query.with_ended:
        condition &= Q(has_ended=False)
    return condition


def _figures(row: Mapping[str, Any]) -> SalesFigures:
    """Convert a row of either query; null aggregates become 0. Without an order count, parts are counted."""
    return SalesFigures(
        row.get("orders", row["parts"]),
        row["parts"],
        row.get("goods") or 0,
        row.get("delivery") or 0,
        row.get("commission") or 0,
    )
