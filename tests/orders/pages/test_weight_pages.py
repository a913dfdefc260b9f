"""Pages of products sold by weight: estimates, maximum prices and weight questions."""

from __future__ import annotations

import html
import re
import uuid
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Price
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.placement.draft_orders import create_draft, edit_draft
from orders.actions.placement.place_order import place_order
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import RequestedDelivery, RequestedLine
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import Basket, Order, OrderPart, OrderSource, PaymentMethod, WeightQuestion
from orders.views.sum_rows import build_totals_of_quote
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.notifications.models import Notification
from tests.factories import (
    HANOI,
    NOW,
    carrier_deliveries,
    make_admin,
    make_bank_account,
    make_basket,
    make_channel,
    make_contact,
    make_divisions,
    make_member,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    make_voucher,
)
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.orders.pages.order_proofs import ProvenOrdersClient
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return ProvenOrdersClient()


@pytest.fixture
def admin_client(client):
    client.force_login(make_admin())
    return client


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def part_with_question() -> tuple[OrderPart, WeightQuestion]:
    """Return a part with two gourds that weigh 6 kg where 5.76 were agreed, and its weight question."""
    part = make_order((make_variant_sold_by_weight(), 2)).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=6000, actor=Actor.system(), now=NOW)
    return part, WeightQuestion.objects.get()


def answer_url(part: OrderPart, question: WeightQuestion) -> str:
    return f"/don-hang/{part.order_id}/can/{question.pk}/"


def test_product_page_shows_estimate_price_per_kilo_and_maximum(client) -> None:
    gourd = make_variant_sold_by_weight()

    page = html_of(client.get(f"/san-pham/{gourd.product.slug}/")).replace("\u00a0", " ")

    assert "36.000 ₫" in page
    assert "data-asked-per>15.000 ₫</span>" in re.sub(r"\s+>", ">", page)
    assert "2,4 kg" in page
    assert "2,88 kg" in page
    assert "43.200 ₫" in page


def test_maximum_is_the_main_sum_of_basket_checkout_and_button(client) -> None:
    gourd = make_variant_sold_by_weight()
    client.post("/gio-hang/dong/", {"variant": gourd.pk, "quantity": 2})
    make_divisions()
    Basket.objects.update(province_code=HANOI)

    pages = [html_of(client.get(path)).replace("\u00a0", " ") for path in ("/gio-hang/", "/dat-hang/")]

    basket_page, checkout_page = (re.sub(r"(?:<[^>]+>|\s)+", " ", page) for page in pages)
    for text in (basket_page, checkout_page):
        assert "khoảng 4,8 kg" in text
        assert "tối đa 86.400 ₫" in text
        assert "Tiền hàng, tối đa 86.400 ₫" in text
        assert "Tổng cộng, tối đa 116.400 ₫" in text
        assert "Theo cân nặng ước tính: 102.000 ₫" in text
    assert "Đặt hàng, trả tối đa 116.400 ₫" in checkout_page
    assert "Đặt hàng, chuyển khoản 102.000 ₫ tối đa 116.400 ₫ sau khi cân" in checkout_page


def test_basket_line_by_weight_shows_most_and_estimate_and_folds_the_rest(client) -> None:
    gourd = make_variant_sold_by_weight()
    Price.objects.filter(variant=gourd).update(discounted=32_400)
    client.post("/gio-hang/dong/", {"variant": gourd.pk, "quantity": 2})

    page = html_of(client.get("/gio-hang/"))

    line = re.search(r'<li class="basket-line".*?</li>', page, re.DOTALL)[0]
    folded = re.search(r"<details.*?</details>", line, re.DOTALL)[0]
    assert re.findall(r"[\d.]+ ₫", text_of(line.replace(folded, ""))) == ["86.400 ₫", "77.760 ₫", "64.800 ₫"]
    assert "Trước đây: 86.400 ₫ tối đa 77.760 ₫ ước tính 64.800 ₫" in text_of(line)
    assert text_of(folded) == "Cách tính giá Trước đây: 36.000 ₫ 32.400 ₫ / quả khoảng 2,4 kg · 13.500 ₫/kg"


@pytest.mark.parametrize(
    ("quantity", "discounted", "sums"),
    [
        (1, None, ["45.000 ₫"]),
        (2, None, ["45.000 ₫", "90.000 ₫"]),
        (1, 40_500, ["45.000 ₫", "40.500 ₫"]),
        (2, 40_500, ["90.000 ₫", "81.000 ₫"]),
    ],
)
def test_basket_line_shows_its_price_and_the_one_before_a_promotion(
    client, quantity, discounted, sums
) -> None:
    noodles = make_variant(price=45_000)
    Price.objects.filter(variant=noodles).update(discounted=discounted or 45_000)
    client.post("/gio-hang/dong/", {"variant": noodles.pk, "quantity": quantity})

    page = html_of(client.get("/gio-hang/"))

    line = re.search(r'<li class="basket-line".*?</li>', page, re.DOTALL)[0]
    assert re.findall(r"[\d.]+ ₫", text_of(line)) == sums


def test_order_page_shows_agreed_then_weighed_amount(client) -> None:
    part = make_order((make_variant_sold_by_weight(), 2)).parts.get()
    before = html_of(client.get(f"/don-hang/{part.order_id}/")).replace("\u00a0", " ")
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=4600, actor=Actor.system(), now=NOW)

    after = html_of(client.get(f"/don-hang/{part.order_id}/")).replace("\u00a0", " ")

    assert "4,8 kg" in before
    assert "86.400 ₫" in before
    assert "4,6 kg" in after
    assert "69.000 ₫" in after
    assert "86.400 ₫" not in after


def test_most_is_the_main_figure_of_the_order_and_its_letter_until_weighed(client) -> None:
    part = make_order((make_variant_sold_by_weight(), 2), email="hanh@example.com").parts.get()
    address = f"/don-hang/{part.order_id}/"
    before = text_of(html_of(client.get(address)))
    notification = Notification.objects.get(key__startswith="order_placed:")
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=4600, actor=Actor.system(), now=NOW)

    after = text_of(html_of(client.get(address)))

    for text in (
        "Thanh toán khi nhận: tối đa 116.400 ₫",
        "khoảng 4,8 kg tối đa 86.400 ₫ ước tính 72.000 ₫",
        "Trả khi nhận, tối đa 116.400 ₫",
        "Tiền hàng, tối đa 86.400 ₫ Phí giao hàng 30.000 ₫ "
        "Tổng cộng, tối đa 116.400 ₫ Theo cân nặng ước tính: 102.000 ₫",
    ):
        assert text in before
    assert (
        "Tiền hàng, tối đa 86.400 ₫ Phí giao hàng 30.000 ₫ "
        "Tổng cộng, tối đa 116.400 ₫ Theo cân nặng ước tính: 102.000 ₫"
    ) in text_of(notification.html)
    assert "Đang chờ 1 hợp tác xã xác nhận đơn. Tổng cộng, tối đa: 116.400 ₫." in text_of(notification.html)
    assert "- Bí xanh thơm × 2, khoảng 4,8 kg, 15.000 ₫/kg: tối đa 86.400 ₫, ước tính 72.000 ₫" in text_of(
        notification.text
    )
    assert (
        "Tiền hàng, tối đa: 86.400 ₫ Phí giao hàng: 30.000 ₫ "
        "Tổng cộng, tối đa: 116.400 ₫ Theo cân nặng ước tính: 102.000 ₫"
    ) in text_of(notification.text)
    assert "Thanh toán khi nhận: 99.000 ₫" in after
    assert "Tổng cộng 99.000 ₫" in after
    assert "tối đa" not in after.lower()


def test_order_page_and_its_email_repeat_the_sums_of_the_checkout(client) -> None:
    gourd = make_variant_sold_by_weight()
    make_voucher("GIAM10")
    basket = make_basket((gourd, 2), (make_variant(make_seller("HTX Tài Hoan"), price=45_000), 1))
    apply_voucher_code(basket_id=basket.pk, code="GIAM10", now=NOW)
    basket.refresh_from_db()
    quote = build_quote(
        replace(build_basket_request(basket), deliveries=carrier_deliveries(basket), province_code=HANOI),
        now=NOW,
    )
    agreed = build_totals_of_quote(quote, quote.purchase_at_maximum)
    order = place_order(
        basket_id=basket.pk,
        contact=make_contact(email="hanh@example.com"),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.guest(),
        now=NOW,
    )

    response = client.get(f"/don-hang/{order.pk}/")

    sums = response.context["sums"]
    assert (sums.goods, [row.amount for row in sums.discounts], sums.delivery) == (118_260, [13_140], 60_000)
    assert sums == agreed
    assert response.context["maximum_current_total"] == quote.maximum_total == 131_400 - 13_140 + 60_000
    notification = text_of(Notification.objects.get(key__startswith="order_placed:").html)
    for text in (notification, text_of(html_of(response))):
        assert "Tiền hàng, tối đa 131.400 ₫ " in text
        assert " −13.140 ₫ Phí giao hàng 60.000 ₫ Tổng cộng, tối đa 178.260 ₫" in text


def test_transfer_says_what_is_paid_now_later_and_back(client) -> None:
    make_bank_account()
    gourd = make_variant_sold_by_weight()
    client.post("/gio-hang/dong/", {"variant": gourd.pk, "quantity": 2})
    make_divisions()
    Basket.objects.update(province_code=HANOI)
    now = timezone.now()
    order = make_order((gourd, 2), method=PaymentMethod.TRANSFER, email="hanh@example.com", now=now)
    later = "Nặng hơn: trả thêm sau khi cân, tối đa 14.400 ₫. Nhẹ hơn: hoàn phần thừa sau khi gửi hàng."

    checkout_page = text_of(html_of(client.get("/dat-hang/")))
    order_page = text_of(html_of(client.get(f"/don-hang/{order.pk}/")))
    notification = Notification.objects.get(key__startswith="order_placed:")
    receive_transfer(order.code, 102_000, booked_at=now, now=now)
    paid_page = text_of(html_of(client.get(f"/don-hang/{order.pk}/")))

    assert (
        "Quét mã QR, trả ngay 102.000 ₫ theo cân nặng ước tính. Nặng hơn: trả thêm tối đa 14.400 ₫. "
        "Nhẹ hơn: hoàn phần thừa." in checkout_page
    )
    for text in (order_page, text_of(notification.html), text_of(notification.text)):
        assert f"Trả 102.000 ₫ theo cân nặng ước tính. {later}" in text
    assert "Chờ thanh toán. Tổng cộng, tối đa: 116.400 ₫." in text_of(notification.html)
    assert "Trả 102.000 ₫" not in paid_page
    assert later in paid_page


@pytest.mark.parametrize(
    ("answer", "total", "message"),
    [
        ("agreed", 90_000, "Đã đồng ý nhận 6 kg, giá 90.000 ₫. Hợp tác xã đã nhận được câu trả lời."),
        ("refused", 72_000, "Đã chọn không nhận 6 kg. Hợp tác xã đã nhận được câu trả lời."),
        ("removed", 72_000, "Đã bỏ món này khỏi đơn, không phải trả tiền món này."),
    ],
)
def test_buyer_answers_weight_question_on_order_page(client, answer, total, message) -> None:
    part, question = part_with_question()
    page = html_of(client.get(f"/don-hang/{part.order_id}/"))

    response = client.post(answer_url(part, question), {"answer": answer})

    assert f'action="{answer_url(part, question)}"' in page
    assert response.url == f"/don-hang/{part.order_id}/"
    question.refresh_from_db()
    assert (question.answer, part.lines.get().total_gross) == (answer, total)
    answered_page = html_of(client.get(response.url))
    assert answer_url(part, question) not in answered_page
    assert message in text_of(answered_page)


def test_weight_question_tells_difference_deadline_and_what_happens_without_an_answer(client) -> None:
    part, _question = part_with_question()

    page = text_of(html_of(client.get(f"/don-hang/{part.order_id}/")))

    assert "Bí xanh thơm cân được 6 kg, vượt mức đã hẹn 5,76 kg. Có nhận không?" in page
    assert "Giá 90.000 ₫, thêm 3.600 ₫ so với mức tối đa đã hẹn 86.400 ₫. Phí giao hàng không đổi." in page
    assert "Khi nhận, trả cho cả phần của HTX Thiên An 120.000 ₫, đã gồm phí giao hàng." in page
    assert "HTX Thiên An giữ đúng món này và đóng gói ngay." in page
    assert "chỉ thu tối đa 86.400 ₫ cho món này hoặc bỏ món này khỏi đơn." in page
    assert "Không phải trả tiền món này; đã trả thì được hoàn." in page
    assert "Đến 10:00 thứ Tư 25/11 chưa có câu trả lời, chợ sẽ gọi điện." in page


def test_order_list_marks_order_with_open_weight_question(client) -> None:
    part, question = part_with_question()
    buyer = make_user()
    Order.objects.update(user=buyer)
    make_order((make_variant(), 1), user=buyer)
    client.force_login(buyer)
    message = "Some items weigh more than agreed."

    before = html_of(client.get("/en/tai-khoan/"))
    client.post(answer_url(part, question), {"answer": "agreed"})
    after = html_of(client.get("/en/tai-khoan/"))

    assert before.count(message) == 1
    assert message in before.partition(part.order.code)[2].partition("</article>")[0]
    assert message not in after


def test_invalid_answer_is_missing_and_changes_nothing(client) -> None:
    part, question = part_with_question()
    before = all_rows()

    responses = [
        client.post(f"/don-hang/{uuid.uuid4()}/can/{question.pk}/", {"answer": "agreed"}),
        client.post(f"/don-hang/{part.order_id}/can/{uuid.uuid4()}/", {"answer": "agreed"}),
        client.post(answer_url(part, question), {"answer": "maybe"}),
        client.post(answer_url(part, question)),
    ]

    assert [response.status_code for response in responses] == [404] * 4
    assert all_rows() == before


def test_weight_answer_rejects_get(client) -> None:
    part, question = part_with_question()

    assert client.get(answer_url(part, question), {"answer": "agreed"}).status_code == 405


@pytest.mark.parametrize(("answer", "due"), [("agreed", 120_000), ("removed", 0)])
def test_staff_answer_weight_question_for_buyer(admin_client, answer, due) -> None:
    part, question = part_with_question()
    page = html_of(admin_client.get(f"/quan-tri/don-hang/{part.order_id}/"))
    url = f"/quan-tri/don-hang/{part.order_id}/can/{question.pk}/"

    response = admin_client.post(url, {"answer": answer})

    assert f'action="{url}"' in page
    assert response.url == f"/quan-tri/don-hang/{part.order_id}/"
    question.refresh_from_db()
    assert (question.answer, Order.objects.get().amount_due) == (answer, due)


def test_member_cannot_answer_on_staff_page(client) -> None:
    part, question = part_with_question()
    client.force_login(make_member(part.cooperative))
    before = all_rows()

    response = client.post(f"/quan-tri/don-hang/{part.order_id}/can/{question.pk}/", {"answer": "agreed"})

    assert response.status_code in (302, 403, 404)
    changed = {table for table, rows in all_rows().items() if rows != before.get(table)}
    assert changed == set()


def test_draft_page_shows_maximum_weight_and_price(admin_client) -> None:
    gourd = make_variant_sold_by_weight()
    order = create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=Actor.system(), now=NOW)
    edit_draft(
        order_id=order.pk,
        lines=[RequestedLine(uuid.uuid4(), gourd.pk, 2)],
        deliveries={gourd.cooperative_id: RequestedDelivery(gourd.cooperative.delivery_methods.get().pk)},
        contact=make_contact(),
        actor=Actor.system(),
        now=NOW,
    )

    page = html_of(admin_client.get(f"/quan-tri/don-nhap/{order.pk}/")).replace("\u00a0", " ")

    assert "khoảng 4,8 kg; nặng tới 5,76 kg, tối đa 86.400 ₫" in page
    assert '<b class="money">116.400 ₫</b>' in page
