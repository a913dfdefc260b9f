"""Schema coordinates that Saleor's clients use, and how many of them our schema has.

`surface/storefront.json` and `surface/dashboard.json` hold the coordinates (in the notation of the GraphQL
specification) with the types that these clients expect, and the coordinates that each operation uses; the
Dashboard's file also lists the operations it starts with.

    python -m tests.shop.api.surfaces    introspects the server and prints the coverage
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    is_enum_type,
    is_input_object_type,
    parse_type,
    type_from_ast,
)

SURFACE = Path(__file__).parent / "surface"
_COORDINATE = re.compile(r"^(\w+)(?:\.(\w+))?(?:\((\w+):\))?$")


@dataclass(frozen=True)
class Surface:
    """One client: the type of each coordinate, and the coordinates of each operation."""

    coordinates: dict[str, str]
    operations: dict[str, list[str]]
    start: list[str]

    @classmethod
    def of(cls, client: str) -> Surface:
        content = json.loads((SURFACE / f"{client}.json").read_text())
        coordinates = list(content["coordinates"])
        used = content["operations"].items()
        operations = {name: [coordinates[position] for position in positions] for name, positions in used}
        return cls(content["coordinates"], operations, content.get("start", []))

    def faults(self, schema: GraphQLSchema) -> dict[str, str]:
        """Return the faults by coordinate."""
        faults = {
            coordinate: fault(schema, coordinate, expected)
            for coordinate, expected in self.coordinates.items()
        }
        return {coordinate: problem for coordinate, problem in faults.items() if problem is not None}

    def answered(self, schema: GraphQLSchema) -> set[str]:
        """Return the operations without faults."""
        faulty = self.faults(schema).keys()
        return {name for name, coordinates in self.operations.items() if faulty.isdisjoint(coordinates)}


def fault(schema: GraphQLSchema, coordinate: str, expected: str) -> str | None:
    """Return the fault of a coordinate: missing, or of a type that the client cannot use."""
    match = _COORDINATE.match(coordinate)
    assert match is not None
    name, field_name, argument = match.groups()
    type_ = schema.type_map.get(name)
    if type_ is None:
        return "missing"
    if field_name is None:
        type_kind = type(type_).__name__.removeprefix("GraphQL").removesuffix("Type").lower()
        return None if type_kind == expected else f"a {type_kind}"
    if is_enum_type(type_):
        return None if field_name in type_.values else "missing"
    field = getattr(type_, "fields", {}).get(field_name)
    if field is None:
        return "missing"
    input_ = field.args.get(argument) if argument else field if is_input_object_type(type_) else None
    if argument and input_ is None:
        return "missing"
    ours, theirs = str((input_ or field).type), expected
    if type_from_ast(schema, parse_type(theirs)) is None:
        return "missing"
    is_fit = is_assignable(ours, theirs) if input_ is None else is_assignable(theirs, ours)
    return None if is_fit else f"{ours} instead of {theirs}"


def is_assignable(narrow: str, wide: str) -> bool:
    """Return whether a value of one type is always one of the other: "T!" for "T", at every level."""
    if narrow.endswith("!"):
        return is_assignable(narrow[:-1], wide.removesuffix("!"))
    if wide.endswith("!"):
        return False
    if narrow.startswith("[") or wide.startswith("["):
        return narrow.startswith("[") and wide.startswith("[") and is_assignable(narrow[1:-1], wide[1:-1])
    return narrow == wide


def served_schema() -> GraphQLSchema:
    """Return the schema read over HTTP with the introspection query that client code generators use."""
    from tests.shop.api.client import data_of

    return build_client_schema(data_of(get_introspection_query()))  # type: ignore[arg-type]


def main() -> int:
    """Print each client's coverage; fail if the storefront or the Dashboard's start is incomplete."""
    schema, is_complete = served_schema(), True
    for client in ("storefront", "dashboard"):
        surface = Surface.of(client)
        answered = surface.answered(schema)
        present = len(surface.coordinates) - len(surface.faults(schema))
        sys.stdout.write(
            f"{client}: {len(answered)} of {len(surface.operations)} operations, "
            f"{present} of {len(surface.coordinates)} coordinates"
        )
        if surface.start:
            sys.stdout.write(f"; {len(answered & set(surface.start))} of {len(surface.start)} at the start")
        sys.stdout.write("\n")
        is_complete = is_complete and set(surface.start or surface.operations) <= answered
    return 0 if is_complete else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    sys.exit(main())
