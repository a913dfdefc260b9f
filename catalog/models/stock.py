from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models.lot import Lot
from catalog.models.product import Variant
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import ActorKind, EntryPoint


class StockQuerySet(models.QuerySet["Stock"]):
    def reachable(
        self,
        *,
        channel_id: int,
        country: str,
        pickup_warehouse_ids: Mapping[int, uuid.UUID] | None = None,
    ) -> StockQuerySet:
        """Return stock available to a buyer. This is the one availability rule of all interfaces.

        It counts warehouses of the channel that have a zone covering the country in that channel.
        `pickup_warehouse_ids` maps each cooperative whose items are picked up to its warehouse. For the items
        of such a cooperative only that warehouse counts.
        """
        in_channel = Warehouse.objects.filter(channels=channel_id)
        selling = Warehouse.objects.selling_to(country, channel_id=channel_id)
        condition = Q(warehouse__in=selling.values("pk"))
        if pickup_warehouse_ids:
            condition &= ~Q(variant__cooperative__in=list(pickup_warehouse_ids))
            for cooperative_id, warehouse_id in pickup_warehouse_ids.items():
                condition |= Q(
                    variant__cooperative=cooperative_id,
                    warehouse__in=in_channel.filter(pk=warehouse_id).values("pk"),
                )
        return self.filter(condition)

    def for_cooperative(self, cooperative: Cooperative) -> StockQuerySet:
        return self.filter(warehouse__cooperative=cooperative)

    def countable(self) -> StockQuerySet:
        """Return rows for a stock count, ordered by product, variant, warehouse.

        Includes a closed warehouse only if stock has come back to it.
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
    """The stock of a variant in a warehouse, in sales units.

    `on_hand` is the sum of its movements. It may be negative, because recorded facts can contradict promises,
    and a shortage is shown and not hidden. `reserved` is held for open checkouts, and `allocated` for order
    lines that are not dispatched. `recalled` is what recalled lots have here: the sum of their balances above
    0. `free` can still be sold.
    """

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="stocks")
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="stocks")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    allocated = models.IntegerField(default=0)
    recalled = models.IntegerField(default=0)
    free = models.GeneratedField(
        expression=F("on_hand") - F("reserved") - F("allocated") - F("recalled"),
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
            models.CheckConstraint(condition=Q(recalled__gte=0), name="stock_recalled_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.on_hand}"

    @property
    def free_from_columns(self) -> int:
        """Free stock computed from the in-memory columns. `free` has the value read from the database."""
        return self.on_hand - self.reserved - self.allocated - self.recalled

    @property
    def oversold(self) -> int:
        """The number of sales units sold beyond the stock."""
        return max(0, -int(self.free))


class MovementReason(models.TextChoices):
    RECEIPT = "receipt", _("received into stock")
    COUNT = "count", _("counted")
    DISPATCH = "dispatch", _("dispatched")
    DISPATCH_UNDONE = "dispatch_undone", _("dispatch undone")
    RETURN = "return", _("returned to stock")
    LOSS = "loss", _("spoilt or lost")
    TRANSFER = "transfer", _("moved to another warehouse")
    CORRECTION = "correction", _("corrected")


class MovementQuerySet(models.QuerySet["Movement"]):
    def after(self, moment: datetime.datetime) -> MovementQuerySet:
        """Return the changes of stock that happened after the moment, whenever they were recorded."""
        return self.filter(created_at__gt=moment).exclude(happened_at__lte=moment)


class Movement(models.Model):
    """One change of `on_hand` with its reason. It never changes.

    `happened_at` is when the stock changed, if that was recorded later, for example by a phone without a
    network.
    """

    stock = models.ForeignKey(Stock, models.PROTECT, related_name="movements")
    quantity = models.IntegerField()
    reason = models.CharField(max_length=20, choices=MovementReason)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="movements", null=True, blank=True)
    grams = models.IntegerField(null=True, blank=True)
    document = models.CharField(max_length=80, blank=True, default="", help_text=_("parcel:12, count:…"))
    note = models.CharField(max_length=250, blank=True, default="")
    idempotency_key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor_key = models.CharField(max_length=40, blank=True, default="")
    entry_point = models.CharField(max_length=10, choices=EntryPoint)
    created_at = models.DateTimeField()
    happened_at = models.DateTimeField(null=True, blank=True)

    objects = MovementQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "stock movement")
        verbose_name_plural = pgettext_lazy("models", "stock movements")
        constraints = [
            models.CheckConstraint(
                condition=Q(happened_at=None) | Q(happened_at__lte=F("created_at")),
                name="movement_happened_before_it_was_recorded",
            ),
        ]
        indexes = [models.Index(fields=["stock", "created_at", "id"], name="movement_by_stock")]

    def __str__(self) -> str:
        return f"{self.reason} {self.quantity:+d}"
