"""Parts are accepted, weighed, packed, handed over, delivered and cancelled; parcels fail and are voided."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from orders.actions.cash_on_delivery.cash_collection import CollectedCash
from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.fulfilment.weigh_lines import answer_weight_question, weigh_line
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import OrderLine, OrderPart, Parcel, WeightQuestion
from orders.states import ARRIVED_PROGRESS, CodState, ParcelState, PartState
from tests.money.market import INDEXES, Market, requires_row


def new_parts() -> Any:
    return OrderPart.objects.filter(state=PartState.NEW, order__confirmed_at__isnull=False)


def accepted_parts() -> Any:
    return OrderPart.objects.filter(state=PartState.ACCEPTED).exclude(progress__in=ARRIVED_PROGRESS)


def to_weigh() -> Any:
    return OrderLine.objects.filter(
        estimate_grams__isnull=False, part__state=PartState.ACCEPTED, parcel_lines=None
    )


def open_questions() -> Any:
    return WeightQuestion.objects.filter(answer="")


def not_handed_over() -> Any:
    return Parcel.objects.filter(
        state__in=[ParcelState.PACKING, ParcelState.PACKED, ParcelState.FAILED_DELIVERY]
    )


def on_the_way() -> Any:
    return Parcel.objects.filter(state=ParcelState.HANDED_OVER)


def cash_to_collect() -> Any:
    return Parcel.objects.filter(state=ParcelState.DELIVERED, cod_state=CodState.EXPECTED)


def to_void() -> Any:
    return Parcel.objects.exclude(state=ParcelState.VOIDED)


def to_cancel() -> Any:
    return OrderPart.objects.active().exclude(progress__in=ARRIVED_PROGRESS)


class Fulfilment(Market):
    """Operations of cooperatives and carriers."""

    @requires_row(new_parts)
    @rule(index=INDEXES)
    def accept(self, index: int) -> None:
        self.attempt(
            new_parts(), index, lambda row: accept_part(part_id=row.pk, **self.next_actor_and_time())
        )

    @requires_row(to_weigh)
    @rule(index=INDEXES, percent=st.sampled_from([60, 90, 100, 115, 140]))
    def weigh(self, index: int, percent: int) -> None:
        self.attempt(
            to_weigh(),
            index,
            lambda row: weigh_line(
                part_id=row.part_id,
                line_id=row.pk,
                grams=row.estimate_grams * percent // 100,
                **self.next_actor_and_time(),
            ),
        )

    @requires_row(open_questions)
    @rule(index=INDEXES, agreed=st.booleans())
    def answer(self, index: int, agreed: bool) -> None:
        self.attempt(
            open_questions(),
            index,
            lambda row: answer_weight_question(
                question_id=row.pk, is_agreed=agreed, **self.next_actor_and_time()
            ),
        )

    @requires_row(accepted_parts)
    @rule(index=INDEXES, is_complete=st.booleans())
    def pack(self, index: int, is_complete: bool) -> None:
        def work(part: OrderPart) -> None:
            still_open = read_unpacked_quantities(part.lines.order_by("position"))
            quantities = {key: left if is_complete else 1 for key, left in still_open.items() if left}
            pack_parcel(part_id=part.pk, quantities=quantities, **self.next_actor_and_time())

        self.attempt(accepted_parts(), index, work)

    @requires_row(not_handed_over)
    @rule(index=INDEXES)
    def close_and_hand_over(self, index: int) -> None:
        def work(parcel: Parcel) -> None:
            if parcel.state == ParcelState.PACKING:
                close_parcel(parcel_id=parcel.pk, **self.next_actor_and_time())
            hand_over_parcel(parcel_id=parcel.pk, **self.next_actor_and_time())

        self.attempt(not_handed_over(), index, work)

    @requires_row(on_the_way)
    @rule(index=INDEXES, cash=st.sampled_from(["all", "less", "none"]))
    def deliver(self, index: int, cash: str) -> None:
        def work(parcel: Parcel) -> None:
            collected = (
                CollectedCash(parcel.cod_expected * 9 // 10, "Short of change")
                if cash == "less"
                else CollectedCash()
            )
            deliver_parcel(
                parcel_id=parcel.pk,
                is_cash_collected=cash != "none",
                cash=collected,
                **self.next_actor_and_time(),
            )

        self.attempt(on_the_way(), index, work)

    @requires_row(to_cancel)
    @rule(index=INDEXES, percent=st.sampled_from([85, 100, 110]))
    def finish_part(self, index: int, percent: int) -> None:
        """Take a part through all remaining steps, as usual."""

        def work(part: OrderPart) -> None:
            if part.state == PartState.NEW:
                accept_part(part_id=part.pk, **self.next_actor_and_time())
            for line in part.lines.filter(estimate_grams__isnull=False, weighed_grams=None):
                grams = (line.estimate_grams or 0) * percent // 100
                weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, **self.next_actor_and_time())
            open_steps = {
                key: n for key, n in read_unpacked_quantities(part.lines.order_by("position")).items() if n
            }
            if open_steps:
                pack_parcel(part_id=part.pk, quantities=open_steps, **self.next_actor_and_time())
            for parcel in part.parcels.filter(state=ParcelState.PACKING):
                close_parcel(parcel_id=parcel.pk, **self.next_actor_and_time())
                hand_over_parcel(parcel_id=parcel.pk, **self.next_actor_and_time())
            for parcel in part.parcels.filter(state=ParcelState.HANDED_OVER):
                deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **self.next_actor_and_time())

        self.attempt(to_cancel(), index, work)

    @requires_row(on_the_way)
    @rule(index=INDEXES)
    def fail(self, index: int) -> None:
        self.attempt(
            on_the_way(),
            index,
            lambda row: fail_delivery(parcel_id=row.pk, reason="Nobody there", **self.next_actor_and_time()),
        )

    @requires_row(cash_to_collect)
    @rule(index=INDEXES)
    def collect_late(self, index: int) -> None:
        self.attempt(
            cash_to_collect(),
            index,
            lambda row: report_collected_cash(parcel_id=row.pk, **self.next_actor_and_time()),
        )

    @requires_row(to_void)
    @rule(index=INDEXES)
    def void(self, index: int) -> None:
        self.attempt(
            to_void(),
            index,
            lambda row: void_parcel(parcel_id=row.pk, reason="Packed wrongly", **self.next_actor_and_time()),
        )

    @requires_row(to_cancel)
    @rule(index=INDEXES, is_complete=st.booleans())
    def cancel(self, index: int, is_complete: bool) -> None:
        def work(part: OrderPart) -> None:
            if is_complete:
                cancel_order(order_id=part.order_id, reason="Called off", **self.next_actor_and_time())
            else:
                cancel_part(part_id=part.pk, reason="Called off", **self.next_actor_and_time())

        self.attempt(to_cancel(), index, work)
