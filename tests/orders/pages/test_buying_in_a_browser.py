"""Buying in a real browser, with and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from catalog.models import Price
from orders.models import Basket, BasketLine, Order
from tests.conftest import PHONE
from tests.factories import (
    PASSWORD,
    make_all_divisions,
    make_divisions,
    make_product,
    make_seller,
    make_user,
    make_variant,
)

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _products(transactional_db: None) -> None:
    make_divisions()
    make_variant(make_seller("HTX Thiên An"), name="Gối thảo dược", price=320_000)


def add_product_to_basket(page: Page) -> None:
    page.goto("/en/san-pham/")
    page.get_by_role("link", name="Gối thảo dược").click()
    page.get_by_role("button", name="Add to basket").click()
    page.get_by_role("link", name="View basket").click()
    expect(page).to_have_url(re.compile("/en/gio-hang/$"))


def collect_errors(page: Page) -> list[str]:
    """Return the list to which errors of the page and its console are added."""
    page_errors: list[str] = []
    page.on("pageerror", lambda error: page_errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and page_errors.append(message.text))
    return page_errors


def page_violations(page: Page) -> list[str]:
    """Return accessibility violations found by axe, and horizontal scrolling."""
    violations = [violation["id"] for violation in Axe().run(page).response["violations"]]
    has_horizontal_scroll = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return violations + (["sideways scroll"] if has_horizontal_scroll else [])


def test_order_can_be_placed_and_cancelled_without_scripts(browser: Browser, live_server: Any) -> None:
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    add_product_to_basket(page)
    page.get_by_label("Deliver to").select_option("01")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("spinbutton", name="Quantity of Gối thảo dược").fill("2")
    page.get_by_role("button", name="Update", exact=True).click()
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()

    page.get_by_label("Full name").fill("Trần Thị Minh Hạnh")
    page.get_by_label("Phone number", exact=True).fill("0987 654 321")
    page.get_by_label("Province or city").select_option("19")
    page.get_by_role("button", name="Show communes and delivery fees for this province").click()
    page.get_by_label("Commune or ward", exact=True).select_option("01948")
    page.get_by_label("House number, street or hamlet").fill("Thôn Nà Ít")
    page.get_by_label("I agree that Chợ Phiên").check()
    page.get_by_role("button", name="Place order, pay").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Order T")
    order = Order.objects.get()
    assert (order.buyer_name, order.total_gross) == ("Trần Thị Minh Hạnh", 670_000)
    assert str(order.shipping_address) == "Thôn Nà Ít, Xã Phủ Thông, Thái Nguyên"

    page.get_by_text("Cancel this order", exact=True).click()
    page.get_by_role("button", name="Yes, cancel this order").click()
    expect(page.get_by_text("You cancelled the order.")).to_be_visible()
    context.close()


def test_phone_updates_basket_in_place_and_double_click_orders_once(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    page.get_by_label("Deliver to").select_option("01")
    expect(page.get_by_text("350,000").first).to_be_visible()
    page.get_by_role("button", name="Increase by one").click()

    expect(page.locator(".total").last).to_contain_text("670,000")
    assert BasketLine.objects.get().quantity == 2
    assert page_violations(page) == []

    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()
    page.get_by_label("Full name").fill("Trần Thị Minh Hạnh")
    page.get_by_label("Phone number", exact=True).fill("0987 654 321")
    page.get_by_text("Choose province and commune from lists").click()
    page.get_by_label("Province or city").select_option("19")
    expect(page.get_by_label("Commune or ward", exact=True)).to_contain_text("Xã Phủ Thông")
    expect(page.get_by_label("Full name")).to_have_value("Trần Thị Minh Hạnh")
    page.get_by_role("button", name="Place order, pay").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a commune or ward from the list.")
    assert page_violations(page) == []

    page.get_by_label("Commune or ward", exact=True).select_option("01948")
    page.get_by_label("House number, street or hamlet").fill("Thôn Nà Ít")
    page.get_by_label("I agree that Chợ Phiên").check()
    page.get_by_role("button", name="Place order, pay").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order T")
    assert page_violations(page) == []
    assert Order.objects.count() == 1
    page.go_back()
    expect(page).to_have_url(re.compile("/en/gio-hang/$"))


def test_basket_leads_back_to_the_list_the_buyer_came_from_and_keeps_the_tabs(phone: Page) -> None:
    page = phone
    page_errors = collect_errors(page)
    page.goto("/en/san-pham/?xep=gia")
    page.get_by_role("link", name="Gối thảo dược").click()
    page.get_by_role("button", name="Add to basket").click()
    page.get_by_role("link", name="View basket").click()
    page.wait_for_url("**/en/gio-hang/")

    bar, tabs = page.locator(".buy-bar").bounding_box(), page.locator(".tab-bar").bounding_box()
    assert bar
    assert tabs
    assert round(bar["y"] + bar["height"]) <= round(tabs["y"])
    assert round(tabs["y"] + tabs["height"]) == 844
    page.get_by_role("button", name="Increase by one").click()
    expect(page.locator(".total").last).to_contain_text("640,000")
    page.get_by_role("link", name="Continue shopping").click()
    expect(page).to_have_url(re.compile(r"/en/san-pham/\?xep=gia$"))
    assert page_errors == []


def test_commune_is_found_by_typing_its_new_or_former_name(phone: Page) -> None:
    page = phone
    make_all_divisions()
    page_errors = collect_errors(page)
    add_product_to_basket(page)
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()
    box = page.get_by_label("Commune or ward, and province")
    lists = [page.get_by_label("Province or city"), page.get_by_label("Commune or ward", exact=True)]
    matches, chosen = page.locator("#found-communes li:visible"), lists[1].locator("option:checked")
    expect(page.get_by_text("Choose the commune or ward to see delivery methods")).to_be_visible()
    expect(page.locator("#step-delivery legend", has_text="HTX Thiên An")).to_have_count(0)
    steps = page.get_by_role("navigation", name="Steps").get_by_role("listitem")
    expect(steps.nth(0)).to_have_css("font-weight", "700")
    page.get_by_label("Full name").fill("Trần Thị Hạnh")
    page.get_by_label("Phone number", exact=True).fill("0987 654 321")
    expect(steps.nth(0)).to_have_css("font-weight", "700")  # the step that is being filled in
    box.focus()
    expect(steps.nth(0)).to_have_css("font-weight", "400")
    expect(steps.nth(1)).to_have_css("font-weight", "700")
    for hidden in lists:
        expect(hidden).to_be_hidden()
    order_button = page.locator(".order-bar")
    bar = order_button.bounding_box()
    assert bar
    assert round(bar["y"] + bar["height"]) == 844
    page.get_by_role("button", name="Checkout", exact=False).filter(visible=True).click()
    error = page.locator("#id_province_error")
    expect(error).to_be_visible()

    box.fill("dich vong hau")
    expect(matches.first).to_contain_text("Phường Cầu Giấy, Hà Nội")
    expect(matches.first).to_contain_text("phường Dịch Vọng Hậu, quận Cầu Giấy")
    expect(box).to_have_attribute("aria-expanded", "true")
    assert page_violations(page) == []
    matches.first.click()
    expect(page.locator(".chosen-delivery").first).to_be_visible()
    expect(chosen).to_have_text("Phường Cầu Giấy")
    expect(box).to_have_value("Phường Cầu Giấy, Hà Nội")
    expect(box).to_be_focused()
    for mark in (error, page.locator("#id_commune_error")):
        expect(mark).to_be_hidden()
    street = page.get_by_label("House number, street or hamlet")
    street.focus()
    bar, field = order_button.bounding_box(), street.bounding_box()
    assert bar
    assert field
    assert field["y"] + field["height"] < bar["y"]
    box.fill("nghia do")
    box.press("Enter")  # before the answer has come
    expect(chosen).to_have_text("Phường Nghĩa Đô")
    expect(page.get_by_text("Chosen: Phường Nghĩa Đô, Hà Nội")).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "false")
    box.fill("ba")
    expect(matches).to_have_count(8)
    reached = page.locator("[role=option][aria-selected=true]")
    box.press("ArrowUp")
    expect(reached).to_have_text(matches.last.inner_text())
    box.press("ArrowDown")
    box.press("ArrowDown")
    expect(reached).to_have_text(matches.nth(1).inner_text())
    expect(box).to_have_attribute("aria-activedescendant", "found-communes-1")
    box.press("Escape")
    expect(matches).to_have_count(0)
    expect(box).to_have_value("ba")
    page.get_by_label("Full name").focus()
    expect(box).to_have_value("Phường Nghĩa Đô, Hà Nội")
    box.fill("xyzz")
    expect(page.get_by_text("Not found. Check the spelling")).to_be_visible()
    box.fill("ba be thai nguyen")
    box.press("Enter")
    expect(chosen).to_have_text("Xã Ba Bể")
    expect(lists[0]).to_have_value("19")
    page.get_by_text("Choose province and commune from lists").click()
    lists[0].select_option("01")
    expect(lists[1].locator("option")).to_have_count(127)
    expect(lists[1]).to_be_visible()
    expect(box).to_have_value("")
    lists[1].select_option(label="Phường Hoàn Kiếm")
    expect(box).to_have_value("Phường Hoàn Kiếm, Hà Nội")
    assert page_violations(page) == []
    assert page_errors == []


@pytest.mark.parametrize("has_scripts", [True, False])
def test_buyer_stays_on_the_product_and_sees_what_was_added(
    browser: Browser, live_server: Any, has_scripts: bool
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=has_scripts, **PHONE)
    page = context.new_page()
    page_errors = collect_errors(page)
    page.goto("/en/san-pham/goi-thao-duoc/")
    page.locator("#buy").get_by_role("spinbutton", name="Quantity").fill("2")
    page.get_by_role("button", name="Add to basket").click()

    bar = page.get_by_role("status").filter(has_text="Added")
    expect(bar).to_contain_text("Added: 2 × Gối thảo dược. Basket: 2 items, 640,000\u00a0₫.")
    page.get_by_role("button", name="Add to basket").click()
    expect(bar).to_contain_text(f"Basket: {4 if has_scripts else 3} items")
    assert page.url.partition("?")[0].endswith("/en/san-pham/goi-thao-duoc/")
    assert page_violations(page) == [] if has_scripts else True

    page.locator("#buy").get_by_role("spinbutton", name="Quantity").fill("1000000")
    page.get_by_role("button", name="Add to basket").click()
    expect(page.locator(".notice.bad").filter(visible=True)).to_have_count(1)
    assert BasketLine.objects.get().quantity == (4 if has_scripts else 3)
    page.goto("/en/gio-hang/")
    page.get_by_role("button", name="Remove Gối thảo dược").click()
    expect(page.get_by_text("Gối thảo dược was removed.")).to_be_visible()
    expect(page.get_by_text("Added: ")).to_have_count(0)
    assert page_errors == []
    context.close()


def test_basket_change_made_offline_is_saved_once_there_is_a_network(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Increase by one").click()
    expect(page.get_by_role("alert")).to_contain_text("You are offline, so nothing was saved.")
    assert BasketLine.objects.get().quantity == 1

    page.context.set_offline(False)
    expect(page.locator(".total").last).to_contain_text("640,000")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert BasketLine.objects.get().quantity == 2


@pytest.mark.parametrize("knows", [True, False])
def test_product_is_not_added_without_a_network_and_the_page_says_so(phone: Page, knows: bool) -> None:
    page = phone
    page.goto("/en/san-pham/goi-thao-duoc/")
    page.locator("#buy").get_by_role("spinbutton", name="Quantity").fill("3")
    page.context.set_offline(True)
    if not knows:  # as in a Wi-Fi without internet
        page.evaluate("Object.defineProperty(navigator, 'onLine', { get: () => true })")
    page.get_by_role("button", name="Add to basket").click()
    expect(page.get_by_role("alert")).to_contain_text("You are offline, so it is not in the basket yet.")
    assert not BasketLine.objects.exists()

    page.context.set_offline(False)
    page.get_by_role("button", name="Add to basket").click()
    expect(page.get_by_text("Added: 3 × Gối thảo dược.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert BasketLine.objects.get().quantity == 3


@pytest.mark.parametrize("has_scripts", [True, False])
def test_every_button_of_the_basket_works(browser: Browser, live_server: Any, has_scripts: bool) -> None:
    make_variant(make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000)
    context = browser.new_context(
        base_url=live_server.url,
        java_script_enabled=has_scripts,
        viewport={"width": 390, "height": 844},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page_errors = collect_errors(page)
    add_product_to_basket(page)
    pillow = page.get_by_role("listitem").filter(has_text="Gối thảo dược")
    page.goto("/en/san-pham/")
    page.get_by_role("link", name="Miến dong").click()
    page.get_by_role("button", name="Add to basket").click()
    page.get_by_role("link", name="View basket").click()

    page.get_by_role("button", name="Remove Gối thảo dược").click()
    expect(pillow).to_have_count(0)
    expect(page.get_by_text("Gối thảo dược was removed.")).to_be_visible()
    page.get_by_role("button", name="Put back in basket").click()
    expect(pillow).to_have_count(1)

    quantity = page.get_by_role("spinbutton", name="Quantity of Gối thảo dược")
    if has_scripts:
        page.get_by_role("button", name="Increase by one").last.click()
        expect(quantity).to_have_value("2")
        for remaining in ("1", None):
            page.get_by_role("button", name="Decrease by one").last.click()
            if remaining:
                expect(quantity).to_have_value(remaining)
                expect(page.locator(".total").last).to_contain_text("365,000")
    else:
        quantity.fill("0")
        page.get_by_role("button", name="Update", exact=True).last.click()
    expect(pillow).to_have_count(0)

    page.get_by_label("Voucher code").fill("KHONGCO")
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Remove Miến dong").click()
    expect(page.get_by_role("heading", name="Your basket is empty")).to_be_visible()
    assert page_errors == []
    context.close()


def test_quantity_stands_under_the_name_in_the_order_of_the_checkout(phone: Page) -> None:
    add_product_to_basket(phone)
    phone.goto("/dat-hang/")

    tops = phone.locator(".paid-line").evaluate(
        "line => ['img', 'span', '.soft'].map(part => line.querySelector(part).getBoundingClientRect())"
        ".map(box => [Math.round(box.top), Math.round(box.bottom)])"
    )
    (_top, picture_bottom), (_name_top, name_bottom), (quantity_top, _bottom) = tops

    assert quantity_top - name_bottom <= 4
    assert quantity_top < picture_bottom


def test_checkout_starts_with_the_province_chosen_a_moment_before(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    held_requests: list[Route] = []
    page.route("**/gio-hang/noi-nhan/", lambda route: held_requests.append(route))
    with page.expect_request("**/gio-hang/noi-nhan/"):
        page.get_by_label("Deliver to").select_option("19")

    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()

    page.get_by_text("Choose province and commune from lists").click()
    expect(page.get_by_label("Province or city")).to_have_value("19")
    expect(page.get_by_label("Commune or ward", exact=True)).to_contain_text("Xã Phủ Thông")
    assert len(held_requests) == 1
    assert Basket.objects.get().province_code == "19"
    page.goto("/en/gio-hang/")
    expect(page.get_by_label("Deliver to")).to_have_value("19")


def test_changes_of_the_basket_keep_the_place_on_the_page(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    for name in ("HTX Tài Hoan", "HTX Yến Dương", "HTX Bắc Kạn"):
        variant = make_variant(make_seller(name), name=f"Miến của {name}", price=45_000)
        page.goto(f"/en/san-pham/{variant.product.slug}/")
        page.get_by_role("button", name="Add to basket").click()
        page.get_by_role("link", name="View basket").click()
        page.wait_for_url("**/en/gio-hang/")
    button = page.get_by_role("button", name="Increase by one").nth(1)
    button.evaluate("button => scrollTo(0, button.getBoundingClientRect().top - 300)")
    before = page.evaluate("scrollY")
    assert before > 100

    button.tap()

    expect(page.get_by_role("spinbutton").nth(1)).to_have_value("2")
    expect(page.locator(".total").last).to_contain_text("500,000")
    assert abs(page.evaluate("scrollY") - before) < 60

    page.get_by_role("button", name="Remove Miến của HTX Yến Dương").tap()

    expect(page.get_by_role("button", name="Put back in basket")).to_be_in_viewport()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_wrong_phone_is_refused_at_checkout_with_its_count(
    browser: Browser, live_server: Any, has_scripts: bool
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=has_scripts, **PHONE)
    page = context.new_page()
    page_errors = collect_errors(page)
    add_product_to_basket(page)
    page.get_by_label("Deliver to").select_option("01")
    if not has_scripts:
        page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("350,000").first).to_be_visible()
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()
    phone_field = page.get_by_label("Phone number", exact=True)
    for wrong, count in (("0900 000 20", 9), ("0900 000 000 00", 12)):
        phone_field.fill(wrong)
        page.get_by_role("button", name=re.compile("^Place order")).click()

        expect(page.locator("#id_phone_error")).to_contain_text(f"this one has {count}")
        expect(phone_field).to_have_value(wrong)
        # A swap that comes between the driver's selecting and typing would keep the old digits.
        expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
        assert not Order.objects.exists()
    assert [error for error in page_errors if "422" not in error] == []
    context.close()


def test_press_reaches_its_button_although_the_page_changes_meanwhile(phone: Page) -> None:
    page = phone
    make_all_divisions()
    add_product_to_basket(page)
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()
    page.get_by_text("Choose province and commune from lists").click()
    page.get_by_label("Province or city").select_option("01")
    phone_field = page.get_by_label("Phone number", exact=True)
    finder = page.get_by_label("Commune or ward, and province")
    suggestions, error = page.locator("#found-communes li"), page.locator("#id_phone_error")
    refused = page.get_by_role("alert")
    place_order = page.get_by_role("button", name=re.compile("^Place order"))
    expect(page.get_by_label("Commune or ward", exact=True)).to_contain_text("Phường Ba Đình")
    page.evaluate("""() => {
      window.ended = () => new Promise((done) => {
        const noteEnd = ({ detail: { xhr } }) => xhr.addEventListener("loadend", done);
        document.addEventListener("htmx:beforeSend", noteEnd, { once: true });
      });
    }""")

    phone_field.fill("0900 000 20")
    place_order.hover()
    page.evaluate("window.checked = window.ended(); 0")
    page.mouse.down()  # the field loses the focus, so its number is checked
    page.evaluate("window.checked")
    page.mouse.up()

    expect(refused).to_contain_text("this one has 9")
    phone_field.fill("0900 000 000 00")
    finder.fill("ba")
    expect(suggestions.first).to_be_visible()
    place_order.hover()
    page.mouse.down()  # the list of suggestions closes
    expect(suggestions.first).to_be_hidden()
    page.mouse.up()

    expect(refused).to_contain_text("this one has 12")
    phone_field.fill("0900")
    page.get_by_label("Full name").focus()
    expect(error).to_contain_text("this one has 4")
    expect(page.locator("#id_phone")).to_have_attribute("aria-invalid", "true")
    page.evaluate("window.checked = window.ended(); 0")
    held_requests: list[Route] = []
    page.route("**/dat-hang/", lambda route: held_requests.append(route), times=1)
    with page.expect_request("**/dat-hang/"):
        page.get_by_label("Province or city").select_option("19")
    place_order.hover()
    page.mouse.down()
    held_requests.pop().continue_()  # the communes arrive with a new form
    page.evaluate("window.checked")
    page.mouse.up()

    expect(refused).to_contain_text("this one has 4")
    expect(page.get_by_label("Commune or ward", exact=True)).to_contain_text("Xã Phủ Thông")
    assert not Order.objects.exists()


def test_account_pages_have_no_accessibility_violations(page: Page) -> None:
    make_user(email="hoa@example.com", first_name="Hoa")
    violations_by_page = {}
    for address in ["dang-nhap/", "dang-ky/", "mat-khau/", "mat-khau/a/b/"]:
        page.goto(f"/en/tai-khoan/{address}")
        violations_by_page[address] = page_violations(page)
    page.goto("/en/tai-khoan/dang-nhap/")
    page.get_by_label("Email or phone number").fill("hoa@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    for address in ["", "thong-tin/"]:
        page.goto(f"/en/tai-khoan/{address}")
        violations_by_page[address] = page_violations(page)
    page.goto("/en/don-hang/")
    violations_by_page["find"] = page_violations(page)

    assert {address: violations for address, violations in violations_by_page.items() if violations} == {}


def test_buy_bar_shows_current_and_old_price_of_chosen_variant(browser: Browser, live_server: Any) -> None:
    make_product(
        make_seller("HTX Yến Dương"),
        name="Bí xanh thơm",
        price=24_000,
        unit="fruit",
        content_grams=1600,
        variants=(("Quả nhỏ", 0), ("Quả vừa", 12_000)),
    )
    Price.objects.filter(variant__name="Quả vừa").update(discounted=32_400)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto("/en/san-pham/bi-xanh-thom/")
    bar = page.locator(".buy-bar")

    expect(bar).to_contain_text("24,000")
    page.get_by_text("Quả vừa").click()
    expect(bar.locator("s")).to_contain_text("36,000")
    expect(bar.locator("b").filter(visible=True)).to_have_text("32,400\u00a0₫")
    expect(bar).to_contain_text("1 × Quả vừa")
    page.get_by_text("Quả nhỏ").click()
    expect(bar.locator("s")).to_be_hidden()
    expect(bar.locator("b").filter(visible=True)).to_have_text("24,000\u00a0₫")
    assert page_violations(page) == []
    context.close()


def test_offline_phone_keeps_form_and_orders_once(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()
    page.get_by_text("Choose province and commune from lists").click()
    page.get_by_label("Province or city").select_option("19")
    expect(page.get_by_label("Commune or ward", exact=True)).to_contain_text("Xã Phủ Thông")
    page.get_by_label("Full name").fill("Trần Thị Minh Hạnh")
    page.get_by_label("Phone number", exact=True).fill("0987 654 321")
    page.get_by_label("Commune or ward", exact=True).select_option("01948")
    page.get_by_label("House number, street or hamlet").fill("Thôn Nà Ít")
    page.get_by_label("I agree that Chợ Phiên").check()

    page.context.set_offline(True)
    page.get_by_role("button", name="Place order, pay").click()
    expect(page.get_by_text("You are offline. Nothing has been ordered")).to_be_visible()
    assert page_violations(page) == []
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline. Nothing has been ordered")).to_be_hidden()
    page.reload()

    expect(page.get_by_label("Full name")).to_have_value("Trần Thị Minh Hạnh")
    expect(page.get_by_label("House number, street or hamlet")).to_have_value("Thôn Nà Ít")
    expect(page.get_by_label("Commune or ward", exact=True)).to_have_value("01948")
    expect(page.get_by_label("I agree that Chợ Phiên")).not_to_be_checked()
    page.get_by_label("I agree that Chợ Phiên").check()

    # The order is placed, but its response is lost.
    def drop_response(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/dat-hang/", drop_response, times=1)
    page.get_by_role("button", name="Place order, pay").click()
    expect(page.get_by_text("You are offline. Nothing has been ordered")).to_be_visible()
    page.get_by_role("button", name="Place order, pay").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Order T")
    assert Order.objects.get().buyer_name == "Trần Thị Minh Hạnh"
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('checkout:'))") == []


def test_province_chosen_while_scripts_load_brings_its_communes(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    held_requests: list[Route] = []
    page.route("**/htmx*.js", lambda route: held_requests.append(route))
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click(no_wait_after=True)
    page.get_by_label("Full name").wait_for()

    page.get_by_text("Choose province and commune from lists").click()
    page.get_by_label("Province or city").select_option("19")
    assert page.evaluate("typeof htmx") == "undefined"
    held_requests.pop().continue_()

    expect(page.get_by_label("Commune or ward", exact=True)).to_contain_text("Xã Phủ Thông")
    expect(page.get_by_label("Province or city")).to_have_value("19")


def test_typed_text_survives_pending_response(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()
    page.get_by_label("Full name").wait_for()  # the page itself has the same address
    held_requests: list[Route] = []
    page.route("**/dat-hang/", lambda route: held_requests.append(route), times=1)
    page.get_by_text("Choose province and commune from lists").click()
    with page.expect_request("**/dat-hang/"):
        page.get_by_label("Province or city").select_option("19")

    page.get_by_label("Full name").press_sequentially("Trần Thị Minh")
    page.get_by_label("I agree that Chợ Phiên").check()
    page.get_by_label("Phone number", exact=True).fill("0900 000 20")
    page.get_by_label("Full name").focus()
    # The check of the number is answered before the older request.
    expect(page.locator("#id_phone_error")).to_contain_text("this one has 9")
    held_requests.pop().continue_()

    expect(page.get_by_label("Commune or ward", exact=True)).to_contain_text("Xã Phủ Thông")
    expect(page.get_by_label("Phone number", exact=True)).to_have_value("0900 000 20")
    page.keyboard.type(" Hạnh")
    expect(page.get_by_label("Full name")).to_have_value("Trần Thị Minh Hạnh")
    expect(page.get_by_label("I agree that Chợ Phiên")).to_be_checked()
    expect(page.get_by_label("Province or city")).to_have_value("19")
    page.reload()
    expect(page.get_by_label("Full name")).to_have_value("Trần Thị Minh Hạnh")


def test_taps_during_pending_response_are_counted(phone: Page) -> None:
    page = phone
    add_product_to_basket(page)
    page.get_by_label("Deliver to").select_option("01")
    expect(page.get_by_text("350,000").first).to_be_visible()
    held_requests: list[Route] = []
    page.route("**/gio-hang/dong/*/", lambda route: held_requests.append(route), times=1)
    with page.expect_request("**/gio-hang/dong/*/"):
        page.get_by_role("button", name="Increase by one").click()

    page.get_by_role("button", name="Increase by one").click()
    page.get_by_role("button", name="Increase by one").click()
    page.get_by_label("Voucher code").fill("PHIEN")
    held_requests.pop().continue_()

    expect(page.locator(".total").last).to_contain_text("1,310,000")
    expect(page.get_by_role("spinbutton", name="Quantity of Gối thảo dược")).to_have_value("4")
    expect(page.get_by_label("Voucher code")).to_have_value("PHIEN")
    assert BasketLine.objects.get().quantity == 4

    # A tap on the new page counts at once.
    page.evaluate("""() => {
      const tap = () => document.querySelector("#basket [data-step='1']").click();
      document.addEventListener("htmx:afterSwap", () => setTimeout(tap), { once: true });
    }""")
    page.get_by_role("button", name="Increase by one").click()
    expect(page.locator(".total").last).to_contain_text("1,950,000")
    assert BasketLine.objects.get().quantity == 6


def test_two_lines_changed_at_once_both_keep_requested_quantity(phone: Page) -> None:
    make_variant(make_seller("HTX Yến Dương"), name="Miến dong", price=50_000)
    page = phone
    add_product_to_basket(page)
    page.goto("/en/san-pham/")
    page.get_by_role("link", name="Miến dong").click()
    page.get_by_role("button", name="Add to basket").click()
    page.get_by_role("link", name="View basket").click()
    pillow = page.get_by_role("spinbutton", name="Quantity of Gối thảo dược")
    noodles = page.get_by_role("spinbutton", name="Quantity of Miến dong")
    expect(noodles).to_have_value("1")
    held_requests: list[Route] = []
    page.route("**/gio-hang/dong/*/", lambda route: held_requests.append(route), times=2)
    for field in (pillow, noodles):
        with page.expect_request("**/gio-hang/dong/*/"):
            field.fill("3")
            field.blur()

    held_requests[0].continue_()  # its response lacks the other change, whose request is then repeated
    expect(page.locator(".total").last).to_contain_text("1,110,000")

    expect(pillow).to_have_value("3")
    expect(noodles).to_have_value("3")
    assert sorted(BasketLine.objects.values_list("quantity", flat=True)) == [3, 3]
