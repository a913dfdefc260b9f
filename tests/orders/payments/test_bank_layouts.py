"""Statements of the largest banks are read without columns chosen by staff."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import openpyxl
import pytest

from orders.payments.bank_statement_rows import guess_bank_columns, read_bank_rows
from shop.core.spreadsheets.tables import read_table
from tests.orders.payments.bank_layouts import ACCOUNT, BANK_LAYOUTS, BankLayout

pytestmark = pytest.mark.once


def workbook_content(layout: BankLayout) -> bytes:
    book = openpyxl.Workbook()
    for row in layout.rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def csv_content(layout: BankLayout) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";").writerows(layout.rows)
    return file.getvalue().encode("utf-8-sig")


@pytest.mark.parametrize("content_of", [workbook_content, csv_content])
@pytest.mark.parametrize("layout", BANK_LAYOUTS, ids=lambda layout: layout.name)
def test_layout_of_bank_is_read_without_correction(layout, content_of) -> None:
    rows = read_table(content_of(layout))

    mapping = guess_bank_columns(rows)
    reading = read_bank_rows(rows, mapping, account=ACCOUNT)

    # A cell with a line break takes two lines of a CSV file.
    assert mapping == replace(layout.mapping, heading=rows[layout.mapping.heading - 1].number)
    assert [
        (transfer.booked_at, transfer.amount, transfer.reference, transfer.note)
        for transfer in reading.incoming_transfers
    ] == layout.transfers
    assert reading.outgoing_count == layout.outgoing_count
    assert reading.problems == []
