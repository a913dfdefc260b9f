"""Report filters, all in the query string."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Category
from cooperatives.models import Cooperative
from orders.models import OrderSource
from shop.core.dates.form_days import validate_day
from shop.core.models import Channel, Division, market_channel
from shop.core.web.form_options import Label
from shop.reports.periods import ReportInterval
from shop.reports.sales import SalesBasis, SalesGroup, SalesQuery

# Longer reports are unreadable, and their files too large to open.
MAX_DAYS = {ReportInterval.DAY: 366, ReportInterval.WEEK: 5 * 366, ReportInterval.MONTH: 30 * 366}

# Fields that are folded until they are needed.
FURTHER_FIELDS = ("loai", "tinh", "kenh", "nguon", "dem")


class DayField(forms.DateField):
    """A date in Vietnam's format or ISO 8601."""

    def __init__(self, label: Label) -> None:
        super().__init__(
            label=label,
            validators=[validate_day],
            input_formats=["%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%Y-%m-%d"],
            widget=forms.DateInput(format="%d/%m/%Y", attrs={"class": "input", "inputmode": "numeric"}),
            error_messages={"invalid": _("Enter the date as 24/11/2026.")},
        )


def _select_field(label: Label, choices: Sequence[tuple[str, Label]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, required=False, widget=forms.Select(attrs={"class": "input"})
    )


class SalesForm(forms.Form):
    """The sales report's period, grouping and filters; by default this month, by day and cooperative."""

    tu = DayField(pgettext_lazy("report", "From"))
    den = DayField(pgettext_lazy("report", "To"))
    theo = _select_field(pgettext_lazy("report", "Period"), ReportInterval.choices)
    nhom = _select_field(pgettext_lazy("report", "Group by"), SalesGroup.choices)
    htx = _select_field(_("Cooperative"), [])
    loai = _select_field(_("Category"), [])
    tinh = _select_field(_("Province"), [])
    kenh = _select_field(_("Channel"), [])
    nguon = _select_field(
        pgettext_lazy("report", "Source"), [("", pgettext_lazy("report", "All")), *OrderSource.choices]
    )
    dem = _select_field(_("What counts"), SalesBasis.choices)

    def __init__(self, data: Mapping[str, object], *, today: datetime.date) -> None:
        month_start = today.replace(day=1)
        defaults = {"tu": f"{month_start:%d/%m/%Y}", "den": f"{today:%d/%m/%Y}", "theo": ReportInterval.DAY}
        defaults |= {"nhom": SalesGroup.COOPERATIVE, "dem": SalesBasis.NET}
        submitted = {name: value for name, value in data.items() if value}
        super().__init__(defaults | submitted)
        market = market_channel()
        self.channels = list(Channel.objects.order_by("pk"))
        self.currency = market.currency if market else "VND"
        self.categories = list(Category.objects.order_by("path", "pk"))
        cooperatives = Cooperative.objects.order_by("name", "pk").values_list("pk", "name")
        provinces = Division.objects.current(day=today).provinces().values_list("code", "name")
        self._choose("htx", cooperatives)
        self._choose(
            "loai", [(category.pk, "\u2003" * category.level + category.name) for category in self.categories]
        )
        self._choose("tinh", provinces)
        self._choose(
            "kenh", [(channel.pk, f"{channel.name} ({channel.currency})") for channel in self.channels]
        )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("tu"), cleaned.get("den")
        if first and last and last < first:
            self.add_error("den", _("The end date must not be before the start date."))
        elif (
            first
            and last
            and (last - first).days >= MAX_DAYS[ReportInterval(cleaned.get("theo") or ReportInterval.DAY)]
        ):
            self.add_error(
                "theo", _("This period is too long for the chosen interval. Choose weeks or months.")
            )
        return cleaned

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in FURTHER_FIELDS]

    @property
    def further_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FURTHER_FIELDS]

    @property
    def further_count(self) -> int:
        """Return how many of the further fields narrow the report."""
        return sum(self[name].value() not in ("", None, SalesBasis.NET) for name in FURTHER_FIELDS)

    def sales_query(self) -> SalesQuery:
        """Return the query of a valid form. Without a channel: all channels of the market's currency."""
        cleaned = self.cleaned_data
        chosen_channels = [channel for channel in self.channels if str(channel.pk) == cleaned["kenh"]]
        channels = chosen_channels or [
            channel for channel in self.channels if channel.currency == self.currency
        ]
        category = next(
            (category for category in self.categories if str(category.pk) == cleaned["loai"]), None
        )
        return SalesQuery(
            first=cleaned["tu"],
            last=cleaned["den"],
            interval=ReportInterval(cleaned["theo"] or ReportInterval.DAY),
            group=SalesGroup(cleaned["nhom"] or SalesGroup.COOPERATIVE),
            channel_ids=tuple(channel.pk for channel in channels),
            currency=channels[0].currency if channels else self.currency,
            cooperative_id=int(cleaned["htx"]) if cleaned["htx"] else None,
            category=category,
            province=cleaned["tinh"],
            source=cleaned["nguon"],
            basis=SalesBasis(cleaned["dem"] or SalesBasis.NET),
        )

    def _choose(self, name: str, choices: Iterable[tuple[object, object]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", pgettext_lazy("report", "All")), *choices]
