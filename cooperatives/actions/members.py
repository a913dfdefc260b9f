"""Change the roles of a cooperative's members and remove members. They join by invitation."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, Invitation, Membership, PhonePin, Role
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class LastManager(Refused):
    code = "last_manager"
    default_message = _("A cooperative needs a manager. Make another member a manager first.")


class AlreadyMember(Refused):
    code = "already_member"
    default_message = _("You already work for this cooperative. A manager can change your role.")


@transaction.atomic(durable=True)
def change_member_role(
    *, cooperative_id: int, membership_id: int, role: Role, actor: Actor, now: datetime.datetime
) -> None:
    """Change a member's role. Raises Missing, LastManager."""
    _update_membership(
        _lock_membership(cooperative_id, membership_id), role, is_active=True, actor=actor, now=now
    )


@transaction.atomic(durable=True)
def remove_member(*, cooperative_id: int, membership_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Deactivate a membership, and end its PINs. The member's past actions remain.

    Raises Missing, LastManager.
    """
    row = _lock_membership(cooperative_id, membership_id)
    _update_membership(row, Role(row.role), is_active=False, actor=actor, now=now)
    # The rows still say who signed the commands that wait on the phones.
    pins = PhonePin.objects.filter(membership=row, ended_at=None)
    pins.update(ended_at=now, pin_hash="", sealed_key="")


def admit_member(
    cooperative: Cooperative, user: User, role: Role, *, actor: Actor, now: datetime.datetime
) -> Membership:
    """In a transaction: make a user an active member of a locked cooperative. Raises AlreadyMember."""
    row = Membership.objects.filter(cooperative=cooperative, user=user).first()
    if row is None:
        row = Membership(cooperative=cooperative, user=user)
    elif row.is_active:
        raise AlreadyMember()
    row.role, row.is_active = role, True
    row.save()
    _record_membership("membership.admitted", row, actor=actor, now=now)
    return row


def _update_membership(
    membership: Membership, role: Role, *, is_active: bool, actor: Actor, now: datetime.datetime
) -> None:
    if (membership.role, membership.is_active) == (role, is_active):
        return
    managers = Membership.objects.filter(
        cooperative=membership.cooperative_id, role=Role.MANAGER, is_active=True
    ).exclude(pk=membership.pk)
    was_manager = membership.role == Role.MANAGER
    remains_manager = is_active and role == Role.MANAGER
    if was_manager and not remains_manager and not managers.exists():
        raise LastManager()
    previous_role = membership.role
    membership.role, membership.is_active = role, is_active
    membership.save(update_fields=["role", "is_active"])
    action = "membership.role_changed" if is_active else "membership.ended"
    _record_membership(action, membership, previous_role=previous_role, actor=actor, now=now)
    if was_manager and not remains_manager:
        _revoke_open_invitations(membership, now)


def _revoke_open_invitations(row: Membership, now: datetime.datetime) -> None:
    """Revoke a former manager's invitations, so that they cannot use one to come back."""
    sent_invitations = Invitation.objects.filter(cooperative=row.cooperative_id, invited_by=row.user_id).open(
        now
    )
    sent_invitations.update(revoked_at=now, note="")


def _record_membership(
    action: str,
    row: Membership,
    *,
    previous_role: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    has_changed = previous_role not in (None, row.role)
    changes = {"from": {"role": previous_role}, "to": {"role": row.role}} if has_changed else {}
    record_change(
        action,
        row,
        actor=actor,
        now=now,
        root=row.cooperative,
        cooperative_id=row.cooperative_id,
        data={"role": row.role, "user": row.user_id} | changes,
    )


def _lock_membership(cooperative_id: int, membership_id: int) -> Membership:
    """Lock the cooperative and return the active membership. Raises Missing."""
    cooperative = lock_cooperative(cooperative_id)
    row = Membership.objects.filter(cooperative=cooperative, pk=membership_id, is_active=True).first()
    if row is None:
        raise Missing()
    return row


def lock_cooperative(cooperative_id: int) -> Cooperative:
    """In a transaction: lock a cooperative, whose members are about to change. Raises Missing."""
    cooperative = lock_row(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    return cooperative
