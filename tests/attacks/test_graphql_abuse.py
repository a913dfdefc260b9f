"""Extreme numbers in GraphQL, and repeated introspection."""

from __future__ import annotations

import json

import orjson
import pytest
from graphql import GraphQLError, get_introspection_query, get_named_type, is_list_type, is_non_null_type
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.api.breadth import introspection
from shop.api.endpoint import built_schema
from shop.core.database.bounded_cache import Cache
from tests.shop.api.client import post

pytestmark = pytest.mark.django_db

NUMERIC = {
    *("Int", "Float", "Decimal", "PositiveDecimal", "PositiveInt", "Day", "Hour", "Minute", "WeightScalar"),
}
ODD = ["1e300", "1e19", "-1e300", "1e400", "2147483648", "-2147483649", "0.5", "-0.0", "9" * 400, "1e-400"]
PRODUCTS = "query($n: Int) { products(first: $n) { totalCount } }"


def status_of_body(body: bytes) -> int:
    """Post a raw body, assert that the response is JSON with data or errors, and return its status."""
    response = post(body)
    answer = json.loads(response.content)
    assert response.status_code in (200, 400), response.content
    assert answer.get("errors") or "data" in answer
    for error in answer.get("errors") or ():
        assert error["message"] != "Something went wrong on our side.", answer
    return response.status_code


def as_body(query: str, number: str) -> bytes:
    return b'{"query": %s, "variables": {"n": %s}}' % (orjson.dumps(query), number.encode())


@pytest.mark.parametrize("number", [*ODD, "9" * 5000])
def test_extreme_numbers_as_variables_are_refused_cleanly(number) -> None:
    assert status_of_body(as_body(PRODUCTS, number)) in (200, 400)


@pytest.mark.parametrize("number", [*ODD, "9" * 5000])
def test_extreme_numbers_as_literals_are_refused_cleanly(number) -> None:
    query = f"{{ products(first: {number}) {{ totalCount }} }}"
    assert status_of_body(orjson.dumps({"query": query})) in (200, 400)


def test_page_size_of_1e300_is_refused_with_status_400() -> None:
    response = post(as_body(PRODUCTS, "1e300"))

    assert response.status_code == 400
    (error,) = json.loads(response.content)["errors"]
    assert "Int cannot represent non 32-bit signed integer value" in error["message"]


def test_huge_query_cost_is_reported_as_a_number() -> None:
    """Nested pages multiply the cost."""
    below = "id"
    for _ in range(8):
        below = f"id children(first: 100) {{ edges {{ node {{ {below} }} }} }}"
    query = f"{{ categories(first: 100) {{ edges {{ node {{ {below} }} }} }} }}"

    response = post({"query": query})

    answer = json.loads(response.content)
    assert response.status_code == 400
    assert answer["errors"][0]["extensions"]["code"] == "QueryCostError"
    assert answer["extensions"]["cost"]["requestedQueryCost"] > 10**15


def numeric_arguments() -> list[str]:
    """Return a document for each field of Query with a numeric argument, which is passed as a variable."""
    schema = built_schema().schema
    documents = []
    for name, field in schema.query_type.fields.items():
        for argument, definition in field.args.items():
            if get_named_type(definition.type).name not in NUMERIC or is_list_type(definition.type):
                continue
            leaf = "" if not hasattr(get_named_type(field.type), "fields") else " { __typename }"
            needed = [
                name
                for name, other in field.args.items()
                if name != argument and is_non_null_type(other.type) and other.default_value is None
            ]
            if not needed:
                documents.append(f"query($n: {definition.type}) {{ {name}({argument}: $n){leaf} }}")
    return documents


def test_no_query_field_fails_on_an_extreme_number() -> None:
    documents = numeric_arguments()
    assert len(documents) > 50

    for document in documents:
        for number in ("1e300", "-1", "9" * 30):
            status_of_body(as_body(document, number))


@settings(max_examples=150, deadline=None)
@given(
    number=st.one_of(
        st.integers(),
        st.integers(min_value=-(10**400), max_value=10**400),
        st.floats(allow_nan=True, allow_infinity=True),
        st.floats(min_value=2**31, max_value=1e308),
        st.text(max_size=8),
        st.booleans(),
        st.none(),
    ),
    name=st.sampled_from(sorted(NUMERIC)),
)
def test_every_numeric_scalar_accepts_a_number_or_refuses_it_cleanly(number, name) -> None:
    scalar = built_schema().schema.type_map[name]

    try:
        value = scalar.coerce_input_value(number)
    except GraphQLError:
        return
    if name in ("Int", "PositiveInt", "Day", "Hour", "Minute"):
        assert isinstance(value, int)
        assert -(2**31) <= value < 2**31


def test_two_schemas_in_one_document_are_refused() -> None:
    full_document = get_introspection_query().split("{", 2)
    schema = full_document[2].split("fragment", 1)[0].rstrip().removesuffix("}").rstrip()
    fragments = "fragment" + full_document[2].split("fragment", 1)[1]
    query = f"{{ a: __schema {{ {schema} b: __schema {{ {schema} }} {fragments}"

    response = post({"query": query})

    assert response.status_code == 400
    (error,) = json.loads(response.content)["errors"]
    assert error["message"] == "The document asks for `__schema` more than once."


def test_introspection_costs_about_what_it_lists() -> None:
    schema = built_schema().schema
    listed = len(schema.type_map)

    types = post({"query": "{ __schema { types { name } } }"}).json()
    full_document = post({"query": get_introspection_query()}).json()

    assert types["extensions"]["cost"]["requestedQueryCost"] == 1 + listed
    assert 2 * listed < full_document["extensions"]["cost"]["requestedQueryCost"] < 50_000


def test_full_introspection_is_executed_once_in_any_spelling(monkeypatch) -> None:
    executions = []
    execute = introspection.execute_sync
    monkeypatch.setattr(
        introspection, "execute_sync", lambda *args, **named: executions.append(1) or execute(*args, **named)
    )
    monkeypatch.setattr(built_schema().executor._introspection, "_cached_values", Cache(8))
    query = get_introspection_query()

    first = post({"query": query}).json()["data"]
    repeated = post({"query": "# another document\n" + query.replace("\n", "  \n")}).json()["data"]
    aliased = post({"query": query.replace("__schema", "other: __schema", 1)}).json()["data"]

    assert len(executions) == 1
    assert first == repeated
    assert aliased == {"other": first["__schema"]}


def test_introspection_answers_are_cached_by_their_variables() -> None:
    one = "query($a: String!, $b: String!) { x: __type(name: $a) { name } y: __type(name: $b) { kind name } }"
    other = one.replace("($a: String!, $b: String!)", "($b: String!, $a: String!)")

    first = post({"query": one, "variables": {"a": "Product", "b": "Order"}}).json()["data"]
    second = post({"query": other, "variables": {"a": "Order", "b": "Product"}}).json()["data"]

    assert [first["x"]["name"], first["y"]["name"]] == ["Product", "Order"]
    assert [second["x"]["name"], second["y"]["name"]] == ["Order", "Product"]
