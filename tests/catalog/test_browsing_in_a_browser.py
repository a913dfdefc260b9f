"""Search suggestions and filter focus, which only a browser can test."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.factories import make_all_divisions, make_category, make_product, make_seller, make_variant

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def test_suggestions_open_while_typing_and_support_arrow_keys(page: Page) -> None:
    make_product(name="Quýt Bạch Thông", category=make_category("Quýt, cam"))
    page.goto("/")
    field = page.get_by_role("searchbox")

    field.press_sequentially("quyt")
    links = page.locator(".suggestions a")
    expect(links).to_have_text(["Quýt, cam", "Quýt Bạch Thông"])
    field.press("ArrowDown")
    expect(links.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(links.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(links).to_have_count(0)
    expect(field).to_be_focused()
    field.press("Enter")

    page.wait_for_url("**/tim/?q=quyt")
    expect(page.get_by_role("heading", level=3)).to_have_text(["Quýt Bạch Thông"])


def test_first_choice_counts_before_htmx_is_there(phone: Page) -> None:
    make_product(make_seller("HTX Xa", slug="xa"), name="Gạo nếp")
    make_product(make_seller("HTX Gần", slug="gan"), name="Mật ong")
    held_requests: list[Route] = []
    phone.route("**/htmx*.js", lambda route: held_requests.append(route))
    with phone.expect_request("**/htmx*.js"):
        phone.goto("/san-pham/")
        phone.evaluate("document.dispatchEvent(new Event('pointerdown'))")
    assert phone.evaluate("typeof htmx") == "undefined"

    phone.evaluate("document.getElementById('f-con').click()")
    held_requests.pop().continue_()

    phone.wait_for_url("**/san-pham/?*con=on*")
    assert phone.evaluate("typeof htmx") == "object"

    phone.goto("/san-pham/?ocop=on")
    expect(phone.locator("label", has=phone.locator("#f-ocop"))).to_be_in_viewport(ratio=1)


def test_filter_updates_counts_and_products_and_keeps_focus(phone: Page) -> None:
    near, far_seller = make_seller("HTX Gần", slug="gan"), make_seller("HTX Xa", slug="xa")
    make_product(near, name="Gạo nếp", unit="kg")
    make_product(far_seller, name="Mật ong", unit="bottle")
    make_product(far_seller, name="Mận", unit="kg")
    phone.goto("/san-pham/")
    phone.get_by_text("Lọc thêm").click()

    phone.get_by_label("HTX Xa (2)").check()

    expect(phone.get_by_role("status").filter(has_text="sản phẩm")).to_have_text("2 sản phẩm")
    expect(phone.get_by_label("HTX Xa (2)")).to_be_focused()
    expect(phone.get_by_label("kg (1)")).to_be_visible()
    phone.wait_for_url("**/san-pham/?*htx=xa*")
    phone.get_by_role("link", name="HTX Xa").click()
    expect(phone.get_by_role("status").filter(has_text="sản phẩm")).to_have_text("3 sản phẩm")


def test_typed_letters_choose_the_province_they_spell(page: Page, page_errors: list[str]) -> None:
    make_all_divisions()
    make_variant(make_seller("HTX Thiên An"), name="Gối thảo dược")
    for path in ("/san-pham/goi-thao-duoc/", "/gio-hang/", "/dat-hang/"):
        if path == "/gio-hang/":
            page.get_by_role("button", name="Thêm vào giỏ").click()
            expect(page.locator("#basket-bar .notice.good")).to_be_visible()
        page.goto(path)
        if path == "/dat-hang/":
            page.get_by_text("Chọn tỉnh, xã trong danh sách").click()
        province = page.locator("select[name=tinh], select[name=province]")
        requested_types: list[str] = []
        page.on("request", lambda request, sent=requested_types: sent.append(request.resource_type))
        with page.expect_response(lambda response: response.request.resource_type == "xhr"):
            province.focus()
            page.keyboard.type("hai")
            expect(province.locator("option:checked")).to_have_text("Hải Phòng")

        expect(province.locator("option:checked")).to_have_text("Hải Phòng")
        assert requested_types.count("xhr") == 1, path
    assert page_errors == []


def test_answers_that_newer_ones_replace_are_no_errors(page: Page, page_errors: list[str]) -> None:
    make_product(name="Quýt Bạch Thông")
    page.emulate_media(reduced_motion="no-preference")
    page.goto("/")
    held: list[Route] = []
    page.route("**/goi-y/**", lambda route: held.append(route), times=1)
    field = page.get_by_role("searchbox")
    with page.expect_request("**/goi-y/**"):
        field.press_sequentially("qu")
    field.press_sequentially("yt")
    expect(page.locator(".suggestions a")).to_have_text(["Quýt Bạch Thông"])

    page.evaluate(
        "() => { location.href = '/san-pham/'; setTimeout(() => { location.href = '/hop-tac-xa/' }) }"
    )
    expect(page).to_have_url(re.compile("/hop-tac-xa/$"))
    assert page_errors == []


@pytest.fixture
def page_errors(page: Page) -> list[str]:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    return errors
