"""Introspection: executed by graphql-core, and cached.

The results of `__schema` and `__type` never change for a schema, and a large schema takes most of a second.
The cache key is the field's printed text, without its alias, and the variables it uses. Cached results are
shared between requests and must not be modified.
"""

from __future__ import annotations

from collections.abc import Hashable

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    execute_sync,
    print_ast,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Undefined

from shop.core.database.bounded_cache import Cache

from .documents import Operation
from .errors import IntrospectionFailure
from .plan import Selection

_MAX_CACHED_RESULTS = 8  # the result for a whole schema is some megabytes


class Introspection:
    """Answers `__schema` and `__type` for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._cached_values: Cache[Hashable, tuple[object]] = Cache(_MAX_CACHED_RESULTS)

    def resolve(self, operation: Operation, selection: Selection, variables: VariableValues) -> object:
        """Return the field's value, or an `IntrospectionFailure` if there were errors."""
        used_names, fragments = _names_used_in(operation, selection)
        definitions = [
            variable for variable in operation.variables if variable.variable.name.value in used_names
        ]
        cache_key = (
            _print_selection(operation, selection, fragments),
            *((name, variables.coerced.get(name, Undefined)) for name in sorted(used_names)),
        )
        cached_value = self._cached_values.get(cache_key)
        if cached_value is not None:
            return cached_value[0]
        introspection_operation = OperationDefinitionNode(
            operation=OperationType.QUERY,
            variable_definitions=tuple(definitions),
            selection_set=SelectionSetNode(selections=tuple(selection.nodes)),
            loc=operation.definition.loc,
        )
        document = DocumentNode(definitions=(introspection_operation, *operation.fragments.values()))
        input_data = {name: source.value for name, source in variables.sources.items() if name in used_names}
        present = {name: value for name, value in input_data.items() if value is not Undefined}
        result = execute_sync(self._schema, document, variable_values=present)
        if result.errors:
            return IntrospectionFailure(result.data and result.data[selection.key], result.errors)
        assert result.data is not None
        value = result.data[selection.key]
        self._cached_values.put(cache_key, (value,))
        return value


def _print_selection(operation: Operation, selection: Selection, fragments: set[str]) -> str:
    """Print the selection without the field's alias, and the fragments it spreads."""
    nodes = [
        FieldNode(
            name=node.name,
            arguments=node.arguments,
            directives=node.directives,
            selection_set=node.selection_set,
        )
        for node in selection.nodes
    ]
    printed = [*nodes, *(operation.fragments[name] for name in sorted(fragments))]
    return "\n".join(map(print_ast, printed))


def _names_used_in(operation: Operation, selection: Selection) -> tuple[set[str], set[str]]:
    """Return the variables that a selection uses, directly or through fragments, and these fragments."""
    used_names: set[str] = set()
    seen_fragments: set[str] = set()
    nodes_to_visit: list[Node] = list(selection.nodes)

    class Search(Visitor):
        def enter_variable(self, node: VariableNode, *_: object) -> None:
            used_names.add(node.name.value)

        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
            name = node.name.value
            if name not in seen_fragments and name in operation.fragments:
                seen_fragments.add(name)
                nodes_to_visit.append(operation.fragments[name])

    while nodes_to_visit:
        visit(nodes_to_visit.pop(), Search())
    return used_names, seen_fragments
