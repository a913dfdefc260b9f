"""Relay connections: pages of rows that go on from where a cursor stands.

A page is cut by the values that the rows are sorted by, never by counting off, so that it stays right while
rows come and go and the last page costs what the first does. A cursor is the base64 of those values as
JSON. The last key must be unique. Where a key may be null, nulls come last, and first when it descends.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Field, Q, Window
from django.db.models.functions import RowNumber

from shop.api.breadth import Resolver, Selection, by_name
from shop.api.errors import ProtocolError
from shop.api.object_types import Ready, Row, Rows, Type, built

LARGEST_PAGE = 100


class Key(NamedTuple):
    """A column or annotation to sort by."""

    column: str
    descending: bool = False
    nullable: bool = False

    def order(self, backwards: bool) -> Any:
        """The key as a queryset orders by it."""
        descends = self.descending != backwards
        expression = F(self.column)
        if not self.nullable:
            return expression.desc() if descends else expression.asc()
        return expression.desc(nulls_first=True) if descends else expression.asc(nulls_last=True)

    def past(self, value: Any, backwards: bool) -> Q | None:
        """Rows past this value in the key's direction, or against it; None where there can be none."""
        descends = self.descending != backwards
        if value is None:
            return Q(**{f"{self.column}__isnull": False}) if descends else None
        found = Q(**{f"{self.column}__{'lt' if descends else 'gt'}": value})
        if self.nullable and not descends:
            found |= Q(**{f"{self.column}__isnull": True})
        return found

    def at(self, value: Any) -> Q:
        if value is None:
            return Q(**{f"{self.column}__isnull": True})
        return Q(**{self.column: value})


class Edge(NamedTuple):
    """A row at its place; `place` are the values it is sorted by."""

    node: Row
    place: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The part of a connection that was asked for."""

    limit: int
    backwards: bool
    after: str | None
    before: str | None

    @classmethod
    def by(cls, arguments: Mapping[str, Any], name: str) -> Asked:
        """Raises ProtocolError, naming the connection, without `first` or `last` or with too many."""
        first, last = arguments.get("first"), arguments.get("last")
        if (first is None) == (last is None):
            raise ProtocolError(
                f"The `{name}` connection needs either `first` or `last` to say how many are wanted."
            )
        wanted = "first" if last is None else "last"
        limit = int(arguments[wanted])
        if not 0 <= limit <= LARGEST_PAGE:
            raise ProtocolError(
                f"The `{name}` connection gives at most {LARGEST_PAGE} at once: `{wanted}` is {limit}."
            )
        return cls(limit, last is not None, arguments.get("after"), arguments.get("before"))


def connect(
    type_: Type,
    rows: Rows | Ready,
    arguments: Mapping[str, Any],
    selection: Selection,
    *,
    order: Sequence[Key],
) -> dict[str, Any]:
    """A connection over a queryset: at most one query for the rows, and one for `totalCount` if asked.

    Of rows that are prepared, the first page or the last is.
    """
    asked = Asked.by(arguments, selection.name)
    wanted = selection.names()
    if isinstance(rows, Ready):
        if asked.after is None and asked.before is None and "totalCount" not in wanted:
            return _first_page(type_, rows, asked, selection, order) | {"totalCount": None}
        rows = built(rows)
    page = _page(type_, rows, asked, selection, order) if wanted - {"totalCount"} else _empty()
    return page | {"totalCount": rows.count() if "totalCount" in wanted else None}


def connect_each(
    type_: Type,
    rows: Rows | Ready,
    arguments: Mapping[str, Any],
    selection: Selection,
    *,
    order: Sequence[Key],
    by: str,
    parents: Sequence[Any],
) -> list[dict[str, Any]]:
    """A connection for each parent, whose key stands in the column `by` of the rows: one query for all."""
    asked = Asked.by(arguments, selection.name)
    wanted, keys = selection.names(), set(parents)
    columns, names = [key.column for key in order], selection.names("edges", "node")
    cut = _FirstRows(by, tuple(order), asked.backwards, asked.limit + 1, type_.wanted(names, by, *columns))
    counts: dict[Any, int] = {}
    is_first = asked.after is None and asked.before is None and "totalCount" not in wanted
    if isinstance(rows, Ready) and is_first:
        shape = rows.shape | {"of": rows.build, "cut": cut}
        pages: Rows | Ready = Ready(_first_pages, (keys, *rows.args), shape)
    else:
        rows = built(rows) if isinstance(rows, Ready) else rows
        rows = rows.filter(**{f"{by}__in": keys})
        counts = _counted(rows, by) if "totalCount" in wanted else {}
        pages = _numbered(_between(rows, asked, order), cut)
    edges: dict[Any, list[Edge]] = {}
    for row in type_.read(pages, names, by, *columns) if wanted - {"totalCount"} else ():
        place = tuple(getattr(row, column) for column in columns)
        edges.setdefault(getattr(row, by), []).append(Edge(row, place))
    return [_cut(edges.get(parent, []), asked) | {"totalCount": counts.get(parent, 0)} for parent in parents]


class _FirstRows(NamedTuple):
    """Which of each parent's: in the column `by` stands whose they are, and `read` are the columns wanted."""

    by: str
    order: tuple[Key, ...]
    backwards: bool
    limit: int
    read: tuple[str, ...]


def _first_pages(
    parents: Collection[Any], *args: Any, of: Callable[..., Rows], cut: _FirstRows, **shape: Any
) -> Rows:
    return _numbered(of(*args, **shape).filter(**{f"{cut.by}__in": parents}), cut)


def _numbered(rows: Rows, cut: _FirstRows) -> Rows:
    within = _sorted(rows, cut.order, cut.backwards)
    order = [key.order(cut.backwards) for key in cut.order]
    place = Window(RowNumber(), partition_by=[F(cut.by)], order_by=order)
    numbered: Rows = within.annotate(place_in_page=place).filter(place_in_page__lte=cut.limit)
    if within.query.annotations.keys() & set(cut.read):
        # Filtering by a window, Django leaves out one of two columns that say the same, as an annotation
        # may, and takes the values after it for others: so only the keys are found out that way.
        numbered = within.filter(pk__in=numbered.order_by().values("pk"))
    return numbered


def connect_list(values: Sequence[Any], arguments: Mapping[str, Any], selection: Selection) -> dict[str, Any]:
    """A connection over a short list that is at hand already; cursors are places in it."""
    asked = Asked.by(arguments, selection.name)
    edges = [Edge(value, (place,)) for place, value in enumerate(values)]
    if asked.after is not None:
        edges = [edge for edge in edges if edge.place[0] > _place_number(asked.after)]
    if asked.before is not None:
        edges = [edge for edge in edges if edge.place[0] < _place_number(asked.before)]
    if asked.backwards:
        edges.reverse()
    return _cut(edges[: asked.limit + 1], asked) | {"totalCount": len(values)}


def cursor(place: Iterable[Any]) -> str:
    """The text that stands for a place; clients treat it as opaque."""
    return b64encode(json.dumps(list(place), default=str, ensure_ascii=False).encode()).decode()


def _first_page(
    type_: Type, rows: Ready, asked: Asked, selection: Selection, order: Sequence[Key]
) -> dict[str, Any]:
    shape = {"of": rows.build, "keys": tuple(order), "backwards": asked.backwards, "limit": asked.limit + 1}
    within = Ready(_cut_off, rows.args, rows.shape | shape)
    columns = [key.column for key in order]
    found = type_.read(within, selection.names("edges", "node"), *columns)
    return _cut([Edge(row, tuple(getattr(row, column) for column in columns)) for row in found], asked)


def _cut_off(
    *args: Any, of: Callable[..., Rows], keys: tuple[Key, ...], backwards: bool, limit: int, **shape: Any
) -> Rows:
    return _sorted(of(*args, **shape), keys, backwards)[:limit]


def _page(
    type_: Type, rows: Rows, asked: Asked, selection: Selection, order: Sequence[Key]
) -> dict[str, Any]:
    columns = [key.column for key in order]
    within = _sorted(_between(rows, asked, order), order, asked.backwards)[: asked.limit + 1]
    found = type_.read(within, selection.names("edges", "node"), *columns)
    return _cut([Edge(row, tuple(getattr(row, column) for column in columns)) for row in found], asked)


def _cut(edges: list[Edge], asked: Asked) -> dict[str, Any]:
    """Edges in the order they were read, one more than wanted if there are more."""
    more, edges = len(edges) > asked.limit, edges[: asked.limit]
    if asked.backwards:
        edges.reverse()
    page = {
        "hasNextPage": asked.before is not None if asked.backwards else more,
        "hasPreviousPage": more if asked.backwards else asked.after is not None,
        "startCursor": cursor(edges[0].place) if edges else None,
        "endCursor": cursor(edges[-1].place) if edges else None,
    }
    return {"edges": edges, "pageInfo": page}


def _empty() -> dict[str, Any]:
    return {"edges": [], "pageInfo": None}


def _sorted(rows: Rows, order: Sequence[Key], backwards: bool) -> Rows:
    return rows.order_by(*(key.order(backwards) for key in order))


def _between(rows: Rows, asked: Asked, order: Sequence[Key]) -> Rows:
    for text, backwards in ((asked.after, False), (asked.before, True)):
        if text is not None:
            rows = rows.filter(_beyond(rows, order, _place(rows, order, text), backwards))
    return rows


def _beyond(rows: Rows, order: Sequence[Key], place: Sequence[Any], backwards: bool) -> Q:
    """Past the first key's value, or at it and past the second's, and so on."""
    found, level = Q(pk__in=()), Q()
    for key, value in zip(order, place, strict=True):
        past = key.past(value, backwards)
        if past is not None:
            found |= level & past
        level &= key.at(value)
    return found


def _place(rows: Rows, order: Sequence[Key], text: str) -> list[Any]:
    """The values in a cursor. Raises ProtocolError for one that is none of this list's."""
    try:
        values = json.loads(b64decode(text, validate=True))
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError
        return [
            None if value is None else _column(rows, key).to_python(value)
            for key, value in zip(order, values, strict=True)
        ]
    except (binascii.Error, ValueError, TypeError, ValidationError, RecursionError) as error:
        raise ProtocolError("The cursor is not one of this list.") from error


def _column(rows: Rows, key: Key) -> Field[Any, Any]:
    resolved = F(key.column).resolve_expression(rows.query.clone())
    field: Field[Any, Any] = resolved.output_field
    return field


def _place_number(text: str) -> int:
    try:
        (number,) = json.loads(b64decode(text, validate=True))
        return int(number)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise ProtocolError("The cursor is not one of this list.") from error


def _counted(rows: Rows, by: str) -> dict[Any, int]:
    counted = rows.order_by().values_list(by).annotate(number=Count("pk"))
    return dict(counted)


page_info = Type("PageInfo")
page_info.plain("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")


def resolvers(type_name: str) -> dict[str, Resolver] | None:
    """How the fields of any `XCountableConnection` and `XCountableEdge` are read; None for another type."""
    if type_name.endswith("Connection"):
        return {field: by_name(field) for field in ("edges", "pageInfo", "totalCount")}
    if type_name.endswith("Edge"):
        return {"node": by_name("node"), "cursor": _cursors}
    return None


def _cursors(edges: list[Edge], *_: Any) -> list[str]:
    return [cursor(edge.place) for edge in edges]
