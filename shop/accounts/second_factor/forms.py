"""Forms of the second factor."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.accounts.code_field import SixDigitField


class AuthenticatorCodeForm(forms.Form):
    """Six digits from an authenticator app."""

    field: ClassVar[str] = "code"
    code = SixDigitField(
        label=_("6-digit code from the app"),
        help_text=_("The app shows a new code every 30 seconds."),
    )


class NewAuthenticatorForm(AuthenticatorCodeForm):
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
        error_messages={"required": _("Enter one of your recovery codes.")},
    )

    def clean_recovery(self) -> str:
        entered_code: str = self.cleaned_data["recovery"]
        if not any(character.isalnum() for character in entered_code):
            raise forms.ValidationError(self.fields["recovery"].error_messages["required"])
        return entered_code
