"""Requests repeated with one idempotency key act once."""

from __future__ import annotations

import pytest
from django.db import transaction

from catalog.models import Movement
from orders import locks
from orders.actions.fulfilment.cancel_parts import cancel_part_as_buyer, decline_or_cancel_part
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_locked_parcel,
    deliver_parcel,
    dispatch_parcel,
    hand_over_parcel,
)
from orders.actions.fulfilment.pack_parcels import (
    accept_locked_part,
    accept_part,
    close_locked_parcel,
    close_parcel,
    create_parcel,
    pack_parcel,
)
from orders.models import PaymentEvent
from shop.core.actors import Actor
from shop.core.models import Change, KeyReused
from shop.core.states import TransitionNotAllowed
from tests.factories import NOW, make_order, make_part, make_variant
from tests.invariants import check_everything
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")


def test_each_step_repeated_with_its_key_acts_once() -> None:
    part = make_part()
    line = part.lines.get()

    for _attempt in range(2):
        accepted = accept_part(part_id=part.pk, idempotency_key="a", actor=MEMBER, now=NOW)
        parcel = pack_parcel(
            part_id=part.pk, quantities={line.pk: 1}, idempotency_key="b", actor=MEMBER, now=NOW
        )
        close_parcel(parcel_id=parcel.pk, idempotency_key="c", actor=MEMBER, now=NOW)
        hand_over_parcel(parcel_id=parcel.pk, idempotency_key="d", actor=MEMBER, now=NOW)
        answer = deliver_parcel(
            parcel_id=parcel.pk, is_cash_collected=True, idempotency_key="e", actor=MEMBER, now=NOW
        )

    assert (accepted.state, answer.state) == ("accepted", "delivered")
    assert part.parcels.count() == 1
    assert list(Movement.objects.filter(reason="dispatch").values_list("quantity", flat=True)) == [-1]
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    assert sorted(
        Change.objects.filter(idempotency_key__isnull=False).values_list("idempotency_key", flat=True)
    ) == [
        "a",
        "c",
        "d",
        "e",
    ]


def test_repeating_step_with_another_key_is_refused() -> None:
    part = make_part()
    accept_part(part_id=part.pk, idempotency_key="a", actor=MEMBER, now=NOW)

    with pytest.raises(TransitionNotAllowed):
        accept_part(part_id=part.pk, idempotency_key="b", actor=MEMBER, now=NOW)

    assert Change.objects.filter(action="part.accepted").count() == 1


def test_reusing_key_for_another_request_is_refused() -> None:
    part = make_part()
    other = make_order((make_variant(), 1)).parts.get()
    accept_part(part_id=part.pk, idempotency_key="a", actor=MEMBER, now=NOW)
    parcel = pack_parcel(
        part_id=part.pk, quantities={part.lines.get().pk: 1}, idempotency_key="b", actor=MEMBER, now=NOW
    )

    with assert_refused(KeyReused, "key_reused"):
        accept_part(part_id=other.pk, idempotency_key="a", actor=MEMBER, now=NOW)
    with assert_refused(KeyReused, "key_reused"):
        close_parcel(parcel_id=parcel.pk, idempotency_key="a", actor=MEMBER, now=NOW)
    with assert_refused(KeyReused, "key_reused"):
        pack_parcel(
            part_id=other.pk, quantities={other.lines.get().pk: 1}, idempotency_key="b", actor=MEMBER, now=NOW
        )


@pytest.mark.parametrize(("is_accepted", "ended"), [(False, "declined"), (True, "cancelled")])
def test_declining_or_cancelling_twice_with_one_key_ends_part_once(is_accepted, ended) -> None:
    part = make_part()
    if is_accepted:
        accept_part(part_id=part.pk, actor=MEMBER, now=NOW)

    answers = [
        decline_or_cancel_part(
            part_id=part.pk, reason="hết hàng", idempotency_key="r", actor=MEMBER, now=NOW
        ).state
        for _attempt in range(2)
    ]

    assert answers == [ended, ended]
    assert Change.objects.filter(action=f"part.{ended}").count() == 1


def test_buyer_cancelling_twice_with_one_key_ends_part_once() -> None:
    part, other = make_part(), make_order((make_variant(), 1)).parts.get()
    request = {"idempotency_key": "c", "actor": Actor.guest(), "now": NOW}

    answers = [cancel_part_as_buyer(part_id=part.pk, **request).state for _attempt in range(2)]

    assert answers == ["cancelled", "cancelled"]
    assert Change.objects.filter(action="part.cancelled").count() == 1
    with assert_refused(KeyReused, "key_reused"):
        cancel_part_as_buyer(part_id=other.pk, **request)
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        cancel_part_as_buyer(part_id=part.pk, **request | {"idempotency_key": "d"})
    check_everything()


def test_counter_sale_runs_in_one_transaction() -> None:
    part = make_part()

    with transaction.atomic():
        order, part = locks.lock_part(part.pk)
        accept_locked_part(order, part, actor=MEMBER, now=NOW)
        parcel = create_parcel(order, part, {part.lines.get().pk: 1}, actor=MEMBER, now=NOW)
        close_locked_parcel(order, part, parcel, actor=MEMBER, now=NOW)
        dispatch_parcel(order, part, parcel, DispatchDetails(), actor=MEMBER, now=NOW)
        deliver_locked_parcel(order, part, parcel, is_cash_collected=True, actor=MEMBER, now=NOW)

    part.refresh_from_db()
    assert (parcel.state, part.progress) == ("delivered", "delivered")
    assert part.order.charged == part.order.current_total_gross
    check_everything()
