"""Build the bank transfer that a buyer is asked for, with the QR code that fills it in."""

from __future__ import annotations

from orders.models import Dispute, Order, Parcel, Payment, PaymentMethod, TransferInstructions
from orders.payments.banks import find_bank
from orders.payments.vietqr import InvalidPayload, build_qr_text
from orders.states import ENDED_ORDER_STATUSES, ParcelState
from shop.core.models import ShopSettings


def build_order_transfer_instructions(
    order: Order, payment: Payment | None, shop: ShopSettings
) -> TransferInstructions | None:
    """Return the transfer that pays the amount still due, or None if nothing is due or it is paid otherwise.

    `payment` is the payment by which the order is to be paid now.
    """
    if payment is None or payment.method != PaymentMethod.TRANSFER:
        return None
    amount = order.amount_due - read_amount_not_requested(order)
    return build_transfer_instructions(shop, amount=amount, note=order.code) if amount > 0 else None


def may_prepay_cash_order(order: Order, payment: Payment | None) -> bool:
    """Return whether a transfer of all that is due may replace the cash: nothing is packed or paid yet.

    A packed parcel already tells its carrier how much to collect.
    """
    return (
        payment is not None
        and payment.method == PaymentMethod.COD
        and order.confirmed_at is not None
        and order.status not in ENDED_ORDER_STATUSES
        and order.amount_due > 0
        and order.amount_due == order.current_total_gross
        and not Parcel.objects.filter(part__order=order).exclude(state=ParcelState.VOIDED).exists()
    )


def read_amount_not_requested(order: Order) -> int:
    """Return the amount that is due but not requested, because it was paid and paid back, in minor units."""
    return read_charged_back_amount(order) + externally_refunded_amount(order)


def read_charged_back_amount(order: Order) -> int:
    """Return the amount charged back, in minor units. The buyer's bank and the market settle it."""
    if not order.amount_due or order.confirmed_at is None:
        return 0
    return Dispute.objects.filter(payment__order=order).charged_back_amounts().get(order.currency, 0)


def externally_refunded_amount(order: Order) -> int:
    """Return the amount refunded without the market's decision, in minor units. The market has to explain it.

    Later refund decisions about money that was already returned reduce the amount.
    """
    if not order.amount_due or order.confirmed_at is None:
        return 0
    amount_of_apps = order.payments.all().externally_refunded_amount()
    return (
        min(order.amount_due, max(0, amount_of_apps - order.refunds.all().reduction_without_repayment()))
        if amount_of_apps
        else 0
    )


def build_transfer_instructions(shop: ShopSettings, *, amount: int, note: str) -> TransferInstructions | None:
    """Build a transfer to the market's account, or None if no account is set, or no valid one."""
    try:
        payload = build_qr_text(bank=shop.bank_bin, account=shop.bank_account, amount=amount, note=note)
    except InvalidPayload:
        return None
    bank = find_bank(shop.bank_bin)
    name = bank.short_name if bank else shop.bank_bin
    return TransferInstructions(
        bank=name,
        account=shop.bank_account,
        holder=shop.bank_holder,
        amount=amount,
        note=note,
        payload=payload,
    )
