"""Attributes and their values, and queries for attributes."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from catalog.models import (
    Attribute,
    AttributeScope,
    InputType,
    Product,
    ProductType,
    ProductTypeAttribute,
)
from catalog.models.attribute import AttributeKind
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.assigned import attributes_in
from shop.api.catalogue.lookups import found_by
from shop.api.catalogue.product_filters import on_shelves
from shop.api.catalogue.types import attribute, attribute_value, product_type
from shop.api.connections import Key, connect, connect_each
from shop.api.context import Context
from shop.api.filters import (
    Conditions,
    any_of,
    has_metadata,
    ids,
    is_,
    matches,
    refuse_both,
    sorting,
    where,
)
from shop.api.ids import global_id, key_of
from shop.api.metadata import keep_metadata
from shop.api.object_types import Row, Rows
from shop.api.root_fields import Queries
from shop.api.schema import Choices
from shop.core.dates.calendar import day_of

WITH_CHOICES = (InputType.DROPDOWN, InputType.MULTISELECT, InputType.SWATCH)

ENUMS: dict[str, Choices] = {"AttributeInputTypeEnum": InputType, "AttributeTypeEnum": AttributeKind}

attribute.id()
attribute.columns(
    name="name",
    slug="slug",
    type="kind",
    inputType="input_type",
    valueRequired="value_required",
    visibleInStorefront="visible_in_storefront",
    filterableInStorefront="filterable_in_storefront",
    filterableInDashboard="filterable_in_dashboard",
    availableInGrid="available_in_grid",
    storefrontSearchPosition="storefront_search_position",
    externalReference="external_reference",
)
keep_metadata(attribute, Attribute, rights=[Permission.MANAGE_PRODUCT_TYPES, Permission.MANAGE_PAGE_TYPES])


@attribute.field(needs="entity_type")
def entity_type(rows: list[Row], *_: Any) -> list[str | None]:
    return [row.entity_type or None for row in rows]


@attribute.field(needs="unit")
def unit(rows: list[Row], *_: Any) -> list[str | None]:
    return [row.unit.upper() or None for row in rows]


@attribute.field(needs="input_type")
def with_choices(rows: list[Row], *_: Any) -> list[bool]:
    return [row.input_type in WITH_CHOICES for row in rows]


@attribute.field(needs="id")
def choices(rows: list[Row], arguments: dict[str, Any], context: Context, selection: Selection) -> list[Any]:
    """Resolve the choices of an attribute; only choice types have any, other values belong to one object."""
    refuse_both(arguments)
    values = attribute_value.rows(context).filter(attribute__input_type__in=WITH_CHOICES)
    for name in ("filter", "where"):
        values = values.filter(where(arguments.get(name), _VALUE_FILTER, context))
    if arguments.get("search"):
        values = values.filter(_VALUE_FILTER["search"](context, arguments["search"]))
    order = sorting(arguments.get("sortBy"), _VALUE_SORTS, [Key("sort_order"), Key("id")])
    keys = [row.id for row in rows]
    return connect_each(
        attribute_value, values, arguments, selection, order=order, by="attribute_id", parents=keys
    )


@attribute.field(needs="id")
def product_types(
    rows: list[Row], arguments: dict[str, Any], context: Context, selection: Selection
) -> list[Any]:
    return _types_with(rows, AttributeScope.PRODUCT, arguments, context, selection)


@attribute.field(needs="id")
def product_variant_types(
    rows: list[Row], arguments: dict[str, Any], context: Context, selection: Selection
) -> list[Any]:
    return _types_with(rows, AttributeScope.VARIANT, arguments, context, selection)


def _types_with(
    rows: list[Row], scope: AttributeScope, arguments: dict[str, Any], context: Context, selection: Selection
) -> list[Any]:
    kinds = ProductType.objects.filter(attribute_rows__scope=scope).annotate(
        has=F("attribute_rows__attribute")
    )
    return connect_each(
        product_type,
        kinds,
        arguments,
        selection,
        order=[Key("name"), Key("id")],
        by="has",
        parents=[row.id for row in rows],
    )


attribute_value.id()
attribute_value.columns(
    name="name",
    slug="slug",
    value="value",
    inputType="attribute__input_type",
    richText="rich_text",
    boolean="boolean",
    externalReference="external_reference",
)


@attribute_value.field(needs=("file_url", "content_type"))
def file(rows: list[Row], arguments: Any, context: Context, selection: Selection) -> list[Any]:
    return [file_of(row, context) for row in rows]


@attribute_value.field(needs=("plain_text", "attribute__input_type"))
def plain_text(rows: list[Row], *_: Any) -> list[str | None]:
    return [row.plain_text if row.attribute__input_type == InputType.PLAIN_TEXT else None for row in rows]


@attribute_value.field(needs=("date_time", "attribute__input_type"))
def date(rows: list[Row], *_: Any) -> list[datetime.date | None]:
    return [
        day_of(row.date_time) if row.date_time and row.attribute__input_type == InputType.DATE else None
        for row in rows
    ]


@attribute_value.field(needs=("date_time", "attribute__input_type"))
def date_time(rows: list[Row], *_: Any) -> list[datetime.datetime | None]:
    return [row.date_time if row.attribute__input_type == InputType.DATE_TIME else None for row in rows]


@attribute_value.field(needs=("reference_kind", "reference_key"))
def reference(rows: list[Row], *_: Any) -> list[str | None]:
    return [global_id(row.reference_kind, row.reference_key) if row.reference_kind else None for row in rows]


def file_of(row: Row, context: Context) -> dict[str, str] | None:
    """Return the schema's `File`, or null."""
    if not row.file_url:
        return None
    return {"url": context.absolute(row.file_url), "contentType": row.content_type}


query = Queries()


@query.field("attribute")
def one_attribute(arguments: dict[str, Any], context: Context, selection: Selection) -> Row | None:
    rows = found_by(
        attribute, attributes_in(context, attribute.rows(context)), "catalog.attribute", arguments
    )
    return next(iter(attribute.read(rows, selection.names())), None)


@query.field("attributes")
def all_attributes(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    refuse_both(arguments)
    rows = attributes_in(context, attribute.rows(context))
    if arguments.get("search"):
        rows = rows.filter(_CONDITIONS["search"](context, arguments["search"]))
    for name in ("filter", "where"):
        rows = rows.filter(where(arguments.get(name), _CONDITIONS, context))
    order = sorting(arguments.get("sortBy"), _SORTS, [Key("name"), Key("slug")])
    return connect(attribute, rows, arguments, selection, order=order)


def _used_by_products(goods: Rows) -> Q:
    """Match attributes of these products' types."""
    kinds = ProductTypeAttribute.objects.filter(
        attribute=OuterRef("pk"), product_type__in=goods.values("product_type")
    )
    return Q(Exists(kinds))


def _in_category(context: Context, text: str) -> Q:
    return _used_by_products(Product.objects.filter(category=key_of(text, "Category") or 0))


def _in_collection(context: Context, text: str) -> Q:
    key = key_of(text, "Collection")
    return _used_by_products(Product.objects.filter(on_shelves([key] if key else [])))


def _only_variants(context: Context, value: bool) -> Q:
    of_variants = ProductTypeAttribute.objects.filter(attribute=OuterRef("pk"), scope=AttributeScope.VARIANT)
    return Q(Exists(of_variants)) if value else ~Q(Exists(of_variants))


_VALUE_SORTS = {"NAME": [Key("name"), Key("slug")], "SLUG": [Key("slug")]}
_VALUE_FILTER: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "ids": ids("AttributeValue"),
    "slugs": any_of("slug"),
    "name": matches("name"),
    "slug": matches("slug"),
}
_SORTS = {
    "NAME": [Key("name"), Key("slug")],
    "SLUG": [Key("slug")],
    "VALUE_REQUIRED": [Key("value_required"), Key("slug")],
    "IS_VARIANT_ONLY": [Key("name"), Key("slug")],
    "VISIBLE_IN_STOREFRONT": [Key("visible_in_storefront"), Key("slug")],
    "FILTERABLE_IN_STOREFRONT": [Key("filterable_in_storefront"), Key("slug")],
    "FILTERABLE_IN_DASHBOARD": [Key("filterable_in_dashboard"), Key("slug")],
    "STOREFRONT_SEARCH_POSITION": [Key("storefront_search_position"), Key("slug")],
    "AVAILABLE_IN_GRID": [Key("available_in_grid"), Key("slug")],
}
_CONDITIONS: Conditions = {
    "ids": ids("Attribute"),
    "slugs": any_of("slug"),
    "name": matches("name"),
    "slug": matches("slug"),
    "metadata": has_metadata(),
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "valueRequired": is_("value_required"),
    "isVariantOnly": _only_variants,
    "visibleInStorefront": is_("visible_in_storefront"),
    "filterableInStorefront": is_("filterable_in_storefront"),
    "filterableInDashboard": is_("filterable_in_dashboard"),
    "availableInGrid": is_("available_in_grid"),
    "type": lambda context, given: (matches if isinstance(given, dict) else is_)("kind")(context, given),
    "inputType": matches("input_type"),
    "entityType": matches("entity_type"),
    "unit": matches("unit"),
    "withChoices": lambda context, value: (
        Q(input_type__in=WITH_CHOICES) if value else ~Q(input_type__in=WITH_CHOICES)
    ),
    "inCategory": _in_category,
    "inCollection": _in_collection,
    "channel": lambda context, slug: Q(),
}

TYPES = (attribute, attribute_value, query)
