"""Take the amount of a transfer off an order that it was assigned to by mistake."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.ledger.unmatched_transfers import book_released_share, book_unmatched_transfer
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payments.order_payments import load_transfer_instructions, replace_payment
from orders.models import (
    BankTransfer,
    EventKind,
    LedgerEntry,
    Order,
    Payment,
    PaymentMethod,
    Refund,
    ReviewReason,
    TransferShare,
)
from orders.notifications.payment_corrections import notify_payment_taken_off
from orders.payments.transfer_instructions import may_prepay_cash_order
from orders.states import TRANSFER_UNDO_TRANSITIONS, SettlementState, TransferState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import record_change, was_done_with_key
from shop.core.states import TransitionNotAllowed, change_state


class AssignedMoneyRefunded(Refused):
    code = "assigned_money_refunded"
    default_message = _("Money of order %(code)s was refunded, so the transfer stays with it.")

    def __init__(self, order: Order) -> None:
        super().__init__(self.default_message % {"code": order.code}, order=order)


class AssignedOrderSettled(Refused):
    """A cooperative's sales of the order are in a closed settlement."""

    code = "assigned_order_settled"
    default_message = _("Order %(code)s is in a closed settlement, so the transfer stays with it.")

    def __init__(self, order: Order) -> None:
        super().__init__(self.default_message % {"code": order.code}, order=order)


@transaction.atomic(durable=True)
def undo_transfer_assignment(
    *, transfer_id: uuid.UUID, share_id: int, reason: str, actor: Actor, now: datetime.datetime
) -> BankTransfer:
    """Take one share of a transfer off its order. The order costs it again, and the amount is under review.

    The order stays confirmed, and its buyer is told what is due. An order that was cash on delivery is so
    again if nothing was packed meanwhile. Repeating it changes nothing. Raises AssignedMoneyRefunded,
    AssignedOrderSettled, Missing, ReasonRequired, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    order_id = Order.objects.filter(payments__transfer_shares=share_id).values_list("pk", flat=True).first()
    order = locks.lock_orders([order_id]).get(order_id) if order_id is not None else None
    transfer = locks.lock_bank_transfer(transfer_id)
    idempotency_key = f"transfer:{transfer.pk}:unassigned:{share_id}"
    if was_done_with_key(idempotency_key, "transfer.unassigned", transfer):
        return transfer
    share = transfer.shares.select_related("payment").filter(pk=share_id).first()
    if order is None or share is None:
        raise Missing()
    if not transfer.can_be_taken_off:
        raise TransitionNotAllowed(from_state=transfer.state, to_state=TransferState.REVIEW)
    _require_reversible(order)
    amount = share.amount
    _release_share(order, transfer, share, reason=reason.strip(), actor=actor, now=now)
    payment = Payment.objects.filter(order=order).current()
    notify_payment_taken_off(
        order,
        amount,
        load_transfer_instructions(order),
        is_cash=payment is not None and payment.is_cash_on_delivery,
        occasion=str(share_id),
        now=now,
    )
    data = {"code": order.code, "amount": amount}
    record_change(
        "transfer.unassigned",
        transfer,
        actor=actor,
        now=now,
        reason=reason.strip(),
        data=data,
        idempotency_key=idempotency_key,
    )
    return transfer


def _release_share(
    order: Order,
    transfer: BankTransfer,
    share: TransferShare,
    *,
    reason: str,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: reverse the share's payment, book it as unmatched, and put the transfer in review."""
    share_id, payment = share.pk, share.payment
    record_payment_event(
        payment,
        EventKind.CHARGE_BACK,
        share.amount,
        idempotency_key=f"transfer:{transfer.pk}:unassigned:{share_id}",
        reference=transfer.reference,
        message=reason,
        actor=actor,
        now=now,
    )
    book_released_share(transfer, share, actor=actor, now=now)
    share.delete()
    book_unmatched_transfer(transfer, actor=actor, now=now, is_decided=True)
    if transfer.state == TransferState.ASSIGNED:
        change_state(transfer, TransferState.REVIEW, TRANSFER_UNDO_TRANSITIONS)
    transfer.reason = ReviewReason.TAKEN_OFF
    transfer.save(update_fields=["reason"])
    data = {"amount": share.amount, "method": payment.method}
    record_change("payment.unassigned", order, actor=actor, now=now, reason=reason, data=data)
    finish_order_change(order, now=now)
    _restore_cash_on_delivery(order, payment, actor=actor, now=now)


def _restore_cash_on_delivery(
    order: Order, payment: Payment, *, actor: Actor, now: datetime.datetime
) -> None:
    """On a recalculated order: expect cash again, if it was expected before the released transfer.

    The cash of a parcel that was packed meanwhile is not collected, so such an order stays due by transfer.
    """
    latest, *earlier = Payment.objects.filter(order=order).order_by("-created_at", "-pk")[:2]
    if latest == payment and may_prepay_cash_order(order, earlier[0] if earlier else None):
        replace_payment(order, payment, PaymentMethod.COD, actor=actor, now=now)


def _require_reversible(order: Order) -> None:
    """Require that the order's money has not moved on, to the buyer or into a closed settlement.

    Raises AssignedMoneyRefunded, AssignedOrderSettled.
    """
    if Refund.objects.filter(order=order, repayment__gt=0).exists():
        raise AssignedMoneyRefunded(order)
    entries = LedgerEntry.objects.filter(posting__order=order, settlement__isnull=False)
    settlement_ids = set(entries.values_list("settlement", flat=True))
    settlements = [locks.lock_settlement(settlement_id) for settlement_id in sorted(settlement_ids)]
    if any(settlement.state != SettlementState.OPEN for settlement in settlements):
        raise AssignedOrderSettled(order)
