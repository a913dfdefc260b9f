"""Forms for draft orders taken by phone: receiver, address, lines and prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Unpack

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.actions.order_records.record_order import Contact
from orders.forms.addresses import ReceiverForm
from orders.forms.invoice import InvoiceForm, initial_invoice
from orders.models import RECEIVED_SOURCES, InvoiceDetails, Order, OrderSource
from shop.accounts.forms import DivisionOptions
from shop.accounts.models import Address
from shop.core.identifiers.phones import format_phone
from shop.core.web.form_options import FormData, FormFiles

MAX_STEPS = 1_000_000
MAX_PRICE = 10**12
_RECEIVER = ("name", "phone", "province", "commune", "street")
_REQUIRED_TO_PLACE = ("name", "phone", "province")
_ADDED = re.compile(r"add-(\d{1,18})")


class SourceForm(forms.Form):
    """The source of a new draft."""

    source = forms.ChoiceField(
        label=_("Order source"),
        choices=[choice for choice in OrderSource.choices if choice[0] in RECEIVED_SOURCES],
        widget=forms.Select(attrs={"class": "input"}),
    )


class DraftForm(InvoiceForm, ReceiverForm):
    """Receiver and address. A draft may lack both. `is_complete` requires name, phone and province."""

    email = forms.EmailField(
        label=_("Email"), required=False, widget=forms.EmailInput(attrs={"class": "input"})
    )
    code = forms.CharField(
        label=_("Voucher code"),
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "autocapitalize": "characters"}),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 2}),
    )

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        is_complete: bool = False,
        **options: Unpack[DivisionOptions],
    ) -> None:
        super().__init__(data, files, **options)
        self.fields["invoice"].label = _("The buyer needs a company invoice.")
        for name, field in self.fields.items():
            # The browser would fill in the data of the staff instead of the buyer.
            field.widget.attrs["autocomplete"] = "off"
            if name in _RECEIVER:
                field.required = is_complete and name in _REQUIRED_TO_PLACE

    @property
    def contact(self) -> Contact:
        cleaned, address = self.cleaned_data, self.address
        return Contact(
            name=cleaned["name"],
            phone=cleaned["phone"],
            address=address,
            email=cleaned["email"],
            note=cleaned["note"],
            province_code=address.province_code,
            invoice=self.invoice_details,
        )


class ContactForm(DraftForm):
    """The full contact of a placed order. The province cannot change, because delivery was agreed for it."""

    def __init__(
        self, data: FormData = None, files: FormFiles = None, **options: Unpack[DivisionOptions]
    ) -> None:
        super().__init__(data, files, is_complete=True, **options)
        del self.fields["code"], self.fields["note"]

    def clean(self) -> dict[str, object]:
        return {**super().clean(), "note": ""}


def read_initial_from_order(order: Order) -> dict[str, str]:
    """Return initial values for an order's form."""
    address = order.shipping_address or Address()
    invoice = InvoiceDetails.objects.filter(order=order).first()
    return {
        **initial_invoice(invoice),
        "invoice": "on" if invoice else "",
        "name": order.buyer_name,
        "phone": format_phone(order.phone),
        "email": order.email,
        "province": address.province_code,
        "commune": address.commune_code,
        "street": address.street_address_1,
        "landmark": address.landmark,
        "code": order.voucher_code,
        "note": order.note,
    }


class LineForm(forms.Form):
    """A quantity of a variant at the agreed price. Zero removes the line.

    `shown_price` is the page's price if it was the shop's own for the quantity. As long as `price` equals it,
    nobody has entered a price, and another quantity may have another price.
    """

    variant = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    quantity = forms.IntegerField(
        label=_("Quantity"),
        min_value=0,
        max_value=MAX_STEPS,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
        error_messages={"invalid": _("Enter a whole number, such as 2.")},
    )
    price = forms.IntegerField(
        label=_("Price"),
        min_value=0,
        max_value=MAX_PRICE,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
    )
    shown_price = forms.IntegerField(
        min_value=0, max_value=MAX_PRICE, required=False, widget=forms.HiddenInput
    )


LineFormSet = forms.formset_factory(LineForm, extra=0, max_num=200, absolute_max=200)


def added_quantities(posted: Mapping[str, object]) -> dict[int, int]:
    """Return quantities to add by variant id, from the search results. Invalid values are ignored."""
    added = {}
    for name, value in posted.items():
        match = _ADDED.fullmatch(name)
        text = str(value).strip()
        if match and text.isdecimal() and 0 < int(text[:9]) <= MAX_STEPS:
            added[int(match[1])] = int(text[:9])
    return added
