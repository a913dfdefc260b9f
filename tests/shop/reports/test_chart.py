"""The chart's geometry: axis, bars and running average."""

from __future__ import annotations

import datetime
import itertools

import pytest

from shop.reports.chart import NARROW_WIDTH, build_chart
from shop.reports.periods import ReportInterval
from shop.reports.sales_figures import SalesFigures

FIRST = datetime.date(2026, 11, 1)


def days(*totals: int) -> list[tuple[datetime.date, SalesFigures]]:
    return [(FIRST + datetime.timedelta(days=n), SalesFigures(goods=total)) for n, total in enumerate(totals)]


def test_axis_covers_the_highest_bar_in_round_steps() -> None:
    chart = build_chart(days(6_000_000, 7_900_000), ReportInterval.DAY, "VND")

    assert [line.text for line in chart.lines] == ["0 tr", "2 tr", "4 tr", "6 tr", "8 tr"]
    assert [line.y for line in chart.lines] == ["232.0", "177.5", "123.0", "68.5", "14.0"]


@pytest.mark.parametrize(
    ("most", "top"), [(0, "4"), (90_000, "200 n"), (3_999, "4 n"), (9_000_000_000, "20 tỷ")]
)
def test_axis_is_labelled_in_the_unit_of_its_steps(most: int, top: str) -> None:
    assert build_chart(days(most), ReportInterval.DAY, "VND").lines[-1].text == top


def test_delivery_is_stacked_on_goods() -> None:
    chart = build_chart(
        [(FIRST, SalesFigures(goods=3_000_000, delivery=1_000_000))], ReportInterval.MONTH, "VND"
    )

    goods, delivery = chart.goods[0], chart.delivery[0]
    assert (goods.y, goods.height) == ("68.5", "163.5")
    assert (delivery.y, delivery.height) == ("14.0", "54.5")
    assert [label.text for label in chart.days] == ["11/2026"]


def test_days_without_orders_have_no_bar_but_count_in_the_average() -> None:
    chart = build_chart(days(*[4_000_000] + [0] * 7), ReportInterval.DAY, "VND")

    assert len(chart.goods) == 1
    assert [y for _x, y in chart.points][:2] == ["14.0", "123.0"]
    assert chart.points[-1][1] == "232.0"


def test_weeks_have_no_running_average() -> None:
    assert build_chart(days(*[1] * 20), ReportInterval.WEEK, "VND").average == ""


def test_narrow_month_chart_fits_every_day() -> None:
    chart = build_chart(days(*[1_000_000] * 31), ReportInterval.DAY, "VND", width=NARROW_WIDTH)

    middles = [float(label.x) for label in chart.days]
    assert len(chart.goods) == 31
    assert max(float(bar.x) + float(bar.width) for bar in chart.goods) <= NARROW_WIDTH
    assert min(after - before for before, after in itertools.pairwise(middles)) >= 60
    assert chart.points == []


def test_last_day_label_stays_within_the_drawing() -> None:
    chart = build_chart(days(*[1_000_000] * 25), ReportInterval.DAY, "VND", width=NARROW_WIDTH)

    assert (chart.days[-1].text, chart.days[-1].x) == ("25/11", "312.0")
