"""Connect to push services, whose addresses come from browsers, and never to a private network.

The address is checked after the name is resolved and before anything is sent, so that a name that resolves to
a private address reaches nothing. A service that answers slowly or without end holds no worker, because
everything after the name is resolved has one deadline, and the body of an answer is not read.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_TIMEOUT_SECONDS = 10
_HTTPS_PORT = 443
# Addresses that carry an IPv4 address, perhaps a private one, through a gateway: NAT64 and 6to4.
_GATEWAY_NETWORKS = [ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")]


class PrivateAddressError(OSError):
    """The push service's name resolves to an address that is not public."""


def is_allowed_endpoint(endpoint: str) -> bool:
    """Return whether a browser may name this address, which is https on the usual port of a public host."""
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
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    connection: HTTPConnection
    if parts.scheme == "http" and settings.PUSH_TO_PRIVATE_ADDRESSES:
        connection = HTTPConnection(host, parts.port, timeout=_TIMEOUT_SECONDS)
    else:
        connection = _PublicConnection(host, parts.port, deadline=deadline)
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("POST", path, body, headers)
        with _TimedResponse(connection.sock, deadline=deadline) as response:
            response.begin()
            return response.status
    finally:
        connection.close()


class _PublicConnection(HTTPSConnection):
    """A TLS connection that is opened only to public addresses, before the deadline."""

    def __init__(self, host: str, port: int | None, *, deadline: float) -> None:
        super().__init__(host, port)
        self._deadline = deadline

    def connect(self) -> None:
        addresses = _public_addresses(self.host, self.port)
        plain = _connect_to_first(addresses, self.port, self._deadline)
        try:
            plain.settimeout(_seconds_left(self._deadline))
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
            self.sock.settimeout(_seconds_left(self._deadline))
        except BaseException:
            plain.close()
            raise


class _TimedResponse(HTTPResponse):
    """A response whose status and headers must arrive before the deadline."""

    def __init__(self, connected: socket.socket, *, deadline: float) -> None:
        super().__init__(connected, method="POST")
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(connected, deadline))


class _TimedReader(io.RawIOBase):
    """Bytes from a socket until the deadline. A timeout of the socket would begin anew with each byte."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        super().__init__()
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._socket.settimeout(_seconds_left(self._deadline))
        return self._socket.recv_into(buffer)


def _seconds_left(deadline: float) -> float:
    """Return the seconds until the deadline. Raises TimeoutError if it has passed."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the push service took too long")
    return seconds


def _public_addresses(host: str, port: int) -> list[str]:
    """Resolve a host. Raises OSError, and PrivateAddressError if any of its addresses is not public."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not _is_public(address):
            raise PrivateAddressError(f"{host} has the private address {address}")
    return addresses


def _connect_to_first(addresses: list[str], port: int, deadline: float) -> socket.socket:
    """Connect to the first address that answers. Raises OSError."""
    errors: list[OSError] = []
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=_seconds_left(deadline))
        except OSError as error:
            errors.append(error)
    raise errors[-1] if errors else OSError("the host has no address")


def _is_public(address: str) -> bool:
    """Return whether an address is public. Raises ValueError if the text is not an IP address."""
    parsed = ip_address(address.split("%")[0])
    if any(parsed in network for network in _GATEWAY_NETWORKS):
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_global and not parsed.is_multicast
