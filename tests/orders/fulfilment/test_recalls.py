"""Recalls: a recalled lot is not sold, packed or handed over; its buyers are told and confirm reading."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from catalog.actions.stock.lots import LotDetails, count_lot, receive_lot
from catalog.actions.stock.transfer_stock import transfer_stock
from catalog.models import Listing, Lot, LotBalance, Recall, Variant
from cooperatives.models import Role
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    hand_over_parcel,
)
from orders.actions.fulfilment.dispatched_stock import RecalledLotInParcel
from orders.actions.fulfilment.lot_picks import LotChoices, RecalledLot, suggest_lots
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.recalls import (
    LotAlreadyRecalled,
    RecallEnded,
    confirm_recall_read,
    end_recall,
    find_reach,
    send_recall_ends,
    send_recall_notices,
    start_recall,
)
from orders.actions.fulfilment.undo_steps import ParcelStep, undo_parcel_step
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import OrderPart, Parcel, ParcelLine, RecallNotice
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, ReasonRequired
from shop.management.verification.stock import find_wrong_recalls, find_wrong_stock
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    get_stock,
    make_channel,
    make_member,
    make_order,
    make_seller,
    make_variant,
    make_warehouse,
    unknown_uuid,
)
from tests.invariants import check_everything, check_stock
from tests.orders.refunds.refund_helpers import refund_first_line
from tests.refusals import assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW: dict[str, Any] = {"actor": Actor.system("test"), "now": NOW}
LATER = NOW + timedelta(hours=2)


@reuse_rows
def make_lot(variant, quantity, days=5):
    return receive_lot(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=quantity,
        details=LotDetails(expires_on=vietnam_date(NOW) + timedelta(days)),
        **ACTOR_AND_NOW,
    )


def recall(lot: Lot, **overrides: Any) -> None:
    texts = {"reason": "Có mốc", "advice": "Không ăn, giữ lại"}
    start_recall(**{"lot_id": lot.pk, **texts, **ACTOR_AND_NOW, **overrides})


def accepted_part(variant: Variant, quantity: int, **contact: Any) -> OrderPart:
    part = make_order((variant, quantity), **contact).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    return part


def pack(part: OrderPart, quantity: int, **options: Any) -> Parcel:
    return pack_parcel(
        part_id=part.pk, quantities={part.lines.get().pk: quantity}, **ACTOR_AND_NOW, **options
    )


def packed_parcel(variant: Variant, quantity: int, **contact: Any) -> Parcel:
    parcel = pack(accepted_part(variant, quantity, **contact), quantity)
    return close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)


def sent_parcel(variant: Variant, quantity: int, **contact: Any) -> Parcel:
    return hand_over_parcel(parcel_id=packed_parcel(variant, quantity, **contact).pk, **ACTOR_AND_NOW)


def test_recalled_lot_leaves_the_stock_for_sale() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 6)

    recall(lot)

    stock = get_stock(variant)
    assert (stock.on_hand, stock.recalled, stock.free, stock.free_from_columns) == (6, 6, 0, 0)
    assert not Listing.objects.get(product=variant.product).is_available
    assert list(Recall.objects.values_list("lot", "reason", "advice", "started_at")) == [
        (lot.pk, "Có mốc", "Không ăn, giữ lại", NOW)
    ]
    check_everything()


def test_stopped_stock_follows_counts_transfers_and_the_end() -> None:
    variant = make_variant(on_hand=3)
    lot, seller = make_lot(variant, 10), variant.cooperative
    home, far = get_stock(variant).warehouse, make_warehouse(seller, make_channel())
    recall(lot)

    count_lot(cooperative=seller, lot_id=lot.pk, warehouse_id=home.pk, counted_quantity=8, **ACTOR_AND_NOW)
    transfer_stock(
        cooperative=seller,
        variant_id=variant.pk,
        from_warehouse_id=home.pk,
        to_warehouse_id=far.pk,
        quantity=3,
        lot_id=lot.pk,
        **ACTOR_AND_NOW,
    )
    during_recall = list(variant.stocks.order_by("pk").values_list("on_hand", "recalled", "free"))
    check_stock()
    end_recall(recall_id=Recall.objects.get().pk, reason="Kiểm nghiệm đạt", **ACTOR_AND_NOW)

    assert during_recall == [(8, 5, 3), (3, 3, 0)]
    assert list(variant.stocks.order_by("pk").values_list("recalled", "free")) == [(0, 8), (0, 3)]
    assert Lot.objects.get().recalled_at is None
    check_everything()


def test_lot_with_less_than_nothing_stops_nothing() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 2)
    lot.balances.update(on_hand=-1)

    recall(lot)

    assert get_stock(variant).recalled == 0


def test_packing_takes_other_stock_and_never_the_recalled_lot() -> None:
    variant = make_variant(on_hand=1)
    recalled, other = make_lot(variant, 5), make_lot(variant, 2, 20)
    part = accepted_part(variant, 4)
    line = part.lines.get()
    recall(recalled)
    reason = "Người mua đồng ý"

    suggestion = suggest_lots({line: 3}, today=vietnam_date(NOW))[line.pk]
    for quantity, lots in (
        (4, LotChoices(reason=reason)),
        (1, LotChoices({line.pk: recalled.pk}, reason=reason)),
        (2, LotChoices({line.pk: None}, reason=reason)),
    ):
        with assert_refused(RecalledLot, "recalled_lot") as refusal:
            pack(part, quantity, lots=lots)
        assert refusal.value.details == {"lots": [recalled.code]}
    pack(part, 3)

    assert (suggestion.picks, suggestion.lots) == ([(other, 2), (None, 1)], [other])
    packed = ParcelLine.objects.order_by("pk").values_list("lot", "quantity")
    assert list(packed) == [(other.pk, 2), (None, 1)]


def test_packed_parcel_with_a_recalled_lot_is_not_handed_over_but_packed_anew() -> None:
    variant = make_variant(on_hand=0)
    lot, other = make_lot(variant, 2), make_lot(variant, 2, 20)
    parcel = packed_parcel(variant, 2)
    recall(lot)

    with assert_refused(RecalledLotInParcel, "recalled_lot_in_parcel") as refusal:
        hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    void_parcel(parcel_id=parcel.pk, reason="Thu hồi", **ACTOR_AND_NOW)
    packed_anew = pack(parcel.part, 2)

    assert refusal.value.details == {"lots": [lot.code]}
    assert packed_anew.lines.get().lot == other
    check_everything()


def test_hand_over_before_the_recall_is_recorded_later_and_its_buyer_is_told() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 2)
    parcel = packed_parcel(variant, 2)
    recall(lot, now=NOW + timedelta(hours=1))
    send_recall_notices(now=LATER)
    before = RecallNotice.objects.count()

    happened_at = NOW + timedelta(minutes=30)
    hand_over_parcel(parcel_id=parcel.pk, happened_at=happened_at, actor=Actor.system("test"), now=LATER)
    send_recall_notices(now=LATER)

    assert before == 0
    assert list(RecallNotice.objects.values_list("order", "notified_at")) == [(parcel.part.order_id, LATER)]


def test_undone_hand_over_brings_stopped_stock_back() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 2)
    parcel = sent_parcel(variant, 2)
    recall(lot)

    undo_parcel_step(parcel_id=parcel.pk, step=ParcelStep.HANDOVER, reason="Nhầm", **ACTOR_AND_NOW)

    stock = get_stock(variant)
    assert (stock.on_hand, stock.allocated, stock.recalled, stock.free) == (2, 2, 2, -2)
    check_everything()


def test_dry_run_names_everything_and_changes_nothing() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 9)
    waiting, _sent = packed_parcel(variant, 2), sent_parcel(variant, 3)
    void_parcel(parcel_id=packed_parcel(variant, 1).pk, reason="Nhầm", **ACTOR_AND_NOW)

    reach = find_reach(lot)

    home = get_stock(variant).warehouse
    assert [(row.stock.warehouse, row.on_hand) for row in reach.balances] == [(home, 6)]
    assert [(line.parcel, line.quantity) for line in reach.waiting_lines] == [(waiting, 2)]
    assert (reach.order_count, reach.parcel_count) == (1, 1)
    assert Recall.objects.count() == 0


def test_everybody_who_has_the_lot_is_told_once_and_confirms() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 9)
    by_email = sent_parcel(variant, 1, email="hoa@example.org", phone="+84912345678").part.order
    by_sms = sent_parcel(variant, 1, email="", phone="+84987654321").part.order
    packed_parcel(variant, 1, email="chua.gui@example.org")
    recall(lot)
    Notification.objects.all().delete()

    sent = [send_recall_notices(now=LATER) for _sweep in range(2)]

    told = dict(Notification.objects.values_list("recipient", "text"))
    notices = {notice.order_id: notice for notice in RecallNotice.objects.all()}
    assert sent == [2, 0]
    assert notices.keys() == {by_email.pk, by_sms.pk}
    mail, text = told["hoa@example.org"], told["+84987654321"]
    assert "Có mốc" in mail
    assert "Không ăn, giữ lại" in mail
    assert f"/thu-hoi/{notices[by_email.pk].pk}/" in mail
    assert f"/thu-hoi/{notices[by_sms.pk].pk}/" in text
    assert "chua.gui@example.org" not in told

    for moment in (LATER, LATER + timedelta(hours=1)):
        confirm_recall_read(notice_id=notices[by_email.pk].pk, now=moment)

    read = RecallNotice.objects.values_list("order", "read_at")
    assert dict(read) == {by_email.pk: LATER, by_sms.pk: None}


def test_those_who_were_told_are_told_of_the_end_once() -> None:
    variant = make_variant(make_seller("HTX Nấm", email="nam@example.org"), on_hand=0)
    lot = make_lot(variant, 9)
    by_email = sent_parcel(variant, 1, email="hoa@example.org").part.order
    recall(lot)
    send_recall_notices(now=LATER)
    sent_before = send_recall_ends(now=LATER)
    Notification.objects.all().delete()
    end_recall(recall_id=Recall.objects.get().pk, reason="Mẫu đạt", **ACTOR_AND_NOW)

    sent = [send_recall_ends(now=LATER) for _sweep in range(2)]

    told = dict(Notification.objects.values_list("recipient", "text"))
    assert (sent_before, sent) == (0, [1, 0])
    assert f"đơn {by_email.code} đã kết thúc" in told["hoa@example.org"]
    assert "Mẫu đạt" in told["hoa@example.org"]
    assert "Mẫu đạt" in told["nam@example.org"]
    assert RecallNotice.objects.get().end_notified_at == LATER


def test_cooperative_is_told_of_a_recall_by_the_desk_but_not_of_its_own() -> None:
    seller = make_seller("HTX Nấm", email="nam@example.org")
    make_member(seller, email="quanly@example.org")
    make_member(seller, Role.PACKER, email="donghang@example.org")
    variant = make_variant(seller, on_hand=0)
    own_lot, lot = make_lot(variant, 1), make_lot(variant, 2)
    recall(own_lot, cooperative=seller)
    before = list(Notification.objects.all())

    recall(lot)

    told = dict(Notification.objects.values_list("recipient", "text"))
    assert before == []
    assert told.keys() == {"nam@example.org", "quanly@example.org"}
    assert lot.code in told["nam@example.org"]
    assert "Có mốc" in told["nam@example.org"]
    assert f"/xa-vien/lo/{lot.pk}/" in told["nam@example.org"]


def test_recalled_pickup_is_not_given_out_unless_it_was_before() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 4)
    parcels = [sent_parcel(variant, 1) for _ in range(2)]
    Parcel.objects.update(pickup_code="123456")
    recall(lot, now=LATER)
    collect = {"is_cash_collected": False, "code": "123456", "actor": ACTOR_AND_NOW["actor"]}
    after = LATER + timedelta(hours=1)

    with assert_refused(RecalledLotInParcel, "recalled_lot_in_parcel") as refusal:
        deliver_parcel(parcel_id=parcels[0].pk, now=after, **collect)
    deliver_parcel(parcel_id=parcels[1].pk, happened_at=NOW, now=after, **collect)

    assert refusal.value.details["lots"] == [lot.code]
    states = Parcel.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["handed_over", "delivered"]
    check_everything()


def test_nobody_is_told_after_the_end() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 9)
    sent_parcel(variant, 1)
    recall(lot)
    end_recall(recall_id=Recall.objects.get().pk, reason="Nhầm lô", **ACTOR_AND_NOW)

    assert send_recall_notices(now=LATER) == 0
    assert RecallNotice.objects.count() == 0


def test_refused_recalls_change_nothing() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 2)
    for field in ("reason", "advice"):
        with assert_refused(ReasonRequired, "reason_required") as refusal:
            recall(lot, **{field: "  "})
        assert refusal.value.field == field
    stranger = make_seller("HTX khác")
    for wrong in ({"cooperative": stranger}, {"lot_id": 404}):
        with assert_refused(Missing, "missing"):
            recall(lot, **wrong)
    for _attempt in range(2):
        recall(lot, idempotency_key="page-1")
    with assert_refused(LotAlreadyRecalled, "lot_already_recalled"):
        recall(lot)
    key = Recall.objects.get().pk
    with assert_refused(ReasonRequired, "reason_required"):
        end_recall(recall_id=key, reason=" ", **ACTOR_AND_NOW)
    with assert_refused(Missing, "missing"):
        end_recall(recall_id=404, reason="Đạt", **ACTOR_AND_NOW)
    with assert_refused(Missing, "missing"):
        confirm_recall_read(notice_id=unknown_uuid(), now=NOW)
    end_recall(recall_id=key, reason="Đạt", **ACTOR_AND_NOW)
    with assert_refused(RecallEnded, "recall_ended"):
        end_recall(recall_id=key, reason="Đạt", **ACTOR_AND_NOW)


def test_verification_finds_wrong_stopped_stock_and_recalls() -> None:
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 2)
    recall(lot)
    stock = get_stock(variant)
    variant.stocks.update(recalled=1)
    Lot.objects.update(recalled_at=None)

    assert list(find_wrong_stock()) == [f"stock {stock.pk}: recalled is 1, its recalled lots have 2"]
    assert list(find_wrong_recalls()) == [f"lot {lot.code}: recalled_at is not the start of its open recall"]


def test_returned_items_go_back_to_their_lots_and_recalled_ones_are_not_sold_again() -> None:
    variant = make_variant(on_hand=0)
    early, late = make_lot(variant, 2), make_lot(variant, 3, days=9)
    parcel = packed_parcel(variant, 5)
    part = parcel.part
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW)
    recall(late)
    to_stock = {"warehouse_id": get_stock(variant).warehouse_id}

    refund_first_line(OrderPart.objects.get(pk=part.pk), 1_000, returned=4, damaged=1, **to_stock)
    once = {row.lot_id: row.on_hand for row in LotBalance.objects.all()}
    refund_first_line(OrderPart.objects.get(pk=part.pk), 1_000, returned=1, **to_stock)

    assert once == {early.pk: 0, late.pk: 3}
    assert {row.lot_id: row.on_hand for row in LotBalance.objects.all()} == {early.pk: 1, late.pk: 3}
    assert (get_stock(variant).on_hand, get_stock(variant).free) == (4, 1)
    check_everything()
