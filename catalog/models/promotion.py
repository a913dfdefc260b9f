"""Promotions: rules that lower list prices for a while."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from catalog.models.category import Category
from catalog.models.product import Product
from catalog.pricing import reduce_price
from cooperatives.models import Cooperative
from shop.core.models import Channel, WithMetadata, WithTimes


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def for_cooperative(self, cooperative: Cooperative) -> PromotionQuerySet:
        """Return promotions that the cooperative created and pays for. Those of the platform are left out."""
        return self.filter(cooperative=cooperative, is_borne_by_platform=False)

    def running(self, now: datetime.datetime) -> PromotionQuerySet:
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)

    def due(self, now: datetime.datetime) -> PromotionQuerySet:
        """Return promotions whose prices are due for recalculation, longest waiting first."""
        return self.filter(refresh_at__lte=now).order_by("refresh_at", "pk")

    def newest_first(self) -> PromotionQuerySet:
        return self.order_by("-starts_at", "-pk")


class Promotion(WithMetadata, WithTimes):
    """A rule that lowers list prices in a channel by a percentage or an amount per sales unit.

    The rule applies to all products or to one cooperative's, and can be limited to named products and
    category branches. It runs from `starts_at` (inclusive) to `ends_at` (exclusive).
    `catalog.actions.listings.selling_prices` writes the prices. `refresh_at` is when they must next be
    recalculated.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=255)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="promotions", null=True, blank=True
    )
    is_borne_by_platform = models.BooleanField(default=True)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    products = models.ManyToManyField(Product, related_name="+", blank=True)
    categories = models.ManyToManyField(Category, related_name="+", blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    refresh_at = models.DateTimeField(null=True, blank=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, amount=None) | Q(percent=None, amount__gt=0),
                name="promotion_is_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(is_borne_by_platform=True) | Q(cooperative__isnull=False),
                name="promotion_has_bearer",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="promotion_ends_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(
                fields=["refresh_at", "id"],
                condition=Q(refresh_at__isnull=False),
                name="promotion_to_refresh",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def last_moment(self) -> datetime.datetime | None:
        """The last instant at which it is valid, for displaying the last day."""
        return self.ends_at - datetime.timedelta(microseconds=1) if self.ends_at else None

    def price_of(self, list_price: int) -> int:
        """Return the reduced price for a list price, in minor units."""
        return reduce_price(list_price, percent=self.percent or Decimal(0), amount=self.amount or 0)

    def next_change_at(self, now: datetime.datetime) -> datetime.datetime | None:
        """Return when it next starts or ends after `now`, or None."""
        turns = [moment for moment in (self.starts_at, self.ends_at) if moment is not None and moment > now]
        return min(turns, default=None)
