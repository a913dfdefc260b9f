"""Build the schema from its areas: SDL files and the resolvers beside them.

An area is a folder with `.graphql` files and an object AREA in its `__init__.py`. `build_schema_and_executor`
rejects fields without a resolver and resolvers without a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.db.models import TextChoices
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLObjectType,
    GraphQLSchema,
    MaxIntrospectionDepthRule,
    build_ast_schema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    parse,
)

from shop.api import connections, scalars
from shop.api.breadth import Executor, Resolver, by_name
from shop.api.object_types import Type, type_names
from shop.api.payload_types import add_error_fields

MAX_TOKENS = 20_000

Resolvers = dict[str, dict[str, Resolver]]
Choices = type[TextChoices] | Mapping[str, str]


@dataclass(frozen=True)
class Area:
    """A part of the schema, with its SDL files and resolvers.

    `enums` gives the stored values of enums that are not stored by name: a TextChoices with members of the
    same names or values, or a mapping from names.
    """

    folder: Path
    types: Sequence[Type] = ()
    enums: Mapping[str, Choices] = field(default_factory=dict)

    def sdl(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.graphql")))


@dataclass(frozen=True)
class ExecutableSchema:
    """The schema and its executor."""

    schema: GraphQLSchema
    executor: Executor


def build_schema_and_executor(areas: Iterable[Area]) -> ExecutableSchema:
    """Build the schema and executor from areas. Raises ValueError, naming the field or enum at fault."""
    areas = tuple(areas)
    # Locations would keep every token of the SDL in memory.
    document = parse("\n".join(area.sdl() for area in areas), no_location=True)
    schema = build_ast_schema(add_error_fields(document))
    scalars.configure_scalars(schema)
    _undeprecate_inputs(schema)
    for area in areas:
        for name, choices in area.enums.items():
            _set_enum_values(schema, name, choices)
    resolvers = _collect_resolvers(schema, areas)
    abstract = {name: type_names for name, type_ in schema.type_map.items() if is_abstract_type(type_)}
    executor = Executor(schema, resolvers, abstract, rules=[MaxIntrospectionDepthRule], max_tokens=MAX_TOKENS)
    return ExecutableSchema(schema, executor)


def _undeprecate_inputs(schema: GraphQLSchema) -> None:
    """Move the deprecation of arguments and input fields into their descriptions.

    By default introspection omits deprecated inputs. Saleor's includes them, and code generators rely on it.
    """
    for type_ in schema.type_map.values():
        if is_input_object_type(type_):
            _describe_deprecation(type_.fields.values())
        elif is_object_type(type_) or is_interface_type(type_):
            for field_ in type_.fields.values():
                _describe_deprecation(field_.args.values())


def _describe_deprecation(inputs: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    for described in inputs:
        if described.deprecation_reason is not None:
            described.description = (
                f"{described.description or ''} Deprecated: {described.deprecation_reason}".strip()
            )
            described.deprecation_reason = None


def _collect_resolvers(schema: GraphQLSchema, areas: Iterable[Area]) -> Resolvers:
    resolvers: Resolvers = {}
    for declared in (declared_type for area in areas for declared_type in area.types):
        resolvers_of_type = resolvers.setdefault(declared.name, {})
        if duplicates := resolvers_of_type.keys() & declared.resolvers.keys():
            raise ValueError(f"{declared.name}.{min(duplicates)} has two resolvers.")
        resolvers_of_type |= declared.resolvers
    plain = _mapping_types(schema)
    unanswered = []
    for name, type_ in schema.type_map.items():
        if not is_object_type(type_) or name.startswith("__"):
            continue
        resolvers_of_type = resolvers.get(name) or connections.connection_resolvers(name) or {}
        if name in plain:
            resolvers_of_type = {
                field_row: by_name(field_row) for field_row in type_.fields
            } | resolvers_of_type
        unanswered += [
            f"{name}.{field_row}" for field_row in type_.fields if field_row not in resolvers_of_type
        ]
        resolvers[name] = resolvers_of_type
    if unanswered:
        raise ValueError(f"No resolver answers {', '.join(sorted(unanswered))}.")
    return resolvers


def _mapping_types(schema: GraphQLSchema) -> set[str]:
    """Return the types of mutation payloads and errors: mappings, read by their fields' names."""
    mutation = schema.mutation_type
    payloads = [get_named_type(field_row.type) for field_row in mutation.fields.values()] if mutation else []
    errors = [name for name, type_ in schema.type_map.items() if _is_error(type_)]
    return {payload.name for payload in payloads} | set(errors)


def _is_error(type_: object) -> bool:
    return isinstance(type_, GraphQLObjectType) and type_.name.endswith("Error")


def _set_enum_values(schema: GraphQLSchema, name: str, choices: Choices) -> None:
    """Make resolvers return and receive an enum's stored values."""
    enum = schema.get_type(name)
    if not is_enum_type(enum):
        raise ValueError(f"The schema has no enum {name}.")
    if isinstance(choices, Mapping):
        stored = dict(choices)
    else:
        stored = {str(choice.value).upper().replace("-", "_"): str(choice.value) for choice in choices}
        stored |= {choice.name: str(choice.value) for choice in choices}
    for key, value in enum.values.items():
        value.value = stored.get(key, value.value)
