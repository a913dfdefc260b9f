"""Proposals that take effect only after a second person confirms them."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from orders.models.settlement import Payout
from orders.states import ApprovalState


class ApprovalKind(models.TextChoices):
    PAYOUT = "payout", _("payment")
    COOPERATIVE_ACCOUNT = "cooperative_account", _("bank account of a cooperative")
    MARKET_ACCOUNT = "market_account", _("bank account of the market")
    RULES = "rules", _("rules on second-person approval")


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def waiting(self, now: datetime.datetime) -> ApprovalQuerySet:
        """Return open, unexpired proposals, oldest first."""
        open_rows = self.filter(state=ApprovalState.OPEN, expires_at__gt=now)
        return open_rows.order_by("proposed_at", "pk")

    def confirmed_payout(self, payout: Payout) -> Approval | None:
        """Return the latest confirmation of a payout, even if the payout has changed since."""
        rows = self.filter(kind=ApprovalKind.PAYOUT, payout=payout, state=ApprovalState.CONFIRMED)
        return rows.order_by("-decided_at", "-pk").first()


class Approval(models.Model):
    """A proposal and the second person's decision on it.

    `proposed_values` holds the values to apply. `basis` holds the row's values when the proposal was made.
    The proposal lapses if the row no longer matches `basis`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=ApprovalKind)
    state = models.CharField(max_length=10, choices=ApprovalState, default=ApprovalState.OPEN)
    payout = models.ForeignKey(Payout, models.CASCADE, related_name="approvals", null=True, blank=True)
    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="approvals", null=True, blank=True
    )
    proposed_values = models.JSONField(default=dict)
    basis = models.JSONField(default=dict)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="proposed_approvals"
    )
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="decided_approvals", null=True, blank=True
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, default="")

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "second-person approval")
        verbose_name_plural = pgettext_lazy("models", "second-person approvals")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=ApprovalState.CONFIRMED)
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="approval_by_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(kind=ApprovalKind.PAYOUT, payout__isnull=False, cooperative=None)
                | Q(kind=ApprovalKind.COOPERATIVE_ACCOUNT, payout=None, cooperative__isnull=False)
                | Q(
                    kind__in=[ApprovalKind.MARKET_ACCOUNT, ApprovalKind.RULES],
                    payout=None,
                    cooperative=None,
                ),
                name="approval_of_its_kind",
            ),
            models.UniqueConstraint(
                fields=["payout"],
                condition=Q(state=ApprovalState.OPEN, payout__isnull=False),
                name="approval_one_for_payout",
            ),
            models.UniqueConstraint(
                fields=["cooperative"],
                condition=Q(state=ApprovalState.OPEN, cooperative__isnull=False),
                name="approval_one_for_cooperative",
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(state=ApprovalState.OPEN, payout=None, cooperative=None),
                name="approval_one_for_market",
            ),
        ]
        indexes = [models.Index(fields=["state", "proposed_at"], name="approval_by_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
