"""A gourd in a browser: ordered by the piece, weighed with a typing error, agreed to, and paid by weight.

Buyer and packer each use a phone.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from orders.models import Order, OrderLine, OrderPart
from shop.core.geography.divisions import load_divisions
from tests.factories import (
    PASSWORD,
    get_stock,
    make_channel,
    make_member,
    make_seller,
    make_variant_sold_by_weight,
)
from tests.journeys.test_first_sale import PHONE, add_to_basket, press

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]  # pages in a browser


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Any:
    """Yield a function that opens a page on a phone for a visitor or a signed-in user."""
    contexts: list[BrowserContext] = []

    def open_page(email: str = "") -> Page:
        context = browser.new_context(base_url=live_server.url, locale="vi-VN", **PHONE)
        contexts.append(context)
        page = context.new_page()
        if email:
            page.goto("/tai-khoan/dang-nhap/")
            page.locator("main [name=name]").fill(email)
            page.locator("main [name=password]").fill(PASSWORD)
            page.locator("main [name=password]").press("Enter")
            page.wait_for_url(re.compile("/xa-vien/"))
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_gourd_is_ordered_weighed_and_paid_by_weight(live_server: Any, visit: Any) -> None:
    load_divisions()
    make_channel()
    seller = make_seller("HTX Yến Dương")
    make_member(seller, email="yenduong@example.com")
    gourd = make_variant_sold_by_weight(seller)
    buyer, packer = visit(), visit("yenduong@example.com")

    part = _buy_by_piece(buyer, gourd.product.slug)
    _enter_wrong_then_excess_weight(packer, part)
    _agree_to_weight(buyer, part)
    _pack_and_deliver(packer, part)

    buyer.reload()
    expect(buyer.locator("main")).to_contain_text("cân được 3,2 kg")
    expect(buyer.locator("main .tag.good").first).to_contain_text("78.000")
    order = Order.objects.get()
    assert (order.current_total_gross, order.charged, order.status) == (78_000, 78_000, "delivered")
    assert get_stock(gourd).on_hand == 9


def _buy_by_piece(page: Page, slug: str) -> OrderPart:
    """Buy by the piece; every page up to the button shows the estimate and the maximum price."""
    page.goto(f"/san-pham/{slug}/")
    expect(page.locator("main")).to_contain_text("43.200")
    add_to_basket(page)
    page.goto("/dat-hang/")
    page.locator("[name=name]").fill("Nguyễn Thị Hoa")
    page.locator("[name=phone]").fill("0987 654 321")
    page.get_by_text("Chọn tỉnh, xã trong danh sách").click()
    with page.expect_response(lambda response: "/dat-hang/" in response.url):
        page.locator("[name=province]").select_option("01")
    page.locator("[name=commune] option[value]:not([value=''])").nth(3).wait_for(state="attached")
    page.locator("[name=commune]").select_option(index=4)
    page.locator("[name=street]").fill("Số 5, ngõ 12")
    page.locator("[name=consent]").check()
    for text in (
        "khoảng 2,4 kg",
        "tối đa 43.200",
        "trả tối đa 73.200",
        "Cân bao nhiêu, trả bấy nhiêu",
    ):
        expect(page.locator("aside")).to_contain_text(text)
    press(page, "#checkout .big-action")
    page.wait_for_url(re.compile("/don-hang/[0-9a-f-]{36}/"))

    line = OrderLine.objects.get()
    assert (line.estimate_grams, line.bound_grams, line.bound_gross) == (2400, 2880, 43_200)
    return OrderPart.objects.get()


def _enter_wrong_then_excess_weight(page: Page, part: OrderPart) -> None:
    """Enter a tenfold weight, to be confirmed, then a third above the estimate, which asks the buyer."""
    line = part.lines.get()
    page.goto(f"/xa-vien/goi/{part.pk}/")
    press(page, "form[action$='/nhan/'] button")
    expect(page.locator("main input[type=checkbox]")).to_have_count(0)
    weight_field = page.locator(f"[name='weigh-{line.pk}-kg']")

    weight_field.fill("32")
    expect(page.locator(f"#words-{line.pk}")).to_contain_text("480.000")
    page.locator(f"#goods-{line.pk} button", has_text="Lưu cân nặng").click()
    expect(page.locator(f"[name='weigh-{line.pk}-again']")).to_be_visible()
    line.refresh_from_db()
    assert line.weighed_grams is None

    page.locator(f"[name='weigh-{line.pk}-kg']").fill("3,2")
    expect(page.locator(f"#words-{line.pk}")).to_contain_text("48.000")
    with page.expect_navigation():
        page.locator(f"#goods-{line.pk} button", has_text="Lưu cân nặng").click()
    expect(page.locator(f"#goods-{line.pk}")).to_contain_text("3,2 kg")
    expect(page.locator("main input[type=checkbox]")).to_have_count(0)
    line.refresh_from_db()
    assert (line.weighed_grams, line.total_gross) == (None, 36_000)


def _agree_to_weight(page: Page, part: OrderPart) -> None:
    page.reload()
    expect(page.locator("main")).to_contain_text("3,2 kg")
    with page.expect_navigation():
        page.locator("main button[name=answer][value=agreed]").click()
    expect(page.locator("main button[name=answer]")).to_have_count(0)

    line = part.lines.get()
    assert (line.weighed_grams, line.bound_grams, line.total_gross) == (3200, 3200, 48_000)


def _pack_and_deliver(page: Page, part: OrderPart) -> None:
    address = f"/xa-vien/goi/{part.pk}/"
    page.goto(address)
    page.locator("main input[type=checkbox]").check()
    press(page, "form[action$='/kien/'] .big-action")
    for step in ("dong-goi", "ra-xe"):
        page.goto(address)
        press(page, f"form[action$='/{step}/'] button")
    page.goto(address)
    expect(page.locator("main")).to_contain_text("78.000")
    page.locator("form[action$='/da-giao/'] input[type=radio]").first.check()
    press(page, "form[action$='/da-giao/'] .big-action")

    parcel = part.parcels.get()
    assert (parcel.cod_expected, parcel.cod_collected) == (78_000, 78_000)
    assert parcel.lines.get().grams == 3200
