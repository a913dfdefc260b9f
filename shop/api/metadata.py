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
from shop.api.permissions import Right, Within
from shop.api.types import Row, Type
from shop.core.errors import Missing
from shop.core.metadata import EmptyKey

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
    for plain, prefix, column, needed, only in (
        ("metadata", "meta", "metadata", (), ""),
        ("privateMetadata", "privateMeta", "private_metadata", (*rights, *reads), hidden_unless),
    ):
        columns = (column, only) if only else (column,)
        type_.field(plain, needs=columns, permissions=needed)(_items(column, only))
        type_.field(f"{prefix}field", needs=columns, permissions=needed)(_one(column, only))
        type_.field(f"{prefix}fields", needs=columns, permissions=needed)(_several(column, only))


def as_items(kept: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Metadata as the contract lists them, sorted by key."""
    return [{"key": key, "value": value} for key, value in sorted((kept or {}).items())]


def from_input(given: Collection[Mapping[str, str]] | None, *, field: str = "metadata") -> dict[str, str]:
    """`[MetadataInput!]` as a mapping. Raises Mistake for a key that says nothing."""
    if any(not each["key"].strip() for each in given or ()):
        raise Mistake("REQUIRED", EmptyKey.default_words, field=field)
    return {each["key"]: each["value"] for each in given or ()}


def _kept(parent: Row, column: str, only: str) -> Mapping[str, str]:
    if only and not getattr(parent, only):
        return {}
    return getattr(parent, column) or {}


def _items(column: str, only: str) -> Any:
    def resolve(parents: list[Row], *_: Any) -> list[Any]:
        return [as_items(_kept(parent, column, only)) for parent in parents]

    return resolve


def _one(column: str, only: str) -> Any:
    def resolve(parents: list[Row], arguments: dict[str, Any], *_: Any) -> list[Any]:
        key = arguments["key"]
        return [_kept(parent, column, only).get(key) for parent in parents]

    return resolve


def _several(column: str, only: str) -> Any:
    def resolve(parents: list[Row], arguments: dict[str, Any], *_: Any) -> list[Any]:
        keys = arguments.get("keys")
        return [_picked(_kept(parent, column, only), keys) for parent in parents]

    return resolve


def _picked(kept: Mapping[str, str], keys: list[str] | None) -> Mapping[str, str]:
    return kept if keys is None else {key: kept[key] for key in keys if key in kept}


metadata_item = Type("MetadataItem")
metadata_item.plain("key", "value")
