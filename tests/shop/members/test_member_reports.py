"""Reports about a cooperative's own rows: rights, rows, files."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from cooperatives.access import ROLE_RIGHTS
from cooperatives.models import Cooperative, Role
from shop.reports.declared.catalogue import ALL_REPORTS
from tests.factories import make_member, make_seller
from tests.markup import html_of
from tests.orders.settlement.settlement_helpers import make_open_settlement

pytestmark = pytest.mark.django_db

REPORTS = "/xa-vien/bao-cao/"
EARNINGS = f"{REPORTS}hop-tac-xa-duoc-nhan/"
YEAR = {"tu": "01/01/2026", "den": "31/12/2026"}


@pytest.fixture
def other(seller: Cooperative) -> Cooperative:
    """Return a second cooperative. Both have money in an open settlement."""
    other = make_seller("HTX Khác")
    make_open_settlement(seller, 50_000, idempotency_key="a")
    make_open_settlement(other, 70_000, idempotency_key="b")
    return other


@pytest.mark.parametrize("role", Role)
def test_members_open_only_reports_of_their_role(client: Client, seller: Cooperative, role: str) -> None:
    client.force_login(make_member(seller, role))
    expected = {
        report.slug: 404
        if report.member_right is None
        else 200
        if report.member_right in ROLE_RIGHTS[role]
        else 403
        for report in ALL_REPORTS
    }

    answers = {report.slug: client.get(f"{REPORTS}{report.slug}/").status_code for report in ALL_REPORTS}
    page = html_of(client.get(REPORTS))

    assert answers == expected
    listed = {report.slug for report in ALL_REPORTS if f"{REPORTS}{report.slug}/" in page}
    assert listed == {slug for slug, status in expected.items() if status == 200}


def test_members_see_no_other_cooperative(client: Client, seller: Cooperative, other: Cooperative) -> None:
    client.force_login(make_member(seller))

    page = client.get(EARNINGS, YEAR | {"htx": str(other.pk)})
    file = client.get(EARNINGS, YEAR | {"htx": str(other.pk), "format": "csv"})

    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert "HTX Khác" not in html_of(page)
    assert [row[:2] for row in rows] == [["Tháng", "Được nhận"], ["2026-11-01", "50000"], ["Tổng", "50000"]]


def test_grouping_by_cooperative_is_refused(client: Client, seller: Cooperative) -> None:
    client.force_login(make_member(seller))

    response = client.get(EARNINGS, {"nhom": "cooperative"})

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"group"}


def test_unknown_report_is_not_found(client: Client, seller: Cooperative) -> None:
    client.force_login(make_member(seller))

    assert client.get(f"{REPORTS}khong-co/").status_code == 404
