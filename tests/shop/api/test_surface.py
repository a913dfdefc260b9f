"""What clients made for Saleor name: each type, field, argument and value, with the type that they count on.

`surface/storefront.json` are the coordinates of Saleor's storefront, `surface/dashboard_start.json` those
with which its Dashboard starts, after the notation of GraphQL's specification.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    is_enum_type,
    is_input_object_type,
    parse_type,
    type_from_ast,
)

from shop.api.endpoint import contract

SURFACE = Path(__file__).parent / "surface"
_COORDINATE = re.compile(r"^(\w+)(?:\.(\w+))?(?:\((\w+):\))?$")


def fault(schema: GraphQLSchema, coordinate: str, expected: str) -> str | None:
    """What is wrong with a coordinate: missing, or of a type that the client cannot use."""
    match = _COORDINATE.match(coordinate)
    assert match is not None
    name, field_name, argument = match.groups()
    type_ = schema.type_map.get(name)
    if type_ is None:
        return "missing"
    if field_name is None:
        kind = type(type_).__name__.removeprefix("GraphQL").removesuffix("Type").lower()
        return None if kind == expected else f"a {kind}"
    if is_enum_type(type_):
        return None if field_name in type_.values else "missing"
    field = getattr(type_, "fields", {}).get(field_name)
    if field is None:
        return "missing"
    taken = field.args.get(argument) if argument else field if is_input_object_type(type_) else None
    if argument and taken is None:
        return "missing"
    ours, theirs = str((taken or field).type), expected
    if type_from_ast(schema, parse_type(theirs)) is None:
        return "missing"
    fits = _fits(ours, theirs) if taken is None else _fits(theirs, ours)
    return None if fits else f"{ours} instead of {theirs}"


def _fits(narrow: str, wide: str) -> bool:
    """Whether a value of one type is always one of the other: `T!` for `T`, at every level."""
    if narrow.endswith("!"):
        return _fits(narrow[:-1], wide.removesuffix("!"))
    if wide.endswith("!"):
        return False
    if narrow.startswith("[") or wide.startswith("["):
        return narrow.startswith("[") and wide.startswith("[") and _fits(narrow[1:-1], wide[1:-1])
    return narrow == wide


@pytest.mark.parametrize(
    ("narrow", "wide", "fits"),
    [
        ("ID!", "ID", True),
        ("ID", "ID!", False),
        ("[ID!]!", "[ID]", True),
        ("[ID]", "[ID!]", False),
        ("ID", "String", False),
    ],
)
def test_what_fits(narrow, wide, fits):
    assert _fits(narrow, wide) is fits


@pytest.mark.parametrize("client", ["dashboard_start", "storefront"])
def test_clients_find_what_they_name(client):
    named = json.loads((SURFACE / f"{client}.json").read_text())
    faults = {each: fault(contract().schema, each, expected) for each, expected in named.items()}

    assert {each: told for each, told in faults.items() if told is not None} == {}
