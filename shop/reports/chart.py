"""A chart of bars over time with its measures worked out, so that the page only draws it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import pgettext

from shop.core.money import minor_digits
from shop.reports.periods import Step, name_of_period
from shop.reports.sales import Figures

WIDTH, NARROW, HEIGHT = 920, 330, 260  # a desk's and a phone's
_LEFT, _TOP, _BOTTOM = 62, 14, 28
_ROOM_OF_LABEL = 66
_HALF_A_LABEL = 18  # of a day; the last one stays within the drawing
_AVERAGED = 7  # periods
_LINES = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, or for labels and points its middle; measures are text with a decimal point."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Label:
    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Goods below, delivery on top of them, and for days the running average of the last seven."""

    goods: list[Bar]
    delivery: list[Bar]
    lines: list[Label]
    days: list[Label]
    average: str
    points: list[tuple[str, str]]
    left: int
    width: int
    height: int = HEIGHT


def chart_of(
    rows: Sequence[tuple[datetime.date, Figures]], step: Step, currency: str, *, width: int = WIDTH
) -> Chart:
    """The chart of figures by period, in their order, drawn for a screen of that width."""
    left = _LEFT if width == WIDTH else _LEFT // 2 + 13
    spacing = _spacing(max((figures.total for _day, figures in rows), default=0))
    scale = (HEIGHT - _TOP - _BOTTOM) / (spacing * _LINES)
    ground = HEIGHT - _BOTTOM
    room = (width - left) / max(len(rows), 1)
    wide = max(min(room * 0.64, 48), 1)
    goods, delivery, days, middles = [], [], [], []
    every = -(-len(rows) * _ROOM_OF_LABEL // (width - left)) or 1
    for place, (day, figures) in enumerate(rows):
        middle = left + room * (place + 0.5)
        low, high = figures.goods * scale, figures.delivery * scale
        if low:
            goods.append(Bar(_n(middle - wide / 2), _n(ground - low), _n(wide), _n(low)))
        if high:
            delivery.append(Bar(_n(middle - wide / 2), _n(ground - low - high), _n(wide), _n(high)))
        if place % every == 0:
            days.append(Label(_n(min(middle, width - _HALF_A_LABEL)), str(HEIGHT - 8), _short(day, step)))
        middles.append((middle, figures.total))
    points = _running(middles, ground, scale) if step == Step.DAY and len(rows) > _AVERAGED else []
    return Chart(
        goods=goods,
        delivery=delivery,
        lines=[
            Label(str(left - 8), _n(ground - amount * scale), _axis(amount, spacing, currency))
            for amount in range(0, spacing * _LINES + 1, spacing)
        ],
        days=days,
        average="M" + "L".join(f"{x} {y}" for x, y in points) if points else "",
        points=points if len(points) * 14 <= width else [],
        left=left,
        width=width,
    )


def _running(middles: Sequence[tuple[float, int]], ground: int, scale: float) -> list[tuple[str, str]]:
    points = []
    for place, (x, _total) in enumerate(middles):
        last = [total for _x, total in middles[max(0, place - _AVERAGED + 1) : place + 1]]
        points.append((_n(x), _n(ground - sum(last) / len(last) * scale)))
    return points


def _spacing(most: int) -> int:
    """The sum between two lines: 1, 2 or 5 with noughts, so that four of them hold the highest bar."""
    unit = 1
    while True:
        for step in (1, 2, 5):
            if step * unit * _LINES >= most:
                return step * unit
        unit *= 10


def _axis(amount: int, spacing: int, currency: str) -> str:
    """A sum beside a line: "2 tr" where the lines are millions apart, "50 n" for thousands."""
    whole = 10 ** minor_digits(currency)
    for size, words in (
        (10**9, pgettext("axis of a chart", "%(n)s bn")),
        (10**6, pgettext("axis of a chart", "%(n)s m")),
        (10**3, pgettext("axis of a chart", "%(n)s k")),
    ):
        if spacing >= size * whole:
            return words % {"n": amount // (size * whole)}
    return str(amount // whole)


def _short(day: datetime.date, step: Step) -> str:
    return name_of_period(day, step) if step == Step.MONTH else f"{day:%d/%m}"


def _n(measure: float) -> str:
    return f"{measure:.1f}"
