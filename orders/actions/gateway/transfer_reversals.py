"""Reverse payouts at the gateway for cooperatives that owe us money.

A cooperative that bears a refund after its period was paid out owes us money in the open period. We take the
debt from its latest payouts through the gateway, as far as they cover it. Its next sales settle the rest.
"""

from __future__ import annotations

import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from orders import locks
from orders.actions.gateway_requests.intended_calls import request_transfer_reversal
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.actions.payouts.complete_payouts import complete_payout
from orders.models import (
    EntryNature,
    GatewayCall,
    GatewayOperation,
    LedgerAccount,
    LedgerEntry,
    Payout,
    PayoutMethod,
    PostingKind,
    Settlement,
)
from orders.states import CallState, PayoutState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import record_change


@transaction.atomic(durable=True)
def reverse_payouts_for_debt(
    *, cooperative_id: int, currency: str, actor: Actor, now: datetime.datetime
) -> int:
    """Request reversals of a cooperative's payouts for its debt in the open period, newest first.

    Returns the amount requested, in minor units, or 0 while an earlier reversal is pending, or failed and was
    not requested again.
    """
    paid = Payout.objects.filter(
        settlement__cooperative=cooperative_id,
        currency=currency,
        method=PayoutMethod.STRIPE,
        state=PayoutState.PAID,
    )
    payouts = [locks.lock_payout(key) for key in paid.order_by("pk").values_list("pk", flat=True)]
    reversals = GatewayCall.objects.filter(payout__in=payouts, operation=GatewayOperation.REVERSE_TRANSFER)
    if not payouts or reversals.unanswered().exists() or reversals.awaiting_staff().exists():
        return 0
    debt = _read_unsettled_debt(cooperative_id, currency)
    requested = 0
    for payout in sorted(payouts, key=lambda payout: payout.paid_at or now, reverse=True):
        amount = min(debt - requested, read_unreversed_amount(payout))
        if amount > 0:
            request_transfer_reversal(payout, amount, actor=actor, now=now)
            requested += amount
    return requested


def read_unreversed_amount(payout: Payout) -> int:
    """Return the amount of a payout without a reversal made or pending."""
    reversals = payout.calls.filter(operation=GatewayOperation.REVERSE_TRANSFER).exclude(
        state=CallState.FAILED
    )
    reversed_amount: int = reversals.aggregate(total=Sum("amount", default=0))["total"]
    return payout.amount - reversed_amount


def post_payout_reversal(
    payout: Payout, gateway_call: GatewayCall, *, actor: Actor, now: datetime.datetime
) -> None:
    """Under the payout's lock: post a reversal, and credit it against the cooperative's debt."""
    settlement = payout.settlement
    if settlement is None:
        raise ValueError(f"payout {payout.pk} belongs to no cooperative")
    cooperative_id, amount = settlement.cooperative_id, gateway_call.amount
    post = partial(
        post_entries, currency=gateway_call.currency, memo=gateway_call.reference, actor=actor, now=now
    )
    reversed_entries = [
        PostingEntry(LedgerAccount.GATEWAY, amount),
        PostingEntry(LedgerAccount.PAYOUT_DUE, -amount, "", cooperative_id),
    ]
    post(f"call:{gateway_call.pk}", PostingKind.PAYOUT, reversed_entries)
    carried_entries = [
        PostingEntry(LedgerAccount.PAYOUT_DUE, amount, "", cooperative_id),
        PostingEntry(LedgerAccount.COOPERATIVE_PAYABLE, -amount, EntryNature.CORRECTION, cooperative_id),
    ]
    post(f"call:{gateway_call.pk}:carried", PostingKind.CARRIED, carried_entries)
    record_change(
        "payout.reversed",
        payout,
        actor=actor,
        now=now,
        root=settlement,
        cooperative_id=cooperative_id,
        data={"amount": amount, "reference": gateway_call.reference},
    )


def find_cooperatives_in_debt() -> list[tuple[int, str]]:
    """Return cooperatives with a gateway account that owe us in an open period, with the currency."""
    if not settings.STRIPE_SECRET_KEY:
        return []
    settlements = Settlement.objects.open().filter(
        cooperative__settlements__payout__method=PayoutMethod.STRIPE,
        cooperative__settlements__payout__state=PayoutState.PAID,
        entries__account=LedgerAccount.COOPERATIVE_PAYABLE,
    )
    candidates = settlements.distinct().order_by("pk").values_list("cooperative", "currency")
    return [candidate for candidate in candidates if _read_unsettled_debt(*candidate) > 0]


def record_payout_result(gateway_call: GatewayCall, *, has_changed: bool, now: datetime.datetime) -> None:
    """In a transaction: record the result of a payout or its reversal. Raises Missing."""
    payout, actor = gateway_call.payout, Actor.system("stripe")
    if payout is None:
        raise Missing()
    if not has_changed:
        return
    if gateway_call.state == CallState.SUCCEEDED:
        if gateway_call.operation == GatewayOperation.REVERSE_TRANSFER:
            post_payout_reversal(payout, gateway_call, actor=actor, now=now)
        elif payout.state == PayoutState.DUE:
            complete_payout(payout, gateway_call.reference, actor=actor, now=now)
    elif gateway_call.state == CallState.FAILED:
        data = {"amount": gateway_call.amount, "operation": gateway_call.operation, "code": gateway_call.code}
        record_change("payout.failed", payout, actor=actor, now=now, data=data)


def _read_unsettled_debt(cooperative_id: int, currency: str) -> int:
    """Return its debt from sales and refunds in the open period, without the cash it holds."""
    entries = LedgerEntry.objects.filter(
        account=LedgerAccount.COOPERATIVE_PAYABLE,
        cooperative=cooperative_id,
        currency=currency,
        settlement__in=Settlement.objects.open(),
    )
    return entries.balance()
