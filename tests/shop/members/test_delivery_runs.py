"""Delivery runs: parcels by commune for a driver without an account, whose link ends with the run."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.actions.stock.lots import LotDetails, receive_lot
from cooperatives.models import Role
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.delivery_runs import (
    ParcelNotForRun,
    RecalledLotOnTheWay,
    RunEnded,
    RunNotReopenable,
    create_run,
    deliver_run_parcel,
    driver_link_token,
    end_run,
    record_failed_delivery_of_run,
    reopen_run,
)
from orders.actions.fulfilment.recalls import start_recall
from orders.actions.fulfilment.run_parcels import ParcelInRun
from orders.actions.fulfilment.undo_run_reports import (
    DeliveryNotUndoable,
    find_undoable_reports,
    undo_run_report,
)
from orders.actions.fulfilment.undo_steps import UNDO_PERIOD, ParcelStep
from orders.models import DeliveryRun, OrderLine, Parcel, RunParcel
from orders.states import CashHolder, CodState, ParcelState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from shop.core.texts.formatting import format_money, format_weight
from tests.factories import fixed_now, get_stock, make_member, make_seller, make_variant
from tests.markup import html_of
from tests.refusals import all_rows, assert_refused
from tests.shop.members.part_factories import closed_parcel, handed_over_parcel
from tests.shop.members.test_bulk_packing import accepted_order

pytestmark = [pytest.mark.django_db, pytest.mark.both]

RUNS = "/xa-vien/chuyen/"
DRIVER = {"driver_name": "Hoàng Văn Tài", "driver_phone": "0912345678", "vehicle": "97B-012.34"}


def packed_parcel(seller, **fields) -> Parcel:
    return closed_parcel(accepted_order((make_variant(seller, on_hand=10), 1)))


def run_of(seller, *parcels: Parcel) -> DeliveryRun:
    return create_run(
        cooperative=seller,
        parcel_ids=[parcel.pk for parcel in parcels],
        name="Xã Phủ Thông",
        driver_name="Hoàng Văn Tài",
        actor=Actor.system(),
        now=fixed_now(),
    )


def address_of(run: DeliveryRun) -> str:
    return f"/xa-vien/chuyen-di/{driver_link_token(run)}/"


def test_run_takes_chosen_parcels_hands_them_over_and_its_driver_delivers(packer, seller, client) -> None:
    chosen, other = packed_parcel(seller), packed_parcel(seller)
    fields = {**DRIVER, "parcel": chosen.pk, "idempotency_key": uuid.uuid4()}

    for _sent in range(2):
        response = packer.post(RUNS, fields)

    run = DeliveryRun.objects.get()
    assert response["Location"] == f"{RUNS}{run.pk}/"
    assert list(run.run_parcels.values_list("parcel", flat=True)) == [chosen.pk]
    assert (
        run.name
        == f"{chosen.part.order.shipping_address.city}, {chosen.part.order.shipping_address.country_area}"
    )
    packer.post(f"{RUNS}{run.pk}/ra-xe/", {"idempotency_key": uuid.uuid4()})
    chosen.refresh_from_db()
    assert (chosen.state, chosen.vehicle, chosen.driver_phone) == (
        ParcelState.HANDED_OVER,
        "97B-012.34",
        "+84912345678",
    )
    assert (chosen.cod_state, chosen.cod_holder) == (CodState.EXPECTED, CashHolder.COOPERATIVE)
    driver = Client()
    page = html_of(driver.get(address_of(run)))
    assert chosen.part.order.buyer_name in page
    assert other.part.order.code not in page
    cash = chosen.cod_expected
    key = {"idempotency_key": uuid.uuid4(), f"delivery-{chosen.pk}-cash": "yes"}
    for _sent in range(2):
        driver.post(f"{address_of(run)}{chosen.pk}/da-giao/", key)
    chosen.refresh_from_db()
    assert (chosen.state, chosen.cod_state, chosen.cod_collected) == (
        ParcelState.DELIVERED,
        CodState.COLLECTED,
        cash,
    )
    change = Change.objects.get(action="parcel.delivered")
    assert (change.actor_kind, change.actor_name) == ("guest", "Hoàng Văn Tài")
    assert chosen.part.order.buyer_name not in html_of(driver.get(address_of(run)))


def test_parcel_of_a_run_reaches_a_carrier_only_by_leaving_the_run(packer, seller) -> None:
    parcel, stays = packed_parcel(seller), packed_parcel(seller)
    run = run_of(seller, parcel, stays)
    address, prefix = f"/xa-vien/kien/{parcel.pk}/ra-xe/", f"handover-{parcel.pk}"
    key = {"idempotency_key": uuid.uuid4()}
    fields = {f"{prefix}-carrier": "Bưu điện", f"{prefix}-collector": "carrier"} | key
    page = html_of(packer.get(f"/xa-vien/goi/{parcel.part_id}/"))
    before = all_rows()
    refused = html_of(packer.post(address, fields))
    after = all_rows()
    with assert_refused(ParcelInRun, "parcel_in_run") as refusal:
        hand_over_parcel(
            parcel_id=parcel.pk,
            dispatch=DispatchDetails(carrier="Bưu điện"),
            actor=Actor.system(),
            now=fixed_now(),
        )

    packer.post(address, fields | {f"{prefix}-should_leave_run": "on"})

    parcel.refresh_from_db()
    assert f'href="{RUNS}{run.pk}/"' in page
    assert 'value="Bưu điện"' not in page
    assert "Kiện này đang trong chuyến của lái xe." in refused
    assert before == after
    assert refusal.value.details == {"driver": "Hoàng Văn Tài"}
    assert (parcel.carrier, parcel.cod_holder) == ("Bưu điện", CashHolder.CARRIER)
    assert list(run.run_parcels.values_list("parcel", flat=True)) == [stays.pk]
    code = f"{parcel.part.order.code}-{parcel.label_code}"
    assert code not in html_of(Client().get(address_of(run)))
    assert "Hoàng Văn Tài" not in html_of(packer.get(f"/xa-vien/goi/{parcel.part_id}/"))
    removed = Change.objects.get(action="run.parcel_removed")
    assert (removed.key, removed.data) == (str(run.pk), {"number": code})


def test_choice_of_parcels_names_goods_weight_and_cash(packer, seller) -> None:
    parcel = packed_parcel(seller)
    line = parcel.lines.get()
    OrderLine.objects.update(grams=1500)

    page = html_of(packer.get(RUNS))

    assert line.contents_label in page
    assert format_weight(1500) in page
    assert format_money(parcel.cod_expected) in page


def test_driver_reads_what_was_delivered_and_may_undo_it_for_ten_minutes(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, driver = DeliveryRun.objects.get(), Client()
    undo = f"{address_of(run)}{parcel.pk}/hoan-tac/"
    code, cash = f"{parcel.part.order.code}-{parcel.label_code}", format_money(parcel.cod_expected)
    fields = {f"delivery-{parcel.pk}-cash": "yes"}
    on_the_way = html_of(driver.get(address_of(run)))

    delivered = driver.post(
        f"{address_of(run)}{parcel.pk}/da-giao/", fields | {"idempotency_key": uuid.uuid4()}, follow=True
    )
    at_the_cooperative = html_of(packer.get(f"/xa-vien/goi/{parcel.part_id}/"))
    undone = driver.post(undo, {"idempotency_key": uuid.uuid4()}, follow=True)

    parcel.refresh_from_db()
    assert f"{code} đã giao, đã thu {cash}." in html_of(delivered)
    assert f'action="{undo}"' in html_of(delivered)
    assert "Hoàn tác giao hàng (đến " in at_the_cooperative
    assert f"{code}: đã hoàn tác." in html_of(undone)
    assert (parcel.state, parcel.cod_state, parcel.cod_collected) == (
        ParcelState.HANDED_OVER,
        CodState.EXPECTED,
        0,
    )
    assert "Còn phải thu" in on_the_way
    assert "Bạn đang giữ" in on_the_way
    assert "Đã bàn giao" not in on_the_way
    assert "https://www.google.com/maps/search/?api=1&amp;query=" in on_the_way
    driver.post(f"{address_of(run)}{parcel.pk}/da-giao/", fields | {"idempotency_key": uuid.uuid4()})
    Parcel.objects.update(delivered_at=timezone.now() - UNDO_PERIOD - timedelta(seconds=1))
    before = all_rows()
    late = driver.post(undo, {"idempotency_key": uuid.uuid4()}, follow=True)
    assert "Chỉ hoàn tác được lần báo của bạn trong mười phút." in html_of(late)
    assert undo not in html_of(late)
    assert all_rows() == before


def test_driver_and_cooperative_read_how_much_cash_is_short(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, prefix = DeliveryRun.objects.get(), f"delivery-{parcel.pk}"
    taken, missing = format_money(parcel.cod_expected - 30_000), format_money(30_000)

    delivered = Client().post(
        f"{address_of(run)}{parcel.pk}/da-giao/",
        {
            f"{prefix}-cash": "less",
            f"{prefix}-amount": str(parcel.cod_expected - 30_000),
            f"{prefix}-reason": "khách thiếu tiền",
            "idempotency_key": uuid.uuid4(),
        },
        follow=True,
    )

    code = f"{parcel.part.order.code}-{parcel.label_code}"
    assert f"{code} đã giao, đã thu {taken}, thiếu {missing}." in html_of(delivered)
    for page in (delivered, packer.get(f"{RUNS}{run.pk}/"), packer.get(f"/xa-vien/goi/{parcel.part_id}/")):
        tag = re.search(r"tag wait(.+?)</span>", html_of(page), re.DOTALL)
        assert " ".join(f"đã thu {taken}, thiếu {missing}".split()) in " ".join(tag[1].split())


def test_drivers_number_is_shown_with_the_parcels_until_the_run_ends(packer, seller) -> None:
    parcel = packed_parcel(seller)
    driver = DRIVER | {"driver_phone": "0971112223"}
    packer.post(RUNS, {**driver, "parcel": parcel.pk, "idempotency_key": uuid.uuid4()})
    run = DeliveryRun.objects.get()
    packer.post(f"{RUNS}{run.pk}/ra-xe/", {"idempotency_key": uuid.uuid4()})
    pages = (f"{RUNS}{run.pk}/", f"/xa-vien/goi/{parcel.part_id}/")
    whose = {"run_id": run.pk, "cooperative": seller, "actor": Actor.system(), "now": timezone.now()}

    def shown() -> list[bool]:
        buyer = html_of(Client().get(f"/don-hang/{parcel.part.order_id}/"))
        return ["+84971112223" in page for page in (*(html_of(packer.get(path)) for path in pages), buyer)]

    assert shown() == [True, True, True]
    end_run(**whose)
    assert shown() == [False, False, False]
    reopen_run(**whose)
    assert shown() == [True, True, True]


def test_driver_may_not_undo_what_the_cooperative_recorded(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    packer.post(
        f"/xa-vien/kien/{parcel.pk}/da-giao/",
        {f"delivery-{parcel.pk}-cash": "yes", "idempotency_key": uuid.uuid4()},
    )
    parcel.refresh_from_db()
    assert parcel.state == ParcelState.DELIVERED

    with assert_refused(DeliveryNotUndoable, "delivery_not_undoable"):
        undo_run_report(run_id=DeliveryRun.objects.get().pk, parcel_id=parcel.pk, now=timezone.now())


def test_driver_takes_back_that_a_parcel_was_not_delivered(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, driver = DeliveryRun.objects.get(), Client()
    failed = f"{address_of(run)}{parcel.pk}/chua-giao-duoc/"
    key = {"idempotency_key": uuid.uuid4()}
    driver.post(failed, {"idempotency_key": uuid.uuid4(), "choice": "0"})

    page = html_of(driver.get(address_of(run)))
    for _sent in range(2):
        undone = driver.post(f"{failed}hoan-tac/", key, follow=True)

    parcel.refresh_from_db()
    assert f'action="{failed}hoan-tac/"' in page
    assert "Hoàn tác báo chưa giao được (đến " in " ".join(page.split())
    assert "đã hoàn tác." in html_of(undone)
    assert f'action="{address_of(run)}{parcel.pk}/da-giao/"' in html_of(undone)
    assert (parcel.state, parcel.failed_at, parcel.failure_reason) == (ParcelState.HANDED_OVER, None, "")
    assert Change.objects.filter(action="parcel.failure_undone").count() == 1
    driver.post(failed, {"idempotency_key": uuid.uuid4(), "choice": "0"})
    Parcel.objects.update(failed_at=timezone.now() - UNDO_PERIOD - timedelta(seconds=1))
    late = driver.post(f"{failed}hoan-tac/", {"idempotency_key": uuid.uuid4()}, follow=True)
    assert "Chỉ hoàn tác được lần báo của bạn trong mười phút." in html_of(late)
    assert Parcel.objects.get().state == ParcelState.FAILED_DELIVERY


def test_failure_stays_once_the_next_driver_has_the_parcel(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, now = DeliveryRun.objects.get(), timezone.now()
    record_failed_delivery_of_run(run_id=run.pk, parcel_id=parcel.pk, reason="vắng nhà", now=now)
    end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=now)
    packer.post(RUNS, {**DRIVER, "parcel": parcel.pk, "idempotency_key": uuid.uuid4()})

    response = packer.post(f"/xa-vien/kien/{parcel.pk}/hoan-tac/failure/", follow=True)

    assert "Kiện này đã vào chuyến giao sau, nên không hoàn tác được nữa." in html_of(response)
    assert Parcel.objects.get().state == ParcelState.FAILED_DELIVERY


def test_driver_may_not_undo_the_cash_that_the_cooperative_recorded(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, now = DeliveryRun.objects.get(), timezone.now()
    deliver_run_parcel(run_id=run.pk, parcel_id=parcel.pk, is_cash_collected=False, now=now)
    undoable = find_undoable_reports(run, Parcel.objects.all(), now)
    assert undoable == {parcel.pk: (ParcelStep.DELIVERY, now + UNDO_PERIOD)}
    report_collected_cash(parcel_id=parcel.pk, actor=Actor.system(), now=now + timedelta(minutes=1))

    with assert_refused(DeliveryNotUndoable, "delivery_not_undoable"):
        undo_run_report(run_id=run.pk, parcel_id=parcel.pk, now=now + timedelta(minutes=2))
    parcel.refresh_from_db()
    assert (parcel.state, parcel.cod_state) == (ParcelState.DELIVERED, CodState.COLLECTED)


def test_parcel_of_a_run_names_its_driver_and_no_carrier(packer, seller) -> None:
    parcel = packed_parcel(seller)
    Parcel.objects.update(carrier="Bưu điện")
    packer.post(RUNS, {**DRIVER, "parcel": parcel.pk, "idempotency_key": uuid.uuid4()})
    run = DeliveryRun.objects.get()
    packer.post(f"{RUNS}{run.pk}/ra-xe/", {"idempotency_key": uuid.uuid4()})

    page = html_of(packer.get(f"/xa-vien/goi/{parcel.part_id}/"))
    run_page = html_of(packer.get(f"{RUNS}{run.pk}/"))
    packer.force_login(make_member(seller, Role.MANAGER))
    log = html_of(packer.get("/xa-vien/nhat-ky/"))

    parcel.refresh_from_db()
    assert parcel.carrier == ""
    assert "Hoàng Văn Tài" in page
    assert "Bưu điện" not in page
    assert parcel.part.order.buyer_name in run_page
    assert format_money(parcel.cod_expected) in run_page
    assert "Đã bàn giao" in log
    assert "đơn vị vận chuyển" not in log
    assert "Số kiện: 1" in log


def test_failed_delivery_has_a_reason_and_joins_the_next_run_after_the_first_ended(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, driver = DeliveryRun.objects.get(), Client()
    address = f"{address_of(run)}{parcel.pk}/chua-giao-duoc/"

    without_reason = driver.post(address, {"idempotency_key": uuid.uuid4()})
    driver.post(address, {"idempotency_key": uuid.uuid4(), "choice": "0"})

    parcel.refresh_from_db()
    assert "Chọn hoặc nhập lý do" in html_of(without_reason)
    assert (parcel.state, parcel.failure_reason) == (
        ParcelState.FAILED_DELIVERY,
        "The buyer did not answer the phone.",
    )
    with assert_refused(ParcelNotForRun, "parcel_not_for_run"):
        run_of(seller, parcel)
    packer.post(f"{RUNS}{run.pk}/ket-thuc/", {"reviewed": "1"})
    assert list(run_of(seller, parcel).run_parcels.values_list("parcel", flat=True)) == [parcel.pk]
    assert driver.get(address_of(run)).status_code == 410


def handed_over_parcel_in_run(packer, seller) -> Parcel:
    parcel = packed_parcel(seller)
    packer.post(RUNS, {**DRIVER, "parcel": parcel.pk, "idempotency_key": uuid.uuid4()})
    packer.post(f"{RUNS}{DeliveryRun.objects.get().pk}/ra-xe/", {"idempotency_key": uuid.uuid4()})
    return parcel


def test_end_of_a_run_with_undelivered_parcels_is_reviewed_and_the_run_can_be_reopened(
    packer, seller
) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, driver = DeliveryRun.objects.get(), Client()
    end, cash = f"{RUNS}{run.pk}/ket-thuc/", format_money(parcel.cod_expected)
    before = all_rows()

    reviews = [html_of(packer.get(end)), html_of(packer.post(end))]

    assert all_rows() == before
    assert all("Còn 1 kiện chưa giao." in page and f"Còn {cash} chưa thu." in page for page in reviews)
    assert driver.get(address_of(run)).status_code == 200
    ended = html_of(packer.post(end, {"reviewed": "1"}, follow=True))
    assert driver.get(address_of(run)).status_code == 410
    assert "Mở lại chuyến" in ended
    reopened = html_of(packer.post(f"{RUNS}{run.pk}/mo-lai/", follow=True))
    assert "Liên kết của lái xe dùng được trở lại." in reopened
    assert parcel.part.order.buyer_name in html_of(driver.get(address_of(run)))
    assert Change.objects.get(action="run.reopened").data == {"count": 1}
    driver.post(
        f"{address_of(run)}{parcel.pk}/da-giao/",
        {"idempotency_key": uuid.uuid4(), f"delivery-{parcel.pk}-cash": "yes"},
    )
    packer.post(end)
    run.refresh_from_db()
    assert run.ended_at is not None


def test_run_reopens_for_a_day_and_without_the_parcels_of_another_run_or_carrier(seller) -> None:
    kept, taken, passed, carried = (packed_parcel(seller) for _parcel in range(4))
    stranger, now, system = make_seller("HTX khác"), fixed_now(), Actor.system()
    run = run_of(seller, kept, taken, passed, carried)
    whose = {"run_id": run.pk, "cooperative": seller, "actor": system}
    with assert_refused(RunNotReopenable, "run_not_reopenable"):  # it is open
        reopen_run(**whose, now=now)
    end_run(**whose, now=now)
    with assert_refused(Missing, "missing"):
        reopen_run(run_id=run.pk, cooperative=stranger, actor=system, now=now)
    other, over = run_of(seller, taken), run_of(seller, passed)
    end_run(run_id=over.pk, cooperative=seller, actor=system, now=now)
    post = DispatchDetails(carrier="Bưu điện")
    hand_over_parcel(parcel_id=carried.pk, dispatch=post, actor=system, now=now)

    with assert_refused(RunNotReopenable, "run_not_reopenable"):
        reopen_run(**whose, now=now + timedelta(days=1, seconds=1))
    reopen_run(**whose, now=now + timedelta(days=1))

    assert list(RunParcel.objects.open().order_by("run", "pk").values_list("run", "parcel")) == [
        (run.pk, kept.pk),
        (other.pk, taken.pk),
    ]
    for parcel in (taken, passed, carried):
        with assert_refused(Missing, "missing"):
            record_failed_delivery_of_run(run_id=run.pk, parcel_id=parcel.pk, reason="Vắng nhà", now=now)
    rows = Client().get(f"{address_of(run)}dong-bo/").json()["parcels"]
    assert [row["id"] for row in rows] == [kept.pk]
    end_run(**whose, now=now)
    run_of(seller, kept)
    with assert_refused(RunNotReopenable, "run_not_reopenable"):  # other runs carry all its parcels
        reopen_run(**whose, now=now)


def test_ended_run_and_forged_link_show_nothing_and_record_nothing(packer, seller) -> None:
    parcel = handed_over_parcel_in_run(packer, seller)
    run, driver = DeliveryRun.objects.get(), Client()
    end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=fixed_now())
    ended, forged = address_of(run), address_of(run).replace(f"/{run.pk}.", f"/{run.pk + 1}.")
    before = all_rows()

    for address in (ended, forged, "/xa-vien/chuyen-di/x/"):
        responses = [
            driver.get(address),
            driver.post(f"{address}{parcel.pk}/da-giao/", {f"delivery-{parcel.pk}-cash": "yes"}),
            driver.post(f"{address}{parcel.pk}/chua-giao-duoc/", {"choice": "0"}),
        ]
        assert [response.status_code for response in responses] == [410] * 3
        assert all(parcel.part.order.buyer_name not in html_of(response) for response in responses)

    assert all_rows() == before
    for action, values in (
        (deliver_run_parcel, {"is_cash_collected": True}),
        (record_failed_delivery_of_run, {"reason": "Vắng nhà"}),
    ):
        with assert_refused(RunEnded, "run_ended"):
            action(run_id=run.pk, parcel_id=parcel.pk, now=fixed_now(), **values)


def test_driver_reaches_parcels_of_the_own_run_only(packer, seller) -> None:
    handed_over_parcel_in_run(packer, seller)
    other = handed_over_parcel(accepted_order((make_variant(seller), 1)))
    foreign = closed_parcel(accepted_order((make_variant(make_seller("HTX khác")), 1)))
    before = all_rows()

    delivery = Client().post(
        f"{address_of(DeliveryRun.objects.get())}{other.pk}/da-giao/", {f"delivery-{other.pk}-cash": "yes"}
    )
    creation = packer.post(RUNS, {**DRIVER, "parcel": foreign.pk, "idempotency_key": uuid.uuid4()})

    assert (delivery.status_code, creation.status_code) == (404, 404)
    assert all_rows() == before


def test_lot_recalled_on_the_way_is_not_delivered_and_can_be_brought_back(packer, seller) -> None:
    variant = make_variant(seller, on_hand=0)
    lot = receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=5,
        details=LotDetails(expires_on=timezone.localdate() + timedelta(days=30)),
        actor=Actor.system(),
        now=fixed_now(),
    )
    parcel = closed_parcel(accepted_order((variant, 1)))
    run = run_of(seller, parcel)
    packer.post(f"{RUNS}{run.pk}/ra-xe/", {"idempotency_key": uuid.uuid4()})
    texts = {"reason": "Có mốc", "advice": "Không ăn"}
    start_recall(lot_id=lot.pk, **texts, actor=Actor.system(), now=timezone.now())

    page = html_of(Client().get(address_of(run)))

    assert "Kiện này có lô bị thu hồi. Không giao, mang về." in page
    assert lot.code in page
    assert "da-giao" not in page
    with assert_refused(RecalledLotOnTheWay, "recalled_lot_on_the_way") as refusal:
        deliver_run_parcel(run_id=run.pk, parcel_id=parcel.pk, is_cash_collected=True, now=timezone.now())
    assert refusal.value.details == {"lots": [lot.code]}
    record_failed_delivery_of_run(
        run_id=run.pk, parcel_id=parcel.pk, reason="Lô bị thu hồi", now=timezone.now()
    )
    assert Parcel.objects.get(pk=parcel.pk).state == ParcelState.FAILED_DELIVERY


def test_lot_recalled_before_leaving_stays_behind_and_the_others_go(packer, seller) -> None:
    variant = make_variant(seller, on_hand=0)
    lot = receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=5,
        details=LotDetails(),
        actor=Actor.system(),
        now=fixed_now(),
    )
    recalled, good = closed_parcel(accepted_order((variant, 1))), packed_parcel(seller)
    run = run_of(seller, recalled, good)
    start_recall(lot_id=lot.pk, reason="Có mốc", advice="Bỏ", actor=Actor.system(), now=timezone.now())

    response = packer.post(f"{RUNS}{run.pk}/ra-xe/", {"idempotency_key": uuid.uuid4()}, follow=True)

    states = dict(Parcel.objects.values_list("pk", "state"))
    assert states == {recalled.pk: ParcelState.PACKED, good.pk: ParcelState.HANDED_OVER}
    messages = [str(message) for message in response.context["messages"]]
    assert messages[0].startswith(f"{recalled.part.order.code}-{recalled.label_code}: ")
    assert messages[1] == "Đã giao 1 kiện cho lái xe."


def test_driver_pages_queries_do_not_grow_with_parcels(packer, seller) -> None:
    few = run_of(seller, packed_parcel(seller))
    many = run_of(seller, *(packed_parcel(seller) for _number in range(4)))
    driver = Client()
    counts = {}
    for name, run in (("few", few), ("many", many)):
        for client, address in ((driver, address_of(run)), (packer, f"{RUNS}{run.pk}/")):
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            counts.setdefault(name, []).append(len(queries))

    assert counts["few"] == counts["many"]


@pytest.mark.parametrize("role", [Role.LISTER, Role.CASHIER, Role.BOOKKEEPER])
def test_roles_that_do_not_pack_make_no_runs(client, seller, role) -> None:
    parcel = packed_parcel(seller)
    client.force_login(make_member(seller, role))

    responses = [client.get(RUNS), client.post(RUNS, {**DRIVER, "parcel": parcel.pk})]

    assert [response.status_code for response in responses] == [403] * 2
    assert RunParcel.objects.count() == 0


def test_empty_choice_is_named_and_a_commune_can_be_chosen_whole(packer, seller) -> None:
    parcels = [packed_parcel(seller) for _number in range(2)]
    address = parcels[0].part.order.shipping_address

    empty = packer.post(RUNS, {**DRIVER, "idempotency_key": uuid.uuid4()})
    whole = html_of(packer.get(RUNS, {"xa": f"{address.city}, {address.country_area}"}))

    assert "Chọn ít nhất một kiện." in html_of(empty)
    assert len(re.findall(r"value=\"\d+\"\s+checked", whole)) == 2
    assert DeliveryRun.objects.count() == 0
