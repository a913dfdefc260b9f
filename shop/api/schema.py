"""The contract, put together from its areas: SDL files and the resolvers beside them.

An area is a folder with `.graphql` files and an `AREA` in its `__init__.py`. Binding refuses a field that no
resolver answers, and a resolver of a field that no SDL has, so neither can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import TextChoices
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLObjectType,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    build_schema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)

from shop.api import connections, scalars
from shop.api.breadth import Executor, Resolver, by_name
from shop.api.object_types import Type, type_names

MAX_TOKENS = 20_000

Resolvers = dict[str, dict[str, Resolver]]
Choices = type[TextChoices] | Mapping[str, str]


@dataclass(frozen=True)
class Area:
    """A part of the contract. `enums` say how the values of an enum are stored, where not by their names:
    a TextChoices with members of the same names or values, or a mapping from names."""

    folder: Path
    types: Sequence[Type] = ()
    enums: Mapping[str, Choices] = field(default_factory=dict)

    def sdl(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.graphql")))


@dataclass(frozen=True)
class Contract:
    """The schema, and what executes it."""

    schema: GraphQLSchema
    executor: Executor


def bind(areas: Iterable[Area]) -> Contract:
    """Put areas together. Raises ValueError for what does not fit, by name."""
    areas = tuple(areas)
    schema = build_schema("\n".join(area.sdl() for area in areas))
    scalars.equip(schema)
    _show_deprecated_inputs(schema)
    for area in areas:
        for name, choices in area.enums.items():
            _store(schema, name, choices)
    resolvers = _resolvers(schema, areas)
    abstract = {name: type_names for name, type_ in schema.type_map.items() if is_abstract_type(type_)}
    executor = Executor(schema, resolvers, abstract, rules=[MaxIntrospectionDepthRule], max_tokens=MAX_TOKENS)
    return Contract(schema, executor)


def _show_deprecated_inputs(schema: GraphQLSchema) -> None:
    """Arguments and input fields that are deprecated are described so, and shown like all others.

    Introspection leaves out those that are marked unless it is asked for them; Saleor's never does, and what
    generates clients' code from it does not ask.
    """
    for type_ in schema.type_map.values():
        if is_input_object_type(type_):
            _describe(type_.fields.values())
        elif is_object_type(type_) or is_interface_type(type_):
            for field_ in type_.fields.values():
                _describe(field_.args.values())


def _describe(inputs: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    for each in inputs:
        if each.deprecation_reason is not None:
            each.description = f"{each.description or ''} Deprecated: {each.deprecation_reason}".strip()
            each.deprecation_reason = None


def _resolvers(schema: GraphQLSchema, areas: Iterable[Area]) -> Resolvers:
    found: Resolvers = {}
    for ours in (each for area in areas for each in area.types):
        known = found.setdefault(ours.name, {})
        if twice := known.keys() & ours.resolvers.keys():
            raise ValueError(f"{ours.name}.{min(twice)} has two resolvers.")
        known |= ours.resolvers
    plain = _plain_types(schema)
    unanswered = []
    for name, type_ in schema.type_map.items():
        if not is_object_type(type_) or name.startswith("__"):
            continue
        known = found.get(name) or connections.resolvers(name) or {}
        if name in plain:
            known = {each: by_name(each) for each in type_.fields} | known
        unanswered += [f"{name}.{each}" for each in type_.fields if each not in known]
        found[name] = known
    if unanswered:
        raise ValueError(f"No resolver answers {', '.join(sorted(unanswered))}.")
    return found


def _plain_types(schema: GraphQLSchema) -> set[str]:
    """Payloads of mutations and the errors in them: mappings, read by the names of their fields."""
    mutation = schema.mutation_type
    payloads = [get_named_type(each.type) for each in mutation.fields.values()] if mutation else []
    errors = [name for name, type_ in schema.type_map.items() if _is_error(type_)]
    return {payload.name for payload in payloads} | set(errors)


def _is_error(type_: Any) -> bool:
    return isinstance(type_, GraphQLObjectType) and type_.name.endswith("Error")


def _store(schema: GraphQLSchema, name: str, choices: Choices) -> None:
    """Let resolvers give and get the stored values of an enum."""
    enum = schema.get_type(name)
    if not is_enum_type(enum):
        raise ValueError(f"There is no enum {name}.")
    if isinstance(choices, Mapping):
        stored = dict(choices)
    else:
        stored = {str(each.value).upper().replace("-", "_"): str(each.value) for each in choices}
        stored |= {each.name: str(each.value) for each in choices}
    for key, value in enum.values.items():
        value.value = stored.get(key, value.value)
