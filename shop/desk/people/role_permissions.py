"""The permissions that a role may have, grouped and explained for whoever gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.forms.boundfield import BoundWidget
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.accounts.staff.permissions import Permission
from shop.staff_menu import menu_labels


@dataclass(frozen=True, slots=True)
class PermissionInfo:
    """What a permission allows. `is_about_money` marks those that spend, refund or reprice."""

    permission: Permission
    explanation: Promise
    is_about_money: bool = False


@dataclass(frozen=True, slots=True)
class PermissionChoice:
    """A checkbox of a role's form, with the labels of the desk's pages that it opens."""

    widget: BoundWidget
    info: PermissionInfo
    pages: list[str]


@dataclass(frozen=True, slots=True)
class PermissionGroup:
    """Permissions of one job. Those that only connected software uses are folded away."""

    name: Promise
    choices: list[PermissionChoice]
    is_only_for_apps: bool = False

    @property
    def chosen_count(self) -> int:
        return sum(bool(choice.widget.data["selected"]) for choice in self.choices)


_DESK_GROUPS: Sequence[tuple[Promise, Sequence[PermissionInfo]]] = (
    (
        pgettext_lazy("desk menu", "Orders and buyers"),
        (
            PermissionInfo(
                Permission.MANAGE_ORDERS,
                _("See and correct orders, cancel them, decide refunds and complaints, read reports."),
                is_about_money=True,
            ),
            PermissionInfo(
                Permission.MANAGE_USERS,
                _("See customers with their contacts, lock accounts, answer requests about personal data."),
            ),
        ),
    ),
    (
        pgettext_lazy("desk menu", "Sellers and products"),
        (
            PermissionInfo(
                Permission.MANAGE_PRODUCTS,
                _("Publish, return and withdraw products, check certificates, edit categories, recall lots."),
            ),
            PermissionInfo(
                Permission.MANAGE_DISCOUNTS,
                _("Create and end voucher codes and promotions. The market pays for some of them."),
                is_about_money=True,
            ),
        ),
    ),
    (
        pgettext_lazy("desk menu", "Money"),
        (
            PermissionInfo(
                Permission.HANDLE_PAYMENTS,
                _(
                    "Match transfers, import statements, reconcile cash, close settlements, "
                    "record payouts as paid."
                ),
                is_about_money=True,
            ),
        ),
    ),
    (
        pgettext_lazy("desk menu", "Operations"),
        (
            PermissionInfo(
                Permission.MANAGE_STAFF,
                _(
                    "Approve and suspend cooperatives, invite staff, give roles, read the audit log. "
                    "Nobody can give a permission that they do not have."
                ),
            ),
            PermissionInfo(
                Permission.MANAGE_SETTINGS,
                _(
                    "Change the market's bank account, deadlines, commission and taxes, and confirm "
                    "payouts as the second person."
                ),
                is_about_money=True,
            ),
        ),
    ),
)
_APP_PERMISSIONS: Sequence[PermissionInfo] = (
    PermissionInfo(Permission.MANAGE_APPS, _("Create connections for other software and their keys.")),
    PermissionInfo(
        Permission.HANDLE_CHECKOUTS, _("Set prices of their own in baskets."), is_about_money=True
    ),
    PermissionInfo(Permission.MANAGE_CHECKOUTS, _("See all baskets.")),
    PermissionInfo(Permission.IMPERSONATE_USER, _("Put a basket or an order on a customer's account.")),
    PermissionInfo(Permission.MANAGE_GIFT_CARD, _("See gift cards."), is_about_money=True),
    PermissionInfo(
        Permission.MANAGE_TAXES, _("Change tax rates and how they are charged."), is_about_money=True
    ),
    PermissionInfo(Permission.HANDLE_TAXES, _("Has no effect here: the market computes taxes itself.")),
    PermissionInfo(Permission.MANAGE_SHIPPING, _("Change delivery zones and the market's services.")),
    PermissionInfo(Permission.MANAGE_CHANNELS, _("Change sales channels and their rules.")),
    PermissionInfo(Permission.MANAGE_PRODUCT_TYPES, _("Change product types and their attributes.")),
    PermissionInfo(Permission.MANAGE_PAGES, _("Change the texts of help and rules pages.")),
    PermissionInfo(Permission.MANAGE_PAGE_TYPES, _("Change the kinds of these pages.")),
    PermissionInfo(Permission.MANAGE_MENUS, _("Change the menus of the market's pages.")),
    PermissionInfo(Permission.MANAGE_TRANSLATIONS, _("Change translations of products and pages.")),
    PermissionInfo(Permission.MANAGE_ORDERS_IMPORT, _("Has no effect here.")),
    PermissionInfo(Permission.MANAGE_PLUGINS, _("See the list of built-in extensions.")),
    PermissionInfo(Permission.MANAGE_OBSERVABILITY, _("Has no effect here.")),
)


def group_permissions(field: forms.BoundField) -> list[PermissionGroup]:
    """Return the field's checkboxes by job. Only those that the editor may give are in the field."""
    widgets = {str(widget.data["value"]): widget for widget in field}
    groups = [PermissionGroup(name, _build_choices(infos, widgets)) for name, infos in _DESK_GROUPS]
    apps = PermissionGroup(
        _("Only for connected software (API)"),
        _build_choices(_APP_PERMISSIONS, widgets),
        is_only_for_apps=True,
    )
    return [group for group in (*groups, apps) if group.choices]


def _build_choices(
    infos: Sequence[PermissionInfo], widgets: dict[str, BoundWidget]
) -> list[PermissionChoice]:
    return [
        PermissionChoice(widgets[info.permission], info, menu_labels(info.permission))
        for info in infos
        if info.permission in widgets
    ]
