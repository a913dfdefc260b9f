"""Who was told that a lot is recalled, and who has confirmed reading it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from catalog.models import Recall
from orders.models.order import Order


class RecallNoticeQuerySet(models.QuerySet["RecallNotice"]):
    def unsent(self) -> RecallNoticeQuerySet:
        """Return notices of open recalls that are still to be sent, oldest first."""
        return self.filter(notified_at=None, recall__ended_at=None).order_by("created_at", "pk")

    def with_unsent_end(self) -> RecallNoticeQuerySet:
        """Return sent notices whose recall has ended and whose buyers are still to be told, oldest first."""
        sent = self.filter(notified_at__isnull=False, end_notified_at=None, recall__ended_at__isnull=False)
        return sent.order_by("created_at", "pk")


class RecallNotice(models.Model):
    """The notice of a recall to an order's buyer. Its random id is in the link that confirms reading it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recall = models.ForeignKey(Recall, models.CASCADE, related_name="notices")
    order = models.ForeignKey(Order, models.CASCADE, related_name="recall_notices")
    created_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    end_notified_at = models.DateTimeField(null=True, blank=True)

    objects = RecallNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "recall notice")
        verbose_name_plural = pgettext_lazy("models", "recall notices")
        constraints = [models.UniqueConstraint(fields=["recall", "order"], name="recall_notice_once")]
        indexes = [
            models.Index(
                fields=["created_at", "id"], condition=Q(notified_at=None), name="recall_notice_unsent"
            ),
            models.Index(
                fields=["created_at", "id"], condition=Q(end_notified_at=None), name="recall_end_unsent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recall_id} {self.order_id}"
