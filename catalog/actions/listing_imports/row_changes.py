"""Compare the values of a row with the option and the product that it names."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.actions.products.product_details import has_own_content, to_editorjs, variant_content
from catalog.actions.products.product_revisions import revised_product, revised_variant_name
from catalog.models import Product, Variant

Values = Mapping[str, object]

_NO_CONTENT: Mapping[str, object] = {
    "content_grams": None,
    "content_ml": None,
    "content_count": None,
    "content_unit": "",
}
_PRODUCT_COLUMNS = {
    "name": "name",
    "category": "category_id",
    "months": "season",
    "origin": "origin",
    "shelf_life": "shelf_life",
    "storage": "storage",
    "packaging": "packaging",
    "ingredients": "ingredients",
    "return_terms": "return_terms",
    "return_days": "return_days",
    "description": "description_text",
}


def content_columns(unit: str, values: Values) -> dict[str, object]:
    """Return all content columns of an option with this unit, as the row says."""
    content = values.get("content")
    if has_own_content(unit):
        content = variant_content(unit, None, "")
    return {**_NO_CONTENT, **(content if isinstance(content, dict) else {})}


def new_columns_of_variant(variant: Variant, values: Values) -> dict[str, object]:
    """Return the columns of the option that the row changes. Its price is a row of its own."""
    unit = str(values.get("unit", variant.unit))
    columns: dict[str, object] = {"unit": unit}
    if "content" in values or unit != variant.unit:
        columns |= content_columns(unit, values)
    if "option" in values:
        columns["name"] = values["option"]
    if "is_sold_by_weight" in values:
        columns["is_sold_by_weight"] = values["is_sold_by_weight"]
    changed = {column: value for column, value in columns.items() if getattr(variant, column) != value}
    if "name" in changed and revised_variant_name(variant) == changed["name"]:
        del changed["name"]
    return changed


def new_columns_of_product(product: Product, values: Values) -> dict[str, object]:
    """Return the columns of the product that the row changes, without those that already wait for review."""
    columns = {column: values[key] for key, column in _PRODUCT_COLUMNS.items() if key in values}
    changed = {column for column, value in columns.items() if (getattr(product, column) or "") != value}
    if changed:
        revised = revised_product(product)
        changed = {column for column in changed if (getattr(revised, column) or "") != columns[column]}
    new_columns = {column: columns[column] for column in columns if column in changed}
    if "description_text" in new_columns:
        new_columns["description"] = to_editorjs(str(new_columns["description_text"]))
    return new_columns


def lacks_estimate(variant: Variant | None, values: Values) -> bool:
    """Return whether the row would leave an option sold by weight without an estimated weight."""
    is_by_weight = values.get("is_sold_by_weight", variant.is_sold_by_weight if variant else False)
    if not is_by_weight:
        return False
    unit = str(values.get("unit", variant.unit if variant else ""))
    grams = variant.content_grams if variant else None
    if "content" in values or variant is None or unit != variant.unit:
        grams = content_columns(unit, values)["content_grams"]  # type: ignore[assignment]
    return not grams
