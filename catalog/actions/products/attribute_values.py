"""Set the attribute values of products and variants. The caller holds their locks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import (
    Attribute,
    AttributeScope,
    AttributeValue,
    Product,
    ProductAttributeValue,
    ProductTypeAttribute,
    Variant,
    VariantAttributeValue,
)
from shop.core.database.row_values import save_unique
from shop.core.errors import Missing, Refused
from shop.core.texts.folding import slugify
from shop.core.texts.rich_text import to_plain_text


class AttributeNotOfType(Refused):
    code = "attribute_not_of_type"
    default_message = _("This product type does not have this attribute.")


class MissingAttributes(Refused):
    """`details["attributes"]` lists the ids of the missing attributes."""

    code = "missing_attributes"
    default_message = _("This attribute is required for this product type.")


@dataclass(frozen=True, slots=True)
class AttributeChoice:
    """A value of the attribute's list, by id or by name. An unknown name is added."""

    key: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class AttributeInput:
    """The values of one attribute: choices from its list, or the owner's own values, as columns."""

    attribute_id: int
    choices: Sequence[AttributeChoice] = ()
    own_values: Sequence[Mapping[str, object]] = field(default=())


def set_product_attributes(product: Product, inputs: Iterable[AttributeInput], *, requires_all: bool) -> None:
    """Replace the product's values of these attributes. `requires_all` also checks required attributes.

    Raises AttributeNotOfType, MissingAttributes, Missing.
    """
    inputs = list(inputs)
    _require_allowed_values(inputs)
    attributes_by_id = _read_attributes_of_type(product.product_type_id, AttributeScope.PRODUCT)
    set_attributes(
        product, ProductAttributeValue, "product", attributes_by_id, list(inputs), requires_all=requires_all
    )


def set_variant_attributes(variant: Variant, inputs: Iterable[AttributeInput], *, requires_all: bool) -> None:
    """Set a variant's attributes, as `set_product_attributes` sets those of a product."""
    inputs = list(inputs)
    _require_allowed_values(inputs)
    attributes_by_id = _read_attributes_of_type(variant.product.product_type_id, AttributeScope.VARIANT)
    set_attributes(
        variant, VariantAttributeValue, "variant", attributes_by_id, list(inputs), requires_all=requires_all
    )


def _require_allowed_values(inputs: Iterable[AttributeInput]) -> None:
    """Raise ForbiddenWords if a value that buyers read contains a forbidden phrase."""
    for attribute_input in inputs:
        texts: list[object] = [choice.name for choice in attribute_input.choices]
        for columns in attribute_input.own_values:
            texts += [columns.get(column) for column in ("name", "value", "plain_text")]
            texts.append(to_plain_text(columns.get("rich_text")))
        for text in texts:
            require_allowed_texts({"attributes": text})


def _read_attributes_of_type(product_type_id: int, scope: AttributeScope) -> dict[int, Attribute]:
    product_type_attributes = ProductTypeAttribute.objects.filter(product_type=product_type_id, scope=scope)
    return {
        product_type_attribute.attribute_id: product_type_attribute.attribute
        for product_type_attribute in product_type_attributes.select_related("attribute").order_by("pk")
    }


def set_attributes(
    owner: models.Model,
    value_model: type[models.Model],
    column: str,
    attributes_by_id: Mapping[int, Attribute],
    inputs: Sequence[AttributeInput],
    *,
    requires_all: bool,
) -> None:
    """Set attribute values of a product, a variant or another owner.

    `attributes_by_id` are the attributes of the owner's type. `value_model` stores the values. Raises
    AttributeNotOfType, MissingAttributes.
    """
    for attribute_input in inputs:
        attribute = attributes_by_id.get(attribute_input.attribute_id)
        if attribute is None:
            raise AttributeNotOfType(field="attributes", attributes=[attribute_input.attribute_id])
        values = _resolve_values(attribute, attribute_input, f"{column}-{owner.pk}")
        current_rows = value_model._default_manager.filter(**{column: owner})
        current_rows.filter(value__attribute=attribute).exclude(value__in=values).delete()
        for position, value in enumerate(values):
            current_rows.update_or_create(value=value, defaults={column: owner, "sort_order": position})
    if requires_all:
        filled_attributes = {
            attribute_input.attribute_id
            for attribute_input in inputs
            if attribute_input.choices or attribute_input.own_values
        }
        missing_attributes = [
            key
            for key, attribute in attributes_by_id.items()
            if attribute.value_required and key not in filled_attributes
        ]
        if missing_attributes:
            raise MissingAttributes(field="attributes", attributes=missing_attributes)


def _resolve_values(
    attribute: Attribute, attribute_input: AttributeInput, own_slug: str
) -> list[AttributeValue]:
    resolved_values = [_resolve_choice(attribute, choice) for choice in attribute_input.choices]
    for position, columns in enumerate(attribute_input.own_values):
        slug = f"{own_slug}-{position}"
        value = AttributeValue.objects.filter(attribute=attribute, slug=slug).first()
        value = value or AttributeValue(attribute=attribute, slug=slug)
        for column, content in columns.items():
            setattr(value, column, content)
        save_unique(value, field="attributes")
        resolved_values.append(value)
    return resolved_values


def _resolve_choice(attribute: Attribute, choice: AttributeChoice) -> AttributeValue:
    if choice.key is not None:
        value = AttributeValue.objects.filter(attribute=attribute, pk=choice.key).first()
        if value is None:
            raise Missing(field="attributes")
        return value
    return get_or_create_value(attribute, choice.name)


def get_or_create_value(attribute: Attribute, name: str, **columns: object) -> AttributeValue:
    """In a transaction: return the value with this name in the attribute's list. A new one is appended.

    Raises AlreadyTaken, InvalidColumnValue.
    """
    slug = slugify(name)[:255]
    existing_value = AttributeValue.objects.filter(attribute=attribute, slug=slug).first()
    if existing_value is not None:
        return existing_value
    value = AttributeValue(
        attribute=attribute, slug=slug, name=name, sort_order=attribute.values.count(), **columns
    )
    save_unique(value, field="values")
    return value
