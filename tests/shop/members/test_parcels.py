"""Packing and parcels on the members' pages: the exact effect of each step, and refusals."""

from __future__ import annotations

import re
import uuid

import pytest
from django.utils import timezone

from cooperatives.models import DeliveryKind
from orders.actions.fulfilment.deliver_parcels import InvalidPickupCode
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import OrderPart, Parcel
from orders.states import CashHolder, CodState, ParcelState, Progress
from shop.core.actors import Actor
from tests.factories import (
    fixed_now,
    get_stock,
    make_channel,
    make_delivery_method,
    make_market_pickup,
    make_order,
    make_seller,
    make_variant,
)
from tests.markup import html_of
from tests.refusals import all_rows
from tests.shop.members.part_factories import (
    accepted_part,
    closed_parcel,
    handed_over_parcel,
    parcel_of,
)

pytestmark = pytest.mark.django_db


def picking_form(
    part: OrderPart, quantity: object = "", idempotency_key: uuid.UUID | None = None
) -> dict[str, object]:
    line = part.lines.get()
    return {
        "idempotency_key": idempotency_key or uuid.uuid4(),
        f"taken-{line.pk}": "on",
        f"quantity-{line.pk}": quantity,
    }


def test_repeated_picking_creates_one_parcel(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)
    sent = picking_form(part)

    packer.post(f"/xa-vien/goi/{part.pk}/kien/", sent)
    packer.post(f"/xa-vien/goi/{part.pk}/kien/", sent)

    parcel = part.parcels.get()
    assert parcel.state == ParcelState.PACKING
    assert [row.quantity for row in parcel.lines.all()] == [3]
    assert parcel.cod_expected == part.total_gross


def test_part_is_packed_into_two_parcels(packer, seller) -> None:
    part = accepted_part(seller, quantity=3)

    packer.post(f"/xa-vien/goi/{part.pk}/kien/", picking_form(part, 1))
    packer.post(f"/xa-vien/goi/{part.pk}/kien/", picking_form(part))

    packed = [sum(row.quantity for row in parcel.lines.all()) for parcel in part.parcels.order_by("number")]
    assert packed == [1, 2]
    assert sum(parcel.cod_expected for parcel in part.parcels.all()) == part.total_gross


@pytest.mark.parametrize("quantity", ["0", "-1", "4", "1.5", "nhiều", "99999999999999999999"])
def test_invalid_quantity_is_refused_and_nothing_is_packed(packer, seller, quantity) -> None:
    part = accepted_part(seller, quantity=3)

    response = packer.post(f"/xa-vien/goi/{part.pk}/kien/", picking_form(part, quantity))

    assert response.status_code == 200
    assert 'class="errors' in html_of(response)
    assert part.parcels.count() == 0


def test_nothing_is_packed_without_a_ticked_line(packer, seller) -> None:
    part = accepted_part(seller)

    response = packer.post(f"/xa-vien/goi/{part.pk}/kien/", {"idempotency_key": uuid.uuid4()})

    assert "Đánh dấu “Lấy rồi” ở món đã lấy." in html_of(response)
    assert f'href="#id_taken-{part.lines.get().pk}"' in html_of(response)
    assert part.parcels.count() == 0


def test_parcel_is_packed_shipped_delivered_and_its_cash_recorded(packer, seller) -> None:
    part = accepted_part(seller, quantity=2)
    parcel = parcel_of(part)
    address = f"/xa-vien/kien/{parcel.pk}/"

    packer.post(f"{address}dong-goi/")
    packer.post(
        f"{address}ra-xe/",
        {f"handover-{parcel.pk}-tracking_number": "VTP123"},
    )
    packer.post(f"{address}da-giao/", {f"delivery-{parcel.pk}-cash": "yes"})

    parcel.refresh_from_db()
    part.refresh_from_db()
    assert (parcel.state, parcel.tracking_number) == ("delivered", "VTP123")
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, part.total_gross)
    assert part.progress == Progress.DELIVERED
    assert get_stock(part.lines.get().variant).on_hand == 8


def test_cash_that_the_carrier_collects_is_not_asked_of_members(packer, seller) -> None:
    part = accepted_part(seller)
    parcel = parcel_of(part)
    address = f"/xa-vien/kien/{parcel.pk}/"
    packer.post(f"{address}dong-goi/")
    packed_page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    packer.post(f"{address}ra-xe/", {f"handover-{parcel.pk}-carrier": "Viettel Post"})
    handed_over_page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))

    packer.post(f"{address}da-giao/", {"idempotency_key": uuid.uuid4()})

    delivered_page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    parcel.refresh_from_db()
    assert "Ai thu tiền của khách?" in packed_page
    for page in (handed_over_page, delivered_page):
        assert "Viettel Post thu hộ và nộp cho chợ." in page
        assert "Đã thu tiền" not in page
    assert (parcel.state, parcel.cod_state, parcel.cod_collected) == ("delivered", "expected", 0)


@pytest.mark.parametrize(
    ("fields", "carrier"),
    [
        ({"carrier": ""}, ""),
        ({"carrier": "Viettel Post", "collector": "cooperative"}, "Viettel Post"),
        ({"carrier": "", "collector": "cooperative"}, ""),
    ],
)
def test_cooperative_collects_the_cash_by_choice_or_without_a_carrier(
    packer, seller, fields, carrier
) -> None:
    part = accepted_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post", delivery_kind=DeliveryKind.CARRIER)
    parcel = parcel_of(part)
    packer.post(f"/xa-vien/kien/{parcel.pk}/dong-goi/")
    prefixed = {f"handover-{parcel.pk}-{name}": text for name, text in fields.items()}

    packer.post(f"/xa-vien/kien/{parcel.pk}/ra-xe/", prefixed)

    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    parcel.refresh_from_db()
    assert (parcel.carrier, parcel.cod_holder) == (carrier, CashHolder.COOPERATIVE)
    assert "thu hộ và nộp cho chợ" not in page
    assert f'name="delivery-{parcel.pk}-cash"' in page


def test_carrier_that_collects_the_cash_must_be_named(packer, seller) -> None:
    part = accepted_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post", delivery_kind=DeliveryKind.CARRIER)
    parcel = parcel_of(part)
    packer.post(f"/xa-vien/kien/{parcel.pk}/dong-goi/")
    fields = {f"handover-{parcel.pk}-carrier": " ", f"handover-{parcel.pk}-collector": "carrier"}

    before = all_rows()

    response = packer.post(f"/xa-vien/kien/{parcel.pk}/ra-xe/", fields)

    assert all_rows() == before
    assert "Nhập tên đơn vị vận chuyển thu hộ tiền." in html_of(response)


def test_packing_is_undone_before_the_hand_over_and_after_a_failed_delivery_only(packer, seller) -> None:
    part = accepted_part(seller)
    parcel = parcel_of(part)
    address = f"/xa-vien/kien/{parcel.pk}/"
    pages = [html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))]
    for step, fields in (("dong-goi", {}), ("ra-xe", {}), ("chua-giao-duoc", {"choice": "0"})):
        packer.post(f"{address}{step}/", fields)
        pages.append(html_of(packer.get(f"/xa-vien/goi/{part.pk}/")))

    labels = [re.search(rf'href="{address}huy/"\s*>([^<]*)<', page) for page in pages]

    assert [label and label[1].strip() for label in labels] == [
        *("Huỷ đóng kiện này", "Huỷ đóng kiện này", None, "Hàng đã về, đóng lại")
    ]
    assert "Hàng đã về" in html_of(packer.get(f"{address}huy/"))


@pytest.mark.parametrize("entered_phone", ["12ab", "0900 000 20", "1900 1234"])
def test_invalid_driver_phone_is_refused_and_nothing_is_handed_over(packer, seller, entered_phone) -> None:
    part = accepted_part(seller)
    part.delivery_kind = DeliveryKind.COACH
    part.save(update_fields=["delivery_kind"])
    parcel = parcel_of(part)
    packer.post(f"/xa-vien/kien/{parcel.pk}/dong-goi/")
    before = all_rows()

    response = packer.post(
        f"/xa-vien/kien/{parcel.pk}/ra-xe/", {f"handover-{parcel.pk}-driver_phone": entered_phone}
    )

    assert 'class="errors' in html_of(response)
    assert all_rows() == before


def test_delivery_requires_an_answer_about_cash(packer, seller) -> None:
    parcel = handed_over_parcel(accepted_part(seller))

    response = packer.post(f"/xa-vien/kien/{parcel.pk}/da-giao/", {"idempotency_key": uuid.uuid4()})

    parcel.refresh_from_db()
    page = html_of(response)
    assert page.count("Hãy chọn một câu trả lời.") == 2  # in the list of errors and at the question
    assert "Thu tiền của khách:" in page
    assert f"Đơn {parcel.part.order.code}" in page
    assert f'href="#id_delivery-{parcel.pk}-cash"' in page
    assert parcel.state == ParcelState.HANDED_OVER


def test_cash_can_be_reported_after_delivery(packer, seller) -> None:
    part = accepted_part(seller)
    parcel = handed_over_parcel(part)
    packer.post(f"/xa-vien/kien/{parcel.pk}/da-giao/", {f"delivery-{parcel.pk}-cash": "no"})
    parcel.refresh_from_db()
    assert parcel.cod_state == CodState.EXPECTED

    packer.post(f"/xa-vien/kien/{parcel.pk}/tien-mat/")

    parcel.refresh_from_db()
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, part.total_gross)


def test_failed_delivery_is_retried_without_moving_stock_again(packer, seller) -> None:
    part = accepted_part(seller, quantity=2)
    parcel = handed_over_parcel(part)

    packer.post(f"/xa-vien/kien/{parcel.pk}/chua-giao-duoc/", {"choice": "0"})
    parcel.refresh_from_db()
    failed = (parcel.state, parcel.failure_reason)
    packer.post(f"/xa-vien/kien/{parcel.pk}/ra-xe/", {"idempotency_key": uuid.uuid4()})

    parcel.refresh_from_db()
    assert failed == (ParcelState.FAILED_DELIVERY, "The buyer did not answer the phone.")
    assert parcel.state == ParcelState.HANDED_OVER
    assert get_stock(part.lines.get().variant).on_hand == 8


def test_voided_parcel_is_to_be_packed_again(packer, seller) -> None:
    part = accepted_part(seller, quantity=2)
    parcel = handed_over_parcel(part)
    packer.post(f"/xa-vien/kien/{parcel.pk}/chua-giao-duoc/", {"choice": "0"})

    packer.post(f"/xa-vien/kien/{parcel.pk}/huy/", {"choice": "0"})

    parcel.refresh_from_db()
    stock = get_stock(part.lines.get().variant)
    assert parcel.state == ParcelState.VOIDED
    assert (stock.on_hand, stock.allocated) == (10, 2)
    assert [order_part.pk for order_part in OrderPart.objects.to_pack()] == [part.pk]


def test_label_names_the_buyer_only_before_delivery(packer, seller) -> None:
    parcel = parcel_of(accepted_part(seller))

    page = html_of(packer.get(f"/xa-vien/kien/{parcel.pk}/tem/"))
    Parcel.objects.filter(pk=parcel.pk).update(state=ParcelState.DELIVERED)
    later = packer.get(f"/xa-vien/kien/{parcel.pk}/tem/")

    assert "Nguyễn Thị Hoa" in page
    assert "0987 654 321" in page
    assert f"{parcel.part.order.code}-1" in page
    assert later.status_code == 404


def test_pickup_parcel_needs_no_carrier(packer, seller) -> None:
    delivery_method = make_market_pickup(seller, make_channel())
    part = accepted_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(
        delivery_method=delivery_method, delivery_kind="market_day", pickup_place="Chợ Phủ Thông"
    )
    parcel = closed_parcel(part)

    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    waiting_page = html_of(packer.post(f"/xa-vien/kien/{parcel.pk}/ra-xe/", follow=True))

    assert "Chợ Phủ Thông" in page
    assert f"handover-{parcel.pk}-carrier" not in page
    assert "Hàng đã để sẵn. Đã báo cho khách." in waiting_page
    assert "Chờ khách nhận" in waiting_page
    assert "Đã giao cho xe" not in waiting_page


def test_pickup_needs_the_code_that_members_do_not_see(packer, seller) -> None:
    part = accepted_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(delivery_kind="market_day", pickup_place="Chợ Phủ Thông")
    parcel = handed_over_parcel(part)
    address, field = f"/xa-vien/kien/{parcel.pk}/da-giao/", f"delivery-{parcel.pk}-code"
    cash = {f"delivery-{parcel.pk}-cash": "yes"}
    wrong_code = f"{(int(parcel.pickup_code) + 1) % 1_000_000:06}"

    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))
    page_without_code = html_of(packer.post(address, cash))
    packer.post(address, cash | {field: wrong_code})
    parcel.refresh_from_db()
    unmoved = parcel.state
    packer.post(address, cash | {field: parcel.pickup_code})

    parcel.refresh_from_db()
    assert field in page
    assert parcel.pickup_code not in page
    assert "Hỏi khách mã nhận hàng rồi nhập vào đây." in page_without_code
    assert (unmoved, parcel.state) == (ParcelState.HANDED_OVER, ParcelState.DELIVERED)


FOREIGN = ["", "tem/"]


CHANGES = ["dong-goi/", "ra-xe/", "da-giao/", "tien-mat/", "chua-giao-duoc/", "huy/"]


@pytest.mark.parametrize("suffix", FOREIGN)
def test_foreign_parcel_is_not_found(packer, suffix) -> None:
    foreign = parcel_of(accepted_part(make_seller("HTX khác")))

    foreign_response = packer.get(f"/xa-vien/kien/{foreign.pk}/{suffix}")
    missing_response = packer.get(f"/xa-vien/kien/999999/{suffix}")

    assert (foreign_response.status_code, missing_response.status_code) == (404, 404)


@pytest.mark.parametrize("suffix", CHANGES)
def test_foreign_parcel_is_not_changed(packer, suffix) -> None:
    foreign = parcel_of(accepted_part(make_seller("HTX khác")))

    response = packer.post(f"/xa-vien/kien/{foreign.pk}/{suffix}", {"choice": "0"})

    foreign.refresh_from_db()
    assert response.status_code == 404
    assert foreign.state == ParcelState.PACKING


def test_wrong_pickup_code_keeps_what_was_entered(packer, seller) -> None:
    part = accepted_part(seller)
    OrderPart.objects.filter(pk=part.pk).update(delivery_kind="market_day", pickup_place="Chợ Phủ Thông")
    part.refresh_from_db()
    parcel = handed_over_parcel(part)
    prefix = f"delivery-{parcel.pk}"
    wrong_code = f"{(int(parcel.pickup_code) + 1) % 1_000_000:06}"
    fields = {f"{prefix}-code": wrong_code, f"{prefix}-cash": "less"}
    fields |= {f"{prefix}-amount": "100.000", f"{prefix}-reason": "Khách thiếu tiền lẻ"}

    response = packer.post(f"/xa-vien/kien/{parcel.pk}/da-giao/", fields)

    parcel.refresh_from_db()
    form = response.context["parcels"][0]["delivery"]
    assert form.errors == {"code": [str(InvalidPickupCode.default_message)]}
    assert form["cash"].value() == "less"
    assert 'value="100.000"' in html_of(response)
    assert "Khách thiếu tiền lẻ" in html_of(response)
    assert (parcel.state, parcel.cod_state) == (ParcelState.HANDED_OVER, CodState.EXPECTED)


def test_coach_parcel_shows_the_station_and_not_the_home_address(packer, seller) -> None:
    coach = make_delivery_method(
        seller, make_channel(), kind=DeliveryKind.COACH, station="Bến xe Mỹ Đình, Hà Nội"
    )
    variant = make_variant(seller, on_hand=10)
    order = make_order((variant, 2), now=fixed_now(), deliveries={seller.pk: RequestedDelivery(coach.pk)})
    part = accept_part(part_id=order.parts.get().pk, actor=Actor.system(), now=timezone.now())
    parcel = closed_parcel(part)

    label = html_of(packer.get(f"/xa-vien/kien/{parcel.pk}/tem/"))
    page = html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))

    assert part.pickup_place == "Bến xe Mỹ Đình, Hà Nội"
    street = part.order.shipping_address.street_address_1
    for text in (label, page):
        assert "Bến xe Mỹ Đình, Hà Nội" in text
        assert street not in text
