"""Add the error fields of mutations' payload types, which the SDL files name by a directive.

    type CategoryUpdate @errors(of: ProductError, older: "Use `errors`.") { category: Category }

has the fields `category`, `productErrors` and `errors`. The directive's arguments:

- `of`: the type of the errors.
- `older`: also declare the field under Saleor's former name, deprecated for this reason. An empty reason
  stands for GraphQL's default one.
- `first`: declare the error fields before the other fields.
"""

from __future__ import annotations

from dataclasses import replace

from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldDefinitionNode,
    ObjectTypeDefinitionNode,
    parse,
    value_from_ast_untyped,
)

_DIRECTIVE = "errors"


def add_error_fields(document: DocumentNode) -> DocumentNode:
    """Return the document with the error fields, and without the directive that names them."""
    return replace(document, definitions=tuple(map(_add_to_definition, document.definitions)))


def _add_to_definition(definition: DefinitionNode) -> DefinitionNode:
    if not isinstance(definition, ObjectTypeDefinitionNode):
        return definition
    directives = definition.directives or ()
    directive = next((directive for directive in directives if directive.name.value == _DIRECTIVE), None)
    if directive is None:
        return definition
    arguments = {
        argument.name.value: value_from_ast_untyped(argument.value) for argument in directive.arguments or ()
    }
    errors = _error_fields(arguments["of"], arguments.get("older"))
    other_fields = definition.fields or ()
    return replace(
        definition,
        directives=tuple(other for other in directives if other is not directive),
        fields=(*errors, *other_fields) if arguments.get("first", False) else (*other_fields, *errors),
    )


def _error_fields(error: str, older: str | None) -> tuple[FieldDefinitionNode, ...]:
    fields = f"errors: [{error}!]!"
    if older is not None:
        deprecated = f'@deprecated(reason: "{older}")' if older else "@deprecated"
        fields = f"{error[0].lower()}{error[1:]}s: [{error}!]! {deprecated} {fields}"
    type_ = parse(f"type Payload {{ {fields} }}").definitions[0]
    assert isinstance(type_, ObjectTypeDefinitionNode)
    return tuple(type_.fields or ())
