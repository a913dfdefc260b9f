"""The list of reports, by family."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import has_staff_permission
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.reports.declared.catalogue import ALL_REPORTS
from shop.reports.declared.declaration import Family


@dataclass(frozen=True, slots=True)
class ListedReport:
    """A report in the list: address, title, description, family, and the permission that its page needs."""

    address: str
    name: Promise
    description: Promise
    permission: Permission
    family: Family


@dataclass(frozen=True, slots=True)
class ReportFamily:
    """The reports of one family that a person may open."""

    family: Family
    reports: list[ListedReport]


# The reports that have pages of their own: URL name, title, description, permission and family.
_OWN_PAGES = (
    (
        "reports:sales",
        _("Sales"),
        _("Orders by day, week or month, and by cooperative, category, product or place."),
        Permission.MANAGE_ORDERS,
        Family.SALES,
    ),
    (
        "desk:cash",
        pgettext_lazy("cash", "Cash on delivery"),
        _("Who holds how much collected cash, and since when."),
        Permission.HANDLE_PAYMENTS,
        Family.MONEY,
    ),
    (
        "desk:settlements",
        pgettext_lazy("tab", "Settlements"),
        _("What each cooperative sold, paid in fees and is owed, by period."),
        Permission.HANDLE_PAYMENTS,
        Family.MONEY,
    ),
    (
        "desk:ledger",
        _("Ledger"),
        _("Every posting, with the balance of each account."),
        Permission.HANDLE_PAYMENTS,
        Family.MONEY,
    ),
)


def find_permitted_families(user: User | AnonymousUser) -> list[ReportFamily]:
    """Return the families with the reports that a member of staff may open."""
    permissions = {row.permission for row in ALL_REPORTS} | {row[3] for row in _OWN_PAGES}
    granted = {permission for permission in permissions if has_staff_permission(user, permission)}
    listed = [row for row in _list_reports() if row.permission in granted]
    families = [ReportFamily(family, [row for row in listed if row.family == family]) for family in Family]
    return [row for row in families if row.reports]


def _list_reports() -> list[ListedReport]:
    own_pages = [
        ListedReport(
            address=reverse(url_name),
            name=name,
            description=description,
            permission=permission,
            family=family,
        )
        for url_name, name, description, permission, family in _OWN_PAGES
    ]
    declared = [
        ListedReport(
            address=reverse("reports:report", args=[report.slug]),
            name=report.question,
            description=report.definition,
            permission=report.permission,
            family=report.family,
        )
        for report in ALL_REPORTS
    ]
    return [*own_pages, *declared]
