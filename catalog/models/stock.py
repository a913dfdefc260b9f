from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models.product import FEW, Variant
from catalog.states import ListingState
from cooperatives.models import Cooperative, Warehouse, Zone
from shop.core.actors import ActorKind, Door


class Lot(models.Model):
    """A harvest or a batch that movements belong to."""

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="lots")
    code = models.CharField(max_length=40, unique=True)
    harvested_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.code


class StockQuerySet(models.QuerySet["Stock"]):
    def reachable(
        self,
        *,
        channel_id: int,
        country: str,
        collected: Mapping[int, uuid.UUID] | None = None,
    ) -> StockQuerySet:
        """The stock that counts for a buyer: the one rule of availability, for every door.

        In warehouses of the channel with a zone that covers the country in that channel. Where a
        cooperative's goods are collected, `collected` names its warehouse, and only that one counts.
        """
        zones = Zone.objects.covering(country, channel_id=channel_id)
        in_channel = Warehouse.objects.filter(channels=channel_id)
        counts = Q(warehouse__in=in_channel.filter(zones__in=zones).values("pk"))
        if collected:
            counts &= ~Q(variant__cooperative__in=list(collected))
            for cooperative_id, warehouse_id in collected.items():
                counts |= Q(
                    variant__cooperative=cooperative_id,
                    warehouse__in=in_channel.filter(pk=warehouse_id).values("pk"),
                )
        return self.filter(counts)

    def for_cooperative(self, cooperative: Cooperative) -> StockQuerySet:
        return self.filter(warehouse__cooperative=cooperative)

    def running_low(self) -> StockQuerySet:
        """What is on sale and nearly gone, or promised beyond what is there; the shortest first."""
        return (
            self.filter(
                variant__track_inventory=True,
                variant__product__listings__state=ListingState.PUBLISHED,
                warehouse__closed_at=None,
                free__lte=Coalesce("variant__low_stock_at", Value(FEW)),
            )
            .select_related("variant__product")
            .distinct()
            .order_by("free", "pk")
        )

    def to_count(self) -> StockQuerySet:
        """Rows in the order in which people walk along the shelves: by goods, then type, then store house.

        Of a house that was closed, only what has come back to it since.
        """
        return (
            self.filter(
                Q(warehouse__closed_at=None) | ~Q(on_hand=0),
                variant__track_inventory=True,
                variant__product__removed_at=None,
            )
            .select_related("variant__product", "warehouse")
            .order_by("variant__product__sort_key", "variant__product", "variant__sort_order", "pk")
        )


class Stock(models.Model):
    """How much of a variant is in a warehouse, in sale steps.

    `on_hand` is the sum of its movements and may fall below nothing: facts contradict promises, and
    a shortage is shown rather than hidden. `reserved` is kept for open checkouts, `allocated` for
    order lines not yet dispatched; `free` is what may still be promised.
    """

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="stocks")
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="stocks")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    allocated = models.IntegerField(default=0)
    free = models.GeneratedField(
        expression=F("on_hand") - F("reserved") - F("allocated"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    counted_at = models.DateTimeField(null=True, blank=True)

    objects = StockQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "stock")
        verbose_name_plural = pgettext_lazy("models", "stocks")
        constraints = [
            models.UniqueConstraint(fields=["variant", "warehouse"], name="stock_once"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="stock_reserved_not_negative"),
            models.CheckConstraint(condition=Q(allocated__gte=0), name="stock_allocated_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.on_hand}"

    @property
    def promisable(self) -> int:
        """What may still be promised, by the columns as they stand in memory; `free` is as it was read."""
        return self.on_hand - self.reserved - self.allocated

    @property
    def short(self) -> int:
        """How much more is promised than there is."""
        return max(0, -int(self.free))


class Reason(models.TextChoices):
    RECEIPT = "receipt", _("came in")
    COUNT = "count", _("counted")
    DISPATCH = "dispatch", _("dispatched")
    DISPATCH_UNDONE = "dispatch_undone", _("dispatch undone")
    RETURN = "return", _("came back")
    LOSS = "loss", _("spoilt or lost")
    TRANSFER = "transfer", _("moved to another store house")
    CORRECTION = "correction", _("corrected")


class Movement(models.Model):
    """One change of what is on hand, with its reason; never edited. `key` makes a phone's repeat harmless."""

    stock = models.ForeignKey(Stock, models.PROTECT, related_name="movements")
    quantity = models.IntegerField()
    reason = models.CharField(max_length=20, choices=Reason)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="movements", null=True, blank=True)
    grams = models.IntegerField(null=True, blank=True)
    document = models.CharField(max_length=80, blank=True, default="", help_text=_("parcel:12, count:…"))
    note = models.CharField(max_length=250, blank=True, default="")
    key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor_key = models.CharField(max_length=40, blank=True, default="")
    door = models.CharField(max_length=10, choices=Door)
    at = models.DateTimeField()

    class Meta:
        verbose_name = pgettext_lazy("model", "stock movement")
        verbose_name_plural = pgettext_lazy("models", "stock movements")
        indexes = [models.Index(fields=["stock", "at", "id"], name="movement_by_stock")]

    def __str__(self) -> str:
        return f"{self.reason} {self.quantity:+d}"
