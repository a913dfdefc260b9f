"""Prices and pickup days are entered row by row on a phone, with and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.factories import HANOI, PASSWORD, make_channel, make_divisions, make_market_pickup, make_member

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("has_scripts", [True, False])
def test_provinces_and_market_days_are_added_row_by_row(
    browser: Browser, live_server: Any, seller, has_scripts
) -> None:
    make_divisions()
    delivery_method, market = seller.delivery_methods.get(), make_market_pickup(seller, make_channel())
    member = make_member(seller)
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": 390, "height": 844},
        java_script_enabled=has_scripts,
        locale="vi-VN",
    )
    phone = context.new_page()
    phone.goto(f"/xa-vien/cach-giao/{delivery_method.pk}/gia/")
    phone.locator("#id_name").fill(member.email)
    phone.locator("#id_password").fill(PASSWORD)
    phone.locator("#id_password").press("Enter")

    phone.get_by_role("button", name="Phí riêng cho một số tỉnh").click()
    first_group = phone.locator("#group-0")
    first_group.get_by_text("Hà Nội").click()
    first_group.get_by_label("Đến mức (kg)").fill("2,5")
    first_group.get_by_label("Giá", exact=True).fill("18.000")
    first_group.get_by_role("button", name="Thêm mức cân").click()
    expect(first_group.get_by_label("Giá", exact=True)).to_have_count(2)
    expect(first_group.get_by_label("Hà Nội")).to_be_checked()
    first_group.get_by_label("Giá", exact=True).nth(1).fill("25.000")
    phone.get_by_role("button", name="Lưu phí giao hàng").last.click()
    expect(phone.get_by_text("Đã lưu thay đổi.")).to_be_visible()
    phone.goto(f"/xa-vien/cach-giao/{market.pk}/ngay-nhan/")
    phone.locator("summary", has_text="Ngày âm lịch trong tháng").click()
    phone.locator("label", has=phone.locator("#id_time-0-lunar_4")).click()
    phone.get_by_role("button", name="Lưu ngày nhận hàng").last.click()
    expect(phone.get_by_text("Đã lưu thay đổi.")).to_be_visible()

    context.close()
    rates = (
        delivery_method.rates.filter(province_code=HANOI)
        .order_by("price")
        .values_list("up_to_grams", "price")
    )
    assert list(rates) == [(2500, 18_000), (None, 25_000)]
    days = market.market_days.order_by("kind").values_list("kind", "number")
    assert list(days) == [("lunar", 5), ("weekday", 6)]
