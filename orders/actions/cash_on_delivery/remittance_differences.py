"""Resolve differences of a carrier's remittance, received later or borne by the platform.

A cooperative's difference stays cash that it holds, and its next settlement offsets it.
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.models import CashRemittance, LedgerAccount, PostingKind
from orders.states import CashHolder
from shop.core.actors import Actor
from shop.core.errors import ReasonRequired, Refused
from shop.core.models import record_change, was_done_with_key


class NoRemittanceDifference(Refused):
    code = "no_remittance_difference"
    default_message = _("All of this cash has been reconciled.")


class InvalidDifferenceAmount(Refused):
    """`details["unresolved"]` is the unresolved difference, in minor units."""

    code = "invalid_difference_amount"
    default_message = _("This amount does not match the difference still open for this cash.")


@transaction.atomic(durable=True)
def resolve_remittance_difference(
    *,
    remittance_id: int,
    amount: int,
    is_platform_cost: bool,
    reason: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CashRemittance:
    """Resolve part of a shortfall or an excess.

    A shortfall has arrived later or, if `is_platform_cost`, becomes the platform's cost. An excess was sent
    back or is kept. `amount` is in minor units. A repeated `idempotency_key` does nothing.
    Raises KeyReused, Missing, InvalidDifferenceAmount, NoRemittanceDifference, ReasonRequired.
    """
    remittance = locks.lock_remittance(remittance_id)
    if was_done_with_key(idempotency_key, "remittance.difference_resolved", remittance):
        return remittance
    _require_resolvable(remittance, amount, reason)
    signed_amount = amount if remittance.unresolved_difference > 0 else -amount
    remittance.resolved_difference += signed_amount
    remittance.save(update_fields=["resolved_difference"])
    change = record_change(
        "remittance.difference_resolved",
        remittance,
        actor=actor,
        now=now,
        reason=reason.strip(),
        data={"amount": signed_amount, "is_platform_cost": is_platform_cost},
        idempotency_key=idempotency_key,
    )
    account = LedgerAccount.PLATFORM_COST if is_platform_cost else LedgerAccount.BANK
    post_entries(
        f"remittance:{remittance.pk}:difference:{change.pk}",
        PostingKind.REMITTANCE,
        [
            PostingEntry(account, signed_amount),
            PostingEntry(LedgerAccount.CARRIER_CASH, -signed_amount, carrier=remittance.carrier),
        ],
        currency=remittance.currency,
        memo=reason.strip()[:250],
        actor=actor,
        now=now,
    )
    return remittance


def _require_resolvable(remittance: CashRemittance, amount: int, reason: str) -> None:
    unresolved = remittance.unresolved_difference
    if not unresolved or remittance.holder != CashHolder.CARRIER:
        raise NoRemittanceDifference()
    if not 1 <= amount <= abs(unresolved):
        raise InvalidDifferenceAmount(field="amount", unresolved=abs(unresolved))
    if not reason.strip():
        raise ReasonRequired(field="reason")
