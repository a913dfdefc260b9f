"""Card payments in a browser against a test double of Stripe: on our page, on Stripe's, and by weight."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from catalog.models import Product
from orders.models import GatewayCall, GatewayOperation, Order, PaymentMethod
from orders.states import CallState
from shop.core.geography.divisions import load_divisions
from tests.doubles.stripe import StripeDouble
from tests.factories import (
    make_category,
    make_channel,
    make_member,
    make_order,
    make_product,
    make_seller,
    make_variant_sold_by_weight,
)
from tests.journeys.test_first_sale import add_to_basket, press, visit
from tests.orders.gateway.card_order_helpers import DECLINED_CARD, GOOD_CARD, SCA_CARD, use_stripe_double

__all__ = ["visit"]
pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def stripe(live_server: Any, settings: Any, eager_jobs: None) -> Iterator[StripeDouble]:
    """Yield a Stripe double that sends webhooks by itself."""
    with StripeDouble() as double:
        use_stripe_double(double, settings)
        settings.PUBLIC_URL = live_server.url
        double.webhooks.to(f"{live_server.url}/webhooks/stripe/")
        double.webhooks.automatic()
        yield double
        double.webhooks.settled()


@pytest.fixture
def pillow(live_server: Any) -> Product:
    """Return a cooperative with a pillow at 90,000 đồng and delivery at 30,000."""
    load_divisions()
    make_channel()
    return make_product(make_seller("HTX Thiên An"), name="Gối thảo dược", price=90_000, on_hand=5)


@pytest.fixture
def faultless(visit: Callable[..., Page]) -> Callable[..., Page]:
    """Yield a function that opens visitors' pages; policy violations and script errors fail the test."""

    def open_page(device: dict[str, Any], **options: Any) -> Page:
        page = visit(device | options)
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.on(
            "console",
            lambda message: pytest.fail(message.text) if "Content Security Policy" in message.text else None,
        )
        return page

    return open_page


def buy_by_card(page: Page, product: Product) -> str:
    """Buy the product, choosing card payment. Returns the order's URL."""
    page.goto(f"/san-pham/{product.slug}/")
    add_to_basket(page)
    page.goto("/dat-hang/")
    page.get_by_text("Chọn tỉnh, xã trong danh sách").click()
    with page.expect_response(lambda response: "/dat-hang/" in response.url):
        page.locator("[name=province]").select_option("01")
    page.locator("[name=commune] option[value]:not([value=''])").nth(3).wait_for(state="attached")
    page.locator("[name=name]").fill("Nguyễn Thị Hoa")
    page.locator("[name=phone]").fill("0987 654 321")
    page.locator("[name=email]").fill("hoa@example.com")
    page.locator("[name=commune]").select_option(index=4)
    page.locator("[name=street]").fill("Số 5, ngõ 12")
    page.locator("[name=consent]").check()
    for delivery_method in page.locator("main fieldset input[type=radio][name^=way]").all():
        delivery_method.check()
    page.locator("[name=payment][value=card]").check()
    press(page, "#checkout .big-action")
    page.wait_for_url(re.compile("/don-hang/[0-9a-f-]{36}/"))
    return page.url


def enter_card(page: Page, number: str) -> None:
    """Enter a card number in Stripe's frame, which our page cannot access."""
    page.frame_locator("[data-card-fields] iframe").locator("[name=number]").fill(number)
    page.locator("[data-card] button").click()


def test_declined_card_is_replaced_and_the_next_confirmed_at_the_bank(
    stripe: StripeDouble, pillow: Product, faultless: Callable[..., Page]
) -> None:
    page = faultless(PHONE)
    address = buy_by_card(page, pillow)
    expect(page.locator("#paying-panel")).to_contain_text("120.000")
    expect(page.locator("[data-card-message]")).to_be_hidden()

    enter_card(page, DECLINED_CARD)
    expect(page.locator("[data-card-message]")).to_contain_text("declined")
    enter_card(page, SCA_CARD)
    page.wait_for_url(re.compile(re.escape(stripe.url)))
    press(page, "button[value=yes]")

    page.wait_for_url(address)
    expect(page.locator("main .tag.good").first).to_contain_text("120.000")
    expect(page.locator("#paying-panel")).to_have_count(0)
    stripe.webhooks.settled()
    order = Order.objects.get()
    assert order.charged == 120_000
    assert order.confirmed_at is not None
    assert [row["amount_captured"] for row in stripe.account.list_objects("charge", captured=True)] == [
        120_000
    ]
    assert {status for _event_type, status in stripe.webhooks.answers} == {200}


def test_buyer_who_leaves_at_the_bank_returns_and_pays_once(
    stripe: StripeDouble, pillow: Product, faultless: Callable[..., Page]
) -> None:
    page = faultless(PHONE)
    address = buy_by_card(page, pillow)
    enter_card(page, SCA_CARD)
    page.wait_for_url(re.compile(re.escape(stripe.url)))

    page.goto(address)
    enter_card(page, GOOD_CARD)

    page.wait_for_url(address)
    expect(page.locator("main .tag.good").first).to_contain_text("120.000")
    stripe.webhooks.settled()
    assert len(stripe.account.list_objects("payment_intent")) == 1
    assert Order.objects.get().charged == 120_000


def test_open_page_updates_when_paid_in_another_window(
    stripe: StripeDouble, pillow: Product, faultless: Callable[..., Page]
) -> None:
    page = faultless(DESK)
    page.clock.install()
    buy_by_card(page, pillow)
    expect(page.locator("[data-card] button")).to_be_visible()

    stripe.buyer_pays(GatewayCall.objects.get().reference)
    stripe.webhooks.settled()
    page.clock.fast_forward(4_000)  # the page asks every four seconds

    expect(page.locator("main .tag.good").first).to_contain_text("120.000")


def test_stripes_own_page_takes_the_card_without_scripts(
    stripe: StripeDouble, pillow: Product, browser: Browser, live_server: Any
) -> None:
    context: BrowserContext = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, locale="vi-VN", **PHONE
    )
    page = context.new_page()
    order = make_order((pillow.variants.get(), 1), method=PaymentMethod.CARD, now=timezone.now())
    address = f"{live_server.url}/don-hang/{order.pk}/"
    page.goto(address)
    expect(page.locator("[data-card]")).to_be_hidden()

    press(page, "form[action$='/the/stripe/'] button")
    assert page.url.startswith(f"{stripe.url}/pay/cs_")
    page.locator("[name=number]").fill(DECLINED_CARD)
    press(page, "button")
    page.locator("[name=number]").fill(SCA_CARD)
    press(page, "button")
    press(page, "button[value=yes]")

    page.wait_for_url(address)
    expect(page.locator("main .tag.good").first).to_contain_text("120.000")
    stripe.webhooks.settled()
    order.refresh_from_db()
    assert (order.charged, order.payments.count()) == (120_000, 2)
    stopped = GatewayCall.objects.get(operation=GatewayOperation.VOID)
    assert stopped.state == CallState.SUCCEEDED
    context.close()


def test_card_hold_covers_the_most_and_captures_the_weighed_price(
    stripe: StripeDouble, live_server: Any, faultless: Callable[..., Page], visit: Callable[..., Page]
) -> None:
    load_divisions()
    make_channel()
    make_category("Rau, củ, quả tươi")
    seller = make_seller("HTX Yến Dương")
    make_member(seller, email="yenduong@example.com")
    gourd = make_variant_sold_by_weight(seller).product
    buyer = faultless(PHONE)
    buy_by_card(buyer, gourd)
    expect(buyer.locator("#paying-panel")).to_contain_text("73.200")
    enter_card(buyer, GOOD_CARD)
    expect(buyer.locator("main .tag.good").first).to_contain_text("73.200")

    packer = visit(PHONE, "yenduong@example.com")
    part = Order.objects.get().parts.get()
    packer.goto(f"/xa-vien/goi/{part.pk}/")
    press(packer, "form[action$='/nhan/'] button")
    packer.goto(f"/xa-vien/goi/{part.pk}/")
    line = part.lines.get()
    packer.locator(f"[name='weigh-{line.pk}-kg']").fill("2")
    with packer.expect_navigation():
        packer.locator(f"#goods-{line.pk} button", has_text="Lưu cân nặng").click()
    packer.locator("main input[type=checkbox]").check()
    press(packer, "form[action$='/kien/'] .big-action")

    stripe.webhooks.settled()
    order = Order.objects.get()
    (charge,) = stripe.account.list_objects("charge")
    assert (charge["amount"], charge["amount_captured"]) == (73_200, 60_000)
    assert (order.current_total_gross, order.charged) == (60_000, 60_000)
    buyer.reload()
    expect(buyer.locator("main .tag.good").first).to_contain_text("60.000")
