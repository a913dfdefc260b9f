"""Undo acceptance, hand-over, delivery and collected cash: the exact effect, and refusals."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from catalog.models import Movement
from orders.actions.cash_on_delivery.cash_offset import find_settlements_to_offset
from orders.actions.complaints.file_complaint import submit_complaint
from orders.actions.fulfilment.confirm_receipt import confirm_part_receipt
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.undo_receipt import undo_part_receipt
from orders.actions.fulfilment.undo_steps import (
    ComplaintAlreadyFiled,
    MoneyAlreadyMoved,
    NotRecordedByCooperative,
    PackingAlreadyStarted,
    ParcelStep,
    UndoPeriodOver,
    undo_acceptance,
    undo_parcel_step,
)
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.order_records.record_order import acceptance_deadline
from orders.models import LedgerEntry, OrderPart, Parcel, PaymentEvent
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.errors import ReasonRequired
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import NOW, get_stock, make_order, make_seller, make_variant, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.orders.settlement.settlement_helpers import close_open_settlement
from tests.refusals import assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
MEMBER = Actor(ActorKind.SYSTEM, EntryPoint.MEMBERS, name="test")
BUYER = Actor.guest()
DESK = Actor(ActorKind.SYSTEM, EntryPoint.DESK, name="desk")
ACTOR_AND_NOW: dict[str, Any] = {"actor": MEMBER, "now": NOW}
IN_TIME = NOW + datetime.timedelta(minutes=10)
TOO_LATE = IN_TIME + datetime.timedelta(seconds=1)


@reuse_rows
def accepted_part() -> OrderPart:
    """Return four items of 200,000 and 30,000 for delivery, in cash."""
    part = make_order((make_variant(make_seller(), price=200_000), 4)).parts.get()
    return accept_part(part_id=part.pk, **ACTOR_AND_NOW)


@reuse_rows
def handed_over() -> Parcel:
    part = accepted_part()
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 4}, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    return hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)


@reuse_rows
def delivered(*, cash: bool = True) -> Parcel:
    return deliver_parcel(parcel_id=handed_over().pk, is_cash_collected=cash, **ACTOR_AND_NOW)


def undo(parcel: Parcel, step: ParcelStep, **fields: Any) -> Parcel:
    return undo_parcel_step(parcel_id=parcel.pk, step=step, **({"actor": MEMBER, "now": IN_TIME} | fields))


def balances() -> dict[str, int]:
    rows = LedgerEntry.objects.values_list("account", "amount")
    accounts: dict[str, int] = {}
    for account, amount in rows:
        accounts[account] = accounts.get(account, 0) + amount
    return {account: amount for account, amount in accounts.items() if amount}


def test_undone_acceptance_waits_to_be_accepted_again() -> None:
    part = undo_acceptance(part_id=accepted_part().pk, actor=MEMBER, now=IN_TIME)

    part.refresh_from_db()
    assert (part.state, part.accepted_at, part.order.status) == ("new", None, "placed")
    assert part.accept_by == acceptance_deadline(part.cooperative, IN_TIME, 24)
    check_everything()
    accept_part(part_id=part.pk, actor=MEMBER, now=IN_TIME)


def test_undone_handover_brings_items_and_allocation_back() -> None:
    parcel = handed_over()
    stock = get_stock(parcel.lines.get().order_line.variant)
    assert (stock.on_hand, stock.allocated) == (6, 0)

    undo(parcel, ParcelStep.HANDOVER)

    parcel.refresh_from_db()
    stock.refresh_from_db()
    assert (parcel.state, parcel.handed_over_at, parcel.cod_holder) == ("packed", None, "")
    assert (stock.on_hand, stock.allocated) == (10, 4)
    assert list(
        Movement.objects.filter(document=f"parcel:{parcel.pk}").values_list("quantity", flat=True)
    ) == [-4, 4]
    assert (parcel.part.progress, parcel.part.order.status) == ("packing", "in_preparation")
    check_everything()
    hand_over_parcel(parcel_id=parcel.pk, actor=MEMBER, now=IN_TIME)
    check_everything()


def test_undone_handover_withdraws_unsent_notice() -> None:
    parcel = handed_over()
    assert Notification.objects.due(NOW).filter(key__startswith="parcel_handed_over").count() == 1

    undo(parcel, ParcelStep.HANDOVER)

    assert not Notification.objects.due(IN_TIME).filter(key__startswith="parcel_handed_over").exists()
    assert not Notification.objects.filter(key__startswith="handover_undone").exists()


def test_undone_handover_corrects_notice_that_was_sent() -> None:
    parcel = handed_over()
    Notification.objects.filter(key__startswith="parcel_handed_over").update(attempts=1, sent_at=NOW)

    undo(parcel, ParcelStep.HANDOVER)

    correction = Notification.objects.get(key__startswith="handover_undone")
    assert correction.subject == f"Đơn {parcel.part.order.code}: kiện hàng chưa được gửi đi"
    assert "đang được chuẩn bị" in correction.text


def test_undone_second_handover_fails_again_without_moving_stock() -> None:
    parcel = handed_over()
    later = NOW + datetime.timedelta(days=1)
    fail_delivery(parcel_id=parcel.pk, reason="không nghe máy", actor=MEMBER, now=later)
    hand_over_parcel(parcel_id=parcel.pk, actor=MEMBER, now=later + datetime.timedelta(days=1))

    undo(parcel, ParcelStep.HANDOVER, now=later + datetime.timedelta(days=1))

    parcel.refresh_from_db()
    assert (parcel.state, parcel.handed_over_at) == ("failed_delivery", NOW)
    assert Movement.objects.filter(document=f"parcel:{parcel.pk}").count() == 1
    check_everything()


def test_undone_failure_shows_the_failure_before_it() -> None:
    parcel = handed_over()
    days = [NOW + datetime.timedelta(days=number) for number in range(1, 4)]
    fail_delivery(parcel_id=parcel.pk, reason="không nghe máy", actor=MEMBER, now=days[0])
    hand_over_parcel(parcel_id=parcel.pk, actor=MEMBER, now=days[1])
    for second in range(2):
        moment = days[2] + datetime.timedelta(seconds=second)
        fail_delivery(parcel_id=parcel.pk, reason="bấm nhầm", actor=MEMBER, now=moment)
        undo(parcel, ParcelStep.FAILURE, now=moment)

    parcel.refresh_from_db()
    assert (parcel.state, parcel.failed_at, parcel.failure_reason) == (
        "handed_over",
        days[0],
        "không nghe máy",
    )
    assert Movement.objects.filter(document=f"parcel:{parcel.pk}").count() == 1
    check_everything()


@pytest.mark.parametrize("is_sent", [False, True])
def test_undone_failure_withdraws_or_corrects_its_notice(is_sent) -> None:
    parcel = fail_delivery(parcel_id=handed_over().pk, reason="bấm nhầm", **ACTOR_AND_NOW)
    notices = Notification.objects.filter(key__startswith="delivery_failed")
    if is_sent:
        notices.update(attempts=1, sent_at=NOW)

    undo(parcel, ParcelStep.FAILURE)

    corrections = Notification.objects.filter(key__startswith="failure_undone")
    assert [row.subject for row in corrections] == (
        [f"Đơn {parcel.part.order.code}: kiện hàng vẫn đang trên đường"] if is_sent else []
    )
    assert not (notices & Notification.objects.due(IN_TIME)).exists()


def test_undone_delivery_reverses_earnings_and_cash() -> None:
    parcel = delivered()
    assert balances() == {"cooperative_cash": 830_000, "cooperative_payable": -830_000}
    entry_count = LedgerEntry.objects.count()

    undo(parcel, ParcelStep.DELIVERY)

    parcel = Parcel.objects.get()
    order = parcel.part.order
    assert (parcel.state, parcel.delivered_at, parcel.cod_state, parcel.cod_collected) == (
        "handed_over",
        None,
        "expected",
        0,
    )
    assert (order.charged, order.amount_due, order.status) == (0, 830_000, "on_the_way")
    assert (balances(), LedgerEntry.objects.count()) == ({}, entry_count * 2)
    check_everything()
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, actor=MEMBER, now=IN_TIME)
    assert balances() == {"cooperative_cash": 830_000, "cooperative_payable": -830_000}
    check_everything()


@pytest.mark.parametrize("is_at_once", [True, False])
def test_undone_cash_is_expected_again_and_may_be_collected_again(is_at_once) -> None:
    parcel = delivered(cash=is_at_once)
    if not is_at_once:
        report_collected_cash(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    undo(parcel, ParcelStep.CASH)

    parcel = Parcel.objects.get()
    assert (parcel.state, parcel.cod_state, parcel.cod_collected_at) == ("delivered", "expected", None)
    assert balances() == {"buyer": 830_000, "cooperative_payable": -830_000}
    assert (parcel.part.order.charged, parcel.part.order.amount_due) == (0, 830_000)
    check_everything()
    report_collected_cash(parcel_id=parcel.pk, actor=MEMBER, now=IN_TIME)
    assert list(PaymentEvent.objects.filter(parcel=parcel).order_by("pk").values_list("kind", "amount")) == [
        ("charge_success", 830_000),
        ("charge_back", 830_000),
        ("charge_success", 830_000),
    ]
    check_everything()


@pytest.mark.parametrize("step", [ParcelStep.DELIVERY, ParcelStep.CASH])
def test_member_may_not_undo_after_ten_minutes_but_desk_may_with_reason(step) -> None:
    parcel = delivered()

    with assert_refused(UndoPeriodOver, "undo_period_over"):
        undo(parcel, step, now=TOO_LATE)
    with assert_refused(ReasonRequired, "reason_required"):
        undo(parcel, step, actor=DESK, reason=" ", now=TOO_LATE)
    undo(parcel, step, actor=DESK, reason="bấm nhầm", now=TOO_LATE)

    assert Change.objects.get(action=f"parcel.{step}_undone").reason == "bấm nhầm"
    check_everything()


def test_late_acceptance_and_handover_are_undone_by_desk_only() -> None:
    part = accepted_part()
    with assert_refused(UndoPeriodOver, "undo_period_over"):
        undo_acceptance(part_id=part.pk, actor=MEMBER, now=TOO_LATE)
    with assert_refused(ReasonRequired, "reason_required"):
        undo_acceptance(part_id=part.pk, actor=DESK, now=TOO_LATE)

    undo_acceptance(part_id=part.pk, reason="bấm nhầm", actor=DESK, now=TOO_LATE)
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 4}, **ACTOR_AND_NOW)
    with assert_refused(PackingAlreadyStarted, "packing_already_started"):
        undo_acceptance(part_id=part.pk, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    with assert_refused(UndoPeriodOver, "undo_period_over"):
        undo(parcel, ParcelStep.HANDOVER, now=TOO_LATE)
    undo(parcel, ParcelStep.HANDOVER, actor=DESK, reason="bấm nhầm", now=TOO_LATE)


@pytest.mark.parametrize("grams", [2400, 3000])
def test_acceptance_of_weighed_part_stays_even_if_its_buyer_is_asked(grams) -> None:
    part = make_order((make_variant_sold_by_weight(), 1)).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=grams, **ACTOR_AND_NOW)

    with assert_refused(PackingAlreadyStarted, "packing_already_started"):
        undo_acceptance(part_id=part.pk, **ACTOR_AND_NOW)


def test_member_may_not_undo_receipt_that_buyer_confirmed() -> None:
    parcel = handed_over()
    confirm_part_receipt(part_id=parcel.part_id, actor=Actor.guest(), now=NOW)

    with assert_refused(NotRecordedByCooperative, "not_recorded_by_cooperative"):
        undo(parcel, ParcelStep.DELIVERY)
    undo(parcel, ParcelStep.DELIVERY, actor=DESK, reason="khách bấm nhầm")


def test_buyer_undoes_a_receipt_within_ten_minutes() -> None:
    parcel = handed_over()
    confirm_part_receipt(part_id=parcel.part_id, actor=BUYER, now=NOW)

    with assert_refused(UndoPeriodOver, "undo_period_over"):
        undo_part_receipt(part_id=parcel.part_id, actor=BUYER, now=TOO_LATE)
    undo_part_receipt(part_id=parcel.part_id, actor=BUYER, now=IN_TIME)
    with assert_refused(UndoPeriodOver, "undo_period_over"):  # a repeat finds nothing
        undo_part_receipt(part_id=parcel.part_id, actor=BUYER, now=IN_TIME)

    parcel.refresh_from_db()
    assert (parcel.state, parcel.delivered_at, parcel.cod_state) == ("handed_over", None, "expected")
    change = Change.objects.get(action="parcel.delivery_undone")
    assert (change.actor_kind, change.entry_point) == ("guest", "market")
    check_everything()


def test_buyer_may_not_undo_what_others_recorded() -> None:
    parcel = delivered()
    with assert_refused(UndoPeriodOver, "undo_period_over"):
        undo_part_receipt(part_id=parcel.part_id, actor=BUYER, now=NOW)

    parcel = handed_over()
    confirm_part_receipt(part_id=parcel.part_id, actor=BUYER, now=NOW)
    report_collected_cash(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    with assert_refused(MoneyAlreadyMoved, "money_already_moved"):
        undo_part_receipt(part_id=parcel.part_id, actor=BUYER, now=NOW)


@pytest.mark.parametrize("step", [ParcelStep.DELIVERY, ParcelStep.CASH])
def test_step_whose_money_is_settled_stays(step) -> None:
    parcel = delivered()
    close_open_settlement(parcel.part.cooperative)

    with assert_refused(MoneyAlreadyMoved, "money_already_moved"):
        undo(parcel, step)
    with assert_refused(MoneyAlreadyMoved, "money_already_moved"):
        undo(parcel, step, actor=DESK, reason="bấm nhầm")


def test_delivery_without_cash_stays_once_settled() -> None:
    parcel = delivered(cash=False)
    close_open_settlement(parcel.part.cooperative)

    with assert_refused(MoneyAlreadyMoved, "money_already_moved"):
        undo(parcel, ParcelStep.DELIVERY)


def test_delivery_with_complaint_stays() -> None:
    parcel = delivered()
    submit_complaint(
        part_id=parcel.part_id,
        text="dập hết",
        quantities={parcel.lines.get().order_line_id: 1},
        actor=Actor.guest(),
        now=NOW,
    )

    with assert_refused(ComplaintAlreadyFiled, "complaint_already_filed"):
        undo(parcel, ParcelStep.DELIVERY)


@pytest.mark.parametrize(
    ("is_delivered", "step"),
    [
        (True, ParcelStep.HANDOVER),
        (False, ParcelStep.DELIVERY),
        (False, ParcelStep.CASH),
        (False, ParcelStep.FAILURE),
    ],
)
def test_step_that_is_not_the_last_is_refused(is_delivered, step) -> None:
    parcel = delivered() if is_delivered else handed_over()

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        undo(parcel, step)


def test_undoing_twice_with_one_key_undoes_once() -> None:
    parcel = delivered()

    undo(parcel, ParcelStep.DELIVERY, idempotency_key="u")
    undo(parcel, ParcelStep.DELIVERY, idempotency_key="u")

    assert Change.objects.filter(action="parcel.delivery_undone").count() == 1
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        undo(parcel, ParcelStep.DELIVERY, idempotency_key="v")


def test_cash_collected_again_in_next_period_is_not_offset_by_first() -> None:
    parcel = delivered()
    undo(parcel, ParcelStep.CASH)
    close_open_settlement(parcel.part.cooperative)
    report_collected_cash(parcel_id=parcel.pk, actor=MEMBER, now=IN_TIME)

    assert find_settlements_to_offset() == []
    check_everything()
