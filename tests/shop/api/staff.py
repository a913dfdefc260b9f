"""Staff of the platform and of cooperatives, for tests of what each may see and do."""

from __future__ import annotations

from cooperatives.models import Cooperative, GroupCooperative
from shop.accounts.models import Group, GroupPermission, User
from shop.accounts.permissions import Permission
from tests.factories import make_user


def make_staff(*permissions: Permission, works_for: tuple[Cooperative, ...] = ()) -> User:
    """A member of staff in one group with these permissions, for all rows or those of some cooperatives."""
    user = make_user(is_staff=True)
    group = Group.objects.create(name=f"Nhóm {user.pk}")
    group.users.add(user)
    GroupPermission.objects.bulk_create(GroupPermission(group=group, code=code) for code in permissions)
    GroupCooperative.objects.bulk_create(
        GroupCooperative(group=group, cooperative=each) for each in works_for
    )
    return user
