"""The ledger at the desk: balances, filtered postings, CSV and XLSX."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import LedgerEntry, LedgerPosting
from tests.factories import make_admin, make_cooperative, make_seller
from tests.orders.settlement.settlement_helpers import make_open_settlement, make_sale

pytestmark = [pytest.mark.django_db, pytest.mark.both]
PAGE = "/quan-tri/so-cai/"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def listed_postings(response):
    return list(response.context["page"].object_list)


def test_balances_by_account_sum_to_zero(desk: Client) -> None:
    make_sale(make_seller(), refunded_amount=40_000)

    balances = {str(balance.account.value): balance.amount for balance in desk.get(PAGE).context["balances"]}

    assert balances == {
        "buyer": -40_000,
        "carrier_cash": 230_000,
        "commission": -8_000,
        "cooperative_payable": -182_000,
    }
    assert sum(balances.values()) == 0


def test_postings_are_filtered_by_account_cooperative_order_and_day(desk: Client) -> None:
    first, second = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
    part = make_sale(first)
    make_sale(second)
    make_open_settlement(make_cooperative("HTX Ba"))
    everything = LedgerPosting.objects.count()

    def found_orders(query):
        return {posting.pk for posting in listed_postings(desk.get(f"{PAGE}?{query}"))}

    of_order = set(part.order.postings.values_list("pk", flat=True))
    by_cooperative = set(LedgerEntry.objects.filter(cooperative=first).values_list("posting", flat=True))
    assert len(found_orders("")) == everything
    assert found_orders(f"q={part.order.code.lower()}") == of_order
    assert found_orders(f"htx={first.pk}") == by_cooperative
    assert len(found_orders("account=platform_cost")) == 1
    assert len(found_orders("tu=24/11/2026&den=24/11/2026")) == everything
    assert found_orders("tu=25/11/2026") == found_orders("den=23/11/2026") == set()


@pytest.mark.parametrize("query", ["account=nonsense", "htx=x", "tu=32/13/2026", "page=999", "q=%00"])
def test_invalid_filters_are_ignored(desk: Client, query: str) -> None:
    make_open_settlement(make_cooperative())

    assert desk.get(f"{PAGE}?{query}").status_code == 200


def test_downloads_hold_the_filtered_entries(desk: Client) -> None:
    part = make_sale(make_seller("HTX Thiên An"))
    make_open_settlement(make_cooperative("HTX Ba"), reason="=thưởng")

    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"{PAGE}?format=xlsx&account=commission").content))
    csv = desk.get(f"{PAGE}?format=csv").content.decode("utf-8-sig").splitlines()

    [column_names, row] = book.active.iter_rows(values_only=True)
    assert book.active.title == "Sổ cái VND"
    assert column_names[8:10] == ("Nợ", "Có")
    assert (row[3], row[7], row[8], row[9]) == ("phí sàn", part.order.code, 0, 10_000)
    assert len(csv) == LedgerEntry.objects.count() + 1
    assert any(",'=thưởng" in line for line in csv)


def test_queries_do_not_grow_with_postings(desk: Client) -> None:
    seller = make_seller()
    make_sale(seller)
    desk.get(PAGE)
    with CaptureQueriesContext(connection) as baseline_queries:
        desk.get(PAGE)
    for _ in range(3):
        make_sale(make_seller())

    with CaptureQueriesContext(connection) as grown_queries:
        desk.get(PAGE)

    assert len(grown_queries) == len(baseline_queries)
