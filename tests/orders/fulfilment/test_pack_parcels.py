"""Packing is limited to open quantities, voided parcels reopen them, and cash stays consistent."""

from __future__ import annotations

import pytest

from catalog.models import Movement, Variant
from cooperatives.models import DeliveryKind
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
)
from orders.actions.fulfilment.pack_parcels import (
    LabelCodeUsed,
    QuantityNotOpen,
    accept_part,
    close_parcel,
    pack_parcel,
)
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import Order, OrderPart, Parcel
from orders.states import CashHolder, CodState, OrderStatus, ParcelKind, ParcelState, Progress, SaleorStatus
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.errors import Missing, ReasonRequired
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import NOW, get_stock, make_order, make_seller, make_variant, unknown_uuid
from tests.invariants import check_cash, check_everything, check_parcels
from tests.refusals import assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
ACTOR_AND_NOW = {"actor": MEMBER, "now": NOW}


@reuse_rows
def accepted_part(*lines):
    part = make_order(*lines).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    return part


def pack(part, *quantities):
    lines = part.lines.order_by("position")
    return pack_parcel(
        part_id=part.pk,
        quantities={line.pk: count for line, count in zip(lines, quantities, strict=True) if count},
        **ACTOR_AND_NOW,
    )


def send(parcel):
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    return hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)


def deliver(parcel, *, cash=True):
    return deliver_parcel(parcel_id=parcel.pk, is_cash_collected=cash, **ACTOR_AND_NOW)


@pytest.mark.parametrize("quantity", [0, -1, 4, 10**9])
def test_quantity_that_is_not_open_cannot_be_packed(quantity) -> None:
    part = accepted_part((make_variant(on_hand=9), 5))
    pack(part, 2)
    line = part.lines.get()

    with assert_refused(QuantityNotOpen, "quantity_not_open") as refusal:
        pack_parcel(part_id=part.pk, quantities={line.pk: quantity}, **ACTOR_AND_NOW)

    assert refusal.value.details == {"open": {line.pk: 3}}


def test_empty_parcel_is_refused() -> None:
    part = accepted_part((make_variant(), 1))

    with assert_refused(QuantityNotOpen, "quantity_not_open"):
        pack_parcel(part_id=part.pk, quantities={}, **ACTOR_AND_NOW)


def test_line_of_another_part_is_missing() -> None:
    part, other = accepted_part((make_variant(), 1)), accepted_part((make_variant(), 1))

    for foreign in (other.lines.get().pk, unknown_uuid()):
        with assert_refused(Missing, "missing"):
            pack_parcel(part_id=part.pk, quantities={foreign: 1}, **ACTOR_AND_NOW)


@pytest.mark.parametrize("act", [close_parcel, hand_over_parcel])
def test_unknown_parcel_is_missing(act) -> None:
    with assert_refused(Missing, "missing"):
        act(parcel_id=404, **ACTOR_AND_NOW)


@pytest.mark.parametrize("act", [void_parcel, fail_delivery])
def test_voiding_and_failing_require_reason(act) -> None:
    parcel = send(pack(accepted_part((make_variant(), 1)), 1))

    with assert_refused(ReasonRequired, "reason_required"):
        act(parcel_id=parcel.pk, reason=" ", **ACTOR_AND_NOW)


def test_parcels_of_one_order_are_numbered_across_parts() -> None:
    sellers = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
    order = make_order(*[(make_variant(seller), 2) for seller in sellers])
    first, second = order.parts.order_by("number")
    for part in (first, second):
        accept_part(part_id=part.pk, **ACTOR_AND_NOW)

    labels = [pack(part, 1).label_code for part in (first, second, first, second)]

    assert labels == ["1", "2", "3", "4"]


def test_labels_count_neither_missing_items_nor_parcels_whose_phone_chose_letters() -> None:
    part = accepted_part((make_variant(on_hand=9), 4))
    line = part.lines.get()
    report_shortage(part_id=part.pk, available={line.pk: 3}, **ACTOR_AND_NOW)

    by_phone = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, label_code="KQRT", **ACTOR_AND_NOW)
    labels = [pack(part, 1).label_code for _parcel in range(2)]

    assert (by_phone.label_code, labels) == ("KQRT", ["1", "2"])
    missing = part.parcels.get(kind=ParcelKind.REFUND)
    assert (missing.number, missing.label_code) == (1, "")
    assert [order.pk for order in Order.objects.matching(f"{part.order.code}-kqrt")] == [part.order_id]


def test_second_label_with_the_same_letters_is_refused() -> None:
    part = accepted_part((make_variant(on_hand=9), 2))
    quantities = {part.lines.get().pk: 1}
    pack_parcel(part_id=part.pk, quantities=quantities, label_code="KQRT", **ACTOR_AND_NOW)

    with assert_refused(LabelCodeUsed, "label_code_used"):
        pack_parcel(part_id=part.pk, quantities=quantities, label_code="KQRT", **ACTOR_AND_NOW)


def test_voiding_parcel_reopens_its_lines_and_restores_stock() -> None:
    variant = make_variant(on_hand=5)
    part = accepted_part((variant, 3))
    parcel = send(pack(part, 3))
    after_dispatch = (get_stock(variant).on_hand, get_stock(variant).allocated)

    void_parcel(parcel_id=parcel.pk, reason="gửi nhầm", **ACTOR_AND_NOW)

    after_void = (get_stock(variant).on_hand, get_stock(variant).allocated)
    part.refresh_from_db()
    assert (after_dispatch, after_void, part.progress) == ((2, 0), (5, 3), Progress.NOT_PACKED)
    assert pack(part, 3).number == 2
    assert list(Movement.objects.order_by("pk").values_list("quantity", "reason")) == [
        (5, "receipt"),
        (-3, "dispatch"),
        (3, "dispatch_undone"),
    ]
    check_everything()


def test_second_delivery_attempt_does_not_move_stock_again() -> None:
    variant = make_variant(on_hand=5)
    parcel = send(pack(accepted_part((variant, 3)), 3))

    fail_delivery(parcel_id=parcel.pk, reason="không ai nghe máy", **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, dispatch=DispatchDetails(vehicle="20B-123.45"), **ACTOR_AND_NOW)

    assert (get_stock(variant).on_hand, Movement.objects.filter(reason="dispatch").count()) == (2, 1)
    assert Parcel.objects.get().vehicle == "20B-123.45"
    check_everything()


def test_buyer_is_notified_of_each_handover_and_failed_delivery() -> None:
    part = accepted_part((make_variant(), 2))

    first, second = send(pack(part, 1)), send(pack(part, 1))
    fail_delivery(parcel_id=second.pk, reason="không ai nghe máy", **ACTOR_AND_NOW)

    keys = Notification.objects.filter(recipient="hoa@example.com").values_list("key", flat=True)
    occasions = sorted(key.split(":")[0] for key in keys)
    assert occasions == ["delivery_failed", "order_placed", "parcel_handed_over", "parcel_handed_over"]
    assert first.number == 1


@pytest.mark.parametrize(
    ("done", "progress", "our_status", "saleor_status"),
    [
        ([], Progress.NOT_PACKED, OrderStatus.IN_PREPARATION, SaleorStatus.UNFULFILLED),
        (["packed"], Progress.PACKING, OrderStatus.IN_PREPARATION, SaleorStatus.UNFULFILLED),
        (["sent"], Progress.PARTLY_DISPATCHED, OrderStatus.ON_THE_WAY, SaleorStatus.PARTIALLY_FULFILLED),
        (["sent", "sent"], Progress.DISPATCHED, OrderStatus.ON_THE_WAY, SaleorStatus.FULFILLED),
        (
            ["delivered"],
            Progress.PARTLY_DELIVERED,
            OrderStatus.ON_THE_WAY,
            SaleorStatus.PARTIALLY_FULFILLED,
        ),
        (["delivered", "sent"], Progress.PARTLY_DELIVERED, OrderStatus.ON_THE_WAY, SaleorStatus.FULFILLED),
        (["delivered", "delivered"], Progress.DELIVERED, OrderStatus.DELIVERED, SaleorStatus.FULFILLED),
    ],
)
def test_order_statuses_follow_two_parcels(done, progress, our_status, saleor_status) -> None:
    part = accepted_part((make_variant(), 2))

    for step in done:
        parcel = pack(part, 1)
        if step != "packed":
            send(parcel)
        if step == "delivered":
            deliver(parcel)

    part.refresh_from_db()
    assert (part.progress, part.order.status, part.order.saleor_status) == (
        progress,
        our_status,
        saleor_status,
    )


def test_cash_of_voided_parcel_is_not_collected_again() -> None:
    part = accepted_part((make_variant(price=100_000, on_hand=9), 2))
    parcel = send(pack(part, 2))
    deliver(parcel)

    void_parcel(parcel_id=parcel.pk, reason="đổi hàng", **ACTOR_AND_NOW)
    repacked = pack(part, 2)

    assert (parcel.part.total_gross, repacked.cod_expected, repacked.cod_state) == (230_000, 0, CodState.NONE)
    check_everything()


@pytest.mark.parametrize("entry_point", EntryPoint)
def test_delivered_parcel_can_be_voided_only_by_platform(entry_point) -> None:
    parcel = deliver(send(pack(accepted_part((make_variant(), 1)), 1)))
    actor = Actor(ActorKind.PERSON, entry_point, "7", "Chị Hoa")
    void_request = {"parcel_id": parcel.pk, "reason": "đổi hàng", "actor": actor, "now": NOW}

    if entry_point in (EntryPoint.DESK, EntryPoint.SYSTEM):
        assert void_parcel(**void_request).state == ParcelState.VOIDED
    else:
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            void_parcel(**void_request)


def test_cash_of_voided_parcel_without_payment_moves_to_next_parcel() -> None:
    part = accepted_part((make_variant(price=100_001, on_hand=9), 3))
    first = pack(part, 1)
    second = pack(part, 2)

    void_parcel(parcel_id=first.pk, reason="đóng nhầm", **ACTOR_AND_NOW)
    third = pack(part, 1)

    assert (second.cod_expected, third.cod_expected) == (230_002, 100_001)
    check_everything()


def test_untracked_variant_is_packed_without_stock() -> None:
    variant = make_variant(on_hand=0)
    Variant.objects.filter(pk=variant.pk).update(track_inventory=False)

    parcel = send(pack(accepted_part((variant, 5)), 5))

    assert [(row.stock, row.quantity) for row in parcel.lines.all()] == [(None, 5)]
    assert (get_stock(variant).on_hand, get_stock(variant).allocated) == (0, 0)
    check_parcels()
    check_cash()


@pytest.mark.parametrize(
    ("dispatch", "carrier", "holder"),
    [
        (DispatchDetails(carrier=""), "", CashHolder.COOPERATIVE),
        (DispatchDetails(tracking_number="VTP1"), "Viettel Post", CashHolder.CARRIER),
        (DispatchDetails(is_cash_with_cooperative=True), "Viettel Post", CashHolder.COOPERATIVE),
    ],
)
def test_carrier_or_cooperative_collects_the_cash_as_the_handover_says(dispatch, carrier, holder) -> None:
    part = accepted_part((make_variant(), 1))
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post", delivery_kind=DeliveryKind.CARRIER)
    parcel = pack(part, 1)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch, **ACTOR_AND_NOW)

    parcel.refresh_from_db()
    assert (parcel.carrier, parcel.cod_holder) == (carrier, holder)
