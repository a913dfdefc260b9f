"""Every field of the contract is asked for, by everybody, with made-up arguments: nobody meets our faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from shop.accounts.models import User
from shop.api.endpoint import built_schema
from shop.api.errors import INTERNAL_ERROR_MESSAGE
from tests.shop.api.asking import Chance, ask_all
from tests.shop.api.client import post
from tests.shop.api.everything import ids_of_all, make_everything
from tests.shop.api.tokens import token_of
from tests.unchanged import every_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world"), pytest.mark.long]


@pytest.fixture
def world():
    make_everything()


@contextmanager
def taken_back() -> Iterator[None]:
    """What is done in it is undone, so that each question finds the same shop. Actions may begin their own
    transactions in it, as in that of a test."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def people():
    """Nobody, a buyer and an admin: their names and tokens."""
    rows = User.objects.filter(is_active=True).order_by("is_superuser", "pk")
    return [("nobody", None), *((row.email, token_of(row)) for row in (rows.first(), rows.last()))]


def faults(response, text):
    """What is wrong with an answer, if anything is."""
    if response.status_code not in (200, 400):
        return f"{response.status_code}: {text}"
    told = [
        error for error in response.json().get("errors", ()) if error["message"] == INTERNAL_ERROR_MESSAGE
    ]
    return [(error.get("path"), error["extensions"]["code"], text[:600]) for error in told] or None


@pytest.mark.parametrize("seed", range(4))
def test_every_query_answers_without_internal_errors(seed):
    found, ids = {}, ids_of_all()

    for name in built_schema().schema.query_type.fields:
        text = ask_all(built_schema().schema, "query", name, Chance(f"{name} {seed}", ids), 3)
        for who, token in people():
            if fault := faults(post({"query": text}, token=token), text):
                found[f"{name} for {who}"] = fault

    assert found == {}


@pytest.mark.parametrize("seed", range(4))
def test_every_refused_mutation_saves_nothing(seed):
    found, ids = {}, ids_of_all()
    before = every_row()

    for name in built_schema().schema.mutation_type.fields:
        text = ask_all(built_schema().schema, "mutation", name, Chance(f"{name} {seed}", ids), 2)
        for who, token in people():
            with taken_back():
                response = post({"query": text}, token=token)
                payload = (response.json().get("data") or {}).get(name)
                # What takes many things away does so one by one, and says how many went.
                refused = payload is None or (payload.get("errors") and not payload.get("count"))
                if fault := faults(response, text):
                    found[f"{name} for {who}"] = fault
                elif refused and every_row() != before:
                    found[f"{name} for {who}"] = ("saved", payload, text[:600])

    assert found == {}
