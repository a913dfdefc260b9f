"""Money on our account of which nobody knows yet whose it is, in the ledger.

It is booked when it is seen and its order is in doubt (bank to unclaimed). What of it pays an order later is
booked by that payment's event, like all money that comes; so what was unclaimed is taken back by as much.
"""

from __future__ import annotations

import datetime

from django.db.models import Sum

from orders.actions.ledger.ledger_postings import Entry, post
from orders.models import (
    Account,
    BankTransfer,
    LedgerPosting,
    Payout,
    PostingKind,
    ReviewReason,
    TransferShare,
)
from shop.core.actors import Actor

# Nobody knows that there is such money on our account, beside what is booked already.
_NOT_FOUND = frozenset({ReviewReason.REPEATED, ReviewReason.OTHER_ACCOUNT})


def book_found(transfer: BankTransfer, *, actor: Actor, now: datetime.datetime, surely: bool = False) -> None:
    """Step: what no order has of it is here and nobody's, once. `surely`: a person says so, whatever was in
    doubt; then before orders get shares of it, which are taken off that (`book_claimed`)."""
    if _is_found(transfer):
        return
    if surely or transfer.reason not in _NOT_FOUND:
        gone: int = transfer.shares.aggregate(total=Sum("amount", default=0))["total"]
        _post(transfer, _found(transfer), transfer.amount - gone, actor=actor, now=now)


def book_claimed(share: TransferShare, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: so much of it was an order's after all; nothing where it was never booked as unclaimed."""
    transfer = share.transfer
    if _is_found(transfer):
        _post(transfer, f"transfer:{transfer.pk}:claimed:{share.pk}", -share.amount, actor=actor, now=now)


def book_sent_back(payout: Payout, transfer: BankTransfer, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: it has left our account again."""
    _post(transfer, f"transfer:{transfer.pk}:sent_back", -payout.amount, actor=actor, now=now)


def _is_found(transfer: BankTransfer) -> bool:
    return LedgerPosting.objects.filter(key=_found(transfer)).exists()


def _found(transfer: BankTransfer) -> str:
    return f"transfer:{transfer.pk}:found"


def _post(
    transfer: BankTransfer, key: str, amount: int, *, actor: Actor, now: datetime.datetime
) -> LedgerPosting:
    entries = [Entry(Account.BANK, amount), Entry(Account.UNCLAIMED, -amount)]
    memo = transfer.reference or transfer.note
    return post(
        key, PostingKind.UNCLAIMED, entries, currency=transfer.currency, actor=actor, now=now, memo=memo[:250]
    )
