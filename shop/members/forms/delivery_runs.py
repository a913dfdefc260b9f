"""Forms of delivery runs and of coaches' dispatch slips."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import Parcel
from shop.core.web.form_options import FormData, FormFiles
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
    """The photo of a coach's dispatch slip, its number plate and the driver's phone number. One is enough.

    `parcels` are those of a run. Some of them may not be on the slip.
    """

    parcels = forms.TypedMultipleChoiceField(
        label=_("Parcels on this slip"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "The buyers of these parcels see the whole photo. If names or phone numbers of several receivers "
            "are on the slip, cover them, or photograph each parcel's own slip."
        ),
        error_messages={"required": _("Choose at least one parcel.")},
    )
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

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        initial: dict[str, str],
        parcels: Sequence[Parcel],
    ) -> None:
        super().__init__(data, files, initial=initial)
        choices = [
            (parcel.pk, f"{parcel.part.order.code}-{parcel.label_code}, {parcel.part.order.buyer_name}")
            for parcel in parcels
        ]
        if choices:
            self.set_choices("parcels", choices)
            self.initial["parcels"] = [value for value, _text in choices]
        else:
            del self.fields["parcels"]
