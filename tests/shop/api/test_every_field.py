"""Every field of the contract is asked for, by everybody, with made-up arguments: nobody meets our faults."""

from __future__ import annotations

from random import Random

import pytest

from shop.accounts.models import User
from shop.api.endpoint import contract
from shop.api.errors import NEUTRAL
from tests.factories import make_admin, make_order, make_places, make_user
from tests.shop.api.asking import ask_all
from tests.shop.api.client import post
from tests.shop.api.tokens import token_of
from tests.unchanged import every_row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world"), pytest.mark.long]


@pytest.fixture
def world():
    make_places()
    order = make_order()
    order.user = make_user()
    order.save()


def faults(name, who, seed):
    """What is wrong with the answer to a query, if anything is."""
    text = ask_all(contract().schema, "query", name, Random(f"{name} {seed}"), 3)
    response = post({"query": text}, token=token_of(who) if who else None)
    if response.status_code not in (200, 400):
        return f"{response.status_code}: {text}"
    answer = response.json()
    told = [error for error in answer.get("errors", ()) if error["message"] == NEUTRAL]
    return [(error.get("path"), error["extensions"]["code"], text[:600]) for error in told] or None


@pytest.mark.parametrize("seed", range(4))
def test_every_query_answers_everybody(seed):
    people = [None, make_user(), make_admin()]
    found = {}

    for name in contract().schema.query_type.fields:
        for who in people:
            if fault := faults(name, who, seed):
                found[f"{name} for {who}"] = fault

    assert found == {}


@pytest.mark.parametrize("seed", range(4))
def test_every_mutation_answers_and_saves_nothing_where_it_refuses(seed):
    found = {}

    for name in contract().schema.mutation_type.fields:
        for who in (None, User.objects.filter(is_superuser=True, is_active=True).first() or make_admin()):
            before = every_row()
            text = ask_all(contract().schema, "mutation", name, Random(f"{name} {seed}"), 2)
            response = post({"query": text}, token=token_of(who) if who else None)
            answer = response.json()
            told = [error["message"] for error in answer.get("errors", ())]
            payload = (answer.get("data") or {}).get(name)
            refused = bool(told) or payload is None or payload.get("errors")
            if response.status_code not in (200, 400) or NEUTRAL in told:
                found[f"{name} for {who}"] = (response.status_code, answer.get("errors"), text[:600])
            elif refused and every_row() != before:
                found[f"{name} for {who}"] = ("saved", payload, text[:600])

    assert found == {}
