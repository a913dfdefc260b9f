"""Rates with dates: the platform's commission and the tax that it withholds."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from django.db import models
from django.db.models import Q, Sum

from catalog.models import Category
from cooperatives.models import Cooperative
from shop.core.database.compiled_query import compiled_query

Dated = TypeVar("Dated", bound=models.Model)


class DatedRateQuerySet(models.QuerySet[Dated]):
    def in_force_on(self, day: datetime.date) -> DatedRateQuerySet[Dated]:
        """Return rates valid on a calendar day in Vietnam."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)


class WithholdingRateQuerySet(DatedRateQuerySet["WithholdingRate"]):
    def total_percent(self, day: datetime.date) -> Decimal:
        """Return the sum of the percentages valid on the day."""
        total: Decimal = self.in_force_on(day).aggregate(total=Sum("percent", default=Decimal(0)))["total"]
        return total


class CommissionRateQuerySet(DatedRateQuerySet["CommissionRate"]):
    def next_percent(self, rate: CommissionRate, day: datetime.date) -> Decimal:
        """Return the percentage that applies on the day where an ended rate did, or 0 without one."""
        cooperatives = {None, rate.cooperative_id}
        others = self.in_force_on(day).exclude(pk=rate.pk).select_related("category")
        path = (rate.category.path if rate.category else None) or ""
        applicable_rates = [
            other
            for other in others
            if other.cooperative_id in cooperatives
            and (other.category is None or path.startswith(other.category.branch_path))
        ]
        closest = max(applicable_rates, key=lambda other: other.rank, default=None)
        return Decimal(0) if closest is None else closest.percent


class CommissionRate(models.Model):
    """The platform's commission in percent of the product price, valid from a day on.

    Applies to a cooperative, a category, both, or everything. The most specific rate wins (cooperative before
    category), then the latest `valid_from`. A category includes its descendants.
    """

    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="commission_rates", null=True, blank=True
    )
    category = models.ForeignKey(Category, models.CASCADE, related_name="+", null=True, blank=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    objects = CommissionRateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="commission_rate_is_a_percentage"
            ),
        ]
        indexes = [models.Index(fields=["cooperative", "valid_from"], name="commission_by_cooperative")]

    def __str__(self) -> str:
        return f"{self.percent} %"

    def covers(self, cooperative_id: int, path: str) -> bool:
        """Return whether the rate applies to a cooperative's products in this branch. Reads `category`."""
        if self.cooperative_id not in (None, cooperative_id):
            return False
        return self.category is None or path.startswith(self.category.branch_path)

    @property
    def rank(self) -> tuple[bool, int, datetime.date, int]:
        """The order in which rates that cover a product take precedence: the highest wins."""
        return *self.specificity, self.valid_from, self.pk

    @property
    def specificity(self) -> tuple[bool, int]:
        """The rank among rates that apply: a cooperative's rate first, then the deeper category."""
        depth = 0 if self.category is None else self.category.level + 1
        return self.cooperative_id is not None, depth


def read_commission_percents(
    products: Iterable[tuple[int, str]], *, day: datetime.date
) -> Mapping[tuple[int, str], Decimal]:
    """Return percent by (cooperative id, category path or ""), or 0 if no rate is set. It takes one query.

    The cooperative takes precedence over the category, a deeper category over its ancestors, then the later
    day.
    """
    requested = set(products)
    rates = _commissions_on(day, {cooperative_id for cooperative_id, _path in requested}) if requested else []
    percents = {}
    for cooperative_id, path in requested:
        applicable_rates = [rate for rate in rates if rate.covers(cooperative_id, path)]
        closest = max(applicable_rates, key=lambda rate: rate.rank, default=None)
        percents[cooperative_id, path] = Decimal(0) if closest is None else closest.percent
    return percents


@compiled_query
def _commissions_on(day: datetime.date, cooperative_ids: Collection[int]) -> models.QuerySet[CommissionRate]:
    rates = CommissionRate.objects.in_force_on(day).filter(
        Q(cooperative=None) | Q(cooperative__in=cooperative_ids)
    )
    return rates.select_related("category").order_by("valid_from", "pk")


class WithholdingRate(models.Model):
    """Tax percentage that an e-commerce platform withholds from sales (Decree 117/2025)."""

    name = models.CharField(max_length=120)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    objects = WithholdingRateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="withholding_rate_is_a_percentage"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percent} %"
