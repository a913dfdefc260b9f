"""The sales report: permissions, page, CSV and workbook."""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import OrderPart, Parcel
from orders.states import ParcelState
from shop.core.dates.calendar import vietnam_date
from tests.factories import (
    fixed_now,
    make_admin,
    make_channel,
    make_cooperative,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.markup import html_of
from tests.orders.settlement.settlement_helpers import make_due_payout

pytestmark = pytest.mark.django_db

SALES = "/quan-tri/bao-cao/ban-hang/"


@pytest.fixture
def admin(client: Client) -> Client:
    make_channel()
    client.force_login(make_admin())
    return client


def test_anonymous_visitor_is_sent_to_sign_in(client: Client) -> None:
    response = client.get(SALES)

    assert (response.status_code, response.url) == (302, f"/tai-khoan/dang-nhap/?next={SALES}")


def test_report_is_not_found_for_buyers(client: Client) -> None:
    client.force_login(make_user())

    assert client.get(SALES).status_code == 404
    assert client.get("/quan-tri/bao-cao/").status_code == 404


def test_staff_need_the_reports_permission(client: Client) -> None:
    client.force_login(make_user(is_staff=True))

    assert client.get(SALES).status_code == 404


def test_page_shows_this_month_with_tiles_chart_and_tables(admin: Client) -> None:
    make_order((make_variant(price=320_000), 2), now=fixed_now())

    page = html_of(admin.get(SALES))

    assert '<td class="number wide-only">640.000</td>' in " ".join(page.split())
    assert "HTX Thiên An" in page
    assert page.count('class="bar"') == 2  # a wide and a narrow chart
    assert "style=" not in page


def test_page_shows_deliveries_on_time_and_what_cooperatives_are_owed(admin: Client) -> None:
    make_due_payout(make_cooperative("HTX A"), 70_000)
    for days_late in (0, 0, 2):
        part = make_order((make_variant(), 1)).parts.get()
        OrderPart.objects.filter(pk=part.pk).update(expected_until=datetime.date(2026, 11, 20))
        delivered_at = datetime.datetime(2026, 11, 20 + days_late, 3, tzinfo=datetime.UTC)
        Parcel.objects.create(
            part=part, number=1, label_code="ABC", state=ParcelState.DELIVERED, delivered_at=delivered_at
        )

    page = html_of(admin.get(SALES, {"tu": "01/11/2026", "den": "30/11/2026"}))
    earlier = html_of(admin.get(SALES, {"tu": "01/10/2026", "den": "31/10/2026"}))
    index = html_of(admin.get("/quan-tri/bao-cao/"))

    assert "<dt>Giao đúng hẹn</dt><dd>67% <small> 2/3 kiện </small></dd>" in page
    assert "<dt>Đang phải trả hợp tác xã</dt><dd>70.000\xa0₫ <small>" in page
    assert "Giao đúng hẹn" not in earlier
    assert index.count("<h2 ") == 4


@pytest.mark.parametrize(
    ("first", "last", "compared"),
    [
        ("01/11/2026", "29/11/2026", ("01/10/2026", "29/10/2026")),
        ("01/11/2026", "30/11/2026", ("01/10/2026", "31/10/2026")),
        ("01/03/2026", "30/03/2026", ("01/02/2026", "28/02/2026")),
        ("01/01/2026", "31/03/2026", ("01/10/2025", "31/12/2025")),
        ("01/11/2026", "10/12/2026", ("01/09/2026", "10/10/2026")),
        ("02/11/2026", "08/11/2026", ("26/10/2026", "01/11/2026")),
    ],
)
def test_month_is_compared_with_the_same_days_of_the_month_before(
    admin: Client, first: str, last: str, compared: tuple[str, str]
) -> None:
    page = " ".join(html_of(admin.get(SALES, {"tu": first, "den": last})).split())

    assert f"{first} đến {last}, so với {compared[0]} đến {compared[1]}" in page


def test_invalid_days_show_errors_at_their_fields(admin: Client) -> None:
    response = admin.get(SALES, {"tu": "24/11/2026", "den": "23/11/2026"})
    years = admin.get(SALES, {"tu": "01/01/2020", "den": "23/11/2026"})
    nonsense = admin.get(SALES, {"tu": "hôm qua"})

    assert response.status_code == years.status_code == nonsense.status_code == 422
    assert response.context["form"].errors.keys() == {"until_day"}
    assert years.context["form"].errors.keys() == {"interval"}
    assert nonsense.context["form"].errors.keys() == {"from_day"}


def test_csv_has_a_byte_order_mark_plain_numbers_and_no_formulas(admin: Client) -> None:
    seller = make_seller('=HYPERLINK("http://x")', commission=5)
    make_order((make_variant(seller, price=1_234_000), 1), now=fixed_now())

    response = admin.get(SALES, {"format": "csv"})

    assert response.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in response.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    today = vietnam_date(timezone.now()).isoformat()
    assert rows[0] == [
        "Ngày",
        "Hợp tác xã",
        "Mã hợp tác xã",
        "Đơn hàng",
        "Phần của hợp tác xã",
        "Tiền hàng",
        "Phí giao hàng",
        "Hoàn tiền",
        "Tổng",
        "Đã thu",
        "Chưa thu",
        "Phí sàn",
    ]
    amounts = ["1234000", "30000", "0", "1264000", "0", "1264000", "61700"]
    assert rows[1:] == [
        [today, '\'=HYPERLINK("http://x")', seller.slug, "1", "1", *amounts],
        ["Tổng", "", "", "1", "1", *amounts],
    ]


def test_workbook_has_typed_numbers_and_days(admin: Client) -> None:
    seller = make_seller("=1+1")
    make_order((make_variant(seller, price=1_234_000), 1), now=timezone.now())

    response = admin.get(SALES, {"format": "xlsx"})

    cross, groups, days = (_sheet(response.content, n) for n in (1, 2, 3))
    today = (vietnam_date(timezone.now()) - datetime.date(1899, 12, 30)).days
    figures = [1, 1, 1_234_000, 30_000, 0, 1_264_000, 0, 1_264_000, 0]
    assert cross[1:] == [[today, "=1+1", seller.slug, *figures], ["Tổng", "", "", *figures]]
    assert groups[1:] == [["=1+1", seller.slug, *figures], ["Tổng", "", *figures]]
    assert days[-1] == ["Tổng", *figures]
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(response.content)).read("xl/worksheets/sheet1.xml")


def test_queries_do_not_grow_with_orders(admin: Client, django_assert_max_num_queries: Any) -> None:
    urls = [
        {"nhom": group, "format": form}
        for group in ("cooperative", "category", "product", "province", "channel", "source")
        for form in ("", "csv", "xlsx")
    ]
    make_order((make_variant(), 1), now=fixed_now())
    baseline_queries = []
    for query in urls:
        with django_assert_max_num_queries(25) as captured:
            admin.get(SALES, query)
        baseline_queries.append(len(captured))
    for n in range(3):
        make_order(
            (make_variant(make_seller(f"HTX {n}")), 1), now=timezone.now() - datetime.timedelta(hours=n)
        )

    for query, maximum in zip(urls, baseline_queries, strict=True):
        with django_assert_max_num_queries(maximum):
            admin.get(SALES, query)


def _sheet(content: bytes, number: int) -> list[list[Any]]:
    """Return the cells of a worksheet, read from its XML."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    book = zipfile.ZipFile(io.BytesIO(content))
    strings = [
        "".join(part.itertext())
        for part in ElementTree.fromstring(book.read("xl/sharedStrings.xml")).iter(f"{space}si")
    ]
    rows = []
    for row in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{space}row"):
        cells: list[Any] = []
        for cell in row.iter(f"{space}c"):
            value = cell.findtext(f"{space}v") or ""
            assert re.fullmatch(r"[\d.]+", value)
            cells.append(strings[int(value)] if cell.get("t") == "s" else int(float(value)))
        rows.append(cells)
    return rows
