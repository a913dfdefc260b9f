"""Resolve differences of a carrier's remittance: received later, or borne by the platform.

A cooperative's difference stays cash that it holds, and its next settlement offsets it.
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.ledger.ledger_postings import Entry, post
from orders.models import Account, CashRemittance, PostingKind
from orders.states import CashHolder
from shop.core.actors import Actor
from shop.core.errors import ReasonNeeded, Refused
from shop.core.models import done_before, record_change


class NothingToPutRight(Refused):
    code = "nothing_to_put_right"
    default_words = _("All of this cash is settled.")


class NotTheDifference(Refused):
    """`details["lacking"]` is the unresolved difference, in minor units."""

    code = "not_the_difference"
    default_words = _("That is not what is still to be settled of this cash.")


@transaction.atomic(durable=True)
def make_good(
    *,
    remittance_id: int,
    amount: int,
    is_ours: bool,
    reason: str,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CashRemittance:
    """Resolve part of a shortfall: it has arrived later or, if `is_ours`, becomes the platform's cost.

    For an excess: it was sent back, or is kept. `amount` is in minor units. A repeated `key` does nothing.
    Raises KeyReused, Missing, NotTheDifference, NothingToPutRight, ReasonNeeded.
    """
    remittance = locks.lock_remittance(remittance_id)
    if done_before(key, "remittance.made_good", remittance):
        return remittance
    lacking = remittance.lacking
    if not lacking or remittance.holder != CashHolder.CARRIER:
        raise NothingToPutRight()
    if not 1 <= amount <= abs(lacking):
        raise NotTheDifference(field="amount", lacking=abs(lacking))
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    signed = amount if lacking > 0 else -amount
    remittance.made_good += signed
    remittance.save(update_fields=["made_good"])
    change = record_change(
        "remittance.made_good",
        remittance,
        actor=actor,
        now=now,
        why=reason.strip(),
        data={"amount": signed, "is_ours": is_ours},
        key=key,
    )
    to = Account.PLATFORM_COST if is_ours else Account.BANK
    post(
        f"remittance:{remittance.pk}:made_good:{change.pk}",
        PostingKind.REMITTANCE,
        [Entry(to, signed), Entry(Account.CARRIER_CASH, -signed, carrier=remittance.carrier)],
        currency=remittance.currency,
        memo=reason.strip()[:250],
        actor=actor,
        now=now,
    )
    return remittance
