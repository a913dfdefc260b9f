"""Card payments disputed by the buyer's bank (chargebacks)."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import F, Q, Sum

from orders.models.payment import EventKind, Payment, PaymentEvent
from orders.states import DISPUTE_ENDED_STATES, DisputeState


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def awaiting_evidence(self) -> DisputeQuerySet:
        """Return disputes that wait for our evidence, earliest deadline first."""
        disputes_to_answer = self.filter(state=DisputeState.TO_ANSWER)
        return disputes_to_answer.order_by(F("evidence_by").asc(nulls_last=True), "pk")

    def newest_first(self) -> DisputeQuerySet:
        return self.order_by("-received_at", "-pk")

    def charged_back_amounts(self) -> dict[str, int]:
        """Return amounts charged back and not returned, in minor units by currency. It takes one query."""
        signs = {EventKind.CHARGE_BACK: 1, EventKind.CHARGE_SUCCESS: -1}
        payment_events = PaymentEvent.objects.filter(reference__in=self.values("reference"), kind__in=signs)
        amounts: dict[str, int] = {}
        for currency, kind, total in (
            payment_events.order_by("currency").values_list("currency", "kind").annotate(total=Sum("amount"))
        ):
            amounts[currency] = amounts.get(currency, 0) + signs[EventKind(kind)] * total
        return {currency: amount for currency, amount in amounts.items() if amount}


class Dispute(models.Model):
    """A dispute of a card payment. The bank withdraws the money as soon as it opens.

    `reference` and `reason` are Stripe's id and reason code. Stripe accepts evidence until `evidence_by`.
    `received_at` is the time of the Stripe event that was applied last. `amount` is in minor units.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    reference = models.CharField(max_length=190, unique=True)
    reason = models.CharField(max_length=80, blank=True, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=DisputeState, default=DisputeState.TO_ANSWER)
    evidence_by = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_amount_positive"),
        ]
        indexes = [models.Index(fields=["state", "evidence_by", "id"], name="dispute_by_state")]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_over(self) -> bool:
        return self.state in DISPUTE_ENDED_STATES

    def is_late(self, now: datetime.datetime) -> bool:
        """Return whether the deadline for submitting evidence has passed."""
        return self.evidence_by is not None and self.evidence_by <= now
