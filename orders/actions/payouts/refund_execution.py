"""Execute refunds through the original payment method, up to the amount paid.

A card refund is requested in the transaction that decides it, with a REFUND_REQUEST event that names the
`Refund`. The gateway's answer becomes REFUND_SUCCESS or REFUND_FAILURE, and a refund that the bank rejects
later becomes REFUND_REVERSE. Money paid otherwise becomes a payout to an account that the buyer names.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.gateway_requests.intended_calls import (
    create_gateway_call,
    read_payment_parameters,
    read_payment_sums,
)
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payouts.bank_accounts import (
    BankAccount,
    find_last_payer_account,
    notify_buyer_of_refund_account,
    redirect_refund_payout,
    require_valid_bank_account,
)
from orders.models import (
    EventKind,
    GatewayCall,
    GatewayOperation,
    Order,
    Parcel,
    Payment,
    PaymentEvent,
    PaymentMethod,
    Payout,
    Refund,
)
from orders.notifications import refunds as notifications
from orders.payments.vietqr import fold_note
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change, was_done_with_key


class NotRefundable(Refused):
    """The amount exceeds the payment's unrefunded charge, or no gateway took the payment."""

    code = "not_refundable"
    default_message = _("That is more than is left of this payment.")


class NoRefundAwaitsAccount(Refused):
    """No refund of this order still needs an account."""

    code = "no_refund_awaits_account"
    default_message = _("No refund of this order is waiting for an account number.")


class NoFailedRefundAmount(Refused):
    code = "no_failed_refund_amount"
    default_message = _("This refund has already been sent in full.")


def execute_refund(
    refund: Refund, *, till_parcel: Parcel | None = None, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction, once for each refund: request it from the card gateway, or create a payout.

    It takes the newest card payment first, and from each payment no more than it still holds. If a till has
    paid it, `till_parcel` is the parcel that the buyer had paid for in cash.
    """
    unrefunded = refund.repayment
    for payment, refundable in find_payments_with_balance(refund.order):
        amount = min(unrefunded, refundable)
        if amount and payment.method == PaymentMethod.CARD:
            request_refund(refund, payment, amount, actor=actor, now=now)
        elif amount and payment.method == PaymentMethod.COD and till_parcel is not None:
            _record_refund_in_cash(refund, payment, till_parcel, amount, actor=actor, now=now)
        elif amount:
            _create_bank_payout(refund, payment, amount, actor=actor, now=now)
        unrefunded -= amount
    if unrefunded:
        raise ValueError(f"refund {refund.pk} exceeds the money of its payments by {unrefunded}")


def find_payments_with_balance(order: Order) -> Iterable[tuple[Payment, int]]:
    """Yield each payment with the amount it still holds: cards first, then the others, the newest first."""
    payments = Payment.objects.filter(order=order)
    sums = payments.sums()
    newest = list(payments.order_by("-created_at", "-pk"))
    for payment in sorted(newest, key=lambda payment: payment.method != PaymentMethod.CARD):
        if payment.pk in sums:
            yield payment, max(0, sums[payment.pk].charged - sums[payment.pk].refund_pending)


def request_refund(
    refund: Refund, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """On a locked order: refund an amount of a card payment. Raises NotRefundable."""
    if payment.method != PaymentMethod.CARD or not 0 < amount <= read_refundable_amount(payment):
        raise NotRefundable(field="amount")
    gateway_call = create_gateway_call(
        GatewayOperation.REFUND,
        amount,
        payment.currency,
        actor=actor,
        now=now,
        payment=payment,
        refund=refund,
        parameters=read_payment_parameters(payment, refund.order.language),
    )
    record_payment_event(
        payment,
        EventKind.REFUND_REQUEST,
        amount,
        idempotency_key=f"call:{gateway_call.pk}:asked",
        refund=refund,
        actor=actor,
        now=now,
    )
    return gateway_call


def read_refundable_amount(payment: Payment) -> int:
    """Return a payment's charge less refunds made and pending, in minor units."""
    sums = read_payment_sums(payment)
    return max(0, sums.charged - sums.refund_pending)


def record_refund_result(order: Order | None, gateway_call: GatewayCall, *, now: datetime.datetime) -> None:
    """In a transaction: record the result of a card refund, and tell the platform if it failed.

    Raises Missing.
    """
    payment, actor = gateway_call.payment, Actor.system("stripe")
    if order is None or payment is None:
        raise Missing()
    event_kinds = {
        CallState.SUCCEEDED: EventKind.REFUND_SUCCESS,
        CallState.FAILED: EventKind.REFUND_FAILURE,
    }
    kind = event_kinds.get(CallState(gateway_call.state))
    if kind is None:
        return
    event = record_payment_event(
        payment,
        kind,
        gateway_call.amount,
        idempotency_key=f"call:{gateway_call.pk}:{gateway_call.state}",
        reference=gateway_call.reference,
        message=gateway_call.message,
        refund=gateway_call.refund,
        actor=actor,
        now=now,
    )
    if event is not None:
        action = "payment.refunded" if kind == EventKind.REFUND_SUCCESS else "payment.refund_failed"
        data = {"amount": gateway_call.amount, "method": payment.method, "code": gateway_call.code}
        record_change(action, order, actor=actor, now=now, data=data)
        finish_order_change(order, now=now)
    if event is not None and kind == EventKind.REFUND_FAILURE and gateway_call.refund is not None:
        notifications.notify_refund_failure(order, gateway_call.refund, now=now)


def announce_refund(
    refund: Refund, *, should_notify_buyer: bool = True, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: add the refund to the order's history, and notify the buyer on request."""
    part = refund.part
    data: dict[str, object] = {
        "amount": refund.net_reduction,
        "repayment": refund.repayment,
        "currency": refund.currency,
    }
    if refund.amount > refund.surplus:  # nobody bears the return of money that was not owed
        data["bearer"] = str(refund.bearer)
    record_change(
        "refund.decided",
        refund,
        actor=actor,
        now=now,
        root=refund.order,
        cooperative_id=part.cooperative_id if part else None,
        reason=refund.reason,
        data=data | ({"part": part.number} if part else {}),
    )
    if should_notify_buyer:
        notifications.notify_refund_decision(refund.order, refund, now=now)


@transaction.atomic(durable=True)
def set_refund_account(
    *,
    order_id: uuid.UUID,
    account: BankAccount,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> list[Payout]:
    """Set the bank account for an order's refunds. It may be changed until the money is sent.

    The buyer is notified each time. If the account is not the one that paid the order, the payout waits one
    day. Raises KeyReused, Missing, NoRefundAwaitsAccount, InvalidBankAccount.
    """
    account = require_valid_bank_account(account)
    order = locks.lock_order(order_id)
    waiting_payouts = Payout.objects.filter(refund__order=order).due().by_bank_transfer()
    payouts = list(waiting_payouts)
    if was_done_with_key(idempotency_key, "refund.account_set", order):
        return payouts
    if not payouts:
        raise NoRefundAwaitsAccount()
    paid_from = find_last_payer_account(order)
    for payout in payouts:
        redirect_refund_payout(payout, account, paid_from, now=now)
    # Many people read the history, so it shows only the last four digits of the buyer's account.
    data = {"amount": sum(payout.amount for payout in payouts), "account": account.ending}
    change = record_change(
        "refund.account_set", order, actor=actor, now=now, data=data, idempotency_key=idempotency_key
    )
    notify_buyer_of_refund_account(order, payouts, account, occasion=str(change.pk), now=now)
    return payouts


@transaction.atomic(durable=True)
def pay_refund_by_bank(
    *, refund_id: uuid.UUID, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> Refund:
    """Pay by bank a refund that the card gateway could not make.

    Raises KeyReused, Missing, NoFailedRefundAmount.
    """
    refund = locks.lock_refund(refund_id)
    if was_done_with_key(idempotency_key, "refund.changed_to_bank", refund):
        return refund
    unrefunded = Refund.objects.filter(pk=refund.pk).failed_amounts().get(refund.pk, 0)
    if unrefunded <= 0:
        raise NoFailedRefundAmount()
    failed_events = PaymentEvent.objects.filter(
        refund=refund, kind__in=[EventKind.REFUND_FAILURE, EventKind.REFUND_REVERSE]
    )
    _create_bank_payout(
        refund, failed_events.latest("created_at", "pk").payment, unrefunded, actor=actor, now=now
    )
    record_change(
        "refund.changed_to_bank",
        refund,
        actor=actor,
        now=now,
        root=refund.order,
        data={"amount": unrefunded},
        idempotency_key=idempotency_key,
    )
    notifications.request_refund_account(refund.order, refund, now=now)
    return refund


def _record_refund_in_cash(
    refund: Refund, payment: Payment, parcel: Parcel, amount: int, *, actor: Actor, now: datetime.datetime
) -> None:
    """Record that a till has paid the refund with the cash that the cooperative holds."""
    for kind in (EventKind.REFUND_REQUEST, EventKind.REFUND_SUCCESS):
        record_payment_event(
            payment,
            kind,
            amount,
            idempotency_key=f"refund:{refund.pk}:in-cash:{kind}",
            refund=refund,
            parcel=parcel,
            actor=actor,
            now=now,
        )


def _create_bank_payout(
    refund: Refund, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> None:
    """Create a payout to an account that the buyer names, for payments by cash or transfer."""
    payout = Payout.objects.create(
        refund=refund,
        amount=amount,
        currency=refund.currency,
        note=fold_note(f"HOAN TIEN {refund.order.code}"),
        created_at=now,
    )
    record_payment_event(
        payment,
        EventKind.REFUND_REQUEST,
        amount,
        idempotency_key=f"payout:{payout.pk}:asked",
        refund=refund,
        actor=actor,
        now=now,
    )
