"""Families of refresh tokens. Each sign-in over the API has one."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy


class TokenFamilyQuerySet(models.QuerySet["TokenFamily"]):
    def active(self, now: datetime.datetime) -> TokenFamilyQuerySet:
        return self.filter(expires_at__gt=now)

    def of_person(self, user_id: int, now: datetime.datetime) -> TokenFamilyQuerySet:
        """Return a user's sign-ins over the API, the last used one first."""
        return self.active(now).filter(user=user_id).order_by("-last_seen_at", "pk")


class TokenFamily(models.Model):
    """The refresh tokens descending from one API sign-in. Deleting the row revokes them all.

    `current_token_id` is the `jti` claim of the valid token, `previous_token_id` that of the token it
    replaced at `rotated_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="token_families")
    current_token_id = models.CharField(max_length=43)
    previous_token_id = models.CharField(max_length=43, blank=True, default="")
    rotated_at = models.DateTimeField()
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True, default="")

    objects = TokenFamilyQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "sign-in over the API")
        verbose_name_plural = pgettext_lazy("models", "sign-ins over the API")
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="token_family_expires_after_it_is_created"
            ),
            models.CheckConstraint(
                condition=~Q(current_token_id=F("previous_token_id")), name="token_family_tokens_differ"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.created_at:%Y-%m-%d}"
