"""A person without an email address joins on their own phone: the manager enters the digits that it shows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cooperatives.models import Membership
from tests.factories import PASSWORD, make_member

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def open_phone(browser: Browser, live_server: Any) -> Page:
    size = {"width": 390, "height": 844}
    return browser.new_context(base_url=live_server.url, viewport=size, locale="vi-VN").new_page()


def sign_in(phone: Page, name: str, password: str) -> None:
    phone.locator("#id_name").fill(name)
    phone.locator("#id_password").fill(password)
    phone.locator("#id_password").press("Enter")


def test_two_phones_agree_on_who_joins(browser: Browser, live_server: Any, seller) -> None:
    manager_phone, new_phone = (open_phone(browser, live_server) for _phone in range(2))
    manager_phone.goto("/xa-vien/thanh-vien/moi/")
    sign_in(manager_phone, make_member(seller).email, PASSWORD)
    manager_phone.get_by_label("Mời ai?").fill("chị Hoa")
    manager_phone.get_by_role("button", name="Tạo lời mời").click()
    link = manager_phone.locator(".invitation-link").inner_text()

    new_phone.goto(re.sub(r"^https?://[^/]+", "", link))
    new_phone.get_by_label("Họ và tên").fill("Nông Thị Hoa")
    new_phone.get_by_role("textbox", name="Số điện thoại").fill("0987 000 222")
    new_phone.get_by_label("Mật khẩu").fill("vuon-che-2026")
    new_phone.get_by_role("button", name="Xin tham gia").click()
    digits = new_phone.locator(".big-digits").inner_text()
    assert new_phone.evaluate("document.documentElement.scrollWidth") <= 390
    manager_phone.get_by_role("link", name="Về danh sách thành viên").click()
    manager_phone.get_by_role("link", name="Nông Thị Hoa xin tham gia").click()
    manager_phone.get_by_label("Mã 6 số trên máy của họ").fill(digits)
    assert manager_phone.evaluate("document.documentElement.scrollWidth") <= 390
    manager_phone.get_by_role("button", name="Đúng, nhận vào hợp tác xã").click()
    expect(manager_phone.get_by_role("heading", name="Nông Thị Hoa")).to_be_visible()

    # The phone asks by itself whether the manager has confirmed.
    new_phone.get_by_role("button", name="Mở ứng dụng thành viên").click()
    expect(new_phone).to_have_url(re.compile(r"/xa-vien/$"))
    third_phone = open_phone(browser, live_server)
    third_phone.goto("/xa-vien/")
    sign_in(third_phone, "0987000222", "vuon-che-2026")
    expect(third_phone.locator(".menu-tiles")).to_be_visible()

    for phone in (manager_phone, new_phone, third_phone):
        phone.context.close()
    assert Membership.objects.get(user__phone="+84987000222").role == "packer"
