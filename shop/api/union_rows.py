"""Show rows of two models as one list, read in one query with `UNION ALL`.

Both querysets have the same columns or annotations. Only the methods that reading and paging need are
implemented.
"""

from __future__ import annotations

from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.sql import Query


class UnionRows:
    """The union of two querysets. It can be sorted by columns only."""

    def __init__(
        self,
        first: QuerySet[Model],
        second: QuerySet[Model],
        order: tuple[str | Combinable, ...] = (),
        bounds: slice | None = None,
    ) -> None:
        self._first = first
        self._second = second
        self._order = order
        self._bounds = bounds

    @property
    def query(self) -> Query:
        """The first queryset's query, for the types of the columns. Both have the same."""
        return self._first.query

    def filter(self, *conditions: object, **values: object) -> UnionRows:
        return UnionRows(
            self._first.filter(*conditions, **values), self._second.filter(*conditions, **values), self._order
        )

    def annotate(self, **columns: object) -> UnionRows:
        return UnionRows(self._first.annotate(**columns), self._second.annotate(**columns), self._order)

    def none(self) -> UnionRows:
        return UnionRows(self._first.none(), self._second.none())

    def order_by(self, *order: str | Combinable) -> UnionRows:
        return UnionRows(self._first, self._second, order)

    def count(self) -> int:
        return self._first.count() + self._second.count()

    def __getitem__(self, bounds: slice) -> UnionRows:
        return UnionRows(self._first, self._second, self._order, bounds)

    def values_list(self, *columns: str) -> QuerySet[Model, tuple[object, ...]]:
        union: QuerySet[Model, tuple[object, ...]] = self._first.order_by().values_list(*columns)
        union = union.union(self._second.order_by().values_list(*columns), all=True)
        if self._order:
            union = union.order_by(*self._order)
        return union if self._bounds is None else union[self._bounds]
