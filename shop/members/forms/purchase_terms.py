"""The form for an option's wholesale prices and limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.purchase_limits import PurchaseLimits
from catalog.actions.products.variant_rows import MAX_PRICE
from catalog.actions.products.wholesale_tiers import MAX_TIERS
from catalog.models import Price, Variant
from catalog.models.purchase_limits import MAX_LIMIT, MAX_LIMIT_DAYS
from catalog.models.wholesale_price import MAX_TIER_QUANTITY
from catalog.pricing import WholesaleTier
from shop.core.web.confirmations import ConfirmableForm
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm

_NUMBERS = range(1, MAX_TIERS + 1)


class PurchaseTermsForm(MembersForm, ConfirmableForm):
    """Wholesale prices, each a numbered quantity and amount, and limits. Empty pairs are left out."""

    limit_per_order = GroupedWholeNumberField(
        label=_("Limit per order"), min_value=1, max_value=MAX_LIMIT, required=False
    )
    limit_per_buyer = GroupedWholeNumberField(
        label=_("Limit per buyer"),
        min_value=1,
        max_value=MAX_LIMIT,
        required=False,
        help_text=_("All orders of a buyer together. Buyers are known by account, phone number and email."),
    )
    limit_days = GroupedWholeNumberField(
        label=_("The limit per buyer applies to so many days"),
        min_value=1,
        max_value=MAX_LIMIT_DAYS,
        required=False,
        help_text=_("Leave empty to count all orders."),
    )

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[FormOptions]
    ) -> None:
        super().__init__(data, files, **options)
        tier_fields: dict[str, forms.Field] = {}
        for number in _NUMBERS:
            tier_fields[f"quantity_{number}"] = GroupedWholeNumberField(
                label=_("Wholesale quantity %(number)s") % {"number": number},
                min_value=2,
                max_value=MAX_TIER_QUANTITY,
                required=False,
            )
            tier_fields[f"amount_{number}"] = GroupedWholeNumberField(
                label=_("Wholesale price %(number)s") % {"number": number},
                min_value=1,
                max_value=MAX_PRICE,
                required=False,
            )
        for field in tier_fields.values():
            field.widget.attrs.setdefault("class", "input")
        self.fields = tier_fields | self.fields

    @classmethod
    def initial_for_variant(cls, variant: Variant, price: Price) -> dict[str, object]:
        """Return the form's initial values. `price` was read with its wholesale prices."""
        initial: dict[str, object] = {
            "limit_per_order": variant.quantity_limit_per_order,
            "limit_per_buyer": variant.quantity_limit_per_customer,
            "limit_days": variant.quantity_limit_days,
        }
        for number, tier in enumerate(price.wholesale_tiers, start=1):
            initial |= {f"quantity_{number}": tier.minimum_quantity, f"amount_{number}": tier.amount}
        return initial

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        for quantity, amount in self._names():
            has_quantity, has_amount = cleaned.get(quantity) is not None, cleaned.get(amount) is not None
            if has_quantity and not has_amount and amount not in self.errors:
                self.add_error(amount, _("Enter the price for this quantity."))
            if has_amount and not has_quantity and quantity not in self.errors:
                self.add_error(quantity, _("Enter the quantity for this price."))
        if cleaned.get("limit_days") is not None and cleaned.get("limit_per_buyer") is None:
            self.add_error("limit_per_buyer", _("Enter how many one buyer may order in these days."))
        return cleaned

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of each row. There is a row for each value, and two more."""
        rows = [(self[quantity], self[amount]) for quantity, amount in self._names()]
        filled = [place for place, pair in enumerate(rows, start=1) if any(field.value() for field in pair)]
        return rows[: max(filled, default=0) + 2]

    @property
    def tiers(self) -> list[WholesaleTier]:
        pairs = [
            (self.cleaned_data[quantity], self.cleaned_data[amount]) for quantity, amount in self._names()
        ]
        return [WholesaleTier(quantity, amount) for quantity, amount in pairs if quantity is not None]

    @property
    def limits(self) -> PurchaseLimits:
        cleaned = self.cleaned_data
        return PurchaseLimits(cleaned["limit_per_order"], cleaned["limit_per_buyer"], cleaned["limit_days"])

    @staticmethod
    def _names() -> Iterator[tuple[str, str]]:
        return ((f"quantity_{number}", f"amount_{number}") for number in _NUMBERS)
