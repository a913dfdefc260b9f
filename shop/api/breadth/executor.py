"""The executor: runs documents against a schema with its resolvers."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from graphql import (
    ASTValidationRule,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    assert_valid_schema,
    get_variable_values,
    is_abstract_type,
    is_object_type,
)

from .documents import Document, Documents, Operation
from .introspection import Introspection
from .plan import Resolvers
from .resolvers import TypeResolver
from .run import Run

_MAX_REPORTED_VARIABLE_ERRORS = 50  # as many as graphql-core reports


class Executor:
    """Executes documents against a schema, breadth first.

    `resolvers` maps object type and field to resolver, `type_resolvers` interface or union to type resolver.
    Fields without a resolver are read from their parents by name. `rules` are validated in addition to the
    specification's. `max_tokens` limits parsing.
    Raises TypeError for an invalid schema, and ValueError for a resolver of a field that the schema lacks.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        resolvers: Resolvers,
        type_resolvers: Mapping[str, TypeResolver] | None = None,
        *,
        rules: Collection[type[ASTValidationRule]] = (),
        max_tokens: int | None = None,
    ) -> None:
        assert_valid_schema(schema)
        self._schema = schema
        self._resolvers = resolvers
        self._type_resolvers = type_resolvers or {}
        self._documents = Documents(schema, rules=rules, max_tokens=max_tokens)
        self._introspection = Introspection(schema)
        self._require_known_fields()

    def execute(
        self,
        source: str,
        *,
        variables: Mapping[str, object] | None = None,
        operation_name: str | None = None,
        context: object = None,
        root: object = None,
    ) -> ExecutionResult:
        """Execute a document. The result holds the errors of validation and of resolvers."""
        document = self.read(source)
        if isinstance(document, list):
            return ExecutionResult(None, document)
        try:
            operation = document.operation(operation_name)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        return self.run(operation, variables=variables, context=context, root=root)

    def read(self, source: str) -> Document | list[GraphQLError]:
        """Return the parsed and validated document, or its errors, so that limits can be checked first."""
        return self._documents.read(source)

    def run(
        self,
        operation: Operation,
        *,
        variables: Mapping[str, object] | None = None,
        context: object = None,
        root: object = None,
    ) -> ExecutionResult:
        """Run an operation of a document returned by `read`."""
        values = get_variable_values(
            self._schema, operation.variables, dict(variables or {}), max_errors=_MAX_REPORTED_VARIABLE_ERRORS
        )
        if isinstance(values, list):
            return ExecutionResult(None, values)
        try:
            plan = operation.plan(self._schema, self._resolvers, values)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        run = Run(self._schema, self._type_resolvers, self._introspection, operation, values, context)
        return run.execute(plan, root)

    def _require_known_fields(self) -> None:
        types = self._schema.type_map
        for name, fields in self._resolvers.items():
            type_ = types.get(name)
            field_names = set(type_.fields) if is_object_type(type_) else set()
            for field in sorted(set(fields) - field_names):
                raise ValueError(f"There is a resolver of {name}.{field}, which the schema lacks.")
        for name in self._type_resolvers:
            if not is_abstract_type(types.get(name)):
                raise ValueError(f"{name} has a type resolver but is not an interface or union.")
