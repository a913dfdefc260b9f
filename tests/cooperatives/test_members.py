"""Changing and removing a cooperative's members."""

from __future__ import annotations

import pytest

from cooperatives.access import load_membership
from cooperatives.actions.members import LastManager, change_member_role, remove_member
from cooperatives.models import Membership, Role
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_cooperative, make_member
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MANAGER = Actor.system("test")


def test_removed_member_loses_access() -> None:
    cooperative = make_cooperative()
    make_member(cooperative)
    user = make_member(cooperative, Role.PACKER)
    row = Membership.objects.get(user=user)

    remove_member(cooperative_id=cooperative.pk, membership_id=row.pk, actor=MANAGER, now=NOW)

    with pytest.raises(Missing):
        load_membership(user)
    with assert_refused(Missing, "missing"):
        remove_member(cooperative_id=cooperative.pk, membership_id=row.pk, actor=MANAGER, now=NOW)
    assert Change.objects.get(action="membership.ended").data == {"role": "packer", "user": user.pk}


@pytest.mark.parametrize("change", ["removed", "role changed"])
def test_last_manager_cannot_be_removed_or_demoted(change: str) -> None:
    cooperative = make_cooperative()
    user = make_member(cooperative, email="hoa@example.com")
    make_member(cooperative, Role.PACKER, email="binh@example.com")
    row = Membership.objects.get(user=user)
    arguments = {"cooperative_id": cooperative.pk, "membership_id": row.pk, "actor": MANAGER, "now": NOW}

    with assert_refused(LastManager, "last_manager"):
        if change == "removed":
            remove_member(**arguments)
        else:
            change_member_role(role=Role.LISTER, **arguments)

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
