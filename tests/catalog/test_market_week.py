from __future__ import annotations

import datetime

import pytest
from django.utils import translation

from catalog.market_week import load_weekly_delivery_methods, this_week
from cooperatives.models import DeliveryKind, DeliveryMethod
from cooperatives.states import CooperativeState
from shop.core.dates.calendar import vietnam_date
from tests.factories import NOW, make_channel, make_cooperative, make_market_pickup, make_service

pytestmark = pytest.mark.django_db

WEDNESDAY, FRIDAY, SUNDAY = 2, 4, 6


def make_coach(
    name: str = "HTX Yến Dương", *, hour: int = 18, cut_off: int = 25, **fields: object
) -> DeliveryMethod:
    """Make a coach on Friday evening whose orders close the day before."""
    return DeliveryMethod.objects.create(
        cooperative=make_cooperative(name, **fields),
        service=make_service(make_channel(), DeliveryKind.COACH),
        kind=DeliveryKind.COACH,
        name="Xe khách",
        departs_weekday=FRIDAY,
        departs_at=datetime.time(hour),
        cut_off_hours=cut_off,
    )


def test_week_shows_cut_off_departure_and_market_day() -> None:
    make_coach()
    make_market_pickup(make_cooperative("HTX Thiên An"), make_channel(), weekday=SUNDAY)

    with translation.override("vi"):
        week = this_week(load_weekly_delivery_methods(), now=NOW)

    assert [(day.date.isoformat(), day.kind, day.text, day.is_today) for day in week.days] == [
        ("2026-11-24", "", "", True),
        ("2026-11-25", "", "", False),
        ("2026-11-26", "event", "chốt đơn", False),
        ("2026-11-27", "event", "xe xuống núi", False),
        ("2026-11-28", "", "", False),
        ("2026-11-29", "market", "chợ phiên", False),
        ("2026-11-30", "", "", False),
    ]
    assert week.coach is not None
    assert week.coach.closes_at == datetime.datetime(2026, 11, 26, 10, tzinfo=datetime.UTC)
    assert week.coach.leaves_at == datetime.datetime(2026, 11, 27, 11, tzinfo=datetime.UTC)
    assert week.market is not None
    assert week.market.time.day == datetime.date(2026, 11, 29)


def test_events_are_announced_in_chronological_order() -> None:
    make_coach()
    market = make_market_pickup(make_cooperative("HTX Thiên An"), make_channel(), weekday=WEDNESDAY)

    before_coach = this_week(load_weekly_delivery_methods(), now=NOW)
    market.market_days.update(number=SUNDAY)
    after_coach = this_week(load_weekly_delivery_methods(), now=NOW)

    assert [(event.kind, vietnam_date(event.moment).day) for event in before_coach.events()] == [
        ("market", 25),
        ("orders_close", 26),
        ("coach_leaves", 27),
    ]
    assert [event.kind for event in after_coach.events()] == ["orders_close", "coach_leaves", "market"]


def test_market_that_takes_no_more_orders_is_no_day_to_come() -> None:
    make_market_pickup(make_cooperative("HTX Thiên An"), make_channel(), weekday=SUNDAY)
    after_cut_off = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)  # twelve hours before are over

    week = this_week(load_weekly_delivery_methods(), now=after_cut_off)

    assert [day.date.day for day in week.days] == [28, 29, 30, 1, 2, 3, 4]
    assert {day.kind for day in week.days} == {""}
    assert week.market is not None
    assert week.market.time.day == datetime.date(2026, 12, 6)


def test_next_coach_is_shown_after_cut_off() -> None:
    make_coach()
    cut_off = datetime.datetime(2026, 11, 26, 10, tzinfo=datetime.UTC)

    week = this_week(load_weekly_delivery_methods(), now=cut_off)

    assert week.coach is not None
    assert week.coach.leaves_at == datetime.datetime(2026, 12, 4, 11, tzinfo=datetime.UTC)


def test_coach_with_earliest_cut_off_is_shown() -> None:
    make_coach("HTX Sau", hour=19, cut_off=2)
    first = make_coach("HTX Trước", hour=20, cut_off=26)

    week = this_week(load_weekly_delivery_methods(), now=NOW)

    assert week.coach is not None
    assert week.coach.delivery_method == first


def test_suspended_cooperatives_and_inactive_delivery_methods_are_left_out() -> None:
    make_coach(state=CooperativeState.SUSPENDED)
    inactive = make_market_pickup(make_cooperative("HTX Thiên An"), make_channel())
    inactive.is_active = False
    inactive.save(update_fields=["is_active"])

    week = this_week(load_weekly_delivery_methods(), now=NOW)

    assert week.coach is None
    assert week.market is None
    assert {day.kind for day in week.days} == {""}
