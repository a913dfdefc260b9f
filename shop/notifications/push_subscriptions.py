"""Turn alerts on a person's browsers on and off, and queue alerts for them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Sequence

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change
from shop.notifications.models import NotificationMethod, PushSubscription
from shop.notifications.push_encryption import (
    decode_base64url,
    encode_base64url,
    load_public_key,
    public_bytes,
)
from shop.notifications.push_endpoints import is_allowed_endpoint
from shop.notifications.send import queue_notification

MAX_DEVICES = 10
MAX_ENDPOINT_LENGTH = 1000
_AUTH_SECRET_BYTES = 16
_MAX_TITLE, _MAX_BODY = 120, 500
_RENEWED_COLUMNS = (
    *("user", "public_key", "auth_secret", "language"),
    *("user_agent", "session_key", "created_at"),
)


class InvalidPushSubscription(Refused):
    """The browser's address or keys are unusable, or the address is not one of a public push service."""

    code = "invalid_push_subscription"
    default_message = _(
        "This browser cannot receive alerts. Try Chrome, Edge or Firefox, or use email and text messages."
    )


class TooManyAlertDevices(Refused):
    code = "too_many_alert_devices"
    default_message = _("Ten devices already get alerts. Turn alerts off on one that you no longer use.")


def user_push_subscriptions(user_id: int) -> QuerySet[PushSubscription]:
    """Return the browsers that receive a person's alerts, newest first."""
    return PushSubscription.objects.filter(user=user_id).order_by("-created_at", "-pk")


@transaction.atomic(durable=True)
def add_push_subscription(
    *,
    user_id: int,
    endpoint: str,
    public_key: str,
    auth_secret: str,
    user_agent: str,
    session_key: str,
    language: str,
    actor: Actor,
    now: datetime.datetime,
) -> PushSubscription:
    """Send a person's alerts to a browser. A browser that another person used before changes its owner.

    Raises Missing, InvalidPushSubscription, TooManyAlertDevices.
    """
    if len(endpoint) > MAX_ENDPOINT_LENGTH or not is_allowed_endpoint(endpoint):
        raise InvalidPushSubscription()
    keys = _normalise_keys(public_key, auth_secret)
    user = lock_row(get_user_model().objects.filter(pk=user_id, is_active=True))
    if user is None:
        raise Missing()
    if user_push_subscriptions(user_id).exclude(endpoint=endpoint).count() >= MAX_DEVICES:
        raise TooManyAlertDevices()
    PushSubscription.objects.bulk_create(
        [
            PushSubscription(
                user=user,
                endpoint=endpoint,
                public_key=keys[0],
                auth_secret=keys[1],
                language=language,
                user_agent=user_agent[:250],
                session_key=session_key,
                created_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["endpoint"],
        update_fields=_RENEWED_COLUMNS,
    )
    record_change("user.push_subscription_added", user, actor=actor, now=now)
    return PushSubscription.objects.get(endpoint=endpoint)


@transaction.atomic(durable=True)
def remove_push_subscription(
    *, user_id: int, subscription_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Send no more alerts to one of a person's browsers. Raises Missing."""
    subscription = lock_row(PushSubscription.objects.filter(user=user_id, pk=subscription_id))
    if subscription is None:
        raise Missing()
    user = subscription.user
    subscription.delete()
    record_change("user.push_subscription_removed", user, actor=actor, now=now)


def end_push_of_sessions(session_keys: Collection[str]) -> None:
    """Send no more alerts to browsers that are signed out of these sessions."""
    PushSubscription.objects.filter(session_key__in=[key for key in session_keys if key]).delete()


def queue_push(
    subscriptions: Sequence[PushSubscription],
    *,
    key: str,
    title: str,
    body: str,
    url: str,
    now: datetime.datetime,
) -> None:
    """In a transaction: queue an alert for each of these browsers.

    A tap on it opens `url`, a path of this site. Alerts with one `key` replace each other on the screen.
    """
    message = {"title": title[:_MAX_TITLE], "body": body[:_MAX_BODY], "url": url, "tag": key}
    for subscription in subscriptions:
        queue_notification(
            key=f"{key}:push:{subscription.pk}",
            contact_method=NotificationMethod.PUSH,
            recipient=str(subscription.pk),
            subject=message["title"],
            text=json.dumps(message, ensure_ascii=False),
            language=subscription.language,
            user_id=subscription.user_id,
            now=now,
        )


def _normalise_keys(public_key: str, auth_secret: str) -> tuple[str, str]:
    """Return a browser's keys without padding. Raises InvalidPushSubscription."""
    try:
        point, secret = public_bytes(load_public_key(public_key)), decode_base64url(auth_secret)
    except ValueError as error:
        raise InvalidPushSubscription() from error
    if len(secret) != _AUTH_SECRET_BYTES:
        raise InvalidPushSubscription()
    return encode_base64url(point), encode_base64url(secret)
