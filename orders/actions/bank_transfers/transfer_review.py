"""Assign or return, by hand, the transfers that were not assigned automatically.

An order is never credited more than it costs. The rest of the transfer stays under review until it is
returned.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.bank_transfers.receive_transfers import (
    assign_transfer_to_order,
    mark_if_fully_assigned,
    read_unassigned_amount,
)
from orders.actions.ledger.unmatched_transfers import book_returned_transfer, book_unmatched_transfer
from orders.actions.payouts.bank_accounts import BankAccount, require_valid_bank_account
from orders.actions.payouts.complete_payouts import PayoutReferenceRequired, require_payable
from orders.models import BankTransfer, Order, Parcel, PaymentMethod, Payout
from orders.payments.vietqr import fold_note
from orders.states import (
    ENDED_ORDER_STATUSES,
    PAYOUT_TRANSITIONS,
    TRANSFER_TRANSITIONS,
    PayoutState,
    TransferState,
)
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import record_change
from shop.core.states import TransitionNotAllowed, change_state


class NoAmountAssigned(Refused):
    code = "no_amount_assigned"
    default_message = _("Choose the order and enter the amount.")


class AmountExceedsTransfer(Refused):
    """More than the unassigned amount of the transfer."""

    code = "amount_exceeds_transfer"
    default_message = _("That is more than the amount left of this transfer.")


class AmountExceedsOrderDue(Refused):
    """More than is still due for the order. The remainder has to stay under review, to be returned."""

    code = "amount_exceeds_order_due"
    default_message = _("Order %(code)s no longer costs that much. You can return the rest.")

    def __init__(self, order: Order) -> None:
        super().__init__(self.default_message % {"code": order.code}, order=order)


class OrderEnded(Refused):
    code = "order_ended"
    default_message = _("Order %(code)s has ended. Place it again or return the money.")

    def __init__(self, order: Order) -> None:
        super().__init__(self.default_message % {"code": order.code}, order=order)


class TransferAlreadyAssigned(Refused):
    """A transfer can be assigned to an order only once."""

    code = "transfer_already_assigned"
    default_message = _("Part of this transfer has already been assigned to this order.")


class CashOnDeliveryInProgress(Refused):
    """The order's cash is to be collected on delivery, so the buyer could pay twice."""

    code = "cash_on_delivery_in_progress"
    default_message = _(
        "Order %(code)s is cash on delivery: a transfer must cover the full amount and arrive"
        " before the order is packed."
    )

    def __init__(self, order: Order) -> None:
        super().__init__(self.default_message % {"code": order.code}, order=order)


@transaction.atomic(durable=True)
def assign_transfer(
    *, transfer_id: uuid.UUID, amounts: Mapping[uuid.UUID, int], actor: Actor, now: datetime.datetime
) -> BankTransfer:
    """Assign `amounts` (whole đồng by order id) of a transfer. The remainder stays under review.

    Repeating it changes nothing. Raises Missing, NoAmountAssigned, AmountExceedsTransfer,
    AmountExceedsOrderDue, OrderEnded, TransferAlreadyAssigned, CashOnDeliveryInProgress,
    TransitionNotAllowed.
    """
    orders = locks.lock_orders(amounts)
    transfer = locks.lock_bank_transfer(transfer_id)
    if amounts and _assigned_amounts(transfer).items() >= amounts.items():
        return transfer
    _require_review(transfer)
    if not amounts or min(amounts.values()) <= 0:
        raise NoAmountAssigned(field="amount")
    if sum(amounts.values()) > read_unassigned_amount(transfer):
        raise AmountExceedsTransfer(field="amount")
    book_unmatched_transfer(transfer, actor=actor, now=now, is_decided=True)
    for order_id, amount in amounts.items():
        if order_id not in orders or orders[order_id].is_draft:
            raise Missing()
        _require_assignable(transfer, orders[order_id], amount)
        assign_transfer_to_order(transfer, orders[order_id], amount, actor=actor, now=now)
    data = {orders[key].code: amount for key, amount in amounts.items()}
    record_change("transfer.assigned", transfer, actor=actor, now=now, data=data)
    mark_if_fully_assigned(transfer, actor=actor, now=now)
    return transfer


@transaction.atomic(durable=True)
def return_transfer(
    *, transfer_id: uuid.UUID, account: BankAccount, reason: str, actor: Actor, now: datetime.datetime
) -> Payout:
    """Create a payout that returns the unassigned amount of a transfer. Staff still have to send it.

    Repeating it returns the first payout. Raises Missing, InvalidBankAccount, ReasonRequired,
    TransitionNotAllowed.
    """
    transfer = locks.lock_bank_transfer(transfer_id)
    existing = Payout.objects.filter(transfer=transfer).first()
    if existing is not None:
        return existing
    _require_review(transfer)
    if not reason.strip():
        raise ReasonRequired(field="reason")
    account = require_valid_bank_account(account)
    book_unmatched_transfer(transfer, actor=actor, now=now, is_decided=True)
    payout = Payout.objects.create(
        transfer=transfer,
        amount=read_unassigned_amount(transfer),
        currency=transfer.currency,
        bank_bin=account.bank_bin,
        bank_account=account.number,
        bank_holder=account.holder,
        note=fold_note(f"HOAN TIEN {transfer.order.code if transfer.order else transfer.reference}"),
        created_at=now,
    )
    change_state(transfer, TransferState.RETURN_DECIDED, TRANSFER_TRANSITIONS)
    data = {"amount": payout.amount, "account": payout.bank_account}
    record_change(
        "transfer.return_requested", transfer, actor=actor, now=now, reason=reason.strip(), data=data
    )
    return payout


@transaction.atomic(durable=True)
def confirm_transfer_returned(
    *, transfer_id: uuid.UUID, reference: str, actor: Actor, now: datetime.datetime
) -> Payout:
    """Record that the money was sent back, with the bank's reference. Repeating it changes nothing.

    The payout must be payable, including its confirmation by a second person. Raises Missing,
    PayoutReferenceRequired, PayoutInProgress, SecondPersonRequired.
    """
    transfer = locks.lock_bank_transfer(transfer_id)
    payout = Payout.objects.filter(transfer=transfer).first()
    if payout is None:
        raise Missing()
    if payout.state == PayoutState.PAID:
        return payout
    if not reference.strip():
        raise PayoutReferenceRequired(field="reference")
    require_payable(payout, now=now)
    change_state(payout, PayoutState.PAID, PAYOUT_TRANSITIONS)
    payout.paid_at, payout.reference = now, reference.strip()[:120]
    payout.save(update_fields=["paid_at", "reference"])
    book_returned_transfer(payout, transfer, actor=actor, now=now)
    record_change("transfer.returned", transfer, actor=actor, now=now, data={"reference": payout.reference})
    return payout


@transaction.atomic(durable=True)
def dismiss_transfer(
    *, transfer_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime
) -> BankTransfer:
    """Dismiss a transfer that is for no order, such as a duplicate report or other money of the market.

    Raises Missing, ReasonRequired, TransitionNotAllowed.
    """
    transfer = locks.lock_bank_transfer(transfer_id)
    if transfer.state == TransferState.DISMISSED:
        return transfer
    if not reason.strip():
        raise ReasonRequired(field="reason")
    change_state(transfer, TransferState.DISMISSED, TRANSFER_TRANSITIONS)
    record_change("transfer.dismissed", transfer, actor=actor, now=now, reason=reason.strip())
    return transfer


@transaction.atomic(durable=True)
def reopen_transfer_review(*, transfer_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> BankTransfer:
    """Put a dismissed transfer under review again. Raises Missing, TransitionNotAllowed."""
    transfer = locks.lock_bank_transfer(transfer_id)
    if transfer.state == TransferState.REVIEW:
        return transfer
    change_state(transfer, TransferState.REVIEW, TRANSFER_TRANSITIONS)
    record_change("transfer.review_reopened", transfer, actor=actor, now=now)
    return transfer


def _require_review(transfer: BankTransfer) -> None:
    if transfer.state != TransferState.REVIEW:
        raise TransitionNotAllowed(from_state=transfer.state, to_state=TransferState.ASSIGNED)


def _require_assignable(transfer: BankTransfer, order: Order, amount: int) -> None:
    if order.status in ENDED_ORDER_STATUSES:
        raise OrderEnded(order)
    if transfer.shares.filter(payment__order=order).exists():
        raise TransferAlreadyAssigned()
    if amount > order.amount_due or order.currency != transfer.currency:
        raise AmountExceedsOrderDue(order)
    payment = order.payments.current()
    if payment is not None and payment.method == PaymentMethod.COD and order.confirmed_at is not None:
        is_packed = Parcel.objects.active_outgoing().filter(part__order=order, cod_expected__gt=0).exists()
        if is_packed or amount < order.amount_due:
            raise CashOnDeliveryInProgress(order)


def _assigned_amounts(transfer: BankTransfer) -> dict[uuid.UUID | None, int]:
    rows = transfer.shares.order_by("pk").values_list("payment__order", "amount")
    return dict(rows)
