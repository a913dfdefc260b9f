"""The catalogue: goods, what is said of them, what they cost, how many there are."""

from pathlib import Path

from shop.api.catalogue import (
    assigned,
    assigned_values,
    attributes,
    categories,
    collections,
    cooperatives,
    listings,
    master_mutations,
    pictures,
    pricing,
    product_lists,
    product_mutations,
    product_types,
    products,
    stocks,
    translations,
    variant_lists,
    variant_mutations,
    variants,
    warehouse_mutations,
)
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(
        *products.TYPES,
        *variants.TYPES,
        *pictures.TYPES,
        *pricing.TYPES,
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
        *product_lists.TYPES,
        *variant_lists.TYPES,
        *product_mutations.TYPES,
        *variant_mutations.TYPES,
        *master_mutations.TYPES,
        *warehouse_mutations.TYPES,
    ),
    enums=product_types.ENUMS | stocks.ENUMS | attributes.ENUMS | cooperatives.ENUMS,
)
