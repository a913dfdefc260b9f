"""Forms for the platform's payment settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.actions.payouts.bank_accounts import BankAccount
from orders.payments.banks import BANKS
from shop.core.dates.calendar import WEEKDAYS
from shop.core.models import Channel, ShopSettings
from shop.core.web.form_options import FormData

MIN_PAYMENT_MINUTES, MAX_PAYMENT_MINUTES = 15, 7 * 24 * 60  # minutes to pay
MAX_DAYS = 90
_TEXT = {"class": "input", "autocomplete": "off"}


def bank_field(*, required: bool = True) -> forms.ChoiceField:
    """Return a choice field of the banks that support VietQR."""
    choices = [("", ""), *((bank.bin, f"{bank.short_name} ({bank.name})") for bank in BANKS)]
    return forms.ChoiceField(
        label=_("Bank"), choices=choices, required=required, widget=forms.Select(attrs={"class": "input"})
    )


class MarketAccountForm(forms.Form):
    """The platform's bank account for buyers' transfers. All fields empty means none."""

    bank = bank_field(required=False)
    account = forms.CharField(
        label=_("Account number"), max_length=40, required=False, widget=forms.TextInput(attrs=_TEXT)
    )
    holder = forms.CharField(
        label=_("Account holder"), max_length=120, required=False, widget=forms.TextInput(attrs=_TEXT)
    )

    @staticmethod
    def initial_of(shop: ShopSettings) -> dict[str, str]:
        return {"bank": shop.bank_bin, "account": shop.bank_account, "holder": shop.bank_holder}

    @property
    def new_account(self) -> BankAccount | None:
        cleaned = self.cleaned_data
        account = "".join(character for character in cleaned["account"] if character.isalnum())
        if not (cleaned["bank"] or account or cleaned["holder"].strip()):
            return None
        return BankAccount(cleaned["bank"], account, cleaned["holder"])


class MarketTimesForm(forms.Form):
    """The payment time per channel in minutes, complaint and answer periods in days, and the payout day."""

    complaint_days = forms.IntegerField(
        label=_("Days after delivery in which a buyer can complain"), min_value=1, max_value=MAX_DAYS
    )
    answer_complaints_days = forms.IntegerField(
        label=_("Days to answer a complaint"), min_value=1, max_value=MAX_DAYS
    )
    payout_weekday = forms.TypedChoiceField(
        label=_("Day on which cooperatives are paid"),
        choices=[("", _("not announced")), *enumerate(WEEKDAYS)],
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("Cooperatives see this day beside their earnings."),
    )

    def __init__(self, data: FormData = None, *, shop: ShopSettings, channels: Sequence[Channel]) -> None:
        names = ("complaint_days", "answer_complaints_days", "payout_weekday")
        super().__init__(data, initial={name: getattr(shop, name) for name in names})
        self._channels = {f"minutes-{channel.pk}": channel.pk for channel in channels}
        for channel in channels:
            self.fields[f"minutes-{channel.pk}"] = forms.IntegerField(
                label=_("Minutes to pay by bank transfer or card, %(channel)s") % {"channel": channel.name},
                min_value=MIN_PAYMENT_MINUTES,
                max_value=MAX_PAYMENT_MINUTES,
                initial=channel.payment_deadline_minutes,
            )
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"
            if isinstance(field, forms.IntegerField):
                field.widget.attrs["inputmode"] = "numeric"

    @property
    def deadlines(self) -> dict[str, Any]:
        """The arguments for `orders.actions.payouts.payment_settings.change_market_deadlines`."""
        values = dict(self.cleaned_data)
        minutes = {pk: values.pop(name) for name, pk in self._channels.items()}
        return {"payment_deadline_minutes": minutes, **values}
