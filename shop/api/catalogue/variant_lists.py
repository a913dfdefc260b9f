"""Queries for one or many variants."""

from __future__ import annotations

from shop.api.breadth import Selection
from shop.api.catalogue import variant_filters
from shop.api.catalogue.inputs import ProductVariantArguments, ProductVariantsArguments
from shop.api.catalogue.lookups import find_lookup_column
from shop.api.catalogue.types import variant_object
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.filters import build_condition, require_one_filter, sort_keys
from shop.api.ids import keys_from_ids
from shop.api.object_types import Row
from shop.api.root_fields import Queries

query = Queries()


@query.field("productVariant")
def one_product_variant(
    arguments: ProductVariantArguments, context: Context, selection: Selection
) -> Row | None:
    column, values = find_lookup_column(variant_object, "catalog.variant", arguments)
    rows = variant_object.requested_rows_among(context, arguments, values, column=column)
    return next(iter(variant_object.read(rows, selection.names())), None)


@query.field("productVariants")
def all_product_variants(
    arguments: ProductVariantsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    require_one_filter(arguments)
    rows = variant_object.requested_rows(context, arguments)
    if (ids := arguments.get("ids")) is not None:
        rows = rows.filter(pk__in=keys_from_ids(ids, "ProductVariant"))
    if arguments.get("search"):
        rows = rows.filter(variant_filters.CONDITIONS["search"](context, arguments["search"]))
    for input_data in (arguments.get("filter"), arguments.get("where")):
        rows = rows.filter(build_condition(input_data, variant_filters.CONDITIONS, context))
    order = sort_keys(arguments.get("sortBy"), variant_filters.SORTS, [SortKey("sku", is_nullable=True)])
    return connect(variant_object, rows, arguments, selection, order=order)


TYPES = (query,)
