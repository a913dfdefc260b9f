"""Schemathesis reads the served schema and sends random requests.

No response has status 500 or shows internals, and a refused mutation saves nothing. Its own check is not
used, because it treats every error in a response as a server error, although refusals are errors, too.
"""

from __future__ import annotations

import json

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from graphql import parse_value
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shop.accounts.models import User
from shop.api.endpoint import built_schema
from shop.api.errors import INTERNAL_ERROR_MESSAGE
from tests.refusals import all_rows
from tests.shop.api.random_documents import SCALARS
from tests.shop.api.sample_rows import make_everything
from tests.shop.api.tokens import token_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

_OBJECTS = ["{}", '{a: "1"}', "[1]", "null"]
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.fixture
def application():
    """Yield the WSGI application, called in this thread, which has the database connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield get_wsgi_application()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def operations(application):
    """Return every query and mutation that schemathesis finds by introspection."""
    make_everything()
    known = {name: list(map(json.dumps, values)) for name, values in SCALARS.items()}
    known |= dict.fromkeys(("Metadata", "JSON", "GenericScalar", "_Any"), _OBJECTS) | {"Upload": ["null"]}
    for name, literals in known.items():
        if name not in ("Boolean", "Int", "Float"):
            schemathesis.graphql.scalar(name, st.sampled_from(literals).map(parse_value))
    schema = schemathesis.graphql.from_wsgi("/graphql/", application)
    return [operation.ok() for operation in schema.get_all_operations()]


def check(case, token, changes):
    """Send a case and check its response."""
    before = all_rows() if changes else None
    headers = {"accept-encoding": "identity"} | ({"authorization": f"Bearer {token}"} if token else {})
    response = case.call(headers=headers)
    assert response.status_code in (200, 400), case.body
    content = response.json()
    text = json.dumps(content)
    assert INTERNAL_ERROR_MESSAGE not in text, (text[:500], case.body)
    assert "Traceback" not in text
    if before is not None:
        (payload,) = (content.get("data") or {"": None}).values()
        # Bulk deletes remove rows one by one and report how many were deleted.
        is_refused = not isinstance(payload, dict) or (payload.get("errors") and not payload.get("count"))
        assert not is_refused or all_rows() == before, case.body


def run(operations, examples):
    people = [None, *map(token_of, User.objects.filter(is_active=True).order_by("is_superuser", "pk"))]

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=_QUIET,
    )
    @given(data=st.data())
    def check_operation(data):
        operation = data.draw(st.sampled_from(operations))
        case = data.draw(operation.as_strategy())
        check(case, data.draw(st.sampled_from(people)), case.body.lstrip().startswith("mutation"))

    check_operation()


def test_schemathesis_finds_no_internal_error(operations) -> None:
    schema = built_schema().schema
    fields = [*schema.query_type.fields, *schema.mutation_type.fields]
    assert len(operations) == sum(not name.startswith("_") for name in fields)
    run(operations, 40)


@pytest.mark.long
def test_long_schemathesis_run_finds_no_internal_error(operations) -> None:
    run(operations, 1000)
