"""The ledger of cash that was handed in: it left the hands it was in for our account, less fees."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

from orders.actions.ledger.ledger_postings import Entry, post
from orders.models import Account, Bearer, CashRemittance, EntryNature, PostingKind, RemittanceLine
from orders.states import CashHolder
from shop.core.actors import Actor

# Whose hands cash was in: an account, a cooperative's key or a carrier's name.
Hands = tuple[Account, int | None, str]


def book_remittance(
    remittance: CashRemittance,
    lines: Sequence[RemittanceLine],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step: what came to our account, and the fees, are no longer in the hands that collected them.

    What came beyond what was handed in, or is missing, is left with who handed it in.
    """
    received = remittance.received or 0
    left = Counter({_hands(remittance): received - remittance.remitted})
    for line in lines:
        left[_hands_of(line)] += line.collected
    _write(f"remittance:{remittance.pk}", remittance, lines, left, received, actor=actor, now=now)


def book_late_lines(
    remittance: CashRemittance,
    lines: Sequence[RemittanceLine],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step: parcels that turn out to be of a remittance that was settled: its money explains itself now."""
    left = Counter({_hands(remittance): -sum(line.remitted for line in lines)})
    for line in lines:
        left[_hands_of(line)] += line.collected
    _write(f"remittance:{remittance.pk}:line:{lines[0].pk}", remittance, lines, left, 0, actor=actor, now=now)


def _write(
    key: str,
    remittance: CashRemittance,
    lines: Sequence[RemittanceLine],
    left: Counter[Hands],
    received: int,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    entries = [Entry(Account.BANK, received), *_fees(remittance, lines)]
    for (account, cooperative_id, carrier), amount in left.items():
        nature = EntryNature.CASH if account == Account.COOPERATIVE_CASH else ""
        entries.append(Entry(account, -amount, nature, cooperative_id, carrier))
    entries = [entry for entry in entries if entry.amount]
    if entries:
        currency, memo = remittance.currency, remittance.reference
        post(key, PostingKind.REMITTANCE, entries, currency=currency, actor=actor, now=now, memo=memo)


def _fees(remittance: CashRemittance, lines: Sequence[RemittanceLine]) -> list[Entry]:
    """The carrier's fees, from who bears them."""
    if remittance.fee_bearer == Bearer.PLATFORM:
        return [Entry(Account.PLATFORM_COST, sum(line.fee for line in lines))]
    borne: Counter[int] = Counter()
    for line in lines:
        borne[line.parcel.part.cooperative_id] += line.fee
    return [
        Entry(Account.COOPERATIVE_PAYABLE, fee, EntryNature.DELIVERY, cooperative_id)
        for cooperative_id, fee in sorted(borne.items())
    ]


def _hands(remittance: CashRemittance) -> Hands:
    if remittance.holder == CashHolder.CARRIER:
        return Account.CARRIER_CASH, None, remittance.carrier
    return Account.COOPERATIVE_CASH, remittance.cooperative_id, ""


def _hands_of(line: RemittanceLine) -> Hands:
    if line.parcel.cod_holder == CashHolder.CARRIER:
        return Account.CARRIER_CASH, None, line.parcel.carrier
    return Account.COOPERATIVE_CASH, line.parcel.part.cooperative_id, ""
