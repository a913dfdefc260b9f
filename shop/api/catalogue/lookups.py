"""Look up one object by exactly one of `id`, `slug`, `externalReference` and so on."""

from __future__ import annotations

from collections.abc import Mapping

from shop.api.errors import ProtocolError
from shop.api.ids import Key, key_from_id
from shop.api.input_data import InputData
from shop.api.language_codes import tag_from_code
from shop.api.object_types import Rows, Type
from shop.core.models import Translation

_COLUMNS = {"slug": "slug", "externalReference": "external_reference", "sku": "sku", "name": "name"}


def filter_by_lookup(
    type_: Type, rows: Rows, translation_kind: str, arguments: Mapping[str, object], *, key: str = "pk"
) -> Rows:
    """Return the row that the arguments name. Raises ProtocolError unless exactly one is given.

    If `slugLanguageCode` is given, the slug is a translated one. `translation_kind` is the model's label in
    translations.
    """
    column, values = find_lookup_column(type_, translation_kind, arguments)
    return rows.filter(**{f"{column if column else key}__in": values})


def find_lookup_column(
    type_: Type, translation_kind: str, arguments: InputData
) -> tuple[str, list[Key | str]]:
    """Return the column that the argument names, and a list of the values to look for.

    The column is "" for the primary key. The list is empty if no row can match. Raises ProtocolError unless
    exactly one argument is given.
    """
    input_data = {name: arguments[name] for name in ("id", *_COLUMNS) if arguments.get(name) is not None}
    if len(input_data) != 1:
        argument_names = (
            " and ".join(f"`{name}`" for name in ("id", *_COLUMNS) if name in arguments) or "`id`"
        )
        raise ProtocolError(f"Give exactly one of {argument_names} to find a {type_.name}.")
    ((name, value),) = input_data.items()
    if name == "id":
        key = key_from_id(value, type_.name)
        return "", [] if key is None else [key]
    language = arguments.get("slugLanguageCode")
    if name == "slug" and language is not None:
        translations = Translation.objects.filter(
            kind=translation_kind, field="slug", text=value, language=tag_from_code(language)
        )
        return "", [int(key) for key in translations.values_list("key", flat=True)]
    return _COLUMNS[name], [value]
