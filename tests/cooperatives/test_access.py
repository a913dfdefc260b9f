"""Access: rights of members by role, and permissions of platform staff."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from cooperatives.access import (
    MemberRight,
    find_memberships,
    has_staff_permission,
    load_membership,
    require_staff_permission,
)
from cooperatives.models import Membership, Role
from shop.accounts.models import Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.core.actors import EntryPoint
from shop.core.errors import Forbidden, Missing
from tests.factories import make_admin, make_channel, make_cooperative, make_member, make_user
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

RIGHTS = {
    Role.MANAGER: {"see", "list", "count", "pack", "sell", "cash", "money", "manage"},
    Role.LISTER: {"see", "list", "count"},
    Role.PACKER: {"see", "pack", "count"},
    Role.CASHIER: {"see", "sell", "cash", "count"},
    Role.BOOKKEEPER: {"see", "cash", "money"},
}


@pytest.mark.parametrize("role", Role.values)
def test_role_has_exactly_its_rights(role) -> None:
    membership = load_membership(make_member(make_cooperative(), Role(role)))

    for right in MemberRight:
        if right in RIGHTS[Role(role)]:
            membership.require(right)
        else:
            with assert_refused(Forbidden, "forbidden"):
                membership.require(right)


def test_member_acts_for_their_cooperative_through_members_app() -> None:
    cooperative = make_cooperative()
    user = make_member(cooperative)

    membership = load_membership(user, cooperative.pk)

    assert (membership.cooperative, membership.actor.user_id, membership.actor.entry_point) == (
        cooperative,
        user.pk,
        EntryPoint.MEMBERS,
    )


def test_another_cooperative_is_missing() -> None:
    cooperative, other_cooperative = make_cooperative(), make_cooperative("HTX Tài Hoan")
    user = make_member(cooperative)

    for foreign in (other_cooperative.pk, other_cooperative.pk + 1000):
        with assert_refused(Missing, "missing"):
            load_membership(user, foreign)


@pytest.mark.parametrize("person", ["anonymous", "buyer", "former"])
def test_non_members_have_no_membership_context(person) -> None:
    cooperative = make_cooperative()
    user = AnonymousUser() if person == "anonymous" else make_user()
    if person == "former":
        Membership.objects.create(cooperative=cooperative, user=user, role=Role.MANAGER, is_active=False)

    with assert_refused(Missing, "missing"):
        load_membership(user, cooperative.pk)
    with assert_refused(Missing, "missing"):
        load_membership(user)
    assert find_memberships(user) == []


def test_member_of_two_cooperatives_defaults_to_the_first() -> None:
    later, first = make_cooperative(sort_order=20), make_cooperative("HTX Tài Hoan", sort_order=10)
    user = make_member(later)
    Membership.objects.create(cooperative=first, user=user, role=Role.PACKER)

    assert load_membership(user).cooperative == first
    assert load_membership(user, later.pk).role == Role.MANAGER


def test_staff_have_permissions_of_their_groups() -> None:
    staff, plain = make_user(is_staff=True), make_user()
    group = Group.objects.create(name="Đơn hàng", is_platform_wide=True)
    group.users.add(staff, plain)
    GroupPermission.objects.create(group=group, code=Permission.MANAGE_ORDERS)

    assert require_staff_permission(staff, Permission.MANAGE_ORDERS).entry_point == EntryPoint.DESK
    assert not has_staff_permission(staff, Permission.MANAGE_PRODUCTS)
    for user in (plain, AnonymousUser(), make_member(make_cooperative())):
        with assert_refused(Missing, "missing"):
            require_staff_permission(user, Permission.MANAGE_ORDERS)


def test_channel_restricted_group_grants_permissions_only_in_its_channels() -> None:
    vietnam, foreign = make_channel(), make_channel(slug="nuoc-ngoai")
    staff = make_user(is_staff=True)
    group = Group.objects.create(
        name="Đơn hàng trong nước", is_restricted_to_channels=True, is_platform_wide=True
    )
    group.users.add(staff)
    group.channels.add(vietnam)
    GroupPermission.objects.create(group=group, code=Permission.MANAGE_ORDERS)

    assert (
        require_staff_permission(staff, Permission.MANAGE_ORDERS, channel=vietnam).entry_point
        == EntryPoint.DESK
    )
    for channel in (foreign, None):
        with assert_refused(Missing, "missing"):
            require_staff_permission(staff, Permission.MANAGE_ORDERS, channel=channel)


def test_active_admin_has_every_permission() -> None:
    admin = make_admin()

    assert all(has_staff_permission(admin, permission) for permission in Permission)
    admin.is_active = False
    assert not any(has_staff_permission(admin, permission) for permission in Permission)
