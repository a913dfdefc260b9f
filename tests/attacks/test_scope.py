"""A staff group of some cooperatives must not become platform-wide implicitly."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cooperatives.access import has_staff_permission, load_permission_scope, require_any_staff
from cooperatives.models import GroupCooperative
from shop.accounts.models import Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import (
    make_admin,
    make_channel,
    make_cooperative,
    make_order,
    make_seller,
    make_staff,
    make_user,
    make_variant,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

SET_SCOPE = """mutation($id: ID!, $to: [ID!]!, $wide: Boolean) {
  permissionGroupCooperativesUpdate(id: $id, cooperatives: $to, platformWide: $wide) {
    errors { field code } group { platformWide cooperatives { name } }
  } }"""
UPDATE = """mutation($id: ID!, $input: PermissionGroupUpdateInput!) {
  permissionGroupUpdate(id: $id, input: $input) { errors { field code } } }"""
CREATE = """mutation($input: PermissionGroupCreateInput!) {
  permissionGroupCreate(input: $input) { errors { field code } group { id platformWide } } }"""
ORDERS = "{ orders(first: 10) { totalCount } }"


def group_of(user):
    return user.permission_groups.get()


def test_empty_list_of_cooperatives_is_refused_and_changes_nothing(client: Client) -> None:
    seller = make_seller("HTX Thiên An")
    make_order((make_variant(make_seller("HTX Yên Dương")), 1))
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(seller,))
    key = global_id("Group", group_of(staff).pk)

    response = data_of(SET_SCOPE, token_of(make_admin()), id=key, to=[])["permissionGroupCooperativesUpdate"]

    assert response == {"errors": [{"field": "cooperatives", "code": "REQUIRED"}], "group": None}
    assert list(GroupCooperative.objects.values_list("cooperative", flat=True)) == [seller.pk]
    assert not Change.objects.filter(action="group.scope_set").exists()
    assert data_of(ORDERS, token_of(staff))["orders"]["totalCount"] == 0
    client.force_login(staff)
    assert client.get(reverse("desk:orders")).status_code == 404


def test_platform_wide_scope_must_be_explicit() -> None:
    seller = make_seller("HTX Thiên An")
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(seller,))
    key, cooperative = global_id("Group", group_of(staff).pk), global_id("Cooperative", seller.pk)
    admin = token_of(make_admin())

    both_channels = data_of(SET_SCOPE, admin, id=key, to=[cooperative], wide=True)
    wide = data_of(SET_SCOPE, admin, id=key, to=[], wide=True)

    assert both_channels["permissionGroupCooperativesUpdate"]["errors"] == [
        {"field": "platformWide", "code": "REQUIRED"}
    ]
    assert wide["permissionGroupCooperativesUpdate"] == {
        "errors": [],
        "group": {"platformWide": True, "cooperatives": []},
    }
    assert has_staff_permission(staff, Permission.MANAGE_ORDERS)
    assert Change.objects.get(action="group.scope_set").data == {
        "cooperatives": [],
        "is_platform_wide": True,
        "from": {"is_platform_wide": False},
        "to": {"is_platform_wide": True},
    }


@pytest.mark.parametrize("to_wide", [True, False])
def test_cooperative_staff_cannot_widen_their_own_scope(to_wide) -> None:
    seller = make_seller("HTX Thiên An")
    staff = make_staff(Permission.MANAGE_STAFF, Permission.MANAGE_ORDERS, works_for=(seller,))
    key = global_id("Group", group_of(staff).pk)

    response = execute(SET_SCOPE, token_of(staff), id=key, to=[], wide=to_wide)

    assert response["data"] == {"permissionGroupCooperativesUpdate": None}
    group = Group.objects.get()
    assert not group.is_platform_wide
    assert group.cooperative_rows.count() == 1


def test_group_without_its_last_cooperative_grants_nothing(client: Client) -> None:
    cooperative = make_cooperative()
    staff = make_staff(*Permission, works_for=(cooperative,))

    cooperative.delete()

    assert not any(has_staff_permission(staff, permission) for permission in Permission)
    assert not any(load_permission_scope(staff, permission) for permission in Permission)
    with pytest.raises(Missing):
        require_any_staff(staff)
    me = data_of("{ me { userPermissions { code } } }", token_of(staff))["me"]
    assert me == {"userPermissions": []}
    client.force_login(staff)
    assert client.get(reverse("desk:home")).status_code == 404


def test_group_without_scope_grants_nothing(client: Client) -> None:
    staff = make_user(is_staff=True)
    group = Group.objects.create(name="Mới")
    group.users.add(staff)
    GroupPermission.objects.create(group=group, code=Permission.MANAGE_ORDERS)
    make_order((make_variant(make_seller("HTX Yên Dương")), 1))

    assert not load_permission_scope(staff, Permission.MANAGE_ORDERS)
    assert not has_staff_permission(staff, Permission.MANAGE_ORDERS)
    assert execute(ORDERS, token_of(staff))["data"] == {"orders": None}


def test_staff_without_a_group_cannot_enter_the_desk(client: Client) -> None:
    client.force_login(make_user(is_staff=True))

    assert client.get(reverse("desk:home")).status_code == 404


def test_groups_add_up_but_do_not_share_their_scope() -> None:
    seller = make_seller("HTX Thiên An")
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(seller,))
    wide = Group.objects.create(name="Nội dung", is_platform_wide=True)
    wide.users.add(staff)
    GroupPermission.objects.create(group=wide, code=Permission.MANAGE_PAGES)

    assert has_staff_permission(staff, Permission.MANAGE_PAGES)
    assert not has_staff_permission(staff, Permission.MANAGE_ORDERS)
    scope = load_permission_scope(staff, Permission.MANAGE_ORDERS)
    assert not scope.has_platform_grant
    assert not scope.covers_everything


def test_new_api_group_is_platform_wide_unless_it_says_otherwise() -> None:
    admin = token_of(make_admin())

    wide = data_of(CREATE, admin, input={"name": "Đơn hàng"})["permissionGroupCreate"]
    narrow = data_of(CREATE, admin, input={"name": "Kho", "platformWide": False})["permissionGroupCreate"]

    assert wide["group"]["platformWide"]
    assert not narrow["group"]["platformWide"]


@pytest.mark.parametrize(
    "change",
    [
        {"restrictedAccessToChannels": False},
        {"addChannels": True},
    ],
)
def test_channel_staff_cannot_open_their_group_to_other_channels(change) -> None:
    home_channel, abroad = make_channel(), make_channel(slug="nuoc-ngoai")
    staff = make_staff(Permission.MANAGE_STAFF, Permission.MANAGE_ORDERS)
    group = group_of(staff)
    group.is_restricted_to_channels = True
    group.save()
    group.channels.add(home_channel)
    channels_change = (
        {"addChannels": [global_id("Channel", abroad.pk)]} if "addChannels" in change else change
    )

    response = data_of(UPDATE, token_of(staff), id=global_id("Group", group.pk), input=channels_change)

    (error,) = response["permissionGroupUpdate"]["errors"]
    assert error["code"] == "OUT_OF_SCOPE_CHANNEL"
    group.refresh_from_db()
    assert group.is_restricted_to_channels
    assert list(group.channels.all()) == [home_channel]


def test_channel_staff_cannot_create_or_join_an_unrestricted_group() -> None:
    home_channel = make_channel()
    staff = make_staff(Permission.MANAGE_STAFF, Permission.MANAGE_ORDERS)
    group = group_of(staff)
    group.is_restricted_to_channels = True
    group.save()
    group.channels.add(home_channel)
    wide = group_of(make_staff(Permission.MANAGE_ORDERS))
    token = token_of(staff)

    created = data_of(CREATE, token, input={"name": "Mọi kênh", "addPermissions": ["MANAGE_ORDERS"]})
    joined = data_of(
        UPDATE, token, id=global_id("Group", wide.pk), input={"addUsers": [global_id("User", staff.pk)]}
    )

    assert [error["code"] for error in created["permissionGroupCreate"]["errors"]] == ["OUT_OF_SCOPE_CHANNEL"]
    assert [error["code"] for error in joined["permissionGroupUpdate"]["errors"]] == ["OUT_OF_SCOPE_CHANNEL"]
    assert Group.objects.count() == 2
    assert staff not in wide.users.all()
