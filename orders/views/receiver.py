"""The receiver's details proposed at the checkout: entered before, from the address book, or chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from orders.forms.checkout import CheckoutForm
from orders.forms.invoice import initial_invoice
from orders.models import Basket, InvoiceDetails, Order
from orders.views.current_basket import find_delivery_province, signed_in_user
from orders.views.kept_receiver import kept_receiver
from shop.accounts.models import Address, User
from shop.accounts.views.old_address_fields import apply_picked_commune, with_values
from shop.core.identifiers.phones import format_phone

# The checkout's inputs until the order is placed.
CHECKOUT_SESSION_KEY = "checkout"
_SAVED_FIELDS = (
    "name",
    "phone",
    "email",
    "province",
    "commune",
    "street",
    "landmark",
    "payment",
    "invoice",
    "invoice_company",
    "invoice_tax_code",
    "invoice_address",
    "invoice_email",
)
_CARD_FIELDS = ("name", "phone", "email", "province", "commune", "street", "landmark")
_NOTE_PREFIX = "note-"
_MAX_NOTES = 50


def read_initial_receiver(request: HttpRequest, basket: Basket) -> dict[str, object]:
    """Return initial values for the checkout: entered before, from this device, basket or account."""
    inputs = dict(request.session.get(CHECKOUT_SESSION_KEY, {}))
    user = signed_in_user(request)
    if user is None and not inputs:
        inputs = _receiver_of_device(request, basket)
    if user is not None and not inputs:
        address = basket.shipping_address or next(iter(read_address_book(user)), None)
        inputs = {
            "name": basket.name or user.first_name,
            "phone": format_phone(basket.phone or user.phone or ""),
            "email": basket.email or user.email or "",
            **(_address_fields(address) if address else {}),
            **_find_last_invoice(user),
        }
    return inputs | {"province": inputs.get("province") or find_delivery_province(request, basket)}


def _receiver_of_device(request: HttpRequest, basket: Basket) -> dict[str, object]:
    """Return the details that a guest kept, without the address if the basket goes to another province."""
    kept: dict[str, object] = dict(kept_receiver(request))
    province = find_delivery_province(request, basket)
    if province and province != kept.get("province"):
        kept = {name: value for name, value in kept.items() if name in ("name", "phone", "email")}
    return kept | {"keep_on_device": "on"} if kept else {}


def save_inputs(request: HttpRequest, submitted: Mapping[str, object]) -> None:
    """Save the checkout's inputs in the session until the order is placed."""
    notes = [
        name
        for name in submitted
        if name.startswith(_NOTE_PREFIX) and name.removeprefix(_NOTE_PREFIX).isdecimal()
    ]
    saved_inputs = {
        name: str(submitted.get(name, ""))[:500] for name in (*_SAVED_FIELDS, *notes[:_MAX_NOTES])
    }
    saved_inputs = {name: value for name, value in saved_inputs.items() if value}
    if request.session.get(CHECKOUT_SESSION_KEY) != saved_inputs:
        request.session[CHECKOUT_SESSION_KEY] = saved_inputs


def save_inputs_from_order(request: HttpRequest, order: Order) -> None:
    """Save an order's receiver as the checkout's inputs, unless some were entered already."""
    address = order.shipping_address
    if address is not None and not request.session.get(CHECKOUT_SESSION_KEY):
        fields = {"name": order.buyer_name, "phone": format_phone(order.phone), "email": order.email}
        save_inputs(request, fields | _address_fields(address))


def forget_inputs(request: HttpRequest) -> None:
    request.session.pop(CHECKOUT_SESSION_KEY, None)


def read_address_book(user: User | None) -> list[Address]:
    """Return a user's Vietnamese addresses, the default first."""
    if user is None:
        return []
    addresses = list(Address.objects.filter(user=user, country="VN").order_by("-pk"))
    return sorted(addresses, key=lambda address: address.pk != user.default_shipping_address_id)


@dataclass(frozen=True, slots=True)
class ReceiverCard:
    """A known receiver in words. `is_open`: something is missing or wrong, so that the fields are shown."""

    name: str
    phone: str
    email: str
    address: str
    other_addresses: Sequence[Address]
    is_open: bool


def receiver_card(form: CheckoutForm, book: Sequence[Address]) -> ReceiverCard:
    """Return the form's receiver in words, with the addresses of the book that are not chosen."""
    values = {name: str(form[name].value() or "") for name in _CARD_FIELDS}
    commune, province = form.entered_divisions
    is_complete = all((values["name"], values["phone"], values["street"], commune, province))
    chosen = (values["street"], values["commune"])
    return ReceiverCard(
        name=values["name"],
        phone=values["phone"],
        email=values["email"],
        address=", ".join(filter(None, (values["street"], commune, province))),
        other_addresses=[
            address for address in book if (address.street_address_1, address.commune_code) != chosen
        ],
        is_open=not is_complete or any(name in form.errors for name in _CARD_FIELDS),
    )


def use_chosen_address(request: HttpRequest, submitted: QueryDict) -> QueryDict:
    """Return the submitted data with the chosen address, email, or commune of an old address."""
    if "use-address" in submitted:
        return _with_address(submitted, read_address_book(signed_in_user(request)))
    if "use-email" in submitted:
        return with_values(submitted, {"email": str(submitted["use-email"])})
    return apply_picked_commune(submitted)


def _address_fields(address: Address) -> dict[str, str]:
    return {
        "province": address.province_code,
        "commune": address.commune_code,
        "street": address.street_address_1,
        "landmark": address.landmark,
    }


def _find_last_invoice(user: User) -> dict[str, str]:
    """Return the company of the user's last invoice, as initial values."""
    return initial_invoice(InvoiceDetails.objects.filter(order__user=user).order_by("-pk").first())


def _with_address(submitted: QueryDict, book: list[Address]) -> QueryDict:
    chosen_address = next((address for address in book if str(address.pk) == submitted["use-address"]), None)
    if chosen_address is None:
        return submitted
    fields = {"name": chosen_address.first_name, "phone": format_phone(chosen_address.phone)}
    return with_values(
        submitted, {name: value for name, value in fields.items() if value} | _address_fields(chosen_address)
    )
