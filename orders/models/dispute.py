"""Card payments that a buyer's bank disputes."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import F, Q, Sum

from orders.models.payment import EventKind, Payment, PaymentEvent
from orders.states import DISPUTE_OVER, DisputeState


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def to_answer(self) -> DisputeQuerySet:
        """What waits for our evidence, the most urgent first."""
        waiting = self.filter(state=DisputeState.TO_ANSWER)
        return waiting.order_by(F("evidence_by").asc(nulls_last=True), "pk")

    def newest_first(self) -> DisputeQuerySet:
        return self.order_by("-told_at", "-pk")

    def taken_back(self) -> dict[str, int]:
        """What banks have taken back and not given again, in minor units by currency: one query."""
        signs = {EventKind.CHARGE_BACK: 1, EventKind.CHARGE_SUCCESS: -1}
        rows = PaymentEvent.objects.filter(reference__in=self.values("reference"), kind__in=signs)
        taken: dict[str, int] = {}
        for currency, kind, total in (
            rows.order_by("currency").values_list("currency", "kind").annotate(total=Sum("amount"))
        ):
            taken[currency] = taken.get(currency, 0) + signs[EventKind(kind)] * total
        return {currency: amount for currency, amount in taken.items() if amount}


class Dispute(models.Model):
    """A bank asks for a card payment again on behalf of its customer; it takes the money at once.

    `reference` and `reason` are Stripe's own id and word; until `evidence_by` our evidence is read there;
    `told_at` is when Stripe wrote what is known here. `amount` is minor units.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    reference = models.CharField(max_length=190, unique=True)
    reason = models.CharField(max_length=80, blank=True, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=DisputeState, default=DisputeState.TO_ANSWER)
    evidence_by = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField()

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_is_about_something"),
        ]
        indexes = [models.Index(fields=["state", "evidence_by", "id"], name="dispute_by_state")]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_over(self) -> bool:
        return self.state in DISPUTE_OVER

    def is_late(self, now: datetime.datetime) -> bool:
        """Whether nobody at Stripe reads our evidence any more."""
        return self.evidence_by is not None and self.evidence_by <= now
