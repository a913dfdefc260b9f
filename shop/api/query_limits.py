"""Limits on one request: cost, aliases, mutations, depth, and fields after fragments are spread.

A field that returns rows (objects with an id, or a connection of them) costs 1. The cost of everything below
it is multiplied by `first` or `last`, or by the length of `ids`. Introspection costs about as much as it
lists, and a document may contain `__schema` once. Everything else is free. A document is measured once and
the result cached with it. Each request only fills in its variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.conf import settings
from graphql import (
    GRAPHQL_MAX_INT,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
    value_from_ast_untyped,
)

from shop.api.breadth import Operation
from shop.api.errors import QueryTooCostly
from shop.api.introspection_cost import IntrospectionCost

MULTIPLIERS = ("first", "last", "ids")
MAX_ALIASES = 100
MAX_MUTATIONS = 4
MAX_SCHEMAS = 1
MAX_INTROSPECTIONS = 4
MAX_DEPTH = 30
MAX_FIELDS = 20_000
MAX_COST = 2**53 - 1  # the largest integer that every JSON client reads exactly
_INTROSPECTED = {"__schema": "__Schema", "__type": "__Type"}
_MAX_INT32_DIGITS = 10


@dataclass(slots=True)
class CostNode:
    """A node of the cost tree, which is a field or the fields of a spread fragment."""

    cost: int
    multipliers: tuple[ValueNode, ...] = ()
    children: list[CostNode] = field(default_factory=list)


@dataclass(slots=True)
class Measure:
    """The measure of a selection: fields and levels with fragments spread, aliases, and cost nodes."""

    fields: int = 0
    depth: int = 0
    aliases: int = 0
    introspections: int = 0
    schemas: int = 0
    parts: list[CostNode] = field(default_factory=list)

    def add(self, measured: Measure) -> None:
        self.fields = min(self.fields + measured.fields, MAX_FIELDS + 1)
        self.depth = max(self.depth, measured.depth)
        self.aliases += measured.aliases
        self.introspections += measured.introspections
        self.schemas += measured.schemas


class MeasuredOperation(NamedTuple):
    """A measured operation, with its cost tree, the limits it exceeds, and the defaults of its variables."""

    root: CostNode
    problems: Sequence[str] = ()
    defaults: dict[str, object] = {}


class Limits:
    """The limits on operations of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._introspection = IntrospectionCost(schema)
        self._measured: WeakKeyDictionary[Operation, MeasuredOperation] = WeakKeyDictionary()

    def cost(self, operation: Operation, variables: Mapping[str, object]) -> int:
        """Return the operation's cost with these variables, or 0 if cost is not limited.

        Raises GraphQLError if the document exceeds another limit. `require_allowed_cost` compares the cost.
        """
        measured = self._measured.get(operation)
        if measured is None:
            measured = self._measured[operation] = self._measure(operation)
        if measured.problems:
            raise GraphQLError(measured.problems[0])
        return (
            _total_cost(measured.root, {**measured.defaults, **variables}, {})
            if settings.API_COST_LIMIT
            else 0
        )

    def _measure(self, operation: Operation) -> MeasuredOperation:
        root = self._schema.get_root_type(operation.operation_type)
        if root is None:
            return MeasuredOperation(CostNode(0))
        selections = operation.definition.selection_set
        reader = _Measurer(self._schema, operation.fragments, self._introspection)
        measure = reader.read(root, selections, 1)
        defaults = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in operation.definition.variable_definitions or ()
            if definition.default_value is not None
        }
        return MeasuredOperation(
            CostNode(0, (), measure.parts), list(_problems(operation, measure)), defaults
        )


def require_allowed_cost(cost: int) -> None:
    """Raise QueryTooCostly if the cost exceeds API_COST_LIMIT."""
    limit = settings.API_COST_LIMIT
    if limit and cost > limit:
        raise QueryTooCostly(f"The query costs {cost}, and at most {limit} is answered.")


def _problems(operation: Operation, measure: Measure) -> Iterable[str]:
    if measure.depth > MAX_DEPTH:
        yield f"The document is more than {MAX_DEPTH} levels deep."
    if measure.fields > MAX_FIELDS:
        yield f"The document asks for more than {MAX_FIELDS} fields."
        return
    if measure.aliases > MAX_ALIASES:
        yield f"The document has more than {MAX_ALIASES} aliases."
    if measure.schemas > MAX_SCHEMAS:
        yield "The document asks for `__schema` more than once."
    if measure.introspections > MAX_INTROSPECTIONS:
        yield f"The document asks for the schema more than {MAX_INTROSPECTIONS} times."
    if operation.operation_type is OperationType.MUTATION:
        roots = _iterate_fields(operation.definition.selection_set, operation.fragments)
        if sum(1 for _ in roots) > MAX_MUTATIONS:
            yield f"The document has more than {MAX_MUTATIONS} mutations."


class _Measurer:
    """Measures one operation. Each fragment is measured once, however often it is spread."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        introspection: IntrospectionCost,
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._introspection = introspection
        self._measured_fragments: dict[str, Measure] = {}

    def read(self, type_: GraphQLNamedType, selections: SelectionSetNode, level: int) -> Measure:
        measure = Measure(depth=1)
        if level > MAX_DEPTH:  # the exact depth does not matter
            measure.depth = MAX_DEPTH + 1
            return measure
        for node in selections.selections:
            if isinstance(node, FieldNode):
                self._measure_field(measure, type_, node, level)
            elif isinstance(node, InlineFragmentNode):
                type_name = node.type_condition.name.value if node.type_condition else type_.name
                measured = self.read(self._schema.type_map[type_name], node.selection_set, level)
                measure.add(measured)
                measure.parts += measured.parts
            elif isinstance(node, FragmentSpreadNode):
                measured = self._measure_fragment(node.name.value)
                measure.add(measured)
                if measured.parts:
                    measure.parts.append(CostNode(0, (), measured.parts))
        return measure

    def _measure_fragment(self, name: str) -> Measure:
        """Measure a fragment, counting levels from the fragment itself."""
        measured_fragment = self._measured_fragments.get(name)
        if measured_fragment is None:
            fragment = self._fragments[name]
            fragment_type = self._schema.type_map[fragment.type_condition.name.value]
            measured_fragment = self._measured_fragments[name] = self.read(
                fragment_type, fragment.selection_set, 1
            )
        return measured_fragment

    def _measure_field(self, measure: Measure, type_: GraphQLNamedType, node: FieldNode, level: int) -> None:
        measure.fields += 1
        measure.aliases += node.alias is not None
        name = node.name.value
        if name in _INTROSPECTED:
            self._measure_introspection(measure, node, level)
            return
        definition = getattr(type_, "fields", {}).get(name)
        if definition is None or node.selection_set is None:
            return
        inner = get_named_type(definition.type)
        measured = self.read(inner, node.selection_set, level + 1)
        measured.depth += 1
        measure.add(measured)
        cost = int(_returns_rows(definition))
        multipliers = _multipliers(node)
        if cost or measured.parts:
            measure.parts.append(CostNode(cost, multipliers, measured.parts))

    def _measure_introspection(self, measure: Measure, node: FieldNode, level: int) -> None:
        measure.introspections += 1
        measure.schemas += node.name.value == "__schema"
        if node.selection_set is None:
            return
        measured = self.read(
            self._schema.type_map[_INTROSPECTED[node.name.value]], node.selection_set, level + 1
        )
        measured.depth += 1
        measure.add(measured)
        measure.parts.append(CostNode(self._introspection.cost(node, self._fragments)))


def _returns_rows(definition: GraphQLField) -> bool:
    inner = get_named_type(definition.type)
    if not is_composite_type(inner):
        return False
    if inner.name.endswith("Connection"):
        return True
    if is_object_type(inner) or is_interface_type(inner):
        return inner.name == "Node" or any(interface.name == "Node" for interface in inner.interfaces)
    return True


def _multipliers(node: FieldNode) -> tuple[ValueNode, ...]:
    return tuple(argument.value for argument in node.arguments or () if argument.name.value in MULTIPLIERS)


def _total_cost(part: CostNode, variables: Mapping[str, object], cost_by_node: dict[int, int]) -> int:
    total = cost_by_node.get(id(part))
    if total is None:
        times = 1
        for multiplier in part.multipliers:
            times *= max(1, _multiplier_value(multiplier, variables))
        cost_per_item = part.cost + sum(
            _total_cost(child, variables, cost_by_node) for child in part.children
        )
        total = cost_by_node[id(part)] = min(times * cost_per_item, MAX_COST)
    return total


def _multiplier_value(node: ValueNode, variables: Mapping[str, object]) -> int:
    if isinstance(node, IntValueNode):
        return int(node.value) if len(node.value) <= _MAX_INT32_DIGITS else 1
    if isinstance(node, ListValueNode):
        return len(node.values)
    value = variables.get(node.name.value) if isinstance(node, VariableNode) else None
    if isinstance(value, list):
        return len(value)
    # An integer may also be written as 100.0. Anything but a 32-bit integer is rejected later.
    if isinstance(value, int | float) and abs(value) <= GRAPHQL_MAX_INT:
        return int(value)
    return 1


def _iterate_fields(
    selections: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterable[FieldNode]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _iterate_fields(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from _iterate_fields(fragments[node.name.value].selection_set, fragments)
