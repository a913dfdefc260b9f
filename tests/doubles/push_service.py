"""A browser with its push service: receives messages over HTTP, verifies their sender and decrypts them.

Written from RFC 8291, 8188 and 8292, independently of the code that sends.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class PushBrowser:
    """One subscription of a browser. `address` is that of its push service."""

    address: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def endpoint(self) -> str:
        return f"{self.address}/push/{self.name}"

    def fields(self) -> dict[str, str]:
        """Return what the browser tells the shop."""
        return {
            "endpoint": self.endpoint,
            "public_key": encode(self._point),
            "auth_secret": encode(self.secret),
        }

    def read(self, body: bytes) -> dict[str, Any]:
        """Decrypt a message."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        )
        material = _hkdf(self.secret, shared, b"WebPush: info\0" + self._point + sender, 32)
        key = _hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded[-1:] == b"\x02"
        return dict(json.loads(padded[:-1]))

    @property
    def _point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class PushService:
    """Messages as they arrived, by path. `status` is what it answers.

    With `is_cut_short` it announces a body that it does not send; with `is_endless` its answer never comes.
    """

    address: str
    status: int = 201
    is_cut_short: bool = False
    is_endless: bool = False
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def messages_for(self, browser: PushBrowser) -> list[dict[str, Any]]:
        path = browser.endpoint.removeprefix(self.address)
        return [browser.read(body) for place, _headers, body in self.received if place == path]

    def verified_claims(self, position: int = 0) -> dict[str, Any]:
        """Verify the sender's signature with the key that the message names, and return the claims."""
        scheme, _space, rest = self.received[position][1]["authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert scheme == "vapid"
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(parts["k"]))
        claims: dict[str, Any] = jwt.decode(
            parts["t"], key, algorithms=["ES256"], audience=self.address, options={"require": ["exp", "sub"]}
        )
        return claims | {"k": parts["k"]}


@contextmanager
def running_push_service() -> Iterator[PushService]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.received.append((self.path, headers, body))
            with suppress(ConnectionError):
                while service.is_endless:
                    self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.send_response(service.status)
                self.send_header("Content-Length", "10" if service.is_cut_short else "0")
                self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = PushService(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    extracted = hmac.new(salt, material, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()[:length]
