"""Weights above the bound that the buyer agreed to: the question and the answer."""

from __future__ import annotations

import datetime
import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.line import OrderLine
from orders.models.order import Order


class WeightAnswer(models.TextChoices):
    AGREED = "agreed", _("agreed")
    REFUSED = "refused", _("not agreed")
    REMOVED = "removed", _("taken off the order")
    NO_LONGER_ASKED = "no_longer_asked", _("no longer needed")


_REMINDER_DELAY = datetime.timedelta(days=1)


class WeightQuestionQuerySet(models.QuerySet["WeightQuestion"]):
    def of_order(self, order: Order) -> WeightQuestionQuerySet:
        """Return questions of an order, with their lines and cooperatives."""
        return self.filter(line__order=order).select_related("line__cooperative")

    def open(self) -> WeightQuestionQuerySet:
        """Return questions without an answer."""
        return self.filter(answer="")

    def unanswered_for_a_day(self, now: datetime.datetime) -> WeightQuestionQuerySet:
        """Return questions unanswered for a day. Fresh products cannot wait longer."""
        return self.open().filter(created_at__lte=now - _REMINDER_DELAY)

    def in_order(self) -> WeightQuestionQuerySet:
        return self.order_by("created_at", "pk")


class WeightQuestion(models.Model):
    """Asks the buyer to accept a weight (grams) and cost (minor units) above the bound.

    The line cannot be dispatched until it is answered.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="weight_questions")
    grams = models.PositiveIntegerField()
    cost_before = models.BigIntegerField()
    cost_after = models.BigIntegerField()
    created_at = models.DateTimeField()
    answer = models.CharField(max_length=16, choices=WeightAnswer, blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = WeightQuestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(answer=""), name="weight_question_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.grams} g"

    @property
    def extra_cost(self) -> int:
        """By how much the weight costs more than agreed, in minor units."""
        return self.cost_after - self.cost_before

    @property
    def remind_at(self) -> datetime.datetime:
        """The time from which the buyer is reminded and called."""
        return self.created_at + _REMINDER_DELAY

    @property
    def kilograms(self) -> str:
        """The weight as a scale shows it: `3.200`."""
        return f"{self.grams / 1000:.3f}"
