"""Product types, attributes, attribute values, and which type has which attributes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import transaction

from catalog.actions.products.attribute_values import get_or_create_value
from catalog.actions.taxonomy.taxonomy_rows import (
    create_taxonomy_row,
    lock_taxonomy_row,
    update_taxonomy_columns,
)
from catalog.models import Attribute, AttributeScope, AttributeValue, ProductType, ProductTypeAttribute
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.row_values import save_unique
from shop.core.errors import Missing
from shop.core.models import record_change


class NewAttributeValue(NamedTuple):
    """A value to add to an attribute, with its other columns."""

    name: str
    columns: Mapping[str, object]


class AttributeAssignment(NamedTuple):
    """An attribute to assign to a product type, for products or for variants."""

    attribute_id: int
    scope: AttributeScope
    is_variant_selection: bool


@transaction.atomic(durable=True)
def create_product_type(
    *,
    values: Mapping[str, object],
    assignments: Sequence[AttributeAssignment],
    actor: Actor,
    now: datetime.datetime,
) -> ProductType:
    """Create a product type with its attributes. Raises AlreadyTaken, Missing."""
    product_type = create_taxonomy_row(ProductType, values=values, actor=actor, now=now)
    if assignments:
        _assign_attributes(product_type, assignments, actor=actor, now=now)
    return product_type


@transaction.atomic(durable=True)
def update_product_type(
    key: int,
    *,
    values: Mapping[str, object],
    assignments: Sequence[AttributeAssignment],
    actor: Actor,
    now: datetime.datetime,
) -> ProductType:
    """Update the named columns and add attributes. Raises Missing, AlreadyTaken."""
    product_type = update_taxonomy_columns(ProductType, key, values=values, actor=actor, now=now)
    if assignments:
        _assign_attributes(product_type, assignments, actor=actor, now=now)
    return product_type


@transaction.atomic(durable=True)
def assign_attributes(
    *, product_type_id: int, assignments: Sequence[AttributeAssignment], actor: Actor, now: datetime.datetime
) -> ProductType:
    """Add attributes to a product type. Raises Missing."""
    product_type = lock_taxonomy_row(ProductType, product_type_id, field="productTypeId")
    _assign_attributes(product_type, assignments, actor=actor, now=now)
    return product_type


def _assign_attributes(
    product_type: ProductType,
    assignments: Sequence[AttributeAssignment],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    existing_count = product_type.attribute_rows.count()
    for position, assignment in enumerate(assignments, existing_count):
        attribute = Attribute.objects.filter(pk=assignment.attribute_id).first()
        if attribute is None:
            raise Missing(field="operations")
        ProductTypeAttribute.objects.update_or_create(
            product_type=product_type,
            attribute=attribute,
            scope=assignment.scope,
            defaults={"variant_selection": assignment.is_variant_selection},
            create_defaults={
                "variant_selection": assignment.is_variant_selection,
                "sort_order": position,
            },
        )
    keys = [assignment.attribute_id for assignment in assignments]
    record_change(
        "producttype.attributes_assigned", product_type, actor=actor, now=now, data={"attributes": keys}
    )


@transaction.atomic(durable=True)
def unassign_attributes(
    *, product_type_id: int, keys: Sequence[int], actor: Actor, now: datetime.datetime
) -> ProductType:
    """Remove attributes from a product type. Their values are deleted. Raises Missing."""
    product_type = lock_taxonomy_row(ProductType, product_type_id, field="productTypeId")
    product_type.attribute_rows.filter(attribute__in=keys).delete()
    record_change(
        "producttype.attributes_unassigned",
        product_type,
        actor=actor,
        now=now,
        data={"attributes": list(keys)},
    )
    return product_type


@transaction.atomic(durable=True)
def create_attribute(
    *,
    values: Mapping[str, object],
    added_values: Sequence[NewAttributeValue],
    actor: Actor,
    now: datetime.datetime,
) -> Attribute:
    """Create an attribute with its list of values. Raises AlreadyTaken, InvalidColumnValue."""
    attribute = create_taxonomy_row(Attribute, values=values, actor=actor, now=now)
    for value in added_values:
        _add_value(attribute, value.name, value.columns, actor=actor, now=now)
    return attribute


@transaction.atomic(durable=True)
def update_attribute(
    key: int,
    *,
    values: Mapping[str, object],
    added_values: Sequence[NewAttributeValue],
    deleted_value_ids: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Attribute:
    """Update the named columns, delete values by id and add new values.

    Deleted values disappear from products too. Raises Missing, AlreadyTaken, InvalidColumnValue.
    """
    attribute = update_taxonomy_columns(Attribute, key, values=values, actor=actor, now=now)
    if deleted_value_ids:
        rows = attribute.values.filter(pk__in=deleted_value_ids)
        names = list(rows.order_by("pk").values_list("name", flat=True))
        rows.delete()
        record_change("attribute.values_removed", attribute, actor=actor, now=now, data={"names": names})
    for value in added_values:
        _add_value(attribute, value.name, value.columns, actor=actor, now=now)
    return attribute


@transaction.atomic(durable=True)
def add_attribute_value(
    *, attribute_id: int, name: str, columns: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> AttributeValue:
    """Add a value to an attribute's list. Raises Missing, InvalidColumnValue."""
    attribute = lock_taxonomy_row(Attribute, attribute_id, field="attribute")
    return _add_value(attribute, name, columns, actor=actor, now=now)


@transaction.atomic(durable=True)
def update_attribute_value(
    value_id: int, *, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> AttributeValue:
    """Update the named columns of a value. A new name does not change its slug.

    Raises Missing, AlreadyTaken, InvalidColumnValue.
    """
    attribute_id = AttributeValue.objects.filter(pk=value_id).values_list("attribute", flat=True).first()
    if attribute_id is None:
        raise Missing(field="id")
    attribute = lock_taxonomy_row(Attribute, attribute_id, field="id")
    value = attribute.values.filter(pk=value_id).first()
    if value is None:
        raise Missing(field="id")
    changes = set_tracked_columns(value, values)
    save_unique(value)
    if changes["fields"]:
        record_change("attribute.value_changed", value, actor=actor, now=now, root=attribute, data=changes)
    return value


@transaction.atomic(durable=True)
def set_variant_selection(
    *, product_type_id: int, choices: Mapping[int, bool], actor: Actor, now: datetime.datetime
) -> ProductType:
    """Set whether buyers choose a variant by its attributes, by attribute id. Raises Missing."""
    product_type = lock_taxonomy_row(ProductType, product_type_id, field="productTypeId")
    rows = product_type.attribute_rows.filter(scope=AttributeScope.VARIANT, attribute__in=choices)
    assignments = {row.attribute_id: row for row in rows}
    if len(assignments) < len(choices):
        raise Missing(field="operations")
    changed = [key for key, row in assignments.items() if row.variant_selection != choices[key]]
    for key in changed:
        assignments[key].variant_selection = choices[key]
    ProductTypeAttribute.objects.bulk_update([assignments[key] for key in changed], ["variant_selection"])
    if changed:
        record_change(
            "producttype.attributes_assigned",
            product_type,
            actor=actor,
            now=now,
            data={"attributes": sorted(changed)},
        )
    return product_type


def _add_value(
    attribute: Attribute, name: str, columns: Mapping[str, object], *, actor: Actor, now: datetime.datetime
) -> AttributeValue:
    value = get_or_create_value(attribute, name, **columns)
    record_change("attribute.value_added", value, actor=actor, now=now, root=attribute)
    return value
