"""The members' pages for orders that buyers sent by Zalo, Facebook or phone."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client

from cooperatives.models import Role
from orders.models import Order, OrderSource, PaymentMethod
from shop.accounts.models import Consent
from tests.factories import (
    THAI_NGUYEN,
    make_all_divisions,
    make_bank_account,
    make_member,
    make_order,
    make_product,
    make_seller,
    make_variant,
)
from tests.markup import html_of

pytestmark = [pytest.mark.django_db, pytest.mark.both]
PASTE, REVIEW = "/xa-vien/don/dan-tin/", "/xa-vien/don/dan-tin/xem-lai/"
MESSAGE = """Nguyễn Thị Hoa 0912345678
Thôn Nà Ít, xã Vi Hương, huyện Bạch Thông, tỉnh Bắc Kạn
2 gói miến dong 500g, 3 gói kẹo lạc. Gọi trước khi giao"""
KEY = "4b0e7b0a-5d3c-4a42-9a1d-2f3e7c8a9b10"


@pytest.fixture
def noodles(seller):
    return make_variant(
        seller,
        name="Miến dong",
        price=45_000,
        on_hand=20,
        unit="packet",
        content_grams=500,
    )


def paste(client: Client, text: str = MESSAGE, source: str = "zalo"):
    return client.post(PASTE, {"text": text, "source": source})


def review(client: Client, **values: str):
    posted = {
        "text": MESSAGE,
        "source": "zalo",
        "idempotency_key": KEY,
        "name": "Nguyễn Thị Hoa",
        "phone": "0912 345 678",
        "province": THAI_NGUYEN,
        "commune": "01969",
        "street": "Thôn Nà Ít",
        "method": "cod",
        "consent": "on",
        "goods-1": "0",
    }
    return client.post(REVIEW, posted | values)


def shown_total(response) -> str:
    match = re.search(r'name="agreed_total" value="(\d+)"', response.content.decode())
    assert match is not None
    return match[1]


@pytest.fixture
def commune_code():
    """The code of xã Phủ Thông, which Vi Hương belongs to."""
    from shop.core.models.geography import Division

    make_all_divisions()
    return Division.objects.get(full_name="Xã Phủ Thông").code


def test_message_becomes_an_order_after_a_look(packer, noodles, commune_code) -> None:
    page = paste(packer)

    text = html_of(page)
    assert page.status_code == 200
    assert 'value="Nguyễn Thị Hoa"' in text
    assert 'value="0912 345 678"' in text
    assert f'<option value="{commune_code}" selected' in text
    assert 'value="Thôn Nà Ít"' in text
    assert f'value="{noodles.pk}" checked' in " ".join(text.split())
    assert "Hàng bạn đang bán không có món này" in text
    assert Order.objects.count() == 0

    looked = review(packer, **{"goods-0": str(noodles.pk), "goods-0-quantity": "2", "commune": commune_code})
    total = shown_total(looked)
    assert (looked.status_code, total, Order.objects.count()) == (200, "120000", 0)

    placed = review(
        packer,
        **{
            "goods-0": str(noodles.pk),
            "goods-0-quantity": "2",
            "commune": commune_code,
            "agreed_total": total,
            "agreed_maximum": total,
            "note": "Gọi trước khi giao",
            "place": "1",
        },
    )
    order = Order.objects.get()
    assert (placed.status_code, placed.url) == (302, f"/xa-vien/don/{order.pk}/")
    assert (order.source, order.total_gross, order.note) == (
        OrderSource.ZALO,
        120_000,
        "Gọi trước khi giao",
    )
    assert (order.phone, order.buyer_name) == ("+84912345678", "Nguyễn Thị Hoa")
    assert (order.shipping_address.street_address_1, order.shipping_address.city) == (
        "Thôn Nà Ít",
        "Xã Phủ Thông",
    )
    assert [(line.variant_id, line.quantity) for line in order.lines.all()] == [(noodles.pk, 2)]
    assert Consent.objects.get(subject=f"order:{order.pk}").entry_point == "members"

    sent = html_of(packer.get(placed.url))
    assert f"/don-hang/{order.pk}/" in sent
    assert "https://zalo.me/84912345678" in sent
    assert "Khách đặt qua: Zalo" in html_of(packer.get(f"/xa-vien/goi/{order.parts.get().pk}/"))


def place(client, noodles, commune_code, **values):
    posted = {
        "goods-0": str(noodles.pk),
        "goods-0-quantity": "2",
        "commune": commune_code,
        "agreed_total": "120000",
        "agreed_maximum": "120000",
        "place": "1",
    }
    return review(client, **(posted | values))


def test_sending_the_form_twice_places_one_order(packer, noodles, commune_code) -> None:
    first = place(packer, noodles, commune_code)
    again = place(packer, noodles, commune_code)

    assert (first.status_code, again.url, Order.objects.count()) == (302, first.url, 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"goods-1": ""}, "Chọn một mặt hàng, hoặc bỏ món này ra."),
        ({"goods-0-quantity": "hai"}, "Nhập số nguyên, ví dụ 2."),
        ({"goods-0": "0"}, "Chọn ít nhất một mặt hàng."),
        ({"goods-0": "999999"}, "Chọn một mặt hàng, hoặc bỏ món này ra."),
        ({"consent": ""}, "Hỏi khách trước rồi hãy đánh dấu ô này."),
        ({"phone": "09123"}, "có 10 chữ số"),
        ({"name": ""}, "Nhập tên người nhận hàng."),
        ({"agreed_total": "1"}, "Đơn có thay đổi so với lần xem trước."),
        ({"agreed_total": "x" * 30}, "Đơn có thay đổi so với lần xem trước."),
        ({"goods-0-quantity": "21"}, "Chỉ còn 20"),
        ({"add-0": "1", "add-0-quantity": "0"}, ""),
    ],
)
def test_incomplete_order_is_shown_again_and_not_placed(packer, noodles, commune_code, values, said) -> None:
    if "add-0" in values:
        values = {**values, "add-0": str(noodles.pk)}

    response = place(packer, noodles, commune_code, **values)

    assert (response.status_code, Order.objects.count()) == (422, 0)
    assert said in html_of(response).replace("\xa0", " ")


def test_several_meanings_are_chosen_by_a_tap(packer, seller, commune_code) -> None:
    product = make_product(
        seller,
        name="Mật ong hoa rừng",
        price=75_000,
        unit="bottle",
        variants=(("Chai 250 ml", 0), ("Chai 1 lít", 190_000)),
    )
    small, large = product.variants.order_by("pk")
    text = "2 chai mật ong, Lan 0912345678, phường Tân Thịnh, Thái Nguyên"

    page = " ".join(html_of(paste(packer, text)).split())

    assert "Ý khách là món nào?" in page
    assert f'value="{small.pk}" checked' not in page
    assert f'value="{large.pk}" checked' not in page
    answered = place(packer, large, commune_code, text=text, agreed_total="560000", agreed_maximum="560000")
    assert answered.status_code == 302
    assert [(line.variant_id, line.quantity) for line in Order.objects.get().lines.all()] == [(large.pk, 2)]


def test_added_product_and_transfer(packer, noodles, commune_code) -> None:
    make_bank_account()
    values = {
        "text": "ok em",
        "source": "phone",
        "method": "transfer",
        "goods-0": "",
        "add-0": str(noodles.pk),
        "add-0-quantity": "1",
        "agreed_total": "75000",
        "agreed_maximum": "75000",
    }

    placed = place(packer, noodles, commune_code, **values)

    order = Order.objects.get()
    assert (order.source, order.confirmed_at) == (OrderSource.PHONE, None)
    assert order.payments.get().method == PaymentMethod.TRANSFER
    page = html_of(packer.get(placed.url))
    assert "thanh toán tại đây" in page
    assert f"/xa-vien/goi/{order.parts.get().pk}/" not in page


def test_commune_with_several_meanings_is_offered(packer, noodles, commune_code) -> None:
    text = "2 gói miến 500g, Lan 0912345678, thôn 3, Bạch Thông, Bắc Kạn"

    page = html_of(paste(packer, text))

    assert "Ý khách là xã, phường nào?" in page
    assert f'value="{THAI_NGUYEN}/{commune_code}"' in page
    posted = {"text": text, "province": "", "commune": "", "meant-commune": f"{THAI_NGUYEN}/{commune_code}"}
    placed = place(packer, noodles, "", **posted)
    assert placed.status_code == 302
    assert Order.objects.get().shipping_address.commune_code == commune_code


def test_empty_and_unknown_messages(packer, noodles, commune_code) -> None:
    assert paste(packer, "").status_code == 422
    assert paste(packer, "x", source="web").status_code == 422
    assert packer.get(REVIEW).status_code == 302
    nothing = html_of(paste(packer, "cho chị như lần trước nhé"))
    assert "Tin nhắn không nhắc tới món hàng nào của bạn" in nothing


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.MANAGER, 200),
        (Role.PACKER, 200),
        (Role.LISTER, 403),
        (Role.CASHIER, 403),
        (Role.BOOKKEEPER, 403),
    ],
)
def test_only_who_packs_enters_orders(client, seller, role, status) -> None:
    client.force_login(make_member(seller, role))

    assert client.get(PASTE).status_code == status
    assert paste(client).status_code == status
    assert review(client).status_code == status
    assert Order.objects.count() == 0


def test_another_cooperatives_product_is_not_accepted(packer, noodles, commune_code) -> None:
    foreign = make_variant(name="Miến dong", price=45_000)

    response = place(packer, noodles, commune_code, **{"goods-0": str(foreign.pk), "add-0": str(foreign.pk)})

    assert (response.status_code, Order.objects.count()) == (422, 0)


def test_page_of_an_entered_order_is_for_its_cooperative_only(
    client, seller, packer, noodles, commune_code
) -> None:
    url = place(packer, noodles, commune_code).url
    on_the_web = make_order((noodles, 1))

    assert packer.get(f"/xa-vien/don/{on_the_web.pk}/").status_code == 404
    assert packer.get(f"/xa-vien/don/{uuid.uuid4()}/").status_code == 404
    client.force_login(make_member(make_seller("HTX Yến Dương")))
    assert client.get(url).status_code == 404


def test_review_takes_the_same_queries_for_many_goods(
    packer, seller, commune_code, django_assert_max_num_queries, django_assert_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for number in range(6):
        make_variant(seller, name=f"Gạo nếp giống {number}", price=20_000, on_hand=9, unit="bag")
    paste(packer, "1 túi gạo")
    with CaptureQueriesContext(connection) as few:
        paste(packer, "1 túi gạo nếp giống 1")
    text = ", ".join(f"{number + 1} túi gạo nếp giống {number}" for number in range(6))
    with CaptureQueriesContext(connection) as many:
        paste(packer, text)

    assert len(many) <= len(few)


LIVE = "/xa-vien/don/livestream/"
COMMENTS = """Lan Anh: M12 x2 - 0912 555 777
Hùng Trần: m12
0988 111 222 kẹo lạc 2 gói"""


def test_comments_of_a_livestream_become_orders(packer, noodles, commune_code) -> None:
    sent = {"codes": "M12 = miến dong\nM13 = kẹo", "comments": COMMENTS}

    page = html_of(packer.post(LIVE, sent))

    assert "3 khách" in page
    assert page.count("2 × Miến dong") == 1
    assert "“M13 = kẹo”" in page
    assert "“2 gói”" not in page
    assert "M12 = miến dong" in html_of(packer.get(LIVE))  # the codes stay
    message = {"source": "livestream", "text": "Tên: Lan Anh\nM12 x2 - 0912 555 777", "codes": sent["codes"]}
    review_page = " ".join(html_of(packer.post(PASTE, message)).split())
    assert f'value="{noodles.pk}" checked' in review_page
    assert 'value="Lan Anh"' in review_page
    placed = place(packer, noodles, commune_code, **message, name="Lan Anh", phone="0912555777")
    order = Order.objects.get()
    assert (placed.status_code, order.source, order.buyer_name) == (302, OrderSource.LIVESTREAM, "Lan Anh")
    assert LIVE in html_of(packer.get(placed.url))


def test_livestream_without_comments_or_right_shows_nothing(client, seller, packer) -> None:
    assert packer.post(LIVE, {"codes": "", "comments": ""}).status_code == 422
    client.force_login(make_member(seller, Role.LISTER))
    assert client.get(LIVE).status_code == 403
    assert client.post(LIVE, {"codes": "M1 = a", "comments": "M1"}).status_code == 403
