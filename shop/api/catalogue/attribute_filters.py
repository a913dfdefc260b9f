"""Filters by attribute values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.db.models import Model, Q, QuerySet

from catalog.models import Category, Collection, Product, Variant
from shop.api.filters import in_range
from shop.api.ids import parse_key, split_global_id
from shop.api.input_data import InputData

# The conditions of `reference`: the type of the referenced object, and how to find it.
_REFERENCES: Mapping[str, tuple[str, Callable[[Sequence[str]], QuerySet[Model]]]] = {
    "productSlugs": ("Product", lambda texts: Product.objects.filter(slug__in=texts)),
    "productVariantSkus": ("ProductVariant", lambda texts: Variant.objects.filter(sku__in=texts)),
    "categorySlugs": ("Category", lambda texts: Category.objects.filter(slug__in=texts)),
    "collectionSlugs": ("Collection", lambda texts: Collection.objects.filter(slug__in=texts)),
}


def attribute_condition(input_data: InputData) -> Q:
    """Convert an `AttributeInput` to a condition on rows with assigned values."""
    condition = Q(value__attribute__slug=input_data["slug"]) if input_data.get("slug") else Q()
    if input_data.get("values"):
        condition &= Q(value__slug__in=input_data["values"])
    if input_data.get("valuesRange"):
        condition &= in_range("value__numeric")(None, input_data["valuesRange"])  # type: ignore[arg-type]
    for name in ("date", "dateTime"):
        if input_data.get(name):
            condition &= _date_condition(name, input_data[name])
    if input_data.get("boolean") is not None:
        condition &= Q(value__boolean=input_data["boolean"])
    return condition & _value_condition(input_data.get("value") or {})


def _value_condition(input_data: InputData) -> Q:
    """Convert an `AssignedAttributeValueInput` to a condition."""
    condition = Q()
    for name in ("slug", "name", "numeric"):
        if input_data.get(name):
            condition &= _match_texts(f"value__{name}", input_data[name])
    for name in ("date", "dateTime"):
        if input_data.get(name):
            condition &= _date_condition(name, input_data[name])
    if input_data.get("boolean") is not None:
        condition &= Q(value__boolean=input_data["boolean"])
    if input_data.get("reference"):
        condition &= _reference_condition(input_data["reference"])
    return condition


def _match_texts(column: str, input_data: InputData) -> Q:
    condition = Q()
    if input_data.get("eq") is not None:
        condition &= Q(**{column: input_data["eq"]})
    if input_data.get("oneOf") is not None:
        condition &= Q(**{f"{column}__in": input_data["oneOf"]})
    for lookup, value in (input_data.get("range") or {}).items():
        if value is not None:
            condition &= Q(**{f"{column}__{lookup}": value})
    return condition


def _date_condition(name: str, bounds: Mapping[str, object]) -> Q:
    column = "value__date_time" if name == "dateTime" else "value__date_time__date"
    return Q(**{f"{column}__{lookup}": value for lookup, value in bounds.items() if value is not None})


def _reference_condition(input_data: InputData) -> Q:
    condition = Q()
    for name, requested in input_data.items():
        for texts in (requested or {}).values():
            if texts is not None:
                condition &= _match_references(name, texts)
    return condition


def _match_references(name: str, texts: Sequence[str]) -> Q:
    if name == "referencedIds":
        condition = Q(pk__in=())
        for text in texts:
            try:
                type_name, key_text = split_global_id(text)
                condition |= Q(
                    value__reference_kind=type_name, value__reference_key=str(parse_key(type_name, key_text))
                )
            except ValueError:
                continue
        return condition
    if name not in _REFERENCES:
        return Q(pk__in=())
    type_name, find = _REFERENCES[name]
    keys = [str(key) for key in find(texts).values_list("pk", flat=True)]
    return Q(value__reference_kind=type_name, value__reference_key__in=keys)
