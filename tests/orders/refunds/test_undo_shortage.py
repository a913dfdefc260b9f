"""Taking back a shortage: the exact effect, and what makes it impossible."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from catalog.actions.stock.receipts_and_losses import write_off_stock
from catalog.actions.stock.stock_movements import SoldOut
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.undo_steps import (
    MoneyAlreadyMoved,
    NotRecordedByCooperative,
    PackingAlreadyStarted,
    UndoPeriodOver,
)
from orders.actions.refunds.report_shortage import report_shortage
from orders.actions.refunds.undo_shortage import OrderChangedSince, find_shortage_undo_deadline, undo_shortage
from orders.models import OrderPart, Parcel, Refund
from orders.states import ParcelState
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change, record_change
from shop.notifications.models import Notification
from tests.factories import NOW, get_stock, make_order, make_seller, make_variant, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.orders.refunds.refund_helpers import make_paid_order
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MEMBER = Actor(ActorKind.SYSTEM, EntryPoint.MEMBERS, name="test")
DESK = Actor(ActorKind.SYSTEM, EntryPoint.DESK, name="desk")
ACTOR_AND_NOW: dict[str, Any] = {"actor": MEMBER, "now": NOW}
IN_TIME = NOW + datetime.timedelta(minutes=10)
TOO_LATE = IN_TIME + datetime.timedelta(seconds=1)


def short_part(**shortage: Any) -> OrderPart:
    """Return four of one item at 100,000 (one is missing) and two at 50,000, in cash."""
    seller = make_seller()
    lines = [(make_variant(seller, name="Miến", price=100_000), 4), (make_variant(seller, price=50_000), 2)]
    part = accept_part(part_id=make_order(*lines).parts.get().pk, **ACTOR_AND_NOW)
    line = part.lines.order_by("position")[0]
    report_shortage(part_id=part.pk, available={line.pk: 3}, **(ACTOR_AND_NOW | shortage))
    return OrderPart.objects.get(pk=part.pk)


def undo(part: OrderPart, **fields: Any) -> OrderPart:
    return undo_shortage(part_id=part.pk, **({"actor": MEMBER, "now": IN_TIME} | fields))


def test_undone_shortage_leaves_the_order_as_it_was() -> None:
    part = short_part()
    line = part.lines.order_by("position")[0]
    assert (part.order.current_total_gross, get_stock(line.variant).allocated) == (430_000, 3)
    assert find_shortage_undo_deadline(part, actor=MEMBER, now=NOW) == IN_TIME

    for _attempt in range(2):
        undo(part, idempotency_key="undo")

    part = OrderPart.objects.get(pk=part.pk)
    assert (part.order.current_total_gross, get_stock(line.variant).allocated) == (530_000, 4)
    assert (Refund.objects.count(), Parcel.objects.get().state) == (0, ParcelState.VOIDED)
    change = Change.objects.get(action="part.shortage_undone")
    assert change.data == {"part": part.number, "amount": 100_000, "currency": "VND"}
    assert change.snapshot["lines"] == {str(line.pk): 100_000}
    assert not Notification.objects.due(IN_TIME).filter(key__startswith="refund_decided").exists()
    assert not Notification.objects.filter(key__startswith="shortage_undone").exists()
    assert find_shortage_undo_deadline(part, actor=MEMBER, now=IN_TIME) is None
    check_everything()
    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 4}, **ACTOR_AND_NOW)
    assert parcel.cod_expected == 400_000
    check_everything()


def test_buyer_who_was_told_is_told_of_the_mistake() -> None:
    part = short_part()
    Notification.objects.filter(key__startswith="refund_decided").update(attempts=1, sent_at=NOW)

    undo(part)

    notification = Notification.objects.get(key__startswith="shortage_undone")
    assert "đã báo thiếu hàng nhầm" in notification.text


def test_weight_that_was_only_settled_is_weighed_again() -> None:
    seller = make_seller()
    gourds, noodles = make_variant_sold_by_weight(seller), make_variant(seller, price=50_000)
    part = accept_part(part_id=make_order((gourds, 2), (noodles, 1)).parts.get().pk, **ACTOR_AND_NOW)
    line = part.lines.get(variant=gourds)
    report_shortage(part_id=part.pk, available={line.pk: 0}, **ACTOR_AND_NOW)

    undo(part)

    line.refresh_from_db()
    assert (line.weighed_grams, line.is_to_weigh) == (None, True)
    check_everything()


def test_late_and_foreign_reports_are_for_the_desk() -> None:
    part = short_part()
    by_system = short_part(actor=Actor.system("test"))

    with assert_refused(UndoPeriodOver, "undo_period_over"):
        undo(part, now=TOO_LATE)
    with assert_refused(NotRecordedByCooperative, "not_recorded_by_cooperative"):
        undo(by_system)
    with assert_refused(ReasonRequired, "reason_required"):
        undo(part, actor=DESK, now=TOO_LATE)
    assert find_shortage_undo_deadline(part, actor=MEMBER, now=TOO_LATE) is None
    undo(part, actor=DESK, now=TOO_LATE, reason="Thành viên gọi")

    with assert_refused(Missing, "missing"):
        undo(part)


def test_nothing_is_undone_after_packing_money_or_another_change() -> None:
    packed, changed = short_part(), short_part()
    pack_parcel(part_id=packed.pk, quantities={packed.lines.order_by("position")[1].pk: 2}, **ACTOR_AND_NOW)
    record_change("order.note_added", changed.order, actor=DESK, now=NOW, root=changed.order)
    paid = make_paid_order().parts.get()
    accept_part(part_id=paid.pk, **ACTOR_AND_NOW)
    report_shortage(part_id=paid.pk, available={paid.lines.get().pk: 1}, **ACTOR_AND_NOW)

    for part, refusal, code in (
        (packed, PackingAlreadyStarted, "packing_already_started"),
        (changed, OrderChangedSince, "order_changed_since"),
        (paid, MoneyAlreadyMoved, "money_already_moved"),
    ):
        assert find_shortage_undo_deadline(part, actor=MEMBER, now=NOW) is None
        with assert_refused(refusal, code):
            undo(part)


def test_released_items_that_were_sold_meanwhile_stay_missing() -> None:
    part = short_part()
    stock = get_stock(part.lines.order_by("position")[0].variant)
    write_off_stock(
        cooperative=part.cooperative,
        variant_id=stock.variant_id,
        warehouse_id=stock.warehouse_id,
        quantity=7,
        actor=DESK,
        now=NOW,
    )

    with assert_refused(SoldOut, "sold_out"):
        undo(part)
