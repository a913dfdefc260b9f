"""Search suggestions and filter focus, which only a browser can test."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories import make_category, make_product, make_seller

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


def test_filter_updates_counts_and_products_and_keeps_focus(phone: Page) -> None:
    near, far = make_seller("HTX Gần", slug="gan"), make_seller("HTX Xa", slug="xa")
    make_product(near, name="Gạo nếp", unit="kg")
    make_product(far, name="Mật ong", unit="bottle")
    make_product(far, name="Mận", unit="kg")
    phone.goto("/san-pham/")
    phone.get_by_text("Lọc thêm").click()

    phone.get_by_label("HTX Xa (2)").check()

    expect(phone.get_by_role("status").filter(has_text="sản phẩm")).to_have_text("2 sản phẩm")
    expect(phone.get_by_label("HTX Xa (2)")).to_be_focused()
    expect(phone.get_by_label("kg (1)")).to_be_visible()
    phone.wait_for_url("**/san-pham/?*htx=xa*")
    phone.get_by_role("link", name="HTX Xa").click()
    expect(phone.get_by_role("status").filter(has_text="sản phẩm")).to_have_text("3 sản phẩm")
