"""Encrypt secrets for the database with a key derived from SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

MESSAGES = "shop.notifications.sealing"  # message texts that only the recipient may read
FACTORS = "shop.accounts.second_factor.factors"
NEW_FACTORS = "shop.accounts.second_factor.factors.new"  # shown on a page but not stored yet


class Unreadable(Exception):
    """The text was encrypted under another SECRET_KEY or purpose, is damaged, or is too old."""


def seal(secret: str, *, purpose: str = MESSAGES) -> str:
    return _cipher(purpose).encrypt(secret.encode()).decode()


def unseal(sealed: str, *, purpose: str = MESSAGES, max_age: int | None = None) -> str:
    """Decrypt a secret. With `max_age` (seconds), older texts are refused. Raises Unreadable."""
    try:
        return _cipher(purpose).decrypt(sealed.encode(), ttl=max_age).decode()
    except InvalidToken as error:
        raise Unreadable() from error


def _cipher(purpose: str) -> Fernet:
    key = hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
