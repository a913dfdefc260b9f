"""Forms for a cooperative's customers."""

from __future__ import annotations

from typing import Any, Unpack

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.customers.customer_records import (
    MAX_DEBT,
    MAX_GROUP_LENGTH,
    MAX_NAME_LENGTH,
    MAX_NOTE_LENGTH,
    MAX_PAYMENT_DAYS,
    CustomerDetails,
)
from orders.models import CooperativeCustomer, PriceTier
from shop.core.web.day_fields import DayField
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import GroupedWholeNumberField, MembersForm

_TERMS = ("credit_limit", "payment_days")


class CustomerForm(MembersForm):
    """A customer. The terms of sales on account are shown only to those who may set them."""

    phone = PhoneField(is_business=True, autocomplete="off")
    name = forms.CharField(
        label=pgettext_lazy("customer", "Name"),
        max_length=MAX_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    group = forms.CharField(
        label=pgettext_lazy("customer", "Group"),
        help_text=_("For example restaurants, schools or neighbours."),
        max_length=MAX_GROUP_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "customer-groups"}),
    )
    price_tier = forms.ChoiceField(
        label=_("Prices"), choices=PriceTier.choices, initial=PriceTier.RETAIL, widget=forms.RadioSelect
    )
    birthday = DayField(
        _("Birthday"), required=False, help_text=_("Only if the customer wants you to know it.")
    )
    note = forms.CharField(
        label=pgettext_lazy("customer", "Note"),
        help_text=_("The customer may ask what you keep about them. Write only what a sale needs."),
        max_length=MAX_NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    credit_limit = GroupedWholeNumberField(
        label=_("May owe at most"),
        help_text=_("Empty: no limit. 0: nothing on account."),
        min_value=0,
        max_value=MAX_DEBT,
        required=False,
    )
    payment_days = GroupedWholeNumberField(
        label=_("Days to pay"),
        help_text=_("Empty: no day is agreed."),
        min_value=0,
        max_value=MAX_PAYMENT_DAYS,
        required=False,
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        customer: CooperativeCustomer | None = None,
        may_set_terms: bool,
        **options: Unpack[FormOptions],
    ) -> None:
        self.terms = {name: getattr(customer, name, None) for name in _TERMS}
        if customer is not None:
            options["initial"] = {name: getattr(customer, name) for name in self.base_fields}
        super().__init__(data, files, **options)
        if not may_set_terms:
            for name in _TERMS:
                del self.fields[name]

    @property
    def details(self) -> CustomerDetails:
        """The entered details of a valid form. Terms that the person may not set stay as they are."""
        data: dict[str, Any] = {**self.terms, **self.cleaned_data}
        return CustomerDetails(**data | {"price_tier": PriceTier(data["price_tier"])})
