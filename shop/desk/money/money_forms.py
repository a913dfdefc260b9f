"""Forms for rates, settlements, payouts and the ledger."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Unpack

from django import forms
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Category
from cooperatives.models import Cooperative
from orders.actions.payouts.bank_accounts import BankAccount
from orders.actions.settlement.commission_rates import require_valid_last_day, require_valid_rate
from orders.models import CommissionRate, LedgerAccount, WithholdingRate
from orders.payments.banks import BANKS
from shop.core.dates.form_days import validate_day
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.form_options import FormData, FormFiles, FormOptions, Label
from shop.core.web.query_names import QueryForm
from shop.desk.forms import DeskSearch
from shop.desk.money.cash_forms import AmountField

_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?")
_BANKS = [(bank.bin, bank.short_name) for bank in BANKS]
_DAYS = ["%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%Y-%m-%d"]


class PercentField(forms.CharField):
    """A percentage such as `5`, `2,5` or `2.5 %`."""

    widget = forms.TextInput(attrs={"class": "input", "inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {"invalid": _("Enter a rate such as 5 or 2.5.")}

    def clean(self, value: object) -> object:
        text = super().clean(value)
        match = _PERCENT.fullmatch(text.strip())
        if match is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return Decimal(f"{match[1]}.{match[2] or 0}")


def day_field(label: Label, *, required: bool = True) -> forms.DateField:
    """Return a date field in Vietnam's formats."""
    return forms.DateField(
        validators=[validate_day],
        label=label,
        required=required,
        input_formats=_DAYS,
        widget=forms.DateInput(
            format="%d/%m/%Y",
            attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"},
        ),
        error_messages={"invalid": _("Enter the date as 24/11/2026.")},
    )


def _text_field(label: Label, *, required: bool = True, max_length: int = 120) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "input", "autocomplete": "off"})
    return forms.CharField(label=label, required=required, max_length=max_length, widget=widget)


def _choice_field(
    label: Label, choices: Sequence[tuple[str, Label]], *, required: bool = True
) -> forms.ChoiceField:
    widget = forms.Select(attrs={"class": "input"})
    return forms.ChoiceField(label=label, choices=choices, required=required, widget=widget)


def _row_field(label: Label, rows: QuerySet[Model], empty: Label) -> forms.ModelChoiceField[Model]:
    return forms.ModelChoiceField(
        label=label,
        required=False,
        queryset=rows,
        empty_label=empty,
        widget=forms.Select(attrs={"class": "input"}),
    )


def _cooperatives() -> QuerySet[Cooperative]:
    return Cooperative.objects.order_by("name", "pk")


class RateForm(forms.Form):
    """The terms of a new rate, checked before the review by the rules of the action."""

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors:
            with refusals_as_form_errors(self):
                require_valid_rate(cleaned["percent"], cleaned["valid_from"], cleaned["valid_until"])
        return cleaned


class CommissionForm(RateForm):
    """A commission rate for one cooperative or all, and one category (with descendants) or all."""

    cooperative = _row_field(_("Cooperative"), Cooperative.objects.none(), pgettext_lazy("report", "All"))
    category = _row_field(_("Category"), Category.objects.none(), pgettext_lazy("report", "All"))
    percent = PercentField(label=_("Percentage of the product price"))
    valid_from = day_field(_("Start date"))
    valid_until = day_field(_("End date"), required=False)

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        for name, rows in (
            ("cooperative", _cooperatives()),
            ("category", Category.objects.order_by("path", "pk")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows


class WithholdingForm(RateForm):
    """A withholding tax rate by name."""

    name = _text_field(_("Tax name"))
    percent = PercentField(label=_("Percentage of the product price"))
    valid_from = day_field(_("Start date"))
    valid_until = day_field(_("End date"), required=False)


class RateEndForm(forms.Form):
    """The last day of a rate, checked before the review by the rule of the action."""

    last_day = day_field(_("End date"))

    def __init__(self, data: FormData = None, *, rate: CommissionRate | WithholdingRate) -> None:
        super().__init__(data)
        self.rate = rate

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors:
            with refusals_as_form_errors(self):
                require_valid_last_day(self.rate, cleaned["last_day"])
        return cleaned


class CorrectionForm(forms.Form):
    """A correction in favour of or against a cooperative, and the reason."""

    MORE, LESS = "more", "less"
    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    direction = forms.ChoiceField(
        label=_("Type of correction"),
        widget=forms.RadioSelect,
        choices=[(MORE, _("Pay more")), (LESS, _("Pay less"))],
        error_messages={"required": _("Choose whether to pay more or less.")},
    )
    amount = AmountField(label=_("Amount"))
    reason = _text_field(_("Reason"), max_length=250)

    @property
    def signed_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        return amount if self.cleaned_data["direction"] == self.MORE else -amount


class PayoutPaymentForm(forms.Form):
    """The details of a payout that was sent."""

    idempotency_key = forms.UUIDField(widget=forms.HiddenInput)
    reference = _text_field(_("Bank reference"))


class PayoutAccountForm(forms.Form):
    """The bank account of a payout."""

    bank_bin = _choice_field(_("Bank"), [("", _("Choose a bank")), *_BANKS])
    bank_account = forms.RegexField(
        label=_("Account number"),
        regex=r"^\s*[0-9A-Za-z]{4,19}\s*$",
        widget=forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": _("Enter an account number with 4 to 19 digits or letters, without spaces.")
        },
    )
    bank_holder = _text_field(_("Account holder"))

    @property
    def account(self) -> BankAccount:
        cleaned = self.cleaned_data
        return BankAccount(cleaned["bank_bin"], cleaned["bank_account"], cleaned["bank_holder"])


class LedgerSearch(QueryForm, DeskSearch):
    """Filters for postings. Invalid values are ignored."""

    account = _choice_field(
        _("Account"), [("", pgettext_lazy("report", "All")), *LedgerAccount.choices], required=False
    )
    cooperative = _row_field(_("Cooperative"), Cooperative.objects.none(), pgettext_lazy("report", "All"))
    from_day = day_field(pgettext_lazy("period", "From"), required=False)
    until_day = day_field(pgettext_lazy("period", "To"), required=False)

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self.fields["q"].label = _("Order code")
        field = self.fields["cooperative"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = _cooperatives()
