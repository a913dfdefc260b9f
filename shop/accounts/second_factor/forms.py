"""Forms of the second factor."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.accounts.second_factor.factors import DIGITS


def _code_field(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "class": "input input-large code",
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "maxlength": "12",
            }
        ),
        error_messages={"required": _("Enter the 6-digit code.")},
    )


class AppCodeForm(forms.Form):
    """Six digits from an authenticator app. Input that cannot be a code costs no try."""

    field: ClassVar[str] = "code"
    code = _code_field(_("6-digit code from the app"), _("The app shows a new code every 30 seconds."))

    def clean_code(self) -> str:
        written = self.cleaned_data["code"]
        digits = "".join(str(unicodedata.decimal(sign)) for sign in written if sign.isdecimal())
        if len(digits) != DIGITS:
            raise forms.ValidationError(_("Write the six digits."))
        return digits


class NewAppForm(AppCodeForm):
    """The first code of a new app, and the encrypted secret shown on the page."""

    sealed = forms.CharField(max_length=500, widget=forms.HiddenInput)


class RecoveryCodeForm(forms.Form):
    """One recovery code. Input without letters and digits costs no try."""

    field: ClassVar[str] = "recovery"
    recovery = forms.CharField(
        label=_("Recovery code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "class": "input code",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
        error_messages={"required": _("Write one of your recovery codes.")},
    )

    def clean_recovery(self) -> str:
        written: str = self.cleaned_data["recovery"]
        if not any(sign.isalnum() for sign in written):
            raise forms.ValidationError(self.fields["recovery"].error_messages["required"])
        return written
