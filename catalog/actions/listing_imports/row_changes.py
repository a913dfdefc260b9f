"""Compare the values of a row with the option and the product that it names."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.actions.products.product_details import has_own_content, to_editorjs, variant_content
from catalog.actions.products.product_revisions import build_revised_product, read_revised_variant_name
from catalog.models import Product, Unit, Variant
from catalog.pricing import WholesaleTier

Values = Mapping[str, object]

_NO_CONTENT: Mapping[str, object] = {
    "content_grams": None,
    "content_ml": None,
    "content_count": None,
    "content_unit": "",
}
_LIMIT_COLUMNS = {
    "limit_per_order": "quantity_limit_per_order",
    "limit_per_buyer": "quantity_limit_per_customer",
    "limit_days": "quantity_limit_days",
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


def limit_columns(values: Values) -> dict[str, object]:
    """Return the columns of the limits that the row states. A stated 0 removes the limit."""
    return {column: values[key] or None for key, column in _LIMIT_COLUMNS.items() if key in values}


def with_stated_limits(variant: Variant | None, values: Values) -> Variant:
    """Return an unsaved option with the unit and the limits that the row's option has after it."""
    columns = limit_columns(values)
    limits = {name: columns.get(name, getattr(variant, name, None)) for name in _LIMIT_COLUMNS.values()}
    unit = values.get("unit") or (variant.unit if variant else Unit.PIECE)
    return Variant(unit=str(unit), **limits)


def lacks_limit_per_buyer(variant: Variant | None, values: Values) -> bool:
    """Return whether the row would leave a number of days without a limit per buyer."""
    columns = limit_columns(values)

    def limit(column: str) -> object:
        return columns.get(column, getattr(variant, column, None))

    return limit("quantity_limit_days") is not None and limit("quantity_limit_per_customer") is None


def stated_tiers(values: Values) -> list[WholesaleTier] | None:
    """Return the wholesale prices that the row states, or None if it states none."""
    pairs = values.get("wholesale")
    return [WholesaleTier(*pair) for pair in pairs] if isinstance(pairs, list) else None


def build_new_variant_columns(variant: Variant, values: Values) -> dict[str, object]:
    """Return the columns of the variant that the row changes. The price is not among them."""
    unit = str(values.get("unit", variant.unit))
    columns: dict[str, object] = {"unit": unit}
    if "content" in values or unit != variant.unit:
        columns |= content_columns(unit, values)
    if "option" in values:
        columns["name"] = values["option"]
    columns |= limit_columns(values)
    if "is_sold_by_weight" in values:
        columns["is_sold_by_weight"] = values["is_sold_by_weight"]
    changed = {column: value for column, value in columns.items() if getattr(variant, column) != value}
    if "name" in changed and read_revised_variant_name(variant) == changed["name"]:
        del changed["name"]
    return changed


def build_new_product_columns(product: Product, values: Values) -> dict[str, object]:
    """Return the columns of the product that the row changes, without those that already wait for review."""
    columns = {column: values[key] for key, column in _PRODUCT_COLUMNS.items() if key in values}
    changed = {column for column, value in columns.items() if (getattr(product, column) or "") != value}
    if changed:
        revised = build_revised_product(product)
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
