"""Product lists: all, by category, by collection; with filters, search and sorting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import BigIntegerField, Case, F, OuterRef, Subquery, Value, When

from catalog.models import AttributeValue
from catalog.search import find_products
from shop.api.breadth import Selection
from shop.api.catalogue.lookups import named_by
from shop.api.catalogue.product_filters import conditions_in
from shop.api.catalogue.shelves import cooperative_of
from shop.api.catalogue.types import (
    SEES_ALL_GOODS,
    SEES_OWN_GOODS,
    category,
    collection,
    goods_in_lists,
    product,
    product_type,
    sees_the_shelf,
)
from shop.api.connections import Edge, Key, connect, connect_each, connect_list
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.filters import refuse_both, sorting, where
from shop.api.ids import key_of
from shop.api.in_channel import channel_of, channel_unasked, noted_in
from shop.api.object_types import Row, Rows, ready
from shop.api.root_fields import Queries
from shop.core.models import Channel

query = Queries()

_BY_NAME = [Key("sort_key"), Key("id")]
_SORTS: dict[str, Sequence[Key]] = {
    "NAME": _BY_NAME,
    "RANK": _BY_NAME,
    "RATING": _BY_NAME,
    "PRICE": [Key("lowest_here", nullable=True)],
    "MINIMAL_PRICE": [Key("lowest_here", nullable=True)],
    "LAST_MODIFIED": [Key("updated_at")],
    "LAST_MODIFIED_AT": [Key("updated_at")],
    "DATE": [Key("updated_at")],
    "TYPE": [Key("kind_name"), Key("sort_key")],
    "PUBLISHED": [Key("published_here", nullable=True)],
    "PUBLICATION_DATE": [Key("published_here", nullable=True)],
    "PUBLISHED_AT": [Key("published_here", nullable=True)],
    "CREATED_AT": [Key("created_at")],
    "COLLECTION": [Key("place_on_shelf", nullable=True)],
}
_ANNOTATIONS: dict[str, dict[str, Any]] = {
    "lowest_here": {"lowest_here": F("here__lowest_price")},
    "published_here": {"published_here": F("here__published_at")},
    "kind_name": {"kind_name": F("product_type__name")},
}


_NARROWING = {"search", "filter", "where", "cooperative", "sortBy"}


@query.field("product")
def one_product(arguments: dict[str, Any], context: Context, selection: Selection) -> Row | None:
    column, values = named_by(product, "catalog.product", arguments)
    rows = product.asked_among(context, arguments, values, by=column)
    return next(iter(product.read(rows, selection.names())), None)


@query.field("products")
def all_products(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    asked = _with_channel(arguments)
    slug = asked.get("channel")
    channel = context.channel(slug) if slug is not None else channel_unasked(context)
    if channel is not None and sees_the_shelf(context, channel) and not _NARROWING & arguments.keys():
        return connect(product, ready(_listed_products, channel.pk), arguments, selection, order=_BY_NAME)
    rows = in_lists(product.rows_asked(context, asked), context, channel)
    rows = narrowed(rows, arguments, context, channel)
    rows = of_cooperative(rows, arguments)
    text = arguments.get("search")
    sort = arguments.get("sortBy")
    if text and text.strip():
        found = find_products(text)
        if sort is None or sort.get("field") in (None, "RANK"):
            return _ranked_page(rows, found, arguments, context, selection)
        rows = rows.filter(pk__in=found)
    rows, order = ordered(rows, sort, channel)
    return connect(product, rows, arguments, selection, order=order)


def _listed_products(channel: int) -> Rows:
    """Return products that lists show to customers."""
    return noted_in(goods_in_lists(channel), channel)


def _listed_in_branch(channel: int, path: str, *, sorted_by: tuple[str, ...]) -> Rows:
    """Return listed products in a branch of the category tree, annotated for the sort columns."""
    rows = _listed_products(channel).filter(category__path__startswith=path)
    for column in sorted_by:
        rows = rows.annotate(**_ANNOTATIONS.get(column, {}))
    return rows


def of_cooperative(rows: Rows, arguments: Mapping[str, Any]) -> Rows:
    """Filter by the argument `cooperative`."""
    if arguments.get("cooperative") is None:
        return rows
    return rows.filter(cooperative=key_of(arguments["cooperative"], "Cooperative"))


def in_lists(rows: Rows, context: Context, channel: Channel | None) -> Rows:
    """Filter products for lists: customers see those not hidden from lists, staff all in the channel."""
    if channel is None:
        return rows
    if context.may(*SEES_ALL_GOODS, *SEES_OWN_GOODS):
        return rows.filter(here__isnull=False)
    return rows.filter(here__visible_in_listings=True)


def narrowed(rows: Rows, arguments: Mapping[str, Any], context: Context, channel: Channel | None) -> Rows:
    """Apply `filter` or `where`. Raises ProtocolError if both are given."""
    refuse_both(arguments)
    asked = arguments.get("filter") or arguments.get("where")
    return rows.filter(where(asked, conditions_in(channel), context)) if asked else rows


def ordered(
    rows: Rows, sort: Mapping[str, Any] | None, channel: Channel | None, default: Sequence[Key] = _BY_NAME
) -> tuple[Rows, list[Key]]:
    """Annotate what `sortBy` needs, and return the sort keys."""
    if sort is not None and sort.get("attributeId") is not None:
        values: Rows = AttributeValue.objects.all()
        values = values.filter(
            product_rows__product=OuterRef("pk"), attribute=key_of(sort["attributeId"], "Attribute")
        )
        first = values.order_by("product_rows__sort_order", "pk").values("name")[:1]
        order = sorting({**sort, "field": "X"}, {"X": [Key("said", nullable=True)]}, default)
        return rows.annotate(said=Subquery(first)), order
    order = sorting(sort, _SORTS, default)
    for key in order:
        if key.column in ("lowest_here", "published_here") and channel is None:
            raise ProtocolError("Sorting by what differs between channels needs `channel`.")
        if key.column == "place_on_shelf" and "place_on_shelf" not in rows.query.annotations:
            return rows, _BY_NAME
        rows = rows.annotate(**_ANNOTATIONS.get(key.column, {}))
    return rows, order


def _with_channel(arguments: dict[str, Any]) -> dict[str, Any]:
    """Read the channel from `filter` or `sortBy`, where older clients put it."""
    places = (arguments, arguments.get("filter") or {}, arguments.get("sortBy") or {})
    return {"channel": next((place["channel"] for place in places if place.get("channel")), None)}


def _ranked_page(
    rows: Rows, found: list[int], arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    """Return a page of search results by rank; only the page's rows are read."""
    kept = set(rows.filter(pk__in=found).values_list("pk", flat=True))
    page = connect_list([key for key in found if key in kept], arguments, selection)
    keys = [edge.node for edge in page["edges"]]
    wanted = product.read(rows.filter(pk__in=keys), selection.names("edges", "node")) if keys else []
    nodes = {row.id: row for row in wanted}
    return page | {"edges": [Edge(nodes[edge.node], edge.place) for edge in page["edges"]]}


# --- categories and collections -----------------------------------------------------------------------


@category.field("products", needs=("id", "path", "level"))
def products_of_categories(
    rows: list[Row], arguments: dict[str, Any], context: Context, selection: Selection
) -> list[Any]:
    """Resolve products of categories and their descendants. One query per level of the tree."""
    asked = _with_channel(arguments)
    slug = asked.get("channel")
    channel = context.channel(slug) if slug is not None else channel_unasked(context)
    sort = arguments.get("sortBy")
    if (
        len(rows) == 1
        and channel is not None
        and sees_the_shelf(context, channel)
        and not _NARROWING - {"sortBy"} & arguments.keys()
        and (sort is None or sort.get("attributeId") is None)
    ):
        order = sorting(sort, _SORTS, _BY_NAME)
        if "place_on_shelf" not in {key.column for key in order}:
            shape = {"sorted_by": tuple(key.column for key in order)}
            below_it = ready(_listed_in_branch, channel.pk, rows[0].path or "/none/", **shape)
            return [connect(product, below_it, arguments, selection, order=order)]
    goods = _searched(product.rows_asked(context, asked), arguments)
    goods = narrowed(in_lists(goods, context, channel), arguments, context, channel)
    goods, order = ordered(goods, arguments.get("sortBy"), channel)
    pages: dict[Any, Any] = {}
    for level in dict.fromkeys(row.level for row in rows):
        shelves = [row for row in rows if row.level == level]
        branch = Case(
            *(When(category__path__startswith=row.path or "/none/", then=Value(row.id)) for row in shelves),
            output_field=BigIntegerField(),
        )
        keys = [row.id for row in shelves]
        if len(shelves) == 1:
            below = goods.filter(category__path__startswith=shelves[0].path or "/none/")
            pages[keys[0]] = connect(product, below, arguments, selection, order=order)
            continue
        found = connect_each(
            product,
            goods.annotate(branch=branch),
            arguments,
            selection,
            order=order,
            by="branch",
            parents=keys,
        )
        pages |= dict(zip(keys, found, strict=True))
    return [pages[row.id] for row in rows]


@collection.field("products", needs=("key", "in_channel"))
def products_of_collections(
    rows: list[Row], arguments: dict[str, Any], context: Context, selection: Selection
) -> list[Any]:
    """Resolve products in the collection's order; a cooperative's collection sorts by name."""
    pages: dict[tuple[Any, Any], Any] = {}
    for channel_key in dict.fromkeys(row.in_channel for row in rows):
        channel = channel_of(context, channel_key)
        goods = in_lists(_searched(product.rows_in(context, channel), arguments), context, channel)
        goods = narrowed(goods, arguments, context, channel)
        keys = [row.key for row in rows if row.in_channel == channel_key]
        made = [key for key in keys if cooperative_of(key) is None]
        own = [key for key in keys if cooperative_of(key) is not None]
        found: dict[Any, Any] = {}
        if made:
            placed = goods.annotate(
                shelf=F("collection_rows__collection"), place_on_shelf=F("collection_rows__sort_order")
            )
            found |= _page_each(placed, "shelf", made, made, arguments, channel, selection)
        if own:
            cooperatives = [cooperative_of(key) for key in own]
            found |= _page_each(goods, "cooperative_id", cooperatives, own, arguments, channel, selection)
        pages |= {(key, channel_key): page for key, page in found.items()}
    return [pages[row.key, row.in_channel] for row in rows]


def _page_each(
    goods: Rows,
    by: str,
    parents: Sequence[Any],
    keys: Sequence[Any],
    arguments: dict[str, Any],
    channel: Channel | None,
    selection: Selection,
) -> dict[Any, Any]:
    default = [Key("place_on_shelf", nullable=True), Key("id")] if by == "shelf" else _BY_NAME
    goods, order = ordered(goods, arguments.get("sortBy"), channel, default)
    if len(keys) == 1:
        page = connect(product, goods.filter(**{by: parents[0]}), arguments, selection, order=order)
        return {keys[0]: page}
    pages = connect_each(product, goods, arguments, selection, order=order, by=by, parents=parents)
    return dict(zip(keys, pages, strict=True))


def _searched(rows: Rows, arguments: Mapping[str, Any]) -> Rows:
    text = arguments.get("search")
    return rows.filter(pk__in=find_products(text)) if text and text.strip() else rows


@product_type.field("products", needs="id")
def products_of_types(
    rows: list[Row], arguments: dict[str, Any], context: Context, selection: Selection
) -> list[Any]:
    goods = product.rows_asked(context, arguments)
    keys = [row.id for row in rows]
    return connect_each(
        product, goods, arguments, selection, order=_BY_NAME, by="product_type_id", parents=keys
    )


TYPES = (query,)
