"""Request every field of the schema as each user, with random arguments: no internal errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from shop.accounts.models import User
from shop.api.endpoint import built_schema
from shop.api.errors import INTERNAL_ERROR_MESSAGE
from tests.refusals import all_rows
from tests.shop.api.client import post
from tests.shop.api.random_documents import Chance, make_document
from tests.shop.api.sample_rows import ids_of_all, make_everything
from tests.shop.api.tokens import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world"), pytest.mark.long]


@pytest.fixture
def world():
    make_everything()


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back everything done in the block, so that each request finds the same rows.

    Actions may begin their own transactions in it, as within a test.
    """
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def requesters():
    """Return names and tokens of an anonymous visitor, a buyer and an admin."""
    rows = User.objects.filter(is_active=True).order_by("is_superuser", "pk")
    return [("nobody", None), *((row.email, token_of(row)) for row in (rows.first(), rows.last()))]


def faults(response, text):
    """Return the internal errors and unexpected status of a response, or None."""
    if response.status_code not in (200, 400):
        return f"{response.status_code}: {text}"
    internal = [
        error for error in response.json().get("errors", ()) if error["message"] == INTERNAL_ERROR_MESSAGE
    ]
    return [(error.get("path"), error["extensions"]["code"], text[:600]) for error in internal] or None


@pytest.mark.parametrize("seed", range(4))
def test_every_query_answers_without_internal_errors(seed) -> None:
    problems, ids = {}, ids_of_all()

    for name in built_schema().schema.query_type.fields:
        text = make_document(built_schema().schema, "query", name, Chance(f"{name} {seed}", ids), 3)
        for person_name, token in requesters():
            if fault := faults(post({"query": text}, token=token), text):
                problems[f"{name} for {person_name}"] = fault

    assert problems == {}


@pytest.mark.parametrize("seed", range(4))
def test_every_refused_mutation_saves_nothing(seed) -> None:
    problems, ids = {}, ids_of_all()
    before = all_rows()

    for name in built_schema().schema.mutation_type.fields:
        text = make_document(built_schema().schema, "mutation", name, Chance(f"{name} {seed}", ids), 2)
        for person_name, token in requesters():
            with rolled_back():
                response = post({"query": text}, token=token)
                payload = (response.json().get("data") or {}).get(name)
                # Bulk deletes remove rows one by one and report how many were deleted.
                refused = payload is None or (payload.get("errors") and not payload.get("count"))
                if fault := faults(response, text):
                    problems[f"{name} for {person_name}"] = fault
                elif refused and all_rows() != before:
                    problems[f"{name} for {person_name}"] = ("saved", payload, text[:600])

    assert problems == {}
