"""Forms of the desk: answers with a reason, and searches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.states import ListingState
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from orders.models import OrderSource, Parcel
from orders.models.payment_state import PaymentState
from orders.states import SHOWN_STATUSES, CodState
from shop.core.dates.form_days import validate_day
from shop.core.web.form_options import FormData, FormFiles, FormOptions, Label

MAX_REASON_LENGTH = 2000


def _reason_field(help_text: Label, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        required=required,
        max_length=MAX_REASON_LENGTH,
        help_text=help_text,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )


class ReasonForm(forms.Form):
    """A reason for the cooperative. The action decides whether it is required."""

    reason = _reason_field(_("The cooperative will see this text exactly as you enter it."), required=True)


class OrderReasonForm(forms.Form):
    """A reason for the buyer and the cooperatives of an order. The action decides whether it is required."""

    reason = _reason_field(
        _("The buyer and the cooperative will see this text exactly as you enter it."), required=True
    )


def submitted_reason(submitted: Mapping[str, object]) -> str:
    """Return the submitted reason, truncated to MAX_REASON_LENGTH."""
    return str(submitted.get("reason", ""))[:MAX_REASON_LENGTH]


def chosen_ids(submitted: Iterable[str]) -> list[int]:
    """Return the ticked ids, ignoring invalid values."""
    return [int(text) for text in submitted if text.isascii() and text.isdecimal() and len(text) < 19]


class DeliveryForm(forms.Form):
    """A delivery recorded at the desk: the cash, and why the parcel left without its pickup code."""

    cash = forms.ChoiceField(
        label=_("Has the cash been collected?"),
        widget=forms.RadioSelect,
        choices=[("yes", _("Yes, collected in full")), ("no", _("Not yet"))],
        error_messages={"required": _("Choose whether the cash has been collected.")},
    )
    reason = forms.CharField(
        label=_("Reason for handing over without the code"),
        max_length=MAX_REASON_LENGTH,
        help_text=_("For example: phone lost, name checked. Saved with the order."),
        widget=forms.TextInput(attrs={"class": "input"}),
        error_messages={"required": _("Enter why it is handed over without the code.")},
    )

    def __init__(self, data: FormData = None, *, parcel: Parcel) -> None:
        super().__init__(data, prefix=f"delivery-{parcel.pk}")
        if parcel.cod_state != CodState.EXPECTED:
            del self.fields["cash"]
        if not parcel.pickup_code:
            del self.fields["reason"]

    @property
    def is_cash_collected(self) -> bool:
        return self.cleaned_data.get("cash") == "yes"

    @property
    def first_error(self) -> str:
        return str(next(iter(self.errors.values()))[0])


class StateDecisionForm(forms.Form):
    """An answer to a cooperative. The action checks whether the state allows the decision."""

    answer = forms.ChoiceField(
        choices=[choice for choice in CooperativeState.choices if choice[0] != CooperativeState.APPLIED]
    )
    reason = _reason_field(
        _("Required unless you approve. The cooperative will see this text exactly as you enter it."),
        required=False,
    )


class DeskSearch(forms.Form):
    """Search terms and filters in the query string. Invalid choices are ignored."""

    q = forms.CharField(
        label=_("Search"), required=False, widget=forms.TextInput(attrs={"class": "input", "type": "search"})
    )

    def chosen(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name)


class CooperativeSearch(DeskSearch):
    state = forms.ChoiceField(choices=CooperativeState.choices, required=False)


class ListingSearch(DeskSearch):
    state = forms.ChoiceField(choices=ListingState.choices, required=False)


class OrderSearch(DeskSearch):
    """Filters of the list of orders. The further ones are folded until they are needed."""

    FURTHER_FIELDS = ("source", "cooperative")

    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            ("", pgettext_lazy("report", "All")),
            *((value, capfirst(status.label)) for value, status in SHOWN_STATUSES.items()),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    payment = forms.ChoiceField(
        label=pgettext_lazy("order", "Payment"),
        required=False,
        choices=[
            ("", pgettext_lazy("report", "All")),
            *((value, capfirst(label)) for value, label in PaymentState.choices),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    source = forms.ChoiceField(
        label=pgettext_lazy("report", "Source"),
        required=False,
        choices=[
            ("", pgettext_lazy("report", "All")),
            *((value, capfirst(label)) for value, label in OrderSource.choices),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    cooperative = forms.ModelChoiceField(
        label=_("Cooperative"),
        required=False,
        queryset=Cooperative.objects.none(),
        empty_label=pgettext_lazy("report", "All"),
        widget=forms.Select(attrs={"class": "input"}),
    )
    day = forms.DateField(
        validators=[validate_day],
        label=_("Order date"),
        required=False,
        input_formats=["%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%Y-%m-%d"],
        widget=forms.DateInput(
            format="%d/%m/%Y", attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}
        ),
        error_messages={"invalid": _("Enter the date as 24/11/2026.")},
    )

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self.order_fields(["q", "status", "payment", "day"])
        self.fields["q"].label = _("Code, label, phone, email or name")
        cooperative = self.fields["cooperative"]
        assert isinstance(cooperative, forms.ModelChoiceField)
        cooperative.queryset = Cooperative.objects.order_by("name", "pk")

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.FURTHER_FIELDS]

    @property
    def further_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FURTHER_FIELDS]

    @property
    def further_count(self) -> int:
        """How many of the further fields narrow the list."""
        return sum(bool(self[name].value()) for name in self.FURTHER_FIELDS)
