"""Showing that an order is one's own: as a test does it in a word, and as buyers do it with a code."""

from __future__ import annotations

import re
import time
from typing import Any

from django.test import Client

from orders.models import Order
from shop.core.database.encryption import decrypt_secret
from shop.notifications.models import Notification

_ORDER_ADDRESS = re.compile(r"/don-hang/([0-9a-f-]{36})/")


def sent_digits(*, to: str) -> str:
    """The code that was last sent there."""
    return decrypt_secret(Notification.objects.filter(key__startswith="code:", to=to).latest("pk").sealed)


def show_order_is_theirs(client: Client, order: Order) -> None:
    """As if its code had just been entered in this browser."""
    _remember(client, str(order.pk))


class BuyersBrowser(Client):
    """A browser in which every order whose address it opens has been shown to be its holder's."""

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        found = _ORDER_ADDRESS.search(str(path))
        if found is not None:
            _remember(self, found[1])
        return super().generic(method, path, *args, **kwargs)


def _remember(client: Client, key: str) -> None:
    session = client.session
    session["proven_orders"] = session.get("proven_orders", {}) | {key: time.time() + 3600}
    session.save()
