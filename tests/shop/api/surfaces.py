"""What clients made for Saleor name in their operations, and how much of it our schema answers.

`surface/storefront.json` and `surface/dashboard.json` hold the coordinates (after the notation of GraphQL's
specification) with the types that these clients count on, and which of them each operation names; in the
Dashboard's also with which operations it starts.

    python -m tests.shop.api.surfaces    asks the server what its schema is, and prints the shares
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
        read = json.loads((SURFACE / f"{client}.json").read_text())
        named = list(read["coordinates"])
        operations = {name: [named[place] for place in places] for name, places in read["operations"].items()}
        return cls(read["coordinates"], operations, read.get("start", []))

    def faults(self, schema: GraphQLSchema) -> dict[str, str]:
        """What is wrong with coordinates, by coordinate."""
        found = {each: fault(schema, each, expected) for each, expected in self.coordinates.items()}
        return {each: told for each, told in found.items() if told is not None}

    def answered(self, schema: GraphQLSchema) -> set[str]:
        """The operations of which nothing is wrong."""
        wrong = self.faults(schema).keys()
        return {name for name, named in self.operations.items() if wrong.isdisjoint(named)}


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
    is_fit = fits(ours, theirs) if taken is None else fits(theirs, ours)
    return None if is_fit else f"{ours} instead of {theirs}"


def fits(narrow: str, wide: str) -> bool:
    """Whether a value of one type is always one of the other: `T!` for `T`, at every level."""
    if narrow.endswith("!"):
        return fits(narrow[:-1], wide.removesuffix("!"))
    if wide.endswith("!"):
        return False
    if narrow.startswith("[") or wide.startswith("["):
        return narrow.startswith("[") and wide.startswith("[") and fits(narrow[1:-1], wide[1:-1])
    return narrow == wide


def served_schema() -> GraphQLSchema:
    """The schema as the server tells it over HTTP, in the words that generators of clients' code ask in."""
    from tests.shop.api.client import data_of

    return build_client_schema(data_of(get_introspection_query()))  # type: ignore[arg-type]


def main() -> int:
    """Print each client's share; a failure where the storefront or the Dashboard's start is not all there."""
    schema, is_whole = served_schema(), True
    for client in ("storefront", "dashboard"):
        surface = Surface.of(client)
        answered = surface.answered(schema)
        there = len(surface.coordinates) - len(surface.faults(schema))
        sys.stdout.write(
            f"{client}: {len(answered)} of {len(surface.operations)} operations, "
            f"{there} of {len(surface.coordinates)} coordinates"
        )
        if surface.start:
            sys.stdout.write(f"; {len(answered & set(surface.start))} of {len(surface.start)} at the start")
        sys.stdout.write("\n")
        is_whole = is_whole and set(surface.start or surface.operations) <= answered
    return 0 if is_whole else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    sys.exit(main())
