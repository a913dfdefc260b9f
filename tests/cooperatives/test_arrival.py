"""The day an order arrives: cut-off, departure, days on the way, holidays."""

from __future__ import annotations

import datetime

import pytest

from cooperatives.models import Arrival, DeliveryKind, DeliveryMethod, ShippingService
from shop.core.dates.calendar import VIETNAM
from tests.factories import make_channel, make_cooperative, make_market_pickup

FRIDAY = 4


def at(day: str, hour: int = 10, minute: int = 0) -> datetime.datetime:
    return datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time(hour, minute), VIETNAM)


def arrival(now: datetime.datetime, **fields: object) -> tuple[str, str] | None:
    method = DeliveryMethod(**({"kind": DeliveryKind.CARRIER} | fields))
    days = method.arrival(now=now)
    return (str(days.first), str(days.last)) if days else None


def coach_arrival(now: datetime.datetime, **fields: object) -> Arrival | None:
    """Return the coach of Friday, 19:00, whose orders close at 17:00 on Thursday; it arrives on Saturday."""
    terms = {
        "departs_weekday": FRIDAY,
        "departs_at": datetime.time(19),
        "cut_off_hours": 26,
        "minimum_days": 1,
        "maximum_days": 1,
    }
    return DeliveryMethod(kind=DeliveryKind.COACH, **(terms | fields)).arrival(now=now)


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (at("2026-11-28"), ("2026-11-30", "2026-12-01")),
        (at("2026-11-28", 23, 59), ("2026-11-30", "2026-12-01")),
        (at("2026-12-31"), ("2027-01-03", "2027-01-04")),  # New Year does not count
        (at("2027-02-04"), ("2027-02-12", "2027-02-13")),  # nor does Tết, from 5 to 10 February
        (at("2027-02-07"), ("2027-02-13", "2027-02-14")),  # ordered at Tết, sent on the 11th
    ],
)
def test_carrier_arrives_days_after_the_order(now: datetime.datetime, days: tuple[str, str]) -> None:
    assert arrival(now, minimum_days=2, maximum_days=3) == days


def test_order_after_the_cut_off_is_sent_a_day_later() -> None:
    fields = {"minimum_days": 1, "maximum_days": 1, "cut_off_hours": 8}

    assert arrival(at("2026-11-28", 15, 59), **fields) == ("2026-11-29", "2026-11-29")
    assert arrival(at("2026-11-28", 16), **fields) == ("2026-11-30", "2026-11-30")


def test_carrier_without_days_promises_none() -> None:
    assert arrival(at("2026-11-28")) is None


def test_service_of_the_channel_counts_the_same_days() -> None:
    service = ShippingService(minimum_days=1, maximum_days=3)

    assert service.arrival(now=at("2026-12-31")) == Arrival(
        datetime.date(2027, 1, 2), datetime.date(2027, 1, 4)
    )


@pytest.mark.parametrize(
    ("now", "leaves", "arrives"),
    [
        (at("2026-12-03", 16, 59), "2026-12-04", "2026-12-05"),
        (at("2026-12-03", 17), "2026-12-11", "2026-12-12"),  # closed: the coach of next week
        (at("2026-12-04", 20), "2026-12-11", "2026-12-12"),
        (at("2027-02-03"), "2027-02-12", "2027-02-13"),  # no coach on New Year's Eve
        (at("2026-12-29"), "2027-01-08", "2027-01-09"),  # nor on New Year's Day, a Friday
    ],
)
def test_coach_arrives_after_the_departure_that_still_takes_orders(
    now: datetime.datetime, leaves: str, arrives: str
) -> None:
    day = datetime.date.fromisoformat(arrives)

    assert coach_arrival(now) == Arrival(day, day, at(leaves, 19))


def test_coach_without_days_has_only_its_departure() -> None:
    days = coach_arrival(at("2026-12-01"), minimum_days=None, maximum_days=None)

    assert days == Arrival(None, None, at("2026-12-04", 19))


@pytest.mark.django_db
def test_no_pickup_at_tet() -> None:
    pickup = make_market_pickup(make_cooperative(), make_channel(), weekday=6)

    assert pickup.arrival(now=at("2027-02-01")) is None
    assert [str(time.day) for time in pickup.pickup_times(now=at("2027-02-01"), count=2)] == [
        "2027-02-14",
        "2027-02-21",
    ]
