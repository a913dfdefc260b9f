"""Limits of one request: cost, aliases, mutations, depth, fields, introspection."""

from __future__ import annotations

import time

import pytest
from django.test import override_settings
from graphql import build_schema

from shop.api.breadth import Document, Executor
from shop.api.errors import QueryTooCostly
from shop.api.query_limits import Limits, require_allowed_cost
from tests.factories import make_channel
from tests.shop.api.client import execute, post

SDL = """
    interface Node { id: ID! }
    type Query {
        shop: Shop
        products(first: Int, last: Int): ProductConnection
        byIds(ids: [ID!]): [Product!]
        word: String
    }
    type Mutation { a: Query b: Query c: Query d: Query e: Query }
    type Shop { name: String shop: Shop }
    type ProductConnection { edges: [ProductEdge!] totalCount: Int }
    type ProductEdge { node: Product }
    type Product implements Node {
        id: ID! category: Category price: Money variants(first: Int): ProductConnection
    }
    type Category implements Node { id: ID! }
    type Money { amount: Float }
"""
SCHEMA = build_schema(SDL)


def cost_of(text, **variables):
    document = Executor(SCHEMA, {}).read(text)
    assert isinstance(document, Document), document
    return Limits(SCHEMA).cost(document.operation(None), variables)


@pytest.mark.parametrize(
    ("text", "variables", "cost"),
    [
        ("{ word shop { name } }", {}, 0),
        ("{ products(first: 20) { totalCount } }", {}, 20),
        ("{ products(last: 20) { edges { node { id } } } }", {}, 40),
        ("{ products(first: 20) { edges { node { id price { amount } } } } }", {}, 40),
        ("{ products(first: 20) { edges { node { id category { id } } } } }", {}, 60),
        (
            "{ products(first: 20) { edges { node { variants(first: 5) { edges { node { id } } } } } } }",
            {},
            240,
        ),
        ("query($n: Int) { products(first: $n) { totalCount } }", {"n": 7}, 7),
        ("query($n: Int) { products(first: $n) { totalCount } }", {}, 1),
        ("query($n: Int) { products(first: $n) { totalCount } }", {"n": "many"}, 1),
        ("query($n: Int) { products(first: $n) { totalCount } }", {"n": 7.0}, 7),
        ("query($n: Int = 50) { products(first: $n) { totalCount } }", {}, 50),
        ("query($n: Int = 50) { products(first: $n) { totalCount } }", {"n": 7}, 7),
        ('query($ids: [ID!] = ["a", "b"]) { byIds(ids: $ids) { id } }', {}, 2),
        ('{ byIds(ids: ["a", "b", "c"]) { id } }', {}, 3),
        ("query($ids: [ID!]) { byIds(ids: $ids) { id } }", {"ids": ["a", "b"]}, 2),
        ("{ ...P ...P } fragment P on Query { products(first: 20) { totalCount } }", {}, 40),
        ("{ ... on Query { products(first: 20) { totalCount } } }", {}, 20),
        ("{ ... { products(first: 20) { totalCount } } }", {}, 20),
        ("{ __schema { types { name } } }", {}, 23),
    ],
)
def test_cost_counts_rows_and_multiplies_nested_lists(text, variables, cost) -> None:
    assert cost_of(text, **variables) == cost


@override_settings(API_COST_LIMIT=40)
def test_too_costly_query_is_refused() -> None:
    require_allowed_cost(40)

    with pytest.raises(QueryTooCostly) as refusal:
        require_allowed_cost(41)

    assert str(refusal.value) == "The query costs 41, and at most 40 is answered."


@override_settings(API_COST_LIMIT=0)
def test_cost_is_not_counted_without_a_limit() -> None:
    assert cost_of("{ products(first: 20) { totalCount } }") == 0
    require_allowed_cost(10**9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{ " + " ".join(f"a{n}: word" for n in range(101)) + " }",
            "The document has more than 100 aliases.",
        ),
        (
            "mutation { a { word } b { word } c { word } d { word } e { word } }",
            "The document has more than 4 mutations.",
        ),
        (
            "mutation { ...M e { word } }"
            " fragment M on Mutation { a { word } b { word } c { word } d { word } }",
            "The document has more than 4 mutations.",
        ),
        ("{ " + "shop { " * 30 + "name" + " }" * 31, "The document is more than 30 levels deep."),
        (
            "{ " + " ".join(f'x{n}: __type(name: "Shop") {{ name }}' for n in range(5)) + " }",
            "The document asks for the schema more than 4 times.",
        ),
        ("{ a: __schema { description } b: __schema { description } }", "`__schema` more than once."),
    ],
)
def test_document_beyond_a_limit_is_refused(text, message) -> None:
    with pytest.raises(Exception, match=message):
        cost_of(text)


def test_document_at_the_limits_is_accepted() -> None:
    assert cost_of("{ " + " ".join(f"a{n}: word" for n in range(100)) + " }") == 0
    assert cost_of("mutation { a { word } b { word } c { word } d { word } }") == 0
    assert cost_of("{ " + "shop { " * 29 + "name" + " }" * 30) == 0


def test_doubling_fragments_are_refused_quickly() -> None:
    fragments = [
        f"fragment F{n} on Shop {{ a: shop {{ ...F{n + 1} }} b: shop {{ ...F{n + 1} }} }}" for n in range(25)
    ]
    text = "{ shop { ...F0 } } " + " ".join(fragments) + " fragment F25 on Shop { name }"
    started_at = time.process_time()

    with pytest.raises(Exception, match="more than 20000 fields"):
        cost_of(text)

    assert time.process_time() - started_at < 5


@pytest.mark.django_db
def test_answer_reports_its_cost() -> None:
    make_channel()

    response = execute('{ channel(slug: "viet-nam") { id } }')

    assert response["extensions"]["cost"] == {"requestedQueryCost": 1, "maximumAvailable": 50_000}


@pytest.mark.django_db
@override_settings(API_COST_LIMIT=1)
def test_too_costly_query_returns_400() -> None:
    response = post({"query": '{ a: channel(slug: "a") { id } b: channel(slug: "b") { id } }'})

    assert response.status_code == 400
    assert response.json() == {
        "errors": [
            {
                "message": "The query costs 2, and at most 1 is answered.",
                "extensions": {"code": "QueryCostError", "exception": {"code": "QueryCostError"}},
            }
        ],
        "extensions": {"cost": {"requestedQueryCost": 2, "maximumAvailable": 1}},
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            "Cannot spread fragment 'A' within itself via 'B'.",
        ),
        ("{ shop " * 5_000, "Syntax Error: Document is nested too deeply. Parsing aborted."),
        (
            "{ " + "name " * 30_000 + "}",
            "Syntax Error: Document contains more than 20000 tokens. Parsing aborted.",
        ),
        (
            "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
            "Maximum introspection depth exceeded",
        ),
    ],
)
def test_abusive_documents_return_400(text, message) -> None:
    response = post({"query": text})

    assert response.status_code == 400
    assert {error["message"] for error in response.json()["errors"]} == {message}
