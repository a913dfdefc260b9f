from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ContactMethod(models.TextChoices):
    EMAIL = "email", _("email")
    SMS = "sms", _("text message")


class NotificationMethod(models.TextChoices):
    """How a notification travels: the ways to reach a person, and the push services of their browsers."""

    EMAIL = "email", _("email")
    SMS = "sms", _("text message")
    PUSH = "push", _("alert on a device")


class NotificationQuerySet(models.QuerySet["Notification"]):
    def due(self, now: datetime.datetime) -> NotificationQuerySet:
        """Return notifications that may be tried now, oldest first."""
        return self.filter(sent_at=None, given_up_at=None, due_at__lte=now).order_by("due_at", "pk")


class Notification(models.Model):
    """An email or SMS to one person, stored in the transaction that caused it and retried until sent.

    `key` identifies the occasion ("order-placed:<id>:email"), so that nothing is sent twice. `sealed_secret`
    is an encrypted secret, inserted into the text on delivery and then deleted. After `secret_expires_at` the
    notification is dropped. `unsubscribe_url` ends a subscription. Mail programs show it as a button (RFC
    8058). An alert's `recipient` is the id of its push subscription, and its `text` the JSON for the browser.
    """

    key = models.CharField(max_length=120, unique=True)
    contact_method = models.CharField(max_length=10, choices=NotificationMethod)
    recipient = models.CharField(max_length=254)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="notifications", null=True, blank=True
    )
    language = models.CharField(max_length=16, default="vi")
    subject = models.CharField(max_length=250, blank=True, default="")
    text = models.TextField()
    html = models.TextField(blank=True, default="")
    sealed_secret = models.TextField(blank=True, default="")
    secret_expires_at = models.DateTimeField(null=True, blank=True)
    unsubscribe_url = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=250, blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(sent_at=None, given_up_at=None),
                name="notification_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_method} {self.key}"


class PushSubscription(models.Model):
    """A browser that receives alerts for a person: the address and keys of its push service (RFC 8030, 8291).

    `public_key` and `auth_secret` are base64url without padding, as browsers send them. The row is deleted
    once the push service reports that the subscription ended, and when the person signs out of the session
    with this `session_key`.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1000, unique=True)
    public_key = models.CharField(max_length=90)
    auth_secret = models.CharField(max_length=30)
    language = models.CharField(max_length=16, default="vi")
    user_agent = models.CharField(max_length=250, blank=True, default="")
    session_key = models.CharField(max_length=40, blank=True, default="", db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(endpoint="") & ~Q(public_key="") & ~Q(auth_secret=""),
                name="push_subscription_is_complete",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.pk}"
