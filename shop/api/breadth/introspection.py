"""Introspection: answered by graphql-core, and remembered.

`__schema` and `__type` say the same until the schema changes, and a large schema takes a good part of a
second. An answer is remembered for its place in a plan and the variables it uses. Answers are shared
between requests: read them, never change them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from graphql import (
    DocumentNode,
    FragmentSpreadNode,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    execute_sync,
    visit,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Undefined

from .cache import Cache
from .documents import Operation
from .errors import Answered
from .plan import Selection

_REMEMBERED = 8  # a whole schema's answer is some megabytes


class Introspection:
    """Answers `__schema` and `__type` about one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._answers: Cache[Hashable, dict[str, Any]] = Cache(_REMEMBERED)

    def answer(self, operation: Operation, selection: Selection, variables: VariableValues) -> Any:
        """The field's value, or `Answered` if there were errors."""
        used = _variables_below(operation, selection)
        definitions = [each for each in operation.variables if each.variable.name.value in used]
        key = (
            selection,
            *(variables.coerced.get(each.variable.name.value, Undefined) for each in definitions),
        )
        known = self._answers.get(key)
        if known is not None:
            return known[selection.key]
        question = OperationDefinitionNode(
            operation=OperationType.QUERY,
            variable_definitions=tuple(definitions),
            selection_set=SelectionSetNode(selections=tuple(selection.nodes)),
            loc=operation.definition.loc,
        )
        document = DocumentNode(definitions=(question, *operation.fragments.values()))
        given = {name: source.value for name, source in variables.sources.items() if name in used}
        present = {name: value for name, value in given.items() if value is not Undefined}
        result = execute_sync(self._schema, document, variable_values=present)
        if result.errors:
            return Answered(result.data and result.data[selection.key], result.errors)
        assert result.data is not None
        self._answers.put(key, result.data)
        return result.data[selection.key]


def _variables_below(operation: Operation, selection: Selection) -> set[str]:
    """The variables that a selection uses, itself or through fragments."""
    used: set[str] = set()
    seen: set[str] = set()
    waiting: list[Node] = list(selection.nodes)

    class Search(Visitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            used.add(node.name.value)

        def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
            name = node.name.value
            if name not in seen and name in operation.fragments:
                seen.add(name)
                waiting.append(operation.fragments[name])

    while waiting:
        visit(waiting.pop(), Search())
    return used
