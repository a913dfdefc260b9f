"""Rates and market days of a delivery method are replaced as a whole or not at all."""

from __future__ import annotations

import datetime

import pytest

from cooperatives.actions.delivery_terms import (
    DeliveryRateInput,
    InvalidDeliveryRate,
    InvalidMarketDay,
    MarketDayInput,
    MissingDeliveryRates,
    set_delivery_rates,
    set_market_days,
)
from cooperatives.models import DeliveryMethod, MarketDayKind
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import (
    HANOI,
    NOW,
    THAI_NGUYEN,
    make_channel,
    make_delivery_method,
    make_market_pickup,
    make_seller,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}
SIX, TEN = datetime.time(6), datetime.time(10)


def set_rates(delivery_method, *rates, cooperative=None, **options):
    set_delivery_rates(
        cooperative=cooperative or delivery_method.cooperative,
        delivery_method_id=delivery_method.pk,
        channel=make_channel(),
        rates=rates,
        **ACTOR_AND_NOW,
        **options,
    )


def schedule(delivery_method, *days, cooperative=None, cut_off_hours=12):
    set_market_days(
        cooperative=cooperative or delivery_method.cooperative,
        delivery_method_id=delivery_method.pk,
        days=days,
        cut_off_hours=cut_off_hours,
        **ACTOR_AND_NOW,
    )


def fee(delivery_method, province, grams=1_000, subtotal=100_000):
    delivery_method = DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk)
    return delivery_method.fee(
        channel_id=make_channel().pk, province_code=province, grams=grams, subtotal=subtotal
    )


def test_rate_table_replaces_flat_rate() -> None:
    delivery_method = make_delivery_method(make_seller(), make_channel(), fee=30_000)

    set_rates(
        delivery_method,
        DeliveryRateInput(15_000, THAI_NGUYEN, 2_000),
        DeliveryRateInput(20_000, THAI_NGUYEN),
        DeliveryRateInput(42_000),
        free_from=500_000,
    )

    province_fees = [fee(delivery_method, THAI_NGUYEN, grams) for grams in (2_000, 2_001)]
    assert (province_fees, fee(delivery_method, HANOI), fee(delivery_method, HANOI, subtotal=500_000)) == (
        [15_000, 20_000],
        42_000,
        0,
    )
    change = Change.objects.get(action="delivery_method.rates_set")
    assert [row["price"] for row in change.data["from"]] == [30_000]
    assert [row["price"] for row in change.data["to"]] == [15_000, 20_000, 42_000]


def test_rates_of_another_channel_are_kept() -> None:
    other_channel = make_channel(slug="khac")
    delivery_method = make_delivery_method(make_seller(), other_channel, fee=30_000)

    set_rates(delivery_method, DeliveryRateInput(42_000))

    assert sorted(delivery_method.rates.values_list("channel__slug", "price")) == [
        ("khac", 30_000),
        ("viet-nam", 42_000),
    ]


@pytest.mark.parametrize(
    "rates",
    [
        [DeliveryRateInput(1), DeliveryRateInput(-1, HANOI)],
        [DeliveryRateInput(1), DeliveryRateInput(100_000_000, HANOI)],
        [DeliveryRateInput(1), DeliveryRateInput(1, HANOI, 0)],
        [DeliveryRateInput(1), DeliveryRateInput(2)],
    ],
)
def test_invalid_rate_is_refused_with_its_row(rates) -> None:
    delivery_method = make_delivery_method(make_seller(), make_channel())

    with assert_refused(InvalidDeliveryRate, "invalid_delivery_rate") as refusal:
        set_rates(delivery_method, *rates)

    assert refusal.value.details == {"row": 1}


def test_carrier_requires_rates_and_pickup_does_not() -> None:
    seller = make_seller()
    carried_method, collected = (
        make_delivery_method(seller, make_channel()),
        make_market_pickup(seller, make_channel()),
    )

    with assert_refused(MissingDeliveryRates, "missing_delivery_rates"):
        set_rates(carried_method)
    set_rates(collected)

    assert fee(collected, HANOI) == 0


def test_market_days_are_replaced_with_capacity() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())

    schedule(delivery_method, MarketDayInput(MarketDayKind.SOLAR, 5, SIX, TEN, capacity=20), cut_off_hours=24)

    delivery_method = DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk)
    times = delivery_method.pickup_times(now=NOW, count=2)
    assert [(time.key, time.capacity) for time in times] == [
        ("2026-12-05T06:00", 20),
        ("2027-01-05T06:00", 20),
    ]
    assert delivery_method.cut_off_hours == 24
    change = Change.objects.get(action="delivery_method.market_days_set")
    assert (change.data["from"], change.data["to"]) == (
        ["weekday 6, 06:00-10:00, *"],
        ["solar 5, 06:00-10:00, 20"],
    )


@pytest.mark.parametrize(
    "day",
    [
        MarketDayInput(MarketDayKind.WEEKDAY, 7, SIX, TEN),
        MarketDayInput(MarketDayKind.SOLAR, 0, SIX, TEN),
        MarketDayInput(MarketDayKind.LUNAR, 31, SIX, TEN),
        MarketDayInput(MarketDayKind.WEEKDAY, 6, TEN, TEN),
        MarketDayInput(MarketDayKind.WEEKDAY, 6, SIX, TEN, capacity=0),
    ],
)
def test_invalid_market_day_is_refused(day) -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())

    with assert_refused(InvalidMarketDay, "invalid_market_day"):
        schedule(delivery_method, MarketDayInput(MarketDayKind.WEEKDAY, 5, SIX, TEN), day)


def test_duplicate_start_time_is_refused_with_its_row() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())
    morning = MarketDayInput(MarketDayKind.LUNAR, 5, SIX, TEN)

    with assert_refused(InvalidMarketDay, "invalid_market_day") as refusal:
        schedule(delivery_method, morning, MarketDayInput(MarketDayKind.LUNAR, 5, SIX, datetime.time(11)))

    assert refusal.value.details == {"row": 1}


def test_overlapping_market_days_give_one_pickup_time() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel(), weekday=5)

    # 28 November 2026 is a Saturday.
    schedule(
        delivery_method,
        MarketDayInput(MarketDayKind.WEEKDAY, 5, SIX, TEN),
        MarketDayInput(MarketDayKind.SOLAR, 28, SIX, TEN),
    )

    times = (
        DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk).pickup_times(now=NOW, count=2)
    )
    assert [time.key for time in times] == ["2026-11-28T06:00", "2026-12-05T06:00"]


def test_foreign_inactive_and_carrier_delivery_methods_are_missing() -> None:
    seller, other_seller = make_seller(), make_seller("HTX Tài Hoan")
    carried_method, market = (
        make_delivery_method(seller, make_channel()),
        make_market_pickup(seller, make_channel()),
    )
    inactive = make_delivery_method(seller, make_channel(), is_active=False)

    for delivery_method, cooperative in ((carried_method, other_seller), (inactive, seller)):
        with assert_refused(Missing, "missing"):
            set_rates(delivery_method, DeliveryRateInput(1), cooperative=cooperative)
    for delivery_method, cooperative in ((carried_method, seller), (market, other_seller)):
        with assert_refused(Missing, "missing"):
            schedule(delivery_method, cooperative=cooperative)


def test_slot_capacity_follows_schedule_but_not_below_taken_places() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel(), capacity=5)
    sunday = datetime.date(2026, 11, 29)
    slots = [
        delivery_method.slots.create(day=day, starts=SIX, ends=TEN, capacity=5, booked=3)
        for day in (sunday, sunday - datetime.timedelta(days=7), sunday + datetime.timedelta(days=1))
    ]

    def capacities(*, capacity):
        schedule(delivery_method, MarketDayInput(MarketDayKind.WEEKDAY, 6, SIX, TEN, capacity=capacity))
        for slot in slots:
            slot.refresh_from_db()
        return [slot.capacity for slot in slots]

    # Past slots and slots on days that are no longer market days stay unchanged.
    assert capacities(capacity=8) == [8, 5, 5]
    assert capacities(capacity=1) == [3, 5, 5]
    assert capacities(capacity=None) == [None, 5, 5]
