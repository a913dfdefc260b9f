"""Finding one thing by the argument that names it: exactly one of `id`, `slug` and the like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shop.api.errors import ProtocolError
from shop.api.ids import key_of
from shop.api.language_codes import tag_of
from shop.api.object_types import Rows, Type
from shop.core.models import Translation

_COLUMNS = {"slug": "slug", "externalReference": "external_reference", "sku": "sku", "name": "name"}


def found_by(type_: Type, rows: Rows, kind: str, arguments: Mapping[str, Any], *, key: str = "pk") -> Rows:
    """The row that the arguments name. Raises ProtocolError unless exactly one of them does.

    With `slugLanguageCode` the slug is the one that was given in that language; `kind` is the model's label
    among translations.
    """
    column, values = named_by(type_, kind, arguments)
    return rows.filter(**{f"{column if column else key}__in": values})


def named_by(type_: Type, kind: str, arguments: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The column that is asked about ("" for the key) and its value, or none. Raises as `found_by`."""
    given = {name: arguments[name] for name in ("id", *_COLUMNS) if arguments.get(name) is not None}
    if len(given) != 1:
        known = " and ".join(f"`{name}`" for name in ("id", *_COLUMNS) if name in arguments) or "`id`"
        raise ProtocolError(f"{type_.name} is found by exactly one argument of its own: {known}.")
    ((name, value),) = given.items()
    if name == "id":
        key = key_of(value, type_.name)
        return "", [] if key is None else [key]
    language = arguments.get("slugLanguageCode")
    if name == "slug" and language is not None:
        told = Translation.objects.filter(kind=kind, field="slug", text=value, language=tag_of(language))
        return "", [int(each) for each in told.values_list("key", flat=True)]
    return _COLUMNS[name], [value]
