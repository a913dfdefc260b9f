"""Taking back from a cooperative's account at the gateway what it was paid and does not keep.

A refund that it bears after its period was paid out leaves it owing us in the running period. What it owes is
taken back from the last payouts that went through the gateway, as far as there is something left of them; the
rest is settled with what it sells next.
"""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from orders import locks
from orders.actions.gateway_requests.gateway_requests import ask_pull_back
from orders.actions.ledger.ledger_postings import Entry, post
from orders.models import (
    Account,
    EntryNature,
    GatewayCall,
    LedgerEntry,
    Operation,
    Payout,
    PayoutWay,
    PostingKind,
    Settlement,
)
from orders.states import CallState, PayoutState
from shop.core.actors import Actor
from shop.core.models import record_change


@transaction.atomic(durable=True)
def pull_back_what_is_owed(
    *, cooperative_id: int, currency: str, actor: Actor, now: datetime.datetime
) -> int:
    """Ask for what a cooperative owes in its running period back from its payouts, newest first.

    Answers how much was asked for, in minor units; nothing while an earlier such call is under way, or was
    refused and not asked for again.
    """
    paid = Payout.objects.filter(
        settlement__cooperative=cooperative_id,
        currency=currency,
        way=PayoutWay.STRIPE,
        state=PayoutState.PAID,
    )
    payouts = [locks.lock_payout(key) for key in paid.order_by("pk").values_list("pk", flat=True)]
    calls = GatewayCall.objects.filter(payout__in=payouts, operation=Operation.PULL_BACK)
    if not payouts or calls.unanswered().exists() or calls.refused().exists():
        return 0
    owed = _owed(cooperative_id, currency)
    asked = 0
    for payout in sorted(payouts, key=lambda each: each.paid_at or now, reverse=True):
        amount = min(owed - asked, left_of(payout))
        if amount > 0:
            ask_pull_back(payout, amount, actor=actor, now=now)
            asked += amount
    return asked


def left_of(payout: Payout) -> int:
    """What of a payout was not taken back, nor is about to be."""
    calls = payout.calls.filter(operation=Operation.PULL_BACK).exclude(state=CallState.FAILED)
    taken: int = calls.aggregate(total=Sum("amount", default=0))["total"]
    return payout.amount - taken


def book_pulled_back(payout: Payout, call: GatewayCall, *, actor: Actor, now: datetime.datetime) -> None:
    """Step, under the payout's lock: it was paid less, and what was taken settles what it owes now."""
    settlement = payout.settlement
    if settlement is None:
        raise ValueError(f"payout {payout.pk} is no cooperative's")
    own = settlement.cooperative_id
    for key, kind, entries in [
        (
            f"call:{call.pk}",
            PostingKind.PAYOUT,
            [Entry(Account.GATEWAY, call.amount), Entry(Account.PAYOUT_DUE, -call.amount, "", own)],
        ),
        (
            f"call:{call.pk}:carried",
            PostingKind.CARRIED,
            [
                Entry(Account.PAYOUT_DUE, call.amount, "", own),
                Entry(Account.COOPERATIVE_PAYABLE, -call.amount, EntryNature.CORRECTION, own),
            ],
        ),
    ]:
        post(key, kind, entries, currency=call.currency, memo=call.reference, actor=actor, now=now)
    record_change(
        "payout.pulled_back",
        payout,
        actor=actor,
        now=now,
        root=settlement,
        cooperative_id=own,
        data={"amount": call.amount, "reference": call.reference},
    )


def who_owes() -> list[tuple[int, str]]:
    """Cooperatives with an account at the gateway that owe us in a running period, and its currency."""
    if not settings.STRIPE_SECRET_KEY:
        return []
    rows = Settlement.objects.open().filter(
        cooperative__settlements__payout__way=PayoutWay.STRIPE,
        cooperative__settlements__payout__state=PayoutState.PAID,
        entries__account=Account.COOPERATIVE_PAYABLE,
    )
    pairs = rows.distinct().order_by("pk").values_list("cooperative", "currency")
    return [pair for pair in pairs if _owed(*pair) > 0]


def _owed(cooperative_id: int, currency: str) -> int:
    """What it owes us for goods and their refunds in the running period; cash it holds is another thing."""
    entries = LedgerEntry.objects.filter(
        account=Account.COOPERATIVE_PAYABLE,
        cooperative=cooperative_id,
        currency=currency,
        settlement__in=Settlement.objects.open(),
    )
    return entries.balance()
