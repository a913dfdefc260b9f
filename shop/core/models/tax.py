from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from shop.core.database.compiled_query import compiled_query
from shop.core.models.bases import WithMetadata


class TaxClass(WithMetadata):
    """Products or deliveries with the same tax, such as unprocessed produce, processed food or handicraft."""

    name = models.CharField(max_length=255)

    class Meta:
        verbose_name = pgettext_lazy("model", "tax class")
        verbose_name_plural = pgettext_lazy("models", "tax classes")

    def __str__(self) -> str:
        return self.name


class TaxRateQuerySet(models.QuerySet["TaxRate"]):
    def in_force_on(self, day: datetime.date) -> TaxRateQuerySet:
        return self.filter(
            Q(valid_from=None) | Q(valid_from__lte=day), Q(valid_until=None) | Q(valid_until__gte=day)
        )


class TaxRate(models.Model):
    """A tax class's rate (percent) in a country. Open-ended if `valid_from` or `valid_until` is null."""

    tax_class = models.ForeignKey(TaxClass, models.CASCADE, related_name="rates", null=True, blank=True)
    country = models.CharField(max_length=2)
    rate = models.DecimalField(max_digits=6, decimal_places=3)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    objects = TaxRateQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "tax rate")
        verbose_name_plural = pgettext_lazy("models", "tax rates")
        constraints = [
            # Null classes and null dates count as equal here. A plain constraint would treat nulls as
            # distinct.
            models.UniqueConstraint(
                Coalesce("tax_class", models.Value(0)),
                "country",
                Coalesce("valid_from", models.Value(datetime.date(1, 1, 1))),
                name="tax_rate_once",
            ),
            models.CheckConstraint(condition=Q(rate__gte=0), name="tax_rate_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.rate} %"


def read_rates_of_classes(
    classes: Iterable[int | None], *, country: str, day: datetime.date
) -> dict[int | None, Decimal]:
    """Return the rate in percent of each tax class on a day.

    Under None is the country's rate without a class.
    """
    return rates_of_classes(classes, read_tax_rates(day, country=country))


def read_tax_rates(day: datetime.date, *, country: str) -> dict[int | None, Decimal]:
    """Return a country's own rates on a day by tax class, by one query.

    Under None is its rate without a class.
    """
    return dict(_rates_on(day, country))


def rates_of_classes(
    classes: Iterable[int | None], rates: Mapping[int | None, Decimal]
) -> dict[int | None, Decimal]:
    """Return the rate of each class. A class without its own rate gets the country's rate, or 0."""
    fallback = rates.get(None, Decimal(0))
    return {None: fallback} | {key: rates.get(key, fallback) for key in classes}


@compiled_query
def _rates_on(day: datetime.date, country: str) -> models.QuerySet[TaxRate, tuple[int | None, Decimal]]:
    rates = TaxRate.objects.filter(country=country).in_force_on(day).order_by("valid_from", "pk")
    return rates.values_list("tax_class_id", "rate")
