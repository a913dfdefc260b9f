"""Rows of the list of payouts, and what a person must know before sending one."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orders.actions.payouts.bank_accounts import account_of_cooperative
from orders.actions.payouts.proposals import filter_confirmed_payouts
from orders.actions.payouts.undo_payouts import payout_undoable_until
from orders.models import Approval, ApprovalKind, Payout, PayoutMethod
from orders.payments.banks import Bank, find_bank
from orders.states import PayoutState
from shop.core.dates.calendar import vietnam_date
from shop.core.models import shop_settings
from shop.core.money import Money, sums_by_currency


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A row of the list. `payout_day` is the next announced day, `missed_day` the one promised before."""

    payout: Payout
    bank: Bank | None
    has_other_account: bool
    is_held: bool
    is_confirmed: bool
    payout_day: datetime.date | None
    missed_day: datetime.date | None
    is_chosen: bool
    reference: str
    account_proposal: Approval | None
    error: str
    undoable_until: datetime.datetime | None

    @property
    def is_payable(self) -> bool:
        """Whether the money can be sent now."""
        return self.is_confirmed and not self.is_held and not self.payout.is_account_missing


def sums_of_payouts(payouts: Iterable[Payout]) -> list[Money]:
    """Return what these payouts come to in each currency."""
    return sums_by_currency(Money(payout.amount, payout.currency) for payout in payouts)


def build_payout_rows(
    payouts: Sequence[Payout],
    *,
    chosen_ids: Iterable[uuid.UUID],
    references: Mapping[str, str],
    errors: Mapping[uuid.UUID, str],
    now: datetime.datetime,
) -> list[PayoutRow]:
    """Build the rows of payouts, which must be loaded with their recipients.

    `references` are the submitted fields by name, `errors` what is wrong with them by payout.
    """
    due_payouts = [payout for payout in payouts if payout.state == PayoutState.DUE]
    confirmed_payouts = filter_confirmed_payouts(due_payouts) if due_payouts else []
    proposals = find_account_proposals(due_payouts, now) if due_payouts else {}
    settings, today, chosen = shop_settings(), vietnam_date(now), set(chosen_ids)
    return [
        PayoutRow(
            payout=payout,
            bank=find_bank(payout.bank_bin),
            has_other_account=has_other_account(payout),
            is_held=payout.is_held(now),
            is_confirmed=payout.state != PayoutState.DUE or payout in confirmed_payouts,
            payout_day=settings.next_payout_day(today) if payout.settlement else None,
            missed_day=settings.missed_payout_day(payout.created_at, today)
            if payout.settlement and payout.state == PayoutState.DUE
            else None,
            is_chosen=payout.pk in chosen,
            reference=references.get(f"reference-{payout.pk}", ""),
            account_proposal=account_proposal_of(payout, proposals),
            error=errors.get(payout.pk, ""),
            undoable_until=find_undo_deadline(payout, now),
        )
        for payout in payouts
    ]


def find_undo_deadline(payout: Payout, now: datetime.datetime) -> datetime.datetime | None:
    """Return the deadline for marking the payout as unpaid again, or None if it has passed."""
    until = payout_undoable_until(payout)
    return until if until is not None and now <= until else None


def recipient_text(payout: Payout) -> str:
    """Return who gets a payout that is loaded with its recipient."""
    if payout.settlement is not None:
        return payout.settlement.cooperative.name
    if payout.refund is not None:
        order = payout.refund.order
        return f"{order.buyer_name} ({order.code})"
    return payout.bank_holder


def find_account_proposals(payouts: Iterable[Payout], now: datetime.datetime) -> dict[int | None, Approval]:
    """Return the open proposals to change the account of these payouts' cooperatives, by cooperative."""
    cooperative_ids = {payout.settlement.cooperative_id for payout in payouts if payout.settlement}
    proposals = Approval.objects.waiting(now).filter(kind=ApprovalKind.COOPERATIVE_ACCOUNT)
    return {
        proposal.cooperative_id: proposal
        for proposal in proposals.filter(cooperative__in=cooperative_ids).select_related("cooperative")
    }


def account_proposal_of(payout: Payout, proposals: Mapping[int | None, Approval]) -> Approval | None:
    return proposals.get(payout.settlement.cooperative_id) if payout.settlement else None


def has_other_account(payout: Payout) -> bool:
    """Return whether the cooperative's current account differs from the payout's."""
    if payout.settlement is None or payout.state != PayoutState.DUE or payout.method != PayoutMethod.BANK:
        return False
    current_account = account_of_cooperative(payout.settlement.cooperative)
    return bool(current_account.number) and (current_account.bank_bin, current_account.number) != (
        payout.bank_bin,
        payout.bank_account,
    )
