"""Add and remove members of a cooperative, and change their roles."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, Membership, Role
from shop.accounts.registration.accounts import find_user
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class UserNotFound(Refused):
    code = "user_not_found"
    default_message = _(
        "No account uses this email or confirmed phone number. Ask the person to create an "
        "account or confirm the number first."
    )


class LastManager(Refused):
    code = "last_manager"
    default_message = _("A cooperative needs a manager. Make another member a manager first.")


@transaction.atomic(durable=True)
def add_member(
    *, cooperative_id: int, person: str, role: Role, actor: Actor, now: datetime.datetime
) -> Membership:
    """Add the owner of an account, identified by e-mail or phone, as a member with a role.

    An existing member gets the new role. Raises Missing, UserNotFound, LastManager.
    """
    cooperative = _lock_cooperative(cooperative_id)
    user = find_user(person)
    if user is None or not user.is_active:
        raise UserNotFound(field="person")
    row = Membership.objects.filter(cooperative=cooperative, user=user).first()
    if row is None:
        row = Membership.objects.create(cooperative=cooperative, user=user, role=role)
        _record_membership("membership.admitted", row, actor=actor, now=now)
    else:
        _update_membership(row, role, is_active=True, actor=actor, now=now)
    return row


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
    """Deactivate a membership; the member's past actions remain. Raises Missing, LastManager."""
    row = _lock_membership(cooperative_id, membership_id)
    _update_membership(row, Role(row.role), is_active=False, actor=actor, now=now)


def _update_membership(
    row: Membership, role: Role, *, is_active: bool, actor: Actor, now: datetime.datetime
) -> None:
    if (row.role, row.is_active) == (role, is_active):
        return
    managers = Membership.objects.filter(
        cooperative=row.cooperative_id, role=Role.MANAGER, is_active=True
    ).exclude(pk=row.pk)
    remains_manager = is_active and role == Role.MANAGER
    if row.is_active and row.role == Role.MANAGER and not remains_manager and not managers.exists():
        raise LastManager()
    action = "membership.ended"
    if is_active:
        action = "membership.role_changed" if row.is_active else "membership.admitted"
    row.role, row.is_active = role, is_active
    row.save(update_fields=["role", "is_active"])
    _record_membership(action, row, actor=actor, now=now)


def _record_membership(action: str, row: Membership, *, actor: Actor, now: datetime.datetime) -> None:
    record_change(
        action,
        row,
        actor=actor,
        now=now,
        root=row.cooperative,
        cooperative_id=row.cooperative_id,
        data={"role": row.role, "user": row.user_id},
    )


def _lock_membership(cooperative_id: int, membership_id: int) -> Membership:
    """Lock the cooperative and return the active membership. Raises Missing."""
    cooperative = _lock_cooperative(cooperative_id)
    row = Membership.objects.filter(cooperative=cooperative, pk=membership_id, is_active=True).first()
    if row is None:
        raise Missing()
    return row


def _lock_cooperative(cooperative_id: int) -> Cooperative:
    cooperative = lock_row(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    return cooperative
