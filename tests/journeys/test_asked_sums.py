"""Pages and API ask for the highest possible charge: exact sums of items weighed up to the bound."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from catalog.models import Price, Variant
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import Basket, Order, OrderPart, Parcel, ValueType, WeightQuestion
from shop.api.ids import key_from_id
from shop.api.payment.gateways import COD
from shop.core.actors import Actor
from tests.factories import HANOI, NOW, make_divisions, make_seller, make_variant_sold_by_weight, make_voucher
from tests.invariants import check_everything
from tests.markup import html_of
from tests.shop.api.checkout.operations import complete_order, prepare_checkout, start_payment
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db
PACKER = Actor.system("test")


def text_of(client: Client, path: str) -> str:
    """Return a page as words, with ordinary spaces."""
    html = html_of(client.get(path)).replace("\u00a0", " ")
    return re.sub(r"(?:<[^>]+>|\s)+", " ", html)


def make_gourd(discounted: int | None = None) -> Variant:
    """Make a gourd of 1,777 g for 33,333 đồng: the price of several is not a multiple of the price of one."""
    gourd = make_variant_sold_by_weight(make_seller(), price=33_333, content_grams=1_777)
    if discounted:
        Price.objects.filter(variant=gourd).update(discounted=discounted)
    return gourd


def weigh(part: OrderPart, grams: int) -> None:
    line = part.lines.get()
    weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, actor=PACKER, now=NOW)


def hand_over_at_bound(part: OrderPart) -> Parcel:
    """Weigh the line at exactly the agreed bound, pack it and hand it over."""
    accept_part(part_id=part.pk, actor=PACKER, now=NOW)
    line = part.lines.get()
    weigh(part, line.bound_grams or 0)
    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: line.quantity}, actor=PACKER, now=NOW)
    close_parcel(parcel_id=parcel.pk, actor=PACKER, now=NOW)
    return hand_over_parcel(parcel_id=parcel.pk, actor=PACKER, now=NOW)


def button_sum(page: str) -> int:
    (digits,) = re.findall(r"Đặt hàng, trả tối đa ([\d.]+) ₫", page)
    return int(digits.replace(".", ""))


def place_from(client: Client, page_html: str) -> Order:
    """Press the checkout's button: its hidden sums, and a buyer in Hanoi."""
    basket = Basket.objects.get()
    method = basket.lines.get().variant.cooperative.delivery_methods.get()
    shown = dict(re.findall(r'name="(shown_total|shown_maximum)" value="(\d+)"', page_html))
    response = client.post(
        "/dat-hang/",
        {
            "basket": str(basket.pk),
            "name": "Trần Thị Minh Hạnh",
            "phone": "0987 654 321",
            "province": HANOI,
            "commune": "00613",
            "street": "Số 8, ngõ 42",
            "consent": "on",
            f"delivery-{method.cooperative_id}": str(method.pk),
            **shown,
        },
    )
    assert response.status_code == 302
    return Order.objects.get()


@pytest.mark.parametrize(
    ("discounted", "voucher", "on_product_page", "goods", "asked"),
    [
        (None, None, "279.982 ₫", "279.982 ₫", 309_982),
        (30_000, None, "251.986 ₫", "251.986 ₫", 281_986),
        (None, ValueType.PERCENTAGE, "279.982 ₫", "251.984 ₫", 281_984),
        (None, ValueType.FIXED, "279.982 ₫", "259.982 ₫", 289_982),
    ],
    ids=["plain", "promotion", "percent off", "amount off"],
)
def test_pages_ask_for_what_the_heaviest_items_cost(
    client: Client,
    discounted: int | None,
    voucher: ValueType | None,
    on_product_page: str,
    goods: str,
    asked: int,
) -> None:
    make_divisions()
    gourd = make_gourd(discounted)

    product_page = text_of(client, f"/san-pham/{gourd.product.slug}/?variant={gourd.pk}&quantity=7")
    client.post("/gio-hang/dong/", {"variant": gourd.pk, "quantity": 7})
    Basket.objects.update(province_code=HANOI)
    if voucher:
        make_voucher("CHAO10", value_type=voucher, value=10 if voucher == ValueType.PERCENTAGE else 20_000)
        apply_voucher_code(basket_id=Basket.objects.get().pk, code="CHAO10", now=NOW)
    basket_page = text_of(client, "/gio-hang/")
    checkout_html = html_of(client.get("/dat-hang/"))
    button = button_sum(text_of(client, "/dat-hang/"))
    order = place_from(client, checkout_html)
    parcel = hand_over_at_bound(order.parts.get())

    assert f"{on_product_page} 7 × quả" in product_page
    assert f"tối đa {goods}" in basket_page
    assert button == asked
    assert f"{asked:,}".replace(",", ".") in basket_page
    order.refresh_from_db()
    assert (order.current_total_gross, parcel.cod_expected) == (asked, asked)
    check_everything()


def test_above_the_bound_nothing_more_is_charged_before_the_buyer_agrees(client: Client) -> None:
    make_divisions()
    gourd = make_gourd()
    client.post("/gio-hang/dong/", {"variant": gourd.pk, "quantity": 7})
    Basket.objects.update(province_code=HANOI)
    order = place_from(client, html_of(client.get("/dat-hang/")))
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=PACKER, now=NOW)

    weigh(part, (part.lines.get().bound_grams or 0) + 1)

    order.refresh_from_db()
    assert order.current_total_gross == 7 * 33_333 + 30_000
    assert WeightQuestion.objects.get().answer == ""


def test_api_states_the_most_that_its_order_is_charged() -> None:
    checkout = prepare_checkout((make_gourd(), 7))
    query = """query($id: ID!) { checkout(id: $id) {
        totalPrice { gross { amount } } maximumTotalPrice { gross { amount currency } net { amount } } } }"""

    sums = data_of(query, id=checkout)["checkout"]
    start_payment(checkout, COD)
    order = Order.objects.get(pk=key_from_id(complete_order(checkout), "Order"))
    parcel = hand_over_at_bound(order.parts.get())

    assert sums == {
        "totalPrice": {"gross": {"amount": 263_331}},
        "maximumTotalPrice": {"gross": {"amount": 309_982, "currency": "VND"}, "net": {"amount": 309_982}},
    }
    order.refresh_from_db()
    assert (order.current_total_gross, parcel.cod_expected) == (309_982, 309_982)
