"""Confirm, decline or withdraw proposals. A second person confirms payouts and changes of bank accounts."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.access import staff_with_permission
from orders import locks
from orders.actions.gateway_requests.intended_calls import request_payout
from orders.actions.payouts.bank_accounts import (
    apply_cooperative_account,
    lock_cooperative_account,
    read_cooperative_account_values,
)
from orders.actions.payouts.complete_payouts import PayoutAlreadyPaid
from orders.actions.payouts.payment_settings import (
    apply_market_account,
    lock_shop_settings,
    market_account_values,
)
from orders.actions.payouts.proposals import (
    PersonRequired,
    create_proposal,
    is_payout_confirmed,
    lapse_proposal,
    payout_values,
    record_proposal_change,
)
from orders.models import Approval, ApprovalKind, Payout, PayoutMethod
from orders.states import APPROVAL_TRANSITIONS, ApprovalState, PayoutState
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import ShopSettings, record_change
from shop.core.states import change_state

# Staff who may act alone may propose and confirm if a second person is required.
APPROVAL_PERMISSIONS = {
    ApprovalKind.PAYOUT: Permission.HANDLE_PAYMENTS,
    ApprovalKind.COOPERATIVE_ACCOUNT: Permission.HANDLE_PAYMENTS,
    ApprovalKind.MARKET_ACCOUNT: Permission.MANAGE_SETTINGS,
    ApprovalKind.RULES: Permission.MANAGE_SETTINGS,
}
SECOND_PERSON_SETTINGS = ("needs_second_person_for_payouts", "needs_second_person_for_account_changes")
_REQUIRED_PEOPLE = 2  # one proposes, another confirms


class ProposalAlreadyDecided(Refused):
    code = "proposal_already_decided"
    default_message = _("Someone has already decided this.")


class ProposalLapsed(Refused):
    code = "proposal_lapsed"
    default_message = _(
        "This has changed since it was proposed, or the proposal has expired. Propose it again."
    )


class SamePerson(Refused):
    code = "same_person"
    default_message = _("Someone else must confirm what you proposed.")


class NotTheProposer(Refused):
    code = "not_the_proposer"
    default_message = _("Only the person who proposed this can withdraw it. You can decline it instead.")


class NobodyToConfirm(Refused):
    """Fewer than two people have the permission `details["permission"]`, so nobody could confirm."""

    code = "nobody_to_confirm"
    default_message = _("There is no second person yet. Give someone else the permission first.")


class PayoutAlreadyReleased(Refused):
    code = "payout_already_released"
    default_message = _("This payout no longer needs a second person.")


@transaction.atomic(durable=True)
def propose_payout(*, payout_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Approval:
    """Ask a second person to confirm a due payout with its current account and amount.

    Raises PayoutAlreadyPaid, PayoutAlreadyReleased, Missing, PersonRequired, ProposalPending.
    """
    payout = locks.lock_payout(payout_id)
    if payout.state != PayoutState.DUE:
        raise PayoutAlreadyPaid()
    if is_payout_confirmed(payout):
        raise PayoutAlreadyReleased()
    facts = payout_values(payout)
    return create_proposal(
        ApprovalKind.PAYOUT, proposed_values=facts, basis=facts, payout=payout, actor=actor, now=now
    )


@transaction.atomic(durable=True)
def change_second_person_rules(
    *, is_needed_for_payouts: bool, is_needed_for_account_changes: bool, actor: Actor, now: datetime.datetime
) -> Approval | None:
    """Set which actions require a second person. Switching it on takes effect at once.

    Switching it off creates a proposal, which is returned. Raises NobodyToConfirm, PersonRequired,
    ProposalPending.
    """
    shop = lock_shop_settings()
    before = {name: getattr(shop, name) for name in SECOND_PERSON_SETTINGS}
    proposed_values = dict(
        zip(SECOND_PERSON_SETTINGS, (is_needed_for_payouts, is_needed_for_account_changes), strict=True)
    )
    if any(before[name] and not proposed_values[name] for name in SECOND_PERSON_SETTINGS):
        return create_proposal(
            ApprovalKind.RULES, proposed_values=proposed_values, basis=before, actor=actor, now=now
        )
    if any(proposed_values[name] and not before[name] for name in SECOND_PERSON_SETTINGS):
        _require_two_people()
    _apply_rules(shop, proposed_values, actor=actor, now=now)
    return None


def permissions_without_second_person() -> list[Permission]:
    """Return the permissions to confirm proposals that fewer than two people hold.

    It takes one query for each.
    """
    return [
        permission
        for permission in dict.fromkeys(APPROVAL_PERMISSIONS.values())
        if staff_with_permission(permission).count() < _REQUIRED_PEOPLE
    ]


def confirm_proposal(*, approval_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Confirm a proposal, which takes effect exactly as proposed.

    Raises ProposalAlreadyDecided, Missing, PersonRequired, ProposalLapsed, SamePerson.
    """
    if not _confirm_or_lapse(approval_id, actor, now):
        raise ProposalLapsed()


@transaction.atomic(durable=True)
def decline_proposal(*, approval_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime) -> None:
    """Decline a proposal. Raises ProposalAlreadyDecided, Missing, PersonRequired, ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired(field="reason")
    row = _lock_open_proposal(approval_id, actor)
    _save_decision(row, ApprovalState.DECLINED, actor=actor, reason=reason, now=now)
    record_proposal_change(row, "declined", actor=actor, now=now)


@transaction.atomic(durable=True)
def withdraw_proposal(*, approval_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Withdraw one's own proposal. Raises ProposalAlreadyDecided, Missing, NotTheProposer, PersonRequired."""
    row = _lock_open_proposal(approval_id, actor)
    if row.proposed_by_id != actor.user_id:
        raise NotTheProposer()
    _save_decision(row, ApprovalState.WITHDRAWN, actor=actor, now=now)
    record_proposal_change(row, "withdrawn", actor=actor, now=now)


@transaction.atomic(durable=True)
def _confirm_or_lapse(approval_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> bool:
    """Confirm a proposal. Returns False if the proposal lapsed, without raising: the lapse must commit.

    Raises Missing, SamePerson.
    """
    unlocked = Approval.objects.filter(pk=approval_id).first()
    if unlocked is None:
        raise Missing()
    payout, shop = _lock_subject(unlocked)
    row = _lock_open_proposal(approval_id, actor)
    if row.proposed_by_id == actor.user_id:
        raise SamePerson()
    if row.expires_at <= now or row.basis != _read_current_values(row, payout, shop):
        lapse_proposal(row, now=now)
        return False
    _save_decision(row, ApprovalState.CONFIRMED, actor=actor, now=now)
    record_proposal_change(row, "confirmed", actor=actor, now=now)
    if row.kind == ApprovalKind.COOPERATIVE_ACCOUNT and row.cooperative_id is not None:
        apply_cooperative_account(row.cooperative_id, row.proposed_values, actor=actor, now=now)
    elif row.kind == ApprovalKind.MARKET_ACCOUNT and shop is not None:
        apply_market_account(shop, row.proposed_values, actor=actor, now=now)
    elif row.kind == ApprovalKind.RULES and shop is not None:
        _apply_rules(shop, row.proposed_values, actor=actor, now=now)
    elif payout is not None and payout.method == PayoutMethod.STRIPE and not payout.calls.exists():
        request_payout(payout, actor=actor, now=now)
    return True


def _lock_subject(approval: Approval) -> tuple[Payout | None, ShopSettings | None]:
    """Lock what the proposal changes, before the proposal itself, as `create_proposal`'s callers do."""
    if approval.payout_id is not None:
        return locks.lock_payout(approval.payout_id), None
    if approval.cooperative_id is not None:
        lock_cooperative_account(approval.cooperative_id)
        return None, None
    return None, lock_shop_settings()


def _read_current_values(
    approval: Approval, payout: Payout | None, shop: ShopSettings | None
) -> Mapping[str, object]:
    """Return the current values of a proposal's subject. They are empty if its payout is no longer due."""
    if payout is not None:
        return payout_values(payout) if payout.state == PayoutState.DUE else {}
    if approval.cooperative_id is not None:
        return read_cooperative_account_values(approval.cooperative_id)
    assert shop is not None
    if approval.kind == ApprovalKind.RULES:
        return {name: getattr(shop, name) for name in SECOND_PERSON_SETTINGS}
    return market_account_values(shop)


def _lock_open_proposal(approval_id: uuid.UUID, actor: Actor) -> Approval:
    """Lock a proposal that is not decided. Raises ProposalAlreadyDecided, Missing, PersonRequired."""
    if actor.user_id is None:
        raise PersonRequired()
    row = lock_row(Approval.objects.filter(pk=approval_id))
    if row is None:
        raise Missing()
    if row.state != ApprovalState.OPEN:
        raise ProposalAlreadyDecided()
    return row


def _save_decision(
    row: Approval, state: ApprovalState, *, actor: Actor, now: datetime.datetime, reason: str = ""
) -> None:
    # Save the decider first: a database constraint forbids a confirmation without a second person.
    row.decided_by_id, row.decided_at, row.reason = actor.user_id, now, reason.strip()[:500]
    row.save(update_fields=["decided_by", "decided_at", "reason"])
    change_state(row, state, APPROVAL_TRANSITIONS)


def _require_two_people() -> None:
    """Require that two people hold each permission. Raises NobodyToConfirm.

    One person alone could neither act under the rule nor switch it off.
    """
    for permission in permissions_without_second_person():
        message = _("At least two people need the permission “%(right)s” first. Give it to one more person.")
        raise NobodyToConfirm(message % {"right": permission.label}, permission=permission)


def _apply_rules(
    shop: ShopSettings, proposed_values: dict[str, bool], *, actor: Actor, now: datetime.datetime
) -> None:
    changes = set_tracked_columns(shop, {name: proposed_values[name] for name in SECOND_PERSON_SETTINGS})
    if not changes["fields"]:
        return
    shop.save(update_fields=list(SECOND_PERSON_SETTINGS))
    record_change("market.second_person_changed", shop, actor=actor, now=now, data=changes)
