"""Where somebody receives goods, as Vietnamese people write it: on the checkout, in the address book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.accounts.forms import set_places
from shop.accounts.models import Address
from shop.core.models.geography import Division
from shop.core.phones import looks_odd, normalise


class ReceiverForm(forms.Form):
    """Who receives goods and where."""

    name = forms.CharField(
        label=pgettext_lazy("person", "Full name"),
        max_length=100,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
        error_messages={"required": _("Write who receives the goods.")},
    )
    phone = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        help_text=_("The coach and the courier call this number."),
        widget=forms.TextInput(
            attrs={"class": "input", "type": "tel", "inputmode": "tel", "autocomplete": "tel"}
        ),
        error_messages={"required": _("Write a number that can be called.")},
    )
    province = forms.ChoiceField(
        label=_("Province or city"),
        widget=forms.Select(attrs={"class": "input", "autocomplete": "address-level1"}),
        error_messages={
            "required": _("Choose a province from the list."),
            "invalid_choice": _("There is no such province any more. Choose one from the list."),
        },
    )
    commune = forms.ChoiceField(
        label=_("Commune or ward"),
        widget=forms.Select(attrs={"class": "input", "autocomplete": "address-level2"}),
        error_messages={
            "required": _("Choose a commune or ward from the list."),
            "invalid_choice": _("That commune or ward is not in this province. Choose one from the list."),
        },
    )
    street = forms.CharField(
        label=_("House, street, hamlet"),
        max_length=250,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "street-address"}),
        error_messages={"required": _("Write the house, street or hamlet.")},
    )
    landmark = forms.CharField(
        label=_("How to find it"),
        required=False,
        max_length=250,
        help_text=_("For example: beside the primary school, green gate."),
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    def __init__(
        self, *args: Any, provinces: Sequence[Division], communes: Sequence[Division], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._provinces = {province.code: province for province in provinces}
        self._communes = {commune.code: commune for commune in communes}
        set_places(self.fields["province"], _("Choose a province"), provinces)
        set_places(self.fields["commune"], _("Choose a commune or ward"), communes, full=True)

    def clean_phone(self) -> str:
        phone = normalise(self.cleaned_data["phone"])
        if not phone:
            raise forms.ValidationError(_("A phone number has digits."))
        return phone

    @property
    def phone_is_odd(self) -> bool:
        """A warning only: whoever wrote it may know better."""
        written = str(self["phone"].value() or "")
        return bool(normalise(written)) and looks_odd(written)

    @property
    def address(self) -> Address:
        """What was written, unsaved, once it is valid."""
        given = self.cleaned_data
        province = self._provinces[given["province"]]
        commune = self._communes[given["commune"]]
        return Address(
            first_name=given["name"],
            phone=given["phone"],
            street_address_1=given["street"],
            city=commune.full_name,
            commune_code=commune.code,
            country_area=province.name,
            province_code=province.code,
            landmark=given["landmark"],
        )


class AddressForm(ReceiverForm):
    """One address of the book."""

    is_default = forms.BooleanField(label=_("The checkout proposes this one."), required=False)
