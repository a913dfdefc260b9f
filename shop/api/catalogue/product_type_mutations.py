"""Create, change and delete product types and attributes."""

from __future__ import annotations

from catalog.actions.taxonomy import product_types, taxonomy_rows
from catalog.models import Attribute, AttributeScope, AttributeValue, ProductType
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.input_values import (
    CODES,
    PRODUCT_TYPE_PERMISSIONS,
    columns,
    common_columns,
    find_key,
    foreign_key_column,
    required_text,
    staff_row,
    weight_column,
)
from shop.api.catalogue.inputs import (
    AttributeCreateArguments,
    AttributeDeleteArguments,
    AttributeUpdateArguments,
    AttributeValueCreateArguments,
    AttributeValueCreateInput,
    AttributeValueDeleteArguments,
    AttributeValueUpdateArguments,
    AttributeValueUpdateInput,
    ProductAttributeAssignArguments,
    ProductAttributeAssignmentUpdateArguments,
    ProductAttributeUnassignArguments,
    ProductTypeCreateArguments,
    ProductTypeDeleteArguments,
    ProductTypeInput,
    ProductTypeUpdateArguments,
)
from shop.api.catalogue.types import attribute_object, attribute_value_object, product_type_object
from shop.api.context import Context
from shop.api.ids import input_key, input_keys
from shop.api.input_data import InputData
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations(codes=CODES)
_ATTRIBUTES = (Permission.MANAGE_PRODUCT_TYPES, Permission.MANAGE_PAGE_TYPES)
_FLAGS = {
    "valueRequired": "value_required",
    "visibleInStorefront": "visible_in_storefront",
    "filterableInStorefront": "filterable_in_storefront",
    "filterableInDashboard": "filterable_in_dashboard",
    "availableInGrid": "available_in_grid",
    "storefrontSearchPosition": "storefront_search_position",
    "externalReference": "external_reference",
    "unit": "unit",
}


def _product_type_columns(input_data: ProductTypeInput, context: Context) -> dict[str, object]:
    values = common_columns(input_data, context)
    values |= columns(
        input_data, kind="kind", hasVariants="has_variants", isShippingRequired="is_shipping_required"
    )
    return (
        values
        | foreign_key_column(input_data, "taxClass", "TaxClass", "tax_class_id")
        | weight_column(input_data, context)
    )


def _attribute_assignments(input_data: InputData) -> list[product_types.AttributeAssignment]:
    lists = (("productAttributes", AttributeScope.PRODUCT), ("variantAttributes", AttributeScope.VARIANT))
    return [
        product_types.AttributeAssignment(key, scope, scope == AttributeScope.VARIANT)
        for name, scope in lists
        for key in input_keys(input_data.get(name), "Attribute", field=name)
    ]


@mutation.field(permissions=PRODUCT_TYPE_PERMISSIONS)
def product_type_create(
    arguments: ProductTypeCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    required_text(input_data, "name")
    product_type = product_types.create_product_type(
        values=_product_type_columns(input_data, context),
        assignments=_attribute_assignments(input_data),
        **context.actor_and_time,
    )
    return {
        "productType": staff_row(
            product_type_object, product_type.pk, context, selection.names("productType")
        )
    }


@mutation.field(permissions=PRODUCT_TYPE_PERMISSIONS)
def product_type_update(
    arguments: ProductTypeUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    key = int(input_key(arguments["id"], "ProductType", field="id"))
    product_types.update_product_type(
        key,
        values=_product_type_columns(input_data, context),
        assignments=_attribute_assignments(input_data),
        **context.actor_and_time,
    )
    return {"productType": staff_row(product_type_object, key, context, selection.names("productType"))}


@mutation.field(permissions=PRODUCT_TYPE_PERMISSIONS)
def product_type_delete(
    arguments: ProductTypeDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["id"], "ProductType", field="id"))
    deleted = staff_row(product_type_object, key, context, selection.names("productType"))
    taxonomy_rows.delete_taxonomy_row(ProductType, key, **context.actor_and_time)
    return {"productType": deleted}


@mutation.field(permissions=PRODUCT_TYPE_PERMISSIONS)
def product_attribute_assign(
    arguments: ProductAttributeAssignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    assignments = [
        product_types.AttributeAssignment(
            int(input_key(operation["id"], "Attribute", field="operations")),
            AttributeScope(operation["type"].lower()),
            bool(operation.get("variantSelection")),
        )
        for operation in arguments["operations"]
    ]
    key = int(input_key(arguments["productTypeId"], "ProductType", field="productTypeId"))
    product_types.assign_attributes(product_type_id=key, assignments=assignments, **context.actor_and_time)
    return {"productType": staff_row(product_type_object, key, context, selection.names("productType"))}


@mutation.field(permissions=PRODUCT_TYPE_PERMISSIONS)
def product_attribute_assignment_update(
    arguments: ProductAttributeAssignmentUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["productTypeId"], "ProductType", field="productTypeId"))
    product_type = product_types.set_variant_selection(
        product_type_id=key,
        choices={
            int(input_key(operation["id"], "Attribute", field="operations")): operation["variantSelection"]
            for operation in arguments["operations"]
        },
        **context.actor_and_time,
    )
    return {
        "productType": staff_row(
            product_type_object, product_type.pk, context, selection.names("productType")
        )
    }


@mutation.field(permissions=PRODUCT_TYPE_PERMISSIONS)
def product_attribute_unassign(
    arguments: ProductAttributeUnassignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["productTypeId"], "ProductType", field="productTypeId"))
    removed_keys = input_keys(arguments["attributeIds"], "Attribute", field="attributeIds")
    product_types.unassign_attributes(product_type_id=key, keys=removed_keys, **context.actor_and_time)
    return {"productType": staff_row(product_type_object, key, context, selection.names("productType"))}


@mutation.field(permissions=_ATTRIBUTES)
def attribute_create(
    arguments: AttributeCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    required_text(input_data, "name")
    values = common_columns(input_data, context, **_FLAGS)
    values |= columns(input_data, inputType="input_type", entityType="entity_type", type="kind")
    added_values = [
        product_types.NewAttributeValue(required_text(value, "name"), _choice_columns(value))
        for value in input_data.get("values") or ()
    ]
    attribute = product_types.create_attribute(
        values=values, added_values=added_values, **context.actor_and_time
    )
    return {"attribute": staff_row(attribute_object, attribute.pk, context, selection.names("attribute"))}


@mutation.field(permissions=_ATTRIBUTES)
def attribute_update(
    arguments: AttributeUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    attribute_key = int(find_key(arguments, attribute_object, context, is_without_cooperative=True))
    values = common_columns(input_data, context, **_FLAGS)
    removed_keys = input_keys(input_data.get("removeValues"), "AttributeValue", field="removeValues")
    added_values = [
        product_types.NewAttributeValue(required_text(value_input, "name"), _choice_columns(value_input))
        for value_input in input_data.get("addValues") or ()
    ]
    product_types.update_attribute(
        attribute_key,
        values=values,
        added_values=added_values,
        deleted_value_ids=removed_keys,
        **context.actor_and_time,
    )
    return {"attribute": staff_row(attribute_object, attribute_key, context, selection.names("attribute"))}


@mutation.field(permissions=_ATTRIBUTES)
def attribute_delete(
    arguments: AttributeDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(find_key(arguments, attribute_object, context, is_without_cooperative=True))
    deleted = staff_row(attribute_object, key, context, selection.names("attribute"))
    if deleted is None:
        raise Missing(field="id")
    taxonomy_rows.delete_taxonomy_row(Attribute, key, **context.actor_and_time)
    return {"attribute": deleted}


@mutation.field(permissions=[*_ATTRIBUTES, Permission.MANAGE_PRODUCTS])
def attribute_value_create(
    arguments: AttributeValueCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    key = int(input_key(arguments["attribute"], "Attribute", field="attribute"))
    value = product_types.add_attribute_value(
        attribute_id=key,
        name=required_text(input_data, "name"),
        columns=_choice_columns(input_data),
        **context.actor_and_time,
    )
    return {
        "attribute": staff_row(attribute_object, key, context, selection.names("attribute")),
        "attributeValue": staff_row(
            attribute_value_object, value.pk, context, selection.names("attributeValue")
        ),
    }


@mutation.field(permissions=_ATTRIBUTES)
def attribute_value_update(
    arguments: AttributeValueUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(find_key(arguments, attribute_value_object, context, is_without_cooperative=True))
    input_data = arguments["input"]
    values = _choice_columns(input_data)
    if "name" in input_data:
        values["name"] = required_text(input_data, "name")
    value = product_types.update_attribute_value(key, values=values, **context.actor_and_time)
    return {
        "attribute": staff_row(attribute_object, value.attribute_id, context, selection.names("attribute")),
        "attributeValue": staff_row(
            attribute_value_object, value.pk, context, selection.names("attributeValue")
        ),
    }


@mutation.field(permissions=_ATTRIBUTES)
def attribute_value_delete(
    arguments: AttributeValueDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(find_key(arguments, attribute_value_object, context, is_without_cooperative=True))
    deleted = staff_row(attribute_value_object, key, context, selection.names("attributeValue"))
    attribute_key = AttributeValue.objects.filter(pk=key).values_list("attribute", flat=True).first()
    if deleted is None or attribute_key is None:
        raise Missing(field="id")
    product_types.update_attribute(
        attribute_key, values={}, added_values=[], deleted_value_ids=[key], **context.actor_and_time
    )
    return {
        "attribute": staff_row(attribute_object, attribute_key, context, selection.names("attribute")),
        "attributeValue": deleted,
    }


def _choice_columns(input_data: AttributeValueCreateInput | AttributeValueUpdateInput) -> dict[str, object]:
    """Return the columns of a choice besides its name."""
    return columns(
        input_data,
        value="value",
        fileUrl="file_url",
        contentType="content_type",
        externalReference="external_reference",
    )


mutation.add_bulk_deletion("productTypeBulkDelete", product_type_delete, permissions=PRODUCT_TYPE_PERMISSIONS)
mutation.add_bulk_deletion("attributeBulkDelete", attribute_delete, permissions=_ATTRIBUTES)
mutation.add_bulk_deletion("attributeValueBulkDelete", attribute_value_delete, permissions=_ATTRIBUTES)

TYPES = (mutation,)
