"""Call the API as a client does: over HTTP, with a JSON body."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

ADDRESS = "/graphql/"


def execute(query: str, token: str | None = None, /, **variables: Any) -> dict[str, Any]:
    """Post a request that is executed (status 200), and return the full response."""
    response = post({"query": query, "variables": variables}, token=token)
    assert response.status_code == 200, response.content
    return json.loads(response.content)


def data_of(query: str, token: str | None = None, /, **variables: Any) -> dict[str, Any]:
    """Post a request that succeeds, and return the data."""
    response = execute(query, token, **variables)
    assert "errors" not in response, response["errors"]
    return response["data"]


def request_error(query: str, token: str | None = None, /, **variables: Any) -> dict[str, Any]:
    """Post a request that is not executed (status 400), and return its only error."""
    response = post({"query": query, "variables": variables}, token=token)
    assert response.status_code == 400, response.content
    content = json.loads(response.content)
    assert "data" not in content
    (error,) = content["errors"]
    return error


def post(
    body: Any, *, token: str | None = None, client: Client | None = None, **headers: str
) -> HttpResponse:
    """Post a body, as JSON unless it is text already."""
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    content_type = headers.pop("content_type", "application/json")
    return (client or Client()).post(ADDRESS, content, content_type=content_type, headers=headers)
