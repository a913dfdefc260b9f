"""Forms for a cooperative's application to sell."""

from __future__ import annotations

import datetime
from typing import Unpack

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.cooperative_lifecycle import ApplicationDetails
from cooperatives.models import Cooperative
from shop.accounts.forms import DivisionForm, DivisionOptions
from shop.accounts.models import User
from shop.core.identifiers.phones import format_phone, is_likely_mistyped
from shop.core.identifiers.tax_codes import is_tax_code, normalise_tax_code
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles
from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import MembersForm

# The banks' BINs in the NAPAS interbank network.
BANKS = [
    ("970405", "Agribank"),
    ("970415", "VietinBank"),
    ("970436", "Vietcombank"),
    ("970418", "BIDV"),
    ("970422", "MB"),
    ("970407", "Techcombank"),
    ("970416", "ACB"),
    ("970432", "VPBank"),
    ("970423", "TPBank"),
    ("970403", "Sacombank"),
    ("970449", "LPBank"),
    ("970446", "Co-opBank"),
]


class ApplicationForm(DivisionForm, MembersForm):
    """The cooperative's legal identity, location, bank account and story."""

    field_order = (
        "name",
        "legal_name",
        "registration_number",
        "registration_issuer",
        "registered_on",
        "tax_code",
        "representative",
        "phone",
        "province",
        "commune",
    )

    name = forms.CharField(label=_("Trading name"), max_length=120, help_text=_("For example: HTX Thiên An."))
    legal_name = forms.CharField(label=_("Name on the registration certificate"), max_length=250)
    registration_number = forms.CharField(label=_("Registration number"), max_length=40)
    registration_issuer = forms.CharField(label=_("Issued by"), max_length=250)
    registered_on = DayField(_("Issued on"))
    tax_code = forms.CharField(label=_("Tax code"), max_length=20, required=False)
    representative = forms.CharField(label=_("Legal representative"), max_length=250)
    phone = PhoneField(
        is_business=True,
        help_text=_("Buyers and the market will call this number."),
    )
    hamlet = forms.CharField(label=_("Hamlet, street, house number"), max_length=250)
    bank_bin = forms.ChoiceField(label=_("Bank"), choices=[("", _("Choose a bank")), *BANKS])
    bank_account = forms.RegexField(
        label=_("Account number"),
        regex=r"^[0-9A-Za-z]{4,19}$",
        help_text=_("The cooperative's own account. The market pays into it."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": _("Enter an account number with 4 to 19 digits or letters, without spaces.")
        },
    )
    bank_holder = forms.CharField(label=_("Account holder"), max_length=120)
    is_food_producer = forms.BooleanField(
        label=_("We process or pack food (drying, cooking, grinding, bottling)"),
        required=False,
        help_text=_("The law then requires a food safety certificate."),
    )
    story = forms.CharField(
        label=_("About your cooperative"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Buyers see this on your page."),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        today: datetime.date,
        **options: Unpack[DivisionOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self._today = today

    @classmethod
    def initial_for(cls, cooperative: Cooperative) -> dict[str, object]:
        fields = [field for field in cls.base_fields if field not in ("province", "commune")]
        codes = {"province": cooperative.province_code, "commune": cooperative.commune_code}
        initial = {field: getattr(cooperative, field) for field in fields}
        return initial | codes | {"phone": format_phone(cooperative.phone)}

    def clean_tax_code(self) -> str:
        code = normalise_tax_code(self.cleaned_data["tax_code"])
        if code and not is_tax_code(code):
            raise forms.ValidationError(_("This is not a valid tax code. Check its digits."))
        return code

    def clean_registered_on(self) -> datetime.date:
        day: datetime.date = self.cleaned_data["registered_on"]
        if day > self._today:
            raise forms.ValidationError(
                _("The date cannot be in the future. Enter today or an earlier date.")
            )
        return day

    def clean_bank_account(self) -> str:
        return str(self.cleaned_data["bank_account"]).upper()

    @property
    def is_phone_likely_mistyped(self) -> bool:
        """Whether the phone number looks unusual. It is accepted anyway."""
        return is_likely_mistyped(self.cleaned_data["phone"])

    def details(self, email: str) -> ApplicationDetails:
        submitted = {key: value for key, value in self.cleaned_data.items() if key in _COPIED_FIELDS}
        return ApplicationDetails(
            **submitted | self.division_columns,
            email=email,
        )


_COPIED_FIELDS = frozenset(ApplicationForm.base_fields) - {"province", "commune"}


class ApplicationWithAccountForm(ApplicationForm):
    """An application that also registers a user account."""

    account_name = forms.CharField(
        label=_("Your name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        help_text=_("At least 8 characters. Do not use a common password."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        applicant = User(
            email=self.cleaned_data.get("email"), first_name=self.cleaned_data.get("account_name", "")
        )
        validate_password(password, applicant)
        return password
