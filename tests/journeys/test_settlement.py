"""A settlement period from the first sale to the payout: closed and paid at the desk, seen on a phone.

The goods are already delivered; everything after that is done on screen.
"""

from __future__ import annotations

import re
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader

from cooperatives.models import Cooperative
from orders.models import Payout, Settlement
from tests.factories import PASSWORD, make_admin, make_member, make_seller
from tests.invariants import check_ledger
from tests.orders.settlement.settlement_helpers import make_sale

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
MONEY = "/xa-vien/quyet-toan/"


@pytest.fixture
def thien_an(live_server: Any) -> Cooperative:
    """Return two delivered pillows; the carrier holds 230,000 in cash, commission is 5 % of goods."""
    cooperative = make_seller("HTX Thiên An", legal_name="Hợp tác xã Thiên An")
    make_member(cooperative, email="thienan@example.com")
    make_admin(email="quantri@example.com")
    make_sale(cooperative)
    return cooperative


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Any:
    """Yield a function that opens a page for a signed-in user on a phone or desktop."""
    contexts: list[BrowserContext] = []

    def open_page(device: dict[str, Any], email: str) -> Page:
        context = browser.new_context(base_url=live_server.url, locale="vi-VN", **device)
        contexts.append(context)
        page = context.new_page()
        page.goto("/tai-khoan/dang-nhap/")
        page.locator("main [name=name]").fill(email)
        page.locator("main [name=password]").fill(PASSWORD)
        page.locator("main [name=password]").press("Enter")
        page.wait_for_url(lambda address: "dang-nhap" not in address)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.once
@pytest.mark.browser
def test_period_is_closed_and_paid_at_the_desk_and_seen_on_a_phone(
    thien_an: Cooperative, visit: Any, tmp_path: Any
) -> None:
    phone = visit(PHONE, "thienan@example.com")
    phone.goto(MONEY)
    expect(phone.locator(".money-large")).to_have_text("220.000 ₫")
    _name_account(phone)

    desk = visit(DESK, "quantri@example.com")
    desk.goto("/quan-tri/quyet-toan/")
    desk.get_by_role("checkbox", name="HTX Thiên An").check()
    desk.get_by_role("button", name="Kiểm tra và chốt các kỳ đã chọn").click()
    desk.get_by_role("button", name="Chốt kỳ của HTX Thiên An: 220.000\xa0₫").click()
    expect(desk.get_by_role("status")).to_contain_text("Đã chốt 1 kỳ.")
    _correct(desk)
    _pay(desk, tmp_path)

    phone.goto(MONEY)
    period = phone.get_by_role("link", name=re.compile("Kỳ 1"))
    expect(period).to_contain_text("Đã chi trả")
    expect(phone.locator(".money-large")).to_have_text("15.000 ₫")
    period.click()
    expect(phone.locator("main")).to_contain_text("mã giao dịch ngân hàng FT26330778899")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    with phone.expect_download() as download:
        phone.get_by_role("link", name="PDF").click()
    text = PdfReader(download.value.path()).pages[0].extract_text()
    assert "Hợp tác xã Thiên An" in text
    assert "Chợ chi trả 220.000 ₫" in " ".join(text.split())
    settlement = Settlement.objects.get(number=1)
    assert (settlement.state, settlement.payable) == ("paid", 220_000)
    check_ledger()


def _name_account(phone: Page) -> None:
    """Enter the bank account as manager; a mismatch in the repeated number is refused."""
    phone.get_by_role("link", name="Thêm tài khoản để nhận tiền").click()
    phone.get_by_label("Ngân hàng", exact=True).select_option(label="Agribank")
    phone.get_by_label("Số tài khoản", exact=True).fill("8888000011")
    phone.get_by_label("Nhập lại số tài khoản").fill("8888000012")
    phone.get_by_label("Tên chủ tài khoản").fill("Hợp tác xã Thiên An")
    phone.get_by_role("button", name="Lưu tài khoản").click()
    expect(phone.locator("#errors")).to_contain_text("Hai số tài khoản không khớp")
    phone.get_by_label("Nhập lại số tài khoản").fill("8888000011")
    phone.get_by_role("button", name="Lưu tài khoản").click()
    expect(phone.get_by_role("status")).to_contain_text("Đã lưu tài khoản")


def _correct(desk: Page) -> None:
    """Correct after closing: the correction is booked in the next period."""
    desk.get_by_role("link", name="Đã chốt, chờ chi trả").click()
    desk.get_by_role("link", name="HTX Thiên An").click()
    expect(desk.locator(".sums .total").last).to_have_text("220.000 ₫")
    desk.get_by_label("Trả thêm").check()
    desk.get_by_label("Số tiền").fill("15.000")
    desk.get_by_label("Lý do").fill("Thưởng đơn đầu tiên")
    desk.get_by_role("button", name="Thêm điều chỉnh").click()
    desk.get_by_role("button", name="Chi trả thêm 15.000\xa0₫").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Kỳ quyết toán 2, HTX Thiên An")
    expect(desk.locator(".sums .total").last).to_have_text("15.000 ₫")


def _pay(desk: Page, tmp_path: Any) -> None:
    """Pay from the bank's list, with the transfer and its QR code; enter the bank's reference."""
    desk.goto("/quan-tri/chi-tien/")
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Danh sách cho ngân hàng").click()
    path = tmp_path / "list.xlsx"
    download.value.save_as(path)
    rows = list(openpyxl.load_workbook(path).active.iter_rows(min_row=2, values_only=True))
    payout = Payout.objects.get()
    assert rows == [
        (1, "8888000011", "HOP TAC XA THIEN AN", "Agribank", "970405", 220_000, payout.note),
    ]
    desk.get_by_role("link", name="HTX Thiên An").click()
    expect(desk.get_by_role("img", name="Mã QR để trả bằng ứng dụng ngân hàng")).to_be_visible()
    desk.get_by_label("Mã giao dịch ngân hàng").fill("FT26330778899")
    desk.get_by_role("button", name="Kiểm tra và đánh dấu đã chi trả").click()
    desk.get_by_role("button", name="220.000\xa0₫ đã chuyển, ghi đã chi trả").click()
    expect(desk.get_by_role("status")).to_contain_text("Đã ghi chi trả: 220.000\xa0₫ cho HTX Thiên An.")
    expect(desk.locator("main")).to_contain_text("FT26330778899")
