"""Provinces and communes in force today, to choose from in forms."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db.models import QuerySet
from django.utils import timezone

from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.models.geography import Division, DivisionLevel


def load_provinces() -> list[Division]:
    return _provinces(vietnam_date(timezone.now()))


def load_communes_of(province_code: str) -> list[Division]:
    """Return the province's communes in force today. If no province is given, there are none."""
    return _communes(vietnam_date(timezone.now()), province_code[:10]) if province_code else []


def load_divisions_with_codes(province_code: str, commune_code: str) -> tuple[list[Division], list[Division]]:
    """Return the province with this code and its commune with that code, each as a list of one or none."""
    codes = [code[:10] for code in (province_code, commune_code) if code]
    rows = _select_divisions_by_code(vietnam_date(timezone.now()), codes) if codes else []
    provinces = [row for row in rows if row.level == DivisionLevel.PROVINCE and row.code == province_code]
    keys = {row.pk for row in provinces}
    return provinces, [row for row in rows if row.parent_id in keys and row.code == commune_code]


@compiled_query
def _provinces(day: datetime.date) -> QuerySet[Division]:
    return Division.objects.current(day=day).provinces()


@compiled_query
def _communes(day: datetime.date, province_code: str) -> QuerySet[Division]:
    return Division.objects.current(day=day).communes_of(province_code)


@compiled_query
def _select_divisions_by_code(day: datetime.date, codes: Collection[str]) -> QuerySet[Division]:
    return Division.objects.current(day=day).filter(code__in=codes)
