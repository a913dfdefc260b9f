"""Who receives an order and where, as far as it is known: written before, kept in the book, or picked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, QueryDict

from orders.forms.invoice import invoice_written
from orders.models import Basket, InvoiceDetails, Order
from orders.views.current_basket import province_of, user_of
from shop.accounts.models import Address, User
from shop.accounts.views.old_address_fields import filled, with_commune
from shop.core.identifiers.phones import shown as shown_phone

KEY = "checkout"  # what was written on a checkout, until it is an order
_WRITTEN = (
    *("name", "phone", "email", "province", "commune", "street", "landmark", "payment"),
    *("invoice", "invoice_company", "invoice_tax_code", "invoice_address", "invoice_email"),
)
_NOTE = "note-"
_MOST_NOTES = 50


def known(request: HttpRequest, basket: Basket) -> dict[str, Any]:
    """What the checkout proposes: written before, said of the basket, or kept with their account."""
    written = dict(request.session.get(KEY, {}))
    user = user_of(request)
    if user is not None and not written:
        address = basket.shipping_address or next(iter(book_of(user)), None)
        written = {
            "name": basket.name or user.first_name,
            "phone": shown_phone(basket.phone or user.phone or ""),
            "email": basket.email or user.email or "",
            **(_place(address) if address else {}),
            **_last_invoice(user),
        }
    return written | {"province": written.get("province") or province_of(request, basket)}


def keep_written(request: HttpRequest, posted: Mapping[str, Any]) -> None:
    """Keep what was written until it is ordered: who looks at the basket once more writes nothing twice."""
    notes = [name for name in posted if name.startswith(_NOTE) and name.removeprefix(_NOTE).isdecimal()]
    kept = {name: str(posted.get(name, ""))[:500] for name in (*_WRITTEN, *notes[:_MOST_NOTES])}
    kept = {name: value for name, value in kept.items() if value}
    if request.session.get(KEY) != kept:
        request.session[KEY] = kept


def write_as_ordered(request: HttpRequest, order: Order) -> None:
    """Let the checkout propose who received an order, unless something was written already."""
    address = order.shipping_address
    if address is not None and not request.session.get(KEY):
        said = {"name": order.buyer_name, "phone": shown_phone(order.phone), "email": order.email}
        keep_written(request, said | _place(address))


def forget_written(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def book_of(user: User | None) -> list[Address]:
    """The addresses of a person that goods can be brought to here, the usual one first."""
    if user is None:
        return []
    mine = list(Address.objects.filter(user=user, country="VN").order_by("-pk"))
    return sorted(mine, key=lambda each: each.pk != user.default_shipping_address_id)


def with_choice(request: HttpRequest, posted: QueryDict) -> QueryDict:
    """What was posted, with the address of the book that was chosen, or the commune picked for an old one."""
    if "use-address" in posted:
        return _with_address(posted, book_of(user_of(request)))
    return with_commune(posted)


def _place(address: Address) -> dict[str, str]:
    return {
        "province": address.province_code,
        "commune": address.commune_code,
        "street": address.street_address_1,
        "landmark": address.landmark,
    }


def _last_invoice(user: User) -> dict[str, str]:
    """The company of the person's last invoice, filled in but not asked for."""
    return invoice_written(InvoiceDetails.objects.filter(order__user=user).order_by("-pk").first())


def _with_address(posted: QueryDict, book: list[Address]) -> QueryDict:
    chosen = next((each for each in book if str(each.pk) == posted["use-address"]), None)
    if chosen is None:
        return posted
    said = {"name": chosen.first_name, "phone": shown_phone(chosen.phone)}
    return filled(posted, {name: value for name, value in said.items() if value} | _place(chosen))
