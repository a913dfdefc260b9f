"""Complaints of buyers, and decisions to give money back."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.discount import Bearer
from orders.models.order import Order, OrderLine
from orders.models.parcel import Parcel
from orders.models.part import OrderPart
from orders.states import ComplaintState
from shop.core.models import Picture


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def open(self) -> ComplaintQuerySet:
        """What waits for an answer, most urgent first."""
        return self.filter(state=ComplaintState.OPEN).order_by("due_by", "pk")


class Complaint(models.Model):
    """What a buyer says is wrong with goods that came, with pictures; to be answered by a time.

    `key` comes from the form and makes its repeat harmless.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    part = models.ForeignKey(OrderPart, models.PROTECT, related_name="complaints")
    state = models.CharField(max_length=10, choices=ComplaintState, default=ComplaintState.OPEN)
    words = models.TextField()
    answer = models.TextField(blank=True, default="")
    made_at = models.DateTimeField()
    due_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    pictures = models.ManyToManyField(Picture, related_name="+", blank=True)

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_by", "id"], name="complaint_by_state"),
            models.Index(fields=["part", "made_at"], name="complaint_by_part"),
        ]

    def __str__(self) -> str:
        return self.words[:60]


class ComplaintLine(models.Model):
    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "order_line"], name="complaint_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="complaint_line_is_something"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} × {self.quantity}"


class Refund(models.Model):
    """The decision to give money back: how much of which lines and of the delivery, and who bears it.

    Minor units: `amount` = Σ lines + `delivery` + `surplus`. The money itself are events of payments that
    name this row; `parcel` is what came back, where goods did. `key` makes a repeat harmless.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    part = models.ForeignKey(OrderPart, models.PROTECT, related_name="refunds", null=True, blank=True)
    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="refunds", null=True, blank=True)
    parcel = models.OneToOneField(Parcel, models.PROTECT, related_name="refund", null=True, blank=True)
    amount = models.BigIntegerField()
    delivery = models.BigIntegerField(default=0)
    surplus = models.BigIntegerField(
        default=0, help_text=_("What was paid beyond what is due; no line of goods bears it.")
    )
    currency = models.CharField(max_length=3)
    bearer = models.CharField(max_length=12, choices=Bearer)
    reason = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField()
    key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    actor_kind = models.CharField(max_length=10, blank=True, default="")
    actor_key = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, delivery__gte=0, surplus__gte=0)
                & Q(amount__gte=F("delivery") + F("surplus")),
                name="refund_gives_something_back",
            ),
        ]
        indexes = [models.Index(fields=["order", "decided_at"], name="refund_by_order")]

    def __str__(self) -> str:
        return str(self.amount)


class RefundLine(models.Model):
    """What of a line's money is given back; `quantity` is 0 where goods are kept."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "order_line"], name="refund_line_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="refund_line_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.amount)
