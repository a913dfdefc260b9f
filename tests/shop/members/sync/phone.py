"""A member's phone as the server sees it: it pulls rows, and pushes commands with keys of its own."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from cooperatives.models import Cooperative, Role
from shop.accounts.models import User
from tests.factories import make_member

SYNC_URL = "/xa-vien/dong-bo/"


def make_command(
    name: str, /, *, after: tuple[str, ...] = (), at: datetime.datetime | None = None, **payload: Any
) -> dict[str, Any]:
    """Return a command with a new key, given at this time by the phone's clock, or else now."""
    command = {
        "key": str(uuid.uuid4()),
        "name": name,
        "at": (at or timezone.now()).isoformat(),
        "payload": payload,
    }
    return command | ({"after": list(after)} if after else {})


class Phone:
    """One browser of a member, who is signed in."""

    def __init__(self, cooperative: Cooperative, role: Role = Role.PACKER, user: User | None = None) -> None:
        self.cooperative = cooperative
        self.user = user or make_member(cooperative, role)
        self.client = Client()
        self.client.force_login(self.user)

    def send(self, *commands: Mapping[str, Any], **body: Any) -> Any:
        """Push commands and return the response; `body` replaces fields of the request."""
        form_values = {
            "member": self.user.pk,
            "cooperative": self.cooperative.pk,
            "clock": timezone.now().isoformat(),
            "commands": list(commands),
        }
        return self.client.post(SYNC_URL, form_values | body, content_type="application/json")

    def push(self, *commands: Mapping[str, Any]) -> dict[str, Any]:
        response = self.send(*commands)
        assert response.status_code == 200, response.content
        return dict(response.json())

    def answer(self, name: str, /, **payload: Any) -> dict[str, Any]:
        """Push one new command and return its answer without the key."""
        answer = self.push(make_command(name, **payload))["answers"][0]
        del answer["key"]
        return dict(answer)

    def send_piece(self, key: str, content: bytes, *, start: int, size: int, **fields: Any) -> Any:
        """Post a piece of a photo and return the response."""
        query = urlencode({"cooperative": self.cooperative.pk, "start": start, "size": size} | fields)
        return self.client.post(
            f"{SYNC_URL}anh/{key}/?{query}", content, content_type="application/octet-stream"
        )

    def pull(self, since: str = "") -> dict[str, Any]:
        response = self.client.get(SYNC_URL, {"cooperative": self.cooperative.pk, "since": since})
        assert response.status_code == 200, response.content
        return dict(response.json())
