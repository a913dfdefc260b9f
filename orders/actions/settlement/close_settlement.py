"""Close settlements with cooperatives. Corrections go into the next period.

A settlement is closed under the lock of its row. Every posting into the settlement holds that lock too, so
later postings go into the settlement that the closing opens.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks, money_notifications
from orders.actions.cash_on_delivery.cash_offset import offset_collected_cash_task
from orders.actions.gateway_requests.intended_calls import request_payout
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.actions.payouts.proposals import is_payout_confirmed
from orders.models import (
    EntryNature,
    LedgerAccount,
    LedgerEntry,
    LedgerPosting,
    Payout,
    PayoutMethod,
    PostingKind,
    Settlement,
)
from orders.states import SETTLEMENT_TRANSITIONS, SettlementState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit
from shop.core.errors import Refused
from shop.core.models import record_change, was_done_with_key
from shop.core.states import change_state


class SettlementAlreadyClosed(Refused):
    code = "settlement_already_closed"
    default_message = _("This settlement period has already been closed.")


class EmptySettlement(Refused):
    """Nothing was booked in the period, so its statement would be empty."""

    code = "empty_settlement"
    default_message = _("No entries in this period yet.")


class InvalidCorrection(Refused):
    code = "invalid_correction"
    default_message = _("Enter an amount and a reason for the correction.")


@transaction.atomic(durable=True)
def close_settlement(
    *, settlement_id: int, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> Settlement:
    """Close a settlement: fix its totals and offset the cash that the cooperative holds.

    A positive balance becomes a payout. A negative one is carried over to the next settlement, which opens
    now. A repeated `idempotency_key` returns the closed settlement. Raises SettlementAlreadyClosed,
    KeyReused, Missing, EmptySettlement.
    """
    settlement = locks.lock_settlement(settlement_id)
    if was_done_with_key(idempotency_key, "settlement.closed", settlement):
        return settlement
    if settlement.state != SettlementState.OPEN:
        raise SettlementAlreadyClosed()
    return close_locked_settlement(settlement, idempotency_key=idempotency_key, actor=actor, now=now)


def close_locked_settlement(
    settlement: Settlement, *, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> Settlement:
    """On a locked open settlement: close it. Raises EmptySettlement."""
    totals = LedgerEntry.objects.filter(settlement=settlement).totals_by_settlement().get(settlement.pk)
    if totals is None:
        raise EmptySettlement()
    for column, amount in asdict(totals).items():
        setattr(settlement, column, amount)
    settlement.payable, settlement.closed_at = totals.payable, now
    settlement.save()
    _book_offset_and_balance(settlement, actor=actor, now=now)
    change_state(settlement, SettlementState.CLOSED, SETTLEMENT_TRANSITIONS)
    next_settlement = Settlement.objects.create(
        cooperative_id=settlement.cooperative_id,
        currency=settlement.currency,
        number=settlement.number + 1,
        opened_at=now,
    )
    if settlement.payable > 0:
        _create_payout(settlement, actor=actor, now=now)
    elif settlement.payable < 0:
        _carry_over(settlement, actor=actor, now=now)
    record_change(
        "settlement.closed",
        settlement,
        actor=actor,
        now=now,
        cooperative_id=settlement.cooperative_id,
        data={"payable": settlement.payable, "next": next_settlement.number},
        idempotency_key=idempotency_key,
    )
    money_notifications.notify_settlement_closed(settlement, now=now)
    if settlement.cash_held:
        after_commit(offset_collected_cash_task.delay, settlement_id=settlement.pk)
    return settlement


@transaction.atomic(durable=True)
def correct_balance(
    *,
    cooperative_id: int,
    currency: str,
    amount: int,
    reason: str,
    idempotency_key: str,
    actor: Actor,
    now: datetime.datetime,
) -> LedgerPosting:
    """Credit a cooperative by this amount in minor units, or debit it if negative, at the platform's cost.

    The correction goes into the open settlement, even if it concerns an earlier period. A repeated
    `idempotency_key` returns the first posting. Raises InvalidCorrection.
    """
    if not amount or not reason.strip():
        raise InvalidCorrection(field="amount" if not amount else "reason")
    settlement = locks.lock_settlements([cooperative_id], currency, now=now)[cooperative_id]
    posting_key = f"correction:{cooperative_id}:{idempotency_key}"
    existing = LedgerPosting.objects.filter(idempotency_key=posting_key).first()
    if existing is not None:
        return existing
    posting = post_entries(
        posting_key,
        PostingKind.CORRECTION,
        [
            PostingEntry(LedgerAccount.COOPERATIVE_PAYABLE, -amount, EntryNature.CORRECTION, cooperative_id),
            PostingEntry(LedgerAccount.PLATFORM_COST, amount),
        ],
        currency=currency,
        memo=reason.strip(),
        actor=actor,
        now=now,
    )
    record_change(
        "settlement.corrected",
        settlement,
        actor=actor,
        now=now,
        cooperative_id=cooperative_id,
        reason=reason.strip(),
        data={"amount": amount},
    )
    return posting


def _book_offset_and_balance(settlement: Settlement, *, actor: Actor, now: datetime.datetime) -> None:
    """Book the offset of the cooperative's cash, and move the remaining balance out of the period."""
    cash, payable, cooperative_id = settlement.cash_held, settlement.payable, settlement.cooperative_id
    if cash:
        _post_for_settlement(
            settlement,
            PostingKind.OFFSET,
            [
                PostingEntry(LedgerAccount.COOPERATIVE_CASH, -cash, EntryNature.CASH, cooperative_id),
                PostingEntry(LedgerAccount.COOPERATIVE_PAYABLE, cash, EntryNature.CASH, cooperative_id),
            ],
            actor=actor,
            now=now,
        )
    if payable:
        _post_for_settlement(
            settlement,
            PostingKind.SETTLED,
            [
                PostingEntry(LedgerAccount.COOPERATIVE_PAYABLE, payable, EntryNature.PAYOUT, cooperative_id),
                PostingEntry(LedgerAccount.PAYOUT_DUE, -payable, "", cooperative_id),
            ],
            actor=actor,
            now=now,
        )


def _carry_over(settlement: Settlement, *, actor: Actor, now: datetime.datetime) -> None:
    """Book a negative balance into the settlement that is open now."""
    payable, cooperative_id = settlement.payable, settlement.cooperative_id
    _post_for_settlement(
        settlement,
        PostingKind.CARRIED,
        [
            PostingEntry(LedgerAccount.PAYOUT_DUE, payable, "", cooperative_id),
            PostingEntry(LedgerAccount.COOPERATIVE_PAYABLE, -payable, EntryNature.BROUGHT, cooperative_id),
        ],
        actor=actor,
        now=now,
    )


def _create_payout(settlement: Settlement, *, actor: Actor, now: datetime.datetime) -> None:
    """Create the payout to the cooperative's current account.

    Requests it from Stripe at once, unless a second person has to confirm it first.
    """
    cooperative = settlement.cooperative
    is_by_stripe = bool(cooperative.stripe_account and settings.STRIPE_SECRET_KEY)
    payout = Payout.objects.create(
        settlement=settlement,
        method=PayoutMethod.STRIPE if is_by_stripe else PayoutMethod.BANK,
        amount=settlement.payable,
        currency=settlement.currency,
        bank_bin=cooperative.bank_bin,
        bank_account=cooperative.bank_account,
        bank_holder=cooperative.bank_holder,
        destination=cooperative.stripe_account if is_by_stripe else "",
        note=f"CHO PHIEN QT{settlement.pk}",
        created_at=now,
    )
    if is_by_stripe and is_payout_confirmed(payout):
        request_payout(payout, actor=actor, now=now)


def _post_for_settlement(
    settlement: Settlement,
    kind: PostingKind,
    entries: Sequence[PostingEntry],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    key = f"settlement:{settlement.pk}:{kind}"
    post_entries(key, kind, entries, currency=settlement.currency, actor=actor, now=now)
