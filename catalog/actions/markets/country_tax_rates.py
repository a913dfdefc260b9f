"""The tax rates of one country: those of tax classes, and the rate for items whose class has none."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from catalog.actions.markets.tax_classes import MAX_RATE, InvalidTaxRate, end_rates, set_rate
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.models import ShopSettings, TaxClass, TaxRate, record_change


@transaction.atomic(durable=True)
def change_country_rates(
    *, country: str, rates: Mapping[int | None, Decimal | None], actor: Actor, now: datetime.datetime
) -> None:
    """Change tax rates of a country from today on. `rates` maps the ids of tax classes to percentages.

    A rate of None makes yesterday the last day of the current rate. The rate under the key None applies to
    items whose class has no rate in the country. Raises Missing, InvalidTaxRate with
    `details["tax_classes"]`.
    """
    invalid = [key for key, rate in rates.items() if rate is not None and not 0 <= rate <= MAX_RATE]
    if invalid:
        raise InvalidTaxRate(field="rate", countries=[country], tax_classes=invalid)
    ShopSettings.objects.get_or_create(pk=1)
    settings = lock_row(ShopSettings.objects.filter(pk=1))  # concurrent changes wait
    assert settings is not None
    keys = [key for key in rates if key is not None]
    classes: dict[int | None, TaxClass | None] = {
        row.pk: row for row in lock_rows(TaxClass.objects.filter(pk__in=keys))
    }
    if len(classes) != len(keys):
        raise Missing(field="taxClassId")
    classes[None] = None
    today = vietnam_date(now)
    for key, rate in rates.items():
        if rate is None:
            end_rates(classes[key], [country], today)
        else:
            set_rate(classes[key], country, rate, today)
    record_change(
        "shop.tax_rates_changed",
        settings,
        actor=actor,
        now=now,
        data={
            "country": country,
            "rates": {
                str(key or "default"): None if rate is None else str(rate) for key, rate in rates.items()
            },
        },
    )


def end_country_rates(*, country: str, actor: Actor, now: datetime.datetime) -> None:
    """Let all rates of a country apply until yesterday. Raises Missing if it has none."""
    current = TaxRate.objects.in_force_on(vietnam_date(now)).filter(country=country)
    keys = list(current.values_list("tax_class", flat=True).order_by("pk"))
    if not keys:
        raise Missing(field="countryCode")
    change_country_rates(country=country, rates=dict.fromkeys(keys), actor=actor, now=now)
