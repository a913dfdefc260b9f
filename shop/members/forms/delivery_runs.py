"""Forms of delivery runs and of coaches' dispatch slips."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import MembersForm, PhotoField


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


class SlipForm(MembersForm):
    """The photo of a coach's dispatch slip, its number plate and the driver's phone number; one is enough."""

    photo = PhotoField(
        label=_("Photo of the slip"),
        required=False,
        help_text=_("If the camera does not open, choose a photo or enter only the number plate."),
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )
    vehicle = forms.CharField(
        label=_("Coach license plate"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    driver_phone = PhoneField(label=_("Driver's phone number"), required=False)
