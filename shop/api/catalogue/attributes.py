"""Attributes and their values, and queries for attributes."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

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
from shop.api.catalogue.assigned import visible_attributes
from shop.api.catalogue.inputs import (
    AttributeArguments,
    AttributeChoicesArguments,
    AttributeProductTypesArguments,
    AttributeProductVariantTypesArguments,
    AttributesArguments,
)
from shop.api.catalogue.lookups import filter_by_lookup
from shop.api.catalogue.product_filters import in_collections
from shop.api.catalogue.types import attribute_object, attribute_value_object, product_type_object
from shop.api.connections import SortKey, connect, connect_for_parents
from shop.api.context import Context
from shop.api.filters import (
    Conditions,
    build_condition,
    equals,
    has_metadata,
    id_in,
    is_one_of,
    matches_filter,
    require_one_filter,
    sort_keys,
)
from shop.api.ids import global_id, key_from_id
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows
from shop.api.root_fields import Queries
from shop.api.schema import Choices
from shop.core.dates.calendar import vietnam_date

WITH_CHOICES = (InputType.DROPDOWN, InputType.MULTISELECT, InputType.SWATCH)

ENUMS: dict[str, Choices] = {"AttributeInputTypeEnum": InputType, "AttributeTypeEnum": AttributeKind}

attribute_object.id()
attribute_object.columns(
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
add_metadata_fields(
    attribute_object, Attribute, permissions=[Permission.MANAGE_PRODUCT_TYPES, Permission.MANAGE_PAGE_TYPES]
)


@attribute_object.field(needs="entity_type")
def entity_type(rows: list[Row], *_: object) -> list[str | None]:
    return [row.entity_type or None for row in rows]


@attribute_object.field(needs="unit")
def unit(rows: list[Row], *_: object) -> list[str | None]:
    return [row.unit.upper() or None for row in rows]


@attribute_object.field(needs="input_type")
def with_choices(rows: list[Row], *_: object) -> list[bool]:
    return [row.input_type in WITH_CHOICES for row in rows]


@attribute_object.field(needs="id")
def choices(
    rows: list[Row], arguments: AttributeChoicesArguments, context: Context, selection: Selection
) -> Sequence[object]:
    """Resolve the choices of an attribute. Only choice types have any, other values belong to one object."""
    require_one_filter(arguments)
    values = attribute_value_object.rows(context).filter(attribute__input_type__in=WITH_CHOICES)
    for input_data in (arguments.get("filter"), arguments.get("where")):
        values = values.filter(build_condition(input_data, _VALUE_FILTER, context))
    if arguments.get("search"):
        values = values.filter(_VALUE_FILTER["search"](context, arguments["search"]))
    order = sort_keys(arguments.get("sortBy"), _VALUE_SORTS, [SortKey("sort_order"), SortKey("id")])
    keys = [row.id for row in rows]
    return connect_for_parents(
        attribute_value_object,
        values,
        arguments,
        selection,
        order=order,
        parent_column="attribute_id",
        parents=keys,
    )


@attribute_object.field(needs="id")
def product_types(
    rows: list[Row], arguments: AttributeProductTypesArguments, context: Context, selection: Selection
) -> Sequence[object]:
    return _read_types_with(rows, AttributeScope.PRODUCT, arguments, context, selection)


@attribute_object.field(needs="id")
def product_variant_types(
    rows: list[Row], arguments: AttributeProductVariantTypesArguments, context: Context, selection: Selection
) -> Sequence[object]:
    return _read_types_with(rows, AttributeScope.VARIANT, arguments, context, selection)


def _read_types_with(
    rows: list[Row],
    scope: AttributeScope,
    arguments: AttributeProductTypesArguments | AttributeProductVariantTypesArguments,
    context: Context,
    selection: Selection,
) -> Sequence[object]:
    product_types = ProductType.objects.filter(attribute_rows__scope=scope).annotate(
        has=F("attribute_rows__attribute")
    )
    return connect_for_parents(
        product_type_object,
        product_types,
        arguments,
        selection,
        order=[SortKey("name"), SortKey("id")],
        parent_column="has",
        parents=[row.id for row in rows],
    )


attribute_value_object.id()
attribute_value_object.columns(
    name="name",
    slug="slug",
    value="value",
    inputType="attribute__input_type",
    richText="rich_text",
    boolean="boolean",
    externalReference="external_reference",
)


@attribute_value_object.field(needs=("file_url", "content_type"))
def file(rows: list[Row], arguments: object, context: Context, selection: Selection) -> Sequence[object]:
    return [resolve_file(row, context) for row in rows]


@attribute_value_object.field(needs=("plain_text", "attribute__input_type"))
def plain_text(rows: list[Row], *_: object) -> list[str | None]:
    return [row.plain_text if row.attribute__input_type == InputType.PLAIN_TEXT else None for row in rows]


@attribute_value_object.field(needs=("date_time", "attribute__input_type"))
def date(rows: list[Row], *_: object) -> list[datetime.date | None]:
    return [
        vietnam_date(row.date_time) if row.date_time and row.attribute__input_type == InputType.DATE else None
        for row in rows
    ]


@attribute_value_object.field(needs=("date_time", "attribute__input_type"))
def date_time(rows: list[Row], *_: object) -> list[datetime.datetime | None]:
    return [row.date_time if row.attribute__input_type == InputType.DATE_TIME else None for row in rows]


@attribute_value_object.field(needs=("reference_kind", "reference_key"))
def reference(rows: list[Row], *_: object) -> list[str | None]:
    return [global_id(row.reference_kind, row.reference_key) if row.reference_kind else None for row in rows]


def resolve_file(row: Row, context: Context) -> dict[str, str] | None:
    """Return the schema's `File`, or null."""
    if not row.file_url:
        return None
    return {"url": context.absolute(row.file_url), "contentType": row.content_type}


query = Queries()


@query.field("attribute")
def one_attribute(arguments: AttributeArguments, context: Context, selection: Selection) -> Row | None:
    rows = filter_by_lookup(
        attribute_object,
        visible_attributes(context, attribute_object.rows(context)),
        "catalog.attribute",
        arguments,
    )
    return next(iter(attribute_object.read(rows, selection.names())), None)


@query.field("attributes")
def all_attributes(
    arguments: AttributesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    require_one_filter(arguments)
    rows = visible_attributes(context, attribute_object.rows(context))
    if arguments.get("search"):
        rows = rows.filter(_CONDITIONS["search"](context, arguments["search"]))
    for input_data in (arguments.get("filter"), arguments.get("where")):
        rows = rows.filter(build_condition(input_data, _CONDITIONS, context))
    order = sort_keys(arguments.get("sortBy"), _SORTS, [SortKey("name"), SortKey("slug")])
    return connect(attribute_object, rows, arguments, selection, order=order)


def _used_by_products(products: Rows) -> Q:
    """Match attributes of these products' types."""
    type_attributes = ProductTypeAttribute.objects.filter(
        attribute=OuterRef("pk"), product_type__in=products.values("product_type")
    )
    return Q(Exists(type_attributes))


def _in_category(context: Context, text: str) -> Q:
    return _used_by_products(Product.objects.filter(category=key_from_id(text, "Category") or 0))


def _in_collection(context: Context, text: str) -> Q:
    key = key_from_id(text, "Collection")
    return _used_by_products(Product.objects.filter(in_collections([key] if key else [])))


def _only_variants(context: Context, is_for_variants: bool) -> Q:
    of_variants = ProductTypeAttribute.objects.filter(attribute=OuterRef("pk"), scope=AttributeScope.VARIANT)
    return Q(Exists(of_variants)) if is_for_variants else ~Q(Exists(of_variants))


_VALUE_SORTS = {"NAME": [SortKey("name"), SortKey("slug")], "SLUG": [SortKey("slug")]}
_VALUE_FILTER: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "ids": id_in("AttributeValue"),
    "slugs": is_one_of("slug"),
    "name": matches_filter("name"),
    "slug": matches_filter("slug"),
}
_SORTS = {
    "NAME": [SortKey("name"), SortKey("slug")],
    "SLUG": [SortKey("slug")],
    "VALUE_REQUIRED": [SortKey("value_required"), SortKey("slug")],
    "IS_VARIANT_ONLY": [SortKey("name"), SortKey("slug")],
    "VISIBLE_IN_STOREFRONT": [SortKey("visible_in_storefront"), SortKey("slug")],
    "FILTERABLE_IN_STOREFRONT": [SortKey("filterable_in_storefront"), SortKey("slug")],
    "FILTERABLE_IN_DASHBOARD": [SortKey("filterable_in_dashboard"), SortKey("slug")],
    "STOREFRONT_SEARCH_POSITION": [SortKey("storefront_search_position"), SortKey("slug")],
    "AVAILABLE_IN_GRID": [SortKey("available_in_grid"), SortKey("slug")],
}
_CONDITIONS: Conditions = {
    "ids": id_in("Attribute"),
    "slugs": is_one_of("slug"),
    "name": matches_filter("name"),
    "slug": matches_filter("slug"),
    "metadata": has_metadata(),
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "valueRequired": equals("value_required"),
    "isVariantOnly": _only_variants,
    "visibleInStorefront": equals("visible_in_storefront"),
    "filterableInStorefront": equals("filterable_in_storefront"),
    "filterableInDashboard": equals("filterable_in_dashboard"),
    "availableInGrid": equals("available_in_grid"),
    "type": lambda context, input_data: (matches_filter if isinstance(input_data, dict) else equals)("kind")(
        context, input_data
    ),
    "inputType": matches_filter("input_type"),
    "entityType": matches_filter("entity_type"),
    "unit": matches_filter("unit"),
    "withChoices": lambda context, value: (
        Q(input_type__in=WITH_CHOICES) if value else ~Q(input_type__in=WITH_CHOICES)
    ),
    "inCategory": _in_category,
    "inCollection": _in_collection,
    "channel": lambda context, slug: Q(),
}

TYPES = (attribute_object, attribute_value_object, query)
