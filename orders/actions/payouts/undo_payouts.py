"""Take back that a settlement's payout was marked as paid, shortly afterwards and with a reason."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks, money_notifications
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.models import LedgerAccount, LedgerPosting, Payout, PayoutMethod, PostingKind
from orders.states import (
    PAYOUT_UNDO_TRANSITIONS,
    SETTLEMENT_UNDO_TRANSITIONS,
    PayoutState,
    SettlementState,
)
from shop.core.actors import Actor
from shop.core.errors import ReasonRequired, Refused
from shop.core.models import record_change
from shop.core.states import change_state

UNDO_PERIOD = datetime.timedelta(minutes=10)


class PayoutUndoExpired(Refused):
    code = "payout_undo_expired"
    default_message = _("A payment can be taken back only within ten minutes after it was marked as paid.")


def payout_undoable_until(payout: Payout) -> datetime.datetime | None:
    """Return the time until which a bank payout's paid mark may be removed, or None if that is over."""
    is_of_settlement = payout.settlement_id is not None and payout.method == PayoutMethod.BANK
    if not is_of_settlement or payout.state != PayoutState.PAID or payout.paid_at is None:
        return None
    return payout.paid_at + UNDO_PERIOD


@transaction.atomic(durable=True)
def undo_payout_paid(*, payout_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime) -> Payout:
    """Make a paid payout due again. The posting is reversed, and the receivers are told.

    Raises Missing, PayoutUndoExpired, ReasonRequired.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    payout = locks.lock_payout(payout_id)
    until, settlement = payout_undoable_until(payout), payout.settlement
    if until is None or settlement is None or now > until:
        raise PayoutUndoExpired()
    undone = {"amount": payout.amount, "reference": payout.reference}
    _reverse_posting(payout, settlement.cooperative_id, actor=actor, now=now)
    change_state(payout, PayoutState.DUE, PAYOUT_UNDO_TRANSITIONS)
    payout.paid_at, payout.reference = None, ""
    payout.save(update_fields=["paid_at", "reference"])
    change_state(settlement, SettlementState.CLOSED, SETTLEMENT_UNDO_TRANSITIONS)
    settlement.paid_at = None
    settlement.save(update_fields=["paid_at"])
    change = record_change(
        "payout.undone",
        payout,
        actor=actor,
        now=now,
        root=settlement,
        cooperative_id=settlement.cooperative_id,
        reason=reason.strip(),
        data=undone,
    )
    money_notifications.notify_payout_undone(payout, settlement, occasion=str(change.pk), now=now)
    return payout


def _reverse_posting(payout: Payout, cooperative_id: int, *, actor: Actor, now: datetime.datetime) -> None:
    prefix = f"payout:{payout.pk}:undone:"
    number = LedgerPosting.objects.filter(idempotency_key__startswith=prefix).count() + 1
    entries = [
        PostingEntry(LedgerAccount.BANK, payout.amount),
        PostingEntry(LedgerAccount.PAYOUT_DUE, -payout.amount, "", cooperative_id),
    ]
    post_entries(
        f"{prefix}{number}",
        PostingKind.PAYOUT,
        entries,
        currency=payout.currency,
        memo=payout.reference,
        actor=actor,
        now=now,
    )
