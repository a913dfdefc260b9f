"""Replace an order that ended before its money arrived by a new one with the same contents."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import SoldOut
from orders import locks, notifications
from orders.actions.bank_transfers.receive_transfers import (
    assign_transfer_to_order,
    mark_if_fully_assigned,
    read_unassigned_amount,
)
from orders.actions.ledger.unmatched_transfers import book_unmatched_transfer
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.pickup_slots import PickupSlotFull, take_pickup_slots
from orders.actions.order_records.record_order import create_order_row, write_parts
from orders.actions.payments.order_payments import expect_payment
from orders.actions.placement.allocate_order_stock import allocate_order_stock
from orders.actions.placement.draft_orders import read_draft_request
from orders.actions.quotes.build_quote import build_quote, read_quote_inputs
from orders.actions.quotes.quote_types import Quote, QuoteProblem
from orders.actions.quotes.sales_terms import SalesTerms
from orders.actions.vouchers.redeem_vouchers import record_voucher_use
from orders.models import BankTransfer, InvoiceDetails, Order, PaymentMethod
from orders.payments.transfer_instructions import build_order_transfer_instructions
from orders.states import ENDED_ORDER_STATUSES, TransferState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import Change, ShopSettings, record_change, was_done_with_key
from shop.core.states import TransitionNotAllowed

# The buyer agreed to these lines at these prices, and has paid for them.
_IGNORED_PROBLEMS = frozenset(
    {QuoteProblem.NOT_FOR_SALE, QuoteProblem.PRICE_CHANGED, QuoteProblem.OVER_LIMIT, QuoteProblem.PAUSED}
)


class OrderNotReplaceable(Refused):
    """The order's stock, delivery or discount is no longer available. `details` may hold the quote."""

    code = "order_not_replaceable"
    default_message = _("The items or the delivery are no longer available as ordered. Refund the money.")


@transaction.atomic(durable=True)
def replace_expired_order(
    *, transfer_id: uuid.UUID, order_id: uuid.UUID, actor: Actor, now: datetime.datetime
) -> Order:
    """Place a new order like an ended one, and pay it by the bank transfer under review.

    The old order stays ended. A surplus of the transfer stays under review. If the transfer is too small, the
    new order waits for the rest. A repeated call for the same transfer returns the order placed first. Raises
    Missing, TransitionNotAllowed, OrderNotReplaceable.
    """
    ended_order = locks.lock_orders([order_id]).get(order_id)
    transfer = locks.lock_bank_transfer(transfer_id)
    if ended_order is None or ended_order.is_draft:
        raise Missing()
    idempotency_key = f"again:{transfer.pk}:{ended_order.pk}"
    if was_done_with_key(idempotency_key, "order.replaced", ended_order):
        return Order.objects.get(code=Change.objects.get(idempotency_key=idempotency_key).data["code"])
    if (
        transfer.state != TransferState.REVIEW
        or ended_order.status not in ENDED_ORDER_STATUSES
        or ended_order.charged
    ):
        raise TransitionNotAllowed(from_state=ended_order.status, to_state="placed")
    order, shop = _place_copy(ended_order, actor=actor, now=now)
    record_change(
        "order.replaced",
        ended_order,
        actor=actor,
        now=now,
        data={"code": order.code},
        idempotency_key=idempotency_key,
    )
    _pay_from_transfer(transfer, order, actor=actor, now=now)
    if order.amount_due:
        _request_rest(order, shop, now=now)
    return order


def quote_replacement(ended_order: Order, *, now: datetime.datetime) -> Quote:
    """Return what the ended order costs if it is placed again now. Raises OrderNotReplaceable."""
    quote_request = read_draft_request(ended_order)
    return _require_replaceable(ended_order, build_quote(quote_request, now=now))


def _pay_from_transfer(transfer: BankTransfer, order: Order, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: allocate as much of the transfer as the order costs."""
    amount = min(read_unassigned_amount(transfer), order.amount_due)
    book_unmatched_transfer(transfer, actor=actor, now=now, is_decided=True)
    assign_transfer_to_order(transfer, order, amount, actor=actor, now=now)
    record_change("transfer.assigned", transfer, actor=actor, now=now, data={order.code: amount})
    mark_if_fully_assigned(transfer, actor=actor, now=now)


def _request_rest(order: Order, shop: ShopSettings, *, now: datetime.datetime) -> None:
    """In a transaction: send the buyer the new order, which costs more than the transfer, and its rest.

    The buyer of an order that is paid is told that it is confirmed, and is asked for nothing.
    """
    payment = order.payments.current()
    notifications.notify_order_placed(
        order,
        notifications.load_parts(order),
        payment,
        build_order_transfer_instructions(order, payment, shop),
        invoice=InvoiceDetails.objects.filter(order=order).first(),
        shop=shop,
        now=now,
    )


def _require_replaceable(ended_order: Order, current_quote: Quote) -> Quote:
    """Return the quote if the order can be placed again. Raises OrderNotReplaceable."""
    if len(current_quote.lines) < ended_order.lines.count() or current_quote.problems - _IGNORED_PROBLEMS:
        raise OrderNotReplaceable(quote=current_quote)
    if current_quote.voucher is not None and current_quote.voucher.refusal is not None:
        raise OrderNotReplaceable(quote=current_quote)
    return current_quote


def _place_copy(ended_order: Order, *, actor: Actor, now: datetime.datetime) -> tuple[Order, ShopSettings]:
    """In a transaction: place the copy, and return it with the settings. It expects a bank transfer."""
    quote_request = read_draft_request(ended_order)
    locks.lock_voucher(quote_request.voucher_code)
    inputs = read_quote_inputs(quote_request)
    locks.lock_limited_variants(inputs.variants.values())
    current_quote = _require_replaceable(ended_order, build_quote(quote_request, now=now, inputs=inputs))
    order = _copy_order(ended_order, current_quote.terms, now=now)
    notes = {part.cooperative_id: part.note for part in ended_order.parts.order_by("number")}
    invoice = InvoiceDetails.objects.filter(order=ended_order).first()
    if invoice is not None:
        invoice.copy_for(order).save(force_insert=True)
    lines = write_parts(order, current_quote, notes, now=now)
    record_voucher_use(order, current_quote, now=now)
    try:
        allocate_order_stock(lines, current_quote)
        take_pickup_slots(order, current_quote)
    except (SoldOut, PickupSlotFull) as shortage:
        raise OrderNotReplaceable(shortage.message, quote=current_quote) from shortage
    expect_payment(order, PaymentMethod.TRANSFER, now=now)
    finish_order_change(order, now=now)
    record_change("order.placed", order, actor=actor, now=now, data={"total": order.total_gross})
    return order, current_quote.shop


def _copy_order(ended_order: Order, terms: SalesTerms, *, now: datetime.datetime) -> Order:
    """Create an order of the same buyer to the same address, without parts."""
    address = ended_order.shipping_address.copy() if ended_order.shipping_address else None
    if address is not None:
        address.save(force_insert=True)
    return create_order_row(
        terms,
        channel_id=ended_order.channel_id,
        currency=ended_order.currency,
        user_id=ended_order.user_id,
        source=ended_order.source,
        saleor_origin=ended_order.saleor_origin,
        language=ended_order.language,
        buyer_name=ended_order.buyer_name,
        email=ended_order.email,
        phone=ended_order.phone,
        note=ended_order.note,
        shipping_address=address,
        province_code=ended_order.province_code,
        placed_at=now,
        voucher_code=ended_order.voucher_code,
    )
