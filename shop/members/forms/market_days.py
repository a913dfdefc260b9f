"""Forms for the pickup times of a delivery method: hours and their days."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from itertools import groupby

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.actions.delivery_terms import MarketDayInput
from cooperatives.models import DeliveryMethod, MarketDay, MarketDayKind
from shop.core.dates.calendar import weekday_name
from shop.core.texts.formatting import short_weekday
from shop.core.web.form_options import FormData
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm
from shop.members.forms.rows import initial_from_submission, submitted_row_count

MAX_PICKUP_HOURS = 12


class PickupHoursForm(MembersForm):
    """Pickup hours and the days on which they apply."""

    starts = forms.TimeField(label=pgettext_lazy("hour", "From"))
    ends = forms.TimeField(label=pgettext_lazy("hour", "To"))
    capacity = GroupedWholeNumberField(
        label=_("Order limit"),
        min_value=1,
        max_value=100_000,
        required=False,
        help_text=_("Leave empty for no limit."),
    )
    weekday = forms.MultipleChoiceField(
        label=_("Days of the week"), required=False, widget=forms.CheckboxSelectMultiple
    )
    solar = forms.MultipleChoiceField(
        label=_("Days of the month"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(str(day), str(day)) for day in range(1, 32)],
    )
    lunar = forms.MultipleChoiceField(
        label=_("Days of the lunar month"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(str(day), str(day)) for day in range(1, 31)],
    )

    def __init__(
        self, data: FormData = None, *, prefix: str, initial: MutableMapping[str, object] | None = None
    ) -> None:
        super().__init__(data, prefix=prefix, initial=initial, use_required_attribute=False)
        self.set_choices("weekday", [(str(day), short_weekday(day)) for day in range(7)])
        for name in ("starts", "ends"):
            self.fields[name].widget = forms.TimeInput(
                attrs={"type": "time", "class": "input"}, format="%H:%M"
            )

    @property
    def weekdays(self) -> list[tuple[object, str]]:
        """The weekday checkboxes with full day names."""
        return [(box, str(weekday_name(day))) for day, box in enumerate(self["weekday"])]

    @property
    def is_filled(self) -> bool:
        """Whether the row is filled in. Empty rows are removed."""
        return any(self[name].value() for name in self.fields)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("starts") and cleaned.get("ends") and cleaned["ends"] <= cleaned["starts"]:
            self.add_error("ends", _("The end time must be after the start time."))
        if not any(cleaned.get(kind) for kind in MarketDayKind.values) and not self._has_invalid_days:
            self.add_error("weekday", _("Choose at least one day."))
        return cleaned

    @property
    def _has_invalid_days(self) -> bool:
        return bool(set(MarketDayKind.values) & set(self.errors))

    @property
    def days(self) -> list[MarketDayInput]:
        cleaned = self.cleaned_data
        return [
            MarketDayInput(
                kind=kind,
                number=int(number),
                starts=cleaned["starts"],
                ends=cleaned["ends"],
                capacity=cleaned["capacity"],
            )
            for kind in MarketDayKind
            for number in cleaned[kind.value]
        ]


class CutOffForm(MembersForm):
    cut_off_hours = GroupedWholeNumberField(
        label=_("Order cut-off (hours before)"), min_value=0, max_value=24 * 14
    )


class Timetable:
    """All pickup times of a delivery method."""

    def __init__(self, times: list[PickupHoursForm], cut_off: CutOffForm) -> None:
        self.times, self.cut_off = times, cut_off

    @classmethod
    def from_method(cls, delivery_method: DeliveryMethod) -> Timetable:
        """Build the table from the current market days, grouped by hours and capacity."""
        days = sorted(delivery_method.market_days.all(), key=_hours)
        rows = [(hours, list(days_of_row)) for hours, days_of_row in groupby(days, key=_hours)]
        times = [
            PickupHoursForm(prefix=f"time-{position}", initial=_initial_of_row(days_of_row))
            for position, (_h, days_of_row) in enumerate(rows)
        ]
        return cls(
            times or [PickupHoursForm(prefix="time-0")],
            CutOffForm(initial={"cut_off_hours": delivery_method.cut_off_hours}),
        )

    @classmethod
    def from_submission(cls, data: QueryDict) -> Timetable:
        """Build the table from submitted data, without empty rows. The field `more` adds a row."""
        is_adding_row = bool(data.get("more"))
        positions = range(min(submitted_row_count(data, "times") + is_adding_row, MAX_PICKUP_HOURS))
        if is_adding_row:
            times = [
                PickupHoursForm(
                    prefix=f"time-{position}",
                    initial=initial_from_submission(PickupHoursForm, data, f"time-{position}"),
                )
                for position in positions
            ]
            return cls(times, CutOffForm(initial=data.dict()))
        return cls(
            [PickupHoursForm(data, prefix=f"time-{position}") for position in positions], CutOffForm(data)
        )

    @property
    def forms(self) -> list[MembersForm]:
        return [*self.times, self.cut_off]

    @property
    def has_errors(self) -> bool:
        return any(form.errors for form in self.forms)

    @property
    def can_add_time(self) -> bool:
        """Whether another row may be added."""
        return len(self.times) < MAX_PICKUP_HOURS

    def is_valid(self) -> bool:
        seen_starts: set[tuple[str, int, object]] = set()
        for form in self.times:
            form.empty_permitted = not form.is_filled
            if not form.is_filled or not form.is_valid():
                continue
            day_starts = {(day.kind, day.number, day.starts) for day in form.days}
            if seen_starts & day_starts:
                form.add_error("starts", _("One of these days already has these pickup hours."))
            seen_starts |= day_starts
        return not self.has_errors

    @property
    def days(self) -> list[MarketDayInput]:
        return [day for form in self.times if form.is_filled for day in form.days]


def _hours(day: MarketDay) -> tuple[object, object, int]:
    return day.starts, day.ends, day.capacity or 0


def _initial_of_row(days: Sequence[MarketDay]) -> dict[str, object]:
    first_day = days[0]
    by_kind = {kind: [str(day.number) for day in days if day.kind == kind] for kind in MarketDayKind.values}
    return {
        "starts": first_day.starts,
        "ends": first_day.ends,
        "capacity": first_day.capacity,
        **by_kind,
    }
