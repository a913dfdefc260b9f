"""Discounts, payments and buyers in declared reports, computed again in Python from single rows."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict

import pytest

from orders.models import (
    Discount,
    DiscountShare,
    EventKind,
    LedgerAccount,
    LedgerEntry,
    Order,
    OrderPart,
    PaymentEvent,
    PostingKind,
)
from shop.core.dates.calendar import vietnam_date
from shop.reports.declared.catalogue import REPORTS_BY_SLUG
from shop.reports.declared.declaration import ReportQuery
from shop.reports.declared.results import Result, read_result
from tests.factories import NOW, make_divisions, make_order, make_seller, make_user, make_variant
from tests.shop.reports.declared.report_history import make_history

pytestmark = pytest.mark.django_db
YEAR = ReportQuery(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))
NOVEMBER = ReportQuery(datetime.date(2026, 11, 1), datetime.date(2026, 11, 30))


def read_report(slug: str, dimension: str, query: ReportQuery = YEAR) -> Result:
    report = REPORTS_BY_SLUG[slug]
    return read_result(report, query, report.find_dimension(dimension))


def sums_by_name(result: Result, *measures: str) -> dict[str, tuple[int, ...]]:
    return {row.name: tuple(row.sums[name] for name in measures) for row in result.rows}


@pytest.mark.parametrize("seed", range(3))
def test_discounts_equal_those_of_orders_that_were_not_cancelled(seed: int) -> None:
    make_history(seed)

    by_kind = read_report("giam-gia", "kind")
    by_cooperative = read_report("giam-gia", "cooperative")

    counted: Counter[str] = Counter()
    of_cooperative: Counter[str] = Counter()
    for share in DiscountShare.objects.select_related(
        "line__part__cooperative", "part__cooperative", "discount"
    ):
        part = share.line.part if share.line else share.part
        if part.is_active and share.discount.order.confirmed_at:
            counted[share.discount.get_kind_display()] += share.amount
            of_cooperative[part.cooperative.name] += share.amount
    assert {row.name.lower(): row.sums["amount"] for row in by_kind.rows} == dict(counted)
    assert {row.name: row.sums["amount"] for row in by_cooperative.rows} == dict(of_cooperative)
    assert by_kind.total["by_market"] + by_kind.total["by_cooperatives"] == by_kind.total["amount"] > 0


def test_discounts_have_the_name_of_their_voucher_and_the_day_of_the_order() -> None:
    make_history(0)
    shares = DiscountShare.objects.filter(discount__order__parts__has_ended=True).values("discount")
    Discount.objects.filter(pk__in=shares).delete()

    result = read_report("giam-gia", "discount")
    days = read_report("giam-gia", "day")

    assert [row.name for row in result.rows] == ["Chào khách mới"]
    expected: Counter[datetime.date] = Counter()
    for discount in Discount.objects.select_related("order"):
        assert discount.order.placed_at is not None
        expected[vietnam_date(discount.order.placed_at)] += discount.amount
    assert {row.key: row.sums["amount"] for row in days.rows} == dict(expected)


@pytest.mark.parametrize("seed", range(3))
def test_payments_equal_the_events_and_the_ledger(seed: int) -> None:
    make_history(seed)

    result = read_report("thanh-toan", "method")

    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for event in PaymentEvent.objects.select_related("payment"):
        if event.kind == EventKind.CHARGE_SUCCESS:
            row = sums[event.payment.get_method_display().lower()]
            row[0] += event.amount
            row[1] += 1
    figures = sums_by_name(result, "received", "payments")
    assert {name.lower(): list(row) for name, row in figures.items()} == dict(sums)
    assert {row.key for row in result.rows} == {"cod", "transfer"}
    entries = LedgerEntry.objects.filter(account=LedgerAccount.BUYER, posting__kind=PostingKind.PAYMENT)
    assert result.total["net"] == -sum(entry.amount for entry in entries) > 0


@pytest.mark.parametrize("seed", range(3))
def test_returning_buyers_have_an_earlier_order(seed: int) -> None:
    make_history(seed)

    result = read_report("khach-moi-va-khach-cu", "buyer", NOVEMBER)

    counted = [
        order
        for order in Order.objects.order_by("placed_at")
        if order.confirmed_at and not order.cancelled_at and not order.expired_at
    ]
    sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for order in counted:
        assert order.placed_at is not None
        if not NOVEMBER.first <= vietnam_date(order.placed_at) <= NOVEMBER.last:
            continue
        has_earlier = any(
            other.placed_at < order.placed_at
            and ((order.user_id and other.user_id == order.user_id) or other.phone == order.phone)
            for other in counted
            if other.placed_at
        )
        row = sums["returning" if has_earlier else "new"]
        row[0] += 1
        row[1] += order.current_total_gross
    assert {row.key: [row.sums["orders"], row.sums["total"]] for row in result.rows} == dict(sums)
    assert result.total["returning"] == sums["returning"][0]


def test_buyers_without_a_phone_return_by_their_account_only() -> None:
    first, second = make_user(), make_user(email="khac@example.com")
    variant = make_variant()
    for days, user in ((3, first), (2, second), (1, first)):
        order = make_order((variant, 1), user=user, now=NOW - datetime.timedelta(days=days))
        Order.objects.filter(pk=order.pk).update(phone="")

    result = read_report("khach-moi-va-khach-cu", "buyer")

    assert {row.key: row.sums["orders"] for row in result.rows} == {"new": 2, "returning": 1}
    assert result.total["returning"] == 1


def test_communes_are_named_with_their_province() -> None:
    make_divisions()
    variant = make_variant(make_seller(), price=100_000)
    for commune in ("00613", "00613", "99999", ""):
        order = make_order((variant, 1))
        assert order.shipping_address is not None
        order.shipping_address.commune_code = commune
        order.shipping_address.save(update_fields=["commune_code"])

    result = read_report("don-den", "commune")

    assert {row.name: row.sums["parts"] for row in result.rows} == {
        "Nghĩa Đô, Hà Nội": 2,
        "Không còn biết": 1,
        "Không ghi": 1,
    }
    assert OrderPart.objects.count() == 4
