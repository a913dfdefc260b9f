"""Forms for vouchers and their codes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.forms import DiscountForm, WholeNumberField
from orders.actions.vouchers.issue_vouchers import MAX_CODES_AT_ONCE, VoucherTerms
from orders.models import CostBearer, ValueType, Voucher, VoucherType
from shop.core.dates.calendar import vietnam_date


class VoucherForm(DiscountForm):
    """A voucher's terms. The first code is entered only for a new voucher (`is_new`)."""

    code = forms.CharField(
        label=_("Voucher code"),
        max_length=50,
        error_messages={"required": _("Enter a code.")},
        help_text=_(
            "The code that buyers enter, for example TET2027. Capital letters and spaces do not matter."
        ),
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "off", "autocapitalize": "characters"}
        ),
    )
    type = forms.ChoiceField(
        label=_("Discount on"),
        choices=[
            (VoucherType.ENTIRE_ORDER, _("all products")),
            (VoucherType.SPECIFIC_PRODUCT, _("the products chosen below")),
            (VoucherType.SHIPPING, _("the delivery fee")),
        ],
        widget=forms.Select(attrs={"class": "input"}),
    )
    minimum_spent = WholeNumberField(
        label=_("Minimum amount of products"),
        required=False,
        help_text=_("Counts the products that the code applies to. The delivery fee does not count."),
    )
    minimum_quantity = WholeNumberField(label=_("Minimum quantity"), required=False)
    usage_limit = WholeNumberField(label=_("Total number of uses, at most"), required=False)
    apply_once_per_customer = forms.BooleanField(label=_("Once per buyer"), required=False)
    single_use = forms.BooleanField(label=_("Each code can be used once"), required=False)
    apply_once_per_order = forms.BooleanField(
        label=_("Only on one unit of the cheapest product"), required=False
    )
    only_for_staff = forms.BooleanField(label=_("Only in orders created by staff"), required=False)
    rules = ("apply_once_per_customer", "single_use", "apply_once_per_order", "only_for_staff")

    def __init__(
        self,
        *args: Any,
        is_new: bool,
        is_for_members: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["code"]
        if is_for_members:
            del self.fields["only_for_staff"]

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.rules if name in self.fields]

    @property
    def terms(self) -> VoucherTerms:
        cleaned = self.cleaned_data
        return VoucherTerms(
            name=cleaned["name"],
            value=cleaned["value"],
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            type=VoucherType(cleaned["type"]),
            value_type=ValueType(cleaned["value_type"]),
            cooperative=self._cooperative,
            bearer=CostBearer.PLATFORM if self.is_borne_by_platform else CostBearer.COOPERATIVE,
            minimum_spent=cleaned["minimum_spent"],
            minimum_quantity=cleaned["minimum_quantity"],
            usage_limit=cleaned["usage_limit"],
            products=list(cleaned.get("products", ())),
            categories=list(cleaned["categories"]),
            **{name: cleaned.get(name, False) for name in self.rules},
        )

    @classmethod
    def initial_for(cls, voucher: Voucher) -> dict[str, object]:
        """Return initial values for an existing voucher."""
        value = voucher.values.order_by("pk").first()
        copied = ("name", "type", "value_type", "bearer", "minimum_quantity", "usage_limit", *cls.rules)
        return {name: getattr(voucher, name) for name in copied} | {
            "value": value.value if value else None,
            "minimum_spent": value.minimum_spent if value else None,
            "starts": vietnam_date(voucher.starts_at),
            "ends": vietnam_date(voucher.last_moment) if voucher.last_moment else None,
            "products": voucher.products.all(),
            "categories": voucher.categories.all(),
        }


class CodesForm(forms.Form):
    """The number of codes to generate."""

    count = WholeNumberField(label=_("Quantity"), max_value=MAX_CODES_AT_ONCE, initial=50)
