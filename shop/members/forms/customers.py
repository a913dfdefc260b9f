"""Forms for a cooperative's customers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.customers.customer_records import (
    MAX_GROUP_LENGTH,
    MAX_NAME_LENGTH,
    MAX_NOTE_LENGTH,
    CustomerDetails,
)
from orders.models import CooperativeCustomer, PriceTier
from shop.core.web.day_fields import DayField
from shop.core.web.phone_fields import PhoneField
from shop.members.forms.fields import MembersForm


class CustomerForm(MembersForm):
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

    @staticmethod
    def initial_for(customer: CooperativeCustomer) -> dict[str, object]:
        fields = ("phone", "name", "group", "price_tier", "birthday", "note")
        return {name: getattr(customer, name) for name in fields}

    @property
    def details(self) -> CustomerDetails:
        """The entered details of a valid form."""
        data = self.cleaned_data
        return CustomerDetails(**data | {"price_tier": PriceTier(data["price_tier"])})
