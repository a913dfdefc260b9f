"""The dimensions that reports share: time, cooperatives, places and choices."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, F, Func, IntegerField, TextChoices
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from catalog.models import Variant
from cooperatives.models import Producer
from orders.models import OrderSource
from shop.core.dates.calendar import weekday_name
from shop.core.models import Division, DivisionLevel
from shop.core.texts.formatting import translated_reason
from shop.reports.declared.declaration import Dimension, Report
from shop.reports.group_names import MAX_KEYS_PER_QUERY, load_group_names
from shop.reports.periods import PeriodStart, ReportInterval, period_label
from shop.reports.sales import SalesGroup


class VietnamDay(Func):
    """The day of a moment in Vietnam, as a database function.

    Django's TruncDate does the same, but on SQLite with a Python function called for every row. Vietnam has
    been seven hours ahead of UTC since 1975.
    """

    output_field = DateField()
    arity = 1

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        return super().as_sql(compiler, connection, template="date(%(expressions)s, '+7 hours')", **extra)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        template = "(%(expressions)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"
        return super().as_sql(compiler, connection, template=template, **extra)


class VietnamClock(Func):
    """The hour (0 to 23) or the weekday (0 is Monday) of a moment in Vietnam, as a database function."""

    output_field = IntegerField()
    arity = 1
    _SQLITE = {
        "hour": "CAST(strftime('%%%%H', %(expressions)s, '+7 hours') AS INTEGER)",
        "weekday": "(CAST(strftime('%%%%w', %(expressions)s, '+7 hours') AS INTEGER) + 6) %%%% 7",
    }
    _POSTGRESQL = {
        "hour": "EXTRACT(HOUR FROM %(expressions)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::integer",
        "weekday": "EXTRACT(ISODOW FROM %(expressions)s AT TIME ZONE 'Asia/Ho_Chi_Minh')::integer - 1",
    }

    def __init__(self, moment: Combinable, hand: str) -> None:
        super().__init__(moment)
        self.extra["hand"] = hand

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        return super().as_sql(compiler, connection, template=self._SQLITE[self.extra["hand"]], **extra)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        return super().as_sql(compiler, connection, template=self._POSTGRESQL[self.extra["hand"]], **extra)


def _clock_dimension(hand: str, label: Promise, name_of_key: Callable[[int], str]) -> Dimension:
    """Return the dimension of the hours or weekdays of the lookup `placed_at`."""

    def clock_key(report: Report) -> Combinable:
        return VietnamClock(report.lookup("placed_at"), hand)

    def load_labels(keys: Collection[object]) -> Mapping[object, str]:
        return {key: name_of_key(key) for key in keys if isinstance(key, int)}

    return Dimension(hand, label, clock_key, load_labels, is_in_key_order=True)


def _weekday_label(weekday: int) -> str:
    return _capitalised(str(weekday_name(weekday)))


def _hour_label(hour: int) -> str:
    return f"{hour:02}:00–{hour:02}:59"


_TIME_LABELS: dict[ReportInterval, Promise] = {
    ReportInterval.DAY: pgettext_lazy("report", "Day"),
    ReportInterval.WEEK: pgettext_lazy("report", "Week"),
    ReportInterval.MONTH: pgettext_lazy("report", "Month"),
}


def _time_dimension(interval: ReportInterval) -> Dimension:
    """Return the dimension of the days, weeks or months of a report's moment."""

    def period_key(report: Report) -> Combinable:
        return PeriodStart(F(report.day) if report.day else VietnamDay(F(report.moment)), interval)

    def load_labels(keys: Collection[object]) -> Mapping[object, str]:
        return {key: period_label(key, interval) for key in keys if isinstance(key, datetime.date)}

    return Dimension(interval.value, _TIME_LABELS[interval], period_key, load_labels, is_time=True)


def group_dimension(group: SalesGroup) -> Dimension:
    """Return a dimension whose keys have the names that the sales report gives them."""

    def group_key(report: Report) -> Combinable:
        return report.lookup(group.value)

    def load_names(keys: Collection[object]) -> Mapping[object, str]:
        return load_group_names(group, keys)

    return Dimension(group.value, group.label, group_key, load_names)


def choice_dimension(name: str, label: Promise, choices: type[TextChoices]) -> Dimension:
    """Return a dimension whose keys are the values of a column with choices."""

    def choice_key(report: Report) -> Combinable:
        return report.lookup(name)

    def load_labels(keys: Collection[object]) -> Mapping[object, str]:
        labels: dict[object, str] = {choice.value: str(choice.label) for choice in choices}
        return {key: _capitalised(labels.get(key, "")) or _("Not specified") for key in keys}

    return Dimension(name, label, choice_key, load_labels)


def text_dimension(name: str, label: Promise, empty_name: Callable[[], str]) -> Dimension:
    """Return a dimension whose keys are texts that name themselves, such as carriers."""

    def text_key(report: Report) -> Combinable:
        return report.lookup(name)

    def load_texts(keys: Collection[object]) -> Mapping[object, str]:
        return {key: str(key) if key else empty_name() for key in keys}

    return Dimension(name, label, text_key, load_texts)


def _load_commune_names(keys: Collection[object]) -> Mapping[object, str]:
    """Return the names of communes with their provinces, because several communes have the same name."""
    communes = Division.objects.filter(level=DivisionLevel.COMMUNE).order_by("valid_from", "pk")
    rows = communes.values_list("code", "name", "parent__name")
    names = {code: f"{name}, {province}" for code, name, province in rows}
    return {key: names.get(str(key)) or (_("No longer known") if key else _("Not specified")) for key in keys}


def reason_dimension(name: str, label: Promise) -> Dimension:
    """Return a dimension whose keys are recorded reasons, which are translated if they are the shop's own."""

    def reason_key(report: Report) -> Combinable:
        return report.lookup(name)

    def load_reasons(keys: Collection[object]) -> Mapping[object, str]:
        return {key: translated_reason(str(key)) if key else _("Not specified") for key in keys}

    return Dimension(name, label, reason_key, load_reasons)


def band_dimension(name: str, label: Promise, bands: Sequence[Promise]) -> Dimension:
    """Return a dimension whose keys are the positions of bands, such as of ages."""

    def band_key(report: Report) -> Combinable:
        return report.lookup(name)

    def load_bands(keys: Collection[object]) -> Mapping[object, str]:
        return {key: str(bands[key]) for key in keys if isinstance(key, int)}

    return Dimension(name, label, band_key, load_bands, is_in_key_order=True)


def _load_variant_names(keys: Collection[object]) -> Mapping[object, str]:
    """Return the names of variants with their products'."""
    variants = Variant.objects.all()
    if len(keys) <= MAX_KEYS_PER_QUERY:
        variants = variants.filter(pk__in=[key for key in keys if key])
    rows = variants.values_list("pk", "product__name", "name")
    names: dict[object, str] = {pk: ", ".join(filter(None, (product, name))) for pk, product, name in rows}
    return {key: names.get(key) or _("No longer known") for key in keys}


def _load_producer_names(keys: Collection[object]) -> Mapping[object, str]:
    """Return the names of households that agreed to be named."""
    names: dict[object, str] = dict(Producer.objects.public().values_list("pk", "name"))
    return {key: names.get(key) or (_("Not named") if key else _("Not specified")) for key in keys}


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


BY_DAY, BY_WEEK, BY_MONTH = (_time_dimension(interval) for interval in ReportInterval)
TIMES = (BY_MONTH, BY_WEEK, BY_DAY)
BY_WEEKDAY = _clock_dimension("weekday", pgettext_lazy("report", "Day of the week"), _weekday_label)
BY_HOUR = _clock_dimension("hour", pgettext_lazy("report", "Hour"), _hour_label)
BY_COOPERATIVE = group_dimension(SalesGroup.COOPERATIVE)
BY_PROVINCE = group_dimension(SalesGroup.PROVINCE)
BY_PRODUCT = group_dimension(SalesGroup.PRODUCT)
BY_CATEGORY = group_dimension(SalesGroup.CATEGORY)
BY_CHANNEL = group_dimension(SalesGroup.CHANNEL)
BY_SOURCE = choice_dimension("source", pgettext_lazy("report", "Source"), OrderSource)
BY_COMMUNE = Dimension(
    "commune", gettext_lazy("Commune"), lambda report: report.lookup("commune"), _load_commune_names
)
BY_CARRIER = text_dimension("carrier", gettext_lazy("Carrier"), lambda: _("No carrier given"))
BY_VARIANT = Dimension(
    "variant",
    pgettext_lazy("report", "Variant"),
    lambda report: report.lookup("variant"),
    _load_variant_names,
)
BY_PRODUCER = Dimension(
    "producer",
    pgettext_lazy("report", "Producer"),
    lambda report: report.lookup("producer"),
    _load_producer_names,
)
