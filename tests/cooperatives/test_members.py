"""Adding, changing and removing a cooperative's members."""

from __future__ import annotations

import pytest

from cooperatives.access import MemberRight, membership_context
from cooperatives.actions.members import (
    LastManager,
    UserNotFound,
    add_member,
    change_member_role,
    remove_member,
)
from cooperatives.models import Membership, Role
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_cooperative, make_member, make_user
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MANAGER = Actor.system("test")


def add(cooperative, person, role=Role.PACKER):
    return add_member(cooperative_id=cooperative.pk, person=person, role=role, actor=MANAGER, now=NOW)


@pytest.mark.parametrize("contact", ["Hoa@example.com ", "0912 345 678", "+84912345678"])
def test_member_is_added_by_email_or_phone_in_any_format(contact: str) -> None:
    cooperative = make_cooperative()
    user = make_user(email="hoa@example.com", phone="+84912345678", phone_confirmed_at=NOW)

    add(cooperative, contact)

    assert membership_context(user).may(MemberRight.PACK)
    assert Change.objects.get(action="membership.admitted").data == {"role": "packer", "user": user.pk}


def test_person_without_account_cannot_be_added() -> None:
    cooperative = make_cooperative()

    with assert_refused(UserNotFound, "user_not_found") as refusal:
        add(cooperative, "nobody@example.com")
    assert refusal.value.field == "person"


def test_member_added_again_gets_new_role() -> None:
    cooperative = make_cooperative()
    make_user(email="hoa@example.com")

    for role in (Role.PACKER, Role.LISTER, Role.LISTER):
        add(cooperative, "hoa@example.com", role)

    assert Membership.objects.get().role == Role.LISTER
    actions = Change.objects.in_time().values_list("action", flat=True)
    assert list(actions) == ["membership.admitted", "membership.role_changed"]


def test_removed_member_loses_access_and_may_return() -> None:
    cooperative = make_cooperative()
    make_member(cooperative)
    user = make_member(cooperative, Role.PACKER, email="hoa@example.com")
    row = Membership.objects.get(user=user)

    remove_member(cooperative_id=cooperative.pk, membership_id=row.pk, actor=MANAGER, now=NOW)
    with pytest.raises(Missing):
        membership_context(user)
    with assert_refused(Missing, "missing"):
        remove_member(cooperative_id=cooperative.pk, membership_id=row.pk, actor=MANAGER, now=NOW)

    add(cooperative, "hoa@example.com", Role.CASHIER)
    assert membership_context(user).role == Role.CASHIER
    actions = Change.objects.in_time().values_list("action", flat=True)
    assert list(actions) == ["membership.ended", "membership.admitted"]


@pytest.mark.parametrize("change", ["removed", "role changed", "added again as packer"])
def test_last_manager_cannot_be_removed_or_demoted(change: str) -> None:
    cooperative = make_cooperative()
    user = make_member(cooperative, email="hoa@example.com")
    make_member(cooperative, Role.PACKER, email="binh@example.com")
    row = Membership.objects.get(user=user)
    arguments = {"cooperative_id": cooperative.pk, "membership_id": row.pk, "actor": MANAGER, "now": NOW}

    with assert_refused(LastManager, "last_manager"):
        if change == "removed":
            remove_member(**arguments)
        elif change == "role changed":
            change_member_role(role=Role.LISTER, **arguments)
        else:
            add(cooperative, "hoa@example.com")

    other_membership = Membership.objects.get(user__email="binh@example.com")
    change_member_role(**arguments | {"membership_id": other_membership.pk, "role": Role.MANAGER})
    remove_member(**arguments)
    assert Membership.objects.get(is_active=True).user.email == "binh@example.com"


def test_member_of_another_cooperative_is_missing() -> None:
    cooperative, other_cooperative = make_cooperative("HTX Một"), make_cooperative("HTX Hai")
    row = Membership.objects.get(user=make_member(other_cooperative, Role.PACKER))

    with assert_refused(Missing, "missing"):
        change_member_role(
            cooperative_id=cooperative.pk, membership_id=row.pk, role=Role.LISTER, actor=MANAGER, now=NOW
        )
