"""A seller and clients signed in as its members. Models are imported late, once Django is set up."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def seller() -> Any:
    from tests.factories import make_seller

    return make_seller("HTX Thiên An")


@pytest.fixture
def packer(client: Client, seller: Any) -> Client:
    return _sign_in(client, seller, "packer")


@pytest.fixture
def lister(client: Client, seller: Any) -> Client:
    return _sign_in(client, seller, "lister")


@pytest.fixture
def manager(client: Client, seller: Any) -> Client:
    return _sign_in(client, seller, "manager")


def _sign_in(client: Client, seller: Any, role: str) -> Client:
    from cooperatives.models import Role
    from tests.factories import make_member

    client.force_login(make_member(seller, Role(role)))
    return client
