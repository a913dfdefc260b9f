"""What is told of an object in another language: `translation(languageCode:)`.

    translated = translation_of(product, "ProductTranslation", "catalog.product", name="name", slug="slug")

gives the type its field and answers the type of the translation. It is null where nothing was translated; a
client then shows the object's own words. Formatted texts are kept as their JSON.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.utils.translation import get_language

from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import global_id
from shop.api.language_codes import displayed, tag_of
from shop.api.object_types import Row, Type
from shop.api.translations import texts_in


def translation_of(
    type_: Type,
    name: str,
    kind: str,
    /,
    *,
    key: str = "id",
    rich: Collection[str] = (),
    required: Collection[str] = (),
    **fields: str,
) -> Type:
    """`fields` map fields of the translation to our columns; `rich` ones are formatted, `required` ones are
    empty where they are not translated.
    """

    def resolve(
        rows: list[Row], arguments: dict[str, Any], context: Context, selection: Selection
    ) -> list[dict[str, Any] | None]:
        code = arguments["languageCode"]
        texts = texts_in(kind, [getattr(row, key) for row in rows], code)
        found = [texts.get(str(getattr(row, key))) for row in rows]
        return [
            told and {"key": getattr(row, key), "code": code, "texts": told}
            for row, told in zip(rows, found, strict=True)
        ]

    type_.field("translation", needs=key)(resolve)
    translation = Type(name)

    @translation.field("id")
    def ids(told: list[dict[str, Any]], *_: Any) -> list[str]:
        return [global_id(name, f"{each['key']}-{tag_of(each['code'])}") for each in told]

    @translation.field("language")
    def languages(told: list[dict[str, Any]], *_: Any) -> list[dict[str, str]]:
        return [displayed(each["code"], get_language() or "en") for each in told]

    for field, column in fields.items():
        default = "" if field in required else None
        translation.field(field)(_text(column, field in rich, default))
    return translation


def formatted(text: str | None) -> Any:
    """A formatted text as kept; what is no JSON is one paragraph."""
    if not text:
        return None
    with suppress(ValueError):
        return json.loads(text)
    return {"blocks": [{"type": "paragraph", "data": {"text": text}}]}


def _text(column: str, rich: bool, default: str | None) -> Any:
    def resolve(told: list[dict[str, Any]], *_: Any) -> list[Any]:
        texts = [each["texts"].get(column) or default for each in told]
        if rich:  # our own pages translate the plain text beside it
            texts = [
                text or each["texts"].get(f"{column}_text") for text, each in zip(texts, told, strict=True)
            ]
        return [formatted(text) for text in texts] if rich else texts

    return resolve
