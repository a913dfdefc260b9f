"""Forms of shared phones: the phone's name, and members' PINs."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.phone_pins import MAX_DIGITS
from shop.core.web.form_options import Label
from shop.members.forms.fields import MembersForm


class PinField(forms.CharField):
    """A PIN, hidden while it is entered. Phones show digits only."""

    def __init__(self, label: Label, *, help_text: Label = "") -> None:
        attributes = {"inputmode": "numeric", "autocomplete": "off", "class": "input pin"}
        widget = forms.PasswordInput(attrs=attributes)
        super().__init__(label=label, help_text=help_text, max_length=MAX_DIGITS, widget=widget)


class SharedPhoneForm(MembersForm):
    name = forms.CharField(
        label=_("What do you call this phone?"),
        help_text=_("Such as: phone at the packing table."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PinForm(MembersForm):
    """The PIN of the member who takes over the phone."""

    pin = PinField(_("PIN"))


class NewPinForm(MembersForm):
    """A new PIN, entered twice."""

    pin = PinField(_("New PIN"), help_text=_("Four to six digits. Each member chooses their own."))
    repeated_pin = PinField(_("New PIN again"))

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        first, second = cleaned.get("pin"), cleaned.get("repeated_pin")
        if first and second and first != second:
            self.add_error("repeated_pin", _("The two PINs differ. Enter them again."))
        return cleaned
