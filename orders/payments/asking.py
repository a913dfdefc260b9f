"""What whoever pays an order by bank transfer has to write, and the QR code that writes it for them."""

from __future__ import annotations

from orders.models import AskedTransfer, Method, Order, Payment
from orders.payments.banks import bank_of
from orders.payments.vietqr import BadPayload, payload_for
from shop.core.models import ShopSettings


def asked_of(
    order: Order, payment: Payment | None, shop: ShopSettings, *, due: int | None = None
) -> AskedTransfer | None:
    """How what the order still costs, or what of it is `due`, is transferred; None where it comes another
    way, or not at all.

    `payment` is the way in which the order is to be paid now.
    """
    amount = order.still_due if due is None else due
    if payment is None or payment.method != Method.TRANSFER or not amount:
        return None
    return asked_for(shop, amount=amount, note=order.code)


def asked_for(shop: ShopSettings, *, amount: int, note: str) -> AskedTransfer | None:
    """That much to the market's account; None while no account is set, or none that a code can name."""
    try:
        payload = payload_for(bank=shop.bank_bin, account=shop.bank_account, amount=amount, note=note)
    except BadPayload:
        return None
    bank = bank_of(shop.bank_bin)
    name = bank.short_name if bank else shop.bank_bin
    return AskedTransfer(name, shop.bank_account, shop.bank_holder, amount, note, payload)
