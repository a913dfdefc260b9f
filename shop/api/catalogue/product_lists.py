"""Lists of all products, of a category or of a collection, with filters, search and sorting."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import BigIntegerField, Case, F, OuterRef, Subquery, Value, When

from catalog.models import AttributeValue
from catalog.models.category import branch_prefix
from catalog.search import search_product_ids
from shop.api.breadth import Selection
from shop.api.catalogue.collection_rows import COOPERATIVE_KEYS, cooperative_from_key
from shop.api.catalogue.inputs import (
    CategoryProductsArguments,
    CollectionProductsArguments,
    ProductArguments,
    ProductsArguments,
    ProductTypeProductsArguments,
)
from shop.api.catalogue.lookups import find_lookup_column
from shop.api.catalogue.product_filters import product_conditions
from shop.api.catalogue.types import (
    ALL_PRODUCT_READ_PERMISSIONS,
    OWN_PRODUCT_READ_PERMISSIONS,
    can_only_see_public_rows,
    category_object,
    collection_object,
    product_object,
    product_type_object,
    products_in_lists,
)
from shop.api.connections import Edge, SortKey, connect, connect_for_parents, connect_list
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.filters import build_condition, require_one_filter, sort_keys
from shop.api.ids import Key, key_from_id
from shop.api.in_channel import Pair, channel_by_key, default_channel, with_channel_key
from shop.api.input_data import InputData
from shop.api.object_types import CompiledRows, Row, Rows, compiled_rows
from shop.api.root_fields import Queries
from shop.core.models import Channel

query = Queries()

_BY_NAME = [SortKey("sort_key"), SortKey("id")]
_SORTS: dict[str, Sequence[SortKey]] = {
    "NAME": _BY_NAME,
    "RANK": _BY_NAME,
    "RATING": _BY_NAME,
    "PRICE": [SortKey("lowest_price_in_channel", is_nullable=True)],
    "MINIMAL_PRICE": [SortKey("lowest_price_in_channel", is_nullable=True)],
    "LAST_MODIFIED": [SortKey("updated_at")],
    "LAST_MODIFIED_AT": [SortKey("updated_at")],
    "DATE": [SortKey("updated_at")],
    "TYPE": [SortKey("product_type_name"), SortKey("sort_key")],
    "PUBLISHED": [SortKey("published_at_in_channel", is_nullable=True)],
    "PUBLICATION_DATE": [SortKey("published_at_in_channel", is_nullable=True)],
    "PUBLISHED_AT": [SortKey("published_at_in_channel", is_nullable=True)],
    "CREATED_AT": [SortKey("created_at")],
    "COLLECTION": [SortKey("collection_position", is_nullable=True)],
}
_BY_ATTRIBUTE = {"ATTRIBUTE": [SortKey("attribute_value", is_nullable=True)]}
_ANNOTATIONS: dict[str, dict[str, object]] = {
    "lowest_price_in_channel": {"lowest_price_in_channel": F("channel_listing__lowest_price")},
    "published_at_in_channel": {"published_at_in_channel": F("channel_listing__published_at")},
    "product_type_name": {"product_type_name": F("product_type__name")},
}


_NARROWING_ARGUMENTS = {"search", "filter", "where", "cooperative"}


@query.field("product")
def one_product(arguments: ProductArguments, context: Context, selection: Selection) -> Row | None:
    column, values = find_lookup_column(product_object, "catalog.product", arguments)
    rows = product_object.requested_rows_among(context, arguments, values, column=column)
    return next(iter(product_object.read(rows, selection.names())), None)


@query.field("products")
def all_products(arguments: ProductsArguments, context: Context, selection: Selection) -> dict[str, object]:
    channel_arguments = _with_channel(arguments)
    slug = channel_arguments.get("channel")
    channel = context.channel(slug) if slug is not None else default_channel(context)
    if (
        channel is not None
        and can_only_see_public_rows(context, channel)
        and not (_NARROWING_ARGUMENTS - {"search"} | {"sortBy"}) & arguments.keys()
    ):
        return _load_frequent_page(channel, arguments, selection)
    rows = filter_listed(product_object.requested_rows(context, channel_arguments), context, channel)
    rows = apply_filters(rows, arguments, context, channel)
    rows = filter_by_cooperative(rows, arguments)
    text = arguments.get("search")
    sorting = arguments.get("sortBy")
    if text and text.strip():
        matching_ids = search_product_ids(text)
        if sorting is None or sorting.get("field") in (None, "RANK"):
            return _load_ranked_page(
                lambda keys: rows.filter(pk__in=keys), matching_ids, arguments, selection
            )
        rows = rows.filter(pk__in=matching_ids)
    rows, order = apply_sorting(rows, sorting, channel)
    return connect(product_object, rows, arguments, selection, order=order)


def _load_frequent_page(
    channel: Channel, arguments: ProductsArguments, selection: Selection
) -> dict[str, object]:
    """Return a page of all listed products or of a search among them, by compiled queries."""
    text = arguments.get("search")
    if text and text.strip():
        return _load_ranked_page(
            lambda keys: compiled_rows(_listed_among, channel.pk, keys),
            search_product_ids(text),
            arguments,
            selection,
        )
    return connect(
        product_object, compiled_rows(_listed_products, channel.pk), arguments, selection, order=_BY_NAME
    )


def _listed_among(channel_id: int, keys: Sequence[Key]) -> Rows:
    """Return the listed products with these keys."""
    return _listed_products(channel_id).filter(pk__in=keys)


def _listed_products(channel_id: int) -> Rows:
    """Return products that lists show to buyers."""
    return with_channel_key(products_in_lists(channel_id), channel_id)


def _listed_in_branch(channel_id: int, path: str, *, sorted_by: tuple[str, ...]) -> Rows:
    """Return listed products in a branch of the category tree, annotated for the sort columns."""
    rows = _listed_products(channel_id).filter(category__path__startswith=path)
    for column in sorted_by:
        rows = rows.annotate(**_ANNOTATIONS.get(column, {}))
    return rows


def filter_by_cooperative(rows: Rows, arguments: InputData) -> Rows:
    """Filter by the argument `cooperative`."""
    if arguments.get("cooperative") is None:
        return rows
    return rows.filter(cooperative=key_from_id(arguments["cooperative"], "Cooperative"))


def filter_listed(rows: Rows, context: Context, channel: Channel | None) -> Rows:
    """Filter products for lists.

    Buyers see those not hidden from lists, and staff see all in the channel.
    """
    if channel is None:
        return rows
    if context.may(*ALL_PRODUCT_READ_PERMISSIONS, *OWN_PRODUCT_READ_PERMISSIONS):
        return rows.filter(channel_listing__isnull=False)
    return rows.filter(channel_listing__visible_in_listings=True)


def apply_filters(rows: Rows, arguments: InputData, context: Context, channel: Channel | None) -> Rows:
    """Apply `filter` or `where`. Raises ProtocolError if both are given."""
    require_one_filter(arguments)
    filters = arguments.get("filter") or arguments.get("where")
    return rows.filter(build_condition(filters, product_conditions(channel), context)) if filters else rows


def apply_sorting(
    rows: Rows,
    sorting: InputData | None,
    channel: Channel | None,
    default: Sequence[SortKey] = _BY_NAME,
) -> tuple[Rows, list[SortKey]]:
    """Annotate the columns that `sortBy` needs, and return the sort keys. Raises ProtocolError."""
    if sorting is not None and sorting.get("attributeId") is not None:
        values: Rows = AttributeValue.objects.all()
        values = values.filter(
            product_rows__product=OuterRef("pk"), attribute=key_from_id(sorting["attributeId"], "Attribute")
        )
        first = values.order_by("product_rows__sort_order", "pk").values("name")[:1]
        order = sort_keys({**sorting, "field": "ATTRIBUTE"}, _BY_ATTRIBUTE, default)
        return rows.annotate(attribute_value=Subquery(first)), order
    order = sort_keys(sorting, _SORTS, default)
    for key in order:
        if key.column in ("lowest_price_in_channel", "published_at_in_channel") and channel is None:
            raise ProtocolError("Sorting by a value that differs between channels needs `channel`.")
        if key.column == "collection_position" and "collection_position" not in rows.query.annotations:
            return rows, _BY_NAME
        rows = rows.annotate(**_ANNOTATIONS.get(key.column, {}))
    return rows, order


def _with_channel(arguments: CategoryProductsArguments | ProductsArguments) -> dict[str, str | None]:
    """Read the channel from `filter` or `sortBy`, where older clients put it."""
    narrowed, sorting = arguments.get("filter"), arguments.get("sortBy")
    slugs = (
        arguments.get("channel"),
        narrowed.get("channel") if narrowed else None,
        sorting.get("channel") if sorting else None,
    )
    return {"channel": next(filter(None, slugs), None)}


def _load_ranked_page(
    rows_among: Callable[[Sequence[Key]], Rows | CompiledRows],
    ranked_ids: list[int],
    arguments: ProductsArguments,
    selection: Selection,
) -> dict[str, object]:
    """Return a page of search results by rank. Only the page's rows are read.

    `rows_among` returns the visible products with the given keys.
    """
    visible_ids = {row.id for row in product_object.read(rows_among(ranked_ids), ())} if ranked_ids else set()
    page = connect_list([key for key in ranked_ids if key in visible_ids], arguments, selection)
    edges = page["edges"]
    keys = [edge.node for edge in edges]
    requested = product_object.read(rows_among(keys), selection.names("edges", "node")) if keys else []
    nodes = {row.id: row for row in requested}
    return page | {"edges": [Edge(nodes[edge.node], edge.position) for edge in edges]}


@category_object.field("products", needs=("id", "path", "level"))
def products_of_categories(
    rows: list[Row], arguments: CategoryProductsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    """Resolve products of categories and their descendants. It takes one query per level of the tree."""
    channel_arguments = _with_channel(arguments)
    slug = channel_arguments.get("channel")
    channel = context.channel(slug) if slug is not None else default_channel(context)
    if len(rows) == 1 and channel is not None:
        public_page = _load_public_page_of_category(rows[0], arguments, context, selection, channel)
        if public_page is not None:
            return [public_page]
    product_rows = _filter_by_search(product_object.requested_rows(context, channel_arguments), arguments)
    product_rows = apply_filters(filter_listed(product_rows, context, channel), arguments, context, channel)
    product_rows, order = apply_sorting(product_rows, arguments.get("sortBy"), channel)
    pages: dict[Key, object] = {}
    for level in dict.fromkeys(row.level for row in rows):
        categories = [row for row in rows if row.level == level]
        level_pages = _load_pages_of_level(categories, product_rows, arguments, selection, order)
        pages |= {row.id: page for row, page in zip(categories, level_pages, strict=True)}
    return [pages[row.id] for row in rows]


def _load_public_page_of_category(
    row: Row,
    arguments: CategoryProductsArguments,
    context: Context,
    selection: Selection,
    channel: Channel,
) -> dict[str, object] | None:
    """Return a category's page by a compiled query, or None if the request is narrowed or not public."""
    sorting = arguments.get("sortBy")
    if (
        not can_only_see_public_rows(context, channel)
        or _NARROWING_ARGUMENTS & arguments.keys()
        or (sorting is not None and sorting.get("attributeId") is not None)
    ):
        return None
    order = sort_keys(sorting, _SORTS, _BY_NAME)
    columns = tuple(key.column for key in order)
    if "collection_position" in columns:
        return None
    branch_products = compiled_rows(_listed_in_branch, channel.pk, branch_prefix(row.path), sorted_by=columns)
    return connect(product_object, branch_products, arguments, selection, order=order)


def _load_pages_of_level(
    categories: list[Row],
    product_rows: Rows,
    arguments: CategoryProductsArguments,
    selection: Selection,
    order: Sequence[SortKey],
) -> Sequence[object]:
    """Return the pages of categories on one level of the tree. It takes one query."""
    if len(categories) == 1:
        branch_rows = product_rows.filter(category__path__startswith=branch_prefix(categories[0].path))
        return [connect(product_object, branch_rows, arguments, selection, order=order)]
    branch = Case(
        *(When(category__path__startswith=branch_prefix(row.path), then=Value(row.id)) for row in categories),
        output_field=BigIntegerField(),
    )
    return connect_for_parents(
        product_object,
        product_rows.annotate(branch=branch),
        arguments,
        selection,
        order=order,
        parent_column="branch",
        parents=[row.id for row in categories],
    )


@collection_object.field("products", needs=("key", "in_channel"))
def products_of_collections(
    collections: list[Row], arguments: CollectionProductsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    """Resolve products in the collection's order. A cooperative's collection sorts by name."""
    pages: dict[Pair, object] = {}
    for channel_key in dict.fromkeys(row.in_channel for row in collections):
        channel = channel_by_key(context, channel_key)
        product_rows = filter_listed(
            _filter_by_search(product_object.rows_in(context, channel), arguments), context, channel
        )
        product_rows = apply_filters(product_rows, arguments, context, channel)
        keys = [row.key for row in collections if row.in_channel == channel_key]
        staff_keys = [key for key in keys if cooperative_from_key(key) is None]
        computed_keys = [key for key in keys if cooperative_from_key(key) is not None]
        channel_pages: dict[Key, object] = {}
        if staff_keys:
            collection_products = product_rows.annotate(
                collection_key=F("collection_rows__collection"),
                collection_position=F("collection_rows__sort_order"),
            )
            channel_pages |= _load_pages_of_parents(
                collection_products, "collection_key", staff_keys, staff_keys, arguments, channel, selection
            )
        if computed_keys:
            cooperatives = [key - COOPERATIVE_KEYS for key in computed_keys]
            channel_pages |= _load_pages_of_parents(
                product_rows, "cooperative_id", cooperatives, computed_keys, arguments, channel, selection
            )
        pages |= {(key, channel_key): page for key, page in channel_pages.items()}
    return [pages[row.key, row.in_channel] for row in collections]


def _load_pages_of_parents(
    product_rows: Rows,
    parent_column: str,
    parents: Sequence[Key],
    keys: Sequence[Key],
    arguments: CollectionProductsArguments,
    channel: Channel | None,
    selection: Selection,
) -> dict[Key, object]:
    default = (
        [SortKey("collection_position", is_nullable=True), SortKey("id")]
        if parent_column == "collection_key"
        else _BY_NAME
    )
    product_rows, order = apply_sorting(product_rows, arguments.get("sortBy"), channel, default)
    if len(keys) == 1:
        page = connect(
            product_object,
            product_rows.filter(**{parent_column: parents[0]}),
            arguments,
            selection,
            order=order,
        )
        return {keys[0]: page}
    pages = connect_for_parents(
        product_object,
        product_rows,
        arguments,
        selection,
        order=order,
        parent_column=parent_column,
        parents=parents,
    )
    return dict(zip(keys, pages, strict=True))


def _filter_by_search(rows: Rows, arguments: CategoryProductsArguments | CollectionProductsArguments) -> Rows:
    text = arguments.get("search")
    return rows.filter(pk__in=search_product_ids(text)) if text and text.strip() else rows


@product_type_object.field("products", needs="id")
def products_of_types(
    rows: list[Row], arguments: ProductTypeProductsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    product_rows = product_object.requested_rows(context, arguments)
    keys = [row.id for row in rows]
    return connect_for_parents(
        product_object,
        product_rows,
        arguments,
        selection,
        order=_BY_NAME,
        parent_column="product_type_id",
        parents=keys,
    )


TYPES = (query,)
