"""Encrypt push messages for the browser that receives them (RFC 8291, content coding of RFC 8188).

Only the browser can read a message. The push service learns only the message's length and time.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAX_PLAINTEXT_BYTES = 3993  # in the 4096 bytes that every push service accepts
_RECORD_SIZE = 4096
_LAST_RECORD = b"\x02"


def encrypt_push_message(plaintext: bytes, *, public_key: str, auth_secret: str) -> bytes:
    """Return the body of a push message. Raises ValueError if the browser's keys are invalid."""
    return encrypt_record(
        plaintext,
        public_key=public_key,
        auth_secret=auth_secret,
        sender_key=ec.generate_private_key(ec.SECP256R1()),
        salt=secrets.token_bytes(16),
    )


def encrypt_record(
    plaintext: bytes,
    *,
    public_key: str,
    auth_secret: str,
    sender_key: ec.EllipticCurvePrivateKey,
    salt: bytes,
) -> bytes:
    """Encrypt one record under a key pair and a salt that are used once. Raises ValueError."""
    receiver = decode_base64url(public_key)
    sender = public_bytes(sender_key.public_key())
    shared = sender_key.exchange(ec.ECDH(), load_public_key(public_key))
    key_info = b"WebPush: info\0" + receiver + sender
    keying_material = _derive(shared, salt=decode_base64url(auth_secret), info=key_info, length=32)
    key = _derive(keying_material, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derive(keying_material, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + _RECORD_SIZE.to_bytes(4, "big") + len(sender).to_bytes(1, "big") + sender
    return header + AESGCM(key).encrypt(nonce, plaintext + _LAST_RECORD, None)


def load_public_key(public_key: str) -> ec.EllipticCurvePublicKey:
    """Return a browser's key. Raises ValueError if it is not a point of P-256."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode_base64url(public_key))


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the key as an uncompressed point of 65 bytes."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def encode_base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode base64url with or without padding. Raises ValueError."""
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _derive(material: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=salt, info=info).derive(material)
