"""Send GraphQL operations over one kept connection, as an app does."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from shop.management.bench.pages import UnexpectedResponse

TIMEOUT = 60  # seconds until an answer counts as lost


class GraphqlClient:
    """A connection to one API. Every answer other than data without errors raises UnexpectedResponse."""

    def __init__(self, url: str, *, token: str = "") -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> GraphqlClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, document: str, **variables: object) -> bytes:
        """Send an operation and return the answer's body.

        The body is searched for errors and not parsed, so that the client's own cost stays small.
        """
        body = json.dumps({"query": document, "variables": variables}).encode()
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 200 or b'"errors": [{' in answer or b'"errors":[{' in answer:
            raise UnexpectedResponse(answer[:500].decode(errors="replace"))
        return answer

    def read(self, document: str, **variables: object) -> dict[str, Any]:
        """Send an operation and return its `data`."""
        return dict(json.loads(self.send(document, **variables))["data"])

    def change(self, document: str, **variables: object) -> dict[str, Any]:
        """Send an operation with one mutation and return the mutation's payload."""
        (payload,) = self.read(document, **variables).values()
        return dict(payload)
