"""Object types of the schema: the resolver of each field and the columns that it needs.

    product = Type("Product", rows=lambda context: Product.objects.visible_to(context.user))
    product.id()
    product.columns(name="name", slug="slug")

    @product_object.field(needs="updated_at")
    def updated_at(products, arguments, context, selection):
        return [product.updated_at for product in products]

A resolver's name in camel case is the field's name. Objects are rows: named tuples of the columns that the
operation's fields need, read by `read`, `by_key` and `grouped`. `row.typename` is the type's name.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, TypeVar

from django.db.models import Model, QuerySet

from shop.api.breadth import by_name
from shop.api.field_permissions import FieldPermission
from shop.api.ids import Key, global_ids
from shop.core.database.compiled_query import compiled_query

if TYPE_CHECKING:
    from shop.api.breadth import Resolver, Selection
    from shop.api.context import Context
    from shop.api.in_channel import InChannel

Rows: TypeAlias = "QuerySet[Model]"


class Row:
    """The base of rows: named tuples of the columns that an operation's fields need.

    The columns differ between operations, so their types are not known here.
    """

    __slots__ = ()
    typename: ClassVar[str]

    if TYPE_CHECKING:

        def __getattr__(self, column: str) -> Any: ...


Resolve = TypeVar("Resolve", bound="Resolver")


class CompiledRows(NamedTuple):
    """A function that builds a frequent query, and its arguments. Its SQL is compiled once.

    The function is at module level. `shop.core.database.compiled_query` says which arguments it may take.
    """

    build: Callable[..., Rows]
    args: tuple[object, ...]
    options: dict[str, object]


def build_rows(rows: CompiledRows) -> Rows:
    """Return the queryset itself, for further filtering."""
    return rows.build(*rows.args, **rows.options)


def compiled_rows(build: Callable[..., Rows], *args: object, **options: object) -> CompiledRows:
    return CompiledRows(build, args, options)


class Type:
    """One object type. `rows` returns the rows visible to the requester. `key` is the model's key column."""

    def __init__(self, name: str, rows: Callable[[Context], Rows] | None = None, *, key: str = "id") -> None:
        self.name = name
        self.resolvers: dict[str, Resolver] = {}
        self._rows = rows
        self._key = key
        self._needs: dict[str, tuple[str, ...]] = {}

    def rows(self, context: Context) -> Rows:
        """Return all rows visible to the requester."""
        if self._rows is None:
            raise TypeError(f"{self.name} has no rows.")
        return self._rows(context)

    def id(self) -> None:
        """Add the field `id`, the global id."""
        key = attrgetter(self._key)

        def resolve(parents: list[Row], *_: object) -> list[str]:
            return global_ids(self.name, map(key, parents))

        self._add("id", resolve, (self._key,))

    def columns(self, **columns: str) -> None:
        """Add fields that return columns of the row (or attributes of a value) unchanged."""
        for field, column in columns.items():
            self._add(field, by_name(column), (column,))

    def column(self, field: str, column: str, *, permissions: Iterable[FieldPermission]) -> None:
        """Add a field that returns a column and needs one of `permissions`."""
        self.field(field, needs=column, permissions=permissions)(by_name(column))

    def value_fields(self, *fields: str) -> None:
        """Add fields of a value that is not a row, from its keys or attributes with the same names."""
        for field in fields:
            self._add(field, by_name(field), ())

    def field(
        self, name: str = "", *, needs: str | Iterable[str] = (), permissions: Iterable[FieldPermission] = ()
    ) -> Callable[[Resolve], Resolve]:
        """Decorate a batch resolver. `needs` are the columns it reads. Any of `permissions` is enough."""
        columns = (needs,) if isinstance(needs, str) else tuple(needs)
        checked_permissions = tuple(permissions)

        def add(resolve: Resolve) -> Resolve:
            self._add(
                name or camel_case_name(resolve), _with_rights_check(resolve, checked_permissions), columns
            )
            return resolve

        return add

    def related(
        self,
        field: str,
        target: Type,
        *,
        column: str,
        rows: Rows | Callable[[], Rows] | None = None,
        permissions: Iterable[FieldPermission] = (),
    ) -> None:
        """Add a field for the row that `column` refers to.

        It takes one query, and is null if the row is not visible. Pass `rows` if every requester of the
        parent may see these rows.
        """

        def resolve(
            parents: list[Row], arguments: object, context: Context, selection: Selection
        ) -> list[Row | None]:
            keys = [getattr(parent, column) for parent in parents]
            rows_by_key = target.by_key(context, keys, selection.names(), rows=rows)
            return [rows_by_key.get(key) for key in keys]

        self.field(field, needs=column, permissions=permissions)(resolve)

    def related_rows(
        self,
        field: str,
        target: Type,
        *,
        column: str,
        order: Sequence[str],
        rows: Rows | None = None,
        permissions: Iterable[FieldPermission] = (),
    ) -> None:
        """Add a field for the rows of `target` whose `column` refers to the row, in `order`.

        It takes one query. Pass `rows` if every requester of the parent may see these rows.
        """

        def resolve(
            parents: list[Row], arguments: object, context: Context, selection: Selection
        ) -> list[list[Row]]:
            keys = [getattr(parent, self._key) for parent in parents]
            visible_rows = target.rows(context) if rows is None else rows
            children = visible_rows.filter(**{f"{column}__in": {key for key in keys if key is not None}})
            rows_by_parent = target.grouped(children.order_by(*order), selection.names(), by=column)
            return [rows_by_parent.get(key, []) for key in keys]

        self.field(field, needs=self._key, permissions=permissions)(resolve)

    def related_in_channel(
        self, field: str, target: InChannel, *, column: str, channel_column: str | None = "in_channel"
    ) -> None:
        """Add a field for the row that `column` refers to, seen in the channel of `channel_column`.

        If `channel_column` is None, the row is seen across channels, which only staff do.
        """

        def resolve(
            parents: list[Row], arguments: object, context: Context, selection: Selection
        ) -> list[Row | None]:
            pairs = [
                (getattr(parent, column), getattr(parent, channel_column) if channel_column else None)
                for parent in parents
            ]
            rows_by_pair = target.by_pair(context, pairs, selection.names())
            return [rows_by_pair.get(pair) for pair in pairs]

        self._add(field, resolve, (column, channel_column) if channel_column else (column,))

    def as_type(self, field: str, as_: Type, *, permissions: Iterable[FieldPermission] = ()) -> None:
        """Add a field that returns the row itself as another type, for columns that the schema groups."""
        columns = tuple(dict.fromkeys(column for needs in as_._needs.values() for column in needs))
        self.field(field, needs=columns, permissions=permissions)(lambda parents, *_: parents)

    def unsupported(self, *fields: str, value: object = None) -> None:
        """Add fields that this shop does not support. They always return `value`."""
        for field in fields:
            self._add(field, lambda parents, *_: [value] * len(parents), ())

    def _add(self, field: str, resolve: Resolver, needs: tuple[str, ...]) -> None:
        if field in self.resolvers:
            raise ValueError(f"{self.name}.{field} has two resolvers.")
        self.resolvers[field] = resolve
        self._needs[field] = needs

    def columns_for(self, fields: Iterable[str], *more_columns: str) -> tuple[str, ...]:
        """Return the columns that these fields need, plus the key and `more_columns`, without duplicates."""
        needs = self._needs
        columns = dict.fromkeys((self._key, *more_columns))
        for field in fields:
            columns.update(dict.fromkeys(needs.get(field, ())))
        return tuple(columns)

    def read(self, rows: Rows | CompiledRows, fields: Iterable[str], *more_columns: str) -> list[Row]:
        """Read a queryset's rows with the columns of these fields and `more_columns`. It takes one query."""
        columns = self.columns_for(fields, *more_columns)
        make_row = _row_maker(self.name, columns)
        if isinstance(rows, CompiledRows):
            values_of_rows: Iterable[tuple[object, ...]] = _compiled_values(rows.build)(
                *rows.args, columns=columns, **rows.options
            )
        else:
            values_of_rows = rows.values_list(*columns)
        return [make_row(values) for values in values_of_rows]

    def row_of(self, instance: Model, fields: Iterable[str]) -> Row:
        """Return the row of a saved instance that holds the columns of these fields. No query."""
        columns = self.columns_for(fields)
        values = [attrgetter(column.replace("__", "."))(instance) for column in columns]
        return _row_maker(self.name, columns)(values)

    def by_key(
        self,
        context: Context,
        keys: Iterable[Key | None],
        fields: Iterable[str],
        *,
        rows: Rows | Callable[[], Rows] | None = None,
    ) -> dict[Key | None, Row]:
        """Return the visible rows (or those of `rows`) with these keys, by key. At most one query."""
        requested = {key for key in keys if key is not None}
        if not requested:
            return {}
        visible_rows = self.rows(context) if rows is None else rows
        key = attrgetter(self._key)
        if callable(visible_rows):
            query_rows: Rows | CompiledRows = compiled_rows(
                _filter_by_keys, requested, rows=visible_rows, key=self._key
            )
        elif _is_unfiltered(visible_rows):
            query_rows = compiled_rows(_filter_by_keys, requested, rows=visible_rows.model, key=self._key)
        else:
            query_rows = visible_rows.filter(**{f"{self._key}__in": requested})
        return {key(row): row for row in self.read(query_rows, fields)}

    def grouped(self, rows: Rows | CompiledRows, fields: Iterable[str], *, by: str) -> dict[Any, list[Row]]:
        """Return the rows of a queryset in its order, grouped by a column's value. It takes one query."""
        groups: dict[Any, list[Row]] = {}
        parent = attrgetter(by)
        for row in self.read(rows, fields, by):
            groups.setdefault(parent(row), []).append(row)
        return groups


@cache
def _compiled_values(build: Callable[..., Rows]) -> Callable[..., list[tuple[object, ...]]]:
    def values(
        *args: object, columns: tuple[str, ...], **options: object
    ) -> QuerySet[Model, tuple[object, ...]]:
        return build(*args, **options).values_list(*columns)

    values.__qualname__ = build.__qualname__
    return compiled_query(values)


def _filter_by_keys(keys: Collection[Key], *, rows: type[Model] | Callable[[], Rows], key: str) -> Rows:
    """Return the rows with these keys, of a model or of the queryset that a function returns."""
    all_rows: Rows = QuerySet(rows) if isinstance(rows, type) else rows()
    return all_rows.filter(**{f"{key}__in": keys})


def _is_unfiltered(rows: object) -> bool:
    """Return whether a queryset selects all rows of its model, without filters or annotations."""
    if not isinstance(rows, QuerySet):
        return False
    query = rows.query
    return (
        not (query.where or query.annotations or query.combinator or query.distinct or query.is_sliced)
        and not query.extra
    )


def camel_case_name(resolve: Callable[..., object]) -> str:
    """Convert "external_reference" to "externalReference".

    A trailing underscore (reserved words) is dropped.
    """
    first, *later_words = resolve.__name__.rstrip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in later_words)


def type_names(values: Sequence[object], context: object) -> list[str | None]:
    """Return the type name of each object of an interface or union."""
    return [_type_name(value) for value in values]


def _type_name(value: object) -> str | None:
    if isinstance(value, Mapping):
        return value.get("__typename")
    return getattr(value, "typename", None) or type(value).__name__


def _with_rights_check(resolve: Resolver, permissions: tuple[FieldPermission, ...]) -> Resolver:
    if not permissions:
        return resolve

    def guarded(
        parents: list[Row], arguments: object, context: Context, selection: Selection
    ) -> Sequence[object]:
        context.require(*permissions)
        return resolve(parents, arguments, context, selection)

    return guarded


@lru_cache(maxsize=2048)
def _row_maker(type_name: str, columns: tuple[str, ...]) -> Callable[[Iterable[object]], Row]:
    columns_class = namedtuple("columns", columns)  # type: ignore[misc]
    row_class = type(f"{type_name}Row", (columns_class, Row), {"__slots__": (), "typename": type_name})
    return partial(tuple.__new__, row_class)
