"""Shipping services, and the cooperatives' delivery methods that use them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models.arrival import Arrival, estimate_arrival, next_coach_departure, shipping_day
from cooperatives.models.cooperative import Cooperative
from cooperatives.models.warehouse import Warehouse, Zone
from shop.core.dates.calendar import VIETNAM, falls_on_lunar_day, vietnam_date
from shop.core.dates.holidays import is_tet
from shop.core.models import Channel, TaxClass, WithMetadata


class DeliveryKind(models.TextChoices):
    CARRIER = "carrier", _("to your door")
    COACH = "coach", _("by coach, collected at the station")
    PICKUP = "pickup", _("collected at the warehouse")
    MARKET_DAY = "market_day", _("collected on market day")


PICKUP_KINDS = frozenset({DeliveryKind.PICKUP, DeliveryKind.MARKET_DAY})


class ShippingService(WithMetadata):
    """A kind of delivery with a zone and a price per channel (Saleor's shipping method)."""

    zone = models.ForeignKey(Zone, models.CASCADE, related_name="services")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=12, choices=DeliveryKind, default=DeliveryKind.CARRIER)
    is_weight_based = models.BooleanField(default=False)
    minimum_grams = models.PositiveIntegerField(default=0)
    maximum_grams = models.PositiveIntegerField(null=True, blank=True)
    minimum_days = models.PositiveSmallIntegerField(null=True, blank=True)
    maximum_days = models.PositiveSmallIntegerField(null=True, blank=True)
    tax_class = models.ForeignKey(TaxClass, models.SET_NULL, related_name="+", null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    def arrival(self, *, now: datetime.datetime) -> Arrival | None:
        """Return when an order placed now arrives, or None if its days are not known."""
        return estimate_arrival(shipping_day(now), self.minimum_days, self.maximum_days)


class ShippingServicePrice(models.Model):
    """A service's price in a channel, in minor units.

    The service is offered if the products of the sellers who use it cost `minimum_order` to `maximum_order`,
    in minor units. (A voucher's minimum is `orders.models.VoucherValue.minimum_spent`.)
    """

    service = models.ForeignKey(ShippingService, models.CASCADE, related_name="prices")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    price = models.BigIntegerField(default=0)
    minimum_order = models.BigIntegerField(default=0)
    maximum_order = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "channel"], name="service_price_once"),
            models.CheckConstraint(condition=Q(price__gte=0), name="service_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.price} {self.currency}"


@dataclass(frozen=True, slots=True)
class PickupTime:
    """One pickup time slot: a day and hours in Vietnam."""

    day: datetime.date
    starts: datetime.time
    ends: datetime.time
    capacity: int | None

    @property
    def key(self) -> str:
        return f"{self.day.isoformat()}T{self.starts:%H:%M}"

    @property
    def starts_at(self) -> datetime.datetime:
        return datetime.datetime.combine(self.day, self.starts, VIETNAM)


class DeliveryMethodQuerySet(models.QuerySet["DeliveryMethod"]):
    def active_with_terms(self) -> DeliveryMethodQuerySet:
        """Return active delivery methods with everything `fee` and `pickup_times` read.

        It takes three queries.
        """
        return (
            self.filter(is_active=True)
            .select_related("service", "service__tax_class", "warehouse", "warehouse__address")
            .prefetch_related("rates", "market_days")
            .order_by("cooperative", "sort_order", "pk")
        )


class DeliveryMethod(WithMetadata):
    """A cooperative's delivery method, with its service, price table, days and cut-off.

    A pickup method refers to a warehouse. Orders close `cut_off_hours` before a pickup time. `free_from` is
    in minor units of the rates' currency.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="delivery_methods")
    service = models.ForeignKey(ShippingService, models.PROTECT, related_name="delivery_methods")
    kind = models.CharField(max_length=12, choices=DeliveryKind)
    name = models.CharField(max_length=120)
    carrier = models.CharField(max_length=120, blank=True, default="")
    note = models.CharField(max_length=250, blank=True, default="")
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="+", null=True, blank=True)
    minimum_days = models.PositiveSmallIntegerField(null=True, blank=True)
    maximum_days = models.PositiveSmallIntegerField(null=True, blank=True)
    station = models.CharField(
        max_length=250, blank=True, default="", help_text=_("Where buyers collect parcels sent by coach.")
    )
    departs_weekday = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Weekday of departure, 0 for Monday; empty: every day.")
    )
    departs_at = models.TimeField(null=True, blank=True)
    cut_off_hours = models.PositiveSmallIntegerField(default=0)
    free_from = models.BigIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    sort_order = models.PositiveIntegerField(default=0)

    objects = DeliveryMethodQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "delivery method")
        verbose_name_plural = pgettext_lazy("models", "delivery methods")
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind__in=["pickup", "market_day"]) & Q(warehouse__isnull=False))
                | (Q(kind__in=["carrier", "coach"]) & Q(warehouse=None)),
                name="pickup_method_has_warehouse",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_pickup(self) -> bool:
        return self.kind in PICKUP_KINDS

    def fee(self, *, channel_id: int, province_code: str, grams: int, subtotal: int) -> int | None:
        """Return the fee in minor units including tax, or None if it does not deliver there.

        The province's rates take precedence over the default ones. The lightest bracket that covers the
        weight applies. A heavier parcel is not delivered. `subtotal` is the value of the cooperative's part
        of the basket.
        """
        if self.is_pickup and not self._rates(channel_id):
            return 0
        rates = [rate for rate in self._rates(channel_id) if rate.province_code == province_code]
        if not rates:
            rates = [rate for rate in self._rates(channel_id) if not rate.province_code]
        matching_rates = [rate for rate in rates if rate.up_to_grams is None or grams <= rate.up_to_grams]
        if not matching_rates:
            return None
        if self.free_from is not None and subtotal >= self.free_from:
            return 0
        return min(matching_rates, key=lambda rate: (rate.up_to_grams is None, rate.up_to_grams or 0)).price

    def serves(self, *, channel_id: int, province_code: str) -> bool:
        """Return whether the method delivers to the province, at least parcels of some weight."""
        if self.is_pickup:
            return True
        return any(rate.province_code in ("", province_code) for rate in self._rates(channel_id))

    def has_rate_for(self, province_code: str) -> bool:
        """Return whether its price table names the province, rather than covering it by a default rate."""
        return bool(province_code) and any(rate.province_code == province_code for rate in self.rates.all())

    def is_pickup_outside(self, province_code: str) -> bool:
        """Return whether the method is a pickup in another province. False if either is unknown."""
        warehouse_province = self.warehouse.address.province_code if self.warehouse else ""
        return bool(warehouse_province and province_code) and warehouse_province != province_code

    def pickup_times(self, *, now: datetime.datetime, count: int = 4) -> list[PickupTime]:
        """Return the next `count` pickup times that are still open for orders."""
        return list(self._times(now, count))

    def next_departure(self, *, now: datetime.datetime) -> datetime.datetime | None:
        """Return when the next coach leaves that still takes orders, or None for other methods."""
        if self.kind != DeliveryKind.COACH:
            return None
        return next_coach_departure(now, self.cut_off_hours, self.departs_weekday, self.departs_at)

    def arrival(self, *, now: datetime.datetime) -> Arrival | None:
        """Return when an order placed now arrives, or None for pickups, and if its days are not known."""
        if self.is_pickup:
            return None
        leaves_at = self.next_departure(now=now)
        shipped = vietnam_date(leaves_at) if leaves_at else shipping_day(now, self.cut_off_hours)
        return estimate_arrival(shipped, self.minimum_days, self.maximum_days, leaves_at)

    def _rates(self, channel_id: int) -> list[DeliveryRate]:
        return [rate for rate in self.rates.all() if rate.channel_id == channel_id]

    def _times(self, now: datetime.datetime, count: int) -> Iterator[PickupTime]:
        earliest_start = now + datetime.timedelta(hours=self.cut_off_hours)
        market_days = sorted(
            self.market_days.all(), key=lambda market_day: (market_day.starts, market_day.pk)
        )
        today = vietnam_date(now)
        open_count = 0
        for days_ahead in range(120 if market_days else 0):
            day = today + datetime.timedelta(days=days_ahead)
            if is_tet(day):
                continue
            starts: set[datetime.time] = set()
            for market_day in market_days:
                if market_day.starts in starts or not market_day.falls_on(day):
                    continue
                starts.add(market_day.starts)
                time = PickupTime(day, market_day.starts, market_day.ends, market_day.capacity)
                if time.starts_at < earliest_start:
                    continue
                yield time
                open_count += 1
                if open_count == count:
                    return


class DeliveryRate(models.Model):
    """One bracket of a price table: province (empty for all others), weight, price in minor units."""

    delivery_method = models.ForeignKey(DeliveryMethod, models.CASCADE, related_name="rates")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    province_code = models.CharField(max_length=10, blank=True, default="")
    up_to_grams = models.PositiveIntegerField(null=True, blank=True)
    price = models.BigIntegerField()

    class Meta:
        verbose_name = pgettext_lazy("model", "delivery rate")
        verbose_name_plural = pgettext_lazy("models", "delivery rates")
        constraints = [
            # Treat a null bound as the largest integer: databases consider nulls distinct.
            models.UniqueConstraint(
                "delivery_method",
                "channel",
                "province_code",
                Coalesce("up_to_grams", models.Value(2_147_483_647)),
                name="delivery_rate_once",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="delivery_rate_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.province_code or '*'} {self.price} {self.currency}"


class MarketDayKind(models.TextChoices):
    WEEKDAY = "weekday", _("day of the week")
    SOLAR = "solar", _("day of the month")
    LUNAR = "lunar", _("day of the lunar month")


class MarketDay(models.Model):
    """A recurring pickup time: on a weekday (0 is Monday) or a day of the solar or lunar month."""

    delivery_method = models.ForeignKey(DeliveryMethod, models.CASCADE, related_name="market_days")
    kind = models.CharField(max_length=8, choices=MarketDayKind)
    number = models.PositiveSmallIntegerField()
    starts = models.TimeField()
    ends = models.TimeField()
    capacity = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("Highest number of orders; empty: no limit.")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="weekday", number__lte=6)
                | (Q(number__gte=1, number__lte=31) & ~Q(kind="weekday")),
                name="market_day_number_fits_its_kind",
            ),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="market_day_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    def falls_on(self, day: datetime.date) -> bool:
        if self.kind == MarketDayKind.WEEKDAY:
            return day.weekday() == self.number
        if self.kind == MarketDayKind.SOLAR:
            return day.day == self.number
        return falls_on_lunar_day(day, self.number)


class PickupSlot(models.Model):
    """The booked places of one pickup time. The row is created with the first order."""

    delivery_method = models.ForeignKey(DeliveryMethod, models.CASCADE, related_name="slots")
    day = models.DateField()
    starts = models.TimeField()
    ends = models.TimeField()
    capacity = models.PositiveIntegerField(null=True, blank=True)
    booked = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery_method", "day", "starts"], name="pickup_slot_once"),
            models.CheckConstraint(
                condition=Q(capacity=None) | Q(booked__lte=F("capacity")), name="pickup_slot_not_overfull"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.starts}"
