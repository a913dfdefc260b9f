"""A whole order without scripts, and by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cooperatives.models import Cooperative
from orders.models import BasketLine, Order
from orders.states import ParcelState, PartState
from tests.factories import (
    HANOI,
    PASSWORD,
    make_category,
    make_channel,
    make_divisions,
    make_market_pickup,
    make_member,
    make_product,
    make_seller,
)

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
MAX_STEPS = 80
FOCUSED = """() => {
  const element = document.activeElement;
  const box = element.closest('label') ?? element;
  const ring = [element, box].some(each => parseFloat(getComputedStyle(each).outlineWidth) >= 2
    && getComputedStyle(each).outlineStyle !== 'none');
  const place = element.getBoundingClientRect();
  const label = element.labels?.[0]?.innerText ?? '';
  return {
    words: `${element.getAttribute('aria-label') ?? ''} ${label} ${element.innerText ?? ''}`.trim(),
    name: element.name ?? '',
    isSeen: ring && place.width > 0 && place.bottom > 0 && place.top < innerHeight,
    html: element.outerHTML.slice(0, 120),
  };
}"""


@pytest.fixture
def sellers(transactional_db: None) -> tuple[Cooperative, Cooperative]:
    make_divisions()
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    make_market_pickup(thien_an, make_channel())
    make_product(thien_an, name="Gối thảo dược", price=320_000, category=make_category("Thổ cẩm"))
    make_product(yen_duong, name="Bí xanh thơm", price=15_000, on_hand=60)
    make_product(yen_duong, name="Gối lá thơm", price=90_000)
    return thien_an, yen_duong


@pytest.fixture
def visitor(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """Yield a function that opens a page for a new visitor; all are closed at the end."""
    opened: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="vi-VN", **options)
        opened.append(context)
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()


def test_order_is_placed_packed_and_partly_cancelled_without_scripts(
    visitor: Callable[..., Page], sellers: tuple[Cooperative, Cooperative]
) -> None:
    buyer = visitor(java_script_enabled=False, viewport=PHONE)
    _fill_basket(buyer)
    _check_out(buyer)

    order = Order.objects.get()
    assert (order.buyer_name, order.phone, order.total_gross) == ("Trần Thị Hạnh", "+84987654321", 425_000)
    assert order.parts.count() == 2
    _cancel_part(buyer, "HTX Thiên An")

    member = visitor(java_script_enabled=False, viewport=PHONE)
    _accept_and_pack(member, make_member(sellers[1]).email or "")
    parts = dict(order.parts.values_list("cooperative__name", "state"))
    assert parts == {"HTX Thiên An": PartState.CANCELLED, "HTX Yến Dương": PartState.ACCEPTED}
    assert order.parts.get(cooperative=sellers[1]).parcels.get().state == ParcelState.PACKED
    buyer.reload()
    expect(buyer.locator("main")).to_contain_text("Đã đóng gói")


def test_product_is_found_and_bought_by_keyboard_alone(
    visitor: Callable[..., Page], sellers: tuple[Cooperative, Cooperative]
) -> None:
    page = visitor(viewport=DESK)
    keyboard = Keyboard(page)
    page.goto("/")

    keyboard.press("Tab")
    assert keyboard.focused_element()["words"] == "Chuyển đến nội dung chính"
    keyboard.press("Enter")
    keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")

    page.goto("/")
    keyboard.tab_to(name="q")
    keyboard.type_text("goi")
    keyboard.press_and_wait("Enter", "/tim/")
    for name in ("con", "htx"):
        keyboard.tab_to(name=name)
        keyboard.press_and_wait("Space", f"[?&]{name}=")
        assert keyboard.focused_element()["name"] == name  # the next key continues from there
    expect(page.locator("#results")).to_contain_text("Gối thảo dược")
    expect(page.locator("#results")).not_to_contain_text("Gối lá thơm")
    keyboard.tab_to("Gối thảo dược")
    keyboard.press_and_wait("Enter", "/san-pham/")
    keyboard.tab_to("Thêm vào giỏ")
    keyboard.press("Enter")
    expect(page.get_by_text("1 × Gối thảo dược")).to_be_visible()
    keyboard.tab_to("Xem giỏ hàng")
    keyboard.press_and_wait("Enter", "/gio-hang/")
    keyboard.tab_to("Tăng một")
    keyboard.press("Space")
    expect(page.locator("main")).to_contain_text("640.000")
    keyboard.tab_to("Đặt hàng")
    keyboard.press_and_wait("Enter", "/dat-hang/")
    _fill_checkout_by_keyboard(keyboard)
    keyboard.tab_to("Đặt hàng, trả")
    keyboard.press_and_wait("Space", "/don-hang/")

    order = Order.objects.get()
    assert (order.buyer_name, order.total_gross) == ("Trần Thị Hạnh", 670_000)


def _fill_basket(page: Page) -> None:
    page.goto("/")
    for search_text, name in (("goi thao duoc", "Gối thảo dược"), ("bi xanh", "Bí xanh thơm")):
        page.get_by_role("searchbox").fill(search_text)
        page.get_by_role("searchbox").press("Enter")
        page.get_by_role("link", name=name).click()
        page.get_by_role("button", name="Thêm vào giỏ").click()
    page.get_by_role("link", name="Xem giỏ hàng").click()
    quantity = page.get_by_role("spinbutton", name="Số lượng Bí xanh thơm")
    quantity.fill("2")
    quantity.press("Enter")
    expect(page.locator(".total").last).to_contain_text("350.000")
    quantity.fill("3")
    page.locator("form").filter(has=quantity).get_by_role("button", name="Cập nhật").click()
    expect(quantity).to_have_value("3")
    assert sorted(BasketLine.objects.values_list("quantity", flat=True)) == [1, 3]


def _check_out(page: Page) -> None:
    page.get_by_role("button", name="Đặt hàng", exact=True).filter(visible=True).click()
    expect(page.locator(".total").last).to_contain_text("365.000")
    page.get_by_label("Họ và tên").fill("Trần Thị Hạnh")
    page.get_by_label("Số điện thoại", exact=True).fill("0987 654 321")
    page.get_by_label("Tỉnh, thành phố").select_option(HANOI)
    page.get_by_role("button", name="Xem xã, phường").click()
    page.get_by_label("Xã, phường", exact=True).select_option("00166")
    page.get_by_label("Số nhà, đường, thôn").fill("Số 5, ngõ 12")
    page.get_by_label("Tôi đồng ý").check()
    for chosen in page.locator("details:has([name^=way]) summary").all():
        chosen.click()
    for delivery_method in page.get_by_role("radio", name="Giao tận nhà").all():
        delivery_method.check()
    page.get_by_role("button", name=re.compile("^Đặt hàng, trả")).click()
    expect(page).to_have_url(re.compile("/don-hang/[0-9a-f-]{36}/"))
    assert Order.objects.get().shipping_address is not None


def _cancel_part(page: Page, name: str) -> None:
    part = page.locator("main section").filter(has=page.get_by_role("heading", name=name))
    part.get_by_text("Huỷ phần này", exact=True).click()
    part.get_by_role("button", name=re.compile("huỷ", re.IGNORECASE)).click()
    expect(page.get_by_role("status").first).to_contain_text(name)


def _accept_and_pack(page: Page, email: str) -> None:
    page.goto("/xa-vien/")
    page.locator("main [name=name]").fill(email)
    page.locator("main [name=password]").fill(PASSWORD)
    page.locator("main [name=password]").press("Enter")
    page.get_by_role("link", name="Xem 1 đơn mới").click()
    page.get_by_role("button", name="Nhận đơn").click()
    page.get_by_text("Lấy rồi").click()
    page.get_by_role("button", name="Xong, sang dán tem").click()
    page.get_by_role("button", name="Dán tem xong").click()
    expect(page.get_by_role("button", name="Bàn giao kiện hàng")).to_be_visible()


def _fill_checkout_by_keyboard(keyboard: Keyboard) -> None:
    keyboard.tab_to(name="name")
    keyboard.type_text("Trần Thị Hạnh")
    keyboard.tab_to(name="phone")
    keyboard.type_text("0987654321")
    keyboard.tab_to("Xã, phường và tỉnh")
    keyboard.type_text("cau giay")
    with keyboard.page.expect_response(lambda response: response.url.endswith("/dat-hang/")):
        keyboard.press("Enter")
    expect(keyboard.page.get_by_label("Xã, phường và tỉnh")).to_have_value("Phường Cầu Giấy, Hà Nội")
    keyboard.tab_to(name="street")
    keyboard.type_text("Số 5, ngõ 12")
    keyboard.tab_to(name="consent")
    keyboard.press("Space")


class Keyboard:
    """A keyboard-only visitor; the focus must be visible after every step."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def type_text(self, text: str) -> None:
        self.page.keyboard.type(text)

    def focused_element(self) -> dict[str, Any]:
        focused: dict[str, Any] = self.page.evaluate(FOCUSED)
        return focused

    def tab_to(self, text: str = "", *, name: str = "") -> None:
        """Press Tab until the element is focused; the focus must be visible at every step."""
        passed = []
        for _step in range(MAX_STEPS):
            self.press("Tab")
            focused = self.focused_element()
            if focused["html"].startswith("<body"):
                continue
            assert focused["isSeen"], focused
            if (name and focused["name"] == name) or (text and focused["words"].startswith(text)):
                return
            passed.append(focused["words"] or focused["name"])
        pytest.fail(f"no key leads to {text or name}, only to {passed}")

    def press_and_wait(self, key: str, path: str) -> None:
        self.press(key)
        self.page.wait_for_url(re.compile(path))
        self.page.wait_for_load_state()
