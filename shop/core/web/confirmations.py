"""Forms that ask once, with the figures, before an unusual value is saved."""

from __future__ import annotations

from django import forms


class ConfirmableForm(forms.Form):
    """A form whose action may raise NeedsConfirmation.

    `confirmed` are the figures that the person has confirmed; `confirmation` those of the open question.
    Other figures are asked about again.
    """

    confirmed = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    confirmation = ""
