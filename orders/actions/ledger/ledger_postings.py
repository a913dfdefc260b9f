"""Record payment events and book money in the ledger, each fact once, as entries that sum to zero.

Nothing else creates payment events or postings. Earnings of sellers are booked by
`orders.actions.ledger.earnings_postings`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orders import locks
from orders.models import (
    COOPERATIVE_ACCOUNTS,
    EntryNature,
    EventKind,
    LedgerAccount,
    LedgerEntry,
    LedgerPosting,
    Order,
    OrderPart,
    Parcel,
    Payment,
    PaymentEvent,
    PaymentMethod,
    PostingKind,
    Refund,
    Settlement,
)
from orders.states import CashHolder
from shop.core.actors import Actor

# The sign of an event's effect on the money that we, or others for us, hold.
_SIGNS = {
    EventKind.CHARGE_SUCCESS: 1,
    EventKind.REFUND_REVERSE: 1,
    EventKind.REFUND_SUCCESS: -1,
    EventKind.CHARGE_BACK: -1,
}
MONEY_MOVING_EVENTS = frozenset(_SIGNS)


@dataclass(frozen=True, slots=True)
class PostingEntry:
    """A debit (positive) or credit (negative) in minor units, with its account, owner and nature."""

    account: LedgerAccount
    amount: int
    nature: str = ""
    cooperative_id: int | None = None
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class PostingDraft:
    """A posting to be written. `part` is set if it books a part's sales."""

    idempotency_key: str
    kind: PostingKind
    entries: Sequence[PostingEntry]
    currency: str
    created_at: datetime.datetime
    order: Order | None = None
    part: OrderPart | None = None
    memo: str = ""
    actor_kind: str = ""
    actor_key: str = ""


def record_payment_event(
    payment: Payment,
    kind: EventKind,
    amount: int,
    *,
    idempotency_key: str,
    actor: Actor,
    now: datetime.datetime,
    reference: str = "",
    message: str = "",
    refund: Refund | None = None,
    parcel: Parcel | None = None,
) -> PaymentEvent | None:
    """Under the order's lock: record and book an event of `amount` minor units, once for each key.

    Returns None if the key exists, because outside services repeat their reports. Events of a basket's
    payment are booked when the basket becomes an order.
    """
    values = _event_values(payment, kind, amount, actor=actor, now=now)
    values |= {"reference": reference, "message": message[:500], "refund": refund, "parcel": parcel}
    event, is_new = PaymentEvent.objects.get_or_create(idempotency_key=idempotency_key, defaults=values)
    if not is_new:
        return None
    if payment.order_id is not None:
        book_payment_event(event)
    return event


def create_payment_event(
    payment: Payment,
    kind: EventKind,
    amount: int,
    *,
    idempotency_key: str,
    actor: Actor,
    now: datetime.datetime,
) -> PaymentEvent:
    """Under the order's lock: record and book an event that we create ourselves, with a new key."""
    values = _event_values(payment, kind, amount, actor=actor, now=now)
    event = PaymentEvent.objects.create(idempotency_key=idempotency_key, **values)
    if payment.order_id is not None:
        book_payment_event(event)
    return event


def book_payment_event(event: PaymentEvent) -> LedgerPosting | None:
    """In a transaction, once for each new event: book its money movement against the buyer's debt.

    Returns None if it moved no money.
    """
    draft = draft_for_event(event)
    return None if draft is None else write_posting(draft)


def post_entries(
    idempotency_key: str,
    kind: PostingKind,
    entries: Sequence[PostingEntry],
    *,
    currency: str,
    actor: Actor,
    now: datetime.datetime,
    order: Order | None = None,
    memo: str = "",
) -> LedgerPosting:
    """In a transaction: book one fact and return its posting. If its key is booked already, nothing changes.

    Entries of cooperatives go to their open settlements, which are locked last of all locks. Raises
    ValueError if there are no entries or they do not sum to zero.
    """
    draft = PostingDraft(
        idempotency_key=idempotency_key,
        kind=kind,
        entries=entries,
        currency=currency,
        created_at=now,
        order=order,
        part=None,
        memo=memo[:250],
        actor_kind=actor.kind,
        actor_key=actor.key,
    )
    return write_posting(draft)


def post_drafts(drafts: Sequence[PostingDraft]) -> None:
    """In a transaction: book many facts of one currency that are known to be new, in a few queries."""
    cooperative_ids = _touched_cooperatives(drafts)
    settlements = (
        locks.lock_settlements(cooperative_ids, drafts[0].currency, now=drafts[0].created_at)
        if cooperative_ids
        else {}
    )
    postings = [LedgerPosting(**_posting_values(draft)) for draft in drafts]
    LedgerPosting.objects.bulk_create(postings, batch_size=500)
    entries = [
        entry
        for draft, posting in zip(drafts, postings, strict=True)
        for entry in _build_entries(draft, posting, settlements)
    ]
    LedgerEntry.objects.bulk_create(entries, batch_size=500)


def draft_for_event(event: PaymentEvent) -> PostingDraft | None:
    """Return the posting of an event, or None if it moved no money."""
    sign = _SIGNS.get(EventKind(event.kind), 0)
    amount = sign * event.amount
    if not amount:
        return None
    # Cash or a transfer that was recorded by mistake is a negative payment, not a refund.
    is_undone_payment = event.kind == EventKind.CHARGE_BACK and (
        event.parcel_id is not None or event.payment.method == PaymentMethod.TRANSFER
    )
    return PostingDraft(
        idempotency_key=f"event:{event.pk}",
        kind=PostingKind.PAYMENT if sign > 0 or is_undone_payment else PostingKind.REFUND,
        entries=[_holder_entry(event, amount), PostingEntry(LedgerAccount.BUYER, -amount)],
        currency=event.currency,
        created_at=event.created_at,
        order=event.payment.order,
        memo=event.reference[:250],
        actor_kind=event.actor_kind,
        actor_key=event.actor_key,
    )


def _event_values(
    payment: Payment, kind: EventKind, amount: int, *, actor: Actor, now: datetime.datetime
) -> dict[str, object]:
    return {
        "payment": payment,
        "kind": kind,
        "amount": amount,
        "currency": payment.currency,
        "actor_kind": actor.kind,
        "actor_key": actor.key,
        "created_at": now,
    }


def write_posting(draft: PostingDraft) -> LedgerPosting:
    cooperative_ids = _touched_cooperatives([draft])
    settlements = (
        locks.lock_settlements(cooperative_ids, draft.currency, now=draft.created_at)
        if cooperative_ids
        else {}
    )
    entries = _build_entries(draft, LedgerPosting(), settlements)
    posting, is_new = LedgerPosting.objects.get_or_create(
        idempotency_key=draft.idempotency_key, defaults=_posting_values(draft)
    )
    if is_new:
        for entry in entries:
            entry.posting = posting
        LedgerEntry.objects.bulk_create(entries)
    return posting


def _build_entries(
    draft: PostingDraft, posting: LedgerPosting, periods: Mapping[int, Settlement]
) -> list[LedgerEntry]:
    """Build a posting's entries, those of cooperatives with their open settlements. Raises ValueError."""
    entries = [entry for entry in draft.entries if entry.amount]
    if not entries or sum(entry.amount for entry in entries) != 0:
        raise ValueError(f"posting {draft.idempotency_key} has no entries, or they do not sum to zero")
    return [
        LedgerEntry(
            posting=posting,
            account=entry.account,
            nature=entry.nature,
            currency=draft.currency,
            amount=entry.amount,
            cooperative_id=entry.cooperative_id,
            carrier=entry.carrier,
            settlement=periods[entry.cooperative_id or 0] if entry.account in COOPERATIVE_ACCOUNTS else None,
        )
        for entry in entries
    ]


def _posting_values(draft: PostingDraft) -> dict[str, object]:
    """Return the posting's column values."""
    return {
        "idempotency_key": draft.idempotency_key,
        "kind": draft.kind,
        "created_at": draft.created_at,
        "order": draft.order,
        "part": draft.part,
        "memo": draft.memo,
        "actor_kind": draft.actor_kind,
        "actor_key": draft.actor_key,
    }


def _touched_cooperatives(drafts: Iterable[PostingDraft]) -> set[int]:
    """Return the cooperatives whose open settlements these postings touch."""
    return {
        entry.cooperative_id
        for draft in drafts
        for entry in draft.entries
        if entry.account in COOPERATIVE_ACCOUNTS and entry.cooperative_id is not None
    }


def _holder_entry(event: PaymentEvent, amount: int) -> PostingEntry:
    """Return the entry of the account that holds, or held, the event's money."""
    method, parcel = event.payment.method, event.parcel
    if method == PaymentMethod.CARD:
        return PostingEntry(LedgerAccount.GATEWAY, amount)
    if method != PaymentMethod.COD or parcel is None:
        # Cash payments are refunded from the bank account, too, unless a till paid the refund of its parcel.
        return PostingEntry(LedgerAccount.BANK, amount)
    if parcel.cod_holder == CashHolder.CARRIER:
        return PostingEntry(LedgerAccount.CARRIER_CASH, amount, carrier=parcel.carrier or parcel.part.carrier)
    return PostingEntry(LedgerAccount.COOPERATIVE_CASH, amount, EntryNature.CASH, parcel.part.cooperative_id)
