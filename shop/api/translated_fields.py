"""The field `translation(languageCode:)`.

    translated = add_translation_field(product, "ProductTranslation", "catalog.product", name="name",
    slug="slug")

adds the field to a type and returns the type of the translation. The field is null if nothing is translated.
A client then shows the object's own texts. Rich texts are stored as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import TypedDict

from django.utils.translation import get_language

from shop.api.breadth import Resolver, Selection
from shop.api.context import Context
from shop.api.ids import Key, global_id
from shop.api.language_codes import language_display, tag_from_code
from shop.api.object_types import Row, Type
from shop.api.translations import read_translated_texts


class _TranslationArguments(TypedDict):
    languageCode: str


class _Translation(TypedDict):
    """The parent of a translation's fields."""

    key: Key
    code: str
    texts: dict[str, str]


def add_translation_field(
    type_: Type,
    name: str,
    translation_kind: str,
    /,
    *,
    key: str = "id",
    rich: Collection[str] = (),
    required: Collection[str] = (),
    **fields: str,
) -> Type:
    """Add the field `translation` to a type and return the type of the translation.

    `fields` maps the translation's fields to our columns. `rich` ones are rich texts, `required` ones are
    empty instead of null if they are not translated.
    """

    def resolve(
        rows: list[Row], arguments: _TranslationArguments, context: Context, selection: Selection
    ) -> Sequence[Mapping[str, object] | None]:
        code = arguments["languageCode"]
        texts = read_translated_texts(translation_kind, [getattr(row, key) for row in rows], code)
        translations_by_row = [texts.get(str(getattr(row, key))) for row in rows]
        return [
            translations and {"key": getattr(row, key), "code": code, "texts": translations}
            for row, translations in zip(rows, translations_by_row, strict=True)
        ]

    type_.field("translation", needs=key)(resolve)
    translation = Type(name)

    @translation.field("id")
    def id_of_translations(translations: list[_Translation], *_: object) -> list[str]:
        return [
            global_id(name, f"{translation['key']}-{tag_from_code(translation['code'])}")
            for translation in translations
        ]

    @translation.field("language")
    def language_of_translations(translations: list[_Translation], *_: object) -> list[dict[str, str]]:
        return [language_display(translation["code"], get_language() or "en") for translation in translations]

    for field, column in fields.items():
        default = "" if field in required else None
        translation.field(field)(_text_resolver(column, field in rich, default))
    return translation


def rich_text_json(text: str | None) -> object:
    """Return a stored rich text as JSON. A plain text becomes one paragraph."""
    if not text:
        return None
    with suppress(ValueError):
        return json.loads(text)
    return {"blocks": [{"type": "paragraph", "data": {"text": text}}]}


def _text_resolver(column: str, is_rich_text: bool, default: str | None) -> Resolver:
    def resolve(translations: list[_Translation], *_: object) -> Sequence[object]:
        texts = [translation["texts"].get(column) or default for translation in translations]
        if is_rich_text:  # our own pages store translations as plain text in `<column>_text`
            texts = [
                text or translation["texts"].get(f"{column}_text")
                for text, translation in zip(texts, translations, strict=True)
            ]
        return [rich_text_json(text) for text in texts] if is_rich_text else texts

    return resolve
