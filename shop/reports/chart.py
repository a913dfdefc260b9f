"""A bar chart over time with computed coordinates, ready for an SVG template."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import pgettext

from shop.core.money import minor_digits
from shop.reports.periods import ReportInterval, period_label
from shop.reports.sales_figures import SalesFigures

WIDTH, NARROW_WIDTH, HEIGHT = 920, 330, 260
_LEFT, _TOP, _BOTTOM = 62, 14, 28
_LABEL_ROOM = 66
_HALF_LABEL_WIDTH = 18
_AVERAGED_PERIODS = 7
_LINES = 4


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A rectangle, with its middle for labels and points. Coordinates are text with a decimal point."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class ChartLabel:
    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of products less refunds, delivery stacked on top, and for days the seven-day running average."""

    goods: list[ChartBar]
    delivery: list[ChartBar]
    lines: list[ChartLabel]
    days: list[ChartLabel]
    average: str
    points: list[tuple[str, str]]
    left: int
    width: int
    height: int = HEIGHT


def build_chart(
    days_and_figures: Sequence[tuple[datetime.date, SalesFigures]],
    interval: ReportInterval,
    currency: str,
    *,
    width: int = WIDTH,
) -> Chart:
    """Build the chart of figures by period for a width."""
    left = _LEFT if width == WIDTH else _LEFT // 2 + 13
    spacing = _grid_spacing(max((figures.total for _day, figures in days_and_figures), default=0))
    scale = (HEIGHT - _TOP - _BOTTOM) / (spacing * _LINES)
    baseline = HEIGHT - _BOTTOM
    slot_width = (width - left) / max(len(days_and_figures), 1)
    bar_width = max(min(slot_width * 0.64, 48), 1)
    middles = [left + slot_width * (position + 0.5) for position in range(len(days_and_figures))]
    figures_by_period = [figures for _day, figures in days_and_figures]
    goods, delivery = _stacked_bars(figures_by_period, middles, bar_width, scale)
    totals = [figures.total for figures in figures_by_period]
    points = (
        _running_average(list(zip(middles, totals, strict=True)), baseline, scale)
        if interval == ReportInterval.DAY and len(days_and_figures) > _AVERAGED_PERIODS
        else []
    )
    return Chart(
        goods=goods,
        delivery=delivery,
        lines=[
            ChartLabel(
                str(left - 8),
                _format_coordinate(baseline - amount * scale),
                _format_axis_label(amount, spacing, currency),
            )
            for amount in range(0, spacing * _LINES + 1, spacing)
        ],
        days=_day_labels([day for day, _figures in days_and_figures], middles, interval, width - left, width),
        average="M" + "L".join(f"{x} {y}" for x, y in points) if points else "",
        points=points if len(points) * 14 <= width else [],
        left=left,
        width=width,
    )


def _stacked_bars(
    figures_by_period: Sequence[SalesFigures], middles: Sequence[float], bar_width: float, scale: float
) -> tuple[list[ChartBar], list[ChartBar]]:
    """Return the bars of products less refunds, and those of delivery on top of them."""
    goods, delivery, baseline = [], [], HEIGHT - _BOTTOM
    for middle, figures in zip(middles, figures_by_period, strict=True):
        goods_amount = max(0, figures.goods - figures.refunded)
        goods_height = goods_amount * scale
        delivery_height = max(0, figures.total - goods_amount) * scale
        if goods_height:
            goods.append(_chart_bar(middle, bar_width, baseline - goods_height, goods_height))
        if delivery_height:
            top = baseline - goods_height - delivery_height
            delivery.append(_chart_bar(middle, bar_width, top, delivery_height))
    return goods, delivery


def _day_labels(
    days: Sequence[datetime.date],
    middles: Sequence[float],
    interval: ReportInterval,
    room: int,
    width: int,
) -> list[ChartLabel]:
    """Return labels below the bars, as many as have room."""
    label_interval = -(-len(days) * _LABEL_ROOM // room) or 1
    return [
        ChartLabel(
            _format_coordinate(min(middle, width - _HALF_LABEL_WIDTH)),
            str(HEIGHT - 8),
            _short_label(day, interval),
        )
        for middle, day in list(zip(middles, days, strict=True))[::label_interval]
    ]


def _chart_bar(middle: float, width: float, top: float, height: float) -> ChartBar:
    left = middle - width / 2
    return ChartBar(
        _format_coordinate(left),
        _format_coordinate(top),
        _format_coordinate(width),
        _format_coordinate(height),
    )


def _running_average(
    middles: Sequence[tuple[float, int]], baseline: int, scale: float
) -> list[tuple[str, str]]:
    points = []
    for position, (x, _total) in enumerate(middles):
        window = [total for _x, total in middles[max(0, position - _AVERAGED_PERIODS + 1) : position + 1]]
        points.append(
            (_format_coordinate(x), _format_coordinate(baseline - sum(window) / len(window) * scale))
        )
    return points


def _grid_spacing(highest: int) -> int:
    """Return the grid spacing, so that four lines cover the highest bar.

    It is 1, 2 or 5 times a power of ten.
    """
    unit = 1
    while True:
        for factor in (1, 2, 5):
            if factor * unit * _LINES >= highest:
                return factor * unit
        unit *= 10


def _format_axis_label(amount: int, spacing: int, currency: str) -> str:
    """Format an axis label as "2 tr" for spacings in millions, and as "50 n" in thousands."""
    major_unit = 10 ** minor_digits(currency)
    for scale, template in (
        (10**9, pgettext("axis of a chart", "%(n)s bn")),
        (10**6, pgettext("axis of a chart", "%(n)s m")),
        (10**3, pgettext("axis of a chart", "%(n)s k")),
    ):
        if spacing >= scale * major_unit:
            return template % {"n": amount // (scale * major_unit)}
    return str(amount // major_unit)


def _short_label(day: datetime.date, interval: ReportInterval) -> str:
    return period_label(day, interval) if interval == ReportInterval.MONTH else f"{day:%d/%m}"


def _format_coordinate(measure: float) -> str:
    return f"{measure:.1f}"
