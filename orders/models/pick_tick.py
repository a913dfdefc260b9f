"""Who has fetched which items of the pick list."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from cooperatives.models import Warehouse
from orders.models.line import OrderLine


class PickTick(models.Model):
    """A tick on the pick list: `quantity` sales units of a line are fetched from a warehouse.

    It counts while exactly this quantity is still to be packed from there, and is deleted once the line is
    packed. `warehouse` is None for products without tracked stock.
    """

    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="pick_ticks")
    warehouse = models.ForeignKey(Warehouse, models.CASCADE, related_name="+", null=True, blank=True)
    quantity = models.PositiveIntegerField()
    picked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    picked_at = models.DateTimeField()

    class Meta:
        verbose_name = pgettext_lazy("model", "pick tick")
        verbose_name_plural = pgettext_lazy("models", "pick ticks")
        constraints = [
            models.UniqueConstraint(
                fields=["line", "warehouse"], condition=Q(warehouse__isnull=False), name="pick_tick_once"
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(warehouse=None), name="pick_tick_once_without_warehouse"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="pick_tick_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} × {self.quantity}"
