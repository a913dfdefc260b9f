"""Plans: the fields that an operation selects, computed once and shared by all requests that send it.

A plan is a tree that is built lazily. A `FieldSet` holds the selected fields of one concrete type at one
path, in response order. A `Selection` is one of those fields and has the field sets below it, one per
concrete type found there. Fragments are merged, and `@skip` and `@include` are evaluated. Since their
variables differ between requests, there is one plan per combination of variables in conditions. No other
variable is used here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    get_directive_values,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues

from .leaves import Serialise, column_serialiser
from .resolvers import Resolver, by_name

INTROSPECTION = frozenset({"__schema", "__type"})
TYPE_NAME = "__typename"

AbstractType: TypeAlias = GraphQLInterfaceType | GraphQLUnionType
Resolvers: TypeAlias = Mapping[str, Mapping[str, Resolver]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A field's type, one level at a time: a list, a leaf or an object.

    A list has the shape of its `items`, a leaf a function to `serialise` it, and an object its concrete
    (`object`) or `abstract` type.
    """

    is_required: bool
    items: Shape | None = None
    serialise: Serialise | None = None
    object: GraphQLObjectType | None = None
    abstract: AbstractType | None = None


class FieldSet:
    """The selected fields of one concrete type at one path.

    `error` is set if planning failed because a condition is null. Every object at the path then fails with
    it.
    """

    __slots__ = ("error", "selections", "type")

    def __init__(
        self, type_: GraphQLObjectType, selections: tuple[Selection, ...], error: Exception | None = None
    ) -> None:
        self.type = type_
        self.selections = selections
        self.error = error


class Selection:
    """One selected field at one path of the operation, and the selections below it."""

    __slots__ = (
        "_fields_by_type",
        "_names",
        "_planner",
        "definition",
        "key",
        "name",
        "nodes",
        "parent",
        "resolve",
        "shape",
    )

    def __init__(
        self,
        planner: Planner,
        parent: GraphQLObjectType,
        key: str,
        nodes: list[FieldNode],
        definition: GraphQLField,
    ) -> None:
        self.parent = parent
        self.key = key
        self.name = nodes[0].name.value
        self.nodes = nodes
        self.definition = definition
        self.shape = planner.plan_shape(definition.type)
        self.resolve = planner.resolver(parent, self.name)
        self._planner = planner
        self._fields_by_type: dict[str, FieldSet] = {}
        self._names: dict[tuple[str, ...], frozenset[str]] = {}

    def fields_below(self, type_: GraphQLObjectType) -> FieldSet:
        """Return the selected fields of objects of this type below this field."""
        fields = self._fields_by_type.get(type_.name)
        if fields is None:
            fields = self._fields_by_type[type_.name] = self._planner.fields_below(type_, self.nodes)
        return fields

    def names(self, *path: str) -> frozenset[str]:
        """Return the names of the fields selected below this one, or below `path`, ignoring aliases.

        The resolver of a connection calls `selection.names("edges", "node")`, for example. For an interface
        or union, the fields of all its types are returned. `__typename` is not included.
        """
        names = self._names.get(path)
        if names is None:
            selections: Iterable[Selection] = (self,)
            for name in path:
                selections = [
                    selected
                    for selection in selections
                    for selected in selection.selections_below()
                    if selected.name == name
                ]
            names = frozenset(
                selected.name for selection in selections for selected in selection.selections_below()
            ) - {TYPE_NAME}
            self._names[path] = names
        return names

    def selections_below(self) -> Iterator[Selection]:
        """Yield every selection below, for every possible type."""
        for type_ in self._planner.possible_types(self.definition.type):
            yield from self.fields_below(type_).selections

    def __str__(self) -> str:
        return f"{self.parent.name}.{self.name}"


class Planner:
    """Plans the selections of one document under one combination of conditions."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        conditions: VariableValues,
        resolvers: Resolvers,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._conditions = conditions
        self._resolvers = resolvers

    def fields(self, type_: GraphQLObjectType, sets: Iterable[SelectionSetNode]) -> FieldSet:
        """Merge selection sets for one type. Raises GraphQLError for a condition that is null."""
        nodes_by_name: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for selection_set in sets:
            self._collect(type_, selection_set, nodes_by_name, visited)
        selections = []
        for key, nodes in nodes_by_name.items():
            definition = self._schema.get_field(type_, nodes[0].name.value)
            if definition is not None:
                selections.append(Selection(self, type_, key, nodes, definition))
        return FieldSet(type_, tuple(selections))

    def fields_below(self, type_: GraphQLObjectType, nodes: list[FieldNode]) -> FieldSet:
        try:
            return self.fields(type_, [node.selection_set for node in nodes if node.selection_set])
        except GraphQLError as error:
            return FieldSet(type_, (), error.with_traceback(None))

    def plan_shape(self, type_: GraphQLOutputType) -> Shape:
        is_required = is_non_null_type(type_)
        inner = type_.of_type if is_non_null_type(type_) else type_
        if is_list_type(inner):
            return Shape(is_required, items=self.plan_shape(inner.of_type))
        if is_leaf_type(inner):
            return Shape(is_required, serialise=column_serialiser(inner))
        if is_abstract_type(inner):
            return Shape(is_required, abstract=inner)
        assert is_object_type(inner)
        return Shape(is_required, object=inner)

    def resolver(self, parent: GraphQLObjectType, name: str) -> Resolver:
        custom_resolver = self._resolvers.get(parent.name, {}).get(name)
        return custom_resolver if custom_resolver is not None else by_name(name)

    def possible_types(self, type_: GraphQLOutputType) -> Iterable[GraphQLObjectType]:
        while is_non_null_type(type_) or is_list_type(type_):
            type_ = type_.of_type
        if is_abstract_type(type_):
            return self._schema.get_possible_types(type_)
        return (type_,) if isinstance(type_, GraphQLObjectType) else ()

    def _collect(
        self,
        type_: GraphQLObjectType,
        selection_set: SelectionSetNode,
        nodes_by_name: dict[str, list[FieldNode]],
        visited: set[str],
    ) -> None:
        for node in selection_set.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                nodes_by_name.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if self._is_applicable(node, type_):
                    self._collect(type_, node.selection_set, nodes_by_name, visited)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments.get(node.name.value)
                if fragment and node.name.value not in visited and self._is_applicable(fragment, type_):
                    visited.add(node.name.value)
                    self._collect(type_, fragment.selection_set, nodes_by_name, visited)

    def _is_included(self, node: SelectionNode) -> bool:
        """Evaluate `@skip`, then `@include`. The `@include` of a skipped field is not evaluated."""
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._conditions)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self._conditions)
        return not include or bool(include["if"])

    def _is_applicable(
        self, fragment: FragmentDefinitionNode | InlineFragmentNode, type_: GraphQLObjectType
    ) -> bool:
        if fragment.type_condition is None:
            return True
        requested = type_from_ast(self._schema, fragment.type_condition)
        return requested is type_ or (
            is_abstract_type(requested) and self._schema.is_sub_type(requested, type_)
        )
