"""Post cash remittances. The cash moves from its holders to our account, less fees."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.models import CashRemittance, CostBearer, EntryNature, LedgerAccount, PostingKind, RemittanceLine
from orders.states import CashHolder
from shop.core.actors import Actor

# Who holds cash: a ledger account, and a cooperative's key or a carrier's name.
CashHolderKey = tuple[LedgerAccount, int | None, str]


def book_remittance(
    remittance: CashRemittance,
    lines: Sequence[RemittanceLine],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: book the received amount and the fees against those who collected the cash.

    An excess or a shortfall stays with the remitter.
    """
    received = remittance.received or 0
    credits = Counter({_cash_holder_key(remittance): received - remittance.remitted})
    for line in lines:
        credits[_holder_of_line(line)] += line.collected
    _post_movements(f"remittance:{remittance.pk}", remittance, lines, credits, received, actor=actor, now=now)


def book_late_lines(
    remittance: CashRemittance,
    lines: Sequence[RemittanceLine],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: book parcels added to a reconciled remittance, whose money they explain."""
    credits = Counter({_cash_holder_key(remittance): -sum(line.remitted for line in lines)})
    for line in lines:
        credits[_holder_of_line(line)] += line.collected
    _post_movements(
        f"remittance:{remittance.pk}:line:{lines[0].pk}", remittance, lines, credits, 0, actor=actor, now=now
    )


def _post_movements(
    idempotency_key: str,
    remittance: CashRemittance,
    lines: Sequence[RemittanceLine],
    credits: Counter[CashHolderKey],
    received: int,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    entries = [PostingEntry(LedgerAccount.BANK, received), *_fee_entries(remittance, lines)]
    for (account, cooperative_id, carrier), amount in credits.items():
        nature = EntryNature.CASH if account == LedgerAccount.COOPERATIVE_CASH else ""
        entries.append(
            PostingEntry(
                account=account, amount=-amount, nature=nature, cooperative_id=cooperative_id, carrier=carrier
            )
        )
    entries = [entry for entry in entries if entry.amount]
    if entries:
        currency, memo = remittance.currency, remittance.reference
        post_entries(
            idempotency_key,
            PostingKind.REMITTANCE,
            entries,
            currency=currency,
            actor=actor,
            now=now,
            memo=memo,
        )


def _fee_entries(remittance: CashRemittance, lines: Sequence[RemittanceLine]) -> list[PostingEntry]:
    """Return entries that charge the carrier's fees to their bearer."""
    if remittance.fee_bearer == CostBearer.PLATFORM:
        return [PostingEntry(LedgerAccount.PLATFORM_COST, sum(line.fee for line in lines))]
    borne: Counter[int] = Counter()
    for line in lines:
        borne[line.parcel.part.cooperative_id] += line.fee
    return [
        PostingEntry(LedgerAccount.COOPERATIVE_PAYABLE, fee, EntryNature.DELIVERY, cooperative_id)
        for cooperative_id, fee in sorted(borne.items())
    ]


def _cash_holder_key(remittance: CashRemittance) -> CashHolderKey:
    if remittance.holder == CashHolder.CARRIER:
        return LedgerAccount.CARRIER_CASH, None, remittance.carrier
    return LedgerAccount.COOPERATIVE_CASH, remittance.cooperative_id, ""


def _holder_of_line(line: RemittanceLine) -> CashHolderKey:
    if line.parcel.cod_holder == CashHolder.CARRIER:
        return LedgerAccount.CARRIER_CASH, None, line.parcel.carrier
    return LedgerAccount.COOPERATIVE_CASH, line.parcel.part.cooperative_id, ""
