"""Text messages: written to the console until a provider's address is set.

With SMS_URL set, each message is one POST of {"to", "text", "id"} in JSON with SMS_TOKEN as bearer: the
shape that small gateways and every provider's adapter can take. `id` lets them drop a repeat.
"""

from __future__ import annotations

import json
import sys
import urllib.request

from django.conf import settings

from shop.notifications.models import Notification

_SECONDS = 15


def deliver(row: Notification) -> None:
    """Send one text. Raises OSError when the provider cannot be reached or refuses."""
    if not settings.SMS_URL:
        sys.stdout.write(f"text to {row.to}: {row.text}\n")
        sys.stdout.flush()
        return
    body = json.dumps({"to": row.to, "text": row.text, "id": row.key}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.SMS_TOKEN}"}
    request = urllib.request.Request(settings.SMS_URL, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        answer.read()
