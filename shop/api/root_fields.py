"""Fields of `Query` and `Mutation`: one parent, so one value; and refusals as data of a mutation's payload.

query = Queries()

@query.field()
def shop(arguments, context, selection): ...

mutation = Mutations(codes={"email_taken": "UNIQUE"})

@mutation.field(permissions=[Permission.MANAGE_CHANNELS])
def channel_create(arguments, context, selection): ...     # the payload without its errors
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql import GraphQLObjectType, get_named_type, is_enum_type, is_object_type

from shop.api.errors import Mistake, told_in_payload
from shop.api.field_permissions import Right
from shop.api.object_types import Type, camel
from shop.core.errors import Refused

if TYPE_CHECKING:
    from shop.api.breadth import Resolver, Selection
    from shop.api.context import Context

REFUSALS = "_refusals"
MOST_AT_ONCE = 100  # what a mutation takes away at once

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
    raises Refused nothing was saved, and the payload holds the errors alone. One that does many things
    answers the refusals of some under REFUSALS.
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
                done = dict(resolve(arguments, context, selection))
                refusals = done.pop(REFUSALS, [])
            except Refused as error:
                done, refusals = dict(refused_payload), [error]
            for name, error_type in error_fields(payload).items():
                done[name] = [entry for each in refusals for entry in self._told(each, error_type)]
            return [done]

        return batch

    def deletes_many(self, name: str, one: RootResolver, *, permissions: Iterable[Right]) -> None:
        """A mutation that does to each of `ids` what `one` does to `id`, each by itself: what is refused
        stays, and the rest goes. Answers how many went."""

        @self.field(name, permissions=permissions, refused={"count": 0})
        def many(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
            wanted = [{"id": each} for each in dict.fromkeys(arguments.get("ids") or ())]
            return self.each_of(wanted, one, context, selection)

    def each_of(
        self, wanted: Sequence[dict[str, Any]], one: RootResolver, context: Context, selection: Selection
    ) -> dict[str, Any]:
        """The payload of doing one thing with each of these arguments."""
        if len(wanted) > MOST_AT_ONCE:
            raise Mistake("INVALID", f"At most {MOST_AT_ONCE} can be taken away at once.", field="ids")
        count, refusals = 0, []
        for each in wanted:
            try:
                one(each, context, selection)
            except Refused as refused:
                refusals.append(refused)
            else:
                count += 1
        return {"count": count, REFUSALS: refusals}

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
