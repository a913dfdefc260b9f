"""Ledger postings of incoming transfers that are not matched to an order.

A transfer under review is booked from the bank to the unmatched transfers account. An amount that is assigned
to an order later is booked by the payment's event, so the unmatched posting is reversed by the same amount.
"""

from __future__ import annotations

import datetime

from django.db.models import Sum

from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.models import (
    BankTransfer,
    LedgerAccount,
    LedgerPosting,
    Payout,
    PostingKind,
    ReviewReason,
    TransferShare,
)
from shop.core.actors import Actor

# Reasons to doubt that this money arrived in addition to what is already booked.
_UNCERTAIN_REASONS = frozenset({ReviewReason.REPEATED, ReviewReason.OTHER_ACCOUNT})


def book_unmatched_transfer(
    transfer: BankTransfer, *, actor: Actor, now: datetime.datetime, is_decided: bool = False
) -> None:
    """In a transaction, once: book the unassigned amount of a transfer as unmatched money.

    If `is_decided` is true, a person has decided on the transfer, and the reason for its review does not
    matter. Call this before the amount is assigned to orders, which reverses the posting
    (`book_assigned_share`).
    """
    if _is_booked(transfer):
        return
    if is_decided or transfer.reason not in _UNCERTAIN_REASONS:
        assigned: int = transfer.shares.aggregate(total=Sum("amount", default=0))["total"]
        _post_unmatched(transfer, _booking_key(transfer), transfer.amount - assigned, actor=actor, now=now)


def book_assigned_share(transfer_share: TransferShare, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: reverse the amount assigned to an order, if that amount was booked as unmatched."""
    transfer = transfer_share.transfer
    if _is_booked(transfer):
        _post_unmatched(
            transfer,
            f"transfer:{transfer.pk}:claimed:{transfer_share.pk}",
            -transfer_share.amount,
            actor=actor,
            now=now,
        )


def book_released_share(
    transfer: BankTransfer, transfer_share: TransferShare, *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: book an amount that was taken off its order as unmatched again.

    Do nothing if the transfer was never booked as unmatched. In that case `book_unmatched_transfer` books the
    amount once the share is deleted.
    """
    if _is_booked(transfer):
        _post_unmatched(
            transfer,
            f"transfer:{transfer.pk}:released:{transfer_share.pk}",
            transfer_share.amount,
            actor=actor,
            now=now,
        )


def book_returned_transfer(
    payout: Payout, transfer: BankTransfer, *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: book that the money was sent back."""
    _post_unmatched(transfer, f"transfer:{transfer.pk}:sent_back", -payout.amount, actor=actor, now=now)


def _is_booked(transfer: BankTransfer) -> bool:
    return LedgerPosting.objects.filter(idempotency_key=_booking_key(transfer)).exists()


def _booking_key(transfer: BankTransfer) -> str:
    return f"transfer:{transfer.pk}:found"


def _post_unmatched(
    transfer: BankTransfer, idempotency_key: str, amount: int, *, actor: Actor, now: datetime.datetime
) -> LedgerPosting:
    entries = [PostingEntry(LedgerAccount.BANK, amount), PostingEntry(LedgerAccount.UNMATCHED, -amount)]
    memo = transfer.reference or transfer.note
    return post_entries(
        idempotency_key,
        PostingKind.UNMATCHED,
        entries,
        currency=transfer.currency,
        actor=actor,
        now=now,
        memo=memo[:250],
    )
