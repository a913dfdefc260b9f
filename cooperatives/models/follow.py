from __future__ import annotations

import datetime
import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from cooperatives.models.cooperative import Cooperative


class FollowQuerySet(models.QuerySet["Follow"]):
    def confirmed(self) -> FollowQuerySet:
        return self.filter(confirmed_at__isnull=False)

    def unconfirmed_before(self, moment: datetime.datetime) -> FollowQuerySet:
        """Return unconfirmed requests made before `moment`."""
        return self.filter(confirmed_at=None, created_at__lt=moment)

    def of_person(self, user_id: int) -> FollowQuerySet:
        return self.filter(user=user_id)


class Follow(models.Model):
    """A subscription to the weekly bulletin of one cooperative, or of the whole market (null).

    Nothing is sent before `confirmed_at`. A guest confirms by the link in an email. A user's own confirmed
    address needs no confirmation. `token` is the secret of the confirm and unsubscribe links. Unsubscribing
    deletes the row. The consent (`shop.accounts`) keeps the times of consent and withdrawal.
    """

    cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="follows", null=True, blank=True
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows", null=True, blank=True
    )
    email = models.EmailField()
    language = models.CharField(max_length=16, default="vi")
    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects = FollowQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "follower")
        verbose_name_plural = pgettext_lazy("models", "followers")
        constraints = [
            # Databases consider nulls distinct, so the market counts as cooperative 0.
            models.UniqueConstraint(Coalesce("cooperative", Value(0)), "email", name="follow_once"),
            models.CheckConstraint(condition=~Q(email=""), name="follow_has_an_address"),
        ]
        indexes = [
            models.Index(
                fields=["cooperative", "language", "id"],
                condition=Q(confirmed_at__isnull=False),
                name="follow_to_send_to",
            ),
            models.Index(fields=["created_at"], condition=Q(confirmed_at=None), name="follow_unconfirmed"),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative_id or '*'} {self.email}"
