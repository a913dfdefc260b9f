"""Forms of the debt book: sales on account, payments, corrections, and the days of a statement."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.customers.customer_records import MAX_DEBT
from orders.actions.customers.debt_entries import MAX_ENTRY_NOTE_LENGTH
from orders.models import DebtPaymentMethod
from shop.core.web.confirmations import ConfirmableForm
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import Label
from shop.core.web.query_names import QueryForm
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm

_AMOUNT = _("Amount")


class DebtAmountField(GroupedWholeNumberField):
    def __init__(self, label: Label = _AMOUNT) -> None:
        super().__init__(label=label, min_value=1, max_value=MAX_DEBT)


class SaleOnAccountForm(MembersForm):
    amount = DebtAmountField()
    note = forms.CharField(
        label=_("What was bought"),
        max_length=MAX_ENTRY_NOTE_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    happened_on = DayField(_("Day of the sale"))
    due_on = DayField(_("To be paid by"), required=False)


class DebtPaymentForm(ConfirmableForm, MembersForm):
    amount = DebtAmountField()
    method = forms.ChoiceField(
        label=pgettext_lazy("debt", "Paid by"), choices=DebtPaymentMethod, widget=forms.RadioSelect
    )
    happened_on = DayField(_("Day of the payment"))
    note = forms.CharField(
        label=pgettext_lazy("debt", "Note"),
        max_length=MAX_ENTRY_NOTE_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DebtCorrectionForm(ConfirmableForm, MembersForm):
    LESS, MORE = "less", "more"

    direction = forms.ChoiceField(
        label=_("The customer owes"),
        choices=[(LESS, pgettext_lazy("debt", "Less")), (MORE, pgettext_lazy("debt", "More"))],
        widget=forms.RadioSelect,
    )
    amount = DebtAmountField(label=_("By how much"))
    reason = forms.CharField(
        label=pgettext_lazy("debt", "Reason"),
        help_text=_("It stays in the book and on the customer's statement."),
        max_length=MAX_ENTRY_NOTE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    @property
    def signed_amount(self) -> int:
        """The entered amount of a valid form, negative if the customer owes less."""
        amount: int = self.cleaned_data["amount"]
        return -amount if self.cleaned_data["direction"] == self.LESS else amount


class StatementDaysForm(QueryForm, MembersForm):
    from_day = DayField(pgettext_lazy("statement", "From"), required=False)
    until_day = DayField(pgettext_lazy("statement", "Until"), required=False)
