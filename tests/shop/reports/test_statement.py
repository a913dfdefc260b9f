"""Settlement statements: rows add up to the sums, in print, as PDF in correct Vietnamese, and as XLSX."""

from __future__ import annotations

import io
import re
import sys
import unicodedata

import cffi
import openpyxl
import pytest
from django.test import Client
from pypdf import PdfReader

from orders.actions.fulfilment.undo_steps import ParcelStep, undo_parcel_step
from orders.models import Parcel, PeriodTotals, Settlement
from shop.reports import pdf, settlement_documents
from shop.reports import settlements as report
from tests.factories import make_admin, make_seller
from tests.markup import html_of
from tests.orders.cash_on_delivery.cash_helpers import ACTOR_AND_NOW
from tests.orders.settlement.settlement_helpers import (
    ACCOUNT,
    close_open_settlement,
    make_open_settlement,
    make_sale,
)

pytestmark = pytest.mark.django_db
# Every tone on the letters that incomplete fonts get wrong.
NAME = "Hợp tác xã Đồng Phúc: ẵ ẫ ễ ỗ ữ ự ặ ậ ệ ộ ợ ỹ Ằ Ẩ Ề Ổ Ử"


def closed_period():
    """Return a closed period of two orders, one partly refunded, and a correction."""
    seller = make_seller("HTX Đồng Phúc", legal_name=NAME, **ACCOUNT)
    parts = [make_sale(seller), make_sale(seller, price=50_000, refunded_amount=40_000)]
    make_open_settlement(seller, -7_000, reason="Bao bì hỏng, đã thống nhất")
    return close_open_settlement(seller), parts


def text_of(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return unicodedata.normalize("NFC", "\n".join(page.extract_text() for page in pages))


def address(settlement, name):
    return f"/quan-tri/quyet-toan/{settlement.pk}/{name}"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def test_rows_add_up_to_the_closed_figures() -> None:
    settlement, parts = closed_period()
    orders = report.load_rows_of_orders(settlement, report.find_settlement_orders(settlement))
    other_rows = report.load_other_rows(settlement)

    assert PeriodTotals.fixed_at_closing(settlement) == PeriodTotals(
        goods=300_000, delivery=60_000, refunds=40_000, commission=13_000, corrections=-7_000
    )
    assert [row.name for row in orders] == [part.order.code for part in parts]
    assert [row.totals for row in orders] == [
        PeriodTotals(goods=200_000, delivery=30_000, commission=10_000),
        PeriodTotals(goods=100_000, delivery=30_000, refunds=40_000, commission=3_000),
    ]
    assert [(row.note, row.totals) for row in other_rows] == [
        ("Bao bì hỏng, đã thống nhất", PeriodTotals(corrections=-7_000))
    ]
    statement = report.build_statement(settlement)
    assert sum(amount for _name, amount in statement.lines) == statement.payable == 300_000


def test_order_whose_delivery_was_undone_has_no_row() -> None:
    seller = make_seller("HTX Đồng Phúc")
    undone_part, delivered_part = make_sale(seller), make_sale(seller)
    parcel = Parcel.objects.get(part=undone_part)
    undo_parcel_step(parcel_id=parcel.pk, step=ParcelStep.DELIVERY, reason="Nhầm", **ACTOR_AND_NOW)
    settlement = Settlement.objects.open().get(cooperative=seller)

    orders = report.find_settlement_orders(settlement)

    assert [row.name for row in report.load_rows_of_orders(settlement, orders)] == [delivered_part.order.code]


def test_open_period_has_the_figures_it_is_closed_with() -> None:
    seller = make_seller()
    make_sale(seller, refunded_amount=40_000)
    open_statement = report.build_statement(make_open_settlement(seller))
    closed = report.build_statement(close_open_settlement(seller))

    assert open_statement.is_open
    assert open_statement.totals == closed.totals
    assert closed.payout.amount == closed.payable == 232_000


def test_pdf_holds_all_rows_in_correct_vietnamese(desk: Client) -> None:
    settlement, parts = closed_period()

    response = desk.get(address(settlement, "quyet-toan.pdf"))

    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    assert response["Content-Disposition"] == 'attachment; filename="quyet-toan-htx-dong-phuc-1.pdf"'
    text = text_of(response.content)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "Bảng kê quyết toán kỳ 1" in lines
    assert NAME in " ".join(text.split())
    assert "Tiền bán sản phẩm 300.000 ₫" in lines
    assert "Phí giao hàng tự làm 60.000 ₫" in lines
    assert "Hoàn tiền −40.000 ₫" in lines
    assert "Phí sàn −13.000 ₫" in lines
    assert "Điều chỉnh −7.000 ₫" in lines
    assert "Chợ chi trả 300.000 ₫" in lines
    assert "Bao bì hỏng, đã thống nhất" in lines
    assert all(part.order.code in text for part in parts)
    assert "8888000011" in text


def test_pdf_embeds_only_our_font(desk: Client) -> None:
    """A glyph missing in the font would be taken from another one, which differs between machines."""
    settlement, _parts = closed_period()

    content = desk.get(address(settlement, "quyet-toan.pdf")).content

    page = PdfReader(io.BytesIO(content)).pages[0]
    fonts = {font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values()}
    assert {re.sub(r"^/\w+\+", "", name) for name in fonts} == {"Noto-Sans", "Noto-Sans-Bold"}


def test_markup_in_names_is_text_and_nothing_is_fetched(desk: Client) -> None:
    seller = make_seller("HTX Thẻ", legal_name='<img src="file:///etc/passwd"><b>đậm</b>')
    make_open_settlement(seller)

    text = text_of(desk.get(address(close_open_settlement(seller), "quyet-toan.pdf")).content)

    assert '<img src="file:///etc/passwd"><b>đậm</b>' in " ".join(text.split())


def test_long_period_is_printed_by_days_and_its_workbook_lists_every_order(desk: Client, monkeypatch) -> None:
    settlement, parts = closed_period()
    monkeypatch.setattr(settlement_documents, "MAX_PRINTED_ORDERS", 1)

    printed = html_of(desk.get(address(settlement, "ban-in/")))
    book = openpyxl.load_workbook(
        io.BytesIO(desk.get(address(settlement, "quyet-toan.xlsx")).content), read_only=True
    )

    assert "Số đơn hàng: 2" in printed
    assert not any(part.order.code in printed for part in parts)
    orders = [row[1] for row in book.worksheets[1].iter_rows(min_row=5, values_only=True)]
    assert orders[:2] == [part.order.code for part in parts]


def test_workbook_holds_sums_and_rows_as_numbers(desk: Client) -> None:
    settlement, parts = closed_period()

    response = desk.get(address(settlement, "quyet-toan.xlsx"))

    book = openpyxl.load_workbook(io.BytesIO(response.content))
    sums, rows = book.worksheets
    assert (sums.title, rows.title) == ("Kỳ quyết toán", "Đơn hàng và điều chỉnh")
    heads = [[sheet.cell(row, 1).value for row in (1, 2)] for sheet in book.worksheets]
    period = "24/11/2026 đến 10:00 ngày 24/11/2026"
    assert heads == [["Kỳ quyết toán 1, HTX Đồng Phúc", period]] * 2
    assert list(sums.iter_rows(min_row=4, values_only=True)) == [
        ("Nội dung", "Số tiền"),
        ("Tiền bán sản phẩm", 300_000),
        ("Phí giao hàng tự làm", 60_000),
        ("Điều chỉnh", -7_000),
        ("Hoàn tiền", -40_000),
        ("Phí sàn", -13_000),
        ("Chợ chi trả", 300_000),
    ]
    assert [row[1:4] for row in rows.iter_rows(min_row=5, values_only=True)] == [
        (parts[0].order.code, "", 220_000),
        (parts[1].order.code, "", 87_000),
        ("điều chỉnh", "Bao bì hỏng, đã thống nhất", -7_000),
        ("Tổng cộng", "", 300_000),
    ]


@pytest.fixture
def _without_pango(monkeypatch) -> None:
    """Simulate a machine without the Pango libraries."""

    def raise_missing(_ffi, name, *_flags):
        raise OSError(f"cannot load library '{name}'")

    monkeypatch.setattr(cffi.FFI, "dlopen", raise_missing)
    for name in [module for module in sys.modules if module.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    pdf.can_make_pdf.cache_clear()
    yield
    pdf.can_make_pdf.cache_clear()


@pytest.mark.usefixtures("_without_pango")
def test_print_page_replaces_the_pdf_without_pango(desk: Client) -> None:
    settlement, parts = closed_period()

    response = desk.get(address(settlement, "quyet-toan.pdf"))
    page = html_of(desk.get(address(settlement, "")))

    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
    text = html_of(response)
    assert "không tạo được tệp PDF vì chưa cài thư viện Pango" in text
    assert all(part.order.code in text for part in parts)
    assert "quyet-toan.pdf" not in page
    assert "chưa cài thư viện Pango" in page
