"""Permissions of groups and apps. The codes are Saleor's, so that its Dashboard understands them."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Permission(TextChoices):
    MANAGE_USERS = "manage_users", _("Manage customers.")
    MANAGE_STAFF = "manage_staff", _("Manage staff.")
    IMPERSONATE_USER = "impersonate_user", _("Impersonate user.")
    MANAGE_APPS = "manage_apps", _("Manage apps")
    MANAGE_OBSERVABILITY = "manage_observability", _("Manage observability")
    MANAGE_CHANNELS = "manage_channels", _("Manage channels.")
    MANAGE_DISCOUNTS = "manage_discounts", _("Manage promotions and vouchers.")
    MANAGE_PLUGINS = "manage_plugins", _("Manage plugins")
    MANAGE_GIFT_CARD = "manage_gift_card", _("Manage gift cards.")
    MANAGE_MENUS = "manage_menus", _("Manage navigation.")
    MANAGE_ORDERS = "manage_orders", _("Manage orders.")
    MANAGE_ORDERS_IMPORT = "manage_orders_import", _("Manage orders import.")
    MANAGE_PAGES = "manage_pages", _("Manage pages.")
    MANAGE_PAGE_TYPES = "manage_page_types_and_attributes", _("Manage page types and attributes.")
    HANDLE_PAYMENTS = "handle_payments", _("Handle payments")
    MANAGE_PRODUCTS = "manage_products", _("Manage products.")
    MANAGE_PRODUCT_TYPES = "manage_product_types_and_attributes", _("Manage product types and attributes.")
    MANAGE_SHIPPING = "manage_shipping", _("Manage shipping.")
    MANAGE_SETTINGS = "manage_settings", _("Manage settings.")
    MANAGE_TRANSLATIONS = "manage_translations", _("Manage translations.")
    MANAGE_CHECKOUTS = "manage_checkouts", _("Manage checkouts")
    HANDLE_CHECKOUTS = "handle_checkouts", _("Handle checkouts")
    HANDLE_TAXES = "handle_taxes", _("Handle taxes")
    MANAGE_TAXES = "manage_taxes", _("Manage taxes")
