"""Price tables and pickup times of delivery methods."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from cooperatives.models import (
    PICKUP_KINDS,
    Cooperative,
    DeliveryMethod,
    DeliveryRate,
    MarketDay,
    MarketDayKind,
    PickupSlot,
)
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change

MAX_FEE = 99_999_999


class InvalidDeliveryRate(Refused):
    """Raised for an invalid price. `details["row"]` is the row's index from 0."""

    code = "invalid_delivery_rate"
    default_message = _("Enter one price for each place and weight, from 0 to 99,999,999.")


class MissingDeliveryRates(Refused):
    code = "missing_delivery_rates"
    default_message = _("This delivery method needs a price for at least one place.")


class InvalidMarketDay(Refused):
    """Raised for an invalid market day. `details["row"]` is the row's index from 0."""

    code = "invalid_market_day"
    default_message = _(
        "Each market day needs a valid day, each time only once, and an end time after the start time."
    )


@dataclass(frozen=True, slots=True)
class DeliveryRateInput:
    """A price in minor units up to a weight, for a province. An empty province code stands for all others."""

    price: int
    province_code: str = ""
    up_to_grams: int | None = None


@dataclass(frozen=True, slots=True)
class MarketDayInput:
    """Opening hours for pickup in Vietnam time. `capacity` is a number of orders, None for no limit."""

    kind: MarketDayKind
    number: int
    starts: datetime.time
    ends: datetime.time
    capacity: int | None = None


_MAX_NUMBER = {MarketDayKind.WEEKDAY: 6, MarketDayKind.SOLAR: 31, MarketDayKind.LUNAR: 30}


@transaction.atomic(durable=True)
def set_delivery_rates(
    *,
    cooperative: Cooperative,
    delivery_method_id: int,
    channel: Channel,
    rates: Sequence[DeliveryRateInput],
    free_from: int | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Replace a delivery method's price table in one channel.

    Existing orders keep their fee. Raises Missing, MissingDeliveryRates, InvalidDeliveryRate.
    """
    delivery_method = _lock_delivery_method(cooperative, delivery_method_id)
    replace_delivery_rates(delivery_method, channel, rates, free_from=free_from, actor=actor, now=now)


@transaction.atomic(durable=True)
def set_market_days(
    *,
    cooperative: Cooperative,
    delivery_method_id: int,
    days: Sequence[MarketDayInput],
    cut_off_hours: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Replace the pickup times and the order cut-off of a delivery method.

    Booked places stay booked, even if the capacity shrinks. Raises InvalidMarketDay, and
    Missing if there is no such method or it has no pickup.
    """
    delivery_method = _lock_delivery_method(cooperative, delivery_method_id)
    if delivery_method.kind not in PICKUP_KINDS:
        raise Missing()
    replace_market_days(delivery_method, days, cut_off_hours=cut_off_hours, actor=actor, now=now)


def replace_delivery_rates(
    delivery_method: DeliveryMethod,
    channel: Channel,
    rates: Sequence[DeliveryRateInput],
    *,
    free_from: int | None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: replace the rates of a locked delivery method.

    Raises MissingDeliveryRates, InvalidDeliveryRate.
    """
    if not rates and delivery_method.kind not in PICKUP_KINDS:
        raise MissingDeliveryRates(field="rates")
    _require_valid_rates(rates)
    if free_from is not None and free_from < 0:
        raise InvalidDeliveryRate(field="free_from")
    before = delivery_method.rates.filter(channel=channel)
    change_data = {
        "channel": channel.pk,
        "from": list(before.order_by("pk").values("price", "province_code", "up_to_grams")),
        "to": [asdict(rate) for rate in rates],
        "free_from": [delivery_method.free_from, free_from],
    }
    before.delete()
    DeliveryRate.objects.bulk_create(
        DeliveryRate(
            delivery_method=delivery_method, channel=channel, currency=channel.currency, **asdict(rate)
        )
        for rate in rates
    )
    delivery_method.free_from = free_from
    delivery_method.save(update_fields=["free_from"])
    _record_terms_change("delivery_method.rates_set", delivery_method, change_data, actor=actor, now=now)


def replace_market_days(
    delivery_method: DeliveryMethod,
    days: Sequence[MarketDayInput],
    *,
    cut_off_hours: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: replace the schedule of a locked pickup method.

    Raises InvalidMarketDay.
    """
    _require_valid_days(days)
    if not 0 <= cut_off_hours <= 24 * 14:
        raise InvalidMarketDay(field="cut_off_hours")
    change_data = {
        "from": _format_market_days(delivery_method.market_days.order_by("pk")),
        "cut_off_hours": [delivery_method.cut_off_hours, cut_off_hours],
    }
    delivery_method.market_days.all().delete()
    new_days = MarketDay.objects.bulk_create(
        MarketDay(delivery_method=delivery_method, **asdict(day)) for day in days
    )
    delivery_method.cut_off_hours = cut_off_hours
    delivery_method.save(update_fields=["cut_off_hours"])
    _update_slot_capacities(delivery_method, new_days, now=now)
    _record_terms_change(
        "delivery_method.market_days_set",
        delivery_method,
        change_data | {"to": _format_market_days(new_days)},
        actor=actor,
        now=now,
    )


def _update_slot_capacities(
    delivery_method: DeliveryMethod, days: Sequence[MarketDay], *, now: datetime.datetime
) -> None:
    """Set the capacity of future booked slots to the new one, but never below the places booked."""
    for slot in PickupSlot.objects.filter(
        delivery_method=delivery_method, day__gte=vietnam_date(now)
    ).order_by("day", "starts"):
        matching_days = (
            pickup_day
            for pickup_day in days
            if pickup_day.starts == slot.starts and pickup_day.falls_on(slot.day)
        )
        day = next(matching_days, None)
        if day is not None and day.capacity != slot.capacity:
            new_capacity = None if day.capacity is None else Greatest(F("booked"), day.capacity)
            PickupSlot.objects.filter(pk=slot.pk).update(capacity=new_capacity)


def _lock_delivery_method(cooperative: Cooperative, delivery_method_id: int) -> DeliveryMethod:
    delivery_method = lock_row(
        DeliveryMethod.objects.filter(cooperative=cooperative, is_active=True, pk=delivery_method_id)
    )
    if delivery_method is None:
        raise Missing()
    return delivery_method


def _require_valid_rates(rates: Sequence[DeliveryRateInput]) -> None:
    brackets = [(rate.province_code, rate.up_to_grams) for rate in rates]
    for row, rate in enumerate(rates):
        has_valid_weight = rate.up_to_grams is None or rate.up_to_grams > 0
        if not (0 <= rate.price <= MAX_FEE and has_valid_weight) or brackets[row] in brackets[:row]:
            raise InvalidDeliveryRate(field="rates", row=row)


def _require_valid_days(days: Sequence[MarketDayInput]) -> None:
    start_times = [(day.kind, day.number, day.starts) for day in days]
    for row, day in enumerate(days):
        lowest = 0 if day.kind == MarketDayKind.WEEKDAY else 1
        is_existing_day = lowest <= day.number <= _MAX_NUMBER[day.kind]
        has_capacity = day.capacity is None or day.capacity > 0
        is_new = start_times[row] not in start_times[:row]
        if not (is_existing_day and is_new and has_capacity and day.starts < day.ends):
            raise InvalidMarketDay(field="days", row=row)


def _format_market_days(days: Iterable[MarketDay]) -> list[str]:
    """Format market days for the change history: "lunar 5, 06:00-10:00, 20"."""
    return [f"{day}, {day.starts:%H:%M}-{day.ends:%H:%M}, {day.capacity or '*'}" for day in days]


def _record_terms_change(
    action: str,
    delivery_method: DeliveryMethod,
    data: Mapping[str, object],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    record_change(
        action,
        delivery_method,
        actor=actor,
        now=now,
        root=Cooperative(pk=delivery_method.cooperative_id),
        cooperative_id=delivery_method.cooperative_id,
        data=data,
    )
