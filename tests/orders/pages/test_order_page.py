"""The order page, looking up an order by phone and code, and a user's list of orders."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from cooperatives.models import Cooperative, DeliveryKind
from orders.actions.complaints.file_complaint import find_delivered_lines
from orders.actions.fulfilment.cancel_parts import decline_part
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import BasketLine, Order, OrderLine, OrderPart, Parcel, PaymentMethod, Refund
from orders.states import CodState, ParcelState, PartState, Progress
from orders.views.find_order import FIND_LIMIT_BY_PHONE
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Change, Channel, Picture, PictureState, ShopSettings, Translation
from shop.core.texts.formatting import weekday_and_day
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    get_stock,
    make_admin,
    make_bank_account,
    make_channel,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.orders.fulfilment.test_lot_picks import make_lot
from tests.orders.pages.order_proofs import ProvenOrdersClient, prove_order
from tests.orders.state_texts.build_states import text_of
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db

MEMBER = Actor.system("test")


@pytest.fixture
def client() -> Client:
    return ProvenOrdersClient()


def page_of(client: Client, order: Order) -> str:
    response = client.get(f"/en/don-hang/{order.pk}/")
    assert response.status_code == 200
    return re.sub(r"[ \n]+", " ", html_of(response))


def without_links(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"</?a\b[^>]*>", "", page))


def steps(page: str) -> list[tuple[str, str]]:
    """Return state and label of each step of the timelines."""
    return [
        (state, title)
        for state, title in re.findall(
            r'<li(?: class="(\w+)")?[^>]*><span class="dot">.*?</span><span>([^<]+)</span>', page
        )
    ]


def hours(count: int) -> datetime.datetime:
    return NOW + datetime.timedelta(hours=count)


def pack(part: OrderPart) -> Parcel:
    accept_part(part_id=part.pk, actor=MEMBER, now=hours(1))
    quantities = {line.pk: line.quantity for line in part.lines.all()}
    return pack_parcel(part_id=part.pk, quantities=quantities, actor=MEMBER, now=hours(2))


def hand_over(parcel: Parcel, **details: Any) -> None:
    close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=hours(3))
    hand_over_parcel(parcel_id=parcel.pk, dispatch=DispatchDetails(**details), actor=MEMBER, now=hours(4))


def test_each_cooperative_has_its_own_timeline(client: Client) -> None:
    pillow = make_variant(make_seller("HTX Thiên An"), name="Gối thảo dược", price=320_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000)
    order = make_order((pillow, 1), (noodles, 2))
    pack(order.parts.get(number=2))

    page = page_of(client, order)

    assert f'Order <span class="code">{order.code}</span>' in page
    assert "Due on receipt: 470,000\u00a0₫" in page
    assert steps(page) == [
        ("now", "Waiting for the cooperative to accept"),
        ("", "Packing"),
        ("", "Delivery"),
        ("", "Arrival"),
        ("done", "Accepted by the cooperative"),
        ("now", "Being packed"),
        ("", "Delivery"),
        ("", "Arrival"),
    ]
    assert "no later than 10:00 on Wednesday 25 Nov" in page
    assert '<time datetime="2026-11-24T11:00:00+07:00">' in page


@pytest.mark.parametrize("is_pickup", [False, True])
def test_buyer_and_staff_see_same_status_at_every_step(client: Client, is_pickup: bool) -> None:
    part = make_order(user=make_user()).parts.get()
    if is_pickup:
        OrderPart.objects.update(delivery_kind=DeliveryKind.PICKUP)
    buyer, desk = Client(), Client()
    buyer.force_login(part.order.user)
    desk.force_login(make_admin(email="desk@example.com"))

    def displayed_statuses() -> tuple[str, str, str, str]:
        """Return labels of part and order on the staff page and in the buyer's list, and the buyer's step."""
        part.refresh_from_db()
        page = html_of(desk.get(f"/en/quan-tri/don-hang/{part.order_id}/"))
        order_label, part_label = re.findall(r'<span class="tag ?\w*">([^<]+)</span>', page)[:2]
        (list_label,) = re.findall(
            r'<span class="tag ?\w*">([^<]+)</span>', html_of(buyer.get("/en/tai-khoan/"))
        )
        reached_step = [step for step in steps(page_of(client, part.order)) if step[0]][-1]
        return part_label, order_label, list_label, reached_step[1]

    statuses = [displayed_statuses()]
    accept_part(part_id=part.pk, actor=MEMBER, now=hours(1))
    statuses.append(displayed_statuses())
    line = part.lines.get()
    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, actor=MEMBER, now=hours(2))
    statuses.append(displayed_statuses())
    close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=hours(3))
    statuses.append(displayed_statuses())
    hand_over_parcel(parcel_id=parcel.pk, dispatch=DispatchDetails(), actor=MEMBER, now=hours(4))
    statuses.append(displayed_statuses())
    code = Parcel.objects.get().pickup_code
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, code=code, actor=MEMBER, now=hours(20))
    statuses.append(displayed_statuses())

    waiting, moving = ("Waiting for the carrier", "On the way")
    if is_pickup:
        waiting, moving = ("Waiting to be taken to the pickup point", "Ready for pickup")
    placed, in_progress = "Waiting for the cooperatives", "Being prepared"
    assert statuses == [
        ("Waiting to be accepted", placed, placed, "Waiting for the cooperative to accept"),
        ("Being prepared", in_progress, in_progress, "Being prepared"),
        ("Being packed", in_progress, in_progress, "Being packed"),
        ("Packed", in_progress, in_progress, waiting),
        (moving, moving, moving, moving),
        ("Delivered", "Delivered", "Delivered", "Delivered"),
    ]


def test_part_without_its_missing_items_is_packed(client: Client) -> None:
    part = make_order((make_variant(), 3)).parts.get()
    accept_part(part_id=part.pk, actor=MEMBER, now=hours(1))
    line = part.lines.get()
    report_shortage(part_id=part.pk, available={line.pk: 2}, actor=MEMBER, now=hours(2))
    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 2}, actor=MEMBER, now=hours(2))
    desk = Client()
    desk.force_login(make_admin(email="desk@example.com"))

    def displayed_statuses() -> tuple[str, list[tuple[str, str]]]:
        desk_page = html_of(desk.get(f"/en/quan-tri/don-hang/{part.order_id}/"))
        _order_label, part_label = re.findall(r'<span class="tag ?\w*">([^<]+)</span>', desk_page)[:2]
        return part_label, steps(page_of(client, part.order))[1:3]

    assert displayed_statuses() == ("Being packed", [("now", "Being packed"), ("", "Delivery")])
    close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=hours(3))
    assert displayed_statuses() == ("Packed", [("done", "Packed"), ("now", "Waiting for the carrier")])


def pages_showing(order: Order) -> list[str]:
    """Return the buyer's account page, and the staff list and page of the order."""
    buyer, desk = Client(), Client()
    buyer.force_login(order.user)
    desk.force_login(make_admin(email="desk@example.com"))
    staff_urls = ("/en/quan-tri/don-hang/", f"/en/quan-tri/don-hang/{order.pk}/")
    responses = [buyer.get("/en/tai-khoan/"), *(desk.get(address) for address in staff_urls)]
    return [html_of(answer) for answer in responses]


def test_unpaid_transfer_order_shows_waiting_for_payment() -> None:
    make_bank_account()
    order = make_order(user=make_user(), method=PaymentMethod.TRANSFER)
    for page in pages_showing(order):
        assert '<span class="tag wait">Waiting for payment</span>' in page


def test_unconfirmed_cash_order_shows_to_be_confirmed() -> None:
    make_channel()
    Channel.objects.update(automatically_confirm_all_new_orders=False)
    order = make_order(user=make_user(), method=PaymentMethod.COD)
    for page in pages_showing(order):
        assert '<span class="tag wait">To be confirmed</span>' in page


def test_coach_dispatch_shows_plate_and_driver_phone(client: Client) -> None:
    order = make_order()
    hand_over(pack(order.parts.get()), vehicle="20B-123.45", driver_phone="+84912345678")

    page = page_of(client, order)

    assert "20B-123.45" in page
    assert '<a class="keep" href="tel:+84912345678">0912 345 678</a>' in page
    assert steps(page)[1:] == [("done", "Packed"), ("now", "On the way"), ("", "Arrival")]
    assert "I have received the order" in page
    assert "No tracking number yet" not in page
    assert "Yes, cancel" not in page


def test_order_leads_to_the_lots_in_its_parcels(client: Client) -> None:
    variant = make_variant(on_hand=0)
    lots = [make_lot(variant, 1) for _lot in range(2)]
    order = make_order((variant, 2))
    part = order.parts.get()
    before = page_of(client, order)
    pack(part)

    page = page_of(client, order)

    assert "/truy-xuat/" not in before
    for lot in lots:
        assert page.count(f'href="/en/truy-xuat/{lot.code}/"') == 1


@pytest.mark.parametrize("number", ["", "EB123456789VN"])
def test_parcel_on_its_way_shows_its_number_to_copy_or_that_there_is_none(
    client: Client, number: str
) -> None:
    order = make_order((make_variant(name="Gối thảo dược"), 1))
    hand_over(pack(order.parts.get()), carrier="Bưu điện", tracking_number=number)

    page = page_of(client, order)

    assert ("No tracking number yet" in page) == (not number)
    assert (f'data-copy="{number}"' in page) == bool(number)
    slug = order.lines.get().variant.product.slug
    assert re.search(rf'<a href="/en/san-pham/{slug}/"\s*><span[^>]*>Gối thảo dược</span></a>', page)
    order.parts.get().parcels.update(state=ParcelState.DELIVERED, delivered_at=hours(30))
    order.parts.update(progress=Progress.DELIVERED)
    page = page_of(client, order)
    assert "No tracking number yet" not in page
    assert "Arrived on Wednesday" in page
    assert "Expected" not in page


def test_late_parcel_asks_whether_it_has_arrived_and_whom_to_call(client: Client) -> None:
    order = make_order()
    part = order.parts.get()
    hand_over(pack(part))
    Cooperative.objects.update(phone="+84912345678")
    today = vietnam_date(timezone.now())

    pages = {}
    for days_ago in (0, 1):
        until = today - datetime.timedelta(days=days_ago)
        OrderPart.objects.update(expected_from=until, expected_until=until)
        pages[days_ago] = page_of(client, order)

    assert "Not arrived yet?" not in pages[0]
    late = pages[1][pages[1].index("Not arrived yet?") :]
    with translation.override("en"):
        yesterday = weekday_and_day(today - datetime.timedelta(days=1))
    assert f"It was expected by {yesterday}." in late
    assert 'href="tel:+84912345678"' in late


def test_failed_delivery_shows_reason(client: Client) -> None:
    order = make_order()
    parcel = pack(order.parts.get())
    hand_over(parcel)
    fail_delivery(parcel_id=parcel.pk, reason="Không ai ở nhà", actor=MEMBER, now=hours(5))

    page = page_of(client, order)

    assert "Delivery failed on 24 Nov 2026: Không ai ở nhà" in page
    assert "I have received the order" not in page


def test_declined_part_shows_reason(client: Client) -> None:
    order = make_order()
    decline_part(part_id=order.parts.get().pk, reason="Mưa to, hỏng hết rau", actor=MEMBER, now=hours(1))

    page = page_of(client, order)

    assert steps(page) == [("stopped", "Declined by the cooperative")]
    assert "Mưa to, hỏng hết rau" in page
    assert "No longer due" in page


def test_buyer_receipt_marks_parcel_delivered_and_leaves_cash_expected(client: Client) -> None:
    order = make_order()
    parcel = pack(order.parts.get())
    hand_over(parcel)

    response = client.post(f"/en/don-hang/{order.pk}/goi/1/nhan/", follow=True)

    parcel.refresh_from_db()
    order.refresh_from_db()
    assert "Thank you. Is something wrong with the items?" in html_of(response)
    assert order.parts.get().progress == Progress.DELIVERED
    assert (parcel.cod_state, parcel.cod_collected, order.charged) == (CodState.EXPECTED, 0, 0)
    change = Change.objects.get(action="parcel.delivered")
    assert (change.actor_kind, change.entry_point) == ("guest", "market")


def test_buyer_takes_back_a_receipt_confirmed_by_mistake(client: Client) -> None:
    order = make_order()
    hand_over(pack(order.parts.get()))
    cash = "350,000\xa0₫"
    receipt = f"/en/don-hang/{order.pk}/goi/1/nhan/"
    assert f"Whoever collects the {cash} in cash confirms it." in page_of(client, order)

    client.post(receipt)
    page = page_of(client, order)
    assert f"Cash on receipt: {cash}. Its collection is not confirmed yet." in page
    assert f'action="{receipt}lay-lai/"' in page
    response = client.post(f"{receipt}lay-lai/", follow=True)

    page = html_of(response)
    assert "Taken back. The items count as on their way again." in page
    assert "I have received the order" in page
    assert order.parts.get().progress == Progress.DISPATCHED


def test_receipt_says_until_when_a_problem_can_be_reported(client: Client) -> None:
    order = make_order()
    hand_over(pack(order.parts.get()))

    page = html_of(client.post(f"/en/don-hang/{order.pk}/goi/1/nhan/", follow=True))

    last_moment = find_delivered_lines(order.parts.get())[0].last_moment
    with translation.override("en"):
        day = weekday_and_day(last_moment)
    assert f"You can report it here until {day}." in page


def test_repeated_receipt_changes_nothing(client: Client) -> None:
    order = make_order()
    parcel = pack(order.parts.get())
    hand_over(parcel)
    client.post(f"/en/don-hang/{order.pk}/goi/1/nhan/")
    parcel.refresh_from_db()

    client.post(f"/en/don-hang/{order.pk}/goi/1/nhan/")

    repeated = Parcel.objects.get()
    assert repeated.delivered_at == parcel.delivered_at
    assert Change.objects.filter(action="parcel.delivered").count() == 1


def test_receipt_before_handover_is_refused(client: Client) -> None:
    order = make_order()
    pack(order.parts.get())

    response = client.post(f"/en/don-hang/{order.pk}/goi/1/nhan/", follow=True)

    assert "Nothing in this part has been sent yet." in html_of(response)
    assert order.parts.get().progress == Progress.PACKING


def test_buyer_cancels_one_part_and_keeps_the_other(client: Client) -> None:
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000, on_hand=1)
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((pillow, 1), (noodles, 2))

    page = html_of(client.post(f"/en/don-hang/{order.pk}/goi/1/huy/", follow=True))

    order.refresh_from_db()
    assert 'You cancelled the part from <span lang="vi">HTX Thiên An</span>.' in page
    assert [part.state for part in order.parts.order_by("number")] == [PartState.CANCELLED, PartState.NEW]
    assert (order.current_total_gross, order.total_gross) == (120_000, 470_000)
    assert get_stock(pillow).free == 1
    assert re.search(r'/dat-lai/".*?<input type="hidden" name="part" value="1">', page, re.DOTALL)
    assert "Cancel the whole order" not in page
    client.post(f"/en/don-hang/{order.pk}/dat-lai/", {"part": "1"})
    assert [line.variant for line in BasketLine.objects.all()] == [pillow]


def test_buyer_cancels_the_whole_order_after_a_review(client: Client) -> None:
    make_bank_account()
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000, on_hand=1)
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((pillow, 1), (noodles, 2), method=PaymentMethod.TRANSFER, now=timezone.now())
    receive_transfer(order.code, 470_000, booked_at=timezone.now(), now=timezone.now())
    address = f"/en/don-hang/{order.pk}/huy/"
    assert f'href="{address}"' in html_of(client.get(f"/en/don-hang/{order.pk}/"))

    review = text_of(html_of(client.get(address)))
    assert "350,000 ₫" in review
    assert "470,000 ₫ that you transferred is refunded to your bank account." in review
    order.refresh_from_db()
    assert order.cancelled_at is None
    for _repeat in range(2):
        page = html_of(client.post(address, {"reviewed": "1"}, follow=True))

    order.refresh_from_db()
    assert "You cancelled the order." in page
    assert [part.state for part in order.parts.order_by("number")] == [PartState.CANCELLED] * 2
    assert (order.status, order.current_total_gross, get_stock(pillow).free) == ("cancelled", 0, 1)
    assert Refund.objects.filter(order=order).count() == 1
    check_everything()


def test_buyer_cannot_cancel_an_order_of_which_a_part_is_packed(client: Client) -> None:
    order = make_order((make_variant(make_seller()), 1), (make_variant(make_seller()), 1))
    close_parcel(parcel_id=pack(order.parts.get(number=1)).pk, actor=MEMBER, now=hours(3))
    address = f"/en/don-hang/{order.pk}/huy/"
    before = all_rows()

    assert "Cancel the whole order" not in html_of(client.get(f"/en/don-hang/{order.pk}/"))
    assert client.get(address).headers["Location"] == f"/en/don-hang/{order.pk}/"
    html = html_of(client.post(address, {"reviewed": "1"}, follow=True))

    assert "The cooperative has already packed this. Please call them." in html
    assert all_rows() == before


def test_cancelled_part_changes_unpaid_transfer(client: Client) -> None:
    make_bank_account()
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((pillow, 1), (noodles, 2), method=PaymentMethod.TRANSFER, email="hanh@example.com")

    page = text_of(html_of(client.post(f"/don-hang/{order.pk}/goi/1/huy/", follow=True)))

    assert "Đã huỷ phần của HTX Thiên An theo yêu cầu. Số tiền cần chuyển nay là 120.000 ₫." in page
    assert "Tổng cộng ban đầu 470.000 ₫ Phần đã huỷ −350.000 ₫ Còn phải trả 120.000 ₫" in page
    notification = Notification.objects.get(key__startswith="part_ended:")
    told = (
        f"Số tiền cần chuyển nay là 120.000 ₫ (trước là 470.000 ₫), nội dung {order.code}. "
        "Xin quý khách chuyển trước 10:00 thứ Tư 25/11. "
        "Mã QR đã lưu trước đó không còn đúng."
    )
    for shown in (text_of(notification.text), text_of(notification.html)):
        assert told in shown
        assert "không phải trả" not in shown


def test_cash_order_says_what_to_pay_for_each_part_and_what_is_left(client: Client) -> None:
    gourd = make_variant_sold_by_weight(make_seller("HTX Yến Dương"))
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((gourd, 1), (noodles, 2), email="hanh@example.com")
    before = text_of(html_of(client.get(f"/don-hang/{order.pk}/")))

    after = text_of(html_of(client.post(f"/don-hang/{order.pk}/goi/1/huy/", follow=True)))

    assert "Trả khi nhận phần này, tối đa 73.200 ₫" in before
    assert "Trả khi nhận phần này 120.000 ₫" in before
    assert "Tổng cộng phần này" not in before
    assert "Tổng cộng, tối đa 193.200 ₫" in before
    assert "Đã huỷ phần của HTX Yến Dương theo yêu cầu. Còn trả khi nhận: 120.000 ₫." in after
    assert "Không phải trả nữa 73.200 ₫" in after
    assert "Trả khi nhận phần này 120.000 ₫" in after
    assert (
        "Tiền hàng, tối đa 133.200 ₫ Phí giao hàng 60.000 ₫ Tổng cộng ban đầu, tối đa 193.200 ₫ "
        "Phần đã huỷ −73.200 ₫ Còn phải trả 120.000 ₫"
    ) in after
    placed = Notification.objects.get(key__startswith="order_placed:")
    cancelled = Notification.objects.get(key__startswith="part_ended:")
    for letter in (text_of(placed.text), text_of(placed.html)):
        assert re.search(r"Trả khi nhận phần này, tối đa:? 73.200 ₫", letter)
        assert re.search(r"Trả khi nhận phần này:? 120.000 ₫", letter)
    for letter in (text_of(cancelled.text), text_of(cancelled.html)):
        assert re.search(r"Phần của HTX Tài Hoan vẫn giao .*?; trả khi nhận 120.000 ₫.", letter)
        assert "không phải trả" not in letter


def test_part_cancelled_by_its_buyer_is_marked_as_stopped_and_addresses_the_buyer(client: Client) -> None:
    order = make_order()

    page = html_of(client.post(f"/don-hang/{order.pk}/goi/1/huy/", follow=True))

    assert steps(page) == [("stopped", "Đã huỷ theo yêu cầu")]
    assert "Người mua đã huỷ" not in page


def test_repeated_cancellation_gives_same_answer(client: Client) -> None:
    order = make_order()
    idempotency_key = re.search(r'name="idempotency_key" value="([^"]+)"', page_of(client, order))[1]

    responses = [
        client.post(f"/en/don-hang/{order.pk}/goi/1/huy/", {"idempotency_key": idempotency_key}, follow=True)
        for _sent in range(2)
    ]

    for response in responses:
        assert "You cancelled the order." in html_of(response)
    assert Change.objects.filter(action="part.cancelled").count() == 1


def test_packed_part_shows_phone_number_instead_of_cancel_button(client: Client) -> None:
    order = make_order()
    parcel = pack(order.parts.get())
    close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=hours(3))

    page = page_of(client, order)
    html = html_of(client.post(f"/en/don-hang/{order.pk}/goi/1/huy/", follow=True))

    assert "Yes, cancel" not in page
    assert "It is already packed. To change something, call the cooperative." in page
    assert "The cooperative has already packed this. Please call them." in html
    assert order.parts.get().state == PartState.ACCEPTED


def test_unknown_order_or_part_is_missing(client: Client) -> None:
    order = make_order()

    assert client.get(f"/don-hang/{unknown_uuid()}/").status_code == 404
    assert client.post(f"/don-hang/{unknown_uuid()}/goi/1/huy/").status_code == 404
    assert client.post(f"/don-hang/{order.pk}/goi/2/huy/").status_code == 404
    assert client.get(f"/don-hang/{order.pk}/goi/1/huy/").status_code == 405
    assert order.parts.get().state == PartState.NEW


def test_guest_without_email_can_save_page_link(client: Client) -> None:
    order = make_order(email="")

    page = page_of(client, order)

    assert re.search(r"<details>\s*<summary>Save this page</summary>", page)
    assert 'link to this page to <b class="keep">0987 654 321</b>.' in page
    assert re.search(r'<svg[^>]+class="qr-small"', page)
    assert f'value="http://127.0.0.1:8000/don-hang/{order.pk}/"' in page
    assert " style=" not in page


def test_saved_link_moves_below_parts_once_packing_begins(client: Client) -> None:
    order = make_order(email="")
    placed = page_of(client, order)
    pack(order.parts.get())

    packed = page_of(client, order)

    assert placed.index('id="save"') < placed.index('id="part-1"')
    assert packed.index('id="save"') > packed.index('id="part-1"')


def test_guest_with_email_reads_where_the_confirmation_went_and_can_save_page(client: Client) -> None:
    order = make_order(email="hoa@example.com")

    page = page_of(client, order)

    assert "We have emailed the confirmation and the link to this page to <b>hoa@example.com</b>." in page
    assert "Save this page" in page
    assert f'value="http://127.0.0.1:8000/don-hang/{order.pk}/"' in page
    assert "Did you mean" not in page
    assert "We text the confirmation" not in page


def test_mistyped_email_is_questioned_on_the_order_page(client: Client) -> None:
    page = page_of(client, make_order(email="hoa@gmial.com"))

    assert "Did you mean hoa@gmail.com?" in page
    assert re.search(r"<details open>\s*<summary>Save this page</summary>", page)


def test_buyer_with_account_is_not_asked_to_save_page(client: Client) -> None:
    order = make_order(user=make_user())
    client.force_login(order.user)

    assert "Save this page" not in page_of(client, order)


def test_query_count_does_not_depend_on_parts_and_lines() -> None:
    client = Client()
    small_order = make_order()
    pack(small_order.parts.get())
    large = make_order(
        *[(make_variant(make_seller(f"HTX {n}"), name=f"Hàng {n}"), 1) for n in range(3)],
        (make_variant(name="Quýt"), 1),
    )
    for part in large.parts.all():
        pack(part)

    def queries(order: Order) -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(client, order)
        return len(captured)

    assert queries(large) == queries(small_order)


@pytest.mark.parametrize("pattern", ["{code}", " {lower} ", "{split}"])
def test_order_lookup_accepts_phone_and_code_in_any_format(client: Client, pattern: str) -> None:
    order = make_order()
    text = pattern.format(
        code=order.code,
        lower=order.code.lower(),
        split=f"{order.code[:3]}-{order.code[3:]}",
    )

    response = client.post("/don-hang/", {"phone": "0987.654.321", "code": text})

    assert response.headers["Location"] == f"/don-hang/{order.pk}/"


def test_order_lookup_gives_same_answer_for_wrong_phone_and_unknown_code(client: Client) -> None:
    order = make_order()

    def answer(phone: str, code: str) -> str:
        html = html_of(client.post("/en/don-hang/", {"phone": phone, "code": code}))
        return re.sub(r'value="[^"]*"', "", html[html.index("<main") : html.index("</main")])

    wrong_phone = answer("0912345678", order.code)
    unknown_code = answer("0987654321", "TA7K2M3")

    assert wrong_phone == unknown_code
    assert "No order matches this phone number and code." in wrong_phone


def test_order_lookup_is_rate_limited_per_phone(client: Client) -> None:
    order = make_order()
    for _ in range(FIND_LIMIT_BY_PHONE.max_tries):
        client.post("/don-hang/", {"phone": "0987654321", "code": "TA7K2M3"})

    blocked = client.post("/don-hang/", {"phone": "0987654321", "code": order.code})
    other = make_order((make_variant(), 1), phone="+84912345678")
    other_response = client.post("/don-hang/", {"phone": "0912345678", "code": other.code})

    assert blocked.status_code == 429
    assert other_response.status_code == 302


def test_own_orders_are_listed_newest_first_ten_per_page_and_three_in_the_account(client: Client) -> None:
    user = make_user()
    variant = make_variant(on_hand=100)
    own_orders = [make_order((variant, 1), user=user, now=hours(n)) for n in range(11)]
    other_order = make_order((variant, 1), user=make_user())
    client.force_login(user)

    first, second, account = (
        html_of(client.get(address)) for address in ("/don-hang/", "/don-hang/?page=2", "/tai-khoan/")
    )

    newest_first = [order.code for order in reversed(own_orders)]
    assert codes_in(first) == newest_first[:10]
    assert codes_in(second) == newest_first[10:]
    assert codes_in(account) == newest_first[:3]
    assert '<a class="button button-second" href="/don-hang/">Tất cả đơn hàng của tôi</a>' in account
    assert other_order.code not in first + second + account


def test_query_count_of_account_does_not_depend_on_orders(client: Client) -> None:
    user = make_user()
    variant = make_variant(on_hand=100)
    client.force_login(user)
    make_order((variant, 1), user=user)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/tai-khoan/")
        return len(captured)

    before = queries()
    for n in range(4):
        make_order((variant, 1), (make_variant(make_seller(f"HTX {n}")), 1), user=user)

    assert queries() == before


def codes_in(page: str) -> list[str]:
    return re.findall(r'<a class="code" href="/don-hang/[^"]+">([^<]+)</a>', page)


def codes_at_hand(client: Client) -> list[str]:
    return codes_in(html_of(client.get("/don-hang/")))


def test_orders_tab_lists_own_orders_with_questions_first(client: Client) -> None:
    user = make_user()
    asked_order = make_order((make_variant_sold_by_weight(), 2), user=user, now=hours(0))
    part = asked_order.parts.get()
    accept_part(part_id=part.pk, actor=MEMBER, now=hours(1))
    weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=6000, actor=MEMBER, now=hours(1))
    newer = make_order((make_variant(on_hand=9), 1), user=user, now=hours(2))
    make_order((make_variant(on_hand=9), 1), user=make_user())
    client.force_login(user)

    assert codes_at_hand(client) == [asked_order.code, newer.code]


def test_orders_are_filtered_by_groups_of_statuses(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    waiting, sent = make_order(user=user), make_order(user=user)
    hand_over(pack(sent.parts.get()))

    def listed(query: str) -> list[str]:
        return re.findall(r'class="code" href="[^"]+">(\w+)<', html_of(client.get(f"/don-hang/{query}")))

    page = text_of(html_of(client.get("/don-hang/")))
    assert "Tất cả (2) Đang chờ (1) Đang giao (1)" in page
    assert listed("") == [sent.code, waiting.code]
    assert listed("?trangthai=cho") == [waiting.code]
    assert listed("?trangthai=dang-giao") == [sent.code]
    assert listed("?trangthai=huy") == []
    assert listed("?trangthai=unknown") == [sent.code, waiting.code]


def test_orders_tab_lists_the_orders_of_a_guests_session_above_the_form() -> None:
    variant = make_variant(on_hand=9)
    order, expired = make_order((variant, 1)), make_order((variant, 1))
    Order.objects.filter(pk=expired.pk).update(link_expires_at=NOW)
    client, stranger = Client(), Client()
    prove_order(client, order)
    prove_order(client, expired)

    assert codes_at_hand(client) == [order.code]
    assert codes_at_hand(stranger) == []


def test_query_count_of_orders_tab_does_not_depend_on_orders(client: Client) -> None:
    user = make_user()
    variant = make_variant(on_hand=100)
    client.force_login(user)
    counts = []
    for _round in range(2):
        make_order((variant, 1), user=user)
        with CaptureQueriesContext(connection) as captured:
            client.get("/don-hang/")
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_sign_in_from_the_account_tab_leads_to_the_account(client: Client) -> None:
    tabs = html_of(client.get("/")).split('class="tab-bar')[1]

    assert 'href="/tai-khoan/dang-nhap/?back=/tai-khoan/"' in tabs


def test_account_redirects_guest_to_sign_in(client: Client) -> None:
    response = client.get("/en/tai-khoan/")

    assert response.headers["Location"] == "/en/tai-khoan/dang-nhap/?next=/en/tai-khoan/"


def test_delivered_order_shows_paid_amount_and_finished_steps(client: Client) -> None:
    order = make_order((make_variant(price=320_000), 1))
    parcel = pack(order.parts.get())
    hand_over(parcel)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, actor=MEMBER, now=hours(20))

    page = page_of(client, order)

    assert "Paid: 350,000\u00a0₫" in page
    assert {state for state, _ in steps(page)} == {"done"}
    assert "Expected" not in page


def test_cash_collected_for_one_part_reduces_amount_due(client: Client) -> None:
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((pillow, 1), (noodles, 2))
    parcel = pack(order.parts.get(number=1))
    hand_over(parcel)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, actor=MEMBER, now=hours(20))

    page = page_of(client, order)

    assert "Paid: 350,000\u00a0₫" in page
    assert "Still due on receipt: 120,000\u00a0₫" in page
    assert "Due on receipt: " not in page


def test_overpaid_order_asks_for_no_payment(client: Client) -> None:
    order = make_order((make_variant(price=320_000), 1))
    Order.objects.filter(pk=order.pk).update(charged=400_000, charge_coverage="over")

    page = page_of(client, order)

    assert "Paid: 400,000\u00a0₫" in page
    assert "ue on receipt" not in page


def test_delivery_name_is_translated_unless_method_was_renamed(client: Client) -> None:
    order = make_order((make_variant(make_seller("HTX Yến Dương")), 1), (make_variant(make_seller()), 1))
    delivery_method, other = (part.delivery_method for part in order.parts.order_by("number"))
    for method in (delivery_method, other):
        Translation.objects.create(
            kind="cooperatives.deliverymethod",
            key=method.pk,
            field="name",
            language="en",
            text="To your door",
        )
    other.name = "Bưu điện"
    other.save()

    english, vietnamese = (client.get(f"{path}/don-hang/{order.pk}/") for path in ("/en", ""))

    assert html_of(english).count("To your door") == 1
    assert "To your door" not in html_of(vietnamese)
    assert order.parts.get(number=1).delivery_name == delivery_method.name


def test_parcels_of_one_part_are_numbered(client: Client) -> None:
    part = make_order((make_variant(), 2)).parts.get()
    accept_part(part_id=part.pk, actor=MEMBER, now=hours(1))
    line = part.lines.get()
    first, second = (
        pack_parcel(part_id=part.pk, quantities={line.pk: 1}, actor=MEMBER, now=hours(2)) for _one in range(2)
    )
    hand_over(second, tracking_number="VTP2")

    page = page_of(client, part.order)

    assert first.number == 1
    assert "Parcel 2/2" in page
    assert "Parcel 1/2" not in page


def test_lines_keep_names_of_placement_and_add_translation(client: Client) -> None:
    unchanged = make_variant(make_seller("HTX Tài Hoan"), name="Miến dong")
    unchanged.name = "Gói to"
    unchanged.save()
    renamed = make_variant(unchanged.cooperative, name="Quýt")
    order = make_order((unchanged, 1), (renamed, 1))
    for row, text in ((unchanged.product, "Canna noodles"), (renamed.product, "Mandarins")):
        Translation.objects.create(kind="catalog.product", key=row.pk, language="en", field="name", text=text)
    renamed.product.name = "Quýt Bạch Thông"
    renamed.product.save()

    english, vietnamese = (
        without_links(page)
        for page in (page_of(client, order), html_of(client.get(f"/don-hang/{order.pk}/")))
    )

    line = '<span lang="vi">Miến dong</span>, <span lang="vi">Gói to</span> <span class="soft">× 1'
    assert f"{line}<br>Canna noodles" in english
    assert '<span lang="vi">Quýt</span> <span class="soft">× 1 piece </span>' in english
    assert "Mandarins" not in english
    assert "Miến dong, Gói to <span" in vietnamese
    assert "Canna noodles" not in vietnamese


def test_order_placed_in_english_shows_original_names_in_vietnamese(
    client: Client,
) -> None:
    variant = make_variant(name="Miến dong")
    kind, key = "catalog.product", variant.product_id
    Translation.objects.create(kind=kind, key=key, language="en", field="name", text="Canna noodles")
    order = make_order((variant, 1))
    Order.objects.update(language="en")
    order.lines.update(translated_product_name="Canna noodles")
    Translation.objects.update(text="Noodles")

    english, vietnamese = (
        without_links(page)
        for page in (page_of(client, order), html_of(client.get(f"/don-hang/{order.pk}/")))
    )

    assert '<span class="grow"> Canna noodles <span class="soft">× 1 piece </span>' in english
    assert '<span class="grow"> Miến dong <span class="soft">× 1 chiếc </span>' in vietnamese


def test_query_count_of_names_does_not_depend_on_lines() -> None:
    seller, client = make_seller(), Client()
    counts = []
    for size in (1, 4):
        order = make_order(*[(make_variant(seller), 1) for _each in range(size)])
        with CaptureQueriesContext(connection) as queries:
            page_of(client, order)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_list_of_own_orders_names_and_shows_products_without_more_queries(
    client: Client,
) -> None:
    user = make_user()
    client.force_login(user)
    seller = make_seller()
    names = ("Miến dong", "Gừng tươi", "Mật ong", "Quýt", "Măng khô")
    query_counts = []
    for first in (0, 1):
        order = make_order(*((make_variant(seller, name=name), 1) for name in names[first:]), user=user)
        renditions = {"160": {"webp": f"{first}-160.webp", "jpeg": f"{first}-160.jpg", "height": 160}}
        picture = Picture.objects.create(state=PictureState.READY, renditions=renditions)
        line = order.lines.in_order().first()
        assert line is not None
        OrderLine.objects.filter(pk=line.pk).update(picture_key=picture.pk)
        with CaptureQueriesContext(connection) as captured:
            page = re.sub(r"\s+", " ", html_of(client.get("/don-hang/")))
        query_counts.append(len(captured))

    newest, oldest = (
        [text_of(item) for item in re.findall(r"<li[^>]*>(.*?)</li>", article)]
        for article in page.split("<article")[1:]
    )
    assert newest[:4] == ["Gừng tươi × 1", "Mật ong × 1", "Quýt × 1", "và 1 sản phẩm khác"]
    assert oldest[:4] == ["Miến dong × 1", "Gừng tươi × 1", "Mật ong × 1", "và 2 sản phẩm khác"]
    assert re.findall(r'src="/media/(\d-160\.jpg)"', page) == ["1-160.jpg", "0-160.jpg"]
    assert query_counts[0] == query_counts[1]


def test_help_names_the_markets_zalo_only_if_it_has_one(client: Client) -> None:
    shop = ShopSettings.objects.create(pk=1, operator_phone="1900 1234")
    order = make_order()
    without = page_of(client, order)
    shop.operator_zalo_phone = "+84912345678"
    shop.save()

    page = page_of(client, order)

    assert "zalo.me" not in without
    assert re.search(r'href="https://zalo.me/84912345678"[^>]*>.*?Message on Zalo', page, re.DOTALL)
