"""Secrets that the database must not hold readable, encrypted under SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

MESSAGES = "shop.notifications.sealing"  # what only a message's receiver may read
FACTORS = "shop.accounts.second_factor.factors"
NEW_FACTORS = "shop.accounts.second_factor.factors.new"  # shown on a page, not kept yet


class Unreadable(Exception):
    """The text was sealed under another SECRET_KEY or for another purpose, is damaged, or is too old."""


def seal(secret: str, *, purpose: str = MESSAGES) -> str:
    return _cipher(purpose).encrypt(secret.encode()).decode()


def unseal(sealed: str, *, purpose: str = MESSAGES, max_age: int | None = None) -> str:
    """The secret; `max_age` in seconds refuses what was sealed earlier. Raises Unreadable."""
    try:
        return _cipher(purpose).decrypt(sealed.encode(), ttl=max_age).decode()
    except InvalidToken as error:
        raise Unreadable() from error


def _cipher(purpose: str) -> Fernet:
    key = hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
