"""The form that recalls a lot."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models.lot import MAX_RECALL_TEXT


class RecallForm(forms.Form):
    """Why a lot is recalled and what its buyers should do, with a tick under the dry run."""

    reason = forms.CharField(
        label=_("Why is the lot recalled?"),
        max_length=MAX_RECALL_TEXT,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
        help_text=_("Buyers read this text exactly as you enter it."),
    )
    advice = forms.CharField(
        label=_("What should people do who have it?"),
        max_length=MAX_RECALL_TEXT,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
        help_text=_("For example: do not eat it, keep it apart, wait for our call."),
    )
    is_confirmed = forms.BooleanField(
        label=_("I have checked whom this reaches. Only the desk can end a recall."),
        error_messages={"required": _("Tick this box to recall the lot.")},
    )
