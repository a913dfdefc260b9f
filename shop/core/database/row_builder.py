"""Build the results of a compiled query from database rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, QuerySet, prefetch_related_objects
from django.db.models.base import ModelState
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesIterable,
    ValuesListIterable,
    get_related_populators,
)

RowBuilder: TypeAlias = Callable[[list[Any]], list[Any]]  # converts database rows to results


def row_builder(rows: QuerySet[Any], compiler: Any) -> RowBuilder:
    """Return a function that converts database rows to the queryset's objects."""
    iterable_class = rows._iterable_class
    if iterable_class is ModelIterable:
        return _model_builder(rows, compiler)
    if iterable_class is FlatValuesListIterable:
        return lambda fetched: [row[0] for row in fetched]
    if iterable_class is ValuesListIterable:
        if compiler.has_extra_select:  # extra columns used for ordering
            return lambda fetched: [tuple(row[: compiler.col_count]) for row in fetched]
        return lambda fetched: list(map(tuple, fetched))
    if iterable_class is ValuesIterable:
        query = rows.query
        names = list(query.selected or (*query.values_select, *query.annotation_select))
        return lambda fetched: [dict(zip(names, row, strict=False)) for row in fetched]
    raise TypeError(
        f"A compiled query returns models, values or lists of values, not {iterable_class.__name__}."
    )


def _model_builder(rows: QuerySet[Any], compiler: Any) -> RowBuilder:
    columns = compiler.klass_info["select_fields"]
    first, end, model = columns[0], columns[-1] + 1, compiler.klass_info["model"]
    names = [column[0].target.attname for column in compiler.select[first:end]]
    related = get_related_populators(  # type: ignore[call-arg]
        compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS
    )
    annotations = compiler.annotation_col_map.items()
    lookups = rows._prefetch_related_lookups  # type: ignore[attr-defined]

    def build_rows(fetched: list[Any]) -> list[Any]:
        models = []
        for row in fetched:
            instance = _build_model(model, names, row[first:end])
            _set_related_rows(instance, related, row)
            for name, column_index in annotations:
                setattr(instance, name, row[column_index])
            models.append(instance)
        if lookups:
            prefetch_related_objects(models, *lookups)
        return models

    return build_rows


def _build_model(model: type[Model], names: Sequence[str], values: Sequence[object]) -> Model:
    """Build a model like Django's `from_db`, without calling field descriptors.

    The values come from the database, and the new object has no state that they could contradict. Deferred
    columns load on access.
    """
    instance = model.__new__(model)
    state = ModelState()
    state.db, state.adding = DEFAULT_DB_ALIAS, False
    instance.__dict__.update(zip(names, values, strict=True), _state=state)
    return instance


def _set_related_rows(instance: Model, related: Iterable[Any], row: Sequence[Any]) -> None:
    """Set the related rows that the same query read. `related` are Django's RelatedPopulators."""
    for populator in related:
        values = row[populator.cols_start : populator.cols_end]
        if values[populator.pk_idx] is None:
            populator.local_setter(instance, None)
            continue
        related_instance = _build_model(populator.model_cls, populator.init_list, values)
        _set_related_rows(related_instance, populator.related_populators, row)
        populator.local_setter(instance, related_instance)
        populator.remote_setter(related_instance, instance)
