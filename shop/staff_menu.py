"""The menu of the staff's pages, with entries grouped by job. It shows only those that the user may open."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import read_platform_permissions
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A link to a page. It is the current one on that page and on the pages `further_url_names`.

    `other_permissions` open it as `permission` does."""

    url_name: str
    label: Promise
    icon: str
    permission: Permission | None = None
    further_url_names: frozenset[str] = frozenset()
    other_permissions: frozenset[Permission] = frozenset()
    is_current: bool = False

    def is_open_to(self, permissions: frozenset[str]) -> bool:
        """Return whether one of these permissions opens the page, as all staff open one without any."""
        return self.permission is None or not permissions.isdisjoint(
            {self.permission, *self.other_permissions}
        )


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """Entries of one job. The group that staff open first has no name."""

    name: Promise | str
    entries: tuple[MenuEntry, ...]


def _desk(*names: str) -> frozenset[str]:
    return frozenset(f"desk:{name}" for name in names)


_GROUPS = (
    MenuGroup(
        "",
        (
            MenuEntry("desk:home", _("Pending tasks"), "sun", None),
            MenuEntry(
                "reports:sales",
                _("Sales"),
                "chart-column",
                Permission.MANAGE_ORDERS,
            ),
            MenuEntry(
                "reports:index",
                _("Reports"),
                "layout-grid",
                Permission.MANAGE_ORDERS,
                frozenset({"reports:report"}),
                other_permissions=frozenset({Permission.HANDLE_PAYMENTS}),
            ),
        ),
    ),
    MenuGroup(
        pgettext_lazy("desk menu", "Orders and buyers"),
        (
            MenuEntry(
                "desk:orders",
                pgettext_lazy("tab", "Orders"),
                "package",
                Permission.MANAGE_ORDERS,
                _desk("order", "order-contact", "refund-order", "record-parcel-return", "drafts", "draft"),
            ),
            MenuEntry(
                "desk:complaints",
                _("Complaints"),
                "message-circle",
                Permission.MANAGE_ORDERS,
                _desk("complaint"),
            ),
            MenuEntry(
                "desk:customers",
                _("Customers"),
                "user",
                Permission.MANAGE_USERS,
                _desk("customer", "guest-buyers"),
            ),
            MenuEntry(
                "desk:data-requests",
                _("Personal data"),
                "badge-check",
                Permission.MANAGE_USERS,
                _desk("data-request-days", "data-request"),
            ),
        ),
    ),
    MenuGroup(
        pgettext_lazy("desk menu", "Sellers and products"),
        (
            MenuEntry(
                "desk:cooperatives",
                _("Cooperatives"),
                "store",
                Permission.MANAGE_STAFF,
                _desk("cooperative", "document", "cooperative-texts"),
            ),
            MenuEntry(
                "desk:listings",
                _("Products"),
                "tag",
                Permission.MANAGE_PRODUCTS,
                _desk(
                    "listing",
                    "listing-texts",
                    "revisions",
                    "revision",
                    "synonyms",
                    "synonym-set",
                    "forbidden-phrases",
                    "categories",
                    "category",
                ),
            ),
            MenuEntry("desk:certificates", _("Certificates"), "award", Permission.MANAGE_PRODUCTS),
            MenuEntry("desk:prices", _("Unusual prices"), "triangle-alert", Permission.MANAGE_PRODUCTS),
            MenuEntry(
                "desk:recalls", _("Recalls"), "circle-x", Permission.MANAGE_PRODUCTS, _desk("recall-lot")
            ),
            MenuEntry(
                "desk:discounts",
                pgettext_lazy("tab", "Discounts"),
                "hand-coins",
                Permission.MANAGE_DISCOUNTS,
                _desk("create-voucher", "voucher", "create-promotion", "promotion"),
            ),
        ),
    ),
    MenuGroup(
        pgettext_lazy("desk menu", "Money"),
        (
            MenuEntry(
                "desk:transfers",
                pgettext_lazy("tab", "Transfers"),
                "qr-code",
                Permission.HANDLE_PAYMENTS,
                _desk("all-transfers", "transfer"),
            ),
            MenuEntry(
                "desk:bank-statements",
                _("Bank statements"),
                "wallet",
                Permission.HANDLE_PAYMENTS,
                _desk("bank-statement"),
            ),
            MenuEntry(
                "desk:cash",
                pgettext_lazy("cash", "Cash on delivery"),
                "banknote",
                Permission.HANDLE_PAYMENTS,
                _desk(
                    "cash-parcels",
                    "cash-remittances",
                    "cash-remittance",
                    "cash-statements",
                    "cash-statement",
                    "cash-differences",
                    "cash-shortfalls",
                ),
            ),
            MenuEntry(
                "desk:card-calls", pgettext_lazy("desk", "Cards"), "credit-card", Permission.HANDLE_PAYMENTS
            ),
            MenuEntry(
                "desk:settlements",
                pgettext_lazy("tab", "Settlements"),
                "calculator",
                Permission.HANDLE_PAYMENTS,
                _desk("settlement", "payouts", "payout", "ledger", "rates"),
            ),
        ),
    ),
    MenuGroup(
        pgettext_lazy("desk menu", "Operations"),
        (
            MenuEntry(
                "desk:staff",
                pgettext_lazy("desk", "Staff"),
                "users",
                Permission.MANAGE_STAFF,
                _desk(
                    "staff-account", "roles", "role", "create-role", "second-factors", "second-factor-rule"
                ),
            ),
            MenuEntry("desk:audit", _("Audit log"), "clock", Permission.MANAGE_STAFF),
            MenuEntry(
                "desk:background-work", _("Background tasks"), "refresh-cw", Permission.MANAGE_SETTINGS
            ),
            MenuEntry(
                "desk:settings",
                pgettext_lazy("tab", "Settings"),
                "settings",
                Permission.MANAGE_SETTINGS,
                _desk("settings-bank-account", "settings-deadlines", "approvals"),
            ),
        ),
    ),
)


def build_staff_menu(request: HttpRequest) -> list[MenuGroup]:
    """Return the groups with the entries that the user may open. It takes one query."""
    user = request.user
    permissions: frozenset[str] = frozenset()
    if isinstance(user, User):
        permissions = read_platform_permissions(user, is_in_all_channels=True)
    current_url_name = request.resolver_match.view_name if request.resolver_match else ""
    groups = []
    for group in _GROUPS:
        entries = tuple(
            replace(
                entry,
                is_current=current_url_name == entry.url_name or current_url_name in entry.further_url_names,
            )
            for entry in group.entries
            if entry.is_open_to(permissions)
        )
        if entries:
            groups.append(MenuGroup(group.name, entries))
    return groups


def menu_labels(permission: Permission) -> list[str]:
    """Return the labels of the menu entries that this permission opens."""
    return [
        str(entry.label)
        for group in _GROUPS
        for entry in group.entries
        if entry.permission is not None and entry.is_open_to(frozenset({permission}))
    ]
