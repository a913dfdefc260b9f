"""Form fields for phone numbers, shared by the market, the members' app, the desk and the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.core.identifiers.phones import normalise_phone, validate_phone
from shop.core.web.form_options import Label

_PHONE = _("Phone number")
_EMAIL_OR_PHONE = _("Email or phone number")
_MAX_WRITTEN = 40


class PhoneField(forms.CharField):
    """A phone number, cleaned to its stored form. It is empty if the field is optional.

    `is_business` also accepts hotlines (1800, 1900).
    """

    def __init__(
        self,
        *,
        label: Label = _PHONE,
        required: bool = True,
        is_business: bool = False,
        help_text: Label = "",
        autocomplete: str = "",
        css: str = "",
        initial: str = "",
        **options: Any,
    ) -> None:
        attributes = {"type": "tel", "inputmode": "tel", "autocomplete": autocomplete, "class": css}
        options.setdefault(
            "widget", forms.TextInput(attrs={name: value for name, value in attributes.items() if value})
        )
        options.setdefault("max_length", _MAX_WRITTEN)
        super().__init__(label=label, required=required, help_text=help_text, initial=initial, **options)
        self.is_business = is_business

    def clean(self, value: object) -> str:
        entered = str(super().clean(value))
        if not entered:
            return ""
        validate_phone(entered, is_business=self.is_business)
        return normalise_phone(entered)


class EmailOrPhoneField(forms.CharField):
    """An email address in lower case, or a phone number in its stored form. An optional one may be empty."""

    def __init__(self, *, label: Label = _EMAIL_OR_PHONE, **options: Any) -> None:
        options.setdefault("max_length", 254)
        super().__init__(label=label, **options)

    def clean(self, value: object) -> str:
        entered = str(super().clean(value)).strip()
        if not entered:
            return ""
        if "@" in entered:
            return str(forms.EmailField().clean(entered)).lower()
        if not any(sign.isdecimal() for sign in entered):
            raise forms.ValidationError(
                _("Enter an email address such as hoa@example.com or a phone number with 10 digits."),
                code="contact_invalid",
            )
        validate_phone(entered)
        return normalise_phone(entered)
