"""The form of a new delivery run."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import MembersForm


class DeliveryRunForm(MembersForm):
    """Who drives. The parcels are chosen beside the form."""

    driver_name = forms.CharField(
        label=_("Driver's name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    driver_phone = PhoneField(label=_("Driver's phone number"), required=False)
    vehicle = forms.CharField(
        label=_("License plate"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
