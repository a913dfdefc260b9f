"""The second-person rule with one person: no lock-out, and the desk reports when the second one has left."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cooperatives.access import has_staff_permission, staff_with_permission
from orders.actions.approvals.decide_proposals import (
    NobodyToConfirm,
    change_second_person_rules,
    confirm_proposal,
)
from orders.models import Approval
from shop.accounts.models import Group, User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import EntryPoint
from shop.core.models import ShopSettings, shop_settings
from tests.factories import fixed_now, make_admin, make_channel, make_cooperative, make_staff, make_user
from tests.markup import html_of
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
BOTH = (Permission.HANDLE_PAYMENTS, Permission.MANAGE_SETTINGS)


@pytest.fixture
def rules() -> None:
    ShopSettings.objects.create(
        pk=1, needs_second_person_for_payouts=True, needs_second_person_for_account_changes=True
    )


def switch_on(user: User, *, payouts: bool = True, account_changes: bool = True) -> None:
    change_second_person_rules(
        is_needed_for_payouts=payouts,
        is_needed_for_account_changes=account_changes,
        actor=user.as_actor(EntryPoint.DESK),
        now=fixed_now(),
    )


def page_of(user: User, name: str) -> str:
    client = Client()
    client.force_login(user)
    return html_of(client.get(reverse(name)))


@pytest.mark.parametrize(("payouts", "account_changes"), [(True, False), (False, True), (True, True)])
def test_lone_administrator_cannot_switch_it_on(payouts: bool, account_changes: bool) -> None:
    admin = make_admin()
    make_user()
    make_admin(is_active=False)
    make_staff(Permission.MANAGE_ORDERS)
    make_staff(*BOTH, works_for=(make_cooperative(),))

    with assert_refused(NobodyToConfirm, "nobody_to_confirm"):
        switch_on(admin, payouts=payouts, account_changes=account_changes)


@pytest.mark.parametrize("permission", BOTH)
def test_refusal_names_the_permission_that_a_second_person_lacks(permission: Permission) -> None:
    admin = make_admin()
    make_staff(*(action for action in BOTH if action != permission))

    with pytest.raises(NobodyToConfirm) as error:
        switch_on(admin)

    assert error.value.details == {"permission": permission}
    assert f"“{permission.label}”" in str(error.value.message)


def test_channel_restricted_staff_are_no_second_person() -> None:
    admin, other = make_admin(), make_staff(*BOTH)
    Group.objects.update(is_restricted_to_channels=True)
    other.permission_groups.get().channels.add(make_channel())

    with assert_refused(NobodyToConfirm, "nobody_to_confirm"):
        switch_on(admin)


def test_rules_are_switched_on_with_a_second_person() -> None:
    admin = make_admin()
    make_staff(*BOTH)

    switch_on(admin)

    assert shop_settings().needs_second_person_for_payouts
    assert shop_settings().needs_second_person_for_account_changes


def test_second_people_are_those_with_the_staff_permission() -> None:
    people = [
        make_admin(),
        make_staff(*BOTH),
        make_staff(Permission.HANDLE_PAYMENTS, works_for=(make_cooperative(),)),
        make_staff(Permission.HANDLE_PAYMENTS, is_active=False),
        make_user(is_superuser=True),
    ]

    for permission in BOTH:
        second_people = set(staff_with_permission(permission))
        assert second_people == {user for user in people if has_staff_permission(user, permission)}


def test_desk_refuses_with_an_explanation_and_changes_nothing(client: Client) -> None:
    admin = make_admin()
    client.force_login(admin)

    response = client.post(reverse("desk:second-person-rules"), {"is_needed_for_payouts": "on"}, follow=True)

    assert "ít nhất hai người" in html_of(response)
    assert not ShopSettings.objects.filter(needs_second_person_for_payouts=True).exists()
    assert not Approval.objects.exists()


def test_desk_reports_that_the_second_person_has_left(rules) -> None:
    admin, second = make_admin(), make_staff(*BOTH)
    clerk = make_staff(Permission.HANDLE_PAYMENTS)
    missing_permissions = "Có quyền không còn ai xác nhận được"
    assert missing_permissions not in page_of(admin, "desk:approvals")
    User.objects.filter(pk=second.pk).update(is_active=False)

    page, home_page = page_of(admin, "desk:approvals"), page_of(admin, "desk:home")

    assert missing_permissions in page
    assert f"{Permission.MANAGE_SETTINGS.label}. Trước khi đủ người" in page
    assert str(Permission.HANDLE_PAYMENTS.label) not in page.split(missing_permissions)[1].split("</div>")[0]
    assert reverse("admin:accounts_group_changelist") in page
    assert "manage.py create_admin" in page
    assert "Quyền còn thiếu người thứ hai" in home_page
    assert missing_permissions in page_of(clerk, "desk:approvals")
    assert "create_admin" not in page_of(clerk, "desk:approvals")


def test_newly_authorised_person_can_end_the_rule(rules) -> None:
    admin = make_admin()
    proposal = change_second_person_rules(
        is_needed_for_payouts=False,
        is_needed_for_account_changes=False,
        actor=admin.as_actor(EntryPoint.DESK),
        now=fixed_now(),
    )
    assert proposal is not None
    new = make_admin()

    confirm_proposal(approval_id=proposal.pk, actor=new.as_actor(EntryPoint.DESK), now=fixed_now())

    assert not shop_settings().needs_second_person_for_payouts
    assert not shop_settings().needs_second_person_for_account_changes


def test_desk_asks_for_no_second_person_without_the_rules() -> None:
    admin = make_admin()

    assert "Không còn ai có thể xác nhận" not in page_of(admin, "desk:approvals")
    assert "Quyền còn thiếu người thứ hai" not in page_of(admin, "desk:home")
