"""The catalogue: products, attributes, prices, stock and taxes."""

from pathlib import Path

from shop.api.base.entities import ENTITIES
from shop.api.catalogue import (
    assigned,
    assigned_values,
    attributes,
    categories,
    collections,
    cooperatives,
    listings,
    order_mutations,
    pictures,
    pricing,
    product_lists,
    product_mutations,
    product_type_mutations,
    product_types,
    products,
    stocks,
    tax_configurations,
    tax_countries,
    tax_mutations,
    taxes,
    taxonomy_mutations,
    translations,
    variant_bulk_mutations,
    variant_lists,
    variant_mutations,
    variants,
    warehouse_mutations,
    wholesale,
)
from shop.api.catalogue.types import (
    category_object,
    collection_object,
    media_object,
    product_object,
    product_type_object,
    variant_object,
)
from shop.api.schema import Area

ENTITIES |= {
    entity.name: entity
    for entity in (
        product_object,
        variant_object,
        product_type_object,
        media_object,
        category_object,
        collection_object,
    )
}
AREA = Area(
    Path(__file__).parent,
    types=(
        *products.TYPES,
        *variants.TYPES,
        *pictures.TYPES,
        *pricing.TYPES,
        *wholesale.TYPES,
        *listings.TYPES,
        *attributes.TYPES,
        *assigned.TYPES,
        *assigned_values.TYPES,
        *translations.TYPES,
        *categories.TYPES,
        *collections.TYPES,
        *cooperatives.TYPES,
        *product_types.TYPES,
        *stocks.TYPES,
        *taxes.TYPES,
        *tax_mutations.TYPES,
        *tax_configurations.TYPES,
        *tax_countries.TYPES,
        *product_lists.TYPES,
        *variant_lists.TYPES,
        *product_mutations.TYPES,
        *variant_mutations.TYPES,
        *variant_bulk_mutations.TYPES,
        *taxonomy_mutations.TYPES,
        *product_type_mutations.TYPES,
        *order_mutations.TYPES,
        *warehouse_mutations.TYPES,
    ),
    enums=product_types.ENUMS | stocks.ENUMS | attributes.ENUMS | cooperatives.ENUMS,
)
