"""Connect to push services, whose addresses come from browsers: never to a private network.

The address is checked after the name is resolved and before anything is sent, so that a name that resolves to
a private address reaches nothing.
"""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

_SECONDS = 10
_HTTPS_PORT = 443


class PrivateAddress(OSError):
    """The push service's name resolves to an address that is not public."""


def is_allowed_endpoint(endpoint: str) -> bool:
    """Return whether a browser may name this address: https on the usual port of a public host."""
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or not endpoint.isascii() or not endpoint.isprintable():
        return False
    if settings.PUSH_TO_PRIVATE_ADDRESSES:
        return True
    try:
        is_public_host = _is_public(host)
    except ValueError:  # the host is a name
        is_public_host = "." in host.strip(".")
    return parts.scheme == "https" and port in (None, _HTTPS_PORT) and is_public_host


def post_to_endpoint(endpoint: str, body: bytes, headers: dict[str, str]) -> int:
    """Send one message and return the response's status. Redirects are not followed. Raises OSError."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "http" and settings.PUSH_TO_PRIVATE_ADDRESSES:
        connection = HTTPConnection(host, parts.port, timeout=_SECONDS)
    else:
        connection = _PublicConnection(host, parts.port, timeout=_SECONDS)
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


class _PublicConnection(HTTPSConnection):
    """A TLS connection that is opened only to public addresses."""

    def connect(self) -> None:
        addresses = _public_addresses(self.host, self.port)
        plain = _connect_to_first(addresses, self.port)
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _public_addresses(host: str, port: int) -> list[str]:
    """Resolve a host. Raises OSError, and PrivateAddress if any of its addresses is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not _is_public(address):
            raise PrivateAddress(f"{host} has the private address {address}")
    return addresses


def _connect_to_first(addresses: list[str], port: int) -> socket.socket:
    """Connect to the first address that answers. Raises OSError."""
    errors: list[OSError] = []
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=_SECONDS)
        except OSError as error:
            errors.append(error)
    raise errors[-1] if errors else OSError("the host has no address")


def _is_public(address: str) -> bool:
    """Return whether an address is public. Raises ValueError if the text is no address."""
    parsed = ip_address(address.split("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_global and not parsed.is_multicast
