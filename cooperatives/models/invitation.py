from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from cooperatives.models.cooperative import Cooperative, Role


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime.datetime) -> InvitationQuerySet:
        """Return invitations that can still be accepted. The condition is that of `is_open`."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)

    def for_cooperative(self, cooperative: Cooperative) -> InvitationQuerySet:
        return self.filter(cooperative=cooperative)

    def newest_first(self) -> InvitationQuerySet:
        return self.order_by("-created_at", "-pk")


class Invitation(models.Model):
    """An invitation to work for a cooperative in a role.

    The person who opens the link may accept the invitation, once. The link holds a signed id and is stored
    nowhere. `note` names the person whom it is meant for. Only managers see the note, and it is cleared once
    the invitation is accepted or revoked. The recipient's address is not stored.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=Role)
    note = models.CharField(max_length=120, blank=True, default="")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "invitation")
        verbose_name_plural = pgettext_lazy("models", "invitations")
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None), name="invitation_accepted_or_revoked"
            ),
        ]
        indexes = [
            models.Index(
                fields=["cooperative", "-created_at", "-id"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative_id} {self.role}"

    def is_open(self, now: datetime.datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > now
