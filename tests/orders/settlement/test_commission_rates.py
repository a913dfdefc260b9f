"""Commission and withholding rates: which one applies, and that placed orders keep theirs."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from orders.actions.settlement.commission_rates import (
    InvalidPercent,
    InvalidRatePeriod,
    NoWithholdingRate,
    RateAlreadyExists,
    add_commission_rate,
    add_withholding_rate,
    end_commission_rate,
    end_withholding_rate,
    switch_withholding,
)
from orders.models import CommissionRate, LedgerEntry, OrderPart, WithholdingRate
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing
from shop.core.models import Change, shop_settings
from tests.factories import NOW, make_category, make_commission_rate, make_order, make_seller, make_variant
from tests.invariants import check_ledger
from tests.orders.ledger.test_earnings_postings import deliver
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
DESK = Actor.person(1, "Bàn", EntryPoint.DESK)
TODAY = datetime.date(2026, 11, 24)
TOMORROW = TODAY + datetime.timedelta(days=1)
YESTERDAY = TODAY - datetime.timedelta(days=1)


def rate_of(variant):
    """Return commission rate and amount of the one line of an order placed now."""
    line = make_order((variant, 1)).lines.get()
    return line.commission_rate, line.commission


def test_no_commission_without_rate() -> None:
    assert rate_of(make_variant(price=100_000)) == (0, 0)


def test_most_specific_rate_applies_with_cooperative_before_category() -> None:
    crafts = make_category("Thổ cẩm")
    pillows = make_category("Gối", parent=crafts)
    seller, other = make_seller(), make_seller("HTX Khác")
    make_commission_rate(10)
    make_commission_rate(8, category=crafts)
    make_commission_rate(7, category=pillows)
    make_commission_rate(4, seller)
    make_commission_rate(Decimal("2.5"), seller, pillows)

    assert rate_of(make_variant(other, price=100_000)) == (10, 10_000)
    assert rate_of(make_variant(other, price=100_000, category=crafts)) == (8, 8_000)
    assert rate_of(make_variant(other, price=100_000, category=pillows)) == (7, 7_000)
    assert rate_of(make_variant(seller, price=100_000, category=crafts)) == (4, 4_000)
    assert rate_of(make_variant(seller, price=100_000, category=pillows)) == (Decimal("2.5"), 2_500)


def test_rate_applies_from_first_to_last_day() -> None:
    variant = make_variant(price=100_000)
    make_commission_rate(9, valid_from=TOMORROW)
    make_commission_rate(8, valid_until=YESTERDAY)
    make_commission_rate(5, valid_from=datetime.date(2026, 1, 1), valid_until=TODAY)

    assert rate_of(variant) == (5, 5_000)


def test_later_of_two_equal_rates_applies() -> None:
    variant = make_variant(price=100_000)
    make_commission_rate(6, valid_from=YESTERDAY)
    make_commission_rate(5)

    assert rate_of(variant) == (6, 6_000)


def test_placed_order_keeps_its_commission_rate() -> None:
    variant = make_variant(price=100_000)
    rate = make_commission_rate(5)
    part = make_order((variant, 1)).parts.get()
    CommissionRate.objects.filter(pk=rate.pk).update(percent=50)

    deliver(part)

    assert part.commission == 5_000
    assert LedgerEntry.objects.filter(account="commission").balance() == -5_000
    check_ledger()


def test_adding_and_ending_rate_are_recorded() -> None:
    seller = make_seller()

    rate = add_commission_rate(
        cooperative_id=seller.pk,
        category_id=None,
        percent=Decimal("4.50"),
        valid_from=TODAY,
        actor=DESK,
        now=NOW,
    )
    end_commission_rate(rate_id=rate.pk, last_day=TOMORROW, actor=DESK, now=NOW)

    rate.refresh_from_db()
    assert (rate.percent, rate.valid_from, rate.valid_until) == (Decimal("4.50"), TODAY, TOMORROW)
    changes = Change.objects.of_row(rate).oldest_first().values_list("action", "cooperative", "data")
    assert list(changes) == [
        (
            "commission.rate_added",
            seller.pk,
            {
                "cooperative_id": seller.pk,
                "category_id": None,
                "percent": "4.50",
                "valid_from": "2026-11-24",
                "valid_until": None,
            },
        ),
        ("commission.rate_ended", seller.pk, {"from": None, "to": "2026-11-25"}),
    ]


@pytest.mark.parametrize(
    ("fields", "error", "code"),
    [
        ({"percent": Decimal("100.01")}, InvalidPercent, "invalid_percent"),
        ({"percent": Decimal(-1)}, InvalidPercent, "invalid_percent"),
        ({"percent": Decimal("1.005")}, InvalidPercent, "invalid_percent"),
        ({"valid_until": YESTERDAY}, InvalidRatePeriod, "invalid_rate_period"),
        ({"cooperative_id": 999_999}, Missing, "missing"),
        ({"category_id": 999_999}, Missing, "missing"),
    ],
)
def test_invalid_rate_is_refused(fields, error, code) -> None:
    rate_fields = {"cooperative_id": None, "category_id": None, "percent": Decimal(5), "valid_from": TODAY}

    with assert_refused(error, code):
        add_commission_rate(**rate_fields | fields, actor=DESK, now=NOW)


def test_duplicate_rate_is_refused() -> None:
    rate_fields = {"cooperative_id": None, "category_id": None, "percent": Decimal(5), "valid_from": TODAY}
    add_commission_rate(**rate_fields, actor=DESK, now=NOW)

    with assert_refused(RateAlreadyExists, "rate_already_exists"):
        add_commission_rate(**rate_fields, actor=DESK, now=NOW)


def test_rate_cannot_end_before_it_begins() -> None:
    rate = make_commission_rate(5, valid_from=TODAY)

    with assert_refused(InvalidRatePeriod, "invalid_rate_period"):
        end_commission_rate(rate_id=rate.pk, last_day=YESTERDAY, actor=DESK, now=NOW)
    with assert_refused(Missing, "missing"):
        end_commission_rate(rate_id=999_999, last_day=TODAY, actor=DESK, now=NOW)


def withholding(name, percent, **days):
    return add_withholding_rate(
        name=name, percent=Decimal(percent), **{"valid_from": TODAY} | days, actor=DESK, now=NOW
    )


def test_no_tax_is_withheld_until_switched_on() -> None:
    withholding("GTGT", "1")
    variant = make_variant(price=100_000)

    part = make_order((variant, 1)).parts.get()

    assert not shop_settings().is_tax_withheld
    assert part.withholding_rate == 0


def test_tax_is_withheld_at_rates_of_the_day() -> None:
    withholding("GTGT", "1")
    withholding("TNCN", "0.5")
    withholding("sau này", "7", valid_from=TOMORROW)
    switch_withholding(is_on=True, day=TODAY, actor=DESK, now=NOW)

    part = make_order((make_variant(price=100_000), 1)).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post")
    deliver(OrderPart.objects.get(pk=part.pk))

    assert part.withholding_rate == Decimal("1.50")
    assert LedgerEntry.objects.filter(account="tax_withheld").balance() == -1_500
    assert Change.objects.filter(action="withholding.enabled").count() == 1
    check_ledger()


def test_switching_withholding_off_affects_later_orders_only() -> None:
    rate = withholding("GTGT", "1")
    switch_withholding(is_on=True, day=TODAY, actor=DESK, now=NOW)
    before = make_order((make_variant(price=100_000), 1)).parts.get()

    switch_withholding(is_on=False, day=TODAY, actor=DESK, now=NOW)

    after = make_order((make_variant(price=100_000), 1)).parts.get()
    assert (before.withholding_rate, after.withholding_rate) == (1, 0)
    assert end_withholding_rate(rate_id=rate.pk, last_day=TODAY, actor=DESK, now=NOW).valid_until == TODAY
    assert WithholdingRate.objects.total_percent(TOMORROW) == 0


def test_withholding_without_rate_is_refused() -> None:
    withholding("sau này", "7", valid_from=TOMORROW)

    with assert_refused(NoWithholdingRate, "no_withholding_rate"):
        switch_withholding(is_on=True, day=TODAY, actor=DESK, now=NOW)
