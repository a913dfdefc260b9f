"""Prices, weights, commission, tax and lost sales in declared reports, computed again from single rows."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict

import pytest

from cooperatives.models import Producer
from orders.models import BasketLine, Order, OrderLine, OrderPart
from orders.states import CANCELLED_BY_BUYER, PartState
from shop.reports.declared.catalogue import REPORTS_BY_SLUG
from shop.reports.declared.declaration import ReportQuery
from shop.reports.declared.results import Result, read_result
from tests.factories import NOW, make_order, make_seller, make_variant
from tests.shop.reports.declared.report_history import make_history, make_lost_sales

pytestmark = pytest.mark.django_db
YEAR = ReportQuery(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))


def read_report(slug: str, dimension: str, query: ReportQuery = YEAR) -> Result:
    report = REPORTS_BY_SLUG[slug]
    return read_result(report, query, report.find_dimension(dimension))


def figures(result: Result) -> dict[object, list[int | None]]:
    return {row.key: [column.value(row.sums) for column in result.report.columns] for row in result.rows}


def totals(result: Result) -> list[int | None]:
    return [column.value(result.total) for column in result.report.columns]


def make_lost_sales_with_history(seed: int) -> None:
    make_history(seed)
    make_lost_sales(seed)


def sums_by_key(result: Result, *names: str) -> dict[object, list[int]]:
    return {row.key: [row.sums[name] for name in names] for row in result.rows}


def read_sold_lines() -> list[OrderLine]:
    return [
        line
        for line in OrderLine.objects.select_related("order", "part", "variant")
        if line.order.confirmed_at and line.part.is_active and not line.order.expired_at
    ]


@pytest.mark.parametrize("seed", range(3))
def test_average_prices_are_money_divided_by_units(seed: int) -> None:
    make_history(seed)

    result = read_report("gia-ban", "variant")

    expected: defaultdict[int | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in read_sold_lines():
        sums = expected[line.variant_id]
        sums[0] += line.total_gross
        sums[1] += line.quantity
        sums[2] += line.list_gross
    assert figures(result) == {
        key: [money, round(money / units), units, round(listed / units)]
        for key, (money, units, listed) in expected.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_wholesale_lines_are_those_that_reached_a_quantity(seed: int) -> None:
    make_history(seed)
    make_lost_sales(seed)

    result = read_report("ban-si", "wholesale_from")

    expected: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in read_sold_lines():
        if line.wholesale_from:
            assert line.quantity >= line.wholesale_from
            sums = expected[line.wholesale_from]
            sums[0] += line.total_gross
            sums[1] += 1
            sums[2] += line.quantity
    assert {
        row.key: [row.sums[name] for name in ("goods", "lines", "units")] for row in result.rows
    } == expected
    assert [row.name for row in result.rows] == ["Từ 5", "Từ 20"]


@pytest.mark.parametrize("seed", range(3))
def test_weights_are_those_of_weighed_lines(seed: int) -> None:
    make_history(seed)

    result = read_report("hang-ban-theo-can", "product")

    lines = [line for line in read_sold_lines() if line.weighed_grams is not None]
    weighed = sum(line.weighed_grams or 0 for line in lines)
    ordered = sum(line.estimate_grams or 0 for line in lines)
    over = sum((line.weighed_grams or 0) - (line.charged_grams or 0) for line in lines)
    assert totals(result) == [weighed, ordered, weighed - ordered, over, len(lines)]
    assert lines


@pytest.mark.parametrize("seed", range(3))
def test_commission_and_tax_equal_those_of_lines(seed: int) -> None:
    make_history(seed)
    OrderLine.objects.update(commission=1_234)

    commission, tax = read_report("phi-san", "category"), read_report("thue-gtgt", "tax_rate")

    lines = read_sold_lines()
    goods = sum(line.total_gross for line in lines)
    total = sum(line.commission for line in lines)
    net = sum(line.total_net for line in lines)
    assert totals(commission) == [total, goods, round(total * 100 / goods)]
    assert totals(tax) == [goods - net, net, goods]


def test_tax_rates_are_named() -> None:
    line = make_order((make_variant(price=108_000), 1)).lines.get()
    OrderLine.objects.filter(pk=line.pk).update(tax_rate=8, total_net=100_000)

    result = read_report("thue-gtgt", "tax_rate")

    assert [(row.name, row.sums["tax"]) for row in result.rows] == [("8\u00a0%", 8_000)]


@pytest.mark.parametrize("seed", range(3))
def test_ended_parts_are_those_declined_or_cancelled(seed: int) -> None:
    make_history(seed)
    make_lost_sales(seed)
    first = make_order((make_variant(), 1)).parts.get()
    OrderPart.objects.filter(pk=first.pk).update(state=PartState.DECLINED, has_ended=True)
    second = make_order((make_variant(), 1)).parts.get()
    OrderPart.objects.filter(pk=second.pk).update(
        state=PartState.CANCELLED, has_ended=True, end_reason=CANCELLED_BY_BUYER
    )

    result = read_report("don-bi-huy", "reason")

    ended = [part for part in OrderPart.objects.all() if not part.is_active]
    by_reason: Counter[str] = Counter()
    for part in ended:
        by_reason[part.end_reason] += part.goods_gross + part.delivery_gross
    assert {row.key: row.sums["total"] for row in result.rows} == dict(by_reason)
    assert totals(result)[1:] == [len(ended), 1, 1]
    assert "Người mua đã huỷ." in {row.name for row in result.rows}


@pytest.mark.parametrize("seed", range(2))
def test_expired_orders_and_the_time_that_they_waited(seed: int) -> None:
    make_lost_sales_with_history(seed)

    result = read_report("don-het-han", "source")

    expired = [order for order in Order.objects.all() if order.expired_at]
    waited = sum(
        (order.expired_at - order.placed_at).total_seconds()
        for order in expired
        if order.expired_at and order.placed_at
    )
    assert totals(result) == [
        sum(order.total_gross for order in expired),
        len(expired),
        round(waited / len(expired)),
    ]


@pytest.mark.parametrize("seed", range(2))
def test_baskets_hold_what_was_not_ordered(seed: int) -> None:
    make_lost_sales_with_history(seed)

    result = read_report("gio-hang-bo-quen", "holder")

    expected: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in BasketLine.objects.select_related("basket"):
        sums = expected["account" if line.basket.user_id else "unknown"]
        sums[0] += (line.seen_price or 0) * line.quantity
        sums[1] += 1
        sums[2] += line.quantity
    assert {
        row.key: [row.sums[name] for name in ("value", "lines", "units")] for row in result.rows
    } == expected
    assert totals(result)[3] == 50


def test_substitutes_are_counted_by_answer() -> None:
    make_lost_sales_with_history(0)

    result = read_report("hang-thay-the", "state")

    assert [(row.key, row.sums["offers"], row.sums["replaced"]) for row in result.rows] == [
        ("waiting", 1, 180_000)
    ]


def test_parts_are_answered_by_the_deadline_or_late() -> None:
    variant = make_variant()
    deadline = NOW + datetime.timedelta(hours=12)
    for hours in (12, 13, None):
        accepted_at = None if hours is None else NOW + datetime.timedelta(hours=hours)
        part = make_order((variant, 1)).parts.get()
        OrderPart.objects.filter(pk=part.pk).update(accept_by=deadline, accepted_at=accepted_at)

    result = read_report("nhan-don", "cooperative")

    assert totals(result) == [3, 33, 1, 0, 0, round(12.5 * 3600)]


def test_open_parts_are_grouped_by_the_promised_day() -> None:
    variant = make_variant(on_hand=50)
    today = datetime.date(2026, 11, 24)
    for days in (-1, 0, 3, 4, None):
        expected_until = None if days is None else today + datetime.timedelta(days=days)
        part = make_order((variant, 1)).parts.get()
        OrderPart.objects.filter(pk=part.pk).update(expected_until=expected_until)
    arrived = make_order((variant, 1)).parts.get()
    OrderPart.objects.filter(pk=arrived.pk).update(progress="delivered")

    result = read_report("viec-chua-xong", "promise", ReportQuery(today, today))

    assert [(row.name, row.sums["parts"], row.sums["overdue"]) for row in result.rows] == [
        ("Quá hẹn", 1, 1),
        ("Hôm nay", 1, 0),
        ("Trong ba ngày tới", 1, 0),
        ("Sau đó", 1, 0),
        ("Không hẹn ngày", 1, 0),
    ]
    assert totals(result)[:3] == [5, 1, 5]


def test_producers_who_did_not_agree_are_not_named() -> None:
    seller = make_seller()
    for name, agreed_on in (("Bà Lý", datetime.date(2026, 1, 1)), ("Ông Nông", None)):
        variant = make_variant(seller, name=f"Trà {name}")
        producer = Producer.objects.create(cooperative=seller, name=name, agreed_on=agreed_on)
        variant.product.producer = producer
        variant.product.save(update_fields=["producer"])
        make_order((variant, 1))

    result = read_report("gia-ban", "producer")

    assert {row.name for row in result.rows} == {"Bà Lý", "Không nêu tên"}
