"""The list of reports."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.accounts.staff.permissions import Permission


@dataclass(frozen=True, slots=True)
class Report:
    """A report: URL name, title, description, and the permission that its page needs."""

    url_name: str
    name: Promise
    description: Promise
    permission: Permission


REPORTS = (
    Report(
        "reports:sales",
        _("Sales"),
        _("Orders by day, week or month, and by cooperative, category, product or place."),
        Permission.MANAGE_ORDERS,
    ),
    Report(
        "desk:cash",
        pgettext_lazy("cash", "Cash on delivery"),
        _("Who holds how much collected cash, and since when."),
        Permission.HANDLE_PAYMENTS,
    ),
    Report(
        "desk:settlements",
        pgettext_lazy("tab", "Settlements"),
        _("What each cooperative sold, paid in fees and is owed, by period."),
        Permission.HANDLE_PAYMENTS,
    ),
    Report(
        "desk:ledger",
        _("Ledger"),
        _("Every posting, with the balance of each account."),
        Permission.HANDLE_PAYMENTS,
    ),
)
