"""Staff accounts and roles at the desk: invitations, roles, deactivation, and the last administrator."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from orders.actions.privacy.anonymise import anonymise_person
from shop.accounts.models import Group, GroupPermission, User
from shop.accounts.staff.last_admin import LastAdmin
from shop.accounts.staff.permissions import Permission
from shop.accounts.staff.staff_accounts import GroupChange, change_group, change_user, delete_group
from shop.core.actors import Actor
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import NOW, make_admin, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.both]
STAFF, ROLES = "/quan-tri/nhan-vien/", "/quan-tri/vai-tro/"
ACTOR_AND_NOW: dict[str, Any] = {"actor": Actor.system("test"), "now": NOW}


@pytest.fixture
def admin(client: Client) -> User:
    admin = make_admin()
    client.force_login(admin)
    return admin


def make_role(name: str, *permissions: Permission) -> Group:
    group = Group.objects.create(name=name, is_platform_wide=True)
    GroupPermission.objects.bulk_create(GroupPermission(group=group, code=code) for code in permissions)
    return group


def test_invited_colleague_gets_roles_and_a_link(client: Client, admin: User) -> None:
    role = make_role("Chăm sóc khách", Permission.MANAGE_ORDERS)

    response = client.post(STAFF, {"name": "Lý Thị Mai", "email": "Mai@Example.com ", "groups": [role.pk]})

    invited = User.objects.get(email="mai@example.com")
    opened = client.get(f"{STAFF}{invited.pk}/").content.decode()
    assert "Đã gửi liên kết đặt mật khẩu tới mai@example.com." in opened
    assert (response.status_code, response.url) == (302, f"{STAFF}{invited.pk}/")
    assert (invited.is_staff, invited.first_name, list(invited.permission_groups.all())) == (
        *(True, "Lý Thị Mai"),
        [role],
    )
    assert Notification.objects.get(user_id=invited.pk).recipient == "mai@example.com"
    assert Change.objects.get(action="user.hired").actor_key == str(admin.pk)


def test_roles_are_replaced_and_the_history_shows_old_and_new(client: Client, admin: User) -> None:
    colleague, role = make_staff(Permission.MANAGE_ORDERS), make_role("Kho", Permission.MANAGE_PRODUCTS)
    before = colleague.permission_groups.get().name

    client.post(f"{STAFF}{colleague.pk}/vai-tro/", {"groups": [role.pk]})

    page = client.get(f"{STAFF}{colleague.pk}/").content.decode()
    assert list(colleague.permission_groups.all()) == [role]
    assert f"<del>{before}</del> → <ins>Kho</ins>" in " ".join(page.split())


def test_deactivation_needs_a_reason_and_is_recorded(client: Client, admin: User) -> None:
    colleague = make_staff(Permission.MANAGE_ORDERS)
    address = f"{STAFF}{colleague.pk}/trang-thai/"

    client.post(address, {"state": "inactive", "reason": " "})
    unchanged = User.objects.get(pk=colleague.pk).is_active
    client.post(address, {"state": "inactive", "reason": "Đã nghỉ việc"})

    change = Change.objects.get(action="user.changed")
    assert unchanged
    assert not User.objects.get(pk=colleague.pk).is_active
    assert (change.reason, change.data["from"], change.data["to"]) == (
        "Đã nghỉ việc",
        {"is_active": True},
        {"is_active": False},
    )


def test_nobody_grants_or_changes_rights_beyond_their_own(client: Client) -> None:
    make_admin()
    manager, colleague = make_staff(Permission.MANAGE_STAFF), make_staff(Permission.HANDLE_PAYMENTS)
    payer = colleague.permission_groups.get()
    client.force_login(manager)

    invited = client.post(STAFF, {"name": "Mai", "email": "mai@example.com", "groups": [payer.pk]})
    client.post(f"{STAFF}{colleague.pk}/trang-thai/", {"state": "inactive", "reason": "Thử"})
    client.post(f"{STAFF}{colleague.pk}/vai-tro/", {"groups": []})
    changed = client.post(f"{ROLES}{payer.pk}/", {"name": "Khác", "permissions": []})
    own_response = client.post(f"{STAFF}{manager.pk}/vai-tro/", {"groups": [payer.pk]})

    assert (invited.status_code, changed.status_code, own_response.status_code) == (422, 422, 302)
    assert not User.objects.filter(email="mai@example.com").exists()
    assert User.objects.get(pk=colleague.pk).is_active
    assert list(colleague.permission_groups.all()) == [payer]
    assert Group.objects.get(pk=payer.pk).name == payer.name
    assert not Change.objects.filter(kind__in=["accounts.user", "accounts.group"]).exists()


def test_last_administrator_keeps_their_right_however_it_is_taken() -> None:
    admin = make_staff(Permission.MANAGE_STAFF)
    group = admin.permission_groups.get()
    without = GroupChange(remove_permissions=[Permission.MANAGE_STAFF])

    with pytest.raises(LastAdmin):
        change_user(user_id=admin.pk, values={"is_active": False}, **ACTOR_AND_NOW)
    with pytest.raises(LastAdmin):
        change_user(user_id=admin.pk, values={}, remove_group_ids=[group.pk], **ACTOR_AND_NOW)
    with pytest.raises(LastAdmin):
        change_group(group_id=group.pk, change=without, **ACTOR_AND_NOW)
    with pytest.raises(LastAdmin):
        delete_group(group_id=group.pk, **ACTOR_AND_NOW)
    with pytest.raises(LastAdmin):
        anonymise_person(user_id=admin.pk, **ACTOR_AND_NOW)

    assert User.objects.get(pk=admin.pk).is_active
    assert list(admin.permission_groups.all()) == [group]
    assert list(group.permissions.values_list("code", flat=True)) == [Permission.MANAGE_STAFF]
    assert not Change.objects.exists()
    make_admin()
    delete_group(group_id=group.pk, **ACTOR_AND_NOW)


def test_role_is_created_changed_and_deleted(client: Client, admin: User) -> None:
    created = client.post(f"{ROLES}moi/", {"name": "Kế toán", "permissions": ["handle_payments"]})
    role = Group.objects.get(name="Kế toán")
    client.post(f"{ROLES}{role.pk}/", {"name": "Kế toán", "permissions": ["manage_orders"]})
    codes = list(role.permissions.values_list("code", flat=True))
    form_page = client.get(f"{ROLES}{role.pk}/")
    page = form_page.content.decode()
    client.post(f"{ROLES}{role.pk}/xoa/")

    assert created.status_code == 302
    assert role.is_platform_wide
    assert codes == ["manage_orders"]
    assert "<del>Thu chi và quyết toán</del> → <ins>Đơn hàng</ins>" in " ".join(page.split())
    offered = [
        choice.widget.data["value"]
        for group in form_page.context["permission_groups"]
        for choice in group.choices
    ]
    assert sorted(offered) == sorted(Permission.values)
    opened = "Mở: Báo cáo, Chuyển khoản, Sao kê ngân hàng, Tiền thu hộ (COD), Thẻ, Quyết toán"
    assert opened in " ".join(page.split())
    assert not Group.objects.filter(pk=role.pk).exists()


def test_lists_do_not_query_more_with_more_people(
    client: Client, admin: User, django_assert_max_num_queries: Any
) -> None:
    make_staff(Permission.MANAGE_ORDERS)
    counts = []
    for address in (STAFF, ROLES):
        with django_assert_max_num_queries(30) as captured:
            assert client.get(address).status_code == 200
        counts.append(len(captured))
    for _each in range(5):
        make_staff(Permission.MANAGE_ORDERS)
    for address, count in zip((STAFF, ROLES), counts, strict=True):
        with django_assert_max_num_queries(count):
            client.get(address)


@pytest.mark.parametrize("address", [STAFF, ROLES])
def test_pages_are_for_managers_of_staff(client: Client, address: str) -> None:
    client.force_login(make_staff(Permission.MANAGE_ORDERS))

    assert client.get(address).status_code == 404
