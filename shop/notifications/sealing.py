"""What only a message's receiver may read, kept unreadable in the outbox until it is sent."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unreadable(Exception):
    """It was sealed under another SECRET_KEY, or is damaged."""


def seal(secret: str) -> str:
    return _lock().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises Unreadable."""
    try:
        return _lock().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable() from error


def _lock() -> Fernet:
    key = hashlib.sha256(f"shop.notifications.sealing:{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
