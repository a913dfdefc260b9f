"""Tax classes and their rates, which begin and end on days: what was ordered before keeps the rate it had."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.database.unique_fields import save_claiming
from shop.core.dates.calendar import day_of
from shop.core.errors import Missing, Refused
from shop.core.models import TaxClass, TaxRate, record_change

HIGHEST_RATE = Decimal(100)


class OddRate(Refused):
    """`details["countries"]`: of which countries."""

    code = "odd_rate"
    default_words = _("A rate lies between 0 and 100 percent.")


@transaction.atomic(durable=True)
def add_tax_class(
    *, name: str, rates: Mapping[str, Decimal], actor: Actor, now: datetime.datetime
) -> TaxClass:
    """With its rates (percent) by country, from long ago on. Raises DoesNotFit, OddRate."""
    _check(rates)
    row = TaxClass(name=name)
    save_claiming(row)
    TaxRate.objects.bulk_create(
        TaxRate(tax_class=row, country=country, rate=rate) for country, rate in sorted(rates.items())
    )
    record_change("taxclass.added", row, actor=actor, now=now, data=_told(rates))
    return row


@transaction.atomic(durable=True)
def change_tax_class(
    *,
    tax_class_id: int,
    name: str | None,
    rates: Mapping[str, Decimal],
    ended: Collection[str] = (),
    actor: Actor,
    now: datetime.datetime,
) -> TaxClass:
    """New rates hold from today on; of countries that `ended` the last day was yesterday.

    Raises DoesNotFit, Missing, OddRate.
    """
    _check(rates)
    row = _locked(tax_class_id)
    if name is not None:
        row.name = name
        save_claiming(row)
    today = day_of(now)
    for country, rate in sorted(rates.items()):
        running = TaxRate.objects.on(today).filter(tax_class=row, country=country)
        if running.filter(rate=rate).exists():
            continue
        _end(row, [country], today)
        TaxRate.objects.create(tax_class=row, country=country, rate=rate, valid_from=today)
    _end(row, ended, today)
    record_change("taxclass.changed", row, actor=actor, now=now, data=_told(rates) | {"ended": sorted(ended)})
    return row


@transaction.atomic(durable=True)
def remove_tax_class(*, tax_class_id: int, actor: Actor, now: datetime.datetime) -> None:
    """What had it is taxed by its kind, or by the country's rate, from now on. Raises Missing."""
    row = _locked(tax_class_id)
    record_change("taxclass.deleted", row, actor=actor, now=now, snapshot={"name": row.name})
    row.delete()


def _end(row: TaxClass, countries: Collection[str], today: datetime.date) -> None:
    rates = TaxRate.objects.filter(tax_class=row, country__in=countries)
    rates.filter(valid_from__gte=today).delete()
    yesterday = today - datetime.timedelta(days=1)
    rates.filter(Q(valid_until=None) | Q(valid_until__gte=today)).update(valid_until=yesterday)


def _check(rates: Mapping[str, Decimal]) -> None:
    odd = sorted(country for country, rate in rates.items() if not 0 <= rate <= HIGHEST_RATE)
    if odd:
        raise OddRate(field="rate", countries=odd)


def _told(rates: Mapping[str, Decimal]) -> dict[str, object]:
    return {"rates": {country: str(rate) for country, rate in sorted(rates.items())}}


def _locked(tax_class_id: int) -> TaxClass:
    row = locked_one(TaxClass.objects.filter(pk=tax_class_id))
    if row is None:
        raise Missing(field="id")
    return row
