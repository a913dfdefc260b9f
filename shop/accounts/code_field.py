"""The form field for a code of six digits, from a message or an authenticator app."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

_DIGITS = 6


class SixDigitField(forms.CharField):
    """Six digits of any script, with any characters between them. Other input is refused without a try."""

    default_error_messages = {"required": _("Enter the 6-digit code."), "invalid": _("Enter all six digits.")}

    def __init__(self, *, has_focus: bool = False, **kwargs: Any) -> None:
        """If `has_focus` is true, the page opens with the cursor in the field."""
        attributes = {"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": "12"}
        if has_focus:
            attributes["autofocus"] = "autofocus"
        widget = forms.TextInput(attrs={"class": "input input-large code", **attributes})
        super().__init__(max_length=20, widget=widget, **kwargs)

    def clean(self, value: object) -> str:
        entered = super().clean(value)
        digits = "".join(
            str(unicodedata.decimal(character)) for character in entered if character.isdecimal()
        )
        if len(digits) != _DIGITS:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return digits
