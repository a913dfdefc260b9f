from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from cooperatives.models.cooperative import Cooperative
from cooperatives.models.invitation import Invitation


class JoinRequestQuerySet(models.QuerySet["JoinRequest"]):
    def waiting(self, cooperative: Cooperative, now: datetime.datetime) -> JoinRequestQuerySet:
        """Return the requests that a manager of the cooperative may confirm."""
        open_invitations = Invitation.objects.for_cooperative(cooperative).open(now)
        return self.filter(invitation__in=open_invitations, confirmed_at=None)


class JoinRequest(models.Model):
    """A person without an account who asks to join by an invitation, until a manager confirms who it is.

    The manager enters `digits`, which only the person's phone shows. The account is created then. The name,
    the number and the password's hash stay here only until that. Afterwards the phone that asked may sign in
    once, within a day.
    """

    OPENS_FOR = datetime.timedelta(days=1)

    invitation = models.OneToOneField(Invitation, models.CASCADE, related_name="join_request")
    name = models.CharField(max_length=256, blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="")
    password_hash = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=16)
    digits = models.CharField(max_length=6)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )

    objects = JoinRequestQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "request to join")
        verbose_name_plural = pgettext_lazy("models", "requests to join")
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(name="", phone="", password_hash=""),
                name="join_request_keeps_nothing_once_confirmed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id}"

    def may_sign_in(self, now: datetime.datetime) -> bool:
        """Return whether the phone that asked may sign in, because a manager has just confirmed."""
        return self.confirmed_at is not None and now - self.confirmed_at < self.OPENS_FOR
