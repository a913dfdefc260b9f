"""Send alerts to browsers through their push services (Web Push, RFC 8030)."""

from __future__ import annotations

from django.utils import timezone

from shop.notifications.models import Notification, PushSubscription
from shop.notifications.push_encryption import encrypt_push_message
from shop.notifications.push_endpoints import post_to_endpoint
from shop.notifications.vapid import build_vapid_authorization

_KEPT_SECONDS = 6 * 60 * 60  # how long a push service keeps the message for a phone without network
_ENDED = (404, 410)


class PushSubscriptionEnded(Exception):
    """The browser no longer receives alerts. Its subscription was removed, or its push service said so."""


def deliver(notification: Notification) -> None:
    """Send one alert to one browser, and delete a subscription that has ended.

    Raises OSError if the push service is unreachable or refuses, and PushSubscriptionEnded.
    """
    subscription = PushSubscription.objects.filter(pk=int(notification.recipient)).first()
    if subscription is None:
        raise PushSubscriptionEnded()
    body = encrypt_push_message(
        notification.text.encode(), public_key=subscription.public_key, auth_secret=subscription.auth_secret
    )
    headers = {
        "Authorization": build_vapid_authorization(subscription.endpoint, now=timezone.now()),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(_KEPT_SECONDS),
        "Urgency": "high",
    }
    status = post_to_endpoint(subscription.endpoint, body, headers)
    if status in _ENDED:
        # Only the subscription that was tried, because the browser may have renewed it meanwhile.
        PushSubscription.objects.filter(pk=subscription.pk, endpoint=subscription.endpoint).delete()
        raise PushSubscriptionEnded()
    if not 200 <= status < 300:
        raise OSError(f"the push service answered {status}")
