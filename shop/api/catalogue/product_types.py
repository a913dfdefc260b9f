"""Product types."""

from __future__ import annotations

from django.db.models import Q

from catalog.models import ProductType
from catalog.models.attribute import ProductKind
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.grams import weights
from shop.api.catalogue.inputs import ProductTypeArguments, ProductTypesArguments
from shop.api.catalogue.types import product_type
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.filters import Conditions, build_condition, equals, has_metadata, id_in, is_one_of, sort_keys
from shop.api.ids import key_from_id
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row
from shop.api.root_fields import Queries
from shop.api.schema import Choices

ENUMS: dict[str, Choices] = {"ProductTypeKindEnum": ProductKind}

product_type.id()
product_type.columns(
    name="name",
    slug="slug",
    hasVariants="has_variants",
    isShippingRequired="is_shipping_required",
    isDigital="is_digital",
    kind="kind",
)
product_type.field("weight", needs="weight")(weights)
add_metadata_fields(product_type, ProductType, permissions=[Permission.MANAGE_PRODUCT_TYPES])

query = Queries()


@query.field("productType")
def one_product_type(arguments: ProductTypeArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "ProductType")
    return product_type.by_key(context, [key], selection.names()).get(key)


@query.field("productTypes")
def all_product_types(
    arguments: ProductTypesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = product_type.rows(context).filter(build_condition(arguments.get("filter"), _CONDITIONS, context))
    order = sort_keys(arguments.get("sortBy"), _SORTS, [SortKey("name"), SortKey("slug")])
    return connect(product_type, rows, arguments, selection, order=order)


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

TYPES = (product_type, query)
