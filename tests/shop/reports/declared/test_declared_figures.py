"""Figures of declared reports: exact values, and totals that equal the ledger, settlements and rows."""

from __future__ import annotations

import datetime
from collections import Counter

import pytest
from django.utils import translation

from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.models import (
    LedgerAccount,
    OrderPart,
    Parcel,
    PaymentMethod,
    Refund,
    Settlement,
)
from orders.states import ComplaintState
from shop.core.actors import Actor
from shop.reports.declared.catalogue import ALL_REPORTS, REPORTS_BY_SLUG
from shop.reports.declared.declaration import Comparison, ReportQuery
from shop.reports.declared.pages import format_duration
from shop.reports.declared.results import Result, read_result
from shop.reports.ledger import LedgerQuery, balances
from shop.reports.sales import DELIVERY_ROW_KEY, SalesGroup, sum_all, sum_by_group
from tests.factories import NOW, make_bank_account, make_order, make_seller, make_variant
from tests.orders.settlement.settlement_helpers import (
    close_open_settlement,
    make_open_settlement,
    make_sale,
)
from tests.shop.reports.declared.report_history import (
    deliver_parcel_at,
    make_complaint,
    make_full_history,
    make_history,
)
from tests.shop.reports.test_sales import sales_query

pytestmark = pytest.mark.django_db

YEAR = ReportQuery(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))


def read_report(slug: str, dimension: str, query: ReportQuery = YEAR) -> Result:
    report = REPORTS_BY_SLUG[slug]
    return read_result(report, query, report.find_dimension(dimension))


def figures_by_name(result: Result) -> dict[str, list[int | None]]:
    return {row.name: [column.value(row.sums) for column in result.report.columns] for row in result.rows}


def totals(result: Result) -> list[int | None]:
    return [column.value(result.total) for column in result.report.columns]


@pytest.mark.parametrize("seed", range(2))
def test_groups_add_up_to_the_total_in_every_dimension(seed: int) -> None:
    make_full_history(seed)

    for report in ALL_REPORTS:
        for dimension in report.dimensions:
            result = read_result(report, YEAR, dimension)
            for name in report.measures:
                sums = [row.sums[name] for row in result.rows if row.sums[name]]
                added = sum(sums[1:], start=sums[0]) if sums else None
                assert added == (result.total[name] or None), (report.slug, dimension.name, name)
            assert result.rows, (report.slug, dimension.name)


@pytest.mark.parametrize("seed", range(5))
def test_earnings_equal_the_settlements_to_the_dong(seed: int) -> None:
    make_history(seed)
    to_close = Settlement.objects.open().filter(entries__isnull=False).select_related("cooperative")
    for seller in {row.cooperative for row in to_close}:
        close_open_settlement(seller)

    figures = figures_by_name(read_report("hop-tac-xa-duoc-nhan", "cooperative"))

    expected: dict[str, Counter[str]] = {}
    for row in Settlement.objects.closed().select_related("cooperative"):
        sums = expected.setdefault(row.cooperative.name, Counter())
        for column in ("goods", "delivery", "refunds", "commission", "tax_withheld", "corrections"):
            sums[column] += getattr(row, column)
    assert figures == {
        name: [
            sums["goods"]
            + sums["delivery"]
            + sums["corrections"]
            - sums["refunds"]
            - sums["commission"]
            - sums["tax_withheld"],
            sums["goods"],
            sums["delivery"],
            -sums["refunds"],
            -sums["commission"],
            -sums["tax_withheld"],
            sums["corrections"],
        ]
        for name, sums in expected.items()
    }


@pytest.mark.parametrize("seed", range(5))
def test_income_of_the_market_equals_the_balances_of_the_ledger(seed: int) -> None:
    make_history(seed)

    figures = totals(read_report("thu-nhap-cua-cho", "cooperative"))

    credits = {row.account: -row.amount for row in balances(LedgerQuery())}
    commission, delivery, costs = (
        credits.get(account, 0)
        for account in (LedgerAccount.COMMISSION, LedgerAccount.DELIVERY_INCOME, LedgerAccount.PLATFORM_COST)
    )
    assert figures == [commission + delivery + costs, commission, delivery, costs]
    assert commission > 0


@pytest.mark.parametrize("seed", range(5))
def test_refunds_equal_the_decisions(seed: int) -> None:
    make_history(seed)

    result = read_report("hoan-tien", "bearer")

    refunds = list(Refund.objects.all())
    assert totals(result) == [
        sum(row.amount for row in refunds),
        len(refunds),
        sum(row.amount - row.delivery_amount - row.surplus for row in refunds),
        sum(row.delivery_amount for row in refunds),
        sum(row.surplus for row in refunds),
        sum(row.amount for row in refunds if row.bearer == "cooperative"),
        sum(row.repayment for row in refunds),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_orders_and_products_equal_the_sales_report_before_refunds(seed: int) -> None:
    make_history(seed)
    sales = sales_query(first=YEAR.first, last=YEAR.last, group=SalesGroup.PRODUCT)

    orders, products = read_report("don-den", "weekday"), read_report("hang-ban-chay", "product")

    figures = sum_all(sales)
    assert (orders.total["total"], orders.total["parts"], orders.total["goods"]) == (
        figures.goods + figures.delivery,
        figures.parts,
        figures.goods,
    )
    assert {row.key: row.sums["goods"] for row in products.rows} == {
        key: row.goods for key, row in sum_by_group(sales).items() if key != DELIVERY_ROW_KEY
    }


def test_hours_and_weekdays_are_those_of_vietnam() -> None:
    variant = make_variant(price=100_000)
    for moment in (
        "2026-11-22T16:59:59",
        "2026-11-22T17:00:00",
        "2026-11-23T02:30:00",
        "2026-11-23T03:00:00",
    ):
        make_order((variant, 1), now=datetime.datetime.fromisoformat(f"{moment}+00:00"))

    by_hour, by_weekday = read_report("don-den", "hour"), read_report("don-den", "weekday")

    hours = [(row.name, row.sums["parts"]) for row in by_hour.rows]
    assert hours == [("00:00–00:59", 1), ("09:00–09:59", 1), ("10:00–10:59", 1), ("23:00–23:59", 1)]
    assert [(row.key, row.name, row.sums["parts"]) for row in by_weekday.rows] == [
        (0, "Thứ Hai", 3),
        (6, "Chủ nhật", 1),
    ]


def test_unconfirmed_and_cancelled_parts_are_not_orders() -> None:
    make_bank_account()
    make_order((make_variant(price=500_000), 1), method=PaymentMethod.TRANSFER)
    halved = make_order((make_variant(make_seller(), price=60_000), 1), (make_variant(price=150_000), 1))
    part = halved.parts.order_by("number")[0]
    cancel_part(part_id=part.pk, reason="Hết hàng", actor=Actor.system("test"), now=NOW)

    result = read_report("don-den", "month")

    assert totals(result) == [180_000, 1, 150_000, 30_000, 180_000]


def test_parcels_are_on_time_until_midnight_in_vietnam() -> None:
    deliver_parcel_at(datetime.datetime(2026, 11, 20, 16, 59, 59, tzinfo=datetime.UTC))
    deliver_parcel_at(datetime.datetime(2026, 11, 20, 17, 0, tzinfo=datetime.UTC))
    unpromised = deliver_parcel_at(datetime.datetime(2026, 11, 30, 16, 59, tzinfo=datetime.UTC))
    OrderPart.objects.filter(pk=unpromised.part_id).update(expected_until=None)

    by_carrier = figures_by_name(read_report("giao-dung-hen", "carrier"))
    by_day = figures_by_name(read_report("giao-dung-hen", "day"))
    by_week = figures_by_name(read_report("giao-dung-hen", "week"))
    by_month = figures_by_name(read_report("giao-dung-hen", "month"))

    assert by_carrier == {"Viettel Post": [3, 2, 1, 1, 50]}
    assert by_day == {
        "20/11/2026": [1, 1, 1, 0, 100],
        "21/11/2026": [1, 1, 0, 1, 0],
        "30/11/2026": [1, 0, 0, 0, None],
    }
    assert by_week == {"16/11–22/11/2026": [2, 2, 1, 1, 50], "30/11–06/12/2026": [1, 0, 0, 0, None]}
    assert by_month == {"11/2026": [3, 2, 1, 1, 50]}


def test_steps_are_averages_of_recorded_times() -> None:
    first = deliver_parcel_at(NOW + datetime.timedelta(hours=60))
    second = deliver_parcel_at(NOW + datetime.timedelta(hours=40))
    OrderPart.objects.update(accepted_at=NOW + datetime.timedelta(minutes=30))
    Parcel.objects.filter(pk=first.pk).update(
        packed_at=NOW + datetime.timedelta(hours=2, minutes=30),
        handed_over_at=NOW + datetime.timedelta(hours=12),
    )
    Parcel.objects.filter(pk=second.pk).update(handed_over_at=NOW + datetime.timedelta(hours=20))

    result = read_report("thoi-gian-xu-ly", "cooperative")

    hour = 3600
    assert totals(result) == [2, hour // 2, 2 * hour, 9 * hour + hour // 2, (48 + 20) * hour // 2]


def test_complaints_are_counted_by_state_with_the_time_to_answer() -> None:
    part = make_sale(make_seller())
    make_complaint(part)
    for hours, state in ((5, ComplaintState.REJECTED), (49, ComplaintState.ACCEPTED)):
        make_complaint(part, state=state, answered_at=NOW + datetime.timedelta(hours=hours))

    result = read_report("khieu-nai", "state")

    assert totals(result) == [3, 1, 1, 1, 0, 1, 27 * 3600]


def test_rows_are_compared_with_the_same_days_before() -> None:
    seller = make_seller()
    variant = make_variant(seller)
    for day in (3, 20, 21):
        parcel = deliver_parcel_at(datetime.datetime(2026, 11, day, 3, tzinfo=datetime.UTC))
        OrderPart.objects.filter(pk=parcel.part_id).update(cooperative=variant.cooperative)
    query = ReportQuery(datetime.date(2026, 11, 12), datetime.date(2026, 11, 21))

    result = read_report("giao-dung-hen", "cooperative", query)

    assert [(row.name, row.sums["parcels"], row.before) for row in result.rows] == [("HTX Thiên An", 2, 1)]
    assert result.total_before is not None
    assert result.total_before["parcels"] == 1


def test_rows_are_compared_with_the_same_days_a_year_before() -> None:
    for year, count in ((2027, 3), (2028, 1)):
        for _number in range(count):
            deliver_parcel_at(datetime.datetime(year, 2, 28, 3, tzinfo=datetime.UTC))
    days = datetime.date(2028, 2, 20), datetime.date(2028, 2, 29)
    query = ReportQuery(*days, comparison=Comparison.YEAR_BEFORE)

    result = read_report("giao-dung-hen", "carrier", query)

    compared = query.compared()
    assert (compared.first, compared.last) == (datetime.date(2027, 2, 20), datetime.date(2027, 2, 28))
    assert [(row.sums["parcels"], row.before) for row in result.rows] == [(1, 3)]
    assert result.leading_total_before == 3


def test_report_of_a_cooperative_counts_its_own_rows_only() -> None:
    seller, other = make_seller("HTX A"), make_seller("HTX B")
    make_open_settlement(seller, 50_000, idempotency_key="a")
    make_open_settlement(other, 70_000, idempotency_key="b")
    query = ReportQuery(YEAR.first, YEAR.last, cooperative_id=seller.pk)

    result = read_report("hop-tac-xa-duoc-nhan", "month", query)

    assert totals(result)[0] == 50_000
    assert totals(read_report("hop-tac-xa-duoc-nhan", "month"))[0] == 120_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (59, "0 phút"),
        (2_400, "40 phút"),
        (3_599, "59 phút"),
        (7_259, "2 giờ"),
        (9_000, "2 giờ 30 phút"),
        (172_800 + 3_599, "2 ngày"),
        (190_800, "2 ngày 5 giờ"),
    ],
)
def test_durations_have_two_units_without_zeros(seconds: int, text: str) -> None:
    with translation.override("vi"):
        assert format_duration(seconds).replace("\u00a0", " ") == text
