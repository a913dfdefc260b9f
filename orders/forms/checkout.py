"""Forms of the checkout, and of the search for an order."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Unpack

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.actions.order_records.record_order import Contact
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.forms.addresses import ReceiverForm
from orders.forms.basket import parse_chosen_deliveries
from orders.forms.invoice import InvoiceForm
from orders.models import PaymentMethod
from orders.payments.order_codes import normalise_order_code
from shop.accounts.forms import DivisionOptions, phone_field
from shop.accounts.models import ConsentPurpose
from shop.core.identifiers.emails import suggest_email
from shop.core.web.form_options import FormData, FormFiles

_MAX_LINES, _MAX_PRICE_DIGITS = 500, 18


class CheckoutForm(InvoiceForm, ReceiverForm):
    """Receiver, address, delivery method per cooperative, payment method and consents."""

    field_order = (*("basket", "shown_total", "shown_maximum"), *("name", "phone", "email"))

    basket = forms.UUIDField(widget=forms.HiddenInput)
    shown_total = forms.IntegerField(widget=forms.HiddenInput, required=False)
    shown_maximum = forms.IntegerField(widget=forms.HiddenInput, required=False)
    email = forms.EmailField(
        label=_("Email"),
        required=False,
        help_text=_("We email you the order confirmation. Without an email address, you get a text message."),
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "email"}),
        error_messages={"invalid": _("Enter an email address such as hoa@example.com.")},
    )
    keep_address = forms.BooleanField(label=_("Save this address to my address book."), required=False)
    keep_on_device = forms.BooleanField(
        label=_("Remember name, phone number and address on this device."),
        required=False,
        help_text=_("Only this device stores them. You can delete them at the next checkout."),
    )
    consent = forms.BooleanField(
        label=_(
            "I agree that Chợ Phiên shares my name, phone number and address with the cooperatives and "
            "carriers, only for this delivery."
        ),
        error_messages={
            "required": _(
                "Please tick the box that allows us to share your delivery details. "
                "We cannot deliver without them."
            )
        },
    )
    news = forms.BooleanField(label=_("Notify me when a new season begins."), required=False)

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        delivery_methods: Mapping[int, Sequence[str]],
        payments: Sequence[PaymentMethod],
        **options: Unpack[DivisionOptions],
    ) -> None:
        """Take the valid values of each cooperative's delivery field, by its id, as `delivery_methods`.

        `payments` are the available payment methods, the default first.
        """
        super().__init__(data, files, **options)
        self._default_method = payments[0]
        self.fields["payment"] = forms.ChoiceField(
            label=_("Payment"),
            required=False,
            choices=[(method.value, method.label) for method in payments],
            initial=self._default_method.value,
            widget=forms.RadioSelect,
            error_messages={
                "invalid_choice": _("This payment method is not available at the moment. Choose another one.")
            },
        )
        self._cooperative_ids = list(delivery_methods)
        for cooperative_id, values in delivery_methods.items():
            self.fields[f"delivery-{cooperative_id}"] = _delivery_field(values)
            self.fields[f"note-{cooperative_id}"] = _note_field()

    def clean(self) -> dict[str, object]:
        """Drop errors about delivery methods while the province or commune is missing.

        Without a province there is nothing to choose. Without scripts the page shows the first choices beside
        the communes, and one of them is then preselected.
        """
        cleaned = super().clean()
        if {"province", "commune"} & self.errors.keys():
            for cooperative_id in self._cooperative_ids:
                self.errors.pop(f"delivery-{cooperative_id}", None)
        return cleaned

    @property
    def method(self) -> PaymentMethod:
        """The payment method of a valid form."""
        return PaymentMethod(self.cleaned_data["payment"] or self._default_method)

    @property
    def likely_email(self) -> str:
        """The address that was probably meant, if the entered one looks mistyped."""
        return suggest_email(str(self["email"].value() or ""))

    @property
    def contact(self) -> Contact:
        """The contact of a valid form."""
        cleaned = self.cleaned_data
        return Contact(
            name=cleaned["name"],
            phone=cleaned["phone"],
            email=cleaned["email"],
            province_code=cleaned["province"],
            notes={key: cleaned[f"note-{key}"] for key in self._cooperative_ids if cleaned[f"note-{key}"]},
            address=self.address,
            invoice=self.invoice_details,
        )

    @property
    def seen_prices(self) -> dict[uuid.UUID, int]:
        """Changed prices that the page showed to the buyer, by line id. Malformed values are ignored."""
        prices = {}
        values = self.data.getlist("seen_price") if isinstance(self.data, MultiValueDict) else []
        for value in values[:_MAX_LINES]:
            key, _colon, price = value.partition(":")
            if price.isascii() and price.isdecimal() and len(price) <= _MAX_PRICE_DIGITS:
                with suppress(ValueError):
                    prices[uuid.UUID(key)] = int(price)
        return prices

    @property
    def deliveries(self) -> dict[int, RequestedDelivery]:
        return parse_chosen_deliveries(self.cleaned_data, self._cooperative_ids)

    @property
    def consents(self) -> frozenset[str]:
        field_names = {ConsentPurpose.ORDER: "consent", ConsentPurpose.NEWS: "news"}
        return frozenset(str(purpose) for purpose, name in field_names.items() if self.cleaned_data[name])


def _delivery_field(values: Sequence[str]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=pgettext_lazy("of an order", "Delivery"),
        choices=[(value, value) for value in values],
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a delivery method."),
            "invalid_choice": _("This delivery method is no longer available. Choose another one."),
        },
    )


def _note_field() -> forms.CharField:
    return forms.CharField(
        label=_("Note to the cooperative"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"class": "input"}),
    )


class FindOrderForm(forms.Form):
    """Find an order by its buyer's phone and code together, never by the order number."""

    phone = phone_field(_("Enter the phone number of the order."))
    code = forms.CharField(
        label=_("Order code"),
        max_length=40,
        help_text=_("Find it in your text message or email, for example TA7K2M3N."),
        widget=forms.TextInput(
            attrs={"class": "input code", "autocomplete": "off", "autocapitalize": "characters"}
        ),
        error_messages={"required": _("Enter the order code.")},
    )

    def clean_code(self) -> str:
        code = normalise_order_code(self.cleaned_data["code"])
        if code.isdecimal():
            raise forms.ValidationError(
                _("The code has 8 characters and begins with T, for example TA7K2M3N.")
            )
        return code
