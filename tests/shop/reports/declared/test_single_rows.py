"""The single rows behind figures: they add up to the figure, and lead to orders that the reader may open."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client

from orders.models import OrderPart
from shop.accounts.staff.permissions import Permission
from shop.reports.declared.catalogue import ALL_REPORTS
from shop.reports.declared.declaration import Report, ReportQuery
from shop.reports.declared.results import Result, read_result
from shop.reports.declared.single_rows import ALL_ROWS, Drill, key_as_text, read_single_rows
from tests.factories import (
    make_admin,
    make_channel,
    make_member,
    make_order,
    make_seller,
    make_staff,
    make_variant,
)
from tests.markup import html_of
from tests.orders.settlement.settlement_helpers import make_sale
from tests.shop.reports.declared.report_history import make_full_history

pytestmark = pytest.mark.django_db

YEAR = ReportQuery(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))
ORDERS = "/quan-tri/bao-cao/don-den/"
IN_YEAR = {"tu": "01/01/2026", "den": "31/12/2026"}


def added_up(result: Result, key: str, name: str) -> object:
    """Return the sum of one measure over all single rows of a group."""
    report, dimension = result.report, result.dimension
    drill = Drill(key, name)
    first = read_single_rows(report, YEAR, dimension, drill, "1")
    pages = [
        read_single_rows(report, YEAR, dimension, drill, str(number))
        for number in first.page.paginator.page_range
    ]
    return sum(row.sums[name] for page in pages for row in page.rows)


def linked_measures(report: Report) -> list[str]:
    return [column.measure_name for column in report.columns if column.measure_name]


def some_rows(result: Result) -> list[Any]:
    """Return the first and the last group."""
    return [*result.rows[:1], *result.rows[1:][-1:]]


def test_single_rows_add_up_to_every_figure() -> None:
    make_full_history(0)

    for report in ALL_REPORTS:
        results = [read_result(report, YEAR, dimension) for dimension in report.dimensions]
        for name in linked_measures(report):
            assert added_up(results[0], ALL_ROWS, name) == results[0].total[name], (report.slug, name)
        for result in results:
            for row in some_rows(result):
                for name in linked_measures(report):
                    figure = added_up(result, key_as_text(row.key), name)
                    assert figure == row.sums[name], (report.slug, result.dimension.name, row.key, name)


def test_rows_lead_to_their_orders(client: Client) -> None:
    make_channel()
    seller, other = make_seller("HTX A"), make_seller("HTX B")
    order = make_order((make_variant(seller, price=70_000), 1))
    make_order((make_variant(other, price=90_000), 1))
    client.force_login(make_admin())

    groups = client.get(ORDERS, IN_YEAR)
    row = next(row for row in groups.context["rows"] if row.name == "HTX A")
    page = client.get(f"{ORDERS}{row.address}")

    assert f'href="/quan-tri/don-hang/{order.pk}/"' in html_of(page)
    assert [shown.row.name for shown in page.context["rows"]] == [order.code]
    assert [cell.text for cell in page.context["rows"][0].cells][:3] == ["100.000", "1", "70.000"]


def test_only_rows_that_a_figure_counts_are_listed(client: Client) -> None:
    make_channel()
    variant = make_variant(price=50_000)
    first, _second = make_order((variant, 1)), make_order((variant, 1))
    OrderPart.objects.filter(order=first).update(delivery_gross=0, total_gross=50_000)
    client.force_login(make_admin())

    page = client.get(ORDERS, IN_YEAR | {"dong": "*", "cot": "delivery"})

    assert page.context["page"].paginator.count == 1
    assert page.context["single"].column.measure_name == "delivery"


@pytest.mark.parametrize(
    "asked",
    [
        {"dong": "999999"},
        {"dong": "x"},
        {"dong": ""},
        {"dong": "-"},
        {"dong": "*", "cot": "khong-co"},
        {"dong": "2026-13-40", "nhom": "day"},
        {"dong": str(2**70)},
    ],
)
def test_unknown_groups_and_columns_are_not_found(client: Client, asked: dict[str, str]) -> None:
    make_channel()
    make_order((make_variant(), 1))
    client.force_login(make_admin())

    assert client.get(ORDERS, IN_YEAR | asked).status_code == 404


def test_staff_without_the_right_to_orders_see_no_links(client: Client) -> None:
    make_channel()
    make_sale(make_seller())
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS))

    page = html_of(client.get("/quan-tri/bao-cao/thu-nhap-cua-cho/", IN_YEAR | {"dong": "*"}))

    assert "HTX Thiên An" in page
    assert "/quan-tri/don-hang/" not in page


def test_members_open_their_parts_and_no_others(client: Client) -> None:
    seller = make_seller()
    part = make_order((make_variant(seller), 1)).parts.get()
    foreign = make_order((make_variant(make_seller("HTX Khác")), 1)).parts.get()
    client.force_login(make_member(seller))
    address = "/xa-vien/bao-cao/don-den/"

    page = html_of(client.get(address, IN_YEAR | {"nhom": "month", "dong": "*"}))

    assert f'href="/xa-vien/goi/{part.pk}/"' in page
    assert f'href="/xa-vien/goi/{foreign.pk}/"' not in page
    assert foreign.order.code not in page
