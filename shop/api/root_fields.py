"""Fields of `Query` and `Mutation`. Resolvers return one value, and refusals become errors of the payload.

query = Queries()

@query.field()
def shop(arguments, context, selection): ...

mutation = Mutations(codes={"email_taken": "UNIQUE"})

@mutation.field(permissions=[Permission.MANAGE_CHANNELS], needs_recent_sign_in=True)
def channel_create(arguments, context, selection): ...     # the payload without its errors
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, NotRequired, TypeAlias, TypedDict, TypeVar

from django.utils.translation import gettext as _
from graphql import GraphQLObjectType, get_named_type, is_enum_type, is_object_type

from shop.api.errors import InputError, payload_errors
from shop.api.field_permissions import FieldPermission
from shop.api.object_types import Type, camel_case_name
from shop.core.errors import Refused

if TYPE_CHECKING:
    from shop.api.breadth import Resolver, Selection
    from shop.api.context import Context

REFUSALS = "_refusals"
MAX_DELETIONS_PER_MUTATION = 100

RootResolver: TypeAlias = "Callable[[Any, Context, Selection], object]"
Resolve = TypeVar("Resolve", bound=RootResolver)


class _Ids(TypedDict):
    """The arguments of a bulk deletion."""

    ids: NotRequired[list[str] | None]


class Queries(Type):
    """An area's fields of `Query`."""

    def __init__(self, name: str = "Query") -> None:
        super().__init__(name)

    def field(  # type: ignore[override]
        self,
        name: str = "",
        *,
        permissions: Iterable[FieldPermission] = (),
        refused: Mapping[str, object] | None = None,
    ) -> Callable[[Resolve], Resolve]:
        """Decorate a resolver. `refused` holds the payload's other fields if a mutation is refused."""

        def add(resolve: Resolve) -> Resolve:
            batch = self._batch(resolve, dict(refused or {}))
            super(Queries, self).field(name or camel_case_name(resolve), permissions=permissions)(batch)
            return resolve

        return add

    def _batch(self, resolve: RootResolver, refused_payload: dict[str, object]) -> Resolver:
        def batch(
            parents: list[object], arguments: dict[str, object], context: Context, selection: Selection
        ) -> Sequence[object]:
            return [resolve(arguments, context, selection)]

        return batch


class Mutations(Queries):
    """An area's mutations. `codes` maps refusal codes to values of the area's error enums.

    A resolver returns its payload as a mapping. This class fills in `errors` and its deprecated twins. If the
    resolver raises Refused, nothing was saved and the payload contains only errors. A bulk resolver returns
    the refusals of single objects under REFUSALS.
    """

    def __init__(self, codes: Mapping[str, str] | None = None) -> None:
        super().__init__("Mutation")
        self._codes = dict(codes or {})

    def field(  # type: ignore[override]
        self,
        name: str = "",
        *,
        permissions: Iterable[FieldPermission] = (),
        refused: Mapping[str, object] | None = None,
        needs_recent_sign_in: bool = False,
    ) -> Callable[[Resolve], Resolve]:
        """Decorate a resolver. Changes of money, rights and settings need a recent sign-in."""
        decorate = super().field(name, permissions=permissions, refused=refused)

        def add(resolve: Resolve) -> Resolve:
            decorate(_require_recent_sign_in(resolve) if needs_recent_sign_in else resolve)
            return resolve

        return add

    def _batch(self, resolve: RootResolver, refused_payload: dict[str, object]) -> Resolver:
        def batch(
            parents: list[object], arguments: dict[str, object], context: Context, selection: Selection
        ) -> Sequence[object]:
            payload = get_named_type(selection.definition.type)
            assert is_object_type(payload)
            try:
                result = resolve(arguments, context, selection)
                assert isinstance(result, Mapping)
                payload_values = dict(result)
                refusals = payload_values.pop(REFUSALS, [])
            except Refused as error:
                payload_values, refusals = dict(refused_payload), [error]
            for name, error_type in error_fields(payload).items():
                payload_values[name] = [
                    entry for refusal in refusals for entry in self.error_entries(refusal, error_type)
                ]
            return [payload_values]

        return batch

    def add_bulk_deletion(
        self,
        name: str,
        delete_one: RootResolver,
        *,
        permissions: Iterable[FieldPermission],
        needs_recent_sign_in: bool = False,
    ) -> None:
        """Add a mutation that calls `delete_one` for each of `ids`, independently of the others.

        Its payload has the `count` of deleted objects and the errors of the refused ones.
        """

        @self.field(
            name, permissions=permissions, refused={"count": 0}, needs_recent_sign_in=needs_recent_sign_in
        )
        def delete_many(arguments: _Ids, context: Context, selection: Selection) -> dict[str, object]:
            requested = [{"id": global_id} for global_id in dict.fromkeys(arguments.get("ids") or ())]
            return self.resolve_one_by_one(requested, delete_one, context, selection)

    def resolve_one_by_one(
        self,
        requested: Sequence[Mapping[str, object]],
        resolve_one: RootResolver,
        context: Context,
        selection: Selection,
    ) -> dict[str, object]:
        """Call `resolve_one` with each of these arguments and return the payload."""
        if len(requested) > MAX_DELETIONS_PER_MUTATION:
            raise InputError(
                "INVALID",
                _("Delete at most %(count)s at a time.") % {"count": MAX_DELETIONS_PER_MUTATION},
                field="ids",
            )
        count, refusals = 0, []
        for mutation_arguments in requested:
            try:
                resolve_one(mutation_arguments, context, selection)
            except Refused as refused:
                refusals.append(refused)
            else:
                count += 1
        return {"count": count, REFUSALS: refusals}

    def error_entries(
        self, refused: Refused, error_type: GraphQLObjectType
    ) -> Sequence[Mapping[str, object]]:
        """Return a refusal as errors of this type, with the mutation's codes."""
        enum = get_named_type(error_type.fields["code"].type)
        assert is_enum_type(enum)
        return payload_errors(refused, self._codes, enum.values)


def _require_recent_sign_in(resolve: RootResolver) -> RootResolver:
    @wraps(resolve)
    def guarded(arguments: object, context: Context, selection: Selection) -> object:
        context.require_recent_sign_in()
        return resolve(arguments, context, selection)

    return guarded


def error_fields(payload: GraphQLObjectType) -> dict[str, GraphQLObjectType]:
    """Return the error lists of a payload: `errors`, and its twins such as `accountErrors`."""
    types_by_field = {name: get_named_type(field.type) for name, field in payload.fields.items()}
    return {
        name: type_
        for name, type_ in types_by_field.items()
        if is_object_type(type_) and type_.name.endswith("Error") and name.lower().endswith("errors")
    }
