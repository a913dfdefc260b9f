"""Areas of the change log that its pages filter by."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import pgettext_lazy

# First words of actions, by the areas that the filter offers.
AREAS = {
    "orders": ("order", "part", "line", "substitute", "parcel", "run", "complaint", "address"),
    "payments": (
        "payment",
        "refund",
        "transfer",
        "call",
        "payout",
        "approval",
        "till",
        "shift",
        "debt",
        "sale",
        "gift_card",
        "giftcard",
    ),
    "settlements": ("settlement", "commission", "withholding", "remittance", "statement", "bank_statement"),
    "products": (
        "product",
        "variant",
        "listing",
        "listing_import",
        "price",
        "stock",
        "lot",
        "category",
        "collection",
        "producttype",
    ),
    "cooperatives": (
        "cooperative",
        "document",
        "household",
        "certificate",
        "membership",
        "invitation",
        "shared_phone",
        "phone_pin",
        "warehouse",
        "delivery_method",
    ),
    "discounts": ("promotion", "voucher"),
    "accounts": ("user", "group", "app", "consent", "data_request", "person", "customer", "change"),
    "settings": (
        "market",
        "shop",
        "channel",
        "zone",
        "shippingservice",
        "taxclass",
        "menu",
        "page",
        "synonyms",
    ),
}
AREA_NAMES = [
    ("orders", pgettext_lazy("audit", "Orders and parcels")),
    ("payments", pgettext_lazy("audit", "Payments, refunds and transfers")),
    ("settlements", pgettext_lazy("audit", "Settlements, rates and statements")),
    ("products", pgettext_lazy("audit", "Products, prices and stock")),
    ("cooperatives", pgettext_lazy("audit", "Cooperatives and members")),
    ("discounts", pgettext_lazy("audit", "Discounts")),
    ("accounts", pgettext_lazy("audit", "Accounts, roles and personal data")),
    ("settings", pgettext_lazy("audit", "Settings")),
]


def area_condition(area: str) -> Q:
    """Return the condition for changes of an area."""
    condition = Q()
    for word in AREAS[area]:
        condition |= Q(action__startswith=f"{word}.")
    return condition
