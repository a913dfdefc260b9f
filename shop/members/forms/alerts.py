"""Form for how a cooperative is alerted."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.members.forms.fields import MembersForm, WholeNumberField

_HOURS = [(hour, f"{hour}:00") for hour in range(24)]


class AlertRulesForm(MembersForm):
    """Minutes between two steps, and the quiet hours."""

    minutes = WholeNumberField(
        label=_("Minutes until the next person or channel"),
        min_value=1,
        max_value=240,
        help_text=_("If nobody has opened the alert by then, the next person or channel is tried."),
    )
    quiet_from = forms.TypedChoiceField(label=_("Quiet from"), coerce=int, choices=_HOURS)
    quiet_until = forms.TypedChoiceField(
        label=_("Quiet until"),
        coerce=int,
        choices=_HOURS,
        help_text=_("Alerts about recalls come at any hour. For no quiet hours, choose the same hour twice."),
    )
