"""Tax classes and their dated rates. Past orders keep the rate they had."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.core.actors import Actor
from shop.core.database.row_values import save_unique
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.models import TaxClass, TaxRate, record_change

MAX_RATE = Decimal(100)


class InvalidTaxRate(Refused):
    """`details["countries"]` lists the countries with an invalid rate."""

    code = "invalid_tax_rate"
    default_message = _("Enter a rate from 0 to 100 percent.")


@transaction.atomic(durable=True)
def add_tax_class(
    *, name: str, rates: Mapping[str, Decimal], actor: Actor, now: datetime.datetime
) -> TaxClass:
    """Create a tax class with undated rates (percent) by country.

    Raises InvalidColumnValue, InvalidTaxRate.
    """
    _require_valid_rates(rates)
    row = TaxClass(name=name)
    save_unique(row)
    TaxRate.objects.bulk_create(
        TaxRate(tax_class=row, country=country, rate=rate) for country, rate in sorted(rates.items())
    )
    record_change("taxclass.created", row, actor=actor, now=now, data=_change_data(rates))
    return row


@transaction.atomic(durable=True)
def change_tax_class(
    *,
    tax_class_id: int,
    name: str | None,
    rates: Mapping[str, Decimal],
    ended_countries: Collection[str] = (),
    actor: Actor,
    now: datetime.datetime,
) -> TaxClass:
    """Update a tax class. New rates apply from today. The rates of `ended_countries` ended yesterday.

    Raises InvalidColumnValue, Missing, InvalidTaxRate.
    """
    _require_valid_rates(rates)
    tax_class = _lock_tax_class(tax_class_id)
    if name is not None:
        tax_class.name = name
        save_unique(tax_class)
    today = vietnam_date(now)
    for country, rate in sorted(rates.items()):
        set_rate(tax_class, country, rate, today)
    end_rates(tax_class, ended_countries, today)
    record_change(
        "taxclass.changed",
        tax_class,
        actor=actor,
        now=now,
        data=_change_data(rates) | {"ended": sorted(ended_countries)},
    )
    return tax_class


@transaction.atomic(durable=True)
def remove_tax_class(*, tax_class_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a tax class. Its items get the rate of their product type or country. Raises Missing."""
    row = _lock_tax_class(tax_class_id)
    record_change("taxclass.deleted", row, actor=actor, now=now, snapshot={"name": row.name})
    row.delete()


def set_rate(tax_class: TaxClass | None, country: str, rate: Decimal, today: datetime.date) -> None:
    """In a transaction: let a rate apply from today. No class means the country's rate without a class."""
    current_rates = TaxRate.objects.in_force_on(today).filter(tax_class=tax_class, country=country)
    if current_rates.filter(rate=rate).exists():
        return
    end_rates(tax_class, [country], today)
    TaxRate.objects.create(tax_class=tax_class, country=country, rate=rate, valid_from=today)


def end_rates(tax_class: TaxClass | None, countries: Collection[str], today: datetime.date) -> None:
    """In a transaction: let the rates in these countries apply until yesterday."""
    rates = TaxRate.objects.filter(tax_class=tax_class, country__in=countries)
    rates.filter(valid_from__gte=today).delete()
    yesterday = today - datetime.timedelta(days=1)
    rates.filter(Q(valid_until=None) | Q(valid_until__gte=today)).update(valid_until=yesterday)


def _require_valid_rates(rates: Mapping[str, Decimal]) -> None:
    invalid = sorted(country for country, rate in rates.items() if not 0 <= rate <= MAX_RATE)
    if invalid:
        raise InvalidTaxRate(field="rate", countries=invalid)


def _change_data(rates: Mapping[str, Decimal]) -> dict[str, object]:
    return {"rates": {country: str(rate) for country, rate in sorted(rates.items())}}


def _lock_tax_class(tax_class_id: int) -> TaxClass:
    row = lock_row(TaxClass.objects.filter(pk=tax_class_id))
    if row is None:
        raise Missing(field="id")
    return row
