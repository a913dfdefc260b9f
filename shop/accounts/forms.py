"""Forms for sign-in, registration, personal details and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from shop.accounts.code_field import SixDigitField
from shop.accounts.models import Address, User
from shop.core.identifiers.phones import is_likely_mistyped, normalise_phone, validate_phone
from shop.core.models.geography import Division
from shop.core.web.form_options import FormData, FormFiles, FormOptions, Label
from shop.core.web.phone_fields import EmailOrPhoneField, PhoneField

_EMAIL_WORDS = {
    "required": _("Enter your email address."),
    "invalid": _("Enter an email address such as hoa@example.com."),
}


def _password(label: Label, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": autocomplete}),
        error_messages={"required": _("Enter a password.")},
    )


def _new_password(label: Label) -> forms.CharField:
    field = _password(label, "new-password")
    field.help_text = _("At least 8 characters. Do not use a common password.")
    return field


def _name() -> forms.CharField:
    return forms.CharField(
        label=pgettext_lazy("person", "Full name"),
        max_length=100,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "name"}),
        error_messages={"required": _("Enter your name.")},
    )


def phone_field(required_message: Label, *, css: str = "input", help_text: Label = "") -> PhoneField:
    """Return a person's phone number field. `required_message` is its error message when empty."""
    return PhoneField(
        help_text=help_text, css=css, autocomplete="tel", error_messages={"required": required_message}
    )


def _email() -> forms.EmailField:
    return forms.EmailField(
        label=_("Email"),
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "email"}),
        error_messages=_EMAIL_WORDS,
    )


class SignInBaseForm(forms.Form):
    """A sign-in form. `next` is the page that required signing in, `back` the page the person came from."""

    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    back = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)


class SignInForm(SignInBaseForm):
    name = EmailOrPhoneField(
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "username"}),
        error_messages={"required": _("Enter your email address or phone number.")},
    )
    password = _password(_("Password"), "current-password")


class PasswordForm(forms.Form):
    """The password of the account that is signed in."""

    password = _password(_("Password"), "current-password")


class PhoneForm(SignInBaseForm):
    """A phone number that receives a code. Carriers' prefixes are not checked, because new ones appear."""

    phone = phone_field(_("Enter your phone number."), css="input input-large")


class CodeForm(forms.Form):
    code = SixDigitField(
        label=_("6-digit code"), help_text=_("The code is valid for 5 minutes."), has_focus=True
    )


class NameForm(forms.Form):
    name = _name()


class RegisterForm(SignInBaseForm):
    name = _name()
    email = _email()
    password = _new_password(_("Password"))

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        unsaved_user = User(
            email=self.cleaned_data.get("email"), first_name=self.cleaned_data.get("name", "")
        )
        validate_password(password, unsaved_user)
        return password


class PhoneAccountForm(forms.Form):
    """An account without an email address: name, phone number and password."""

    name = _name()
    phone = phone_field(_("Enter your phone number."))
    password = _new_password(_("Password"))

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(first_name=self.cleaned_data.get("name", "")))
        return password


class PasswordLinkForm(forms.Form):
    email = _email()


class EmailForm(forms.Form):
    """A new email address for the account."""

    email = _email()

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewPasswordForm(forms.Form):
    password = _new_password(_("New password"))

    def __init__(
        self, data: FormData = None, files: FormFiles = None, *, user: User, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        self._user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self._user)
        return password


class DivisionSelect(forms.Select):
    """Divisions to choose from. On pages in other languages each is marked as Vietnamese."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(*args, **kwargs)
        if option["value"] and get_language() != settings.LANGUAGE_CODE:
            option["attrs"]["lang"] = settings.LANGUAGE_CODE
        return option


class DivisionOptions(FormOptions):
    """The keyword arguments of a form with an address."""

    provinces: Sequence[Division]
    communes: Sequence[Division]


class DivisionForm(forms.Form):
    """A province or city, and a commune or ward in it, as divided since 2025."""

    province = forms.ChoiceField(
        label=_("Province or city"),
        widget=DivisionSelect(attrs={"class": "input", "autocomplete": "address-level1"}),
        error_messages={
            "required": _("Choose a province from the list."),
            "invalid_choice": _("This province no longer exists. Choose one from the list."),
        },
    )
    commune = forms.ChoiceField(
        label=_("Commune or ward"),
        widget=DivisionSelect(attrs={"class": "input", "autocomplete": "address-level2"}),
        error_messages={
            "required": _("Choose a commune or ward from the list."),
            "invalid_choice": _(
                "This commune or ward is not in the province you chose. Choose one from the list."
            ),
        },
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        provinces: Sequence[Division],
        communes: Sequence[Division],
        **options: Unpack[FormOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self._provinces = {province.code: province for province in provinces}
        self._communes = {commune.code: commune for commune in communes}
        set_division_choices(self.fields["province"], _("Choose a province"), provinces)
        set_division_choices(
            self.fields["commune"], _("Choose a commune or ward"), communes, has_full_names=True
        )

    @property
    def entered_divisions(self) -> tuple[str, str]:
        """The names of the commune and of the province in the fields; empty if it is not known."""
        commune = self._communes.get(str(self["commune"].value()))
        province = self._provinces.get(str(self["province"].value()))
        return commune.full_name if commune else "", province.name if province else ""

    @property
    def division_columns(self) -> dict[str, str]:
        """The codes and names of the chosen divisions, or empty texts without a choice. Valid forms only."""
        province = self._provinces.get(self.cleaned_data["province"])
        commune = self._communes.get(self.cleaned_data["commune"])
        return {
            "province_code": province.code if province else "",
            "province_name": province.name if province else "",
            "commune_code": commune.code if commune else "",
            "commune_name": commune.full_name if commune else "",
        }


def phone_refusal(entered: object) -> str:
    """Return why a number will be refused, or an empty text.

    A number that is not entered yet is not refused.
    """
    try:
        if entered:
            validate_phone(str(entered))
    except forms.ValidationError as error:
        return str(error.messages[0])
    return ""


class PersonAddressForm(DivisionForm):
    """A person and a Vietnamese address: province, commune, street or hamlet, landmark."""

    field_order: Sequence[str] = ("name", "phone")

    name = _name()
    phone = phone_field(_("Enter a phone number we can call."))
    street = forms.CharField(
        label=_("House number, street or hamlet"),
        max_length=250,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "street-address"}),
        error_messages={"required": _("Enter the house number, street or hamlet.")},
    )
    landmark = forms.CharField(
        label=_("Directions"),
        required=False,
        max_length=250,
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["province"].error_messages["required"] = _("Choose the commune or ward and its province.")

    def clean(self) -> dict[str, object]:
        """Drop a missing commune's error while its province is missing.

        One field of the page sets both.
        """
        cleaned_data = super().clean() or {}
        if self.has_error("province", "required"):
            self.errors.pop("commune", None)
        return cleaned_data

    @property
    def is_phone_likely_mistyped(self) -> bool:
        """Whether to warn about the number. It may still be right."""
        entered = str(self["phone"].value() or "")
        return not phone_refusal(entered) and bool(normalise_phone(entered)) and is_likely_mistyped(entered)

    def build_address(self) -> Address:
        """Return the address, unsaved and without a user. Valid forms only."""
        division = self.division_columns
        return Address(
            street_address_1=self.cleaned_data["street"],
            city=division["commune_name"],
            commune_code=division["commune_code"],
            country_area=division["province_name"],
            province_code=division["province_code"],
            landmark=self.cleaned_data["landmark"],
        )


class DetailsForm(PersonAddressForm):
    """Name, phone, and default delivery address. The address is optional but must be complete."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("phone", "province", "commune", "street"):
            self.fields[name].required = False

    def clean(self) -> dict[str, object]:
        cleaned_data = super().clean() or {}
        if cleaned_data.get("province"):
            for name in ("commune", "street"):
                if not cleaned_data.get(name) and name not in self.errors:
                    self.add_error(name, _("Fill in this field to complete the address."))
        return cleaned_data

    @property
    def address(self) -> Address | None:
        """The address, or None without a province. Valid forms only."""
        return self.build_address() if self.cleaned_data["province"] else None


def set_division_choices(
    field: forms.Field, empty: object, divisions: Sequence[Division], *, has_full_names: bool = False
) -> None:
    """Fill a field's choices with these divisions, in their order."""
    assert isinstance(field, forms.ChoiceField)
    choices = [
        (division.code, division.full_name if has_full_names else division.name) for division in divisions
    ]
    field.choices = [("", empty), *choices]
