"""Encrypt secrets and files for the database with a key derived from SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

MESSAGE_PURPOSE = "shop.notifications.sealing"  # message texts that only the recipient may read
FACTOR_PURPOSE = "shop.accounts.second_factor.factors"
DOCUMENT_PURPOSE = "cooperatives.documents"
NEW_FACTOR_PURPOSE = "shop.accounts.second_factor.factors.new"  # shown on a page but not stored yet


class UndecryptableSecret(Exception):
    """The text was encrypted under another SECRET_KEY or purpose, is damaged, or is too old."""


def encrypt_secret(secret: str, *, purpose: str = MESSAGE_PURPOSE) -> str:
    return _cipher(purpose).encrypt(secret.encode()).decode()


def decrypt_secret(sealed: str, *, purpose: str = MESSAGE_PURPOSE, max_age: int | None = None) -> str:
    """Decrypt a secret. Raises UndecryptableSecret, also if the text is older than `max_age` seconds."""
    try:
        return _cipher(purpose).decrypt(sealed.encode(), ttl=max_age).decode()
    except InvalidToken as error:
        raise UndecryptableSecret() from error


def encrypt_file(content: bytes, *, purpose: str) -> bytes:
    return _cipher(purpose).encrypt(content)


def decrypt_file(sealed: bytes, *, purpose: str) -> bytes:
    """Decrypt a file. Raises UndecryptableSecret."""
    try:
        return _cipher(purpose).decrypt(sealed)
    except InvalidToken as error:
        raise UndecryptableSecret() from error


def _cipher(purpose: str) -> Fernet:
    key = hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
