"""Save and remove translations."""

from __future__ import annotations

import json

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.input_data import InputData
from shop.api.language_codes import tag_from_code
from shop.api.root_fields import Mutations
from shop.api.translation.contents import (
    RICH_COLUMNS,
    TRANSLATABLE_TYPES,
    TRANSLATION_PERMISSIONS,
    TranslatableType,
)
from shop.core.texts.rich_text import sanitise_rich_text, to_plain_text
from shop.core.texts.translations import save_translations

mutation = Mutations(codes={"already_taken": "UNIQUE"})


def _translate(
    translatable: TranslatableType,
    payload: str,
    arguments: InputData,
    context: Context,
    selection: Selection,
) -> dict[str, object]:
    """Save the given texts. A null removes one. Raises InputError."""
    key = input_key(arguments["id"], translatable.object_type.name, translatable.content.name, field="id")
    language = tag_from_code(arguments["languageCode"])
    if language == settings.LANGUAGE_CODE:
        raise InputError("INVALID", _("This is the main language of the shop."), field="languageCode")
    row = save_translations(
        rows=translatable.rows(),
        key=key,
        language=language,
        texts=_texts_by_column(translatable, arguments["input"]),
        actor=context.actor,
        now=context.now,
    )
    payload_type = translatable.content if translatable.name == "Page" else translatable.object_type
    return {payload: payload_type.by_key(context, [row.pk], selection.names(payload)).get(row.pk)}


def _texts_by_column(translatable: TranslatableType, input_data: InputData) -> dict[str, str]:
    """Return texts by column. Rich texts are also returned as plain text, which our own pages show."""
    texts = {}
    for name, column in translatable.columns.items():
        if name not in input_data:
            continue
        value = input_data[name]
        if column not in RICH_COLUMNS:
            texts[column] = (value or "").strip()
            continue
        content = sanitise_rich_text(value)
        texts[column] = json.dumps(content, ensure_ascii=False) if content else ""
        texts[f"{column}_text"] = to_plain_text(content) if content else ""
    return texts


def _add_mutation(translatable: TranslatableType, name: str, payload: str) -> None:
    @mutation.field(name, permissions=TRANSLATION_PERMISSIONS)
    def translate(arguments: dict[str, object], context: Context, selection: Selection) -> dict[str, object]:
        return _translate(translatable, payload, arguments, context, selection)


for _translatable in TRANSLATABLE_TYPES.values():
    _field_name = _translatable.name[0].lower() + _translatable.name[1:]
    _mutation_prefix = "shippingPrice" if _field_name == "shippingMethod" else _field_name
    _add_mutation(_translatable, f"{_mutation_prefix}Translate", _field_name)
