"""Transitions between all states of parts, parcels and cash, and every action from every state."""

from __future__ import annotations

import itertools

import pytest

from orders.actions.fulfilment.cancel_parts import (
    PartAlreadyHandedOver,
    PartAlreadyPacked,
    cancel_order,
    cancel_part,
    cancel_part_as_buyer,
    decline_part,
)
from orders.actions.fulfilment.confirm_receipt import NoParcelToReceive, confirm_part_receipt
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import BankTransfer, Parcel, Substitute
from orders.states import (
    COD_TRANSITIONS,
    PARCEL_TRANSITIONS,
    PARCEL_UNDO_TRANSITIONS,
    PART_TRANSITIONS,
    PART_UNDO_TRANSITIONS,
    SUBSTITUTE_TRANSITIONS,
    TRANSFER_UNDO_TRANSITIONS,
    CodState,
    ParcelState,
    PartState,
    SubstituteState,
    TransferState,
)
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.states import TransitionNotAllowed, change_state
from tests.factories import NOW, make_part
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

pytestmark = pytest.mark.django_db
DESK = Actor.system("test")
MEMBER = Actor(ActorKind.SYSTEM, EntryPoint.MEMBERS, name="test")

PART_PAIRS = {
    ("new", "accepted"),
    ("new", "declined"),
    ("new", "cancelled"),
    ("accepted", "cancelled"),
}
PARCEL_PAIRS = {
    ("packing", "packed"),
    ("packing", "voided"),
    ("packed", "handed_over"),
    ("packed", "voided"),
    ("handed_over", "delivered"),
    ("handed_over", "failed_delivery"),
    ("handed_over", "voided"),
    ("failed_delivery", "handed_over"),
    ("failed_delivery", "voided"),
    ("delivered", "voided"),
}
CASH_PAIRS = {
    ("expected", "collected"),
    ("expected", "none"),
    ("collected", "remitted"),
    ("collected", "expected"),
    ("remitted", "reconciled"),
}


SUBSTITUTE_PAIRS = {
    ("waiting", "accepted"),
    ("waiting", "rejected"),
    ("waiting", "expired"),
    ("waiting", "withdrawn"),
}
PART_UNDO_PAIRS = {("accepted", "new")}
PARCEL_UNDO_PAIRS = {
    ("handed_over", "packed"),
    ("handed_over", "failed_delivery"),
    ("delivered", "handed_over"),
    ("failed_delivery", "handed_over"),
}


def check_pairs(row, column, transitions, pairs, states):
    """Try every pair of states on a saved row: listed transitions succeed, all others are refused."""
    for source, target in itertools.product(states.values, repeat=2):
        type(row).objects.filter(pk=row.pk).update(**{column: source})
        row.refresh_from_db()
        if (source, target) in pairs:
            assert change_state(row, target, transitions, column=column) == source
        else:
            with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
                change_state(row, target, transitions, column=column)
        row.refresh_from_db()
        assert getattr(row, column) == (target if (source, target) in pairs else source)


def test_part_allows_only_listed_transitions() -> None:
    check_pairs(make_part(), "state", PART_TRANSITIONS, PART_PAIRS, PartState)


def test_parcel_allows_only_listed_transitions() -> None:
    check_pairs(parcel_in(ParcelState.PACKING), "state", PARCEL_TRANSITIONS, PARCEL_PAIRS, ParcelState)


def test_parcel_cash_allows_only_listed_transitions() -> None:
    check_pairs(parcel_in(ParcelState.PACKING), "cod_state", COD_TRANSITIONS, CASH_PAIRS, CodState)


def test_substitute_allows_only_listed_transitions() -> None:
    line = make_part().lines.get()
    offer = Substitute.objects.create(
        line=line,
        quantity=1,
        variant=line.variant,
        substitute_quantity=1,
        unit_list_price=1,
        unit_price=1,
        replaced_gross=1,
        total_gross=1,
        offered_at=NOW,
        answer_by=NOW,
    )

    check_pairs(offer, "state", SUBSTITUTE_TRANSITIONS, SUBSTITUTE_PAIRS, SubstituteState)
    assert not unreachable_states(SUBSTITUTE_TRANSITIONS, first=SubstituteState.WAITING)


def test_only_listed_steps_are_undone() -> None:
    parcel = parcel_in(ParcelState.PACKING)
    check_pairs(parcel, "state", PARCEL_UNDO_TRANSITIONS, PARCEL_UNDO_PAIRS, ParcelState)
    check_pairs(parcel.part, "state", PART_UNDO_TRANSITIONS, PART_UNDO_PAIRS, PartState)
    transfer = BankTransfer.objects.create(amount=1, booked_at=NOW, first_reported_at=NOW)
    check_pairs(transfer, "state", TRANSFER_UNDO_TRANSITIONS, {("assigned", "review")}, TransferState)


def test_every_state_is_reachable() -> None:
    assert unreachable_states(PART_TRANSITIONS, first=PartState.NEW) == set()
    assert unreachable_states(PARCEL_TRANSITIONS, first=ParcelState.PACKING) == set()
    assert unreachable_states(COD_TRANSITIONS, first=CodState.EXPECTED) == set()
    assert set(PART_TRANSITIONS) == set(PartState.values)
    assert set(PARCEL_TRANSITIONS) == set(ParcelState.values)
    assert set(COD_TRANSITIONS) == set(CodState.values)


def part_in(state):
    """Return a part in the given state, reached through actions."""
    part = make_part()
    if state == PartState.ACCEPTED:
        accept_part(part_id=part.pk, actor=DESK, now=NOW)
    elif state == PartState.DECLINED:
        decline_part(part_id=part.pk, reason="hết hàng", actor=DESK, now=NOW)
    elif state == PartState.CANCELLED:
        cancel_part(part_id=part.pk, reason="khách gọi", actor=DESK, now=NOW)
    part.refresh_from_db()
    return part


def parcel_in(state):
    """Return a parcel with all lines of its part in the given state, reached through actions."""
    part = part_in(PartState.ACCEPTED)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, actor=DESK, now=NOW)
    who = {"parcel_id": parcel.pk, "actor": DESK, "now": NOW}
    if state in (ParcelState.PACKING, ParcelState.VOIDED):
        steps = []
    else:
        steps = [close_parcel, hand_over_parcel][: 1 if state == ParcelState.PACKED else 2]
    for step in steps:
        step(**who)
    if state == ParcelState.DELIVERED:
        deliver_parcel(is_cash_collected=False, **who)
    elif state == ParcelState.FAILED_DELIVERY:
        fail_delivery(reason="không ai nghe máy", **who)
    elif state == ParcelState.VOIDED:
        void_parcel(reason="đóng nhầm", **who)
    parcel.refresh_from_db()
    return parcel


PART_ACTIONS = {
    "accept": (lambda part: accept_part(part_id=part.pk, actor=DESK, now=NOW), {"new": "accepted"}),
    "decline": (
        lambda part: decline_part(part_id=part.pk, reason="hết hàng", actor=DESK, now=NOW),
        {"new": "declined"},
    ),
    "cancel": (
        lambda part: cancel_part(part_id=part.pk, reason="khách gọi", actor=DESK, now=NOW),
        {"new": "cancelled", "accepted": "cancelled"},
    ),
    "cancel as buyer": (
        lambda part: cancel_part_as_buyer(part_id=part.pk, actor=Actor.guest(), now=NOW),
        {"new": "cancelled", "accepted": "cancelled"},
    ),
    "cancel the order": (
        lambda part: cancel_order(order_id=part.order_id, reason="khách gọi", actor=DESK, now=NOW),
        {"new": "cancelled", "accepted": "cancelled"},
    ),
    "pack": (
        lambda part: pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, actor=DESK, now=NOW),
        {"accepted": "accepted"},
    ),
}


@pytest.mark.parametrize("state", PartState.values)
@pytest.mark.parametrize("action", PART_ACTIONS)
def test_part_action_moves_part_or_is_refused(state, action) -> None:
    part = part_in(state)
    run_action, transitions = PART_ACTIONS[action]

    if state in transitions:
        run_action(part)
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            run_action(part)

    part.refresh_from_db()
    assert part.state == transitions.get(state, state)


PARCEL_ACTIONS = {
    "close": (lambda **who: close_parcel(**who), {"packing": "packed"}),
    "hand over": (
        lambda **who: hand_over_parcel(**who),
        {"packed": "handed_over", "failed_delivery": "handed_over"},
    ),
    "deliver": (lambda **who: deliver_parcel(is_cash_collected=True, **who), {"handed_over": "delivered"}),
    "fail": (
        lambda **who: fail_delivery(reason="không ai nghe máy", **who),
        {"handed_over": "failed_delivery"},
    ),
    "void": (
        lambda **who: void_parcel(reason="đóng nhầm", **who),
        {state: "voided" for state in ParcelState.values if state != "voided"},
    ),
    "void as member": (
        lambda **who: void_parcel(reason="đóng nhầm", **who | {"actor": MEMBER}),
        {state: "voided" for state in ParcelState.values if state not in ("voided", "delivered")},
    ),
    "report cash": (lambda **who: report_collected_cash(**who), {"delivered": "delivered"}),
}


@pytest.mark.parametrize("state", ParcelState.values)
@pytest.mark.parametrize("action", PARCEL_ACTIONS)
def test_parcel_action_moves_parcel_or_is_refused(state, action) -> None:
    parcel = parcel_in(state)
    run_action, transitions = PARCEL_ACTIONS[action]
    who = {"parcel_id": parcel.pk, "actor": DESK, "now": NOW}

    if state in transitions:
        run_action(**who)
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            run_action(**who)

    parcel.refresh_from_db()
    assert parcel.state == transitions.get(state, state)


ENDINGS = {
    "decline": (lambda part: decline_part(part_id=part.pk, reason="hết", actor=DESK, now=NOW)),
    "cancel": (lambda part: cancel_part(part_id=part.pk, reason="hết", actor=DESK, now=NOW)),
    "cancel the order": (
        lambda part: cancel_order(order_id=part.order_id, reason="hết", actor=DESK, now=NOW)
    ),
}


@pytest.mark.parametrize("state", ["handed_over", "failed_delivery", "delivered"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_part_cannot_end_after_handover(state, ending) -> None:
    parcel = parcel_in(state)

    with assert_refused(PartAlreadyHandedOver, "part_already_handed_over"):
        ENDINGS[ending](parcel.part)


@pytest.mark.parametrize("state", ["packed", "handed_over", "failed_delivery", "delivered"])
def test_buyer_cannot_cancel_packed_part(state) -> None:
    parcel = parcel_in(state)

    with assert_refused(PartAlreadyPacked, "part_already_packed"):
        cancel_part_as_buyer(part_id=parcel.part_id, actor=Actor.guest(), now=NOW)


@pytest.mark.parametrize("state", ["packing", "packed", "voided"])
def test_cancelling_part_voids_parcels_not_handed_over(state) -> None:
    parcel = parcel_in(state)

    cancel_part(part_id=parcel.part_id, reason="khách gọi", actor=DESK, now=NOW)

    parcel.refresh_from_db()
    assert (parcel.state, parcel.part.state) == ("voided", "cancelled")


@pytest.mark.parametrize("state", ParcelState.values)
def test_buyer_can_confirm_receipt_only_after_handover(state) -> None:
    parcel = parcel_in(state)

    if state in ("handed_over", "delivered"):
        confirm_part_receipt(part_id=parcel.part_id, actor=Actor.guest(), now=NOW)
    else:
        with assert_refused(NoParcelToReceive, "no_parcel_to_receive"):
            confirm_part_receipt(part_id=parcel.part_id, actor=Actor.guest(), now=NOW)

    received = Parcel.objects.get()
    assert received.state == ("delivered" if state == "handed_over" else state)
    assert received.cod_state == CodState.EXPECTED


def test_collected_cash_cannot_be_reported_twice() -> None:
    parcel = parcel_in(ParcelState.DELIVERED)
    report_collected_cash(parcel_id=parcel.pk, actor=DESK, now=NOW)

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        report_collected_cash(parcel_id=parcel.pk, actor=DESK, now=NOW)

    parcel.refresh_from_db()
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, 350_000)
