"""One-time codes and signed-in browsers."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.notifications.models import ContactMethod


class CodePurpose(models.TextChoices):
    SIGN_IN = "enter", _("signing in")
    CONFIRM_NUMBER = "confirm", _("confirming a number")
    DATA_REQUEST = "data", _("a request about personal data")
    REGISTER = "register", _("creating an account")
    NEW_DEVICE = "device", _("signing in on a new device")
    ORDER_CHANGE = "order", _("changing an order")


class OneTimeCodeQuerySet(models.QuerySet["OneTimeCode"]):
    def usable(self, now: datetime.datetime, max_tries: int) -> OneTimeCodeQuerySet:
        """Return codes that may still be tried."""
        return self.filter(used_at=None, expires_at__gt=now, tries__lt=max_tries)


class OneTimeCode(models.Model):
    """Six digits sent to a phone number or email address to prove that the person owns it.

    Only a keyed hash is stored. Trying a code requires the row's id, which the visitor's session holds.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=10, choices=CodePurpose)
    contact_method = models.CharField(max_length=10, choices=ContactMethod)
    recipient = models.CharField(max_length=254)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", null=True, blank=True
    )
    digest = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = OneTimeCodeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="one_time_code_by_expires_at"),
            models.Index(fields=["recipient"], name="one_time_code_by_recipient"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="one_time_code_expires_after_it_is_created"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.contact_method}"


class SignInMethod(models.TextChoices):
    """The method used to sign in."""

    PASSWORD = "password", _("password")
    CODE = "code", _("code by text message")
    PASSKEY = "passkey", _("passkey")
    REGISTERED = "registered", _("new account")
    PIN = "pin", _("PIN on a shared phone")


class SignInQuerySet(models.QuerySet["SignIn"]):
    def active(self, user_id: int, now: datetime.datetime) -> SignInQuerySet:
        """Return unexpired sign-ins of a user, the last used one first."""
        alive = Session.objects.filter(session_key=models.OuterRef("session_key"), expire_date__gt=now)
        return self.filter(models.Exists(alive), user=user_id).order_by("-last_seen_at", "-pk")

    def ended(self, now: datetime.datetime) -> SignInQuerySet:
        """Return sign-ins whose session is gone."""
        alive = Session.objects.filter(session_key=models.OuterRef("session_key"), expire_date__gt=now)
        return self.filter(~models.Exists(alive))


class SignIn(models.Model):
    """One browser in which a person is signed in: since when, how, and the address last used.

    `user_agent` is the browser's User-Agent. The session key grants access, so no interface shows it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sign_ins")
    session_key = models.CharField(max_length=40, unique=True)
    method = models.CharField(max_length=10, choices=SignInMethod)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True, default="")

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "sign-in")
        verbose_name_plural = pgettext_lazy("models", "sign-ins")

    def __str__(self) -> str:
        return f"{self.method} {self.created_at:%Y-%m-%d}"
