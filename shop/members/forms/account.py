"""Form for a cooperative's payout account."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.actions.payouts.bank_accounts import BankAccount
from orders.payments.banks import BANKS
from shop.members.forms.fields import MembersForm

_BANKS = [(bank.bin, bank.short_name) for bank in BANKS]


class AccountForm(MembersForm):
    """Bank, account number and holder.

    The number is entered twice, because a typing error would pay a stranger.
    """

    bank_bin = forms.ChoiceField(label=_("Bank"), choices=[("", _("Choose a bank")), *_BANKS])
    bank_account = forms.RegexField(
        label=_("Account number"),
        regex=r"^\s*[0-9A-Za-z]{4,19}\s*$",
        help_text=_("The cooperative's own account. The market pays into it."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": _("Enter an account number with 4 to 19 digits or letters, without spaces.")
        },
    )
    bank_account_confirmation = forms.CharField(
        label=_("Confirm account number"),
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    bank_holder = forms.CharField(label=_("Account holder"), max_length=120)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        number, repeated_number = cleaned.get("bank_account"), cleaned.get("bank_account_confirmation")
        if number and repeated_number and number.strip().upper() != repeated_number.strip().upper():
            self.add_error(
                "bank_account_confirmation", _("The two account numbers do not match. Check them.")
            )
        return cleaned

    @classmethod
    def initial_for(cls, cooperative: Cooperative) -> dict[str, object]:
        return {"bank_bin": cooperative.bank_bin, "bank_holder": cooperative.bank_holder}

    @property
    def account(self) -> BankAccount:
        cleaned = self.cleaned_data
        return BankAccount(cleaned["bank_bin"], cleaned["bank_account"], cleaned["bank_holder"])
