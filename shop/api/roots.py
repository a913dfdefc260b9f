"""Fields of `Query` and `Mutation`: one parent, so one value; and refusals as data of a mutation's payload.

query = Queries()

@query.field()
def shop(arguments, context, selection): ...

mutation = Mutations(codes={"email_taken": "UNIQUE"})

@mutation.field(permissions=[Permission.MANAGE_CHANNELS])
def channel_create(arguments, context, selection): ...     # the payload without its errors
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql import GraphQLObjectType, get_named_type, is_enum_type, is_object_type

from shop.api.errors import told_in_payload
from shop.api.permissions import Right
from shop.api.types import Type, camel
from shop.core.errors import Refused

if TYPE_CHECKING:
    from shop.api.breadth import Resolver, Selection
    from shop.api.context import Context

RootResolver: TypeAlias = "Callable[[dict[str, Any], Context, Selection], Any]"


class Queries(Type):
    """An area's fields of `Query`."""

    def __init__(self, name: str = "Query") -> None:
        super().__init__(name)

    def field(  # type: ignore[override]
        self,
        name: str = "",
        *,
        permissions: Iterable[Right] = (),
        refused: Mapping[str, Any] | None = None,
    ) -> Callable[[RootResolver], RootResolver]:
        """Decorates a resolver; `refused` is what a mutation's payload holds beside its errors."""

        def add(resolve: RootResolver) -> RootResolver:
            batch = self._batch(resolve, dict(refused or {}))
            super(Queries, self).field(name or camel(resolve), permissions=permissions)(batch)
            return resolve

        return add

    def _batch(self, resolve: RootResolver, refused_payload: dict[str, Any]) -> Resolver:
        def batch(
            parents: list[Any], arguments: dict[str, Any], context: Context, selection: Selection
        ) -> list[Any]:
            return [resolve(arguments, context, selection)]

        return batch


class Mutations(Queries):
    """An area's mutations. `codes` maps codes of refusals to values of the area's error enums.

    A resolver returns its payload as a mapping; `errors` and its older twins are filled in here. Where it
    raises Refused nothing was saved, and the payload holds the errors alone.
    """

    def __init__(self, codes: Mapping[str, str] | None = None) -> None:
        super().__init__("Mutation")
        self._codes = dict(codes or {})

    def _batch(self, resolve: RootResolver, refused_payload: dict[str, Any]) -> Resolver:
        def batch(
            parents: list[Any], arguments: dict[str, Any], context: Context, selection: Selection
        ) -> list[Any]:
            payload = get_named_type(selection.definition.type)
            assert is_object_type(payload)
            try:
                done, refused = dict(resolve(arguments, context, selection)), None
            except Refused as error:
                done, refused = dict(refused_payload), error
            for name, error_type in error_fields(payload).items():
                done[name] = self._told(refused, error_type) if refused else []
            return [done]

        return batch

    def _told(self, refused: Refused, error_type: GraphQLObjectType) -> list[dict[str, Any]]:
        enum = get_named_type(error_type.fields["code"].type)
        assert is_enum_type(enum)
        return told_in_payload(refused, self._codes, enum.values)


def error_fields(payload: GraphQLObjectType) -> dict[str, GraphQLObjectType]:
    """The lists of errors in a payload: `errors`, and `accountErrors` or the like."""
    found = {name: get_named_type(field.type) for name, field in payload.fields.items()}
    return {
        name: type_
        for name, type_ in found.items()
        if is_object_type(type_) and type_.name.endswith("Error") and name.lower().endswith("errors")
    }
