"""Queries whose SQL is worked out once: most of what a small query costs is finding out how it is said.

    @prepared
    def prices_of(channel: int, variants: Collection[int]) -> QuerySet[Price]:
        return Price.objects.filter(channel=channel, variant__in=variants)

    prices = prices_of(channel.pk, keys)  # a list of Price

The function is called once for each shape of its arguments, with values that stand for them; from then on
the SQL is sent with the real ones. Positional arguments are keys, texts, days and moments that go to the
database as they are, and collections of those for `__in`; None, True, False and members of enums belong to
the shape, as keyword arguments do (limits, names of columns). An argument that does not reach the SQL as it
is or as a pattern (`__year` changes it, a column of small integers has no place for it) is refused with
ValueError when it is first met.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from enum import Enum
from functools import wraps
from typing import Any, NamedTuple, ParamSpec

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet, prefetch_related_objects
from django.db.models.base import ModelState
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesIterable,
    ValuesListIterable,
    get_related_populators,
)
from django.db.transaction import TransactionManagementError

Given = ParamSpec("Given")

_COLLECTIONS = (list, tuple, set, frozenset)
_CONSTANT = (type(None), bool, Enum)
# Values that stand for arguments: of no column too large, and met nowhere else.
_INTEGERS = 2_000_000_000
_TEXT = "\ue000"  # of a private use; the underscore after it tells patterns, where it is escaped, from texts
_MOMENT = datetime.datetime(1877, 3, 5, 7, 11, 13, tzinfo=datetime.UTC)
_DAY = datetime.date(1877, 3, 5)


class _Ready(NamedTuple):
    """A compiled query: `places` find each of its parameters among the arguments; what is found goes through
    `conversions` and `make`."""

    sql: str
    places: tuple[Callable[[list[Any]], Any], ...]
    conversions: tuple[tuple[int, Any, Any], ...]
    make: Callable[[list[Any]], list[Any]]
    is_locking: bool


def prepared(build: Callable[Given, QuerySet[Any, Any]]) -> Callable[Given, list[Any]]:
    """Decorates a function that builds a queryset; the rows come as a list."""
    known: dict[Hashable, _Ready] = {}

    @wraps(build)
    def ask(*args: Given.args, **shape: Given.kwargs) -> list[Any]:
        given = [_padded(each) if isinstance(each, _COLLECTIONS) else each for each in args]
        if [] in given:
            return list(build(*args, **shape))
        key = (*map(_shape, given), *sorted(shape.items()))
        if key not in known:
            known[key] = _compiled(build, given, shape)
        return _sent(known[key], given)

    return ask


def _padded(given: Iterable[Any]) -> list[Any]:
    """A collection filled up with its last member to a power of two, so that few shapes are met."""
    values = list(given)
    short = (1 << (len(values) - 1).bit_length()) - len(values) if values else 0
    return values + values[-1:] * short


def _shape(value: Any) -> Hashable:
    if isinstance(value, list):
        return (len(value), type(value[0]).__name__)
    return (value,) if isinstance(value, _CONSTANT) else type(value).__name__


def _compiled(build: Callable[..., QuerySet[Any]], given: list[Any], shape: Mapping[str, Any]) -> _Ready:
    """The query for arguments of this shape."""
    stand_ins, places = _stand_ins(given)
    rows = build(*stand_ins, **shape)
    connection = connections[DEFAULT_DB_ALIAS]
    compiler = rows.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet as empty:
        raise ValueError(f"{build.__qualname__} finds nothing, whatever it is asked for.") from empty
    found: list[Callable[[list[Any]], Any]] = []
    met: set[Any] = set()
    for parameter in parameters:
        place = places.get(parameter) if isinstance(parameter, Hashable) else None
        pattern = _pattern_in(parameter, places) if place is None and isinstance(parameter, str) else None
        if pattern is not None:
            found.append(pattern[1])
        else:
            found.append(_reading(place, parameter))
        met.add(pattern[0] if pattern is not None else place)
    unmet = set(places.values()) - met
    if unmet:
        raise ValueError(
            f"{build.__qualname__}: argument {min(unmet)[0] + 1} does not reach the SQL as it is."
        )
    return _Ready(sql, tuple(found), _conversions(compiler), _making(rows, compiler), _is_locking(rows))


def _conversions(compiler: Any) -> tuple[tuple[int, Any, Any], ...]:
    """Which columns the database answers otherwise than Python knows them, and how they become that."""
    columns = [each[0] for each in compiler.select[0 : compiler.col_count]]
    found = compiler.get_converters(columns)
    return tuple((place, converters, column) for place, (converters, column) in found.items())


def _is_locking(rows: QuerySet[Any]) -> bool:
    return rows.query.select_for_update and connections[DEFAULT_DB_ALIAS].features.has_select_for_update


def _stand_ins(given: list[Any]) -> tuple[list[Any], dict[Any, tuple[int, int]]]:
    """For each argument a value of its kind that is met nowhere else; and by how these may be written among
    SQL's parameters the argument and its member."""
    places: dict[Any, tuple[int, int]] = {}

    def stand_in(value: Any, place: tuple[int, int]) -> Any:
        if isinstance(value, _CONSTANT):
            return value
        made = _standing_for(value, len(places))
        places[made] = place
        if isinstance(made, uuid.UUID):
            places[made.hex] = place
        elif isinstance(made, datetime.date):
            places[_adapted(made)] = place
        return made

    made = [
        [stand_in(one, (n, m)) for m, one in enumerate(value)]
        if isinstance(value, list)
        else stand_in(value, (n, -1))
        for n, value in enumerate(given)
    ]
    return made, places


def _standing_for(value: Any, n: int) -> Any:
    if isinstance(value, int):
        return _INTEGERS + n
    if isinstance(value, str):
        return f"{_TEXT}{n}_"
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, datetime.datetime):
        return _MOMENT + datetime.timedelta(seconds=n)
    if isinstance(value, datetime.date):
        return _DAY + datetime.timedelta(days=n)
    raise TypeError(f"A prepared query takes no {type(value).__name__}.")


def _adapted(value: Any) -> Any:
    """A day or a moment as the database takes it."""
    operations = connections[DEFAULT_DB_ALIAS].ops
    if isinstance(value, datetime.datetime):
        return operations.adapt_datetimefield_value(value)
    return operations.adapt_datefield_value(value)


def _pattern_in(
    parameter: str, places: Mapping[Any, tuple[int, int]]
) -> tuple[tuple[int, int], Callable[[list[Any]], Any]] | None:
    """Which argument stands in a pattern of LIKE, and how it is written there; None where none does."""
    escape = connections[DEFAULT_DB_ALIAS].ops.prep_for_like_query
    for made, place in places.items():
        if isinstance(made, str) and made.startswith(_TEXT) and escape(made) in parameter:
            return place, _written_in(parameter.split(escape(made)), _argument(place))
    return None


def _written_in(around: list[str], argument: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    escape = connections[DEFAULT_DB_ALIAS].ops.prep_for_like_query
    return lambda given: escape(argument(given)).join(around)


def _reading(place: tuple[int, int] | None, parameter: Any) -> Callable[[list[Any]], Any]:
    """How the parameter of a request is found in its arguments, written as this one was."""
    if place is None:
        return lambda given: parameter
    argument, kind = _argument(place), type(parameter)
    if isinstance(parameter, int):
        return argument if kind is int else lambda given: kind(argument(given))
    if isinstance(parameter, uuid.UUID):
        return argument
    return lambda given: _written(argument(given))


def _argument(place: tuple[int, int]) -> Callable[[list[Any]], Any]:
    n, m = place
    return lambda given: given[n] if m < 0 else given[n][m]


def _written(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, Enum):
        return value.value
    return _adapted(value) if isinstance(value, datetime.date) else value


def _sent(ready: _Ready, given: list[Any]) -> list[Any]:
    connection = connections[DEFAULT_DB_ALIAS]
    if ready.is_locking and connection.get_autocommit():
        raise TransactionManagementError("Rows are locked in a transaction, which ends it.")
    with connection.cursor() as cursor:
        cursor.execute(ready.sql, tuple(place(given) for place in ready.places))
        found = cursor.fetchall()
    if ready.conversions:
        found = [_converted(row, ready.conversions, connection) for row in found]
    return ready.make(found)


def _converted(
    row: Sequence[Any], conversions: tuple[tuple[int, Any, Any], ...], connection: Any
) -> list[Any]:
    values = list(row)
    for place, converters, column in conversions:
        value = values[place]
        for convert in converters:
            value = convert(value, column, connection)
        values[place] = value
    return values


def _making(rows: QuerySet[Any], compiler: Any) -> Callable[[list[Any]], list[Any]]:
    """How the rows that the database answers become what the queryset is of."""
    kind = rows._iterable_class
    if kind is ModelIterable:
        return _making_models(rows, compiler)
    if kind is FlatValuesListIterable:
        return lambda found: [row[0] for row in found]
    if kind is ValuesListIterable:
        if compiler.has_extra_select:  # columns to order by
            return lambda found: [tuple(row[: compiler.col_count]) for row in found]
        return lambda found: list(map(tuple, found))
    if kind is ValuesIterable:
        query = rows.query
        names = list(query.selected or (*query.values_select, *query.annotation_select))
        return lambda found: [dict(zip(names, row, strict=False)) for row in found]
    raise TypeError(f"A prepared query answers models, values or lists of values, no {kind.__name__}.")


def _making_models(rows: QuerySet[Any], compiler: Any) -> Callable[[list[Any]], list[Any]]:
    columns = compiler.klass_info["select_fields"]
    first, end, model = columns[0], columns[-1] + 1, compiler.klass_info["model"]
    names = [column[0].target.attname for column in compiler.select[first:end]]
    related = get_related_populators(  # type: ignore[call-arg]
        compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS
    )
    annotations = compiler.annotation_col_map.items()
    lookups = rows._prefetch_related_lookups  # type: ignore[attr-defined]

    def make(found: list[Any]) -> list[Any]:
        models = []
        for row in found:
            made = _model(model, names, row[first:end])
            _relate(made, related, row)
            for name, place in annotations:
                setattr(made, name, row[place])
            models.append(made)
        if lookups:
            prefetch_related_objects(models, *lookups)
        return models

    return make


def _model(model: type[Model], names: Sequence[str], values: Sequence[Any]) -> Model:
    """As Django's from_db does it, only that no column is asked how it is to be set: what it holds was read,
    and nothing is known of the object yet that it could contradict. Columns left out are read when needed."""
    made = model.__new__(model)
    state = ModelState()
    state.db, state.adding = DEFAULT_DB_ALIAS, False
    made.__dict__.update(zip(names, values, strict=True), _state=state)
    return made


def _relate(made: Model, related: Iterable[Any], row: Sequence[Any]) -> None:
    """The rows that were read along with it; `related` are Django's RelatedPopulators, which know where."""
    for each in related:
        values = row[each.cols_start : each.cols_end]
        if values[each.pk_idx] is None:
            each.local_setter(made, None)
            continue
        other = _model(each.model_cls, each.init_list, values)
        _relate(other, each.related_populators, row)
        each.local_setter(made, other)
        each.remote_setter(other, made)


def attach(parents: Iterable[Model], name: str, rows: Iterable[Model], *, by: str) -> None:
    """Let `parent.name.all()` be those of the rows whose foreign key `by` is to it, in their order, as if
    Django had prefetched them."""
    groups: dict[Any, list[Model]] = {}
    for row in rows:
        groups.setdefault(getattr(row, f"{by}_id"), []).append(row)
    for parent in parents:
        mine = groups.get(parent.pk, [])
        for row in mine:
            setattr(row, by, parent)
        kept = parent.__dict__.setdefault("_prefetched_objects_cache", {})
        kept[name] = _Attached(type(parent))
        kept[name]._result_cache = mine


class _Attached(QuerySet[Any]):
    """Rows that are read already; another question than for all of them would be about others."""

    def _chain(self) -> _Attached:
        raise TypeError("These rows were attached: nothing but all() can be asked of them.")
