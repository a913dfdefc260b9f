"""Our schema has what Saleor's clients use: types, fields, arguments and values of the expected types.

The operations with which the Dashboard starts are answered.
"""

from __future__ import annotations

import json

import pytest
from graphql import (
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
)

from shop.accounts.staff.permissions import Permission
from shop.api.endpoint import built_schema
from shop.api.ids import global_id
from tests.factories import PASSWORD, make_admin, make_channel, make_staff
from tests.shop.api.client import data_of
from tests.shop.api.surfaces import Surface, is_assignable, served_schema
from tests.shop.api.tokens import token_of


@pytest.mark.parametrize(
    ("narrow", "wide", "is_fit"),
    [
        ("ID!", "ID", True),
        ("ID", "ID!", False),
        ("[ID!]!", "[ID]", True),
        ("[ID]", "[ID!]", False),
        ("ID", "String", False),
    ],
)
def test_fits(narrow, wide, is_fit) -> None:
    assert is_assignable(narrow, wide) is is_fit


@pytest.mark.django_db
def test_served_schema_has_what_saleor_clients_use() -> None:
    storefront, dashboard, schema = Surface.of("storefront"), Surface.of("dashboard"), served_schema()

    assert storefront.faults(schema) == {}
    assert len(storefront.answered(schema)) == 69
    assert set(dashboard.start) - dashboard.answered(schema) == set()
    # The count may only grow.
    assert len(dashboard.answered(schema)) >= 435
    # Older parsers reject this location of newer specifications.
    locations = {location.name for directive in schema.directives for location in directive.locations}
    assert "DIRECTIVE_DEFINITION" not in locations


def document(schema: GraphQLSchema, coordinates: list[str], values: dict[str, str]) -> str:
    """Return an operation that selects all these coordinates; `values` are the arguments of its fields."""

    def selection(type_name: str, name: str, field: GraphQLField, ancestors: tuple[str, ...]) -> str:
        arguments = [
            f"{key}: {values[key]}"
            for key, argument in field.args.items()
            if key in values
            and (f"{type_name}.{name}({key}:)" in coordinates or is_required_argument(argument))
        ]
        inner = get_named_type(field.type)
        text = f"{name}({', '.join(arguments)})" if arguments else name
        return text if is_leaf_type(inner) else f"{text} {{ {selections(inner.name, ancestors)} }}"

    def selections(type_name: str, ancestors: tuple[str, ...]) -> str:
        type_ = schema.type_map[type_name]
        parts = ["__typename"]
        for name, field in getattr(type_, "fields", {}).items():
            inner = get_named_type(field.type).name
            if f"{type_name}.{name}" in coordinates and ancestors.count(inner) < 2:
                parts.append(selection(type_name, name, field, (*ancestors, inner)))
        if is_abstract_type(type_):
            for possible_type in schema.get_possible_types(type_):
                if possible_type.name in coordinates:
                    parts.append(
                        f"... on {possible_type.name} {{ {selections(possible_type.name, ancestors)} }}"
                    )
        return " ".join(parts)

    (root,) = {
        coordinate.split(".")[0]
        for coordinate in coordinates
        if coordinate.startswith(("Query.", "Mutation."))
    }
    return f"{root.lower()} {{ {selections(root, ())} }}"


@pytest.mark.django_db(transaction=True)
def test_dashboard_start_operations_answer_admin_and_staff() -> None:
    make_channel()
    admin, staff = make_admin(), make_staff(Permission.MANAGE_APPS, Permission.MANAGE_CHANNELS)
    dashboard, schema = Surface.of("dashboard"), built_schema().schema

    for person in (admin, staff):
        signed_in = data_of(
            "mutation($email: String!) { tokenCreate(email: $email, password: "
            f"{json.dumps(PASSWORD)}) {{ token refreshToken }} }}",
            email=person.email,
        )["tokenCreate"]
        values = {
            "first": "10",
            "email": json.dumps(person.email),
            "password": json.dumps(PASSWORD),
            "refreshToken": json.dumps(signed_in["refreshToken"]),
            "id": json.dumps(global_id("User", person.pk)),
            "input": '[{key: "onboarding", value: "done"}]',
        }
        for name in dashboard.start:
            data = data_of(document(schema, dashboard.operations[name], values), token_of(person))
            ((field, value),) = ((key, value) for key, value in data.items() if key != "__typename")
            assert value is not None, (name, field)
            assert not (isinstance(value, dict) and value.get("errors")), (name, value)
