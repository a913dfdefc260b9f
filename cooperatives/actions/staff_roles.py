"""Staff accounts and their roles, within the rights of the person who changes them.

A role is a permission group. Staff cannot grant a right that they lack, nor change a person who has more
rights.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection

from django.utils.translation import gettext_lazy as _

from cooperatives.access import read_platform_permissions
from shop.accounts.models import Group, GroupPermission, User
from shop.accounts.registration.accounts import send_password_link
from shop.accounts.staff.permissions import Permission
from shop.accounts.staff.staff_accounts import (
    GroupChange,
    add_staff,
    change_group,
    change_user,
    create_group,
    delete_group,
)
from shop.core.actors import EntryPoint
from shop.core.errors import Missing, ReasonRequired, Refused


class BeyondOwnRights(Refused):
    code = "beyond_own_rights"
    default_message = _("You cannot give or change rights that you do not have yourself.")


class OwnStaffAccount(Refused):
    code = "own_staff_account"
    default_message = _("Ask a colleague to change your own roles or to deactivate your account.")


def invite_staff(
    *,
    acting_user: User,
    email: str,
    name: str,
    group_ids: Collection[int],
    link_to: Callable[[User], str],
    now: datetime.datetime,
) -> User:
    """Create a staff account with roles and email a link to set its password.

    An existing account with this address becomes a staff account and keeps its password. Raises
    BeyondOwnRights, EmailTaken, InvalidColumnValue.
    """
    _require_grantable(acting_user, _read_permission_codes(group_ids))
    existing = User.objects.filter(email=email, erased_at=None).first()
    values = {"first_name": name} if existing is None or not existing.first_name else {}
    actor = acting_user.as_actor(EntryPoint.DESK)
    user = add_staff(email=email, values=values, group_ids=group_ids, actor=actor, now=now)
    if not user.has_usable_password():
        send_password_link(email=email, link_to=link_to, now=now)
    return user


def set_staff_roles(
    *, acting_user: User, user_id: int, group_ids: Collection[int], now: datetime.datetime
) -> User:
    """Replace a colleague's roles. Raises BeyondOwnRights, LastAdmin, Missing, OwnStaffAccount."""
    user = _require_colleague(acting_user, user_id)
    current_ids = set(user.permission_groups.values_list("pk", flat=True))
    added_group_ids, removed_group_ids = set(group_ids) - current_ids, current_ids - set(group_ids)
    _require_grantable(acting_user, _read_permission_codes(added_group_ids | removed_group_ids))
    return change_user(
        user_id=user.pk,
        values={},
        add_group_ids=added_group_ids,
        remove_group_ids=removed_group_ids,
        actor=acting_user.as_actor(EntryPoint.DESK),
        now=now,
    )


def set_staff_active(
    *, acting_user: User, user_id: int, is_active: bool, reason: str, now: datetime.datetime
) -> User:
    """Deactivate a colleague's account, which signs it out everywhere, or activate it again.

    Raises BeyondOwnRights, LastAdmin, Missing, OwnStaffAccount, ReasonRequired.
    """
    user = _require_colleague(acting_user, user_id)
    if not reason.strip():
        raise ReasonRequired(field="reason")
    return change_user(
        user_id=user.pk,
        values={"is_active": is_active},
        reason=reason,
        actor=acting_user.as_actor(EntryPoint.DESK),
        now=now,
    )


def save_role(
    *,
    acting_user: User,
    group_id: int | None,
    name: str,
    permissions: Collection[str],
    now: datetime.datetime,
) -> Group:
    """Create a platform-wide role, or change a role's name and permissions.

    Raises BeyondOwnRights, GroupNameTaken, LastAdmin, Missing.
    """
    current_codes = _read_permission_codes([group_id]) if group_id is not None else set()
    requested_codes = set(permissions)
    _require_grantable(acting_user, current_codes | requested_codes)
    actor = acting_user.as_actor(EntryPoint.DESK)
    if group_id is None:
        change = GroupChange(name=name, is_platform_wide=True, add_permissions=requested_codes)
        return create_group(change=change, actor=actor, now=now)
    change = GroupChange(
        name=name,
        add_permissions=requested_codes - current_codes,
        remove_permissions=current_codes - requested_codes,
    )
    return change_group(group_id=group_id, change=change, actor=actor, now=now)


def remove_role(*, acting_user: User, group_id: int, now: datetime.datetime) -> None:
    """Delete a role. Staff who have it keep their other roles. Raises BeyondOwnRights, LastAdmin, Missing."""
    _require_grantable(acting_user, _read_permission_codes([group_id]))
    delete_group(group_id=group_id, actor=acting_user.as_actor(EntryPoint.DESK), now=now)


def find_grantable_permissions(user: User) -> list[Permission]:
    """Return the permissions that a user may give to others, in their order."""
    platform_codes = read_platform_permissions(user)
    return [permission for permission in Permission if permission in platform_codes]


def _require_colleague(acting_user: User, user_id: int) -> User:
    user = User.objects.filter(pk=user_id, is_staff=True, erased_at=None).first()
    if user is None:
        raise Missing()
    if user.pk == acting_user.pk:
        raise OwnStaffAccount()
    if user.is_superuser and not acting_user.is_superuser:
        raise BeyondOwnRights()
    groups = user.permission_groups.values_list("pk", flat=True)
    _require_grantable(acting_user, _read_permission_codes(groups))
    return user


def _require_grantable(acting_user: User, codes: Collection[str]) -> None:
    if not set(codes) <= read_platform_permissions(acting_user):
        raise BeyondOwnRights()


def _read_permission_codes(group_ids: Collection[int]) -> set[str]:
    return set(GroupPermission.objects.filter(group__in=group_ids).values_list("code", flat=True))
