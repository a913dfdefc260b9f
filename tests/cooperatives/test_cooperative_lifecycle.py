"""Applying to sell, decisions of the platform, and pausing."""

from __future__ import annotations

import datetime

import pytest

from cooperatives.actions.cooperative_lifecycle import (
    AlreadyApplied,
    ApplicationDetails,
    InvalidReturnDay,
    apply_to_sell,
    pause_cooperative,
    resume_cooperative,
    set_cooperative_state,
)
from cooperatives.models import Cooperative, Membership, Role
from cooperatives.states import CooperativeState
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import NOW, make_cooperative, make_member, make_user
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")
TODAY = vietnam_date(NOW)


def details(name="HTX Nhung Lũy"):
    return ApplicationDetails(
        name=name,
        legal_name="Hợp tác xã Nhung Lũy",
        registration_number="1",
        representative="Lý Thị Nhung",
        phone="+84912345678",
        email="nhung@example.com",
        province_code="19",
        commune_code="01894",
        province_name="Thái Nguyên",
        commune_name="Ba Bể",
    )


def apply(user, name="HTX Nhung Lũy"):
    return apply_to_sell(user=user, details=details(name), actor=STAFF, now=NOW)


def test_applicant_becomes_manager_and_is_notified() -> None:
    user = make_user()

    cooperative = apply(user)

    assert (cooperative.state, cooperative.slug) == (CooperativeState.APPLIED, "htx-nhung-luy")
    assert Membership.objects.get(user=user).role == Role.MANAGER
    assert Notification.objects.get().recipient == "nhung@example.com"
    assert not Cooperative.objects.public().exists()


def test_cooperatives_with_same_name_get_unique_slugs() -> None:
    slugs = [apply(make_user()).slug for _ in range(3)]

    assert slugs == ["htx-nhung-luy", "htx-nhung-luy-2", "htx-nhung-luy-3"]


@pytest.mark.parametrize("state", ["applied", "needs_more", "approved", "suspended"])
def test_member_cannot_apply_for_a_second_cooperative(state) -> None:
    user = make_member(make_cooperative(state=state))

    with assert_refused(AlreadyApplied, "already_applied"):
        apply(user)


def test_rejected_applicant_may_apply_again() -> None:
    user = make_member(make_cooperative(state=CooperativeState.REJECTED))

    assert apply(user).state == CooperativeState.APPLIED


@pytest.mark.parametrize("decision", ["needs_more", "rejected"])
@pytest.mark.parametrize("reason", ["", "   "])
def test_decision_other_than_approval_requires_reason(decision, reason) -> None:
    cooperative = make_cooperative(state=CooperativeState.APPLIED)

    with assert_refused(ReasonRequired, "reason_required") as refusal:
        set_cooperative_state(
            cooperative_id=cooperative.pk,
            new_state=CooperativeState(decision),
            reason=reason,
            actor=STAFF,
            now=NOW,
        )

    assert refusal.value.field == "reason"


def test_suspension_reason_is_saved_and_cleared_on_approval() -> None:
    cooperative = make_cooperative()
    common = {"cooperative_id": cooperative.pk, "actor": STAFF, "now": NOW}

    set_cooperative_state(new_state=CooperativeState.SUSPENDED, reason=" hàng giả ", **common)
    cooperative.refresh_from_db()
    reason = cooperative.state_reason
    set_cooperative_state(new_state=CooperativeState.APPROVED, **common)

    cooperative.refresh_from_db()
    assert (reason, cooperative.state_reason) == ("hàng giả", "")
    assert [change.data["from"] for change in Change.objects.of_row(cooperative).oldest_first()] == [
        "approved",
        "suspended",
    ]


@pytest.mark.parametrize("days", [0, -1])
def test_return_day_must_be_in_the_future(days) -> None:
    cooperative = make_cooperative()

    with assert_refused(InvalidReturnDay, "invalid_return_day"):
        pause_cooperative(
            cooperative_id=cooperative.pk,
            until=TODAY + datetime.timedelta(days=days),
            today=TODAY,
            actor=STAFF,
            now=NOW,
        )


def test_cooperative_is_paused_until_day_before_return() -> None:
    cooperative = make_cooperative()
    until = TODAY + datetime.timedelta(days=3)

    pause_cooperative(
        cooperative_id=cooperative.pk, until=until, note="Tết", today=TODAY, actor=STAFF, now=NOW
    )

    cooperative.refresh_from_db()
    paused = [cooperative.is_paused_on(TODAY + datetime.timedelta(days=days)) for days in range(5)]
    assert paused == [True, True, True, False, False]


def test_open_ended_pause_lasts_until_resumed() -> None:
    cooperative = make_cooperative()
    common = {"cooperative_id": cooperative.pk, "actor": STAFF, "now": NOW}

    pause_cooperative(until=None, today=TODAY, **common)
    cooperative.refresh_from_db()
    was_paused = cooperative.is_paused_on(TODAY + datetime.timedelta(days=1000))
    resume_cooperative(**common)

    cooperative.refresh_from_db()
    assert was_paused
    assert not cooperative.is_paused_on(TODAY)


def test_unknown_cooperative_is_missing() -> None:
    with assert_refused(Missing, "missing"):
        resume_cooperative(cooperative_id=404, actor=STAFF, now=NOW)
