"""Send text messages. They are printed to the console unless SMS_URL is set.

If SMS_URL is set, each message is one POST of JSON {"to", "text", "id"} with SMS_TOKEN as bearer token, which
small gateways and providers' adapters can take. `id` lets them drop duplicates.
"""

from __future__ import annotations

import json
import sys
import urllib.request

from django.conf import settings

from shop.notifications.models import Notification

_TIMEOUT_SECONDS = 15


def deliver(notification: Notification) -> None:
    """Send one text message. Raises OSError if the provider is unreachable or refuses."""
    if not settings.SMS_URL:
        sys.stdout.write(f"text to {notification.recipient}: {notification.text}\n")
        sys.stdout.flush()
        return
    body = json.dumps(
        {"to": notification.recipient, "text": notification.text, "id": notification.key}
    ).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.SMS_TOKEN}"}
    request = urllib.request.Request(settings.SMS_URL, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
        response.read()
