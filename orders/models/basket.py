from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Stock, Variant
from cooperatives.models import Cooperative, DeliveryMethod, ShippingService, Warehouse
from shop.accounts.models import Address
from shop.core.models import Channel, WithMetadata, WithTimes


class BasketQuerySet(models.QuerySet["Basket"]):
    def held_by(self, user_id: int | None, key: uuid.UUID | None) -> BasketQuerySet:
        """Return the person's own baskets, or the guest basket with this unguessable key."""
        if user_id is not None:
            return self.filter(Q(user=user_id) | Q(user=None, id=key) if key else Q(user=user_id))
        return self.filter(user=None, id=key) if key else self.none()


@dataclass(frozen=True, slots=True)
class BasketAccess:
    """The baskets that a person may change: guests' and their own, or those of everybody."""

    user_id: int | None
    includes_all: bool = False

    def includes(self, basket: Basket) -> bool:
        return self.includes_all or basket.user_id in (None, self.user_id)


class Basket(WithMetadata, WithTimes):
    """A shopping basket. A person may have several. A guest has access to theirs only by its id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="baskets", null=True, blank=True
    )
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2, default="VN")
    name = models.CharField(max_length=100, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=16, default="vi")
    note = models.TextField(blank=True, default="")
    province_code = models.CharField(max_length=10, blank=True, default="")
    billing_address = models.ForeignKey(Address, models.SET_NULL, related_name="+", null=True, blank=True)
    shipping_address = models.ForeignKey(Address, models.SET_NULL, related_name="+", null=True, blank=True)
    voucher_code = models.CharField(max_length=255, blank=True, default="")
    changed_at = models.DateTimeField()

    objects = BasketQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-changed_at", "id"], name="basket_by_user"),
            models.Index(fields=["changed_at", "id"], name="basket_by_age"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class BasketLine(WithMetadata):
    """A quantity of a variant, in sales units. Several lines may hold the same variant.

    `seen_price` is the price of one sales unit, in minor units, when the buyer last looked. A price change is
    announced before it is charged. Only API apps set `forced_price`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    basket = models.ForeignKey(Basket, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()
    seen_price = models.BigIntegerField(null=True, blank=True)
    forced_price = models.BigIntegerField(null=True, blank=True)
    is_gift = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="basket_line_quantity_positive"),
        ]
        indexes = [models.Index(fields=["basket", "created_at", "id"], name="basket_line_in_order")]

    def __str__(self) -> str:
        return f"{self.variant_id} × {self.quantity}"


class DeliveryChoice(WithMetadata):
    """The delivery of one cooperative's part of a basket.

    It is the cooperative's own delivery method or, if the cooperative offers none of this kind, a shipping
    service.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    basket = models.ForeignKey(Basket, models.CASCADE, related_name="delivery_choices")
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="+")
    delivery_method = models.ForeignKey(
        DeliveryMethod, models.CASCADE, related_name="+", null=True, blank=True
    )
    service = models.ForeignKey(ShippingService, models.CASCADE, related_name="+", null=True, blank=True)
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="+", null=True, blank=True)
    pickup_day = models.DateField(null=True, blank=True)
    pickup_starts = models.TimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["basket", "cooperative"], name="delivery_choice_once"),
            models.CheckConstraint(
                condition=Q(delivery_method__isnull=False)
                | Q(service__isnull=False)
                | Q(warehouse__isnull=False),
                name="delivery_choice_has_method_service_or_warehouse",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative_id} {self.delivery_method_id}"


class ReservationQuerySet(models.QuerySet["Reservation"]):
    def expired(self, now: datetime.datetime) -> ReservationQuerySet:
        return self.filter(expires_at__lte=now)


class Reservation(models.Model):
    """Stock reserved for an open checkout until it expires."""

    line = models.ForeignKey(BasketLine, models.CASCADE, related_name="reservations")
    stock = models.ForeignKey(Stock, models.CASCADE, related_name="reservations")
    quantity = models.PositiveIntegerField()
    expires_at = models.DateTimeField()

    objects = ReservationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "stock"], name="reservation_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="reservation_quantity_positive"),
        ]
        indexes = [models.Index(fields=["expires_at", "id"], name="reservation_by_expiry")]

    def __str__(self) -> str:
        return f"{self.stock_id} × {self.quantity}"
