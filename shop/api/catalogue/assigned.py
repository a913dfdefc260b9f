"""Assigned attributes and their values, of products, variants and pages.

The schema has two forms: the older `SelectedAttribute`, and `AssignedAttribute` with one type per input type.
The products' attribute `cooperative` is computed from their column and stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol, TypedDict

from django.db.models import F, QuerySet

from catalog.models import Attribute, AttributeScope, AttributeValue
from catalog.models.attribute import InputType
from cooperatives.models import Cooperative
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.collection_rows import key_from_cooperative
from shop.api.catalogue.inputs import (
    ProductVariantAttributesArguments,
)
from shop.api.catalogue.product_filters import COOPERATIVE
from shop.api.catalogue.types import (
    Assigned,
    attribute_object,
    attribute_value_object,
    product_object,
    variant_object,
)
from shop.api.context import Context
from shop.api.field_permissions import CooperativeScoped
from shop.api.ids import Key
from shop.api.object_types import CompiledRows, Row, Rows, Type, build_rows, compiled_rows
from shop.core.database.compiled_query import compiled_query

HIDDEN_ROW_PERMISSIONS = (
    CooperativeScoped(Permission.MANAGE_PRODUCTS),
    Permission.MANAGE_PRODUCT_TYPES,
    Permission.MANAGE_PAGES,
    Permission.MANAGE_PAGE_TYPES,
)
# Fields of AttributeValue used by the types of assigned attributes.
VALUE_FIELDS = ("id", "name", "slug", "value", "file", "richText", "plainText", "boolean", "dateTime")
_VALUE_COLUMNS = ("numeric", "reference_kind", "reference_key")
_ATTRIBUTE_COLUMNS = ("slug", "input_type", "entity_type")

# Whether only attributes that choose a variant are meant, or only others.
IS_CHOOSING_BY_SELECTION = {"VARIANT_SELECTION": True, "NOT_VARIANT_SELECTION": False}
# The type of an assigned attribute by its input type, and for references also by the referenced type.
_TYPES: Mapping[str, str] = {
    InputType.DROPDOWN: "AssignedSingleChoiceAttribute",
    InputType.MULTISELECT: "AssignedMultiChoiceAttribute",
    InputType.SWATCH: "AssignedSwatchAttribute",
    InputType.NUMERIC: "AssignedNumericAttribute",
    InputType.RICH_TEXT: "AssignedTextAttribute",
    InputType.PLAIN_TEXT: "AssignedPlainTextAttribute",
    InputType.FILE: "AssignedFileAttribute",
    InputType.BOOLEAN: "AssignedBooleanAttribute",
    InputType.DATE: "AssignedDateAttribute",
    InputType.DATE_TIME: "AssignedDateTimeAttribute",
}
_REFERRED: Mapping[str, str] = {
    "PAGE": "PageReference",
    "PRODUCT": "ProductReference",
    "PRODUCT_VARIANT": "ProductVariantReference",
    "CATEGORY": "CategoryReference",
    "COLLECTION": "CollectionReference",
}


class Owner(NamedTuple):
    """The key of an object with attributes, and the key of its product or page type."""

    key: int
    type_key: int
    cooperative_id: int | None = None
    in_channel: int | None = None


class OwnValue(NamedTuple):
    """A computed value of the attribute `cooperative`, shaped like a row of AttributeValue."""

    id: int
    name: str
    slug: str
    reference_key: str
    attribute_id: int
    owner: object
    value: str = ""
    file_url: str = ""
    content_type: str = ""
    rich_text: object = None
    plain_text: str = ""
    numeric: object = None
    boolean: bool | None = None
    date_time: object = None
    reference_kind: str = "Page"
    external_reference: str | None = None
    attribute__input_type: str = InputType.SINGLE_REFERENCE
    typename: str = "AttributeValue"


def visible_attributes(context: Context, rows: Rows) -> Rows:
    """Return the attributes visible to the requester."""
    return rows if context.may(*HIDDEN_ROW_PERMISSIONS) else rows.filter(visible_in_storefront=True)


def _visible_rows(*args: object, base_query: Callable[..., Rows], **options: object) -> Rows:
    return base_query(*args, **options).filter(visible_in_storefront=True)


def load_attributes_with_values(
    owners: Sequence[Owner],
    attributes: CompiledRows,
    values: CompiledRows,
    context: Context,
    *,
    attribute_fields: Collection[str],
    value_fields: Collection[str],
    slug: str | None = None,
) -> Sequence[Sequence[Assigned]]:
    """Return each owner's attributes, as defined by its type, with the assigned values.

    `attributes` are annotated with `owner_type`, the type's key, and `values` with `owner`. Both are sorted.
    """
    if not context.may(*HIDDEN_ROW_PERMISSIONS):
        attributes = CompiledRows(
            _visible_rows, attributes.args, attributes.options | {"base_query": attributes.build}
        )
    requested: tuple[Rows | CompiledRows, Rows | CompiledRows] = (attributes, values)
    if slug is not None:
        requested = (
            build_rows(attributes).filter(slug=slug),
            build_rows(values).filter(attribute__slug=slug),
        )
    by_type = _read_attributes_by_type(requested[0], attribute_fields)
    values_by_owner_and_attribute = _read_values_by_owner(requested[1], value_fields)
    _add_cooperatives(owners, by_type, values_by_owner_and_attribute)
    return [
        [
            {
                "attribute": attribute_row,
                "values": values_by_owner_and_attribute.get((owner.key, attribute_row.id), []),
                "in_channel": owner.in_channel,
                "__typename": assigned_type(attribute_row),
            }
            for attribute_row in by_type.get(owner.type_key, ())
        ]
        for owner in owners
    ]


def _read_attributes_by_type(rows: Rows | CompiledRows, fields: Collection[str]) -> dict[Key, list[Row]]:
    by_type: dict[Key, list[Row]] = {}
    for row in attribute_object.read(rows, fields, "id", "owner_type", *_ATTRIBUTE_COLUMNS):
        by_type.setdefault(row.owner_type, []).append(row)
    return by_type


def _read_values_by_owner(
    rows: Rows | CompiledRows, fields: Collection[str]
) -> dict[tuple[Key, Key], list[Row | OwnValue]]:
    """Return the values by the keys of their owner and attribute."""
    by_owner: dict[tuple[Key, Key], list[Row | OwnValue]] = {}
    for value in attribute_value_object.read(rows, fields, "owner", "attribute_id", *_VALUE_COLUMNS):
        by_owner.setdefault((value.owner, value.attribute_id), []).append(value)
    return by_owner


def assigned_type(row: Row) -> str:
    """Return the GraphQL type of an assigned attribute."""
    if row.input_type in _TYPES:
        return _TYPES[row.input_type]
    number = "Single" if row.input_type == InputType.SINGLE_REFERENCE else "Multi"
    return f"Assigned{number}{_REFERRED[row.entity_type or 'PAGE']}Attribute"


def _add_cooperatives(
    owners: Sequence[Owner],
    by_type: Mapping[Key, list[Row]],
    values_by_owner_and_attribute: dict[tuple[Key, Key], list[Row | OwnValue]],
) -> None:
    """Fill in the attribute `cooperative` of products. It takes one query if the attribute is selected."""
    cooperative_attributes = {
        key: row for key, rows in by_type.items() for row in rows if row.slug == COOPERATIVE
    }
    keys = {
        owner.cooperative_id
        for owner in owners
        if owner.type_key in cooperative_attributes and owner.cooperative_id
    }
    if not keys:
        return
    names_and_slugs = {key: (name, slug) for key, name, slug in _names_and_slugs(keys)}
    for owner in owners:
        attribute_row = cooperative_attributes.get(owner.type_key)
        if attribute_row is not None and owner.cooperative_id in names_and_slugs:
            reference_key = key_from_cooperative(owner.cooperative_id)
            name, slug = names_and_slugs[owner.cooperative_id]
            values_by_owner_and_attribute[owner.key, attribute_row.id] = [
                OwnValue(
                    id=reference_key,
                    name=name,
                    slug=slug,
                    reference_key=str(reference_key),
                    attribute_id=attribute_row.id,
                    owner=owner.key,
                )
            ]


@compiled_query
def _names_and_slugs(cooperative_ids: Collection[int]) -> QuerySet[Cooperative, tuple[int, str, str]]:
    return Cooperative.objects.public().filter(pk__in=cooperative_ids).values_list("pk", "name", "slug")


def _load_attributes_of_products(
    rows: list[Row],
    context: Context,
    fields: Collection[str],
    values: Collection[str],
    slug: str | None = None,
) -> Sequence[Sequence[Assigned]]:
    owners = [Owner(row.id, row.product_type_id, row.cooperative_id, row.in_channel) for row in rows]
    product_type_keys = {owner.type_key for owner in owners}
    return load_attributes_with_values(
        owners,
        compiled_rows(attributes_of_product_types, product_type_keys, scope=AttributeScope.PRODUCT),
        compiled_rows(assigned_values, {owner.key for owner in owners}, relation="product"),
        context,
        attribute_fields=fields,
        value_fields=values,
        slug=slug,
    )


def _load_attributes_of_variants(
    rows: list[Row],
    context: Context,
    fields: Collection[str],
    values: Collection[str],
    slug: str | None = None,
    is_selecting: bool | None = None,
) -> Sequence[Sequence[Assigned]]:
    owners = [Owner(row.id, row.product__product_type_id, None, row.in_channel) for row in rows]
    product_type_keys = {owner.type_key for owner in owners}
    return load_attributes_with_values(
        owners,
        compiled_rows(
            attributes_of_product_types,
            product_type_keys,
            scope=AttributeScope.VARIANT,
            is_selecting=is_selecting,
        ),
        compiled_rows(assigned_values, {owner.key for owner in owners}, relation="variant"),
        context,
        attribute_fields=fields,
        value_fields=values,
        slug=slug,
    )


def attributes_of_product_types(
    product_type_ids: Collection[int], *, scope: AttributeScope, is_selecting: bool | None = None
) -> Rows:
    """Return attributes of product types in their order, each with its type's key.

    `is_selecting` filters by whether variants are selected by it.
    """
    rows = Attribute.objects.filter(
        product_type_rows__product_type__in=product_type_ids, product_type_rows__scope=scope
    ).annotate(
        owner_type=F("product_type_rows__product_type"), chosen_by=F("product_type_rows__variant_selection")
    )
    rows = rows if is_selecting is None else rows.filter(chosen_by=is_selecting)
    return rows.order_by("owner_type", "product_type_rows__sort_order", "id")


def assigned_values(owner_ids: Collection[Key], *, relation: str) -> Rows:
    """Return assigned values of products, variants or pages in their order, each with its owner's key."""
    rows = AttributeValue.objects.filter(**{f"{relation}_rows__{relation}__in": owner_ids})
    return rows.annotate(owner=F(f"{relation}_rows__{relation}")).order_by(
        "owner", f"{relation}_rows__sort_order", "id"
    )


_PRODUCT = ("id", "product_type_id", "cooperative_id", "in_channel")
_VARIANT = ("id", "product__product_type_id", "in_channel")


@variant_object.field("attributes", needs=_VARIANT)
def attributes_of_variants(
    rows: list[Row], arguments: ProductVariantAttributesArguments, context: Context, selection: Selection
) -> Sequence[Sequence[Assigned]]:
    is_selecting = IS_CHOOSING_BY_SELECTION.get(arguments.get("variantSelection") or "ALL")
    fields, values = selection.names("attribute"), selection.names("values")
    return _load_attributes_of_variants(rows, context, fields, values, is_selecting=is_selecting)


class _SlugArguments(TypedDict):
    slug: str


class _LimitArguments(TypedDict):
    limit: int


class LoadAttributes(Protocol):
    """Loads the attributes of rows with their assigned values, or only the one with `slug`."""

    def __call__(
        self,
        rows: list[Row],
        context: Context,
        fields: Collection[str],
        values: Collection[str],
        slug: str | None = None,
    ) -> Sequence[Sequence[Assigned]]: ...


def add_attributes(type_: Type, load: LoadAttributes, *, needs: Sequence[str]) -> None:
    """Add `attributes` and `attribute`.

    The first is the assigned attributes with their values, the second one of them by its slug.
    """

    @type_.field(needs=needs)
    def attributes(
        rows: list[Row], arguments: object, context: Context, selection: Selection
    ) -> Sequence[Sequence[Assigned]]:
        return load(rows, context, selection.names("attribute"), selection.names("values"))

    @type_.field(needs=needs)
    def attribute(
        rows: list[Row], arguments: _SlugArguments, context: Context, selection: Selection
    ) -> Sequence[Assigned | None]:
        fields, values = selection.names("attribute"), selection.names("values")
        return _first_of_each(load(rows, context, fields, values, arguments["slug"]))


def add_assigned_attributes(type_: Type, load: LoadAttributes, *, needs: Sequence[str]) -> None:
    """Add `assignedAttributes` and `assignedAttribute`, the same in newer types of Saleor's schema."""

    @type_.field(needs=needs)
    def assigned_attributes(
        rows: list[Row], arguments: _LimitArguments, context: Context, selection: Selection
    ) -> Sequence[Sequence[Assigned]]:
        assigned = load(rows, context, selection.names("attribute"), VALUE_FIELDS)
        return [attributes_of_row[: arguments["limit"]] for attributes_of_row in assigned]

    @type_.field(needs=needs)
    def assigned_attribute(
        rows: list[Row], arguments: _SlugArguments, context: Context, selection: Selection
    ) -> Sequence[Assigned | None]:
        return _first_of_each(
            load(rows, context, selection.names("attribute"), VALUE_FIELDS, arguments["slug"])
        )


def _first_of_each(assigned: Sequence[Sequence[Assigned]]) -> Sequence[Assigned | None]:
    return [attributes[0] if attributes else None for attributes in assigned]


add_attributes(product_object, _load_attributes_of_products, needs=_PRODUCT)
add_assigned_attributes(product_object, _load_attributes_of_products, needs=_PRODUCT)
add_assigned_attributes(variant_object, _load_attributes_of_variants, needs=_VARIANT)


selected_attribute_object = Type("SelectedAttribute")
selected_attribute_object.value_fields("attribute", "values")

TYPES = (selected_attribute_object,)
