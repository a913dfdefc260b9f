"""Races of weighing with packing, cancelling and the buyer's answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, transaction

from orders import locks
from orders.actions.fulfilment import weigh_lines as weighing
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import LinesNotWeighed, accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.fulfilment.weigh_lines import (
    LineAlreadyPacked,
    WeightQuestionClosed,
    answer_weight_question,
    weigh_line,
)
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.refunds.remove_overweight_line import remove_overweight_line
from orders.models import Order, OrderLine, OrderPart, Parcel, WeightQuestion
from orders.states import ParcelState, PartState
from shop.core.actors import Actor
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from tests.factories import NOW, make_order, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
MEMBER = Actor.system("test")


def accepted_part() -> tuple[OrderPart, OrderLine]:
    """Return an accepted part of two gourds: 4.8 kg estimated, at most 5.76 kg."""
    part = make_order((make_variant_sold_by_weight(), 2)).parts.get()
    accept_part(part_id=part.pk, actor=MEMBER, now=NOW)
    return part, part.lines.get()


def weighing_of(part, line, grams, **options):
    return partial(
        weigh_line, part_id=part.pk, line_id=line.pk, grams=grams, actor=MEMBER, now=NOW, **options
    )


def packing_of(part, line):
    return partial(pack_parcel, part_id=part.pk, quantities={line.pk: 2}, actor=MEMBER, now=NOW)


def test_weighing_while_packing_keeps_parcel_consistent_with_weight() -> None:
    parts_and_lines = [accepted_part() for _ in range(6)]
    for part, line in parts_and_lines:
        weighing_of(part, line, 4600)()

    results = run_in_threads(
        [
            work
            for part, line in parts_and_lines
            for work in (weighing_of(part, line, 5000), packing_of(part, line))
        ]
    )

    for n, (_part, line) in enumerate(parts_and_lines):
        weighed, packed = results[2 * n : 2 * n + 2]
        line.refresh_from_db()
        assert isinstance(packed, Parcel), packed
        if isinstance(weighed, OrderLine):
            assert (line.weighed_grams, packed.cod_expected) == (5000, 105_000)
        else:
            assert isinstance(weighed, LineAlreadyPacked), weighed
            assert (line.weighed_grams, packed.cod_expected) == (4600, 99_000)
        assert packed.lines.get().grams == line.weighed_grams
    check_everything()


def test_without_lock_parcel_differs_from_weighed_line(monkeypatch) -> None:
    part, line = accepted_part()
    weighing_of(part, line, 4600)()
    both_read = threading.Barrier(2, timeout=20)
    packed = threading.Event()
    thread = threading.local()

    def wait() -> None:
        """Wait until both threads have read; the weighing one writes after the parcel exists."""
        both_read.wait()
        if getattr(thread, "weighs", False):
            packed.wait(20)

    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            wait()
            return next(iter(read_rows), None)

        monkeypatch.setattr(locks, "lock_row", read_without_lock)
    stale = {line.pk: 2}
    monkeypatch.setattr(weighing, "read_unpacked_quantities", lambda _lines: stale)

    def pack():
        if connection.vendor == "sqlite":
            wait()
        try:
            return packing_of(part, line)()
        finally:
            packed.set()

    def weigh():
        thread.weighs = True
        if connection.vendor == "sqlite":
            wait()
        return weighing_of(part, line, 5000)()

    parcel, weighed = run_in_threads([pack, weigh])

    assert isinstance(weighed, OrderLine), weighed
    assert isinstance(parcel, Parcel), parcel
    assert (parcel.lines.get().grams, weighed.weighed_grams) == (4600, 5000)
    with pytest.raises(AssertionError):
        check_everything()


def test_weighing_while_cancelling_leaves_no_question_or_amount_due() -> None:
    parts_and_lines = [accepted_part() for _ in range(6)]

    results = run_in_threads(
        [
            work
            for part, line in parts_and_lines
            for work in (
                weighing_of(part, line, 6000),
                partial(cancel_part, part_id=part.pk, reason="hết hàng", actor=MEMBER, now=NOW),
            )
        ]
    )

    for n, (part, _line) in enumerate(parts_and_lines):
        weighed, cancelled = results[2 * n : 2 * n + 2]
        part.refresh_from_db()
        assert isinstance(weighed, OrderLine | TransitionNotAllowed), weighed
        assert isinstance(cancelled, OrderPart), cancelled
        assert part.state == PartState.CANCELLED
    assert not WeightQuestion.objects.open().exists()
    assert {order.current_total_gross for order in Order.objects.all()} == {0}
    check_everything()


def test_handover_while_voiding_and_weighing_ends_consistently() -> None:
    parts_and_lines = [accepted_part() for _ in range(5)]
    parcels = []
    for part, line in parts_and_lines:
        weighing_of(part, line, 4600)()
        parcel = packing_of(part, line)()
        parcels.append(close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=NOW))

    def undo_and_weigh(parcel, part, line):
        void_parcel(parcel_id=parcel.pk, reason="cân nhầm", actor=MEMBER, now=NOW)
        return weighing_of(part, line, 5000)()

    results = run_in_threads(
        [
            work
            for parcel, (part, line) in zip(parcels, parts_and_lines, strict=True)
            for work in (
                partial(hand_over_parcel, parcel_id=parcel.pk, actor=MEMBER, now=NOW),
                partial(undo_and_weigh, parcel, part, line),
            )
        ]
    )

    for n, (parcel, (_part, line)) in enumerate(zip(parcels, parts_and_lines, strict=True)):
        handed_over, weighed = results[2 * n : 2 * n + 2]
        line.refresh_from_db()
        parcel.refresh_from_db()
        assert isinstance(handed_over, Parcel | TransitionNotAllowed), handed_over
        assert isinstance(weighed, OrderLine), weighed
        assert (line.weighed_grams, parcel.state) == (5000, ParcelState.VOIDED)
    check_everything()


def test_weight_repeated_in_parallel_is_recorded_once() -> None:
    part, line = accepted_part()

    results = run_in_threads([weighing_of(part, line, 4600, idempotency_key="k")] * 10)

    assert [getattr(result, "pk", result) for result in results] == [line.pk] * 10
    assert Change.objects.filter(action="line.weighed").count() == 1
    check_everything()


def test_only_one_of_two_parallel_answers_counts() -> None:
    part, line = accepted_part()
    weighing_of(part, line, 6000)()
    question = WeightQuestion.objects.get()

    results = run_in_threads(
        [
            partial(
                answer_weight_question,
                question_id=question.pk,
                is_agreed=agreed,
                actor=Actor.guest(),
                now=NOW,
            )
            for agreed in (True, False)
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["WeightQuestion", "WeightQuestionClosed"]
    assert any(isinstance(result, WeightQuestionClosed) for result in results)
    check_everything()


def answers_and_removal(question: WeightQuestion) -> list[Callable[[], object]]:
    context = {"question_id": question.pk, "actor": Actor.guest(), "now": NOW}
    return [
        partial(answer_weight_question, is_agreed=True, **context),
        partial(remove_overweight_line, **context),
    ]


def test_line_is_agreed_or_removed_in_parallel_but_not_both() -> None:
    part, line = accepted_part()
    weighing_of(part, line, 6000)()

    results = run_in_threads(answers_and_removal(WeightQuestion.objects.get()))

    assert sorted(type(result).__name__ for result in results) == ["WeightQuestion", "WeightQuestionClosed"]
    part.refresh_from_db()
    assert part.is_active == (WeightQuestion.objects.get().answer == "agreed")
    check_everything()


def test_without_lock_line_is_agreed_and_removed(monkeypatch) -> None:
    part, line = accepted_part()
    weighing_of(part, line, 6000)()
    question_id = WeightQuestion.objects.get().pk
    with transaction.atomic():
        read_rows = [locks.lock_weight_question(question_id) for _ in range(2)]
    monkeypatch.setattr(locks, "lock_weight_question", lambda _question_id: read_rows.pop())
    agree, remove = answers_and_removal(WeightQuestion.objects.get())

    remove()
    agree()

    part.refresh_from_db()
    assert (part.state, WeightQuestion.objects.get().answer) == (PartState.CANCELLED, "agreed")


def test_line_with_open_question_cannot_be_packed_in_parallel() -> None:
    part, line = accepted_part()
    weighing_of(part, line, 6000)()

    results = run_in_threads([packing_of(part, line)] * 5)

    assert {type(result) for result in results} == {LinesNotWeighed}
    assert read_unpacked_quantities([line]) == {line.pk: 2}
