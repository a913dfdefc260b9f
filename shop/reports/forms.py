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
from shop.core.models import Channel, Division, market_channel
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import Label
from shop.core.web.query_names import QUERY_NAMES, QueryForm
from shop.reports.periods import ReportInterval
from shop.reports.sales import SalesBasis, SalesGroup, SalesPrice, SalesQuery

# Longer reports are unreadable, and their files too large to open.
MAX_DAYS = {ReportInterval.DAY: 366, ReportInterval.WEEK: 5 * 366, ReportInterval.MONTH: 30 * 366}

# Fields that are folded until they are needed.
FURTHER_FIELDS = ("category", "province", "channel", "source", "price", "basis")


def _select_field(label: Label, choices: Sequence[tuple[str, Label]]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, required=False, widget=forms.Select(attrs={"class": "input"})
    )


class SalesForm(QueryForm):
    """The sales report's period, grouping and filters.

    By default it shows this month, by day and cooperative.
    """

    from_day = DayField(pgettext_lazy("report", "From"))
    until_day = DayField(pgettext_lazy("report", "To"))
    interval = _select_field(pgettext_lazy("report", "Period"), ReportInterval.choices)
    group = _select_field(pgettext_lazy("report", "Group by"), SalesGroup.choices)
    cooperative = _select_field(_("Cooperative"), [])
    category = _select_field(_("Category"), [])
    province = _select_field(_("Province"), [])
    channel = _select_field(_("Channel"), [])
    source = _select_field(
        pgettext_lazy("report", "Source"), [("", pgettext_lazy("report", "All")), *OrderSource.choices]
    )
    price = _select_field(
        pgettext_lazy("report", "Prices"), [("", pgettext_lazy("report", "All")), *SalesPrice.choices]
    )
    basis = _select_field(_("What counts"), SalesBasis.choices)

    def __init__(self, data: Mapping[str, object], *, today: datetime.date) -> None:
        month_start = today.replace(day=1)
        defaults = {
            "from_day": f"{month_start:%d/%m/%Y}",
            "until_day": f"{today:%d/%m/%Y}",
            "interval": ReportInterval.DAY,
            "group": SalesGroup.COOPERATIVE,
            "basis": SalesBasis.NET,
        }
        submitted = {name: value for name, value in data.items() if value}
        super().__init__({QUERY_NAMES[name]: value for name, value in defaults.items()} | submitted)
        market = market_channel()
        self.channels = list(Channel.objects.order_by("pk"))
        self.currency = market.currency if market else "VND"
        self.categories = list(Category.objects.order_by("path", "pk"))
        cooperatives = Cooperative.objects.order_by("name", "pk").values_list("pk", "name")
        provinces = Division.objects.current(day=today).provinces().values_list("code", "name")
        self._choose("cooperative", cooperatives)
        self._choose(
            "category",
            [(category.pk, "\u2003" * category.level + category.name) for category in self.categories],
        )
        self._choose("province", provinces)
        self._choose(
            "channel", [(channel.pk, f"{channel.name} ({channel.currency})") for channel in self.channels]
        )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_day"), cleaned.get("until_day")
        if first and last and last < first:
            self.add_error("until_day", _("The end date must not be before the start date."))
        elif (
            first
            and last
            and (last - first).days >= MAX_DAYS[ReportInterval(cleaned.get("interval") or ReportInterval.DAY)]
        ):
            self.add_error(
                "interval", _("This period is too long for the chosen interval. Choose weeks or months.")
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
        """How many of the further fields narrow the report."""
        return sum(self[name].value() not in ("", None, SalesBasis.NET) for name in FURTHER_FIELDS)

    def sales_query(self) -> SalesQuery:
        """Return the query of a valid form.

        If no channel is chosen, it covers all of the market's currency.
        """
        cleaned = self.cleaned_data
        chosen_channels = [channel for channel in self.channels if str(channel.pk) == cleaned["channel"]]
        channels = chosen_channels or [
            channel for channel in self.channels if channel.currency == self.currency
        ]
        category = next(
            (category for category in self.categories if str(category.pk) == cleaned["category"]), None
        )
        return SalesQuery(
            first=cleaned["from_day"],
            last=cleaned["until_day"],
            interval=ReportInterval(cleaned["interval"] or ReportInterval.DAY),
            group=SalesGroup(cleaned["group"] or SalesGroup.COOPERATIVE),
            channel_ids=tuple(channel.pk for channel in channels),
            currency=channels[0].currency if channels else self.currency,
            cooperative_id=int(cleaned["cooperative"]) if cleaned["cooperative"] else None,
            category=category,
            province=cleaned["province"],
            source=cleaned["source"],
            price=SalesPrice(cleaned["price"]) if cleaned["price"] else None,
            basis=SalesBasis(cleaned["basis"] or SalesBasis.NET),
        )

    def _choose(self, name: str, choices: Iterable[tuple[object, object]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", pgettext_lazy("report", "All")), *choices]
