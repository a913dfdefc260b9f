"""Introspection: answered by graphql-core, and remembered.

`__schema` and `__type` say the same until the schema changes, and a large schema takes a good part of a
second. An answer is remembered for the text of the question, whatever its alias, layout and document, and
the variables it uses. Answers are shared between requests: read them, never change them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

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

from .cache import Cache
from .documents import Operation
from .errors import Answered
from .plan import Selection

_REMEMBERED = 8  # a whole schema's answer is some megabytes


class Introspection:
    """Answers `__schema` and `__type` about one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._answers: Cache[Hashable, tuple[Any]] = Cache(_REMEMBERED)

    def answer(self, operation: Operation, selection: Selection, variables: VariableValues) -> Any:
        """The field's value, or `Answered` if there were errors."""
        used, fragments = _used_below(operation, selection)
        definitions = [each for each in operation.variables if each.variable.name.value in used]
        key = (
            _question(operation, selection, fragments),
            *((name, variables.coerced.get(name, Undefined)) for name in sorted(used)),
        )
        known = self._answers.get(key)
        if known is not None:
            return known[0]
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
        answer = result.data[selection.key]
        self._answers.put(key, (answer,))
        return answer


def _question(operation: Operation, selection: Selection, fragments: set[str]) -> str:
    """The selection printed anew, without the field's alias, and the fragments it spreads."""
    nodes = [
        FieldNode(
            name=each.name,
            arguments=each.arguments,
            directives=each.directives,
            selection_set=each.selection_set,
        )
        for each in selection.nodes
    ]
    printed = [*nodes, *(operation.fragments[name] for name in sorted(fragments))]
    return "\n".join(map(print_ast, printed))


def _used_below(operation: Operation, selection: Selection) -> tuple[set[str], set[str]]:
    """The variables that a selection uses, itself or through fragments, and these fragments."""
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
    return used, seen
