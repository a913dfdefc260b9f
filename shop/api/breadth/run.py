"""Run a planned operation scope by scope, each field once for all objects of the scope."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, get_argument_values
from graphql.execution.values import VariableValues

from .complete import Completion, same_length
from .documents import Operation
from .errors import IntrospectionFailure, NullPropagation
from .introspection import Introspection
from .plan import INTROSPECTION, TYPE_NAME, FieldSet, Selection
from .resolvers import TypeResolver
from .scope import Scope


class Run:
    """One execution of one operation."""

    def __init__(
        self,
        schema: GraphQLSchema,
        type_resolvers: Mapping[str, TypeResolver],
        introspection: Introspection,
        operation: Operation,
        variables: VariableValues,
        context: object,
    ) -> None:
        self._introspection = introspection
        self._operation = operation
        self._variables = variables
        self._context = context
        self._queue: deque[Scope] = deque()
        self._finished_scopes: list[Scope] = []
        self._completion = Completion(schema, type_resolvers, context, self._queue)
        self._errors: list[GraphQLError] = []

    def execute(self, fields: FieldSet, root: object) -> ExecutionResult:
        """Run a query's fields together, a mutation's in turn, until a non-null field fails."""
        data: dict[str, object] = {}
        scope = Scope(fields, [root], [data])
        is_serial = self._operation.operation_type is OperationType.MUTATION
        batches = [(selection,) for selection in fields.selections] if is_serial else [fields.selections]
        for selections in batches:
            self._run_scope(scope, selections)
            while self._queue:
                child_scope = self._queue.popleft()
                self._run_scope(child_scope, child_scope.fields.selections)
            if scope.failed_keys and not self._propagate_nulls(scope, data, selections):
                return ExecutionResult(None, self._errors)
        return ExecutionResult(data, self._errors or None)

    def _run_scope(self, scope: Scope, selections: tuple[Selection, ...]) -> None:
        self._finished_scopes.append(scope)
        for selection in selections:
            key = selection.key
            if selection.name == TYPE_NAME:
                name = scope.fields.type.name
                for result in scope.results:
                    result[key] = name
            elif selection.name in INTROSPECTION:
                self._introspect(scope, selection)
            else:
                values = self._resolve(scope, selection)
                completed = self._completion.complete(scope, selection, selection.shape, values)
                for result, value in zip(scope.results, completed, strict=True):
                    result[key] = value

    def _resolve(self, scope: Scope, selection: Selection) -> list[object]:
        try:
            arguments = (
                get_argument_values(selection.definition, selection.nodes[0], self._variables)
                if selection.definition.args
                else {}
            )
            values = selection.resolve(scope.objects, arguments, self._context, selection)
            return same_length(values, scope.objects, str(selection))
        except Exception as error:
            return [error] * len(scope.objects)

    def _introspect(self, scope: Scope, selection: Selection) -> None:
        value = self._introspection.resolve(self._operation, selection, self._variables)
        for result in scope.results:
            result[selection.key] = value
        if isinstance(value, IntrospectionFailure):
            scope.mark_failed(selection.key)

    def _propagate_nulls(
        self, scope: Scope, data: dict[str, object], selections: tuple[Selection, ...]
    ) -> bool:
        propagation = NullPropagation(self._finished_scopes)
        is_kept = propagation.propagate_nulls(scope, data, selections)
        self._errors.extend(propagation.errors)
        self._finished_scopes.clear()
        return is_kept
