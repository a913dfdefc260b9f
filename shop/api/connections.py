"""Relay connections with keyset pagination.

A page is found by the values of its sort keys, never by an offset. So it stays correct while rows are
inserted and deleted, and the last page costs as much as the first. A cursor is the base64 of those values as
JSON. The last key must be unique. Nulls sort last in ascending order and first in descending order.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NotRequired, TypeAlias, TypedDict

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Field, Model, Q, QuerySet, Value, Window
from django.db.models.expressions import OrderBy
from django.db.models.functions import RowNumber

from shop.api.breadth import Resolver, Selection, by_name
from shop.api.errors import ProtocolError
from shop.api.ids import Key
from shop.api.object_types import CompiledRows, Rows, Type, build_rows
from shop.core.database.compiled_query import compiled_query

MAX_PAGE_SIZE = 100


class SortKey(NamedTuple):
    """A column or annotation to sort by."""

    column: str
    is_descending: bool = False
    is_nullable: bool = False

    def order(self, is_backwards: bool) -> OrderBy:
        """Return the expression for `order_by`."""
        is_order_descending = self.is_descending != is_backwards
        expression = F(self.column)
        if not self.is_nullable:
            return expression.desc() if is_order_descending else expression.asc()
        return expression.desc(nulls_first=True) if is_order_descending else expression.asc(nulls_last=True)

    def past(self, value: object, is_backwards: bool) -> Q | None:
        """Return the condition for rows after this value, or before it if `is_backwards`.

        Returns None if there can be no such rows.
        """
        is_order_descending = self.is_descending != is_backwards
        if value is None:
            return Q(**{f"{self.column}__isnull": False}) if is_order_descending else None
        condition = Q(**{f"{self.column}__{'lt' if is_order_descending else 'gt'}": value})
        if self.is_nullable and not is_order_descending:
            condition |= Q(**{f"{self.column}__isnull": True})
        return condition

    def at(self, value: object) -> Q:
        if value is None:
            return Q(**{f"{self.column}__isnull": True})
        return Q(**{self.column: value})


class Edge(NamedTuple):
    """A row and its position: the values of its sort keys."""

    node: object
    position: tuple[Any, ...]


Connection: TypeAlias = dict[str, Any]
"""A page of a connection: `edges`, `pageInfo` and `totalCount` (None if it was not selected)."""


class PageArguments(TypedDict):
    """The pagination arguments of a connection. Its field may have others."""

    first: NotRequired[int | None]
    after: NotRequired[str | None]
    last: NotRequired[int | None]
    before: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The pagination arguments of a connection."""

    limit: int
    is_backwards: bool
    after: str | None
    before: str | None

    @classmethod
    def from_arguments(cls, arguments: PageArguments, name: str) -> PageRequest:
        """Read the arguments.

        Raises ProtocolError unless exactly one of `first` and `last` is given and is within MAX_PAGE_SIZE.
        """
        first, last = arguments.get("first"), arguments.get("last")
        if (first is None) == (last is None):
            raise ProtocolError(
                f"The `{name}` connection needs either `first` or `last` to say how many are wanted."
            )
        argument, limit = ("last", last) if last is not None else ("first", first or 0)
        if not 0 <= limit <= MAX_PAGE_SIZE:
            raise ProtocolError(
                f"The `{name}` connection gives at most {MAX_PAGE_SIZE} at once: `{argument}` is {limit}."
            )
        return cls(limit, last is not None, arguments.get("after"), arguments.get("before"))


def connect(
    type_: Type,
    rows: Rows | CompiledRows,
    arguments: PageArguments,
    selection: Selection,
    *,
    order: Sequence[SortKey],
) -> Connection:
    """Return a connection over a queryset: at most one query for the rows, and one for `totalCount`.

    The count, the first and the last page of `CompiledRows` rows use compiled queries.
    """
    page_request = PageRequest.from_arguments(arguments, selection.name)
    requested = selection.names()
    total = _count_rows(rows) if "totalCount" in requested else None
    if not requested - {"totalCount"}:
        page = _empty_page()
    elif isinstance(rows, CompiledRows) and page_request.after is None and page_request.before is None:
        page = _compiled_page(type_, rows, page_request, selection, order)
    else:
        rows = build_rows(rows) if isinstance(rows, CompiledRows) else rows
        page = _query_page(type_, rows, page_request, selection, order)
    return page | {"totalCount": total}


def connect_for_parents(
    type_: Type,
    rows: Rows | CompiledRows,
    arguments: PageArguments,
    selection: Selection,
    *,
    order: Sequence[SortKey],
    parent_column: str,
    parents: Sequence[Key],
) -> list[Connection]:
    """Return one connection per parent, joined by `parent_column`. It takes one query for all."""
    page_request = PageRequest.from_arguments(arguments, selection.name)
    requested, keys = selection.names(), set(parents)
    columns, names = [key.column for key in order], selection.names("edges", "node")
    first_rows = _FirstRows(
        parent_column=parent_column,
        order=tuple(order),
        is_backwards=page_request.is_backwards,
        limit=page_request.limit + 1,
        read=type_.columns_for(names, parent_column, *columns),
    )
    counts: dict[Key, int] = {}
    is_first = page_request.after is None and page_request.before is None and "totalCount" not in requested
    if isinstance(rows, CompiledRows) and is_first:
        options = rows.options | {"base_query": rows.build, "first_rows": first_rows}
        pages: Rows | CompiledRows = CompiledRows(_first_pages_query, (keys, *rows.args), options)
    else:
        rows = build_rows(rows) if isinstance(rows, CompiledRows) else rows
        rows = rows.filter(**{f"{parent_column}__in": keys})
        counts = _count_by_parent(rows, parent_column) if "totalCount" in requested else {}
        pages = _limit_per_parent(_filter_by_cursors(rows, page_request, order), first_rows)
    edges: dict[Key, list[Edge]] = {}
    for row in type_.read(pages, names, parent_column, *columns) if requested - {"totalCount"} else ():
        position = tuple(getattr(row, column) for column in columns)
        edges.setdefault(getattr(row, parent_column), []).append(Edge(row, position))
    return [
        _build_page(edges.get(parent, []), page_request) | {"totalCount": counts.get(parent, 0)}
        for parent in parents
    ]


class _FirstRows(NamedTuple):
    """The first `limit` rows of each parent.

    `parent_column` has the parent's key, and `read` lists the columns to read.
    """

    parent_column: str
    order: tuple[SortKey, ...]
    is_backwards: bool
    limit: int
    read: tuple[str, ...]


def _first_pages_query(
    parents: Collection[Key],
    *args: object,
    base_query: Callable[..., Rows],
    first_rows: _FirstRows,
    **options: object,
) -> Rows:
    return _limit_per_parent(
        base_query(*args, **options).filter(**{f"{first_rows.parent_column}__in": parents}), first_rows
    )


def _limit_per_parent(rows: Rows, first_rows: _FirstRows) -> Rows:
    sorted_rows = _sort_rows(rows, first_rows.order, first_rows.is_backwards)
    order = [key.order(first_rows.is_backwards) for key in first_rows.order]
    row_number = Window(RowNumber(), partition_by=[F(first_rows.parent_column)], order_by=order)
    numbered: Rows = sorted_rows.annotate(row_number=row_number).filter(row_number__lte=first_rows.limit)
    if sorted_rows.query.annotations.keys() & set(first_rows.read):
        # When filtering by a window, Django drops one of two columns with the same expression, as an
        # annotation may have, and shifts the values after it. So the window query selects keys only.
        numbered = sorted_rows.filter(pk__in=numbered.order_by().values("pk"))
    return numbered


def connect_list(values: Sequence[object], arguments: PageArguments, selection: Selection) -> Connection:
    """Return a connection over a short list in memory. Cursors are indexes into it."""
    page_request = PageRequest.from_arguments(arguments, selection.name)
    edges = [Edge(value, (position,)) for position, value in enumerate(values)]
    if page_request.after is not None:
        edges = [edge for edge in edges if edge.position[0] > _decode_index(page_request.after)]
    if page_request.before is not None:
        edges = [edge for edge in edges if edge.position[0] < _decode_index(page_request.before)]
    if page_request.is_backwards:
        edges.reverse()
    return _build_page(edges[: page_request.limit + 1], page_request) | {"totalCount": len(values)}


def encode_cursor(position: Iterable[object]) -> str:
    """Encode a position as a cursor, which clients treat as opaque."""
    return b64encode(json.dumps(list(position), default=str, ensure_ascii=False).encode()).decode()


def _compiled_page(
    type_: Type, rows: CompiledRows, page_request: PageRequest, selection: Selection, order: Sequence[SortKey]
) -> Connection:
    options = {
        "base_query": rows.build,
        "keys": tuple(order),
        "is_backwards": page_request.is_backwards,
        "limit": page_request.limit + 1,
    }
    page_rows = CompiledRows(_first_page_query, rows.args, rows.options | options)
    columns = [key.column for key in order]
    rows_read = type_.read(page_rows, selection.names("edges", "node"), *columns)
    return _build_page(
        [Edge(row, tuple(getattr(row, column) for column in columns)) for row in rows_read], page_request
    )


def _first_page_query(
    *args: object,
    base_query: Callable[..., Rows],
    keys: tuple[SortKey, ...],
    is_backwards: bool,
    limit: int,
    **options: object,
) -> Rows:
    return _sort_rows(base_query(*args, **options), keys, is_backwards)[:limit]


def _count_rows(rows: Rows | CompiledRows) -> int:
    if not isinstance(rows, CompiledRows):
        return rows.count()
    (total,) = _fetch_count(*rows.args, base_query=rows.build, **rows.options)
    return total


@compiled_query
def _fetch_count(*args: object, base_query: Callable[..., Rows], **options: object) -> QuerySet[Model, int]:
    # Grouping by a constant counts all rows in a queryset, which `count()` would not return.
    rows = base_query(*args, **options).order_by().annotate(constant=Value(1)).values("constant")
    totals: QuerySet[Model, int] = rows.annotate(total=Count("*")).values_list("total", flat=True)
    return totals


def _query_page(
    type_: Type, rows: Rows, page_request: PageRequest, selection: Selection, order: Sequence[SortKey]
) -> Connection:
    columns = [key.column for key in order]
    page_rows = _sort_rows(_filter_by_cursors(rows, page_request, order), order, page_request.is_backwards)[
        : page_request.limit + 1
    ]
    rows_read = type_.read(page_rows, selection.names("edges", "node"), *columns)
    return _build_page(
        [Edge(row, tuple(getattr(row, column) for column in columns)) for row in rows_read], page_request
    )


def _build_page(edges: list[Edge], page_request: PageRequest) -> Connection:
    """Build a page from edges in the order read. One edge more than the limit means that more follow."""
    has_more, edges = len(edges) > page_request.limit, edges[: page_request.limit]
    if page_request.is_backwards:
        edges.reverse()
    page = {
        "hasNextPage": page_request.before is not None if page_request.is_backwards else has_more,
        "hasPreviousPage": has_more if page_request.is_backwards else page_request.after is not None,
        "startCursor": encode_cursor(edges[0].position) if edges else None,
        "endCursor": encode_cursor(edges[-1].position) if edges else None,
    }
    return {"edges": edges, "pageInfo": page}


def _empty_page() -> Connection:
    return {"edges": [], "pageInfo": None}


def _sort_rows(rows: Rows, order: Sequence[SortKey], is_backwards: bool) -> Rows:
    return rows.order_by(*(key.order(is_backwards) for key in order))


def _filter_by_cursors(rows: Rows, page_request: PageRequest, order: Sequence[SortKey]) -> Rows:
    for text, is_backwards in ((page_request.after, False), (page_request.before, True)):
        if text is not None:
            rows = rows.filter(_after_position(rows, order, _decode_cursor(rows, order, text), is_backwards))
    return rows


def _after_position(
    rows: Rows, order: Sequence[SortKey], position: Sequence[object], is_backwards: bool
) -> Q:
    """Return the keyset condition for rows after these values of the sort keys."""
    condition, level = Q(pk__in=()), Q()
    for key, value in zip(order, position, strict=True):
        past = key.past(value, is_backwards)
        if past is not None:
            condition |= level & past
        level &= key.at(value)
    return condition


def _decode_cursor(rows: Rows, order: Sequence[SortKey], text: str) -> Sequence[object]:
    """Decode a cursor's values. Raises ProtocolError if it does not belong to this list."""
    try:
        values = json.loads(b64decode(text, validate=True))
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError
        return [
            None if value is None else _sort_field(rows, key).to_python(value)
            for key, value in zip(order, values, strict=True)
        ]
    except (binascii.Error, ValueError, TypeError, ValidationError, RecursionError) as error:
        raise ProtocolError("The cursor is not one of this list.") from error


def _sort_field(rows: Rows, key: SortKey) -> Field[object, object]:
    resolved = F(key.column).resolve_expression(rows.query.clone())
    field: Field[object, object] = resolved.output_field
    return field


def _decode_index(text: str) -> int:
    try:
        (number,) = json.loads(b64decode(text, validate=True))
        return int(number)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise ProtocolError("The cursor is not one of this list.") from error


def _count_by_parent(rows: Rows, parent_column: str) -> dict[Key, int]:
    counts = rows.order_by().values_list(parent_column).annotate(number=Count("pk"))
    return dict(counts)


page_info_object = Type("PageInfo")
page_info_object.value_fields("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")


def connection_resolvers(type_name: str) -> dict[str, Resolver] | None:
    """Return the resolvers of an `XCountableConnection` or `XCountableEdge`, or None for any other type."""
    if type_name.endswith("Connection"):
        return {field: by_name(field) for field in ("edges", "pageInfo", "totalCount")}
    if type_name.endswith("Edge"):
        return {"node": by_name("node"), "cursor": _resolve_cursors}
    return None


def _resolve_cursors(edges: list[Edge], *_: object) -> list[str]:
    return [encode_cursor(edge.position) for edge in edges]
