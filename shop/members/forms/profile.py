"""Forms for a cooperative's profile: story, households, certificates."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.actions.sellers.certificates import CertificateDetails
from catalog.models import Product
from cooperatives.actions.profile import HouseholdDetails
from cooperatives.models import Certificate, CertificateKind, Producer
from shop.core.identifiers.phones import format_phone
from shop.core.models import Picture
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import MembersForm, PhotoField


class StoryForm(MembersForm):
    summary = forms.CharField(
        label=_("Your products in a few words"),
        max_length=250,
        required=False,
        help_text=_("For example: herbal pillows, brocade, dried bananas. Shown in lists."),
    )
    story = forms.CharField(
        label=_("About your cooperative"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Buyers see this on your page. Leave an empty line to start a new paragraph."),
    )


class HouseholdForm(MembersForm):
    """A household. Its name is public only if the box is ticked."""

    name = forms.CharField(
        label=pgettext_lazy("household", "Name"),
        max_length=120,
        help_text=_("Name of the household or group, for example: the embroidery group."),
    )
    products_made = forms.CharField(label=_("What they grow or make"), max_length=120, required=False)
    place = forms.CharField(label=_("Where they live"), max_length=250, required=False)
    phone = PhoneField(
        required=False,
        help_text=_("Only for you. Buyers do not see it."),
    )
    has_consent = forms.BooleanField(
        label=_("They agree that buyers can see their name, place and photo."),
        required=False,
        help_text=_("Ask them first. Untick it if they no longer agree."),
    )

    @classmethod
    def initial_for(cls, household: Producer) -> dict[str, object]:
        initial = {field: getattr(household, field) for field in ("name", "products_made", "place")}
        return initial | {"phone": format_phone(household.phone), "has_consent": household.is_public}

    @property
    def details(self) -> HouseholdDetails:
        return HouseholdDetails(**self.cleaned_data)


class ProfilePictureForm(MembersForm):
    """A photo of the cooperative's page and what it shows."""

    photo = PhotoField(label=_("Photo"), error_messages={"required": _("Take or choose a photo.")})
    alt = forms.CharField(
        label=_("What the photo shows"),
        max_length=250,
        help_text=_(
            "Read aloud to people who cannot see it. For example: six women embroider in a stilt house."
        ),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        has_photo: bool,
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self.fields["photo"].required = not has_photo


class CertificateForm(MembersForm):
    """A certificate's details and a photo of it, which platform staff compare."""

    kind = forms.ChoiceField(label=_("Certificate type"), choices=CertificateKind)
    stars = forms.TypedChoiceField(
        label=_("OCOP stars"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", _("Choose the stars")), *((str(number), f"{number} ★") for number in (3, 4, 5))],
    )
    number = forms.CharField(label=_("Certificate number"), max_length=120)
    issuer = forms.CharField(label=_("Issued by"), max_length=250)
    issued_on = DayField(_("Issued on"))
    expires_on = DayField(
        _("Valid until"), required=False, help_text=_("After this date, buyers no longer see it.")
    )
    products = forms.MultipleChoiceField(
        label=_("Products covered"), required=False, widget=forms.CheckboxSelectMultiple
    )
    photo = PhotoField(
        label=_("Photo of the certificate"),
        error_messages={"required": _("Take or choose a photo of the certificate.")},
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        products: Sequence[Product],
        today: datetime.date,
        has_photo: bool,
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self.set_choices("products", [(str(product.pk), product.name) for product in products])
        self.fields["photo"].required = not has_photo
        self.picture: Picture | None = None  # set once the photo is stored
        self._today = today

    @classmethod
    def initial_for(cls, certificate: Certificate) -> dict[str, object]:
        fields = ("kind", "stars", "number", "issuer", "issued_on", "expires_on")
        product_ids = [str(key) for key in certificate.products.values_list("pk", flat=True)]
        return {field: getattr(certificate, field) for field in fields} | {"products": product_ids}

    def clean_issued_on(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["issued_on"]
        if day > self._today:
            raise forms.ValidationError(
                _("The date cannot be in the future. Enter today or an earlier date.")
            )
        return day

    def details(self, picture: Picture | None) -> CertificateDetails:
        cleaned = self.cleaned_data
        return CertificateDetails(
            kind=CertificateKind(cleaned["kind"]),
            stars=cleaned["stars"],
            number=cleaned["number"],
            issuer=cleaned["issuer"],
            issued_on=cleaned["issued_on"],
            expires_on=cleaned["expires_on"],
            product_ids=[int(key) for key in cleaned["products"]],
            picture=picture,
        )
