"""Booking what happens to money: each thing once, as a posting whose entries sum to zero.

Money that moved is booked with its event; goods that arrived by what they should make less what is booked of
them, so that whatever changes (delivered, undone, refunded) is put right by one more posting.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Sum

from orders import locks
from orders.actions.ledger.seller_earnings import Booked, earned_by
from orders.models import (
    OF_COOPERATIVES,
    Account,
    EntryNature,
    EventKind,
    LedgerEntry,
    LedgerPosting,
    Method,
    Order,
    OrderPart,
    PaymentEvent,
    PostingKind,
    Settlement,
)
from orders.states import CashHolder
from shop.core.actors import Actor

# What an event does to the money that we or others hold for us.
_SIGNS = {
    EventKind.CHARGE_SUCCESS: 1,
    EventKind.REFUND_REVERSE: 1,
    EventKind.REFUND_SUCCESS: -1,
    EventKind.CHARGE_BACK: -1,
}
MOVED_MONEY = frozenset(_SIGNS)
_OF_SALES = (EntryNature.GOODS, EntryNature.DELIVERY)


@dataclass(frozen=True, slots=True)
class Entry:
    """A debit (positive) or credit (negative) in minor units, of whose account, and of what nature."""

    account: Account
    amount: int
    nature: str = ""
    cooperative_id: int | None = None
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A posting to be made. `key` names the fact that it books; `part` is set where it books its goods."""

    key: str
    kind: PostingKind
    entries: Sequence[Entry]
    currency: str
    at: datetime.datetime
    order: Order | None = None
    part: OrderPart | None = None
    memo: str = ""
    actor_kind: str = ""
    actor_key: str = ""


def post(
    key: str,
    kind: PostingKind,
    entries: Sequence[Entry],
    *,
    currency: str,
    actor: Actor,
    now: datetime.datetime,
    order: Order | None = None,
    memo: str = "",
) -> LedgerPosting:
    """Step: book one fact; what `key` books already stays as it is and is answered.

    Entries of cooperatives land in their running periods, which stay locked: last of all locks. Raises
    ValueError where the entries do not sum to zero, or are none.
    """
    draft = Draft(key, kind, entries, currency, now, order, None, memo[:250], actor.kind, actor.key)
    return _write(draft)


def book_event(event: PaymentEvent) -> LedgerPosting | None:
    """Step, once for each event that was written: money that came, or went, against what the buyer owes.

    Nothing where the event moved none.
    """
    draft = draft_of_event(event)
    return None if draft is None else _write(draft)


def book_parts(order: Order, parts: Iterable[OrderPart], *, now: datetime.datetime) -> list[LedgerPosting]:
    """Step, on a locked order: book what these parts have come to be worth beyond what is booked of them.

    Called again it books nothing. Three queries where nothing changed.
    """
    by_cooperative = sorted(parts, key=lambda part: part.cooperative_id)
    drafts = drafts_of_parts(order, by_cooperative, now=now)
    if len(drafts) > 1:  # all at once, so that no two orders wait for each other's cooperatives
        ids = [part.cooperative_id for part in by_cooperative]
        locks.lock_settlements(ids, order.currency, now=now)
    return [_write(draft) for draft in drafts]


def post_all(drafts: Sequence[Draft]) -> None:
    """Step: book many facts of one currency that nobody has booked before, in a few queries."""
    touched = _cooperatives(drafts)
    settlements = locks.lock_settlements(touched, drafts[0].currency, now=drafts[0].at) if touched else {}
    postings = [LedgerPosting(**_values(draft)) for draft in drafts]
    LedgerPosting.objects.bulk_create(postings, batch_size=500)
    entries = [
        entry
        for draft, posting in zip(drafts, postings, strict=True)
        for entry in _entries(draft, posting, settlements)
    ]
    LedgerEntry.objects.bulk_create(entries, batch_size=500)


def draft_of_event(event: PaymentEvent) -> Draft | None:
    """The posting of an event, or None where it moved no money."""
    sign = _SIGNS.get(EventKind(event.kind), 0)
    amount = sign * event.amount
    if not amount:
        return None
    return Draft(
        f"event:{event.pk}",
        PostingKind.PAYMENT if sign > 0 else PostingKind.REFUND,
        [_where(event, amount), Entry(Account.BUYER, -amount)],
        event.currency,
        event.at,
        event.payment.order,
        memo=event.reference[:250],
        actor_kind=event.actor_kind,
        actor_key=event.actor_key,
    )


def drafts_of_parts(order: Order, parts: Sequence[OrderPart], *, now: datetime.datetime) -> list[Draft]:
    """What is missing of each part, in the order given."""
    ids = [part.pk for part in parts]
    earned, posted, last = earned_by(ids), *_posted(ids)
    drafts = []
    for part in parts:
        missing = Counter(earned.get(part.pk, Counter()))
        missing.subtract(posted.get(part.pk, Counter()))
        if any(amount != 0 for amount in missing.values()):
            drafts.append(draft_of_part(order, part, missing, after=last.get(part.pk, 0), now=now))
    return drafts


def draft_of_part(
    order: Order, part: OrderPart, missing: Booked, *, after: int = 0, now: datetime.datetime
) -> Draft:
    """A posting of what is missing of a part, `after` the last one of it (0: the first)."""
    is_sale = any(amount != 0 and nature in _OF_SALES for (_account, nature), amount in missing.items())
    own = OF_COOPERATIVES
    return Draft(
        f"part:{part.pk}:after:{after}",
        PostingKind.SALE if is_sale else PostingKind.REFUND,
        [
            Entry(Account(account), amount, nature, part.cooperative_id if account in own else None)
            for (account, nature), amount in missing.items()
        ],
        order.currency,
        now,
        order,
        part,
    )


def _write(draft: Draft) -> LedgerPosting:
    touched = _cooperatives([draft])
    settlements = locks.lock_settlements(touched, draft.currency, now=draft.at) if touched else {}
    entries = _entries(draft, LedgerPosting(), settlements)
    posting, is_new = LedgerPosting.objects.get_or_create(key=draft.key, defaults=_values(draft))
    if is_new:
        for entry in entries:
            entry.posting = posting
        LedgerEntry.objects.bulk_create(entries)
    return posting


def _entries(draft: Draft, posting: LedgerPosting, periods: Mapping[int, Settlement]) -> list[LedgerEntry]:
    """The entries of a posting, those of cooperatives in their running periods. Raises ValueError."""
    entries = [entry for entry in draft.entries if entry.amount]
    if not entries or sum(entry.amount for entry in entries) != 0:
        raise ValueError(f"the entries of {draft.key} do not sum to zero, or are none")
    return [
        LedgerEntry(
            posting=posting,
            account=entry.account,
            nature=entry.nature,
            currency=draft.currency,
            amount=entry.amount,
            cooperative_id=entry.cooperative_id,
            carrier=entry.carrier,
            settlement=periods[entry.cooperative_id or 0] if entry.account in OF_COOPERATIVES else None,
        )
        for entry in entries
    ]


def _values(draft: Draft) -> dict[str, Any]:
    """The columns of the posting."""
    return {
        "key": draft.key,
        "kind": draft.kind,
        "at": draft.at,
        "order": draft.order,
        "part": draft.part,
        "memo": draft.memo,
        "actor_kind": draft.actor_kind,
        "actor_key": draft.actor_key,
    }


def _cooperatives(drafts: Iterable[Draft]) -> set[int]:
    """Whose running periods these postings land in."""
    return {
        entry.cooperative_id
        for draft in drafts
        for entry in draft.entries
        if entry.account in OF_COOPERATIVES and entry.cooperative_id is not None
    }


def _where(event: PaymentEvent, amount: int) -> Entry:
    """Who has the money of an event, or had it."""
    method, parcel = event.payment.method, event.parcel
    if method == Method.CARD:
        return Entry(Account.GATEWAY, amount)
    if method != Method.COD or parcel is None or event.refund_id is not None:
        return Entry(Account.BANK, amount)  # cash is given back from the account, too
    if parcel.cod_holder == CashHolder.CARRIER:
        return Entry(Account.CARRIER_CASH, amount, carrier=parcel.carrier or parcel.part.carrier)
    return Entry(Account.COOPERATIVE_CASH, amount, EntryNature.CASH, parcel.part.cooperative_id)


def _posted(part_ids: Sequence[int]) -> tuple[dict[int, Booked], dict[int, int]]:
    """What is booked of each part so far, and its last posting."""
    rows = (
        LedgerEntry.objects.filter(posting__part__in=part_ids)
        .order_by("posting__part")
        .values_list("posting__part", "account", "nature")
        .annotate(total=Sum("amount"), last=Max("posting"))
    )
    posted: dict[int, Booked] = {}
    last: dict[int, int] = {}
    for part_id, account, nature, total, posting_id in rows:
        posted.setdefault(part_id, Counter())[account, nature] = total
        last[part_id] = max(last.get(part_id, 0), posting_id)
    return posted, last
