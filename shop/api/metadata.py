"""Free keys of objects: the public triple anybody reads, the private one for staff with the right permission.

    keep_metadata(product, Product, rights=[Permission.MANAGE_PRODUCTS])

gives a type the six fields and lets `updateMetadata` and the like write them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db.models import Model, Q

from shop.api.context import Context
from shop.api.errors import Mistake
from shop.api.field_permissions import Right, Within
from shop.api.object_types import Row, Type
from shop.core.database.metadata import EmptyKey
from shop.core.errors import Missing

Owns: TypeAlias = Callable[[Context, Any], bool]


@dataclass(frozen=True, slots=True)
class Keeper:
    """How metadata of one type are written. `owns` tells whether somebody without the rights may write the
    public ones of the object with this key; `whose` is the column of its cooperative."""

    of: Type
    model: type[Model]
    rights: tuple[Right, ...]
    owns: Owns | None
    whose: str = ""

    def check(self, context: Context, key: Any, *, private: bool) -> None:
        """Raises PermissionDenied for somebody who may not write them, Missing where they do not see it."""
        if not private and self.owns is not None and self.owns(context, key):
            return
        context.require(*self.rights)
        everywhere = [right for right in self.rights if not isinstance(right, Within)]
        if not context.may(*everywhere) and not self._is_theirs(context, key):
            raise Missing(field="id")

    def _is_theirs(self, context: Context, key: Any) -> bool:
        theirs = Q(pk__in=())
        for right in self.rights:
            if isinstance(right, Within):
                theirs |= context.scope(right.permission).rows(cooperative=self.whose)
        return self.of.rows(context).filter(theirs, pk=key).exists()


KEEPERS: dict[str, Keeper] = {}


def keep_metadata(
    type_: Type,
    model: type[Model],
    *,
    rights: Sequence[Right],
    owns: Owns | None = None,
    reads: Sequence[Right] = (),
    hidden_unless: str = "",
    whose: str = "cooperative",
) -> None:
    """Give a type its metadata fields. Any of `rights` reads the private ones and writes all.

    Any of `reads` may ask for the private ones too; they are none where the column `hidden_unless` says no.
    """
    KEEPERS[type_.name] = Keeper(type_, model, tuple(rights), owns, whose)
    private = _Shown("private_metadata", hidden_unless, tuple(rights), f"{whose}_id")
    for plain, prefix, shown, needed in (
        ("metadata", "meta", _Shown("metadata"), ()),
        ("privateMetadata", "privateMeta", private, (*rights, *reads)),
    ):
        columns = shown.columns
        type_.field(plain, needs=columns, permissions=needed)(_items(shown))
        type_.field(f"{prefix}field", needs=columns, permissions=needed)(_one(shown))
        type_.field(f"{prefix}fields", needs=columns, permissions=needed)(_several(shown))


@dataclass(frozen=True, slots=True)
class _Shown:
    """Which metadata of a row are shown: none where the column `only` says no, and where a right is held for
    some cooperatives alone, none of others', by the column `whose`."""

    column: str
    only: str = ""
    rights: tuple[Right, ...] = ()
    whose: str = ""

    @property
    def is_scoped(self) -> bool:
        return any(isinstance(right, Within) for right in self.rights)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.column, self.only, self.whose if self.is_scoped else "")))

    def of(self, parents: Sequence[Row], context: Context) -> list[Mapping[str, str]]:
        theirs = self._theirs(context) if self.is_scoped else None
        return [
            {}
            if (self.only and not getattr(parent, self.only))
            or (theirs is not None and getattr(parent, self.whose) not in theirs)
            else getattr(parent, self.column) or {}
            for parent in parents
        ]

    def _theirs(self, context: Context) -> set[int] | None:
        """The cooperatives whose rows the requester may read; None for all."""
        if context.may(*(right for right in self.rights if not isinstance(right, Within))):
            return None
        scopes = [context.scope(right.permission) for right in self.rights if isinstance(right, Within)]
        if any(scope.is_platforms for scope in scopes):
            return None
        return {key for scope in scopes for reach in scope.reaches for key in reach.cooperatives}


def as_items(kept: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Metadata as the contract lists them, sorted by key."""
    return [{"key": key, "value": value} for key, value in sorted((kept or {}).items())]


def from_input(given: Collection[Mapping[str, str]] | None, *, field: str = "metadata") -> dict[str, str]:
    """`[MetadataInput!]` as a mapping. Raises Mistake for a key that says nothing."""
    if any(not each["key"].strip() for each in given or ()):
        raise Mistake("REQUIRED", EmptyKey.default_words, field=field)
    return {each["key"]: each["value"] for each in given or ()}


def _items(shown: _Shown) -> Any:
    def resolve(parents: list[Row], arguments: Any, context: Context, selection: Any) -> list[Any]:
        return [as_items(kept) for kept in shown.of(parents, context)]

    return resolve


def _one(shown: _Shown) -> Any:
    def resolve(parents: list[Row], arguments: dict[str, Any], context: Context, selection: Any) -> list[Any]:
        return [kept.get(arguments["key"]) for kept in shown.of(parents, context)]

    return resolve


def _several(shown: _Shown) -> Any:
    def resolve(parents: list[Row], arguments: dict[str, Any], context: Context, selection: Any) -> list[Any]:
        return [_picked(kept, arguments.get("keys")) for kept in shown.of(parents, context)]

    return resolve


def _picked(kept: Mapping[str, str], keys: list[str] | None) -> Mapping[str, str]:
    return kept if keys is None else {key: kept[key] for key in keys if key in kept}


metadata_item = Type("MetadataItem")
metadata_item.plain("key", "value")
