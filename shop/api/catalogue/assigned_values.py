"""The types of assigned attributes, one per input type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypedDict

from shop.api.breadth import Selection
from shop.api.catalogue.attributes import resolve_file
from shop.api.catalogue.inputs import (
    AssignedChoiceAttributeValueTranslationArguments,
    AssignedMultiChoiceAttributeValueArguments,
    AssignedPlainTextAttributeTranslationArguments,
    AssignedSwatchAttributeValueTranslationArguments,
    AssignedTextAttributeTranslationArguments,
)
from shop.api.catalogue.types import (
    Assigned,
    category_object,
    collection_object,
    product_object,
    variant_object,
)
from shop.api.context import Context
from shop.api.in_channel import InChannel
from shop.api.object_types import Row, Type
from shop.api.translated_fields import rich_text_json
from shop.api.translations import read_translated_texts
from shop.core.dates.calendar import vietnam_date

KIND = "catalog.attributevalue"


def _type(name: str) -> Type:
    new_type = Type(name)
    new_type.value_fields("attribute")
    return new_type


def _single_value_type(name: str, read: Callable[[Row], object]) -> Type:
    """Define the type of an attribute with at most one value, read from the value's row."""
    new_type = _type(name)

    @new_type.field()
    def value(assigned: list[Assigned], *_: object) -> Sequence[object]:
        return [read(attribute["values"][0]) if attribute["values"] else None for attribute in assigned]

    return new_type


def _numbers(row: Row) -> float | None:
    if row.numeric is not None:
        return float(row.numeric)
    try:
        return float(row.name)
    except ValueError:
        return None


numeric_attribute_object = _single_value_type("AssignedNumericAttribute", _numbers)
plain_text_attribute_object = _single_value_type("AssignedPlainTextAttribute", lambda row: row.plain_text)
rich_text_attribute_object = _single_value_type("AssignedTextAttribute", lambda row: row.rich_text)
boolean_attribute_object = _single_value_type("AssignedBooleanAttribute", lambda row: row.boolean)
date_attribute_object = _single_value_type(
    "AssignedDateAttribute", lambda row: row.date_time and vietnam_date(row.date_time)
)
date_time_attribute_object = _single_value_type("AssignedDateTimeAttribute", lambda row: row.date_time)
single_choice_attribute_object = _single_value_type("AssignedSingleChoiceAttribute", lambda row: row)
swatch_attribute_object = _single_value_type("AssignedSwatchAttribute", lambda row: row)
file_attribute_object = _type("AssignedFileAttribute")
multi_choice_attribute_object = _type("AssignedMultiChoiceAttribute")
choice_value_object = Type("AssignedChoiceAttributeValue")
choice_value_object.value_fields("name", "slug")
swatch_value_object = Type("AssignedSwatchAttributeValue")
swatch_value_object.value_fields("name", "slug")


@swatch_value_object.field()
def hex_color(rows: list[Row], *_: object) -> list[str | None]:
    return [row.value or None for row in rows]


@file_attribute_object.field("value")
def value_of_file_attributes(
    assigned: list[Assigned], arguments: object, context: Context, selection: Selection
) -> Sequence[object]:
    return [
        resolve_file(attribute["values"][0], context) if attribute["values"] else None
        for attribute in assigned
    ]


@swatch_value_object.field("file")
def file_of_swatch_values(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[object]:
    return [resolve_file(row, context) for row in rows]


@multi_choice_attribute_object.field("value")
def value_of_multi_choice_attributes(
    assigned: list[Assigned], arguments: AssignedMultiChoiceAttributeValueArguments, *_: object
) -> list[list[Row]]:
    return [attribute["values"][: arguments["limit"]] for attribute in assigned]


def _read_translations(
    rows: Sequence[Row | None], code: str, column: str, *, is_rich_text: bool = False
) -> Sequence[object]:
    """Return each value's translation, or null."""
    texts = read_translated_texts(KIND, [row.id for row in rows if row is not None], code)
    translations = [texts.get(str(row.id), {}).get(column) if row is not None else None for row in rows]
    return [rich_text_json(text) for text in translations] if is_rich_text else translations


def _first_values(assigned: list[Assigned]) -> list[Row | None]:
    return [attribute["values"][0] if attribute["values"] else None for attribute in assigned]


@choice_value_object.field("translation")
def translation_of_choice_values(
    rows: list[Row], arguments: AssignedChoiceAttributeValueTranslationArguments, *_: object
) -> Sequence[object]:
    return _read_translations(rows, arguments["languageCode"], "name")


@swatch_value_object.field("translation")
def translation_of_swatch_values(
    rows: list[Row], arguments: AssignedSwatchAttributeValueTranslationArguments, *_: object
) -> Sequence[object]:
    return _read_translations(rows, arguments["languageCode"], "name")


@plain_text_attribute_object.field("translation")
def translation_of_plain_text_attributes(
    assigned: list[Assigned], arguments: AssignedPlainTextAttributeTranslationArguments, *_: object
) -> Sequence[object]:
    return _read_translations(_first_values(assigned), arguments["languageCode"], "plain_text")


@rich_text_attribute_object.field("translation")
def translation_of_rich_text_attributes(
    assigned: list[Assigned], arguments: AssignedTextAttributeTranslationArguments, *_: object
) -> Sequence[object]:
    return _read_translations(
        _first_values(assigned), arguments["languageCode"], "rich_text", is_rich_text=True
    )


class _LimitArguments(TypedDict):
    limit: int | None


def references_to(target: Type, name: str) -> tuple[Type, Type]:
    """Define `AssignedSingle…` and `AssignedMulti…ReferenceAttribute` for a referenced type."""
    single, multi = _type(f"AssignedSingle{name}Attribute"), _type(f"AssignedMulti{name}Attribute")

    @single.field("value")
    def value_of_single_references(
        assigned: list[Assigned], arguments: object, context: Context, selection: Selection
    ) -> list[Row | None]:
        referenced_rows = _referenced_rows(target, assigned, 1, context, selection)
        return [referenced_row[0] if referenced_row else None for referenced_row in referenced_rows]

    @multi.field("value")
    def value_of_multiple_references(
        assigned: list[Assigned],
        arguments: _LimitArguments,
        context: Context,
        selection: Selection,
    ) -> list[list[Row]]:
        return _referenced_rows(target, assigned, arguments["limit"], context, selection)

    return single, multi


def _referenced_rows(
    target: Type, assigned: list[Assigned], limit: int | None, context: Context, selection: Selection
) -> list[list[Row]]:
    """Return the referenced objects that the requester may see."""
    pairs_by_value = [
        [
            (int(row.reference_key), attribute["in_channel"])
            for row in attribute["values"][:limit]
            if row.reference_kind == target.name and row.reference_key.isdigit()
        ]
        for attribute in assigned
    ]
    requested = [pair for pairs in pairs_by_value for pair in pairs]
    if isinstance(target, InChannel):
        rows_by_pair = target.by_pair(context, requested, selection.names())
        return [[rows_by_pair[pair] for pair in pairs if pair in rows_by_pair] for pairs in pairs_by_value]
    rows = target.by_key(context, [key for key, _channel in requested], selection.names())
    return [[rows[key] for key, _channel in pairs if key in rows] for pairs in pairs_by_value]


TYPES = (
    numeric_attribute_object,
    plain_text_attribute_object,
    rich_text_attribute_object,
    boolean_attribute_object,
    date_attribute_object,
    date_time_attribute_object,
    single_choice_attribute_object,
    multi_choice_attribute_object,
    choice_value_object,
    swatch_attribute_object,
    swatch_value_object,
    file_attribute_object,
    *references_to(product_object, "ProductReference"),
    *references_to(variant_object, "ProductVariantReference"),
    *references_to(category_object, "CategoryReference"),
    *references_to(collection_object, "CollectionReference"),
)
