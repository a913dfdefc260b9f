"""A file with bad rows in a browser: uploaded, its faults read, mended, uploaded again without doubles."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from catalog.models import ListingImport, Variant
from catalog.states import ImportState
from tests.factories import get_stock, make_product_type
from tests.shop.members.test_on_a_phone import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

HEADINGS = [
    *("Mã hàng", "Tên sản phẩm", "Kích cỡ hoặc hoa văn"),
    *("Đơn vị bán", "Giá mỗi đơn vị bán", "Số lượng tồn kho"),
]
HONEY = ["MO-01", "Mật ong bạc hà", "Chai lớn", "chai", "350.000", "12"]
TEA = ["TR-01", "Chè Shan tuyết", "Gói nhỏ", "gói", "120.000", "30"]


def test_bad_rows_are_read_mended_and_imported_once(phone: Page, seller, eager_jobs, tmp_path: Path) -> None:
    make_product_type()
    sign_in(phone, seller, "/xa-vien/hang/bang/")
    bad_tea = [*TEA[:4], "một trăm", "-3"]

    upload(phone, tmp_path, HONEY, bad_tea)
    expect(phone.get_by_text("1 phân loại mới")).to_be_visible()
    expect(phone.get_by_text("1 dòng bỏ lại")).to_be_visible()
    problems = phone.get_by_role("region", name="Bỏ lại")
    for text in ("Dòng 3", "Chè Shan tuyết", "E3:", "F3:", "từ 0 đến 1.000.000."):
        expect(problems).to_contain_text(text)
    assert not Variant.objects.exists()
    save(phone, saved=1)

    upload(phone, tmp_path, HONEY, TEA)
    expect(phone.get_by_text("1 phân loại mới")).to_be_visible()
    expect(phone.get_by_text("1 phân loại giữ nguyên")).to_be_visible()
    expect(phone.get_by_text("0 dòng bỏ lại")).to_be_visible()
    save(phone, saved=1)

    upload(phone, tmp_path, HONEY, TEA)
    expect(phone.get_by_text("2 phân loại giữ nguyên")).to_be_visible()
    expect(phone.get_by_role("button", name="Lưu các dòng này")).to_have_count(0)
    found = Variant.objects.order_by("seller_code")
    assert [(row.seller_code, row.product.name, get_stock(row).on_hand) for row in found] == [
        ("MO-01", "Mật ong bạc hà", 12),
        ("TR-01", "Chè Shan tuyết", 30),
    ]
    states = ListingImport.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [ImportState.DONE, ImportState.DONE, ImportState.READY]


def upload(phone: Page, folder: Path, *rows: list[str]) -> None:
    path = folder / "hang.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows])
    phone.goto("/xa-vien/hang/bang/")
    phone.locator("input[type=file]").first.set_input_files(path)
    with phone.expect_navigation():
        phone.locator("form:has(input[type=file]) button").last.click()


def save(phone: Page, *, saved: int) -> None:
    phone.get_by_role("button", name="Lưu các dòng này").click()
    expect(phone.get_by_text(f"Đã lưu {saved} dòng.")).to_be_visible()
