"""Buyers' complaints about delivered items."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.models.line import OrderLine
from orders.models.part import OrderPart
from orders.states import ComplaintState
from shop.core.models import Picture, PictureState


class RequestedRemedy(models.TextChoices):
    """The remedy that a complaining buyer prefers."""

    MONEY = "money", _("a refund")
    REPLACEMENT = "replacement", _("a replacement")
    EITHER = "either", _("either")


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    def for_cooperative(self, cooperative: Cooperative) -> ComplaintQuerySet:
        return self.filter(part__cooperative=cooperative)

    def open(self) -> ComplaintQuerySet:
        """Return complaints that wait for an answer, most urgent first."""
        return self.filter(state=ComplaintState.OPEN).order_by("due_by", "pk")

    def with_refused_photos(self) -> ComplaintQuerySet:
        """Annotate `has_refused_photo`: whether one of its photos could not be decoded."""
        photos = Complaint.pictures.through._default_manager.filter(
            complaint=models.OuterRef("pk"), picture__state=PictureState.REFUSED
        )
        return self.annotate(has_refused_photo=models.Exists(photos))

    def overdue(self, now: datetime.datetime) -> ComplaintQuerySet:
        """Return open complaints past their deadline, oldest deadline first."""
        return self.open().filter(due_by__lte=now)

    def with_displayed_rows(self) -> ComplaintQuerySet:
        """Return complaints with everything that their pages show."""
        lines = models.Prefetch(
            "lines", ComplaintLine.objects.select_related("order_line").order_by("order_line__position", "pk")
        )
        pictures = models.Prefetch("pictures", Picture.objects.order_by("pk"))
        return self.select_related("part__cooperative", "part__order").prefetch_related(lines, pictures)

    def newest_first(self) -> ComplaintQuerySet:
        return self.order_by("-created_at", "-pk")


class Complaint(models.Model):
    """A buyer's complaint about delivered items, with pictures and a deadline for the answer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    part = models.ForeignKey(OrderPart, models.PROTECT, related_name="complaints")
    state = models.CharField(max_length=10, choices=ComplaintState, default=ComplaintState.OPEN)
    requested_remedy = models.CharField(
        max_length=12, choices=RequestedRemedy, default=RequestedRemedy.EITHER
    )
    text = models.TextField()
    answer = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    due_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When staff were notified that nobody had answered the complaint.")
    )
    idempotency_key = models.CharField(max_length=160, unique=True, null=True, blank=True)
    pictures = models.ManyToManyField(Picture, related_name="+", blank=True)

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_by", "id"], name="complaint_by_state"),
            models.Index(fields=["part", "created_at"], name="complaint_by_part"),
        ]

    def __str__(self) -> str:
        return self.text[:60]

    @property
    def is_open(self) -> bool:
        return self.state == ComplaintState.OPEN


class ComplaintLine(models.Model):
    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "order_line"], name="complaint_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="complaint_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} × {self.quantity}"
