"""Pages and files of declared reports: rights, options, queries."""

from __future__ import annotations

import csv
import datetime
import io
import re
from typing import Any

import pytest
from django.test import Client

from shop.accounts.staff.permissions import Permission
from shop.core.dates.calendar import vietnam_date
from shop.reports.declared.catalogue import ALL_REPORTS
from shop.reports.declared.declaration import ColumnPlace, Report, Unit
from tests.factories import fixed_now, make_admin, make_channel, make_seller, make_staff, make_user
from tests.markup import html_of
from tests.orders.settlement.settlement_helpers import make_open_settlement, make_sale

pytestmark = pytest.mark.django_db

REPORTS = "/quan-tri/bao-cao/"
EARNINGS = f"{REPORTS}hop-tac-xa-duoc-nhan/"
YEAR = {"tu": "01/01/2026", "den": "31/12/2026"}


@pytest.fixture
def admin(client: Client) -> Client:
    make_channel()
    client.force_login(make_admin())
    return client


@pytest.mark.parametrize("report", ALL_REPORTS, ids=lambda report: report.slug)
def test_staff_open_only_reports_of_their_permissions(report: Report) -> None:
    make_channel()
    clients = {permission: Client() for permission in (Permission.MANAGE_ORDERS, Permission.HANDLE_PAYMENTS)}
    for permission, client in clients.items():
        client.force_login(make_staff(permission))
    buyer = Client()
    buyer.force_login(make_user())

    answers = {
        permission: client.get(f"{REPORTS}{report.slug}/").status_code
        for permission, client in clients.items()
    }

    assert answers == {permission: 200 if permission == report.permission else 404 for permission in clients}
    assert buyer.get(f"{REPORTS}{report.slug}/").status_code == 404


def test_list_shows_only_permitted_reports(client: Client) -> None:
    make_channel()
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS))

    page = html_of(client.get(REPORTS))

    assert "Hợp tác xã được nhận bao nhiêu?" in page
    assert "Giao có đúng hẹn không?" not in page


def test_staff_without_any_report_find_no_list(client: Client) -> None:
    client.force_login(make_staff(Permission.MANAGE_PRODUCTS))

    assert client.get(REPORTS).status_code == 404


def test_unknown_report_is_not_found(admin: Client) -> None:
    assert admin.get(f"{REPORTS}khong-co/").status_code == 404


def test_page_shows_definition_tiles_rows_and_total(admin: Client) -> None:
    make_open_settlement(make_seller("HTX Tài Hoan"), 50_000, idempotency_key="a")
    make_open_settlement(make_seller("HTX Yến Dương"), -20_000, idempotency_key="b")

    page = " ".join(html_of(admin.get(EARNINGS, YEAR)).split())

    assert "Khớp với quyết toán" in page
    assert re.search(r"<dt>Được nhận</dt> ?<dd> ?30\.000 ₫", page)
    assert page.rindex("HTX Tài Hoan</a><svg") < page.rindex("HTX Yến Dương</a><svg")
    assert re.search(r'<td class="number"> ?<a href="[^"]*dong=\d+&amp;cot=earned">−20\.000</a>', page)
    assert "style=" not in page


def test_csv_has_every_column_the_total_and_no_formulas(admin: Client) -> None:
    make_open_settlement(make_seller("=1+1"), 50_000, idempotency_key="a")

    response = admin.get(EARNINGS, YEAR | {"format": "csv"})

    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows == [
        [
            "Hợp tác xã",
            "Được nhận",
            "Tiền hàng",
            "Phí giao hàng",
            "Hoàn tiền",
            "Phí sàn",
            "Thuế khấu trừ",
            "Điều chỉnh",
            "Được nhận kỳ trước",
        ],
        ["'=1+1", "50000", "0", "0", "0", "0", "0", "50000", ""],
        ["Tổng", "50000", "0", "0", "0", "0", "0", "50000", "0"],
    ]
    name = "hop-tac-xa-duoc-nhan-20260101-20261231-cooperative.csv"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_long_groupings_are_paged_and_complete_in_files(admin: Client) -> None:
    for number in range(101):
        make_open_settlement(make_seller(f"HTX {number:03}"), 1_000 + number, idempotency_key=str(number))

    first, second = (admin.get(EARNINGS, YEAR | {"page": page}) for page in (1, 2))
    file = admin.get(EARNINGS, YEAR | {"format": "csv"}).content.decode("utf-8-sig")

    assert (len(first.context["rows"]), len(second.context["rows"])) == (100, 1)
    assert second.context["rows"][0].name == "HTX 000"
    assert len(list(csv.reader(io.StringIO(file)))) == 103


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"tu": "24/11/2026", "den": "23/11/2026"}, "until_day"),
        ({"tu": "01/01/1990", "den": "01/01/2026"}, "from_day"),
        ({"tu": "hôm qua"}, "from_day"),
        ({"nhom": "khong-co"}, "group"),
        ({"htx": "999999"}, "cooperative"),
    ],
)
def test_invalid_options_show_errors_at_their_fields(
    admin: Client, options: dict[str, str], field: str
) -> None:
    response = admin.get(EARNINGS, options)

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {field}


def test_half_open_periods_end_today_or_begin_with_the_month(admin: Client) -> None:
    today = vietnam_date(fixed_now())

    since = admin.get(EARNINGS, {"tu": "01/01/2026"}).context["query"]
    until = admin.get(EARNINGS, {"den": f"{today:%d/%m/%Y}"}).context["query"]

    assert (since.first, since.last) == (datetime.date(2026, 1, 1), today)
    assert (until.first, until.last) == (today.replace(day=1), today)


@pytest.mark.parametrize("report", ALL_REPORTS, ids=lambda report: report.slug)
def test_phones_show_three_figures_at_most_and_two_amounts(report: Report) -> None:
    shown = [column.unit for column in report.columns if column.place == ColumnPlace.EVERYWHERE]

    assert len(shown) <= 3
    assert shown.count(Unit.MONEY) <= 2


@pytest.mark.parametrize("report", ALL_REPORTS, ids=lambda report: report.slug)
def test_queries_do_not_grow_with_rows(
    admin: Client, report: Report, django_assert_max_num_queries: Any
) -> None:
    addresses = [
        (f"{REPORTS}{report.slug}/", YEAR | {"nhom": dimension.name, "format": file_format})
        for dimension in report.dimensions
        for file_format in ("", "csv", "xlsx")
    ]
    make_sale(make_seller("HTX A"), refunded_amount=1_000)
    baseline = []
    for address, options in addresses:
        with django_assert_max_num_queries(25) as captured:
            assert admin.get(address, options).status_code == 200
        baseline.append(len(captured))
    for number in range(3):
        make_sale(make_seller(f"HTX {number}"), refunded_amount=1_000)

    for (address, options), maximum in zip(addresses, baseline, strict=True):
        with django_assert_max_num_queries(maximum):
            admin.get(address, options)
