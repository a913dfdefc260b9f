"""The sales report: what was ordered, when, and whose, what or where it was.

Figures are sums over the parts and lines of placed orders in whole minor units, so they equal the
orders to the đồng in every grouping. Delivery belongs to a part: where rows are products or categories
it stands in a row of its own. Parts that were declined or cancelled count only if asked for.
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
from orders.states import STANDING
from shop.core.calendar import start_of_day
from shop.reports.periods import PeriodOf, Step


class Group(TextChoices):
    COOPERATIVE = "cooperative", _("Cooperative")
    CATEGORY = "category", _("Category")
    PRODUCT = "product", _("Product")
    PROVINCE = "province", _("Province")
    CHANNEL = "channel", _("Channel")
    SOURCE = "source", pgettext_lazy("report", "Source")


OF_LINES = frozenset({Group.CATEGORY, Group.PRODUCT})
# Rows of one cooperative: an order has one part in each, so that counting parts counts orders, and sooner.
_OF_ONE_COOPERATIVE = frozenset({Group.COOPERATIVE, Group.PRODUCT})
DELIVERY = "delivery"  # the key of the row that holds delivery where rows are goods

# Where each group's key is found, seen from a part or, for goods, from a line.
_KEYS = {
    Group.COOPERATIVE: "cooperative",
    Group.CATEGORY: "category_key",
    Group.PRODUCT: "product_key",
    Group.PROVINCE: "order__province_code",
    Group.CHANNEL: "order__channel",
    Group.SOURCE: "order__source",
}
_OF_PARTS: dict[str, Aggregate] = {
    "orders": Count("order__number", distinct=True),
    "parts": Count("pk"),
    "goods": Sum("goods_gross"),
    "delivery": Sum("delivery_gross"),
    "commission": Sum("commission"),
}
_OF_LINES: dict[str, Aggregate] = {
    "orders": Count("part__order__number", distinct=True),
    "parts": Count("part", distinct=True),
    "goods": Sum("total_gross"),
    "commission": Sum("commission"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is asked for. Days are Vietnam's, both included; `channels` share one currency."""

    first: datetime.date
    last: datetime.date
    step: Step
    group: Group
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

    def before(self) -> Asked:
        """The same question about as many days just before."""
        length = datetime.timedelta(days=self.days)
        return replace(self, first=self.first - length, last=self.last - length)


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of orders and parts, and sums in minor units with tax."""

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
        """What an order came to, in whole minor units; 0 without orders."""
        return (self.total + self.orders // 2) // self.orders if self.orders else 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.orders + other.orders,
            self.parts + other.parts,
            self.goods + other.goods,
            self.delivery + other.delivery,
            self.commission + other.commission,
        )


def total_of(rows: Iterable[Figures]) -> Figures:
    """Their sum. An order that stands in several rows is counted in each: add up periods, not groups."""
    return sum(rows, Figures())


def by_period(asked: Asked) -> dict[datetime.date, Figures]:
    """Figures by the first day of each period that has any."""
    period = {"period": PeriodOf(_order(asked, "placed_at"), asked.step)}
    rows = _from_lines(asked, period) if asked.category else _from_parts(asked, period)
    return {row["period"]: _figures(row) for row in rows}


def by_group(asked: Asked) -> dict[object, Figures]:
    """Figures of the whole time by the group's key."""
    return {key: figures for (_period, key), figures in _grouped(asked, with_period=False).items()}


def by_period_and_group(asked: Asked) -> dict[tuple[datetime.date | None, object], Figures]:
    """Figures by period and key."""
    return _grouped(asked, with_period=True)


def totals(asked: Asked) -> Figures:
    """Figures of the whole time, each order counted once."""
    rows = _from_lines(asked, {}) if asked.category else _from_parts(asked, {})
    return total_of(_figures(row) for row in rows)


def _grouped(asked: Asked, *, with_period: bool) -> dict[tuple[datetime.date | None, object], Figures]:
    of_lines = asked.group in OF_LINES or asked.category is not None
    prefix = "part__" if of_lines and asked.group not in OF_LINES else ""
    by: dict[str, Any] = {"group": F(f"{prefix}{_KEYS[asked.group]}")}
    if with_period:
        by["period"] = PeriodOf(f"{'part__' if of_lines else ''}order__placed_at", asked.step)
    left_out = {"orders"} if asked.group in _OF_ONE_COOPERATIVE else set()
    rows = _from_lines(asked, by, left_out) if of_lines else _from_parts(asked, by, left_out)
    found = {(row.get("period"), row["group"]): _figures(row) for row in rows}
    if asked.group in OF_LINES and asked.category is None:
        period = {"period": PeriodOf("order__placed_at", asked.step)} if with_period else {}
        for row in _from_parts(asked, period, _OF_PARTS.keys() - {"delivery"}):
            if row["delivery"]:
                found[(row.get("period"), DELIVERY)] = Figures(delivery=row["delivery"])
    return found


def _from_parts(
    asked: Asked, by: Mapping[str, Any], left_out: Set[str] = frozenset()
) -> Iterable[Mapping[str, Any]]:
    return _sums(OrderPart.objects.filter(_asked_for(asked, "")), by, _OF_PARTS, left_out)


def _from_lines(
    asked: Asked, by: Mapping[str, Any], left_out: Set[str] = frozenset()
) -> Iterable[Mapping[str, Any]]:
    """Goods alone: a line has no delivery."""
    lines = OrderLine.objects.filter(_asked_for(asked, "part__"))
    if asked.category is not None:
        inside = Category.objects.filter(path__startswith=asked.category.path or "/none/")
        lines = lines.filter(category_key__in=inside.values("pk"))
    return _sums(lines, by, _OF_LINES, left_out)


def _sums(
    rows: QuerySet[Any], by: Mapping[str, Any], sums: Mapping[str, Aggregate], left_out: Set[str]
) -> Iterable[Mapping[str, Any]]:
    """One row of sums for each group; a single one where nothing is grouped."""
    wanted = {name: each for name, each in sums.items() if name not in left_out}
    if not by:
        return [rows.aggregate(**wanted)]
    grouped: Iterable[Mapping[str, Any]] = rows.order_by().annotate(**by).values(*by).annotate(**wanted)
    return grouped


def _order(asked: Asked, column: str) -> str:
    return f"part__order__{column}" if asked.category else f"order__{column}"


def _asked_for(asked: Asked, part: str) -> Q:
    """The parts asked for; `part` leads to them from what is counted."""
    wanted = Q(
        **{
            f"{part}order__placed_at__gte": start_of_day(asked.first),
            f"{part}order__placed_at__lt": start_of_day(asked.last + datetime.timedelta(days=1)),
            f"{part}order__channel__in": asked.channels,
        }
    )
    if asked.cooperative is not None:
        wanted &= Q(**{f"{part}cooperative": asked.cooperative})
    if asked.province:
        wanted &= Q(**{f"{part}order__province_code": asked.province})
    if asked.source:
        wanted &= Q(**{f"{part}order__source": asked.source})
    if not asked.with_ended:
        wanted &= Q(**{f"{part}state__in": sorted(STANDING), f"{part}order__expired_at": None})
    return wanted


def _figures(row: Mapping[str, Any]) -> Figures:
    """A row of either query; an aggregate over nothing is null. Orders left out are as many as parts."""
    return Figures(
        row.get("orders", row["parts"]),
        row["parts"],
        row["goods"] or 0,
        row.get("delivery") or 0,
        row["commission"] or 0,
    )
