"""A cooperative's parts on the members' pages: who may do what, and what it does."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cooperatives.models import Role
from orders.actions.deliver import hand_over_parcel
from orders.actions.pack import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart, Parcel
from orders.states import CodState, ParcelState, PartState, Progress
from shop.core.actors import Actor
from shop.core.errors import Forbidden
from shop.core.states import WrongMove
from tests.factories import (
    make_channel,
    make_market_way,
    make_member,
    make_order,
    make_product,
    make_seller,
    make_variant,
    stock_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seller():
    return make_seller("HTX Thiên An")


@pytest.fixture
def packer(client: Client, seller):
    client.force_login(make_member(seller, Role.PACKER))
    return client


def new_part(seller, quantity: int = 2, **fields) -> OrderPart:
    return make_order((make_variant(seller, on_hand=10, **fields), quantity), now=timezone.now()).parts.get()


def accepted_part(seller, quantity: int = 2) -> OrderPart:
    part = new_part(seller, quantity)
    accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())
    part.refresh_from_db()
    return part


def parcel_of(part: OrderPart, quantity: int | None = None) -> Parcel:
    line = part.lines.get()
    return pack_parcel(
        part_id=part.pk,
        quantities={line.pk: quantity or line.quantity},
        actor=Actor.system(),
        now=timezone.now(),
    )


def closed_parcel(part: OrderPart) -> Parcel:
    return close_parcel(parcel_id=parcel_of(part).pk, actor=Actor.system(), now=timezone.now())


def handed_over_parcel(part: OrderPart) -> Parcel:
    return hand_over_parcel(parcel_id=closed_parcel(part).pk, actor=Actor.system(), now=timezone.now())


def picking(part: OrderPart, quantity: object = "", key: uuid.UUID | None = None) -> dict[str, object]:
    line = part.lines.get()
    return {"key": key or uuid.uuid4(), f"taken-{line.pk}": "on", f"quantity-{line.pk}": quantity}


def test_without_sign_in_the_door_shows_the_sign_in_page_and_leads_back(client):
    answer = client.get("/xa-vien/", follow=True)

    assert answer.redirect_chain == [("/tai-khoan/dang-nhap/?next=/xa-vien/", 302)]
    assert answer.status_code == 200


def test_a_change_without_sign_in_leads_back_to_todays_work(client, seller):
    part = new_part(seller)

    answer = client.post(f"/xa-vien/goi/{part.pk}/nhan/")

    assert answer.url == "/tai-khoan/dang-nhap/?next=/xa-vien/"
    part.refresh_from_db()
    assert part.state == PartState.NEW


def test_today_tells_how_long_there_is_to_accept_and_leads_to_the_first_new_part(packer, seller):
    part = new_part(seller)

    page = packer.get("/xa-vien/").content.decode()

    assert f"Đơn {part.order.code}" in page
    assert "Nhận 1 đơn mới" in page
    assert "Còn 23 giờ 59 phút để nhận" in page


def test_a_new_part_hides_who_the_buyer_is_until_it_is_accepted(packer, seller):
    part = new_part(seller)
    address = f"/xa-vien/goi/{part.pk}/"

    before = packer.get(address).content.decode()
    packer.post(f"{address}nhan/")
    after = packer.get(address).content.decode()

    assert "Nguyễn Thị Hoa" not in before
    assert "0987 654 321" not in before
    assert "Số 5, ngõ 12" not in before
    assert "Phường Nghĩa Đô, Hà Nội" in before
    assert "Nguyễn Thị Hoa" in after
    assert "0987 654 321" in after
    assert "Số 5, ngõ 12" in after


def test_a_part_that_was_called_off_hides_the_buyer_again(packer, seller):
    part = accepted_part(seller)

    packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "0"})
    page = packer.get(f"/xa-vien/goi/{part.pk}/").content.decode()

    assert "Nguyễn Thị Hoa" not in page
    assert "0987 654 321" not in page


def test_accepting_is_done_once_however_often_the_page_is_sent(packer, seller):
    part = new_part(seller)
    key = uuid.uuid4()

    first = packer.post(f"/xa-vien/goi/{part.pk}/nhan/", {"key": key}, follow=True)
    again = packer.post(f"/xa-vien/goi/{part.pk}/nhan/", {"key": key}, follow=True)

    part.refresh_from_db()
    assert part.state == PartState.ACCEPTED
    assert [str(each) for each in first.context["messages"]] == ["Nhận rồi. Giờ lấy hàng."]
    assert [str(each) for each in again.context["messages"]] == ["Nhận rồi. Giờ lấy hàng."]


def test_accepting_what_was_declined_meanwhile_says_so_and_changes_nothing(packer, seller):
    part = new_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(state=PartState.DECLINED)

    answer = packer.post(f"/xa-vien/goi/{part.pk}/nhan/", follow=True)

    part.refresh_from_db()
    assert part.state == PartState.DECLINED
    assert [str(each) for each in answer.context["messages"]] == [str(WrongMove.default_words)]


def test_declining_needs_a_reason(packer, seller):
    part = new_part(seller)

    answer = packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "", "words": " "})

    part.refresh_from_db()
    assert answer.status_code == 200
    assert "Chọn một lý do, hoặc ghi ra." in answer.content.decode()
    assert part.state == PartState.NEW


def test_declining_tells_the_reason_in_the_members_words_and_frees_the_goods(packer, seller):
    part = new_part(seller, quantity=3)

    packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "0", "words": "Mưa quá"})

    part.refresh_from_db()
    assert (part.state, part.end_reason) == (PartState.DECLINED, "Hết hàng. Mưa quá")
    assert stock_of(part.lines.get().variant).free == 10


def test_calling_an_accepted_part_off_cancels_it(packer, seller):
    part = accepted_part(seller)

    packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "other", "words": "Chuột cắn"})

    part.refresh_from_db()
    assert (part.state, part.end_reason) == (PartState.CANCELLED, "Chuột cắn")


def test_what_is_ticked_goes_into_a_parcel_once_however_often_it_is_sent(packer, seller):
    part = accepted_part(seller, quantity=3)
    sent = picking(part)

    packer.post(f"/xa-vien/goi/{part.pk}/kien/", sent)
    packer.post(f"/xa-vien/goi/{part.pk}/kien/", sent)

    parcel = part.parcels.get()
    assert parcel.state == ParcelState.PACKING
    assert [row.quantity for row in parcel.lines.all()] == [3]
    assert parcel.cod_expected == part.total_gross


def test_a_part_is_packed_into_two_parcels(packer, seller):
    part = accepted_part(seller, quantity=3)

    packer.post(f"/xa-vien/goi/{part.pk}/kien/", picking(part, 1))
    packer.post(f"/xa-vien/goi/{part.pk}/kien/", picking(part))

    packed = [sum(row.quantity for row in parcel.lines.all()) for parcel in part.parcels.order_by("number")]
    assert packed == [1, 2]
    assert sum(parcel.cod_expected for parcel in part.parcels.all()) == part.total_gross


@pytest.mark.parametrize("quantity", ["0", "-1", "4", "1.5", "nhiều", "99999999999999999999"])
def test_an_odd_quantity_is_refused_and_nothing_is_packed(packer, seller, quantity):
    part = accepted_part(seller, quantity=3)

    answer = packer.post(f"/xa-vien/goi/{part.pk}/kien/", picking(part, quantity))

    assert answer.status_code == 200
    assert 'class="errors' in answer.content.decode()
    assert part.parcels.count() == 0


def test_without_a_tick_nothing_is_packed(packer, seller):
    part = accepted_part(seller)

    answer = packer.post(f"/xa-vien/goi/{part.pk}/kien/", {"key": uuid.uuid4()})

    assert "Đánh dấu &quot;Lấy rồi&quot; ở món đã lấy." in answer.content.decode()
    assert part.parcels.count() == 0


def test_a_parcel_walks_from_the_label_to_the_buyer_and_its_cash_is_counted(packer, seller):
    part = accepted_part(seller, quantity=2)
    parcel = parcel_of(part)
    address = f"/xa-vien/kien/{parcel.pk}/"

    packer.post(f"{address}dong-goi/")
    packer.post(
        f"{address}ra-xe/",
        {f"handover-{parcel.pk}-carrier": "Viettel Post", f"handover-{parcel.pk}-tracking_number": "VTP123"},
    )
    packer.post(f"{address}da-giao/", {f"delivery-{parcel.pk}-cash": "yes"})

    parcel.refresh_from_db()
    part.refresh_from_db()
    assert (parcel.state, parcel.carrier, parcel.tracking_number) == ("delivered", "Viettel Post", "VTP123")
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, part.total_gross)
    assert part.progress == Progress.DELIVERED
    assert stock_of(part.lines.get().variant).on_hand == 8


def test_delivery_asks_about_the_cash(packer, seller):
    parcel = handed_over_parcel(accepted_part(seller))

    answer = packer.post(f"/xa-vien/kien/{parcel.pk}/da-giao/", {"key": uuid.uuid4()})

    parcel.refresh_from_db()
    assert "Cho biết đã thu tiền chưa." in answer.content.decode()
    assert parcel.state == ParcelState.HANDED_OVER


def test_cash_that_came_later_is_reported_apart(packer, seller):
    part = accepted_part(seller)
    parcel = handed_over_parcel(part)
    packer.post(f"/xa-vien/kien/{parcel.pk}/da-giao/", {f"delivery-{parcel.pk}-cash": "no"})
    parcel.refresh_from_db()
    assert parcel.cod_state == CodState.EXPECTED

    packer.post(f"/xa-vien/kien/{parcel.pk}/tien-mat/")

    parcel.refresh_from_db()
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, part.total_gross)


def test_a_failed_delivery_is_tried_once_more_without_moving_stock_again(packer, seller):
    part = accepted_part(seller, quantity=2)
    parcel = handed_over_parcel(part)

    packer.post(f"/xa-vien/kien/{parcel.pk}/chua-giao-duoc/", {"choice": "0"})
    parcel.refresh_from_db()
    failed = (parcel.state, parcel.reason)
    packer.post(f"/xa-vien/kien/{parcel.pk}/ra-xe/", {"key": uuid.uuid4()})

    parcel.refresh_from_db()
    assert failed == (ParcelState.FAILED_DELIVERY, "Khách không nghe máy.")
    assert parcel.state == ParcelState.HANDED_OVER
    assert stock_of(part.lines.get().variant).on_hand == 8


def test_a_parcel_undone_is_to_be_packed_again(packer, seller):
    part = accepted_part(seller, quantity=2)
    parcel = handed_over_parcel(part)

    packer.post(f"/xa-vien/kien/{parcel.pk}/huy/", {"choice": "2"})

    parcel.refresh_from_db()
    stock = stock_of(part.lines.get().variant)
    assert parcel.state == ParcelState.VOIDED
    assert (stock.on_hand, stock.allocated) == (10, 2)
    assert [each.pk for each in OrderPart.objects.to_pack()] == [part.pk]


def test_the_label_names_the_buyer_only_while_the_parcel_is_to_arrive(packer, seller):
    parcel = parcel_of(accepted_part(seller))

    page = packer.get(f"/xa-vien/kien/{parcel.pk}/tem/").content.decode()
    Parcel.objects.filter(pk=parcel.pk).update(state=ParcelState.DELIVERED)
    later = packer.get(f"/xa-vien/kien/{parcel.pk}/tem/")

    assert "Nguyễn Thị Hoa" in page
    assert "0987 654 321" in page
    assert f"{parcel.part.order.code}-1" in page
    assert later.status_code == 404


def test_collected_goods_need_no_carrier(packer, seller):
    way = make_market_way(seller, make_channel())
    part = accepted_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(way=way, way_kind="market_day", pickup_place="Chợ Phủ Thông")
    parcel = closed_parcel(part)

    page = packer.get(f"/xa-vien/goi/{part.pk}/").content.decode()

    assert "Chợ Phủ Thông" in page
    assert f"handover-{parcel.pk}-carrier" not in page


FOREIGN = ["", "tem/"]
CHANGES = ["dong-goi/", "ra-xe/", "da-giao/", "tien-mat/", "chua-giao-duoc/", "huy/"]


@pytest.mark.parametrize("noun", FOREIGN)
def test_another_cooperatives_parcel_is_as_if_missing(packer, noun):
    foreign = parcel_of(accepted_part(make_seller("HTX khác")))

    other = packer.get(f"/xa-vien/kien/{foreign.pk}/{noun}")
    missing = packer.get(f"/xa-vien/kien/999999/{noun}")

    assert (other.status_code, missing.status_code) == (404, 404)


@pytest.mark.parametrize("noun", CHANGES)
def test_another_cooperatives_parcel_does_not_move(packer, noun):
    foreign = parcel_of(accepted_part(make_seller("HTX khác")))

    answer = packer.post(f"/xa-vien/kien/{foreign.pk}/{noun}", {"choice": "0"})

    foreign.refresh_from_db()
    assert answer.status_code == 404
    assert foreign.state == ParcelState.PACKING


@pytest.mark.parametrize("noun", ["", "nhan/", "tu-choi/", "kien/"])
def test_another_cooperatives_part_is_as_if_missing(packer, noun):
    foreign = new_part(make_seller("HTX khác"))
    send = packer.post if noun else packer.get

    other = send(f"/xa-vien/goi/{foreign.pk}/{noun}")
    missing = send(f"/xa-vien/goi/999999/{noun}")

    foreign.refresh_from_db()
    assert (other.status_code, missing.status_code) == (404, 404)
    assert foreign.state == PartState.NEW


@pytest.mark.parametrize("role", [Role.LISTER, Role.CASHIER, Role.BOOKKEEPER])
def test_who_does_not_pack_is_told_so_and_changes_nothing(client, seller, role):
    client.force_login(make_member(seller, role))
    part = new_part(seller)

    pages = [client.get("/xa-vien/goi/"), client.get(f"/xa-vien/goi/{part.pk}/")]
    pages.append(client.post(f"/xa-vien/goi/{part.pk}/nhan/"))

    part.refresh_from_db()
    assert [page.status_code for page in pages] == [403, 403, 403]
    assert str(Forbidden.default_words) in pages[0].content.decode()
    assert part.state == PartState.NEW
    assert client.get("/xa-vien/").status_code == 200


def test_two_cooperatives_see_only_their_own_part(client):
    first, second = make_seller("HTX Một"), make_seller("HTX Hai")
    order = make_order(
        (make_variant(first, name="Gối"), 1), (make_variant(second, name="Bí xanh"), 1), now=timezone.now()
    )
    client.force_login(make_member(first))

    page = client.get(f"/xa-vien/goi/{order.parts.get(cooperative=first).pk}/").content.decode()

    assert "Gối" in page
    assert "Bí xanh" not in page


def test_lists_show_each_part_at_its_stage(packer, seller):
    new, to_pack = new_part(seller), accepted_part(seller)
    to_send, on_the_way = accepted_part(seller), accepted_part(seller)
    closed_parcel(to_send)
    handed_over_parcel(on_the_way)

    def listed(stage: str) -> list[int]:
        return [task.part.pk for task in packer.get(f"/xa-vien/goi/?viec={stage}").context["tasks"]]

    assert listed("nhan") == [new.pk]
    assert listed("dong") == [to_pack.pk]
    assert listed("gui") == [to_send.pk]
    assert listed("duong") == [on_the_way.pk]
    assert listed("xong") == []


@pytest.mark.parametrize("address", ["/xa-vien/", "/xa-vien/goi/?viec=dong", "/xa-vien/goi/?viec=nhan"])
def test_lists_cost_the_same_however_many_parts_there_are(packer, seller, address):
    variant = make_variant(seller, on_hand=100)

    def place(count: int) -> None:
        for number in range(count):
            part = make_order((variant, 1), now=timezone.now()).parts.get()
            if number % 2:
                accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())

    place(2)
    packer.get(address)
    with CaptureQueriesContext(connection) as few:
        packer.get(address)
    place(8)

    with CaptureQueriesContext(connection) as many:
        packer.get(address)

    assert len(many) == len(few)
    assert len(few) <= 20


def test_a_parts_page_costs_the_same_however_many_lines_it_has(packer, seller):
    variants = [make_variant(seller, name=f"Hàng {number}") for number in range(6)]
    small = make_order((variants[0], 1), now=timezone.now()).parts.get()
    large = make_order(*[(variant, 1) for variant in variants], now=timezone.now()).parts.get()
    for part in (small, large):
        accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())
    packer.get(f"/xa-vien/goi/{small.pk}/")

    with CaptureQueriesContext(connection) as few:
        packer.get(f"/xa-vien/goi/{small.pk}/")
    with CaptureQueriesContext(connection) as many:
        packer.get(f"/xa-vien/goi/{large.pk}/")

    assert len(many) == len(few)


def test_a_part_whose_time_is_nearly_up_is_marked_pressing(packer, seller):
    part = new_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(
        accept_by=timezone.now() + timedelta(hours=2, minutes=10, seconds=30)
    )

    page = packer.get("/xa-vien/").content.decode()

    assert "Còn 2 giờ 10 phút để nhận" in page
    assert 'class="task urgent"' in page


def test_a_task_names_what_is_in_the_part(packer, seller):
    product = make_product(seller, name="Khăn thổ cẩm")
    part = make_order((product.variants.get(), 1), now=timezone.now()).parts.get()

    page = packer.get("/xa-vien/goi/?viec=nhan").content.decode()

    assert "1 chiếc Khăn thổ cẩm" in page
    assert part.order.code in page
