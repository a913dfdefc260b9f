"""The key by which push services recognise the shop (VAPID, RFC 8292)."""

from __future__ import annotations

import datetime
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from shop.core.database.key_files import read_or_generate_key
from shop.core.models import shop_settings
from shop.notifications.push_encryption import encode_base64url, public_bytes

_TOKEN_LIFETIME = datetime.timedelta(hours=12)  # push services accept at most 24 hours


@lru_cache(maxsize=1)
def read_vapid_key() -> ec.EllipticCurvePrivateKey:
    """Return the shop's key for push services. Raises ImproperlyConfigured if it is no P-256 key."""
    pem = settings.VAPID_PRIVATE_KEY or read_or_generate_key(
        settings.DATA_DIR / "vapid_key.pem", lambda: ec.generate_private_key(ec.SECP256R1())
    )
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except ValueError as error:
        raise ImproperlyConfigured("VAPID_PRIVATE_KEY is not a private key in PEM.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ImproperlyConfigured("VAPID_PRIVATE_KEY must be a P-256 key.")
    return key


def read_vapid_public_key() -> str:
    """Return the public key as browsers take it when they subscribe."""
    return encode_base64url(public_bytes(read_vapid_key().public_key()))


def build_vapid_authorization(endpoint: str, *, now: datetime.datetime) -> str:
    """Return the Authorization header of a message to this endpoint's push service."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((now + _TOKEN_LIFETIME).timestamp()),
        "sub": f"mailto:{_contact_address()}",
    }
    token = jwt.encode(claims, read_vapid_key(), algorithm="ES256")
    return f"vapid t={token}, k={read_vapid_public_key()}"


def _contact_address() -> str:
    """Return the address at which a push service reaches the platform."""
    return shop_settings().operator_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
