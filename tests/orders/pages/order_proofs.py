"""Prove that an order is one's own: directly in the session, or with the code that buyers are sent."""

from __future__ import annotations

import re
import time
from typing import Any

from django.test import Client

from orders.models import Order
from shop.core.database.encryption import decrypt_secret
from shop.notifications.models import Notification

_ORDER_ADDRESS = re.compile(r"/don-hang/([0-9a-f-]{36})/")


def last_sent_code(*, contact: str) -> str:
    """Return the code last sent to this email address or phone number."""
    return decrypt_secret(
        Notification.objects.filter(key__startswith="code:", recipient=contact).latest("pk").sealed_secret
    )


def prove_order(client: Client, order: Order) -> None:
    """Mark the order as proven in the client's session, as if its code had just been entered."""
    _mark_as_proven(client, str(order.pk))


class ProvenOrdersClient(Client):
    """A client for which every order whose URL it opens counts as proven."""

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        match = _ORDER_ADDRESS.search(str(path))
        if match is not None:
            _mark_as_proven(self, match[1])
        return super().generic(method, path, *args, **kwargs)


def _mark_as_proven(client: Client, key: str) -> None:
    session = client.session
    session["proven_orders"] = session.get("proven_orders", {}) | {key: time.time() + 3600}
    session.save()
