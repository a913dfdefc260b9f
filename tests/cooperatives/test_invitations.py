"""People join a cooperative by accepting an invitation, and only so."""

from __future__ import annotations

import datetime

import pytest

from cooperatives.access import MemberRight, load_membership
from cooperatives.actions.invitations import (
    INVITATION_LIFETIME,
    InvitationClosed,
    TooManyInvitations,
    accept_invitation,
    invitation_token,
    invite_member,
    revoke_invitation,
)
from cooperatives.actions.members import AlreadyMember, change_member_role, remove_member
from cooperatives.models import Invitation, Membership, Role
from cooperatives.states import CooperativeState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications.models import Notification
from shop.notifications.send import PLACEHOLDER_SIGN
from tests.factories import NOW, make_cooperative, make_member, make_user
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


def invite(cooperative, *, role=Role.PACKER, by=None, **options):
    inviter = by or make_member(cooperative)
    return invite_member(
        cooperative_id=cooperative.pk, role=role, invited_by=inviter, actor=ACTOR, now=NOW, **options
    )


def accept(invitation, user, *, now=NOW):
    return accept_invitation(token=invitation_token(invitation), user=user, actor=ACTOR, now=now)


def test_person_joins_by_accepting_and_the_link_works_once() -> None:
    cooperative = make_cooperative()
    invitation = invite(cooperative, note="  chị Hoa ")
    first, second = make_user(), make_user()
    assert invitation.note == "chị Hoa"

    accept(invitation, first)
    with assert_refused(InvitationClosed, "invitation_closed"):
        accept(invitation, second)

    assert load_membership(first).may(MemberRight.PACK)
    assert not Membership.objects.filter(user=second).exists()
    invitation.refresh_from_db()
    assert (invitation.accepted_at, invitation.note) == (NOW, "")
    actions = Change.objects.oldest_first().values_list("action", flat=True)
    assert list(actions) == ["invitation.created", "membership.admitted", "invitation.accepted"]


@pytest.mark.parametrize("reason", ["expired", "revoked", "rejected", "forged"])
def test_closed_invitation_admits_nobody(reason: str) -> None:
    cooperative = make_cooperative()
    invitation = invite(cooperative)
    user, token, now = make_user(), invitation_token(invitation), NOW
    if reason == "expired":
        now = NOW + INVITATION_LIFETIME
    elif reason == "revoked":
        revoke_invitation(cooperative_id=cooperative.pk, invitation_id=invitation.pk, actor=ACTOR, now=NOW)
    elif reason == "rejected":
        cooperative.state = CooperativeState.REJECTED
        cooperative.save(update_fields=["state"])
    else:
        token = f"{invitation.pk}.forged"

    with assert_refused(InvitationClosed, "invitation_closed"):
        accept_invitation(token=token, user=user, actor=ACTOR, now=now)

    assert not Membership.objects.filter(user=user).exists()


def test_member_keeps_the_role_and_leaves_the_invitation_open() -> None:
    cooperative = make_cooperative()
    manager = make_member(cooperative)
    invitation = invite(cooperative, by=manager)

    with assert_refused(AlreadyMember, "already_member"):
        accept(invitation, manager)

    assert Membership.objects.get().role == Role.MANAGER
    invitation.refresh_from_db()
    assert invitation.is_open(NOW)


def test_removed_member_returns_by_a_new_invitation() -> None:
    cooperative = make_cooperative()
    make_member(cooperative)
    user = make_member(cooperative, Role.PACKER)
    row = Membership.objects.get(user=user)
    remove_member(cooperative_id=cooperative.pk, membership_id=row.pk, actor=ACTOR, now=NOW)

    accept(invite(cooperative, role=Role.CASHIER), user)

    assert load_membership(user).role == Role.CASHIER
    assert Membership.objects.filter(user=user).count() == 1


@pytest.mark.parametrize("change", ["removed", "made packer"])
def test_invitations_of_a_former_manager_stop_working(change: str) -> None:
    cooperative = make_cooperative()
    make_member(cooperative)
    former_manager = make_member(cooperative)
    invitation = invite(cooperative, role=Role.MANAGER, by=former_manager, note="tôi")
    row = Membership.objects.get(user=former_manager)
    arguments = {"cooperative_id": cooperative.pk, "membership_id": row.pk, "actor": ACTOR, "now": NOW}

    if change == "removed":
        remove_member(**arguments)
    else:
        change_member_role(role=Role.PACKER, **arguments)
    with assert_refused(InvitationClosed, "invitation_closed"):
        accept(invitation, former_manager)

    assert not Membership.objects.filter(user=former_manager, role=Role.MANAGER, is_active=True).exists()
    invitation.refresh_from_db()
    assert (invitation.revoked_at, invitation.note) == (NOW, "")


@pytest.mark.parametrize("recipient", ["hoa@example.com", "+84912345678"])
@pytest.mark.parametrize("has_account", [True, False])
def test_message_is_the_same_with_and_without_an_account(recipient: str, has_account: bool) -> None:
    if has_account:
        make_user(email="hoa@example.com", phone="+84912345678", phone_confirmed_at=NOW)
    invitation = invite(make_cooperative("HTX Thiên An"), recipient=recipient)

    message = Notification.objects.get()
    assert (message.recipient, message.user_id, message.secret_expires_at) == (
        recipient,
        None,
        NOW + INVITATION_LIFETIME,
    )
    assert message.text == (
        f"HTX Thiên An mời bạn cùng làm việc với vai trò người đóng hàng. Xem lời mời: {PLACEHOLDER_SIGN}"
    )
    assert invitation_token(invitation) not in message.text


def test_open_invitations_are_limited() -> None:
    cooperative = make_cooperative()
    manager = make_member(cooperative)
    for _number in range(20):
        invite(cooperative, by=manager)

    with assert_refused(TooManyInvitations, "too_many_invitations"):
        invite(cooperative, by=manager)

    assert Invitation.objects.count() == 20
    later = NOW + INVITATION_LIFETIME + datetime.timedelta(seconds=1)
    invite_member(cooperative_id=cooperative.pk, role=Role.PACKER, invited_by=manager, actor=ACTOR, now=later)


def test_foreign_invitation_is_missing() -> None:
    invitation, other = invite(make_cooperative("HTX Một")), make_cooperative("HTX Hai")

    with assert_refused(Missing, "missing"):
        revoke_invitation(cooperative_id=other.pk, invitation_id=invitation.pk, actor=ACTOR, now=NOW)

    invitation.refresh_from_db()
    assert invitation.is_open(NOW)
