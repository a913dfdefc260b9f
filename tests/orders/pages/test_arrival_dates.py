"""The days of a delivery on every page and mail of a purchase: the same dates, pickups by place."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone, translation

from cooperatives.models import DeliveryMethod
from orders.models import Basket, Order
from shop.accounts.models import Address
from shop.core.texts.formatting import days_between
from shop.notifications.models import Notification
from tests.factories import (
    HANOI,
    THAI_NGUYEN,
    make_channel,
    make_divisions,
    make_market_pickup,
    make_seller,
    make_variant,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db


def carrier_days(method: DeliveryMethod, language: str) -> str:
    arrival = method.arrival(now=timezone.now())
    assert arrival is not None
    with translation.override(language):
        return days_between(arrival.first, arrival.last).replace("\u00a0", " ")


def words(client: Client, path: str) -> str:
    return re.sub(r"(?:<[^>]+>|\s)+", " ", html_of(client.get(path)))


def fill_basket(client: Client, province: str = HANOI) -> Basket:
    make_divisions()
    seller = make_seller()
    client.post("/gio-hang/dong/", {"variant": make_variant(seller).pk, "quantity": 1})
    Basket.objects.update(province_code=province)
    return Basket.objects.get()


@pytest.mark.parametrize(("language", "prefix"), [("vi", ""), ("en", "/en")])
def test_product_basket_checkout_order_and_mail_state_the_same_days(
    client: Client, language: str, prefix: str
) -> None:
    basket = fill_basket(client)
    variant = basket.lines.get().variant
    method = variant.cooperative.delivery_methods.get()
    days = carrier_days(method, language)

    pages = [
        words(client, f"{prefix}{path}")
        for path in (f"/san-pham/{variant.product.slug}/?tinh={HANOI}", "/gio-hang/", "/dat-hang/")
    ]
    client.post(
        f"{prefix}/dat-hang/",
        {
            "basket": str(basket.pk),
            "name": "Trần Thị Minh Hạnh",
            "phone": "0987 654 321",
            "email": "hanh@example.com",
            "province": HANOI,
            "commune": "00613",
            "street": "Số 8, ngõ 42",
            "consent": "on",
            f"delivery-{method.cooperative_id}": str(method.pk),
        },
    )
    order = Order.objects.get()
    notification = Notification.objects.get(recipient="hanh@example.com")

    arrives = {"vi": f"nhận hàng {days}", "en": f"arrives {days}"}[language]
    for page in pages:
        assert arrives in page
    assert words(client, f"{prefix}/don-hang/{order.pk}/").count(days) == 2  # the notice and the timeline
    for text in (notification.text, notification.html):
        assert days in text.replace("\u00a0", " ")


@pytest.mark.parametrize(("province", "is_folded"), [(HANOI, True), (THAI_NGUYEN, False)])
def test_pickup_place_is_one_card_with_its_days_and_folded_where_far(
    client: Client, province: str, is_folded: bool
) -> None:
    basket = fill_basket(client, province)
    variant = basket.lines.get().variant
    pickup = make_market_pickup(variant.cooperative, make_channel())
    Address.objects.filter(pk=pickup.warehouse.address_id).update(province_code=THAI_NGUYEN)

    product_page = html_of(client.get(f"/san-pham/{variant.product.slug}/?tinh={province}"))
    pages = [html_of(client.get(path)) for path in ("/gio-hang/", "/dat-hang/")]

    times = pickup.pickup_times(now=timezone.now())
    for page in pages:
        assert [f"{pickup.pk}@{time.key}" in page for time in times] == [True] * 4
        assert page.count(f'id="point-{pickup.pk}"') == 1
    for page in (product_page, *pages):
        assert ("1 điểm nhận ở tỉnh khác" in page) is is_folded
