"""Importing a bank statement at the desk: mapping columns, preview and result."""

from __future__ import annotations

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import BankTransfer, StatementImport
from orders.states import TransferState
from shop.accounts.staff.permissions import Permission
from tests.factories import make_bank_account, make_cooperative, make_member, make_staff
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order, receive_transfer
from tests.orders.statements.test_bank_statements import DAY, csv
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db
STATEMENTS = "/en/quan-tri/sao-ke/"


@pytest.fixture
def cashier(client: Client) -> Client:
    """Return staff with only the payments permission; the market has a bank account."""
    make_bank_account()
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS))
    return client


def upload(client: Client, content: bytes, name: str = "sao-ke.csv"):
    return client.post(STATEMENTS, {"file": SimpleUploadedFile(name, content)}, follow=True)


def text_of(response) -> str:
    return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", html_of(response))))


def test_statements_need_the_payments_permission(cashier: Client) -> None:
    upload(cashier, csv(("FT1", 7_000, "lai")))
    path = f"{STATEMENTS}{StatementImport.objects.get().pk}/"
    before = all_rows()

    for user in (make_member(make_cooperative()), make_staff(Permission.MANAGE_ORDERS)):
        cashier.force_login(user)
        assert cashier.get(STATEMENTS).status_code == 404
        assert cashier.get(path).status_code == 404
        assert cashier.post(f"{path}nhan/").status_code == 404
    cashier.logout()

    assert cashier.get(path).status_code == 302
    assert not BankTransfer.objects.exists()
    assert before["orders.StatementImport"] == all_rows()["orders.StatementImport"]


def test_statement_is_read_reviewed_and_imported(cashier: Client) -> None:
    order = make_transfer_order()
    receive_transfer("cam on", 5_000, reference="FT0")
    rows = [
        ("FT0", 5_000, "cam on"),
        ("FT1", 120_000, order.code),
        ("FT2", -3_000, "phi"),
        ("FT3", 7_000, ""),
    ]

    preview = text_of(upload(cashier, csv(*rows) + f"\n{DAY};FT4;;1,5;le".encode()))

    assert "New 2 Total of new transfers 127,000 ₫ Already known 1 Cannot be read 1 Money out 1" in preview
    assert "The amount is missing or is not a whole amount in VND." in preview
    assert f"new 120,000\xa0₫ {order.code} FT1" in preview
    assert "known already 5,000\xa0₫ cam on FT0" in preview
    assert BankTransfer.objects.count() == 1

    imported_page = text_of(
        cashier.post(f"{STATEMENTS}{StatementImport.objects.get().pk}/nhan/", follow=True)
    )

    assert "Matched automatically 1 Needs review 1 Already known 1 Cannot be read 1" in imported_page
    order.refresh_from_db()
    assert order.amount_due == 0
    assert "sao-ke.csv" in text_of(cashier.get(STATEMENTS))


def test_repeated_import_changes_nothing(cashier: Client) -> None:
    upload(cashier, csv(("FT1", 7_000, "lai")))
    path = f"{STATEMENTS}{StatementImport.objects.get().pk}/nhan/"
    cashier.post(path)
    before = all_rows()["orders.BankTransfer"]

    cashier.post(path)
    repeated = upload(cashier, csv(("FT1", 7_000, "lai")))

    assert repeated.redirect_chain == [(path.removesuffix("nhan/"), 302)]
    assert "This file was uploaded before. No row is counted twice." in text_of(repeated)
    assert all_rows()["orders.BankTransfer"] == before
    assert StatementImport.objects.count() == 1


def test_import_of_known_transfers_counts_nothing_twice(cashier: Client) -> None:
    receive_transfer("lai", 7_000, reference="FT1")
    upload(cashier, csv(("FT1", 7_000, "lai")))

    response = cashier.post(f"{STATEMENTS}{StatementImport.objects.get().pk}/nhan/", follow=True)

    assert "All of these were already known: nothing was counted twice." in text_of(response)


def test_wrongly_guessed_columns_can_be_corrected(cashier: Client) -> None:
    page = text_of(upload(cashier, f"a;b;c\n{DAY};7.000;lai".encode()))
    assert "Choose the columns for the date and the amount." in page
    path = f"{STATEMENTS}{StatementImport.objects.get().pk}/"

    mapping = {"heading": "1", "date": "0", "amount": "1", "note": "2"}
    put_right = text_of(cashier.post(path, mapping, follow=True))
    nonsense = cashier.post(path, mapping | {"date": "99"})

    assert "New 1 Total of new transfers 7,000 ₫ Already known 0 Cannot be read 0" in put_right
    assert StatementImport.objects.get().column_names == ["a", "b", "c"]
    assert nonsense.status_code == 422
    assert StatementImport.objects.get().column_mapping["date"] == 0


def test_header_row_below_a_long_preamble_can_be_chosen(cashier: Client) -> None:
    own_head = "\n".join(f"Ngân hàng dòng {number}" for number in range(12))
    page = text_of(upload(cashier, f"{own_head}\na;b;c\n{DAY};7.000;lai".encode()))
    path = f"{STATEMENTS}{StatementImport.objects.get().pk}/"

    mapping = {"heading": "13", "date": "0", "amount": "1", "note": "2"}
    put_right = text_of(cashier.post(path, mapping, follow=True))

    assert f"13 a b c 14 {DAY} 7.000 lai" in page
    assert "New 1 Total of new transfers 7,000 ₫ Already known 0 Cannot be read 0" in put_right


def test_statement_of_another_account_is_refused_with_its_number(cashier: Client) -> None:
    page = text_of(upload(cashier, csv(("FT1", 7_000, "lai"), heading="Số tài khoản: 9988776655")))

    assert "This statement is for another account." in page
    assert "The statement is for account 9988776655; ours is 0011223344556." in page

    response = cashier.post(f"{STATEMENTS}{StatementImport.objects.get().pk}/nhan/", follow=True)

    assert "This statement is for another account." in text_of(response)
    assert not BankTransfer.objects.exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\0", "We cannot read this file."),
        (b"PK\x03\x04 nothing", "We cannot read this file."),
        (b'a;"b\nc', "A quotation mark in this file is opened but not closed."),
        (b"\n\n", "This file is empty."),
        (b"x" * 5_000_001, "The file is too large."),
    ],
)
def test_invalid_statement_is_refused_at_the_field(cashier: Client, content: bytes, expected: str) -> None:
    response = upload(cashier, content)

    assert response.status_code == 422
    assert expected in text_of(response)
    assert not StatementImport.objects.exists()


def test_missing_market_account_is_reported(client: Client) -> None:
    client.force_login(make_staff(Permission.HANDLE_PAYMENTS))

    assert "Set up the market's bank account first." in text_of(client.get(STATEMENTS))
    assert upload(client, csv(("FT1", 7_000, "lai"))).status_code == 422


def test_unknown_statement_is_not_found(cashier: Client) -> None:
    assert cashier.get(f"{STATEMENTS}999999/").status_code == 404
    assert cashier.post(f"{STATEMENTS}999999/nhan/").status_code == 404


def test_queries_do_not_grow_with_rows(cashier: Client) -> None:
    query_counts = []
    for row_count in (2, 12):
        upload(cashier, csv(*((f"FT{row_count}{n}", 1_000 + n, "gop") for n in range(row_count))))
        path = f"{STATEMENTS}{StatementImport.objects.latest('pk').pk}/"
        with CaptureQueriesContext(connection) as preview:
            cashier.get(path)
        cashier.post(f"{path}nhan/")
        with CaptureQueriesContext(connection) as captured_queries:
            cashier.get(path)
        with CaptureQueriesContext(connection) as listed:
            cashier.get(STATEMENTS)
        query_counts.append((len(preview), len(captured_queries), len(listed)))

    assert query_counts[0] == query_counts[1]
    assert BankTransfer.objects.filter(state=TransferState.REVIEW).count() == 14
