"""Managers add, change and remove the members of a cooperative."""

from __future__ import annotations

import pytest

from cooperatives.models import Membership, Role
from tests.factories import NOW, make_member, make_user
from tests.markup import html_of

pytestmark = pytest.mark.django_db


ADDRESS = "/en/xa-vien/thanh-vien/"


def add_member(client, person, role="packer"):
    return html_of(client.post(ADDRESS, {"person": person, "role": role}, follow=True))


def test_manager_adds_a_packer_changes_the_role_and_ends_it(manager, seller):
    user = make_user(email="hoa@example.com", phone="+84912345678", phone_confirmed_at=NOW)

    page = add_member(manager, "0912 345 678")
    row = Membership.objects.get(user=user)
    assert (row.role, "Member added." in page, "hoa@example.com" in page) == (
        "packer",
        True,
        True,
    )

    manager.post(f"/en/xa-vien/thanh-vien/{row.pk}/", {f"m{row.pk}-role": "lister"})
    row.refresh_from_db()
    assert row.role == Role.LISTER

    page = html_of(manager.post(f"/en/xa-vien/thanh-vien/{row.pk}/thoi/", follow=True))
    row.refresh_from_db()
    assert (row.is_active, "hoa@example.com" in page) == (False, False)


def test_invalid_member_shows_an_error_and_keeps_the_input(manager):
    page = html_of(manager.post("/en/xa-vien/thanh-vien/", {"person": "ai@example.com", "role": "packer"}))

    assert "No account uses this email or confirmed phone number" in page
    assert 'value="ai@example.com"' in page


def test_last_manager_cannot_be_removed(manager, seller):
    row = Membership.objects.get(cooperative=seller)

    page = html_of(manager.post(f"/en/xa-vien/thanh-vien/{row.pk}/thoi/", follow=True))

    assert "A cooperative needs a manager." in page
    row.refresh_from_db()
    assert row.is_active


def test_account_lookups_are_limited(manager):
    for number in range(30):
        add_member(manager, f"a{number}@example.com")
    make_user(email="hoa@example.com")

    page = html_of(manager.post("/en/xa-vien/thanh-vien/", {"person": "hoa@example.com", "role": "packer"}))

    assert "Too many attempts." in page
    assert not Membership.objects.filter(user__email="hoa@example.com").exists()


@pytest.mark.parametrize("path", ["", "{pk}/", "{pk}/thoi/"])
def test_only_managers_change_members(packer, seller, path):
    row = Membership.objects.get(user=make_member(seller, Role.LISTER, email="hoa@example.com"))

    response = packer.post(f"/xa-vien/thanh-vien/{path.format(pk=row.pk)}", {"role": "manager"})

    assert response.status_code == 403
    row.refresh_from_db()
    assert (row.role, row.is_active) == (Role.LISTER, True)


def test_foreign_member_is_not_found(manager):
    from tests.factories import make_seller

    row = Membership.objects.get(user=make_member(make_seller("HTX Khác"), email="hoa@example.com"))

    assert manager.post(f"/xa-vien/thanh-vien/{row.pk}/thoi/").status_code == 404
    assert manager.post(f"/xa-vien/thanh-vien/{row.pk}/", {f"m{row.pk}-role": "packer"}).status_code == 404
    row.refresh_from_db()
    assert row.is_active
