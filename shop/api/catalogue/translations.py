"""Translations of catalogue objects."""

from __future__ import annotations

from shop.api.catalogue.types import (
    attribute_object,
    attribute_value_object,
    category_object,
    collection_object,
    product_object,
    variant_object,
)
from shop.api.translated_fields import add_translation_field

_DESCRIBED = {
    "name": "name",
    "slug": "slug",
    "seoTitle": "seo_title",
    "seoDescription": "seo_description",
    "description": "description",
    "descriptionJson": "description",
}
_RICH = ("description", "descriptionJson")

TYPES = (
    add_translation_field(product_object, "ProductTranslation", "catalog.product", rich=_RICH, **_DESCRIBED),
    add_translation_field(
        category_object, "CategoryTranslation", "catalog.category", rich=_RICH, **_DESCRIBED
    ),
    add_translation_field(
        collection_object, "CollectionTranslation", "catalog.collection", key="key", rich=_RICH, **_DESCRIBED
    ),
    add_translation_field(
        variant_object, "ProductVariantTranslation", "catalog.variant", required=("name",), name="name"
    ),
    add_translation_field(
        attribute_object, "AttributeTranslation", "catalog.attribute", required=("name",), name="name"
    ),
    add_translation_field(
        attribute_value_object,
        "AttributeValueTranslation",
        "catalog.attributevalue",
        rich=("richText",),
        required=("name",),
        name="name",
        richText="rich_text",
        plainText="plain_text",
    ),
)
