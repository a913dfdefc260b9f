"""Complete payouts, which send money that we owe to cooperatives and back to buyers."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from orders import locks, money_notifications
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries, record_payment_event
from orders.actions.ledger.unmatched_transfers import book_returned_transfer
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payouts.proposals import require_payout_confirmed
from orders.models import (
    EventKind,
    LedgerAccount,
    LedgerPosting,
    Payment,
    Payout,
    PayoutMethod,
    PostingKind,
    Refund,
)
from orders.notifications import refunds as refund_notifications
from orders.states import PAYOUT_TRANSITIONS, SETTLEMENT_TRANSITIONS, PayoutState, SettlementState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change, was_done_with_key
from shop.core.states import change_state


class PayoutAlreadyPaid(Refused):
    code = "payout_already_paid"
    default_message = _("This has already been paid out.")


class PayoutAccountRequired(Refused):
    code = "payout_account_required"
    default_message = _("No account has been entered for this payment yet.")


class PayoutReferenceRequired(Refused):
    code = "payout_reference_required"
    default_message = _("Enter the bank's reference number for this payment.")


class PayoutInProgress(Refused):
    code = "payout_in_progress"
    default_message = _("Stripe has been asked to pay this out. Wait for the result.")


class PayoutHeld(Refused):
    """`details["until"]` is the moment from which the payout may be paid."""

    code = "payout_held"
    default_message = _("The account was added less than a day ago. Wait in case the buyer objects.")


@transaction.atomic(durable=True)
def mark_payout_paid(
    *,
    payout_id: uuid.UUID,
    reference: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Payout:
    """Record that the bank or Stripe has sent the payout under this `reference`.

    A repeated `idempotency_key` does nothing. Raises PayoutAccountRequired, PayoutAlreadyPaid, KeyReused,
    Missing, PayoutHeld, PayoutInProgress, PayoutReferenceRequired, SecondPersonRequired.
    """
    if not reference.strip():
        raise PayoutReferenceRequired(field="reference")
    payout = locks.lock_payout(payout_id)
    if was_done_with_key(idempotency_key, "payout.paid", payout):
        return payout
    require_payable(payout, now=now)
    complete_payout(payout, reference.strip(), idempotency_key=idempotency_key, actor=actor, now=now)
    return payout


def require_payable(payout: Payout, *, now: datetime.datetime) -> None:
    """Under the lock of the payout's subject: require that the payout may be paid now.

    Raises PayoutAccountRequired, PayoutAlreadyPaid, PayoutHeld, PayoutInProgress, SecondPersonRequired.
    """
    if payout.state != PayoutState.DUE:
        raise PayoutAlreadyPaid()
    if payout.refund_id is not None and not payout.bank_account:
        raise PayoutAccountRequired(field="account")
    if payout.is_held(now):
        raise PayoutHeld(until=payout.payable_from)
    if payout.calls.unanswered().exists():
        raise PayoutInProgress()
    require_payout_confirmed(payout)


def complete_payout(
    payout: Payout,
    reference: str,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Under the lock of the payout's subject: mark the payout paid. Raises TransitionNotAllowed."""
    change_state(payout, PayoutState.PAID, PAYOUT_TRANSITIONS)
    payout.paid_at, payout.reference = now, reference[:120]
    payout.save(update_fields=["paid_at", "reference"])
    settlement = payout.settlement
    if settlement is not None:
        _book_payout(payout, settlement.cooperative_id, actor=actor, now=now)
        change_state(settlement, SettlementState.PAID, SETTLEMENT_TRANSITIONS)
        settlement.paid_at = now
        settlement.save(update_fields=["paid_at"])
    elif payout.refund is not None:
        _record_refund_success(payout.refund, payout, actor=actor, now=now)
    elif payout.transfer is not None:
        book_returned_transfer(payout, payout.transfer, actor=actor, now=now)
    record_change(
        "payout.paid",
        payout,
        actor=actor,
        now=now,
        root=_history_owner(payout),
        cooperative_id=settlement.cooperative_id if settlement else None,
        data={"amount": payout.amount, "reference": payout.reference},
        idempotency_key=idempotency_key,
    )
    if settlement is not None:
        money_notifications.notify_payout_paid(payout, settlement, now=now)


def _book_payout(payout: Payout, cooperative_id: int, *, actor: Actor, now: datetime.datetime) -> None:
    """Book the outflow from the bank account, or from our balance at the gateway.

    A payout that is marked as paid again after an undo is booked again.
    """
    undone_count = LedgerPosting.objects.filter(
        idempotency_key__startswith=f"payout:{payout.pk}:undone:"
    ).count()
    source = LedgerAccount.GATEWAY if payout.method == PayoutMethod.STRIPE else LedgerAccount.BANK
    post_entries(
        f"payout:{payout.pk}:{undone_count}" if undone_count else f"payout:{payout.pk}",
        PostingKind.PAYOUT,
        [
            PostingEntry(LedgerAccount.PAYOUT_DUE, payout.amount, "", cooperative_id),
            PostingEntry(source, -payout.amount),
        ],
        currency=payout.currency,
        memo=payout.reference,
        actor=actor,
        now=now,
    )


def _history_owner(payout: Payout) -> Model:
    """Return the object whose history shows the payout."""
    if payout.settlement is not None:
        return payout.settlement
    if payout.transfer is not None:
        return payout.transfer
    return payout if payout.refund is None else payout.refund.order


def _record_refund_success(refund: Refund, payout: Payout, *, actor: Actor, now: datetime.datetime) -> None:
    """Record the refund's success on the payment that it was requested from. Raises Missing."""
    payments = Payment.objects.filter(order=refund.order_id)
    payment = payments.filter(events__idempotency_key=f"payout:{payout.pk}:asked").first()
    if payment is None:
        raise Missing()
    record_payment_event(
        payment,
        EventKind.REFUND_SUCCESS,
        payout.amount,
        idempotency_key=f"payout:{payout.pk}",
        reference=payout.reference,
        refund=refund,
        actor=actor,
        now=now,
    )
    finish_order_change(refund.order, now=now)
    refund_notifications.notify_refund_paid(refund.order, refund, payout, now=now)
