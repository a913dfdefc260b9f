"""Metadata fields of types: three public ones for all requesters, three private ones for permitted staff.

    add_metadata_fields(product, Product, permissions=[Permission.MANAGE_PRODUCTS])

adds the six fields to a type and lets `updateMetadata` and its siblings write them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NotRequired, TypeAlias, TypedDict

from django.db.models import Model, Q

from shop.api.breadth import Resolver, Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.field_permissions import CooperativeScoped, FieldPermission
from shop.api.ids import Key
from shop.api.object_types import Row, Type
from shop.core.database.metadata import EmptyMetadataKey
from shop.core.errors import Missing

if TYPE_CHECKING:
    from shop.api.base.inputs import MetadataInput

OwnerCheck: TypeAlias = Callable[[Context, Any], bool]


@dataclass(frozen=True, slots=True)
class MetadataAccess:
    """The permission to write the metadata of a type.

    `owner_check` returns whether a requester without `permissions`, for example a buyer, may write the public
    metadata of an object. `cooperative_column` is the column of its cooperative.
    """

    object_type: Type
    model: type[Model]
    permissions: tuple[FieldPermission, ...]
    owner_check: OwnerCheck | None
    cooperative_column: str = ""

    def check(self, context: Context, key: Key, *, is_private: bool) -> None:
        """Raise PermissionDenied if the requester may not write, Missing if they cannot see the object."""
        if not is_private and self.owner_check is not None and self.owner_check(context, key):
            return
        context.require(*self.permissions)
        everywhere = [
            permission for permission in self.permissions if not isinstance(permission, CooperativeScoped)
        ]
        if not context.may(*everywhere) and not self._is_in_own_cooperatives(context, key):
            raise Missing(field="id")

    def _is_in_own_cooperatives(self, context: Context, key: Key) -> bool:
        own_rows = Q(pk__in=())
        for scoped in self.permissions:
            if isinstance(scoped, CooperativeScoped):
                own_rows |= context.scope(scoped.permission).row_filter(cooperative=self.cooperative_column)
        return self.object_type.rows(context).filter(own_rows, pk=key).exists()


METADATA_ACCESS: dict[str, MetadataAccess] = {}


def add_metadata_fields(
    type_: Type,
    model: type[Model],
    *,
    permissions: Sequence[FieldPermission],
    owner_check: OwnerCheck | None = None,
    read_permissions: Sequence[FieldPermission] = (),
    hidden_unless: str = "",
    cooperative_column: str = "cooperative",
) -> None:
    """Add the metadata fields. Any of `permissions` allows reading private and writing all metadata.

    Any of `read_permissions` also allows reading private metadata, which is empty if column `hidden_unless`
    is false.
    """
    METADATA_ACCESS[type_.name] = MetadataAccess(
        object_type=type_,
        model=model,
        permissions=tuple(permissions),
        owner_check=owner_check,
        cooperative_column=cooperative_column,
    )
    private = _VisibleMetadata(
        "private_metadata", hidden_unless, tuple(permissions), f"{cooperative_column}_id"
    )
    for plain, prefix, visible, needed in (
        ("metadata", "meta", _VisibleMetadata("metadata"), ()),
        ("privateMetadata", "privateMeta", private, (*permissions, *read_permissions)),
    ):
        columns = visible.columns
        type_.field(plain, needs=columns, permissions=needed)(_items_resolver(visible))
        type_.field(f"{prefix}field", needs=columns, permissions=needed)(_value_resolver(visible))
        type_.field(f"{prefix}fields", needs=columns, permissions=needed)(_values_resolver(visible))


@dataclass(frozen=True, slots=True)
class _VisibleMetadata:
    """Reads the metadata of rows that the requester may see.

    A row has none if its `required_column` is false, or if the permission is limited to other cooperatives
    than that of its `cooperative_column`.
    """

    column: str
    required_column: str = ""
    permissions: tuple[FieldPermission, ...] = ()
    cooperative_column: str = ""

    @property
    def is_scoped(self) -> bool:
        return any(isinstance(permission, CooperativeScoped) for permission in self.permissions)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(
            filter(
                None, (self.column, self.required_column, self.cooperative_column if self.is_scoped else "")
            )
        )

    def read(self, parents: Sequence[Row], context: Context) -> list[Mapping[str, str]]:
        readable = self._readable_cooperatives(context) if self.is_scoped else None
        return [
            {}
            if (self.required_column and not getattr(parent, self.required_column))
            or (readable is not None and getattr(parent, self.cooperative_column) not in readable)
            else getattr(parent, self.column) or {}
            for parent in parents
        ]

    def _readable_cooperatives(self, context: Context) -> set[int] | None:
        """Return the cooperatives whose rows the requester may read, or None for all."""
        if context.may(
            *(permission for permission in self.permissions if not isinstance(permission, CooperativeScoped))
        ):
            return None
        scopes = [
            context.scope(scoped.permission)
            for scoped in self.permissions
            if isinstance(scoped, CooperativeScoped)
        ]
        if any(scope.has_platform_grant for scope in scopes):
            return None
        return {key for scope in scopes for grant in scope.grants for key in grant.cooperative_ids}


def metadata_items(metadata: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return metadata as `[MetadataItem!]`, sorted by key."""
    return [{"key": key, "value": value} for key, value in sorted((metadata or {}).items())]


def metadata_from_input(
    metadata: Collection[MetadataInput] | None, *, field: str = "metadata"
) -> dict[str, str]:
    """Convert `[MetadataInput!]` to a mapping. Raises InputError for an empty key."""
    if any(not item["key"].strip() for item in metadata or ()):
        raise InputError("REQUIRED", EmptyMetadataKey.default_message, field=field)
    return {item["key"]: item["value"] for item in metadata or ()}


def _items_resolver(visible: _VisibleMetadata) -> Resolver:
    def resolve(
        parents: list[Row], arguments: object, context: Context, selection: Selection
    ) -> Sequence[object]:
        return [metadata_items(metadata) for metadata in visible.read(parents, context)]

    return resolve


class _KeyArguments(TypedDict):
    key: str


class _KeysArguments(TypedDict):
    keys: NotRequired[list[str] | None]


def _value_resolver(visible: _VisibleMetadata) -> Resolver:
    def resolve(
        parents: list[Row], arguments: _KeyArguments, context: Context, selection: Selection
    ) -> Sequence[object]:
        return [metadata.get(arguments["key"]) for metadata in visible.read(parents, context)]

    return resolve


def _values_resolver(visible: _VisibleMetadata) -> Resolver:
    def resolve(
        parents: list[Row], arguments: _KeysArguments, context: Context, selection: Selection
    ) -> Sequence[object]:
        return [_pick_keys(metadata, arguments.get("keys")) for metadata in visible.read(parents, context)]

    return resolve


def _pick_keys(metadata: Mapping[str, str], keys: list[str] | None) -> Mapping[str, str]:
    return metadata if keys is None else {key: metadata[key] for key in keys if key in metadata}


metadata_item_object = Type("MetadataItem")
metadata_item_object.value_fields("key", "value")
