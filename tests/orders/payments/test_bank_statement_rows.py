"""Reading bank statements: guessing columns, directions, fingerprints, and rows that cannot be read."""

from __future__ import annotations

import datetime

import pytest

from orders.payments.bank_statement_rows import (
    BankColumnMapping,
    BankColumnsMissing,
    StatementOfOtherAccount,
    guess_bank_columns,
    read_bank_rows,
)
from orders.payments.incoming_transfers import IncomingTransfer, TransferSource
from orders.payments.statement_cells import UnreadableReason
from shop.core.spreadsheets.tables import TableRow, read_table

pytestmark = pytest.mark.once

ACCOUNT = "0123499999"
CREDIT_DEBIT = """\
NGÂN HÀNG;;;;;
Số tài khoản: 0123499999;;;;;
Từ ngày 01/11/2026 đến ngày 30/11/2026;;;;;
Ngày giao dịch/ Transaction date;Số tham chiếu/ Reference number;Số tiền ghi nợ/ Debit;\
Số tiền ghi có/ Credit;Số dư/ Balance;Nội dung/ Description
25/11/2026 10:02:37;FT1;;1.234.567;9.000.000;CT DEN TA7K2MC
25/11/2026 11:00:00;FT2;50.000;0;8.950.000;Phí
;;50.000;1.234.567;;Tổng cộng
"""
SIGNED = """\
Date,Description,Amount,Account number
2026-11-25,Dat hang,"+100,000 VND",123499999
2026-11-25,Dat hang,"+100,000 VND",123499999
2026-11-25,Rut tien,"-20,000 VND",123499999
2026-11-26,Nham,"+1,000 VND",99887766
2026-11-26,Le,"+1,000.50 VND",123499999
"""


def read(text, **change):
    rows = read_table(text.encode())
    mapping = guess_bank_columns(rows)
    return read_bank_rows(rows, mapping, **{"account": ACCOUNT, **change})


def problems_of(reading):
    return [(problem.row_number, problem.reason) for problem in reading.problems]


def test_credit_and_debit_columns_are_guessed_and_read() -> None:
    rows = read_table(CREDIT_DEBIT.encode())

    mapping = guess_bank_columns(rows)
    reading = read_bank_rows(rows, mapping, account=ACCOUNT)

    assert mapping == BankColumnMapping(4, date=0, reference=1, debit=2, credit=3, note=5)
    assert reading.incoming_transfers == [
        IncomingTransfer(
            TransferSource.STATEMENT,
            "",
            ACCOUNT,
            1_234_567,
            "CT DEN TA7K2MC",
            "FT1",
            datetime.datetime(2026, 11, 25, 3, 2, 37, tzinfo=datetime.UTC),
        )
    ]
    assert reading.outgoing_count == 1
    assert reading.problems == []


def test_signed_amount_column_is_guessed_and_read() -> None:
    rows = read_table(SIGNED.encode())

    mapping = guess_bank_columns(rows)
    reading = read_bank_rows(rows, mapping, account=ACCOUNT)

    assert mapping == BankColumnMapping(1, date=0, note=1, amount=2, account=3)
    assert [(transfer.amount, transfer.occurrence) for transfer in reading.incoming_transfers] == [
        (100_000, 1),
        (100_000, 2),
    ]
    assert reading.outgoing_count == 1
    assert problems_of(reading) == [(5, UnreadableReason.ACCOUNT), (6, UnreadableReason.AMOUNT)]


@pytest.mark.parametrize(
    ("headings", "mapping"),
    [
        (
            ("STT", "Ngày GD", "Diễn giải", "Nợ", "Có", "Số dư"),
            BankColumnMapping(1, date=1, note=2, debit=3, credit=4),
        ),
        (
            ("Ngày hiệu lực", "Ngày giao dịch", "Mô tả", "Số tiền", "Loại GD", "Mã giao dịch"),
            BankColumnMapping(1, date=1, note=2, amount=3, direction=4, reference=5),
        ),
        (
            ("Số tài khoản", "Tài khoản đối ứng", "Tên tài khoản đối ứng", "Thời gian", "Phát sinh có"),
            BankColumnMapping(1, account=0, date=3, credit=4),
        ),
        (("a", "b"), BankColumnMapping(0)),
    ],
)
def test_columns_are_guessed_from_headings(headings, mapping) -> None:
    assert guess_bank_columns([TableRow(1, headings)]) == mapping


def test_empty_table_gives_empty_mapping() -> None:
    assert guess_bank_columns([]) == BankColumnMapping(0)


def test_fingerprints_are_stable_and_differ_between_equal_rows() -> None:
    first, second = read(SIGNED), read(SIGNED)

    fingerprints = [transfer.fingerprint for transfer in first.incoming_transfers]
    assert fingerprints == [transfer.fingerprint for transfer in second.incoming_transfers]
    assert len(set(fingerprints)) == 2


def test_statement_row_has_fingerprint_of_matching_webhook() -> None:
    at = datetime.datetime(2026, 11, 25, 3, 0, tzinfo=datetime.UTC)
    webhook = IncomingTransfer(TransferSource.CASSO, "7", ACCOUNT, 1_234_567, "TA7K2MC", "ft1", at)

    assert [transfer.fingerprint for transfer in read(CREDIT_DEBIT).incoming_transfers] == [
        webhook.fingerprint
    ]


def test_statement_of_another_account_is_refused() -> None:
    with pytest.raises(StatementOfOtherAccount) as refusal:
        read(CREDIT_DEBIT, account="555666777")

    assert refusal.value.details == {"named": [ACCOUNT]}


def test_account_in_cell_after_its_label_is_found() -> None:
    text = "Account number;;0555 666 777\n" + CREDIT_DEBIT.split("\n", 3)[3]

    with pytest.raises(StatementOfOtherAccount):
        read(text)


@pytest.mark.parametrize(
    ("mapping", "field"),
    [(BankColumnMapping(1, amount=1), "date"), (BankColumnMapping(1, date=0, debit=1), "amount")],
)
def test_mapping_without_date_or_amount_is_refused(mapping, field) -> None:
    with pytest.raises(BankColumnsMissing) as refusal:
        read_bank_rows([TableRow(1, ("a", "b"))], mapping, account=ACCOUNT)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("direction", "amount", "expected"),
    [
        ("C", "1.000", 1000),
        ("+", "1.000", 1000),
        ("Ghi có", "1.000", 1000),
        ("D", "1.000", "out"),
        ("-", "1.000", "out"),
        ("Nợ", "-1.000", "out"),
        ("C", "-1.000", UnreadableReason.DIRECTION),
        ("?", "1.000", UnreadableReason.DIRECTION),
        ("", "1.000", UnreadableReason.DIRECTION),
    ],
)
def test_direction_column_separates_incoming_from_outgoing(direction, amount, expected) -> None:
    rows = [TableRow(2, ("25/11/2026", amount, direction))]

    reading = read_bank_rows(rows, BankColumnMapping(1, date=0, amount=1, direction=2), account=ACCOUNT)

    if expected == "out":
        assert (reading.incoming_transfers, reading.problems, reading.outgoing_count) == ([], [], 1)
    elif isinstance(expected, UnreadableReason):
        assert problems_of(reading) == [(2, expected)]
    else:
        assert [transfer.amount for transfer in reading.incoming_transfers] == [expected]


@pytest.mark.parametrize(
    ("debit", "credit"), [("", ""), ("0", "0"), ("1.000", "2.000"), ("", "abc"), ("abc", "1.000")]
)
def test_row_without_single_credit_or_debit_is_problem(debit, credit) -> None:
    rows = [TableRow(2, ("25/11/2026", debit, credit))]

    reading = read_bank_rows(rows, BankColumnMapping(1, date=0, debit=1, credit=2), account=ACCOUNT)

    assert problems_of(reading) == [(2, UnreadableReason.AMOUNT)]
    assert reading.incoming_transfers == []


def test_repeated_reference_and_amount_is_problem() -> None:
    rows = [TableRow(2, ("25/11/2026", "1.000", "FT1")), TableRow(3, ("26/11/2026", "1.000", "FT1"))]

    reading = read_bank_rows(rows, BankColumnMapping(1, date=0, amount=1, reference=2), account=ACCOUNT)

    assert len(reading.incoming_transfers) == 1
    assert problems_of(reading) == [(3, UnreadableReason.REPEATED)]


@pytest.mark.parametrize(
    "cells",
    [
        ("Tổng cộng", "", "50.000", "1.234.567", ""),
        ("", "Cộng phát sinh (Total Amount)", "50.000", "1.234.567", ""),
        ("25/11/2026", "Số dư đầu kỳ/ Opening balance", "", "", ""),
        ("25/11/2026", "Tổng phát sinh", "50.000", "1.234.567", ""),
        ("Ngày", "Số CT", "Nợ", "Có", "Diễn giải"),
        ("Người lập biểu", "", "", "Giám đốc", ""),
    ],
)
def test_row_without_transfer_is_left_out(cells) -> None:
    mapping = BankColumnMapping(1, date=0, reference=1, debit=2, credit=3, note=4)

    reading = read_bank_rows([TableRow(2, cells)], mapping, account=ACCOUNT)

    assert (reading.incoming_transfers, reading.problems, reading.outgoing_count) == ([], [], 0)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (("", "FT1", "", "1.234.567", "Don TA7K2MC"), UnreadableReason.DATE),
        (("31/13/2026", "FT1", "", "1.234.567", "Tổng cộng"), UnreadableReason.DATE),
        (("", "", "", "1.234.567", "Tong tien hang TA7K2MC"), UnreadableReason.DATE),
        (("25/11/2026", "FT1", "", "", "Don TA7K2MC"), UnreadableReason.AMOUNT),
    ],
)
def test_row_that_may_hold_a_transfer_is_a_problem(cells, fault) -> None:
    mapping = BankColumnMapping(1, date=0, reference=1, debit=2, credit=3, note=4)

    reading = read_bank_rows([TableRow(2, cells)], mapping, account=ACCOUNT)

    assert problems_of(reading) == [(2, fault)]
    assert reading.incoming_transfers == []


def test_transfer_with_note_like_a_total_is_read() -> None:
    rows = [TableRow(2, ("25/11/2026", "1.234.567", "Tổng cộng"))]

    reading = read_bank_rows(rows, BankColumnMapping(1, date=0, credit=1, note=2), account=ACCOUNT)

    assert [(transfer.amount, transfer.note) for transfer in reading.incoming_transfers] == [
        (1_234_567, "Tổng cộng")
    ]


def test_same_number_and_amount_on_two_days_are_two_transfers() -> None:
    rows = [
        TableRow(2, ("24/11/2026\n5243.65937", "1.234.567")),
        TableRow(3, ("25/11/2026\n5243.65937", "1.234.567")),
        TableRow(4, ("25/11/2026\n5243.65937", "1.234.567")),
    ]

    reading = read_bank_rows(rows, BankColumnMapping(1, date=0, credit=1), account=ACCOUNT)

    assert [transfer.reference for transfer in reading.incoming_transfers] == [
        "24/11/2026 5243.65937",
        "25/11/2026 5243.65937",
    ]
    assert problems_of(reading) == [(4, UnreadableReason.REPEATED)]


def test_column_of_the_credited_account_is_not_read_as_an_amount() -> None:
    headings = TableRow(
        1, ("MA_FT", "ngay_giao_dich", "tk_ghi_co", "so_tien_gd", "noi_dung_gd", "stk_ghi_no")
    )

    assert guess_bank_columns([headings]) == BankColumnMapping(1, date=1, account=2, amount=3, note=4)


def test_every_row_is_transfer_problem_outgoing_or_total() -> None:
    for text, rows in ((CREDIT_DEBIT, 2), (SIGNED, 5)):
        reading = read(text)

        assert len(reading.incoming_transfers) + len(reading.problems) + reading.outgoing_count == rows


def test_every_problem_has_message() -> None:
    assert all(str(problem.label) for problem in read(SIGNED).problems)
