"""Reading rows of a carrier's COD statement; amounts that do not add up are kept as stated."""

from __future__ import annotations

import datetime

import pytest

from orders.payments.cod_statement_rows import (
    CodColumnMapping,
    CodColumnsMissing,
    CodRow,
    guess_cod_columns,
    read_cod_rows,
)
from orders.payments.statement_cells import UnreadableReason
from shop.core.spreadsheets.tables import TableRow, read_table

pytestmark = pytest.mark.once

STATEMENT = """\
BẢNG ĐỐI SOÁT COD,,,,,
Mã vận đơn,Mã đơn hàng,Tiền thu hộ,Tổng phí,Thực nhận,Ngày giao
gh1,TA7K2MC-1,"250.000","22.000","228.000",25/11/2026
GH2,TA7K2MC-2,"100.000","-20.000","70.000",25/11/2026
GH3,,"50.000",,,
GH1,TA7K2MC-1,"250.000","22.000","228.000",25/11/2026
,,"400.000","42.000",,
GH4,X,nhiều,0,0,25/11/2026
GH5,X,"1.000",0,0,sớm
GH6,X,"-1.000",0,0,25/11/2026
"""
DAY = datetime.date(2026, 11, 25)


def test_columns_are_guessed_and_rows_read() -> None:
    rows = read_table(STATEMENT.encode())

    mapping = guess_cod_columns(rows)
    reading = read_cod_rows(rows, mapping)

    assert mapping == CodColumnMapping(2, tracking=0, parcel=1, collected=2, fee=3, remitted=4, date=5)
    assert reading.rows == [
        CodRow(3, "GH1", "TA7K2MC-1", 250_000, 22_000, 228_000, DAY),
        CodRow(4, "GH2", "TA7K2MC-2", 100_000, 20_000, 70_000, DAY),
        CodRow(5, "GH3", "", 50_000, 0, 50_000, None),
        CodRow(9, "GH5", "X", 1_000, 0, 0, None),
    ]
    assert [(problem.row_number, problem.reason) for problem in reading.problems] == [
        (6, UnreadableReason.REPEATED),
        (7, UnreadableReason.NO_PARCEL_CODE),
        (8, UnreadableReason.AMOUNT),
        (10, UnreadableReason.AMOUNT),
    ]


def test_english_headings_are_guessed() -> None:
    headings = ("Tracking number", "Order code", "COD amount", "Shipping fee", "Net amount", "Delivery date")

    assert guess_cod_columns([TableRow(1, headings)]) == CodColumnMapping(1, 0, 1, 2, 3, 4, 5)


def test_empty_table_gives_empty_mapping() -> None:
    assert guess_cod_columns([]) == CodColumnMapping(0)


@pytest.mark.parametrize(
    ("mapping", "field"),
    [(CodColumnMapping(1, collected=1), "tracking"), (CodColumnMapping(1, tracking=0), "collected")],
)
def test_mapping_without_tracking_or_collected_is_refused(mapping, field) -> None:
    with pytest.raises(CodColumnsMissing) as refusal:
        read_cod_rows([TableRow(2, ("GH1", "1.000"))], mapping)

    assert refusal.value.field == field
