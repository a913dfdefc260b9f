"""Delivery fees and pickup times."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, transaction

from cooperatives.models import DeliveryMethod, DeliveryRate, MarketDay, MarketDayKind
from shop.core.dates.calendar import VIETNAM
from tests.factories import (
    HANOI,
    NOW,
    THAI_NGUYEN,
    make_channel,
    make_delivery_method,
    make_market_pickup,
    make_seller,
)

pytestmark = pytest.mark.django_db
CAO_BANG = "04"


def make_method_with_rates(*rates, **fields):
    """Make a carrier with rates: (province, up to grams, price)."""
    channel = make_channel()
    delivery_method = make_delivery_method(make_seller(), channel, provinces=(), **fields)
    for province, grams, price in rates:
        DeliveryRate.objects.create(
            delivery_method=delivery_method,
            channel=channel,
            currency="VND",
            province_code=province,
            up_to_grams=grams,
            price=price,
        )
    return DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk)


def fee(delivery_method, province, grams=1_000, subtotal=100_000):
    return delivery_method.fee(
        channel_id=make_channel().pk, province_code=province, grams=grams, subtotal=subtotal
    )


def test_province_rate_wins_over_default_rate() -> None:
    delivery_method = make_method_with_rates((THAI_NGUYEN, None, 15_000), ("", None, 40_000))

    assert [fee(delivery_method, province) for province in (THAI_NGUYEN, HANOI, "")] == [
        15_000,
        40_000,
        40_000,
    ]


def test_province_without_rate_is_not_served() -> None:
    delivery_method = make_method_with_rates((THAI_NGUYEN, None, 15_000))

    assert fee(delivery_method, HANOI) is None
    assert delivery_method.serves(channel_id=make_channel().pk, province_code=THAI_NGUYEN)
    assert not delivery_method.serves(channel_id=make_channel().pk, province_code=HANOI)


@pytest.mark.parametrize(
    ("grams", "price"),
    [
        (0, 20_000),
        (1_999, 20_000),
        (2_000, 20_000),
        (2_001, 35_000),
        (5_000, 35_000),
        (5_001, None),
        (10**9, None),
    ],
)
def test_lightest_matching_weight_bracket_applies_and_heavier_has_no_fee(grams, price) -> None:
    delivery_method = make_method_with_rates(("", 5_000, 35_000), ("", 2_000, 20_000))

    assert fee(delivery_method, HANOI, grams=grams) == price


def test_open_bracket_covers_heavier_parcels() -> None:
    delivery_method = make_method_with_rates(("", None, 90_000), ("", 2_000, 20_000))

    assert [fee(delivery_method, HANOI, grams=grams) for grams in (2_000, 2_001)] == [20_000, 90_000]


def test_province_brackets_do_not_fall_back_to_default_rate() -> None:
    delivery_method = make_method_with_rates((THAI_NGUYEN, 2_000, 10_000), ("", None, 40_000))

    assert fee(delivery_method, THAI_NGUYEN, grams=3_000) is None


@pytest.mark.parametrize(("subtotal", "price"), [(499_999, 30_000), (500_000, 0), (10**9, 0)])
def test_delivery_is_free_from_a_subtotal(subtotal, price) -> None:
    delivery_method = make_method_with_rates(("", 5_000, 30_000), free_from=500_000)

    assert fee(delivery_method, HANOI, subtotal=subtotal) == price
    assert fee(delivery_method, HANOI, subtotal=subtotal, grams=6_000) is None


def test_rates_of_another_channel_are_ignored() -> None:
    delivery_method = make_method_with_rates(("", None, 30_000))
    other_channel = make_channel(slug="khac")

    assert delivery_method.fee(channel_id=other_channel.pk, province_code=HANOI, grams=1, subtotal=1) is None


def test_pickup_is_free_in_every_province() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())

    assert fee(delivery_method, HANOI) == 0
    assert delivery_method.serves(channel_id=make_channel().pk, province_code=CAO_BANG)


def pickup_days(kind, number, *, now=NOW, cut_off=0, count=4):
    delivery_method = make_market_pickup(make_seller(), make_channel())
    delivery_method.market_days.all().delete()
    DeliveryMethod.objects.filter(pk=delivery_method.pk).update(cut_off_hours=cut_off)
    MarketDay.objects.create(
        delivery_method=delivery_method,
        kind=kind,
        number=number,
        starts=datetime.time(6),
        ends=datetime.time(10),
    )
    times = (
        DeliveryMethod.objects.active_with_terms()
        .get(pk=delivery_method.pk)
        .pickup_times(now=now, count=count)
    )
    return [time.day.isoformat() for time in times]


def test_weekday_market_repeats_weekly() -> None:
    assert pickup_days(MarketDayKind.WEEKDAY, 6) == ["2026-11-29", "2026-12-06", "2026-12-13", "2026-12-20"]


def test_solar_market_skips_months_without_that_day() -> None:
    assert pickup_days(MarketDayKind.SOLAR, 31, count=2) == ["2026-12-31", "2027-01-31"]


def test_lunar_market_follows_vietnamese_calendar() -> None:
    # The first of the lunar months as Vietnam's calendar prints them; none on Tết, 6 February 2027.
    assert pickup_days(MarketDayKind.LUNAR, 1, count=3) == ["2026-12-09", "2027-01-08", "2027-03-08"]


@pytest.mark.parametrize(
    ("hour", "first"), [(17, "2026-11-29"), (18, "2026-11-29"), (19, "2026-12-06"), (23, "2026-12-06")]
)
def test_orders_close_cut_off_hours_before_market(hour, first) -> None:
    saturday = datetime.datetime(2026, 11, 28, hour, 0, tzinfo=VIETNAM)

    assert pickup_days(MarketDayKind.WEEKDAY, 6, now=saturday, cut_off=12)[0] == first


def test_market_that_has_begun_is_skipped() -> None:
    def sunday(hour):
        return datetime.datetime(2026, 11, 29, hour, 0, tzinfo=VIETNAM)

    assert pickup_days(MarketDayKind.WEEKDAY, 6, now=sunday(5))[0] == "2026-11-29"
    assert pickup_days(MarketDayKind.WEEKDAY, 6, now=sunday(7))[0] == "2026-12-06"


def test_pickup_times_of_one_day_are_sorted() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())
    MarketDay.objects.create(
        delivery_method=delivery_method,
        kind=MarketDayKind.WEEKDAY,
        number=6,
        starts=datetime.time(4),
        ends=datetime.time(5),
    )

    times = (
        DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk).pickup_times(now=NOW, count=2)
    )

    assert [time.key for time in times] == ["2026-11-29T04:00", "2026-11-29T06:00"]


@pytest.mark.parametrize(
    ("kind", "number"), [("weekday", 7), ("solar", 0), ("solar", 32), ("lunar", 0), ("lunar", 32)]
)
def test_invalid_market_day_number_violates_constraint(kind, number) -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())

    with pytest.raises(IntegrityError), transaction.atomic():
        MarketDay.objects.create(
            delivery_method=delivery_method,
            kind=kind,
            number=number,
            starts=datetime.time(6),
            ends=datetime.time(7),
        )


def test_only_pickup_methods_have_a_warehouse() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())

    for change in ({"warehouse": None}, {"kind": "carrier"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            DeliveryMethod.objects.filter(pk=delivery_method.pk).update(**change)
