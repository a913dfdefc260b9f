"""Form for how a cooperative is alerted."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.members.forms.fields import GroupedWholeNumberField, MembersForm

_HOURS = [(hour, f"{hour}:00") for hour in range(24)]


class AlertRulesForm(MembersForm):
    """Minutes between two steps, the quiet hours, and when stock is low or near its use-by date."""

    minutes = GroupedWholeNumberField(
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
    low_stock_at = GroupedWholeNumberField(
        label=_("Warn when this many are left"),
        min_value=0,
        max_value=1_000_000,
        help_text=_("For options without a number of their own."),
    )
    near_expiry_days = GroupedWholeNumberField(
        label=_("Days before the use-by date to warn of a lot"),
        min_value=0,
        max_value=365,
        help_text=_("Lots that keep only briefly are named in the last third of their shelf life."),
    )
