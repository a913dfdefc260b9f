"""Phones pack chosen lots, cut orders short, and learn who was first."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.utils import timezone

from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Stock
from cooperatives.models import Role
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart, Parcel, ParcelLine, Refund
from orders.trace_links import lot_trace_address
from shop.core.actors import Actor, EntryPoint
from tests.factories import (
    get_stock,
    make_bank_account,
    make_channel,
    make_member,
    make_order,
    make_variant,
    make_warehouse,
)
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.refusals import all_rows
from tests.shop.members.sync.phone import Phone
from tests.shop.members.test_lots import make_lot

pytestmark = pytest.mark.django_db


def accepted_part(*lines):
    part = make_order(*lines).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())
    return part


def test_parcel_with_other_cash_on_its_label_is_refused_after_a_transfer(seller) -> None:
    make_bank_account()
    part, phone = accepted_part((make_variant(seller, on_hand=9, price=40_000), 2)), Phone(seller)
    cash = part.order.total_gross
    packed = {"part": part.pk, "quantities": {str(part.lines.get().pk): 1}, "label": "KQRT"}
    old_sum = phone.answer("pack_parcel", **packed, seen_cash=39_000)
    receive_transfer(part.order.code, cash)
    before = all_rows()

    paid = phone.answer("pack_parcel", **packed, seen_cash=40_000)
    unchanged = all_rows() == before
    with_new_label = phone.answer("pack_parcel", **packed, seen_cash=0)
    old_build = phone.answer("pack_parcel", **packed | {"label": "MNPA"})

    assert (old_sum["outcome"], old_sum["code"]) == ("refused", "cash_to_collect_changed")
    assert old_sum["details"]["expected"] == 40_000
    assert old_sum["message"] == "Số tiền cần thu đã khác với số in trên tem: dán tem mới."
    assert (paid["outcome"], paid["code"]) == ("refused", "cash_to_collect_changed")
    assert paid["details"]["expected"] == 0
    assert paid["message"] == "Khách đã chuyển khoản trước cho đơn này: dán tem mới, không thu tiền."
    assert unchanged
    assert (with_new_label["outcome"], old_build["outcome"]) == ("done", "done")
    parcels = Parcel.objects.order_by("pk").values_list("label_code", "cod_expected")
    assert list(parcels) == [("KQRT", 0), ("MNPA", 0)]
    check_everything()


def test_form_whose_answer_was_lost_and_its_repeat_by_phone_pack_one_parcel(seller) -> None:
    part, phone, key = accepted_part((make_variant(seller, on_hand=9), 5)), Phone(seller), str(uuid.uuid4())
    line = str(part.lines.get().pk)
    form = {"idempotency_key": key, f"taken-{line}": "on", f"quantity-{line}": "2"}
    phone.client.post(f"/xa-vien/goi/{part.pk}/kien/", form)
    before = Parcel.objects.get()

    repeated = phone.answer("pack_parcel", part=part.pk, quantities={line: 2}, label="KQRT", form_key=key)
    other = phone.answer("pack_parcel", part=part.pk, quantities={line: 1}, form_key=str(uuid.uuid4()))

    assert (repeated["outcome"], repeated["result"]) == ("done", {"parcel": before.pk})
    assert other["outcome"] == "done"
    quantities = ParcelLine.objects.order_by("parcel").values_list("quantity", flat=True)
    assert list(quantities) == [2, 1]
    check_everything()


def test_parcel_takes_the_lots_that_the_packer_chose(seller) -> None:
    ginger = make_variant(seller, on_hand=5)
    early, late, expired = (
        make_lot(ginger, 2, days=5),
        make_lot(ginger, 5, days=30),
        make_lot(ginger, 3, days=0),
    )
    expired.expires_on -= datetime.timedelta(1)
    expired.save()
    part = accepted_part((ginger, 6))
    line, phone = str(part.lines.get().pk), Phone(seller)
    (row,) = [row for row in phone.pull()["rows"] if row["kind"] == "part"]

    taken = phone.answer("pack_parcel", part=part.pk, quantities={line: 2}, lots={line: late.pk})
    none = phone.answer("pack_parcel", part=part.pk, quantities={line: 1}, lots={line: None})
    before = all_rows()
    old = {"part": part.pk, "quantities": {line: 1}, "lots": {line: expired.pk}}
    refused = phone.answer("pack_parcel", **old)

    assert row["lines"][0]["lot_picks"] == [[early.pk, 2], [late.pk, 4]]
    assert [lot["code"] for lot in row["lines"][0]["lot_choices"]] == [expired.code, early.code, late.code]
    assert (taken["outcome"], none["outcome"]) == ("done", "done")
    assert (refused["outcome"], refused["code"]) == ("refused", "expired_lot")
    assert all_rows() == before
    assert phone.answer("pack_parcel", **old, lot_reason="Khách đồng ý")["outcome"] == "done"
    lots = ParcelLine.objects.order_by("parcel").values_list("lot", "quantity")
    assert list(lots) == [(late.pk, 2), (None, 1), (expired.pk, 1)]
    assert (
        phone.answer("pack_parcel", part=part.pk, quantities={line: 1}, lots=[1])["code"] == "invalid_command"
    )


def test_parcel_packed_without_a_network_on_a_lots_last_day_keeps_the_lot(seller) -> None:
    ginger = make_variant(seller, on_hand=5)
    lot = make_lot(ginger, 3, days=0)
    lot.expires_on -= datetime.timedelta(1)
    lot.save()
    part = accepted_part((ginger, 2))
    line, phone = str(part.lines.get().pk), Phone(seller)
    packed = {"part": part.pk, "quantities": {line: 1}, "at": timezone.now() - datetime.timedelta(days=1)}

    chosen = phone.answer("pack_parcel", **packed, lots={line: lot.pk})
    suggested = phone.answer("pack_parcel", **packed)

    assert (chosen["outcome"], suggested["outcome"]) == ("done", "done")
    assert list(ParcelLine.objects.values_list("lot", "quantity")) == [(lot.pk, 1), (lot.pk, 1)]


def test_parcel_keeps_the_lots_that_the_phone_told_the_packer_to_take(seller) -> None:
    ginger = make_variant(seller, on_hand=0)
    first, second = make_lot(ginger, 2, days=5), make_lot(ginger, 9, days=30)
    part, new = accepted_part((ginger, 4)), make_order((ginger, 1)).parts.get()
    line, phone = str(part.lines.get().pk), Phone(seller)
    rows = {row["id"]: row["lines"][0] for row in phone.pull()["rows"] if row["kind"] == "part"}
    make_lot(ginger, 9, days=1)  # meanwhile, to be used before both
    packed = {"part": part.pk, "quantities": {line: 2}}

    phone.answer("pack_parcel", **packed, picks={line: [[first.pk, 1], [second.pk, 1]]})
    first.recalled_at = timezone.now()
    first.save()
    before = all_rows()
    recalled = phone.answer("pack_parcel", **packed, picks={line: [[first.pk, 1], [second.pk, 1]]})
    too_many = phone.answer("pack_parcel", **packed, picks={line: [[second.pk, 3]]})

    assert rows[part.pk]["lot_picks"] == [[first.pk, 2], [second.pk, 2]]
    assert rows[new.pk]["lot_picks"] == [[second.pk, 1]]
    assert rows[part.pk]["lot_choices"][0]["trace"] == lot_trace_address(first)
    assert list(ParcelLine.objects.values_list("lot", "quantity")) == [(first.pk, 1), (second.pk, 1)]
    assert (recalled["code"], too_many["code"]) == ("recalled_lot", "invalid_command")
    assert all_rows() == before
    (parcel,) = next(row["parcels"] for row in phone.pull()["rows"] if row["id"] == part.pk)
    assert [(lot["code"], lot["trace"]) for lot in parcel["lots"]] == [
        (lot.code, lot_trace_address(lot)) for lot in (first, second)
    ]


def test_missing_items_are_cut_from_the_order_once(seller) -> None:
    pillow, honey = make_variant(seller), make_variant(seller, name="Mật ong")
    part = accepted_part((pillow, 3), (honey, 2))
    first, second = part.lines.order_by("position")
    phone = Phone(seller)

    answer = phone.answer("report_shortage", part=part.pk, available={str(first.pk): 1, str(second.pk): 2})

    amount = -(-first.total_gross * 2 // 3)
    assert (answer["outcome"], answer["result"]) == ("done", {"amount": amount})
    assert Refund.objects.get().amount == amount
    declined = phone.answer("report_shortage", part=part.pk, available={str(second.pk): 0})
    assert (declined["outcome"], Refund.objects.count()) == ("done", 2)
    before = all_rows()
    nothing = phone.answer("report_shortage", part=part.pk, available={str(first.pk): 0})
    assert (nothing["outcome"], nothing["code"]) == ("refused", "no_lines_left_to_send")
    assert all_rows() == before


def test_shortage_of_a_line_whose_open_quantity_the_member_did_not_see_is_refused(seller) -> None:
    part = accepted_part((make_variant(seller), 5))
    line, phone = str(part.lines.get().pk), Phone(seller)
    before = all_rows()

    # The member packed 2 and saw 3 left; the parcel was refused.
    refused = phone.answer("report_shortage", part=part.pk, available={line: 1}, seen={line: 3})

    assert (refused["outcome"], refused["code"]) == ("refused", "open_quantity_changed")
    assert refused["row"] == {"kind": "part", "id": part.pk}
    assert all_rows() == before
    done = phone.answer("report_shortage", part=part.pk, available={line: 3}, seen={line: 5})
    assert done["outcome"] == "done"
    again = phone.answer("report_shortage", part=part.pk, available={line: 1}, seen={})
    assert again["code"] == "invalid_command"
    assert Refund.objects.get().amount == -(-part.lines.get().total_gross * 2 // 5)


def test_shortage_from_an_older_build_is_refused_after_a_refused_step_of_its_order(seller) -> None:
    pillow = make_variant(seller)
    part, other = accepted_part((pillow, 5)), accepted_part((pillow, 5))
    line, other_line, phone = str(part.lines.get().pk), str(other.lines.get().pk), Phone(seller)
    packed = phone.answer("pack_parcel", part=part.pk, quantities={line: 9})
    before = all_rows()

    refused = phone.answer("report_shortage", part=part.pk, available={line: 1})

    assert (packed["outcome"], refused["code"]) == ("refused", "open_quantity_changed")
    assert refused["message"] == "Hãy cập nhật ứng dụng rồi báo lại hàng thiếu của đơn này."
    assert refused["row"] == {"kind": "part", "id": part.pk}
    assert all_rows() == before
    assert phone.answer("report_shortage", part=other.pk, available={other_line: 1})["outcome"] == "done"
    seen = phone.answer("report_shortage", part=part.pk, available={line: 1}, seen={line: 5})
    assert seen["outcome"] == "done"


def test_refusal_says_who_was_first_and_when(seller) -> None:
    phone, other = Phone(seller), Phone(seller)
    other.user.first_name, other.user.last_name = "", "Lý Thị Mai"
    other.user.save()
    mai = Actor.person(other.user.pk, other.user.name, EntryPoint.MEMBERS)
    moment = datetime.datetime(2026, 11, 24, 3, 5, tzinfo=datetime.UTC)
    part = make_order((make_variant(seller), 2)).parts.get()
    accept_part(part_id=part.pk, actor=mai, now=moment)
    line = part.lines.get()
    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 2}, actor=mai, now=moment)
    close_parcel(parcel_id=parcel.pk, actor=Actor.system(), now=moment + datetime.timedelta(minutes=5))

    accepted = phone.answer("accept_part", part=part.pk)
    packed = phone.answer("pack_parcel", part=part.pk, quantities={str(line.pk): 2})
    cancel_part(part_id=part.pk, reason="hết hàng", actor=Actor.guest(), now=moment + datetime.timedelta(1))
    cancelled = phone.answer("close_parcel", parcel=parcel.pk)

    assert accepted["details"]["latest"] == [
        "Lý Thị Mai, 10:05 24/11: Nhận đơn",
        "Hệ thống, 10:10 24/11: Đã đóng gói",
    ]
    assert packed["details"]["latest"][0] == "Lý Thị Mai, 10:05 24/11: Bắt đầu đóng gói"
    assert cancelled["details"]["latest"][-1].startswith("Người mua, 10:05 25/11: ")


def test_refused_stock_command_says_who_changed_the_stock_last(seller) -> None:
    phone = Phone(seller, Role.LISTER)
    pillow = make_variant(seller, on_hand=4)
    other_place = make_warehouse(seller, make_channel(), name="Kho xa")
    warehouse = get_stock(pillow).warehouse_id
    count_stock(
        cooperative=seller,
        variant_id=pillow.pk,
        warehouse_id=warehouse,
        counted_quantity=3,
        actor=phone_actor(phone),
        now=datetime.datetime(2026, 11, 24, 3, 5, tzinfo=datetime.UTC),
    )
    other_place.closed_at = timezone.now()
    other_place.save()

    answer = phone.answer(
        "transfer_stock", variant=pillow.pk, warehouse=str(warehouse), to=str(other_place.pk), quantity=1
    )

    assert answer["outcome"] == "refused"
    assert answer["details"]["latest"] == [f"{phone.user.name}, 10:05 24/11: Kiểm kê kho"]
    assert Stock.objects.get(variant=pillow).on_hand == 3


def phone_actor(phone):
    return Actor.person(phone.user.pk, phone.user.name, EntryPoint.MEMBERS)


def test_order_is_declined_or_cancelled_with_a_reason_and_its_money_returned(seller) -> None:
    pillow, phone = make_variant(seller, on_hand=9), Phone(seller)
    new, accepted = make_order((pillow, 1)).parts.get(), accepted_part((pillow, 2))
    reason = "Hết hàng"

    answers = [
        phone.answer("cancel_part", part=part.pk, reason=reason, seen_state=state, seen_parcels=0)
        for part, state in ((new, "new"), (accepted, "accepted"))
    ]

    assert [answer["outcome"] for answer in answers] == ["done", "done"]
    states = OrderPart.objects.order_by("pk").values_list("state", "end_reason")
    assert list(states) == [("declined", reason), ("cancelled", reason)]
    assert (get_stock(pillow).on_hand, get_stock(pillow).allocated) == (9, 0)
    assert phone.pull()["rows"] == []
    check_everything()


def test_cancellation_asks_again_if_somebody_packed_meanwhile_and_never_after_the_handover(seller) -> None:
    phone, part = Phone(seller), accepted_part((make_variant(seller, on_hand=9), 2))
    other = {
        "actor": make_member(seller, email="b@example.com").as_actor(EntryPoint.MEMBERS),
        "now": timezone.now(),
    }
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **other)
    asked = {"part": part.pk, "reason": "Hết hàng", "seen_state": "accepted"}
    before = all_rows()

    packed = phone.answer("cancel_part", **asked, seen_parcels=0)
    unread = phone.answer("cancel_part", **asked | {"reason": " "}, seen_parcels=1)
    unchanged = all_rows() == before
    close_parcel(parcel_id=parcel.pk, **other)
    hand_over_parcel(parcel_id=parcel.pk, **other)
    left = phone.answer("cancel_part", **asked, seen_parcels=0)

    assert (packed["outcome"], packed["code"]) == ("refused", "part_changed_meanwhile")
    details = packed["details"]
    assert (details["state"], details["parcels"]) == ("accepted", 1)
    assert details["latest"][0].endswith("Bắt đầu đóng gói")
    assert (unread["code"], left["code"]) == ("reason_required", "part_already_handed_over")
    assert unchanged
    assert OrderPart.objects.get().state == "accepted"
    check_everything()


def test_cancellation_goes_on_once_the_member_has_seen_the_parcel(seller) -> None:
    phone, part = Phone(seller), accepted_part((make_variant(seller, on_hand=9), 2))
    pack_parcel(
        part_id=part.pk, quantities={part.lines.get().pk: 1}, actor=Actor.system(), now=timezone.now()
    )

    answer = phone.answer("cancel_part", part=part.pk, reason="Hết", seen_state="accepted", seen_parcels=1)

    assert answer["outcome"] == "done"
    assert (OrderPart.objects.get().state, Parcel.objects.get().state) == ("cancelled", "voided")
    check_everything()
