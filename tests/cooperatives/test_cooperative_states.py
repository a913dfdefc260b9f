"""Every transition of a cooperative's states, and every decision from every state."""

from __future__ import annotations

import itertools

import pytest

from catalog.actions.sellers.resubmit_application import resubmit_application
from cooperatives.actions.application_documents import OPEN_STATES
from cooperatives.actions.cooperative_lifecycle import (
    ApplicationDetails,
    set_cooperative_state,
)
from cooperatives.states import COOPERATIVE_TRANSITIONS, CooperativeState
from shop.core.actors import Actor
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed, change_state
from shop.notifications.models import Notification
from tests.factories import COMPLETE_APPLICATION, NOW, accept_all_documents, make_cooperative
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")

PAIRS = {
    ("applied", "needs_more"),
    ("applied", "approved"),
    ("applied", "rejected"),
    ("needs_more", "applied"),
    ("needs_more", "approved"),
    ("needs_more", "rejected"),
    ("approved", "suspended"),
    ("suspended", "approved"),
}
EVERY_PAIR = list(itertools.product(CooperativeState.values, repeat=2))


@pytest.mark.parametrize("transition", EVERY_PAIR)
def test_cooperative_follows_its_state_table(transition) -> None:
    from_state, to_state = transition
    cooperative = make_cooperative(state=from_state)

    if transition in PAIRS:
        assert change_state(cooperative, to_state, COOPERATIVE_TRANSITIONS) == from_state
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            change_state(cooperative, to_state, COOPERATIVE_TRANSITIONS)

    cooperative.refresh_from_db()
    assert cooperative.state == (to_state if transition in PAIRS else from_state)


def test_every_cooperative_state_is_reachable() -> None:
    assert unreachable_states(COOPERATIVE_TRANSITIONS, first=CooperativeState.APPLIED) == set()
    assert set(COOPERATIVE_TRANSITIONS) == set(CooperativeState.values)


@pytest.mark.parametrize("transition", EVERY_PAIR)
def test_each_decision_moves_and_notifies_cooperative_or_is_refused(transition) -> None:
    from_state, new_state = transition
    cooperative = make_cooperative(state=from_state, **COMPLETE_APPLICATION)
    if from_state in OPEN_STATES:
        accept_all_documents(cooperative)
    arguments = {
        "cooperative_id": cooperative.pk,
        "new_state": CooperativeState(new_state),
        "reason": "vì vậy",
        "actor": STAFF,
        "now": NOW,
    }

    if transition in PAIRS:
        set_cooperative_state(**arguments)
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            set_cooperative_state(**arguments)

    cooperative.refresh_from_db()
    notices = Notification.objects.filter(recipient=cooperative.email).count()
    changes = Change.objects.of_row(cooperative).filter(action=f"cooperative.{new_state}").count()
    assert (cooperative.state, notices, changes) == (
        (new_state, 1, 1) if transition in PAIRS else (from_state, 0, 0)
    )


@pytest.mark.parametrize("state", CooperativeState.values)
def test_application_is_resubmitted_only_from_needs_more(state) -> None:
    cooperative = make_cooperative(state=state, state_reason="thiếu giấy")
    details = ApplicationDetails(
        name="HTX Yến Dương",
        legal_name="Hợp tác xã Yến Dương",
        registration_number="2",
        representative="Ma Thị Ninh",
        phone="+84912000111",
        email="ninh@example.com",
        province_code="19",
        commune_code="01894",
        province_name="Thái Nguyên",
        commune_name="Ba Bể",
    )
    arguments = {"cooperative_id": cooperative.pk, "details": details, "actor": STAFF, "now": NOW}

    if state == CooperativeState.NEEDS_MORE:
        resubmit_application(**arguments)
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            resubmit_application(**arguments)

    cooperative.refresh_from_db()
    resubmitted = ("applied", "HTX Yến Dương", "")
    assert (cooperative.state, cooperative.name, cooperative.state_reason) == (
        resubmitted if state == "needs_more" else (state, "HTX Thiên An", "thiếu giấy")
    )
