"""The key that signs tokens, from the environment, or generated once and stored in DATA_DIR.

Its public key is published at /.well-known/jwks.json under its RFC 7638 thumbprint, so that apps can verify
our tokens.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from shop.core.database.key_files import read_or_generate_key

ALGORITHM = "RS256"
_BITS = 2048


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, its public key, and its id in tokens."""

    private: RSAPrivateKey
    public: RSAPublicKey
    kid: str

    def published(self) -> dict[str, object]:
        """Return the public key as an entry of a JWKS."""
        return _jwk_members(self.public) | {
            "key_ops": ["verify"],
            "use": "sig",
            "kid": self.kid,
            "alg": ALGORITHM,
        }


@lru_cache(maxsize=1)
def read_signing_key() -> SigningKey:
    """Return the shop's signing key. Raises ImproperlyConfigured if it is not an RSA key in PEM."""
    pem = settings.JWT_PRIVATE_KEY or read_or_generate_key(
        settings.DATA_DIR / "jwt_key.pem",
        lambda: generate_private_key(public_exponent=65537, key_size=_BITS),
    )
    try:
        private = serialization.load_pem_private_key(pem.encode(), password=None)
    except ValueError as error:
        raise ImproperlyConfigured("JWT_PRIVATE_KEY is not a private key in PEM.") from error
    if not isinstance(private, RSAPrivateKey):
        raise ImproperlyConfigured("JWT_PRIVATE_KEY must be an RSA key.")
    public = private.public_key()
    return SigningKey(private, public, _thumbprint(public))


def _thumbprint(public: RSAPublicKey) -> str:
    canonical = json.dumps(_jwk_members(public), sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _jwk_members(public: RSAPublicKey) -> dict[str, str]:
    numbers = public.public_numbers()
    return {"kty": "RSA", "n": _base64url_number(numbers.n), "e": _base64url_number(numbers.e)}


def _base64url_number(number: int) -> str:
    return _base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
