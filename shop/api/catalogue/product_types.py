"""Product types and their attributes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Q

from catalog.models import AttributeScope, ProductType
from catalog.models.attribute import ProductKind
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.assigned import (
    IS_CHOOSING_BY_SELECTION,
    attributes_of_product_types,
    visible_attributes,
)
from shop.api.catalogue.grams import weights
from shop.api.catalogue.inputs import (
    ProductTypeArguments,
    ProductTypeAssignedVariantAttributesArguments,
    ProductTypesArguments,
    ProductTypeVariantAttributesArguments,
)
from shop.api.catalogue.types import attribute_object, product_type_object
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.filters import Conditions, build_condition, equals, has_metadata, id_in, is_one_of, sort_keys
from shop.api.ids import Key, key_from_id
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Type
from shop.api.root_fields import Queries
from shop.api.schema import Choices

ENUMS: dict[str, Choices] = {"ProductTypeKindEnum": ProductKind}

product_type_object.id()
product_type_object.columns(
    name="name",
    slug="slug",
    hasVariants="has_variants",
    isShippingRequired="is_shipping_required",
    isDigital="is_digital",
    kind="kind",
)
product_type_object.field("weight", needs="weight")(weights)
add_metadata_fields(product_type_object, ProductType, permissions=[Permission.MANAGE_PRODUCT_TYPES])

query = Queries()

assigned_variant_object = Type("AssignedVariantAttribute")
assigned_variant_object.value_fields("attribute", "variantSelection")


@product_type_object.field(needs="id")
def product_attributes(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _attributes_of_types(rows, AttributeScope.PRODUCT, context, selection.names())


@product_type_object.field(needs="id")
def variant_attributes(
    rows: list[Row], arguments: ProductTypeVariantAttributesArguments, context: Context, selection: Selection
) -> list[list[Row]]:
    is_selecting = IS_CHOOSING_BY_SELECTION.get(arguments.get("variantSelection") or "ALL")
    return _attributes_of_types(rows, AttributeScope.VARIANT, context, selection.names(), is_selecting)


@product_type_object.field(needs="id")
def assigned_variant_attributes(
    rows: list[Row],
    arguments: ProductTypeAssignedVariantAttributesArguments,
    context: Context,
    selection: Selection,
) -> Sequence[Sequence[Mapping[str, object]]]:
    is_selecting = IS_CHOOSING_BY_SELECTION.get(arguments.get("variantSelection") or "ALL")
    attribute_rows = _attributes_of_types(
        rows, AttributeScope.VARIANT, context, selection.names("attribute"), is_selecting
    )
    return [
        [{"attribute": row, "variantSelection": row.chosen_by} for row in attribute_row]
        for attribute_row in attribute_rows
    ]


def _attributes_of_types(
    rows: list[Row],
    scope: AttributeScope,
    context: Context,
    fields: Collection[str],
    is_selecting: bool | None = None,
) -> list[list[Row]]:
    attributes = visible_attributes(
        context, attributes_of_product_types({row.id for row in rows}, scope=scope)
    )
    if is_selecting is not None:
        attributes = attributes.filter(chosen_by=is_selecting)
    attributes_by_type: dict[Key, list[Row]] = {}
    for row in attribute_object.read(attributes, fields, "owner_type", "chosen_by"):
        attributes_by_type.setdefault(row.owner_type, []).append(row)
    return [attributes_by_type.get(row.id, []) for row in rows]


@query.field("productType")
def one_product_type(arguments: ProductTypeArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "ProductType")
    return product_type_object.by_key(context, [key], selection.names()).get(key)


@query.field("productTypes")
def all_product_types(
    arguments: ProductTypesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = product_type_object.rows(context).filter(
        build_condition(arguments.get("filter"), _CONDITIONS, context)
    )
    order = sort_keys(arguments.get("sortBy"), _SORTS, [SortKey("name"), SortKey("slug")])
    return connect(product_type_object, rows, arguments, selection, order=order)


_SORTS = {
    "NAME": [SortKey("name"), SortKey("slug")],
    "DIGITAL": [SortKey("is_digital"), SortKey("slug")],
    "SHIPPING_REQUIRED": [SortKey("is_shipping_required"), SortKey("slug")],
}
_CONDITIONS: Conditions = {
    "search": lambda context, text: Q(name__icontains=text) | Q(slug__icontains=text),
    "configurable": lambda context, value: Q(has_variants=value == "CONFIGURABLE"),
    "productType": lambda context, value: (
        Q(is_digital=True) if value == "DIGITAL" else Q(is_shipping_required=True)
    ),
    "metadata": has_metadata(),
    "kind": equals("kind"),
    "ids": id_in("ProductType"),
    "slugs": is_one_of("slug"),
}

TYPES = (product_type_object, assigned_variant_object, query)
