"""What the platform keeps of sales, and what it withholds as tax: rates that begin and end on days.

What was ordered before keeps the rates it was ordered under: they are copied onto its lines and parts.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from catalog.models import Category
from cooperatives.models import Cooperative
from orders.models import CommissionRate, WithholdingRate
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import ShopSettings, record_change

MOST_PERCENT = 100
Rate = TypeVar("Rate", CommissionRate, WithholdingRate)


class OddPercent(Refused):
    code = "odd_percent"
    default_words = _("A rate is between 0 and 100 percent, with two decimals at most.")


class EndsBeforeItBegins(Refused):
    code = "ends_before_it_begins"
    default_words = _("The last day lies before the first.")


class SameRate(Refused):
    """Most likely the button was pressed twice."""

    code = "same_rate"
    default_words = _("This rate is there already.")


class NothingToWithhold(Refused):
    code = "nothing_to_withhold"
    default_words = _("No rate holds today. Add the rates first, then switch withholding on.")


@transaction.atomic(durable=True)
def add_commission_rate(
    *,
    cooperative_id: int | None,
    category_id: int | None,
    percent: Decimal,
    from_day: datetime.date,
    until_day: datetime.date | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CommissionRate:
    """Keep so much of what is ordered from that day on; without a cooperative or a category, of everything.

    Raises EndsBeforeItBegins, Missing, OddPercent, SameRate.
    """
    _check(percent, from_day, until_day)
    if cooperative_id is not None and not Cooperative.objects.filter(pk=cooperative_id).exists():
        raise Missing()
    if category_id is not None and not Category.objects.filter(pk=category_id).exists():
        raise Missing()
    said = {
        "cooperative_id": cooperative_id,
        "category_id": category_id,
        "percent": percent,
        "from_day": from_day,
        "until_day": until_day,
    }
    return _add(CommissionRate(**said), said, "commission.rated", actor=actor, now=now)


@transaction.atomic(durable=True)
def end_commission_rate(
    *, rate_id: int, last_day: datetime.date, actor: Actor, now: datetime.datetime
) -> CommissionRate:
    """Let a rate hold until that day and no longer. Raises EndsBeforeItBegins, Missing."""
    rate = locked_one(CommissionRate.objects.filter(pk=rate_id))
    return _end(rate, last_day, "commission.ended", actor=actor, now=now)


@transaction.atomic(durable=True)
def add_withholding_rate(
    *,
    name: str,
    percent: Decimal,
    from_day: datetime.date,
    until_day: datetime.date | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> WithholdingRate:
    """Withhold so much of what is ordered from that day on, once withholding is switched on.

    Raises EndsBeforeItBegins, OddPercent, SameRate.
    """
    _check(percent, from_day, until_day)
    said = {"name": name.strip(), "percent": percent, "from_day": from_day, "until_day": until_day}
    return _add(WithholdingRate(**said), said, "withholding.rated", actor=actor, now=now)


@transaction.atomic(durable=True)
def end_withholding_rate(
    *, rate_id: int, last_day: datetime.date, actor: Actor, now: datetime.datetime
) -> WithholdingRate:
    """Let a rate hold until that day and no longer. Raises EndsBeforeItBegins, Missing."""
    rate = locked_one(WithholdingRate.objects.filter(pk=rate_id))
    return _end(rate, last_day, "withholding.ended", actor=actor, now=now)


@transaction.atomic(durable=True)
def switch_withholding(*, on: bool, day: datetime.date, actor: Actor, now: datetime.datetime) -> None:
    """Withhold tax of what is ordered from now on, or no more. Raises NothingToWithhold.

    Whoever runs the market decides: only platforms that take orders and payments must (Decree 117/2025).
    """
    ShopSettings.objects.get_or_create(pk=1)
    shop = locked_one(ShopSettings.objects.filter(pk=1))
    assert shop is not None
    if on and not WithholdingRate.objects.on(day).exists():
        raise NothingToWithhold()
    if shop.withholds_tax != on:
        shop.withholds_tax = on
        shop.save(update_fields=["withholds_tax"])
        record_change(f"withholding.{'begun' if on else 'stopped'}", shop, actor=actor, now=now)


def _check(percent: Decimal, from_day: datetime.date, until_day: datetime.date | None) -> None:
    if not 0 <= percent <= MOST_PERCENT or percent != round(percent, 2):
        raise OddPercent(field="percent")
    if until_day is not None and until_day < from_day:
        raise EndsBeforeItBegins(field="until_day")


def _add(rate: Rate, said: dict[str, Any], what: str, *, actor: Actor, now: datetime.datetime) -> Rate:
    if type(rate)._default_manager.filter(**said).exists():
        raise SameRate()
    rate.save(force_insert=True)
    _record(what, rate, {key: _plain(value) for key, value in said.items()}, actor=actor, now=now)
    return rate


def _end(
    rate: Rate | None, last_day: datetime.date, what: str, *, actor: Actor, now: datetime.datetime
) -> Rate:
    if rate is None:
        raise Missing()
    if last_day < rate.from_day:
        raise EndsBeforeItBegins(field="last_day")
    data = {"from": _plain(rate.until_day), "to": _plain(last_day)}
    rate.until_day = last_day
    rate.save(update_fields=["until_day"])
    _record(what, rate, data, actor=actor, now=now)
    return rate


def _record(
    what: str, rate: models.Model, data: dict[str, Any], *, actor: Actor, now: datetime.datetime
) -> None:
    whose = getattr(rate, "cooperative_id", None)
    record_change(what, rate, actor=actor, now=now, cooperative_id=whose, data=data)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | datetime.date) else value
