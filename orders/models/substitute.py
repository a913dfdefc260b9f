"""Substitutes that a cooperative offers for missing items, and the stock held for them."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from catalog.models import Stock, Variant
from orders.models.line import OrderLine
from orders.models.order import Order
from orders.states import SubstituteState


class SubstituteQuerySet(models.QuerySet["Substitute"]):
    def waiting(self) -> SubstituteQuerySet:
        """Return offers that the buyer has not answered."""
        return self.filter(state=SubstituteState.WAITING)

    def overdue(self, now: datetime.datetime) -> SubstituteQuerySet:
        """Return offers whose time to answer has passed."""
        return self.waiting().filter(answer_by__lte=now).order_by("answer_by", "pk")

    def of_order(self, order: Order) -> SubstituteQuerySet:
        """Return offers of an order, oldest first, with their lines, cooperatives and products."""
        rows = self.filter(line__order=order).select_related("line__cooperative", "variant__product")
        return rows.order_by("offered_at", "pk")


class Substitute(models.Model):
    """An offer of another variant instead of `quantity` sales units of a line, at frozen prices.

    Amounts are minor units. `replaced_gross` is the share of the line's total that is no longer charged.
    `total_gross` is the substitute's total at its estimate, never more. The line cannot be packed until the
    buyer answers or `answer_by` passes. `new_line` is the substitute's order line.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="substitutes")
    quantity = models.PositiveIntegerField()
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    substitute_quantity = models.PositiveIntegerField()
    unit_list_price = models.BigIntegerField()
    unit_price = models.BigIntegerField()
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    tax_class_name = models.CharField(max_length=255, blank=True, default="")
    replaced_gross = models.BigIntegerField()
    total_gross = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=SubstituteState, default=SubstituteState.WAITING)
    offered_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    new_line = models.OneToOneField(
        OrderLine, models.CASCADE, related_name="substitute_for", null=True, blank=True
    )
    idempotency_key = models.CharField(max_length=160, unique=True, null=True, blank=True)

    objects = SubstituteQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "substitute")
        verbose_name_plural = pgettext_lazy("models", "substitutes")
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(state=SubstituteState.WAITING), name="substitute_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, substitute_quantity__gte=1),
                name="substitute_quantities_positive",
            ),
            models.CheckConstraint(
                condition=Q(total_gross__gte=0, replaced_gross__gt=0, total_gross__lte=F("replaced_gross")),
                name="substitute_costs_no_more",
            ),
            models.CheckConstraint(
                condition=Q(new_line=None) | Q(state=SubstituteState.ACCEPTED),
                name="substitute_line_was_accepted",
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None) | ~Q(state=SubstituteState.WAITING),
                name="substitute_waiting_has_no_answer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_by", "id"],
                condition=Q(state=SubstituteState.WAITING),
                name="substitute_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} → {self.variant_id} × {self.substitute_quantity}"

    @property
    def replaced_contents(self) -> str:
        """The replaced items with their quantity."""
        return self.line.contents_label(self.quantity)

    @property
    def contents(self) -> str:
        """The substitute with its quantity: `2 kg Gừng tươi`, or `2 × Gừng tươi (1 kg)`."""
        variant, name = self.variant, self.variant.product.name
        if variant.name:
            return f"{self.substitute_quantity} × {name} ({variant.name})"
        return f"{self.substitute_quantity} {variant.get_unit_display()} {name}"

    @property
    def is_dearer(self) -> bool:
        """Whether the cooperative bears a part of the substitute's price."""
        return self.list_price > self.replaced_gross

    @property
    def saving(self) -> int:
        """How much less the buyer pays, in minor units."""
        return self.replaced_gross - self.total_gross

    @property
    def list_price(self) -> int:
        """The substitute's own price, in minor units as the channel enters prices."""
        return self.unit_price * self.substitute_quantity


class SubstituteHold(models.Model):
    """Stock held for an offered substitute. It becomes the new line's allocation when the buyer accepts."""

    substitute = models.ForeignKey(Substitute, models.CASCADE, related_name="holds")
    stock = models.ForeignKey(Stock, models.PROTECT, related_name="substitute_holds")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["substitute", "stock"], name="substitute_hold_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="substitute_hold_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.substitute_id} {self.stock_id} × {self.quantity}"
