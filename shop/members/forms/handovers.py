"""Forms of hand-overs: who gives, who receives, and the code."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.core.web.form_options import FormData
from shop.members.forms.fields import MembersForm

_PARCEL = re.compile(r"(?P<order>[0-9A-Z]+)-(?P<label>[0-9A-Z]{1,6})")


class GiverForm(MembersForm):
    """Who hands the parcel over, and for a driver whether the buyer has paid."""

    giver_name = forms.CharField(label=_("Who hands it over?"), max_length=120)
    is_cash_collected = forms.BooleanField(label=_("The buyer has paid in full"), required=False)

    def __init__(self, data: FormData = None, *, giver_name: str, should_ask_for_cash: bool) -> None:
        super().__init__(data, initial={"giver_name": giver_name})
        if not should_ask_for_cash:
            del self.fields["is_cash_collected"]


class ReceiverForm(MembersForm):
    """Who receives the parcel, and where."""

    name = forms.CharField(label=_("Who receives it?"), max_length=120)
    place = forms.CharField(label=_("Where?"), max_length=200)


class HandoverDigitsForm(ReceiverForm):
    """The parcel on the label and the six digits on the giver's phone. A pasted QR code may stand instead."""

    parcel = forms.CharField(
        label=_("Parcel code"),
        max_length=300,
        help_text=_("It is at the top of the label, such as TA7K2M-2."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    digits = forms.CharField(
        label=_("Six digits"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    field_order = ("parcel", "digits", "name", "place")

    def clean_parcel(self) -> str:
        entered: str = self.cleaned_data["parcel"]
        text = "".join(entered.upper().split())
        if not _PARCEL.fullmatch(text):
            raise forms.ValidationError(_("Enter the parcel code as on the label, such as TA7K2M-2."))
        return text

    @property
    def parcel_key(self) -> tuple[str, str]:
        """The order's code, and what follows it on the parcel's label."""
        order_code, _dash, label_code = self.cleaned_data["parcel"].partition("-")
        return order_code, label_code
