"""Order parts on the members' pages: permissions and the effect of each action."""

from __future__ import annotations

import re
import uuid
from datetime import time, timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from catalog.models import Unit, Variant
from cooperatives.models import Role
from orders.actions.fulfilment.cancel_parts import PartChangedMeanwhile
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.placement.place_order import place_order
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import CostBearer, Order, OrderLine, OrderPart, Payment
from orders.states import PartState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Forbidden
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from shop.core.texts.formatting import format_money
from tests.factories import (
    NOW,
    carrier_deliveries,
    fixed_now,
    get_stock,
    make_basket,
    make_contact,
    make_member,
    make_order,
    make_product,
    make_seller,
    make_variant,
    make_voucher,
)
from tests.markup import html_of
from tests.shop.members.part_factories import (
    accepted_part,
    closed_parcel,
    handed_over_parcel,
    new_part,
    parcel_of,
)

pytestmark = pytest.mark.django_db


def test_anonymous_visitor_is_sent_to_sign_in_and_back(client) -> None:
    response = client.get("/xa-vien/", follow=True)

    assert response.redirect_chain == [("/tai-khoan/dang-nhap/?next=/xa-vien/", 302)]
    assert response.status_code == 200


def test_anonymous_post_is_sent_to_sign_in_and_to_the_members_home(client, seller) -> None:
    part = new_part(seller)

    response = client.post(f"/xa-vien/goi/{part.pk}/nhan/")

    assert response.url == "/tai-khoan/dang-nhap/?next=/xa-vien/"
    part.refresh_from_db()
    assert part.state == PartState.NEW


def test_home_shows_the_time_left_and_links_to_the_first_new_part(packer, seller) -> None:
    part = make_order((make_variant(seller), 2), now=timezone.now()).parts.get()

    page = html_of(packer.get("/xa-vien/"))

    assert f"Đơn {part.order.code}" in page
    assert "Xem 1 đơn mới" in page
    assert "Còn 23 giờ 59 phút</span>" in page


def test_new_part_hides_the_buyer_until_it_is_accepted(packer, seller) -> None:
    part = new_part(seller)
    address = f"/xa-vien/goi/{part.pk}/"

    before = html_of(packer.get(address))
    packer.post(f"{address}nhan/")
    after = html_of(packer.get(address))

    assert "Nguyễn Thị Hoa" not in before
    assert "0987 654 321" not in before
    assert "Số 5, ngõ 12" not in before
    assert "Phường Nghĩa Đô, Hà Nội" in before
    assert "Nguyễn Thị Hoa" in after
    assert "0987 654 321" in after
    assert "Số 5, ngõ 12" in after


def test_part_says_before_packing_what_to_collect(packer, seller) -> None:
    part = make_order((make_variant(seller, on_hand=9), 1)).parts.get()
    address = f"/xa-vien/goi/{part.pk}/"
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)

    in_cash = html_of(packer.get(address))
    Payment.objects.update(method="transfer")
    Order.objects.update(charged=F("current_total_gross"), charge_coverage="full")
    paid = html_of(packer.get(address))

    assert f'Thu tiền của khách:</span> <b class="money">{format_money(part.total_gross)}</b>' in in_cash
    assert "Khách đã trả. Không thu thêm." in paid
    assert "Thu tiền của khách" not in paid


def test_declined_part_hides_the_buyer_again(packer, seller) -> None:
    part = accepted_part(seller)

    refusal = html_of(packer.get(f"/xa-vien/goi/{part.pk}/tu-choi/"))
    packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "0"})
    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))

    amount = format_money(part.total_gross)
    assert f"Huỷ đơn {amount} và báo khách" in refusal
    assert f"Khách chưa trả {amount} này và không phải trả nữa." in refusal

    assert "Nguyễn Thị Hoa" not in page
    assert "0987 654 321" not in page


def test_repeated_acceptance_is_done_once(packer, seller) -> None:
    part = new_part(seller)
    idempotency_key = uuid.uuid4()

    first = packer.post(f"/xa-vien/goi/{part.pk}/nhan/", {"idempotency_key": idempotency_key}, follow=True)
    repeated = packer.post(f"/xa-vien/goi/{part.pk}/nhan/", {"idempotency_key": idempotency_key}, follow=True)

    part.refresh_from_db()
    assert part.state == PartState.ACCEPTED
    assert [str(message) for message in first.context["messages"]] == ["Đã nhận đơn. Giờ lấy hàng."]
    assert [str(message) for message in repeated.context["messages"]] == ["Đã nhận đơn. Giờ lấy hàng."]


def test_declined_part_cannot_be_accepted(packer, seller) -> None:
    part = new_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(state=PartState.DECLINED)

    response = packer.post(f"/xa-vien/goi/{part.pk}/nhan/", follow=True)

    part.refresh_from_db()
    assert part.state == PartState.DECLINED
    assert [str(message) for message in response.context["messages"]] == [
        str(TransitionNotAllowed.default_message)
    ]


def test_declining_needs_a_reason(packer, seller) -> None:
    part = new_part(seller)

    response = packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "", "message": " "})

    part.refresh_from_db()
    assert response.status_code == 200
    assert "Chọn hoặc nhập lý do." in html_of(response)
    assert part.state == PartState.NEW


def test_declining_saves_the_reason_and_frees_the_stock(packer, seller) -> None:
    part = new_part(seller, quantity=3)

    packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "0", "message": "Mưa quá"})

    part.refresh_from_db()
    assert (part.state, part.end_reason) == (PartState.DECLINED, "We have run out.\nMưa quá")
    assert get_stock(part.lines.get().variant).free == 10


def test_part_packed_meanwhile_is_not_declined(packer, seller) -> None:
    part = new_part(seller)
    address = f"/xa-vien/goi/{part.pk}/tu-choi/"
    seen = dict(re.findall(r'name="(seen_\w+)" value="(\w+)"', html_of(packer.get(address))))
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    quantities = {line.pk: line.quantity for line in part.lines.all()}
    pack_parcel(part_id=part.pk, quantities=quantities, actor=Actor.system(), now=NOW)

    response = packer.post(address, {"choice": "0"} | seen, follow=True)

    part.refresh_from_db()
    assert seen == {"seen_state": "new", "seen_parcels": "0"}
    assert part.state == PartState.ACCEPTED
    assert response.request["PATH_INFO"] == address
    assert [str(message) for message in response.context["messages"]] == [
        str(PartChangedMeanwhile.default_message)
    ]


def test_declining_an_accepted_part_cancels_it(packer, seller) -> None:
    part = accepted_part(seller)

    packer.post(f"/xa-vien/goi/{part.pk}/tu-choi/", {"choice": "other", "message": "Chuột cắn"})

    part.refresh_from_db()
    assert (part.state, part.end_reason) == (PartState.CANCELLED, "Chuột cắn")


@pytest.mark.parametrize("suffix", ["", "nhan/", "tu-choi/", "kien/"])
def test_foreign_part_is_not_found(packer, suffix) -> None:
    foreign = new_part(make_seller("HTX khác"))
    send = packer.post if suffix else packer.get

    foreign_response = send(f"/xa-vien/goi/{foreign.pk}/{suffix}")
    missing_response = send(f"/xa-vien/goi/999999/{suffix}")

    foreign.refresh_from_db()
    assert (foreign_response.status_code, missing_response.status_code) == (404, 404)
    assert foreign.state == PartState.NEW


@pytest.mark.parametrize("role", [Role.LISTER, Role.CASHIER, Role.BOOKKEEPER])
def test_roles_that_do_not_pack_are_forbidden_and_change_nothing(client, seller, role) -> None:
    client.force_login(make_member(seller, role))
    part = new_part(seller)

    pages = [client.get("/xa-vien/goi/"), client.get(f"/xa-vien/goi/{part.pk}/")]
    pages.append(client.post(f"/xa-vien/goi/{part.pk}/nhan/"))

    part.refresh_from_db()
    assert [page.status_code for page in pages] == [403, 403, 403]
    assert str(Forbidden.default_message) in html_of(pages[0])
    assert part.state == PartState.NEW
    assert client.get("/xa-vien/").status_code == 200


def test_cooperatives_see_only_their_own_part(client) -> None:
    first, second = make_seller("HTX Một"), make_seller("HTX Hai")
    order = make_order(
        (make_variant(first, name="Gối"), 1), (make_variant(second, name="Bí xanh"), 1), now=fixed_now()
    )
    client.force_login(make_member(first))

    page = html_of(client.get(f"/xa-vien/goi/{order.parts.get(cooperative=first).pk}/"))

    assert "Gối" in page
    assert "Bí xanh" not in page


def test_lists_show_each_part_at_its_stage(packer, seller) -> None:
    new_order_part, to_pack = new_part(seller), accepted_part(seller)
    to_send, on_the_way = accepted_part(seller), accepted_part(seller)
    closed_parcel(to_send)
    handed_over_parcel(on_the_way)

    def listed(stage: str) -> list[int]:
        return [task.part.pk for task in packer.get(f"/xa-vien/goi/?viec={stage}").context["tasks"]]

    assert listed("nhan") == [new_order_part.pk]
    assert listed("dong") == [to_pack.pk]
    assert listed("gui") == [to_send.pk]
    assert listed("duong") == [on_the_way.pk]
    assert listed("xong") == []


def test_home_button_counts_parts_beyond_those_listed(packer, seller) -> None:
    variant = make_variant(seller, on_hand=100)
    for _each in range(14):
        make_order((variant, 1), now=fixed_now())

    page = html_of(packer.get("/xa-vien/"))

    assert "Xem 14 đơn mới" in page
    assert 'href="/xa-vien/goi/?viec=nhan"' in page
    assert page.count('class="task') == 12


@pytest.mark.parametrize("address", ["/xa-vien/", "/xa-vien/goi/?viec=dong", "/xa-vien/goi/?viec=nhan"])
def test_list_queries_do_not_grow_with_parts(packer, seller, address) -> None:
    variant = make_variant(seller, on_hand=100)

    def add_parts(count: int) -> None:
        for number in range(count):
            part = make_order((variant, 1), now=timezone.now()).parts.get()
            if number % 2:
                accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())

    add_parts(2)
    packer.get(address)
    with CaptureQueriesContext(connection) as baseline_queries:
        packer.get(address)
    add_parts(8)

    with CaptureQueriesContext(connection) as grown_queries:
        packer.get(address)

    assert len(grown_queries) == len(baseline_queries)
    assert len(baseline_queries) <= 21


def test_part_queries_do_not_grow_with_lines(packer, seller) -> None:
    variants = [make_variant(seller, name=f"Hàng {number}") for number in range(6)]
    one_line_part = make_order((variants[0], 1), now=fixed_now()).parts.get()
    large = make_order(*[(variant, 1) for variant in variants], now=fixed_now()).parts.get()
    for part in (one_line_part, large):
        accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())
    packer.get(f"/xa-vien/goi/{one_line_part.pk}/")

    with CaptureQueriesContext(connection) as baseline_queries:
        packer.get(f"/xa-vien/goi/{one_line_part.pk}/")
    with CaptureQueriesContext(connection) as grown_queries:
        packer.get(f"/xa-vien/goi/{large.pk}/")

    assert len(grown_queries) == len(baseline_queries)


def test_part_close_to_its_deadline_is_marked_urgent(packer, seller) -> None:
    part = new_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(
        accept_by=timezone.now() + timedelta(hours=2, minutes=10, seconds=30)
    )

    page = html_of(packer.get("/xa-vien/"))

    assert "Còn 2 giờ 10 phút</span>" in page
    assert 'class="task urgent"' in page


def test_task_names_the_items_of_the_part(packer, seller) -> None:
    product = make_product(seller, name="Khăn thổ cẩm")
    part = make_order((product.variants.get(), 1), now=fixed_now()).parts.get()

    page = html_of(packer.get("/xa-vien/goi/?viec=nhan"))

    assert "1\u00a0chiếc Khăn thổ cẩm" in page
    assert part.order.code in page


def test_packs_of_one_unit_read_as_their_amount(packer, seller) -> None:
    """`2 kg Gừng tươi 1 kg` and `2 × Gừng tươi (1 kg)` say one thing twice; each page says `2 kg`."""
    ginger = make_product(seller, name="Gừng tươi").variants.get()
    Variant.objects.filter(pk=ginger.pk).update(name="1 kg", unit=Unit.KG)
    part = make_order((ginger, 2), now=fixed_now()).parts.get()

    work = html_of(packer.get("/xa-vien/goi/?viec=nhan"))
    accept_part(part_id=part.pk, actor=Actor.system(), now=fixed_now())
    to_pack = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    parcel = closed_parcel(part)
    packed = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    label = html_of(packer.get(f"/xa-vien/kien/{parcel.pk}/tem/"))

    assert '<p class="how-much">2 kg</p>' in to_pack
    for page in (work.replace("\u00a0", " "), packed, label):
        assert "2 kg Gừng tươi" in page
        assert "1 kg" not in page


@pytest.mark.parametrize(
    ("unit", "name", "language", "shown"),
    [
        (Unit.KG, "1 kg", "vi", ("2 kg", "2 kg Chè")),
        (Unit.PACKET, "Gói 300 g", "vi", ("2 gói", "2 × Chè (Gói 300 g)")),
        (Unit.PACKET, "", "vi", ("2 gói", "2 gói Chè")),
        (Unit.PACKET, "", "en", ("2 × packet", "2 packet Chè")),
        (Unit.KG, "", "en", ("2 kg", "2 kg Chè")),
        ("", "", "en", ("2", "2 × Chè")),
    ],
)
def test_quantities_are_counted_in_the_sale_unit(unit, name, language, shown) -> None:
    line = OrderLine(product_name="Chè", unit=unit, variant_name=name)

    with translation.override(language):
        labels = (line.count_label(2), line.contents_label(2))

    assert labels == shown


def test_home_counts_pickups_of_the_next_pickup_day(packer, seller) -> None:
    day = vietnam_date(timezone.now()) + timedelta(days=3)
    for ahead in (0, 0, 4):
        part = accepted_part(seller)
        OrderPart.objects.filter(pk=part.pk).update(
            delivery_kind="market_day", pickup_day=day + timedelta(days=ahead), pickup_starts=time(6)
        )

    page = html_of(packer.get("/xa-vien/"))

    assert f"{day:%d/%m}: khách đến nhận hàng." in page
    assert "2 khách hẹn đến." in page


@pytest.mark.parametrize(
    ("bearer", "words"),
    [
        (CostBearer.PLATFORM, "Chợ chịu: hợp tác xã vẫn được trả theo giá niêm yết."),
        (CostBearer.COOPERATIVE, "Hợp tác xã chịu."),
    ],
)
def test_part_shows_its_own_discounts_and_who_bears_them(packer, seller, bearer, words) -> None:
    make_voucher(bearer=bearer)
    pillow, tea = make_variant(seller, price=320_000), make_variant(make_seller("HTX Khác"), price=80_000)
    basket = make_basket((pillow, 1), (tea, 1))
    apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=NOW)
    order = place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.guest(),
        now=NOW,
    )
    part = order.parts.get(cooperative=seller)

    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/")).replace("\u00a0", " ")

    assert words in page
    rows = re.findall(r"<dd[^>]*>(.*?)</dd>", page)
    assert rows == ["320.000 ₫", "−32.000 ₫", "30.000 ₫", "318.000 ₫"]


def test_parcels_are_counted_within_their_part_and_keep_their_code(packer, seller) -> None:
    parts = make_order((make_variant(make_seller("HTX Khác")), 1), (make_variant(seller), 3)).parts
    other_part, own_part = parts.order_by("number")
    for part in (other_part, own_part):
        accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    parcel_of(other_part)
    undone, first = parcel_of(own_part, 1), parcel_of(own_part, 1)
    second = parcel_of(own_part, 1)
    void_parcel(parcel_id=undone.pk, reason="Rách", actor=Actor.system(), now=NOW)

    page = html_of(packer.get(f"/xa-vien/goi/{own_part.pk}/"))

    heads = re.findall(r'<h2 class="small-head" id="parcel-(\d+)">(.*?)</h2>', page)
    code = own_part.order.code
    assert [(int(key), re.sub(r"<[^>]+>", "", heading)) for key, heading in heads] == [
        (undone.pk, f"Kiện hàng {code}-2"),
        (first.pk, f"Kiện 1/2 {code}-3"),
        (second.pk, f"Kiện 2/2 {code}-4"),
    ]


def test_all_new_orders_are_accepted_with_one_press(packer, seller) -> None:
    new_parts = [new_part(seller) for _number in range(3)]
    foreign = new_part(make_seller("HTX khác"))
    page = packer.get("/xa-vien/goi/?viec=nhan")
    fields = {
        "idempotency_key": page.context["idempotency_key"],
        "part": [*re.findall(r'name="part" value="(\d+)"', html_of(page)), foreign.pk],
    }

    responses = [packer.post("/xa-vien/goi/nhan/", fields, follow=True) for _sent in range(2)]

    for part in [*new_parts, foreign]:
        part.refresh_from_db()
    assert "Nhận 3 đơn này" in html_of(page)
    assert "Chờ nhận đơn <b>3</b>" in html_of(page)
    assert [part.state for part in new_parts] == [PartState.ACCEPTED] * 3
    assert foreign.state == PartState.NEW
    assert [str(message) for message in responses[0].context["messages"]] == ["Đã nhận 3 đơn."]
    assert Change.objects.filter(action="part.accepted").count() == 3


def test_refused_acceptance_does_not_hold_up_the_others(packer, seller) -> None:
    declined_part, accepted = new_part(seller), new_part(seller)
    OrderPart.objects.filter(pk=declined_part.pk).update(state=PartState.DECLINED)

    response = packer.post("/xa-vien/goi/nhan/", {"part": [declined_part.pk, accepted.pk]}, follow=True)

    states = dict(OrderPart.objects.values_list("pk", "state"))
    assert states == {declined_part.pk: PartState.DECLINED, accepted.pk: PartState.ACCEPTED}
    assert [str(message) for message in response.context["messages"]] == [
        f"{declined_part.order.code}: {TransitionNotAllowed.default_message}",
        "Đã nhận 1 đơn.",
    ]
