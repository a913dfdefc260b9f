"""Commission and tax withholding rates, each valid from a day until a day.

Orders keep the rates under which they were placed: these are copied onto their lines and parts.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from cooperatives.models import Cooperative
from orders.models import CommissionRate, WithholdingRate
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import ShopSettings, record_change

MAX_PERCENT = 100
Rate = TypeVar("Rate", CommissionRate, WithholdingRate)


class InvalidPercent(Refused):
    code = "invalid_percent"
    default_message = _("Enter a rate from 0 to 100 percent, with at most two decimals.")


class InvalidRatePeriod(Refused):
    code = "invalid_rate_period"
    default_message = _("The end date must not be before the start date.")


class RateAlreadyExists(Refused):
    """The same rate exists. Most likely the form was submitted twice."""

    code = "rate_already_exists"
    default_message = _("This rate already exists.")


class NoWithholdingRate(Refused):
    code = "no_withholding_rate"
    default_message = _("No rate applies today. Add the rates first, then turn on withholding.")


@transaction.atomic(durable=True)
def add_commission_rate(
    *,
    cooperative_id: int | None,
    category_id: int | None,
    percent: Decimal,
    valid_from: datetime.date,
    valid_until: datetime.date | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CommissionRate:
    """Add a commission rate for orders from that day on.

    If no cooperative or category is given, it applies to all. Raises InvalidRatePeriod, Missing,
    InvalidPercent, RateAlreadyExists.
    """
    require_valid_rate(percent, valid_from, valid_until)
    if cooperative_id is not None and not Cooperative.objects.filter(pk=cooperative_id).exists():
        raise Missing()
    if category_id is not None and not Category.objects.filter(pk=category_id).exists():
        raise Missing()
    values = {
        "cooperative_id": cooperative_id,
        "category_id": category_id,
        "percent": percent,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    return _add_rate(CommissionRate(**values), values, "commission.rate_added", actor=actor, now=now)


@transaction.atomic(durable=True)
def end_commission_rate(
    *, rate_id: int, last_day: datetime.date, actor: Actor, now: datetime.datetime
) -> CommissionRate:
    """Set the last day of a commission rate. Raises InvalidRatePeriod, Missing."""
    rate = lock_row(CommissionRate.objects.filter(pk=rate_id))
    return _end_rate(rate, last_day, "commission.rate_ended", actor=actor, now=now)


@transaction.atomic(durable=True)
def add_withholding_rate(
    *,
    name: str,
    percent: Decimal,
    valid_from: datetime.date,
    valid_until: datetime.date | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> WithholdingRate:
    """Add a withholding rate for orders from that day on, applied once withholding is switched on.

    Raises InvalidRatePeriod, InvalidPercent, RateAlreadyExists.
    """
    require_valid_rate(percent, valid_from, valid_until)
    values = {"name": name.strip(), "percent": percent, "valid_from": valid_from, "valid_until": valid_until}
    return _add_rate(WithholdingRate(**values), values, "withholding.rate_added", actor=actor, now=now)


@transaction.atomic(durable=True)
def end_withholding_rate(
    *, rate_id: int, last_day: datetime.date, actor: Actor, now: datetime.datetime
) -> WithholdingRate:
    """Set the last day of a withholding rate. Raises InvalidRatePeriod, Missing."""
    rate = lock_row(WithholdingRate.objects.filter(pk=rate_id))
    return _end_rate(rate, last_day, "withholding.rate_ended", actor=actor, now=now)


@transaction.atomic(durable=True)
def switch_withholding(*, is_on: bool, day: datetime.date, actor: Actor, now: datetime.datetime) -> None:
    """Switch tax withholding for new orders on or off. Raises NoWithholdingRate.

    The platform decides: only platforms that take orders and payments must withhold (Decree 117/2025).
    """
    ShopSettings.objects.get_or_create(pk=1)
    shop = lock_row(ShopSettings.objects.filter(pk=1))
    assert shop is not None
    if is_on and not WithholdingRate.objects.in_force_on(day).exists():
        raise NoWithholdingRate()
    if shop.is_tax_withheld != is_on:
        shop.is_tax_withheld = is_on
        shop.save(update_fields=["is_tax_withheld"])
        record_change(f"withholding.{'enabled' if is_on else 'disabled'}", shop, actor=actor, now=now)


def require_valid_rate(
    percent: Decimal, valid_from: datetime.date, valid_until: datetime.date | None
) -> None:
    """Check the terms of a new rate. Raises InvalidPercent, InvalidRatePeriod."""
    if not 0 <= percent <= MAX_PERCENT or percent != round(percent, 2):
        raise InvalidPercent(field="percent")
    if valid_until is not None and valid_until < valid_from:
        raise InvalidRatePeriod(field="valid_until")


def require_valid_last_day(rate: CommissionRate | WithholdingRate, last_day: datetime.date) -> None:
    """Check the last day of a rate. Raises InvalidRatePeriod."""
    if last_day < rate.valid_from:
        raise InvalidRatePeriod(field="last_day")


def _add_rate(
    rate: Rate, values: Mapping[str, object], action: str, *, actor: Actor, now: datetime.datetime
) -> Rate:
    if type(rate)._default_manager.filter(**values).exists():
        raise RateAlreadyExists()
    rate.save(force_insert=True)
    _record_rate_change(
        action, rate, {key: _json_value(value) for key, value in values.items()}, actor=actor, now=now
    )
    return rate


def _end_rate(
    rate: Rate | None, last_day: datetime.date, action: str, *, actor: Actor, now: datetime.datetime
) -> Rate:
    if rate is None:
        raise Missing()
    require_valid_last_day(rate, last_day)
    data = {"from": _json_value(rate.valid_until), "to": _json_value(last_day)}
    rate.valid_until = last_day
    rate.save(update_fields=["valid_until"])
    _record_rate_change(action, rate, data, actor=actor, now=now)
    return rate


def _record_rate_change(
    action: str, rate: models.Model, data: Mapping[str, object], *, actor: Actor, now: datetime.datetime
) -> None:
    cooperative_id = getattr(rate, "cooperative_id", None)
    record_change(action, rate, actor=actor, now=now, cooperative_id=cooperative_id, data=data)


def _json_value(value: object) -> object:
    return str(value) if isinstance(value, Decimal | datetime.date) else value
