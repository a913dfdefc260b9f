"""What whoever pays an order by bank transfer has to write, and the QR code that writes it for them."""

from __future__ import annotations

from orders.models import AskedTransfer, Dispute, Method, Order, Payment
from orders.payments.banks import bank_of
from orders.payments.vietqr import BadPayload, payload_for
from shop.core.models import ShopSettings


def asked_of(order: Order, payment: Payment | None, shop: ShopSettings) -> AskedTransfer | None:
    """How what the order still costs is transferred; None where it comes another way, or not at all.

    `payment` is the way in which the order is to be paid now.
    """
    if payment is None or payment.method != Method.TRANSFER:
        return None
    amount = order.still_due - unasked_of(order)
    return asked_for(shop, amount=amount, note=order.code) if amount > 0 else None


def unasked_of(order: Order) -> int:
    """What the order lacks and nobody asks its buyer for, in minor units: it went back to them already."""
    return taken_back_from(order) + given_back_to(order)


def taken_back_from(order: Order) -> int:
    """What the buyer's bank has taken back, in minor units: that is between it and the market."""
    if not order.still_due or order.confirmed_at is None:
        return 0
    return Dispute.objects.filter(payment__order=order).taken_back().get(order.currency, 0)


def given_back_to(order: Order) -> int:
    """What the buyer got back without a decision of ours, in minor units: that is the market's to explain.

    A decision that found it given back already has made it its own.
    """
    if not order.still_due or order.confirmed_at is None:
        return 0
    elsewhere = order.payments.all().given_back_elsewhere()
    return min(order.still_due, max(0, elsewhere - order.refunds.all().without_money())) if elsewhere else 0


def asked_for(shop: ShopSettings, *, amount: int, note: str) -> AskedTransfer | None:
    """That much to the market's account; None while no account is set, or none that a code can name."""
    try:
        payload = payload_for(bank=shop.bank_bin, account=shop.bank_account, amount=amount, note=note)
    except BadPayload:
        return None
    bank = bank_of(shop.bank_bin)
    name = bank.short_name if bank else shop.bank_bin
    return AskedTransfer(name, shop.bank_account, shop.bank_holder, amount, note, payload)
