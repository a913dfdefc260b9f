from __future__ import annotations

import datetime

from django.db import models
from django.db.models import F, Q


class SweepFailureQuerySet(models.QuerySet["SweepFailure"]):
    def unacknowledged(self) -> SweepFailureQuerySet:
        """Return failures that staff have not acknowledged, oldest first."""
        return self.filter(acknowledged_at=None).order_by("first_failed_at", "pk")

    def unacknowledged_first(self) -> SweepFailureQuerySet:
        """Return all failures: unacknowledged ones first, then the newest."""
        return self.order_by(F("acknowledged_at").desc(nulls_first=True), "-last_failed_at", "-pk")


class SweepFailure(models.Model):
    """A row that a background sweep could not process.

    It is deleted when the row succeeds or is no longer due. `sweep` is the name of the task, with the step
    after a colon if the task has several ("orders.sweep_card_payments:unused"). `row_key` is the key of the
    row as text. The sweep skips the row until `next_try_at`.
    """

    sweep = models.CharField(max_length=80)
    row_key = models.CharField(max_length=120)
    count = models.PositiveIntegerField(default=1)
    first_failed_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    last_error = models.CharField(max_length=500)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    objects = SweepFailureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sweep", "row_key"], name="sweep_failure_once_per_row"),
        ]
        indexes = [
            models.Index(
                fields=["first_failed_at"],
                condition=Q(acknowledged_at=None),
                name="sweep_failure_unacknowledged",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sweep} {self.row_key}"

    @property
    def task(self) -> str:
        """The name of the task that processes the row."""
        return self.sweep.partition(":")[0]

    def is_waiting(self, now: datetime.datetime) -> bool:
        """Return whether the sweep still skips the row."""
        return self.next_try_at > now
