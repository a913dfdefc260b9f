"""Propose a change to a second person, and check whether one is required.

`orders.actions.approvals` decides on the proposals.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.models import Approval, ApprovalKind, Payout
from orders.states import APPROVAL_TRANSITIONS, ApprovalState
from shop.core.actors import Actor
from shop.core.database.transactions import lock_rows
from shop.core.errors import Refused
from shop.core.models import ShopSettings, record_change, shop_settings
from shop.core.states import change_state

PROPOSAL_LIFETIME = datetime.timedelta(days=3)


class SecondPersonRequired(Refused):
    code = "second_person_required"
    default_message = _("A second person must confirm this first.")


class ProposalPending(Refused):
    code = "proposal_pending"
    default_message = _(
        "Another change is already waiting for a second person. Withdraw or decline it first."
    )


class PersonRequired(Refused):
    code = "person_required"
    default_message = _("Only people can propose or confirm this, not apps.")


def payout_values(payout: Payout) -> dict[str, object]:
    """Return the payout's values that a second person confirms: amount, recipient and payout method."""
    return {
        "amount": payout.amount,
        "currency": payout.currency,
        "method": str(payout.method),
        "bank_bin": payout.bank_bin,
        "bank_account": payout.bank_account,
        "bank_holder": payout.bank_holder,
        "destination": payout.destination,
    }


def is_payout_confirmed(payout: Payout) -> bool:
    """Return whether the payout, as it is now, needs no further confirmation."""
    if not shop_settings().needs_second_person_for_payouts:
        return True
    confirmed_approvals = Approval.objects.confirmed_payout(payout)
    return confirmed_approvals is not None and confirmed_approvals.proposed_values == payout_values(payout)


def filter_confirmed_payouts(payouts: Iterable[Payout]) -> list[Payout]:
    """Keep the payouts that need no further confirmation. It takes at most two queries."""
    rows = list(payouts)
    if not shop_settings().needs_second_person_for_payouts:
        return rows
    confirmed_approvals = Approval.objects.filter(kind=ApprovalKind.PAYOUT, state=ApprovalState.CONFIRMED)
    confirmed_approvals = confirmed_approvals.filter(payout__in=rows).order_by("decided_at", "pk")
    proposed_values = dict(confirmed_approvals.values_list("payout", "proposed_values"))
    return [row for row in rows if proposed_values.get(row.pk) == payout_values(row)]


def require_payout_confirmed(payout: Payout) -> None:
    """Raise SecondPersonRequired if the payout still needs a confirmation."""
    if not is_payout_confirmed(payout):
        raise SecondPersonRequired()


def create_proposal(
    kind: ApprovalKind,
    *,
    proposed_values: Mapping[str, object],
    basis: Mapping[str, object],
    payout: Payout | None = None,
    cooperative: Cooperative | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Approval:
    """Under the lock of the payout or account: create a proposal. An expired one is closed first.

    Raises PersonRequired, ProposalPending.
    """
    if actor.user_id is None:
        raise PersonRequired()
    proposals = Approval.objects.filter(kind=kind, payout=payout, cooperative=cooperative)
    for row in lock_rows(proposals.filter(state=ApprovalState.OPEN)):
        if row.expires_at > now:
            raise ProposalPending()
        lapse_proposal(row, now=now)
    row = Approval.objects.create(
        kind=kind,
        payout=payout,
        cooperative=cooperative,
        proposed_values=dict(proposed_values),
        basis=dict(basis),
        proposed_by_id=actor.user_id,
        proposed_at=now,
        expires_at=now + PROPOSAL_LIFETIME,
    )
    record_proposal_change(row, "proposed", actor=actor, now=now)
    return row


def lapse_proposal(approval: Approval, *, now: datetime.datetime) -> None:
    """On a locked open proposal: mark it lapsed, because it is too old or its subject has changed."""
    change_state(approval, ApprovalState.LAPSED, APPROVAL_TRANSITIONS)
    approval.decided_at = now
    approval.save(update_fields=["decided_at"])
    record_proposal_change(approval, "lapsed", actor=Actor.system(), now=now)


def record_proposal_change(approval: Approval, action: str, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: record a change of a proposal."""
    record_change(
        f"approval.{action}",
        approval,
        actor=actor,
        now=now,
        root=approval.payout or approval.cooperative or ShopSettings(pk=1),
        cooperative_id=approval.cooperative_id,
        reason=approval.reason,
        data={
            "kind": str(approval.kind),
            "proposed_values": approval.proposed_values,
            "basis": approval.basis,
        },
    )
