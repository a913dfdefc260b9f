"""Book the earnings of sellers, after each delivery, void and refund.

A posting holds the difference between a part's earnings and those already booked.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Max, QuerySet, Sum

from orders import locks
from orders.actions.ledger.ledger_postings import PostingDraft, PostingEntry, write_posting
from orders.actions.ledger.seller_earnings import BookedAmounts, read_earned_amounts
from orders.models import (
    COOPERATIVE_ACCOUNTS,
    EntryNature,
    LedgerAccount,
    LedgerEntry,
    LedgerPosting,
    Order,
    OrderPart,
    PostingKind,
)
from shop.core.database.compiled_query import compiled_query

_SALE_NATURES = (EntryNature.GOODS, EntryNature.DELIVERY)


def book_part_earnings(
    order: Order, parts: Iterable[OrderPart], *, now: datetime.datetime
) -> list[LedgerPosting]:
    """On a locked order: book the earnings of these parts that are not booked yet.

    Repeating it books nothing. Three queries if nothing changed, none without parts.
    """
    by_cooperative = sorted(parts, key=lambda part: part.cooperative_id)
    drafts = build_posting_drafts(order, by_cooperative, now=now)
    if len(drafts) > 1:  # lock all settlements at once, so that two orders cannot deadlock
        ids = [part.cooperative_id for part in by_cooperative]
        locks.lock_settlements(ids, order.currency, now=now)
    return [write_posting(draft) for draft in drafts]


def build_posting_drafts(
    order: Order, parts: Sequence[OrderPart], *, now: datetime.datetime
) -> list[PostingDraft]:
    """Return postings for the unbooked earnings of each part, in the given order."""
    part_ids = [part.pk for part in parts]
    earned_by_part, booked_by_part, last_postings = (
        read_earned_amounts(part_ids),
        *_read_booked_amounts(part_ids),
    )
    drafts = []
    for part in parts:
        unbooked_amounts = Counter(earned_by_part.get(part.pk, Counter()))
        unbooked_amounts.subtract(booked_by_part.get(part.pk, Counter()))
        if any(amount != 0 for amount in unbooked_amounts.values()):
            drafts.append(
                draft_for_part(
                    order, part, unbooked_amounts, previous_posting_id=last_postings.get(part.pk, 0), now=now
                )
            )
    return drafts


def draft_for_part(
    order: Order,
    part: OrderPart,
    unbooked_amounts: BookedAmounts,
    *,
    previous_posting_id: int = 0,
    now: datetime.datetime,
) -> PostingDraft:
    """Return a posting of a part's unbooked earnings. `previous_posting_id` is 0 if there is none."""
    is_sale = any(
        amount != 0 and nature in _SALE_NATURES for (_account, nature), amount in unbooked_amounts.items()
    )
    cooperative_accounts = COOPERATIVE_ACCOUNTS
    return PostingDraft(
        idempotency_key=f"part:{part.pk}:after:{previous_posting_id}",
        kind=PostingKind.SALE if is_sale else PostingKind.REFUND,
        entries=[
            PostingEntry(
                LedgerAccount(account),
                amount,
                nature,
                part.cooperative_id if account in cooperative_accounts else None,
            )
            for (account, nature), amount in unbooked_amounts.items()
        ],
        currency=order.currency,
        created_at=now,
        order=order,
        part=part,
    )


def _read_booked_amounts(part_ids: Sequence[int]) -> tuple[dict[int, BookedAmounts], dict[int, int]]:
    """Return the booked amounts of each part, and its last posting."""
    booked_by_part: dict[int, BookedAmounts] = {}
    last_postings: dict[int, int] = {}
    for part_id, account, nature, total, posting_id in _booked_totals(part_ids):
        booked_by_part.setdefault(part_id, Counter())[account, nature] = total
        last_postings[part_id] = max(last_postings.get(part_id, 0), posting_id)
    return booked_by_part, last_postings


@compiled_query
def _booked_totals(part_ids: Collection[int]) -> QuerySet[LedgerEntry, tuple[Any, ...]]:
    return (
        LedgerEntry.objects.filter(posting__part__in=part_ids)
        .order_by("posting__part")
        .values_list("posting__part", "account", "nature")
        .annotate(total=Sum("amount"), last=Max("posting"))
    )
