"""The period, the grouping and the cooperative of a declared report, all in the query string."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from shop.core.models import market_channel
from shop.core.web.day_fields import DayField
from shop.core.web.query_names import QUERY_NAMES, QueryForm
from shop.reports.declared.declaration import Comparison, Dimension, Report, ReportQuery

MAX_DAYS = 30 * 366


class ReportForm(QueryForm):
    """The options of a report. By default it shows this month by its first dimension.

    `cooperative_id` restricts the report to a cooperative and leaves no choice.
    """

    from_day = DayField(pgettext_lazy("report", "From"))
    until_day = DayField(pgettext_lazy("report", "To"))
    group = forms.ChoiceField(
        label=pgettext_lazy("report", "Group by"), widget=forms.Select(attrs={"class": "input"})
    )
    comparison = forms.ChoiceField(
        label=pgettext_lazy("report", "Compare with"),
        choices=Comparison,
        widget=forms.Select(attrs={"class": "input"}),
    )
    cooperative = forms.ChoiceField(
        label=_("Cooperative"), required=False, widget=forms.Select(attrs={"class": "input"})
    )

    def __init__(
        self,
        data: Mapping[str, object],
        *,
        report: Report,
        today: datetime.date,
        cooperative_id: int | None = None,
    ) -> None:
        self.report, self.today, self.cooperative_id = report, today, cooperative_id
        self.dimensions = [
            row for row in report.dimensions if cooperative_id is None or row.name != "cooperative"
        ]
        defaults = {
            "from_day": f"{today.replace(day=1):%d/%m/%Y}",
            "until_day": f"{today:%d/%m/%Y}",
            "group": self.dimensions[0].name,
            "comparison": Comparison.PERIOD_BEFORE.value,
        }
        submitted = {name: value for name, value in data.items() if value}
        super().__init__({QUERY_NAMES[name]: value for name, value in defaults.items()} | submitted)
        self._set_choices("group", [(row.name, row.label) for row in self.dimensions])
        if not report.has_period:
            del self.fields["from_day"], self.fields["until_day"], self.fields["comparison"]
        if cooperative_id is None and report.cooperative:
            cooperatives = Cooperative.objects.order_by("name", "pk").values_list("pk", "name")
            self._set_choices("cooperative", [("", pgettext_lazy("report", "All")), *cooperatives])
        else:
            del self.fields["cooperative"]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("from_day"), cleaned.get("until_day")
        if isinstance(first, datetime.date) and isinstance(last, datetime.date):
            if last < first:
                self.add_error("until_day", _("The end date must not be before the start date."))
            elif (last - first).days >= MAX_DAYS:
                self.add_error("from_day", _("A report covers thirty years at most."))
        return cleaned

    @property
    def dimension(self) -> Dimension:
        """The chosen dimension of a valid form."""
        return self.report.find_dimension(self.cleaned_data["group"])

    def report_query(self) -> ReportQuery:
        """Return the query of a valid form, in the market's currency."""
        cleaned, market = self.cleaned_data, market_channel()
        chosen = cleaned.get("cooperative")
        return ReportQuery(
            first=cleaned.get("from_day", self.today),
            last=cleaned.get("until_day", self.today),
            currency=market.currency if market else "VND",
            cooperative_id=int(chosen) if chosen else self.cooperative_id,
            comparison=Comparison(cleaned.get("comparison", Comparison.PERIOD_BEFORE)),
        )

    def _set_choices(self, name: str, choices: list[tuple[object, object]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
