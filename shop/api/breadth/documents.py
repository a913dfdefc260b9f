"""Parse, validate and plan documents, cached by their text."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from graphql import (
    ASTValidationRule,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.execution.values import VariableValues

from shop.core.database.bounded_cache import Cache

from .plan import FieldSet, Planner, Resolvers

_MAX_PLANS_PER_OPERATION = 16  # one for each combination of conditions
_MAX_CACHED_CHARACTERS = 1_000_000  # a parsed document takes about fifty times its text


class Operation:
    """One operation of a document, with its plans."""

    def __init__(
        self,
        definition: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        conditions: frozenset[str],
    ) -> None:
        self.definition = definition
        self.fragments = fragments
        self.variables = definition.variable_definitions or ()
        self._condition_variables = sorted(
            conditions & {variable.variable.name.value for variable in self.variables}
        )
        self._plans: Cache[Hashable, FieldSet] = Cache(_MAX_PLANS_PER_OPERATION)

    @property
    def operation_type(self) -> OperationType:
        return self.definition.operation

    def plan(self, schema: GraphQLSchema, resolvers: Resolvers, variables: VariableValues) -> FieldSet:
        """Return the root's fields under these variables. Raises GraphQLError if it cannot be planned."""
        key = tuple(variables.coerced.get(name) for name in self._condition_variables)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._build_plan(schema, resolvers, variables)
            self._plans.put(key, plan)
        return plan

    def _build_plan(self, schema: GraphQLSchema, resolvers: Resolvers, variables: VariableValues) -> FieldSet:
        root = schema.get_root_type(self.operation_type)
        if root is None:
            raise GraphQLError(
                f"Schema is not configured to execute {self.operation_type.value} operation.", self.definition
            )
        condition_values = VariableValues(
            {
                name: variables.sources[name]
                for name in self._condition_variables
                if name in variables.sources
            },
            {
                name: variables.coerced[name]
                for name in self._condition_variables
                if name in variables.coerced
            },
        )
        planner = Planner(schema, self.fragments, condition_values, resolvers)
        return planner.fields(root, [self.definition.selection_set])


class Document:
    """A valid document. `ast` is public for checks of query limits."""

    def __init__(self, ast: DocumentNode) -> None:
        self.ast = ast
        fragments = {
            definition.name.value: definition
            for definition in ast.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        conditions = _condition_variables(ast)
        self.operations = [
            Operation(definition, fragments, conditions)
            for definition in ast.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]

    def operation(self, name: str | None) -> Operation:
        """Return the named operation, or the only one. Raises GraphQLError with graphql-core's message."""
        if name is None:
            if len(self.operations) > 1:
                raise GraphQLError("Must provide operation name if query contains multiple operations.")
            if not self.operations:
                raise GraphQLError("Must provide an operation.")
            return self.operations[0]
        for operation in self.operations:
            if operation.definition.name and operation.definition.name.value == name:
                return operation
        raise GraphQLError(f"Unknown operation named '{name}'.")


class Documents:
    """Cache of the documents that clients send to one schema."""

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        rules: Collection[type[ASTValidationRule]] = (),
        max_tokens: int | None = None,
        characters: int = _MAX_CACHED_CHARACTERS,
    ) -> None:
        self._schema = schema
        self._rules = (*specified_rules, *rules)
        self._max_tokens = max_tokens
        self._known: Cache[str, Document] = Cache(characters)

    def read(self, source: str) -> Document | list[GraphQLError]:
        """Return the document of this text, or its errors."""
        document = self._known.get(source)
        if document is not None:
            return document
        try:
            ast = parse(source, max_tokens=self._max_tokens)
        except GraphQLError as error:
            return [error]
        errors = validate(self._schema, ast, self._rules)
        if errors:
            return errors
        document = Document(ast)
        self._known.put(source, document, weight=len(source))
        return document


def _condition_variables(ast: DocumentNode) -> frozenset[str]:
    """Return the variables on which `@skip` and `@include` depend."""
    variables: set[str] = set()

    class Search(Visitor):
        def enter_directive(self, node: DirectiveNode, *_: object) -> None:
            if node.name.value in ("skip", "include"):
                variables.update(
                    argument.value.name.value
                    for argument in node.arguments or ()
                    if isinstance(argument.value, VariableNode)
                )

    visit(ast, Search())
    return frozenset(variables)
