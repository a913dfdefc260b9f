"""Product types, attributes, attribute values, and which type has which attributes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from django.db import transaction

from catalog.actions.products.attribute_values import get_or_create_value
from catalog.actions.taxonomy.taxonomy import insert_record, lock_record, write_record
from catalog.models import Attribute, AttributeScope, AttributeValue, ProductType, ProductTypeAttribute
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import record_change

NewAttributeValues: TypeAlias = Sequence[tuple[str, Mapping[str, object]]]
"""Values for a list: the name of each, and its further columns."""
AttributeAssignments: TypeAlias = Sequence[tuple[int, AttributeScope, bool]]
"""Attributes for a kind: key, of products or variants, whether variants are chosen by it."""


@transaction.atomic(durable=True)
def create_product_type(
    *, values: Mapping[str, object], requested: AttributeAssignments, actor: Actor, now: datetime.datetime
) -> ProductType:
    """Create a product type with its attributes. Raises AlreadyTaken, Missing."""
    product_type = insert_record(ProductType, values=values, actor=actor, now=now)
    if requested:
        _assign_attributes(product_type, requested, actor=actor, now=now)
    return product_type


@transaction.atomic(durable=True)
def update_product_type(
    key: int,
    *,
    values: Mapping[str, object],
    requested: AttributeAssignments,
    actor: Actor,
    now: datetime.datetime,
) -> ProductType:
    """Update the named columns and add attributes. Raises Missing, AlreadyTaken."""
    product_type = write_record(ProductType, key, values=values, actor=actor, now=now)
    if requested:
        _assign_attributes(product_type, requested, actor=actor, now=now)
    return product_type


@transaction.atomic(durable=True)
def assign_attributes(
    *, product_type_id: int, requested: AttributeAssignments, actor: Actor, now: datetime.datetime
) -> ProductType:
    """Add attributes to a product type. Raises Missing."""
    product_type = lock_record(ProductType, product_type_id, field="productTypeId")
    _assign_attributes(product_type, requested, actor=actor, now=now)
    return product_type


def _assign_attributes(
    product_type: ProductType, requested: AttributeAssignments, *, actor: Actor, now: datetime.datetime
) -> None:
    existing_count = product_type.attribute_rows.count()
    for position, (key, scope, chosen) in enumerate(requested, existing_count):
        attribute = Attribute.objects.filter(pk=key).first()
        if attribute is None:
            raise Missing(field="operations")
        ProductTypeAttribute.objects.update_or_create(
            product_type=product_type,
            attribute=attribute,
            scope=scope,
            defaults={"variant_selection": chosen},
            create_defaults={"variant_selection": chosen, "sort_order": position},
        )
    keys = [key for key, _scope, _chosen in requested]
    record_change(
        "producttype.attributes_assigned", product_type, actor=actor, now=now, data={"attributes": keys}
    )


@transaction.atomic(durable=True)
def unassign_attributes(
    *, product_type_id: int, keys: Sequence[int], actor: Actor, now: datetime.datetime
) -> ProductType:
    """Remove attributes from a product type; their values are deleted. Raises Missing."""
    product_type = lock_record(ProductType, product_type_id, field="productTypeId")
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
    *, values: Mapping[str, object], added_values: NewAttributeValues, actor: Actor, now: datetime.datetime
) -> Attribute:
    """Create an attribute with its list of values. Raises AlreadyTaken, InvalidColumnValue."""
    attribute = insert_record(Attribute, values=values, actor=actor, now=now)
    for name, columns in added_values:
        _add_value(attribute, name, columns, actor=actor, now=now)
    return attribute


@transaction.atomic(durable=True)
def update_attribute(
    key: int,
    *,
    values: Mapping[str, object],
    added_values: NewAttributeValues,
    deleted_value_ids: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Attribute:
    """Update the named columns, delete values by id and add new values.

    Deleted values disappear from products too. Raises Missing, AlreadyTaken, InvalidColumnValue.
    """
    attribute = write_record(Attribute, key, values=values, actor=actor, now=now)
    if deleted_value_ids:
        rows = attribute.values.filter(pk__in=deleted_value_ids)
        names = list(rows.order_by("pk").values_list("name", flat=True))
        rows.delete()
        record_change("attribute.values_deleted", attribute, actor=actor, now=now, data={"names": names})
    for name, columns in added_values:
        _add_value(attribute, name, columns, actor=actor, now=now)
    return attribute


@transaction.atomic(durable=True)
def add_attribute_value(
    *, attribute_id: int, name: str, columns: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> AttributeValue:
    """Add a value to an attribute's list. Raises Missing, InvalidColumnValue."""
    attribute = lock_record(Attribute, attribute_id, field="attribute")
    return _add_value(attribute, name, columns, actor=actor, now=now)


def _add_value(
    attribute: Attribute, name: str, columns: Mapping[str, object], *, actor: Actor, now: datetime.datetime
) -> AttributeValue:
    value = get_or_create_value(attribute, name, **columns)
    record_change("attribute.value_added", value, actor=actor, now=now, root=attribute)
    return value
