"""Complete an API checkout by turning a covered basket with all its details into an order."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.order_records.record_order import Contact
from orders.actions.payments.basket_payments import (
    PAY_LATER_METHODS,
    payments_of_basket,
    total_paid,
    total_pending,
)
from orders.actions.placement.place_order import (
    BasketChanged,
    BasketEmpty,
    OrderAgreement,
    find_order_of_basket,
    place_agreed_order,
)
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import Quote, QuoteProblem
from orders.models import (
    Basket,
    InvoiceDetails,
    Order,
    OrderLine,
    OrderSource,
    PaymentMethod,
    PaymentSums,
    read_basket_payment_sums,
)
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.errors import Refused


class EmailRequired(Refused):
    code = "email_required"
    default_message = _("Enter the email address for messages about this order.")


class DeliveryRequired(Refused):
    """The address or the delivery is missing."""

    code = "delivery_required"
    default_message = _("Enter the delivery address and choose a delivery method.")


class BillingAddressRequired(Refused):
    code = "billing_address_required"
    default_message = _("Enter the billing address.")


class TotalNotCovered(Refused):
    """The payments do not cover the total. `details` has the amount `paid` or promised, and the `total`."""

    code = "total_not_covered"
    default_message = _("This order has not been paid in full yet.")


@transaction.atomic(durable=True)
def complete_checkout(
    *,
    basket_id: uuid.UUID,
    metadata: Mapping[str, str] | None = None,
    invoice: InvoiceDetails | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> tuple[Order, list[OrderLine] | None]:
    """Turn a basket into an order at its current total, which its payments must cover.

    Returns the order and its lines. A repeated or concurrent call returns the same order, and None for the
    lines. Completing a basket implies consent to pass on the name and address for the delivery.

    Raises BasketChanged, BuyerLimitReached, BasketEmpty, EmailRequired, Missing, TotalNotCovered,
    BillingAddressRequired, DeliveryRequired, PickupSlotFull; then nothing has changed.
    """
    basket = locks.lock_basket(basket_id)
    if basket is None:
        return find_order_of_basket(basket_id), None
    locks.lock_voucher(basket.voucher_code)
    quote_request = build_basket_request(basket)
    locks.lock_limited_variants((quote_request.variants or {}).values())
    current_quote = build_quote(quote_request, now=now)
    contact = _require_contact(basket, current_quote, invoice)
    _require_no_problems(current_quote)
    payments = payments_of_basket(basket.pk)
    sums = read_basket_payment_sums(basket.pk) if payments else {}
    method, can_confirm_at_once = _remaining_payment_method(basket, current_quote, sums)
    basket.metadata = {**basket.metadata, **(metadata or {})}
    consents = frozenset[str]({ConsentPurpose.ORDER})
    agreed = OrderAgreement(
        basket=basket,
        quote=current_quote,
        contact=contact,
        source=OrderSource.API,
        consents=consents,
        payments=payments,
        method=method,
        can_confirm_at_once=can_confirm_at_once,
    )
    return place_agreed_order(agreed, actor=actor, now=now)


def _require_contact(basket: Basket, quote: Quote, invoice: InvoiceDetails | None) -> Contact:
    """Return recipient, address and invoice.

    Raises EmailRequired, BasketEmpty, DeliveryRequired, BillingAddressRequired.
    """
    if not basket.email:
        raise EmailRequired()
    if invoice is not None:
        invoice.email = invoice.email or basket.email
    if not quote.seller_quotes:
        raise BasketEmpty(field="lines")
    address, billing = basket.shipping_address, basket.billing_address
    if address is None or QuoteProblem.NO_DELIVERY_CHOSEN in quote.problems:
        raise DeliveryRequired(field="shippingMethod")
    if billing is None:
        raise BillingAddressRequired(field="billingAddress")
    return Contact(
        name=basket.name or f"{address.first_name} {address.last_name}".strip(),
        phone=basket.phone,
        address=address,
        email=basket.email,
        note=basket.note,
        province_code=basket.province_code,
        billing=billing,
        invoice=invoice,
    )


def _require_no_problems(quote: Quote) -> None:
    """Raise BasketChanged if the quote has problems or a refused voucher code.

    A changed price is not refused here, because the buyer has agreed to the total by payments that cover it.
    """
    if quote.problems - {QuoteProblem.PRICE_CHANGED}:
        raise BasketChanged(quote=quote)
    if quote.voucher is not None and quote.voucher.refusal is not None:
        raise BasketChanged(quote.voucher.refusal.message, quote=quote, voucher=quote.voucher.refusal)


def _remaining_payment_method(
    basket: Basket, quote: Quote, sums: Mapping[PaymentMethod, Sequence[PaymentSums]]
) -> tuple[PaymentMethod | None, bool]:
    """Return the method of the payment still expected, and whether the order is confirmed at once.

    `sums` are those of the basket's payments. Raises TotalNotCovered.
    """
    paid = total_paid(sums)
    if not quote.total:
        return (None, True) if paid else (PaymentMethod.COD, True)
    if paid >= quote.total:
        return None, False
    if paid + total_pending(sums, PaymentMethod.COD) >= quote.total:
        return None, True
    pending = total_pending(sums, *PAY_LATER_METHODS)
    if paid + pending >= quote.total:
        return None, False
    if basket.channel.allow_unpaid_orders:
        return PaymentMethod.APP, False
    raise TotalNotCovered(field="id" if paid or pending else None, paid=paid + pending, total=quote.total)
