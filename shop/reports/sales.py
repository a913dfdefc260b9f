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


OF_LINES = frozenset({SalesGroup.CATEGORY, SalesGroup.PRODUCT})
# An order has one part per cooperative, so in these groups counting parts counts orders, and is faster.
_OF_ONE_COOPERATIVE = frozenset({SalesGroup.COOPERATIVE, SalesGroup.PRODUCT})
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
_OF_PARTS: dict[str, Aggregate] = {
    "orders": Count("order", distinct=True),
    "parts": Count("pk"),
    "goods": Sum("goods_gross"),
    "delivery": Sum("delivery_gross"),
    "commission": Sum("commission"),
}
_OF_LINES: dict[str, Aggregate] = {
    "orders": Count("order", distinct=True),
    "parts": Count("part", distinct=True),
    "goods": Sum("total_gross"),
    "commission": Sum("commission"),
}


# The database sums by day and Python adds the days up: counting distinct orders then needs memory for one day
# only, and since an order has one day, days add up to any period.
_DAY: dict[str, Any] = {"day": F("sold_on")}


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

    def before(self) -> SalesQuery:
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


def by_period(asked: SalesQuery) -> dict[datetime.date, SalesFigures]:
    """Return figures by the first day of each period that has any."""
    return {
        period: figures
        for (period, _key), figures in _rolled_up(asked, _rows(asked, of_lines=bool(asked.category))).items()
        if period is not None
    }


def by_group(asked: SalesQuery) -> dict[object, SalesFigures]:
    """Return figures of the whole date range by group key."""
    return {key: figures for (_period, key), figures in _grouped(asked, with_period=False).items()}


def by_period_and_group(asked: SalesQuery) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    """Return figures by period and group key."""
    return _grouped(asked, with_period=True)


def totals(asked: SalesQuery) -> SalesFigures:
    """Return figures of the whole date range, counting each order once."""
    return total_of(by_period(asked).values())


def _grouped(
    asked: SalesQuery, *, with_period: bool
) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    of_lines = asked.group in OF_LINES or asked.category is not None
    if asked.group == SalesGroup.PRODUCT:
        by: dict[str, Any] = {"period": PeriodOf("sold_on", asked.step)} if with_period else {}
        rows = _rows(asked, of_lines=True, by=by | {"group": F("product_key")}, left_out={"orders"})
        found = {(row.get("period"), row["group"]): _figures(row) for row in rows}
    else:
        left_out = {"orders"} if asked.group in _OF_ONE_COOPERATIVE else set()
        group = {"group": F(_KEYS[asked.group])}
        rows = _rows(asked, of_lines=of_lines, by=_DAY | group, left_out=left_out)
        found = _rolled_up(asked, rows, with_period=with_period)
    if asked.group in OF_LINES and asked.category is None:
        rows = _rows(asked, of_lines=False, left_out=_OF_PARTS.keys() - {"parts", "delivery"})
        for (period, _key), figures in _rolled_up(asked, rows, with_period=with_period).items():
            if figures.delivery:
                found[period, DELIVERY] = SalesFigures(delivery=figures.delivery)
    return found


def _rolled_up(
    asked: SalesQuery, rows: Iterable[Mapping[str, Any]], *, with_period: bool = True
) -> dict[tuple[datetime.date | None, object], SalesFigures]:
    """Add daily sums up to periods, or to the whole date range, by group key if there is one."""
    found: dict[tuple[datetime.date | None, object], SalesFigures] = {}
    for row in rows:
        period = start_of_period(row["day"], asked.step) if with_period else None
        key = (period, row.get("group"))
        found[key] = found.get(key, SalesFigures()) + _figures(row)
    return found


def _rows(
    asked: SalesQuery,
    *,
    of_lines: bool,
    by: Mapping[str, Any] = _DAY,
    left_out: Set[str] = frozenset(),
) -> Iterable[Mapping[str, Any]]:
    """Return one row of sums per group. Lines have no delivery."""
    counted: QuerySet[Any] = (OrderLine if of_lines else OrderPart)._default_manager.filter(_condition(asked))
    if of_lines and asked.category is not None:
        inside = Category.objects.filter(path__startswith=asked.category.path or "/none/")
        counted = counted.filter(category_key__in=inside.values("pk"))
    sums = _OF_LINES if of_lines else _OF_PARTS
    requested = {name: each for name, each in sums.items() if name not in left_out}
    grouped: Iterable[Mapping[str, Any]] = counted.order_by().annotate(**by).values(*by).annotate(**requested)
    return grouped


def _condition(asked: SalesQuery) -> Q:
    """Return the condition for parts or lines."""
    requested = Q(sold_on__gte=asked.first, sold_on__lte=asked.last, sold_in__in=asked.channels)
    if asked.cooperative is not None:
        requested &= Q(cooperative=asked.cooperative)
    if asked.province:
        requested &= Q(sold_to=asked.province)
    if asked.source:
        requested &= Q(sold_from=asked.source)
    if not asked.with_ended:
        requested &= Q(has_ended=False)
    return requested


def _figures(row: Mapping[str, Any]) -> SalesFigures:
    """Convert a row of either query; null aggregates become 0. Without an order count, parts are counted."""
    return SalesFigures(
        row.get("orders", row["parts"]),
        row["parts"],
        row.get("goods") or 0,
        row.get("delivery") or 0,
        row.get("commission") or 0,
    )
