"""Build the bank transfer that a buyer is asked for, with the QR code that fills it in."""

from __future__ import annotations

from orders.models import AskedTransfer, Dispute, Method, Order, Payment
from orders.payments.banks import bank_of
from orders.payments.vietqr import BadPayload, payload_for
from shop.core.models import ShopSettings


def asked_of(order: Order, payment: Payment | None, shop: ShopSettings) -> AskedTransfer | None:
    """Return the transfer that pays what is still due; None if nothing is due or it is paid otherwise.

    `payment` is the payment by which the order is to be paid now.
    """
    if payment is None or payment.method != Method.TRANSFER:
        return None
    amount = order.still_due - unasked_of(order)
    return asked_for(shop, amount=amount, note=order.code) if amount > 0 else None


def unasked_of(order: Order) -> int:
    """Return what is due but not requested, in minor units, because the buyer got it back already."""
    return taken_back_from(order) + given_back_to(order)


def taken_back_from(order: Order) -> int:
    """Return what the buyer's bank charged back, in minor units: a matter between it and the market."""
    if not order.still_due or order.confirmed_at is None:
        return 0
    return Dispute.objects.filter(payment__order=order).taken_back().get(order.currency, 0)


def given_back_to(order: Order) -> int:
    """Return what was refunded without a decision of ours, in minor units: the market has to explain it.

    Refund decisions that found the money already returned account for their part of it.
    """
    if not order.still_due or order.confirmed_at is None:
        return 0
    elsewhere = order.payments.all().given_back_elsewhere()
    return min(order.still_due, max(0, elsewhere - order.refunds.all().without_money())) if elsewhere else 0


def asked_for(shop: ShopSettings, *, amount: int, note: str) -> AskedTransfer | None:
    """Build a transfer to the market's account; None if no account is set, or no valid one."""
    try:
        payload = payload_for(bank=shop.bank_bin, account=shop.bank_account, amount=amount, note=note)
    except BadPayload:
        return None
    bank = bank_of(shop.bank_bin)
    name = bank.short_name if bank else shop.bank_bin
    return AskedTransfer(name, shop.bank_account, shop.bank_holder, amount, note, payload)
