"""Parse one request, whose header decides whether the body is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import Error, RequestEntityTooLarge

from shop.core.web.rate_limits import client_network
from shop.server.body_limits import (
    Allowance,
    allowance_for,
    busy_network_message,
    sign_in_message,
    too_large_message,
)

_FOLDED_LINE = re.compile(rb"\r\n[ \t]")
_TRANSFER_CODING = re.compile(rb"^transfer-encoding[ \t]*:(.*?)\r?$", re.IGNORECASE | re.MULTILINE)
_PROXY_HEADERS = ("FORWARDED", "X_FORWARDED_")


class BodyTooLarge(RequestEntityTooLarge):  # type: ignore[misc]  # waitress has no types
    """The body is too large, which is answered with 413. It may turn out larger than announced."""

    def __init__(self, path: str, max_bytes: int) -> None:
        self._path, self._max_bytes = path, max_bytes

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        return _plain_text_response("413 Content Too Large", too_large_message(self._path, self._max_bytes))


class SignInRequired(Error):  # type: ignore[misc]
    """Answered with 403, because a body this large requires signing in."""

    def __init__(self, path: str) -> None:
        self._path = path

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        return _plain_text_response("403 Forbidden", sign_in_message(self._path))


class NetworkBusy(Error):  # type: ignore[misc]
    """Answered with 503, because the visitor's network is already sending as much as it may at once."""

    def __init__(self, path: str) -> None:
        self._path = path

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        status, headers, body = _plain_text_response(
            "503 Service Unavailable", busy_network_message(self._path)
        )
        return status, [*headers, ("Retry-After", "60")], body


class RequestParser(HTTPRequestParser):  # type: ignore[misc]
    """waitress's parser with stricter body framing and a body limit per URL."""

    error: Error | None
    needs_sign_in = False
    continue_after_check = False  # "Expect: 100-continue" waits for the check of the sender
    path = "/"
    network = ""  # the visitor's network, also behind a proxy; empty if only the proxy is known
    promised_bytes = 0  # how large the body may become

    def __init__(
        self, adj: object, *, address: str, is_from_proxy: bool, has_room: Callable[[RequestParser], bool]
    ) -> None:
        super().__init__(adj)
        self._address = address
        self._is_from_proxy = is_from_proxy  # only a proxy may set X-Forwarded-… headers
        self._has_room = has_room

    def received(self, data: bytes) -> int:
        was_in_header = not self.headers_finished
        consumed: int = super().received(data)
        if was_in_header and self.promised_bytes and self.error is None and not self._has_room(self):
            self.refuse(NetworkBusy(self.path))
        if isinstance(self.error, RequestEntityTooLarge) and not isinstance(self.error, BodyTooLarge):
            self.error = BodyTooLarge(self.path, self.adj.max_request_body_size - 1)
        if self.error is not None:
            self.expect_continue = False  # otherwise waitress asks for the body and reads it
        return consumed

    def refuse(self, error: Error) -> None:
        self.error, self.completed, self.expect_continue = error, True, False

    @property
    def has_unread_body(self) -> bool:
        return self.error is not None and bool(self.content_length or self.chunked)

    def parse_header(self, header_plus: bytes) -> None:
        """Refuse headers that two servers could read differently (RFC 9112, 5.2 and 6.3).

        Raises ParsingError.
        """
        if _FOLDED_LINE.search(header_plus):
            raise ParsingError("A header line is folded.")
        super().parse_header(header_plus)
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("The version must be HTTP/1.0 or HTTP/1.1.")
        codings = _TRANSFER_CODING.findall(header_plus)
        if codings:
            if self.version == "1.0" or "CONTENT_LENGTH" in self.headers:
                raise ParsingError("Transfer-Encoding with HTTP/1.0 or a Content-Length.")
            if [coding.strip(b" \t").lower() for coding in codings] != [b"chunked"]:
                raise ParsingError("The only Transfer-Encoding is chunked, once.")
        if not self._is_from_proxy:
            self._drop_proxy_headers()
        self.network = self._visitor_network()
        self._set_body_limit(allowance_for(self.path, self.headers.get("CONTENT_TYPE", "")))

    def _visitor_network(self) -> str:
        connected = client_network({"REMOTE_ADDR": self._address})
        forwarded = self.headers.get("X_FORWARDED_FOR", self._address)
        network = client_network({"REMOTE_ADDR": self._address, "HTTP_X_FORWARDED_FOR": forwarded})
        return "" if self._is_from_proxy and network == connected else network

    def _drop_proxy_headers(self) -> None:
        for name in [name for name in self.headers if name.startswith(_PROXY_HEADERS)]:
            del self.headers[name]

    def _set_body_limit(self, allowance: Allowance) -> None:
        max_bytes = allowance.without_sign_in if self.chunked else allowance.max_bytes
        # waitress reads nothing else of `adj` from here on. It refuses bodies that reach the number.
        self.adj = SimpleNamespace(max_request_body_size=max_bytes + 1)
        self.promised_bytes = max_bytes if self.chunked else int(self.content_length)
        if allowance.without_sign_in < self.content_length <= max_bytes:
            self.needs_sign_in = True
            self.continue_after_check, self.expect_continue = self.expect_continue, False


def _plain_text_response(status: str, text: str) -> tuple[str, list[tuple[str, str]], bytes]:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    return status, headers, f"{text}\n".encode()
