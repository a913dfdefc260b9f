"""Two people accepting one invitation at the same time."""

from __future__ import annotations

import copy
from functools import partial

import pytest

from cooperatives.actions import invitations, members
from cooperatives.actions.invitations import InvitationClosed, accept_invitation, invitation_token
from cooperatives.models import Invitation, Membership
from shop.core.actors import Actor
from tests.cooperatives.test_invitations import invite
from tests.factories import NOW, make_cooperative, make_user
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor.system("test")


def accept_by_two(invitation: Invitation) -> list[object]:
    token = invitation_token(invitation)
    accepting = partial(accept_invitation, token=token, actor=ACTOR, now=NOW)
    return run_in_threads([partial(accepting, user=make_user()) for _person in range(2)])


def test_one_of_two_people_joins_by_one_invitation() -> None:
    for _round in range(3):
        cooperative = make_cooperative()
        invitation = invite(cooperative)

        results = accept_by_two(invitation)

        assert {type(result) for result in results} == {Membership, InvitationClosed}
        assert Membership.objects.filter(cooperative=cooperative).count() == 2  # one is the manager


def test_without_lock_two_people_join_by_one_invitation(monkeypatch: pytest.MonkeyPatch) -> None:
    cooperative = make_cooperative()
    invitation = invite(cooperative)
    open_invitation = Invitation.objects.select_related("cooperative").get(pk=invitation.pk)

    # Both read the invitation before either of them has accepted it.
    monkeypatch.setattr(invitations, "find_open_invitation", lambda _token, _now: copy.copy(open_invitation))
    monkeypatch.setattr(invitations, "lock_row", lambda _rows: copy.copy(open_invitation))
    monkeypatch.setattr(members, "lock_row", lambda rows: rows.first())

    results = accept_by_two(invitation)

    assert [type(result) for result in results] == [Membership, Membership]
    assert Membership.objects.filter(cooperative=cooperative).count() == 3
