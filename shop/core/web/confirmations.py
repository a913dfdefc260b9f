"""Forms that ask for confirmation once before an unusual value is saved."""

from __future__ import annotations

from django import forms


class ConfirmableForm(forms.Form):
    """A form whose action may raise NeedsConfirmation.

    `confirmed` holds the unusual values that the person has confirmed, and `confirmation` those to confirm
    now. Other unusual values are asked about again.
    """

    confirmed = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    confirmation = ""
