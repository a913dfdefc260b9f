"""Parsing amounts and dates in the formats that banks use."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.payments.statement_cells import (
    InvalidCell,
    has_clock_time,
    parse_amount,
    parse_time,
    split_dated_number,
)

pytestmark = pytest.mark.once


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1.234.567", 1_234_567),
        ("1,234,567.00", 1_234_567),
        ("1.234.567,00", 1_234_567),
        ("+100,000 VND", 100_000),
        ("-50.000 ₫", -50_000),
        ("\u221250.000đ", -50_000),
        ("(50,000)", -50_000),
        ("100.000 VNĐ", 100_000),
        ("1 234 567", 1_234_567),
        ("1\u00a0234\u00a0567", 1_234_567),
        ("1.234", 1234),
        ("1,234", 1234),
        ("100.00", 100),
        ("100,0", 100),
        ("100000", 100_000),
        ("0", 0),
        (1_234_567, 1_234_567),
        (1234567.0, 1_234_567),
        (-5, -5),
    ],
)
def test_amount_is_parsed(cell, amount) -> None:
    assert parse_amount(cell) == amount


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "-",
        "abc",
        "100.50",
        "1,234.56",
        "1.234,567",
        "12.34.567",
        "1.2345",
        "1e6",
        "--5",
        "１２３",
        "100 USD",
        "9" * 19,
        "1.000.000.000.001",
        0.5,
        float("nan"),
        float("inf"),
        10**13,
        datetime.datetime(2026, 11, 25),
    ],
)
def test_invalid_amount_is_refused(cell) -> None:
    with pytest.raises(InvalidCell):
        parse_amount(cell)


@given(st.integers(0, 10**12), st.sampled_from([",", ".", " "]), st.sampled_from(["", "đ", " VND", " ₫"]))
def test_amount_with_any_group_separator_is_parsed(amount, separator, currency) -> None:
    assert parse_amount(f"{amount:,}".replace(",", separator) + currency) == amount


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("25/11/2026", utc(2026, 11, 24, 17)),
        ("25-11-2026 10:02", utc(2026, 11, 25, 3, 2)),
        ("25/11/2026 10:02:37", utc(2026, 11, 25, 3, 2, 37)),
        ("5.1.2026", utc(2026, 1, 4, 17)),
        ("10:02:37 25/11/2026", utc(2026, 11, 25, 3, 2, 37)),
        ("2026-11-25", utc(2026, 11, 24, 17)),
        ("2026-11-25T10:02:37", utc(2026, 11, 25, 3, 2, 37)),
        ("2026-11-25T10:02:37+00:00", utc(2026, 11, 25, 10, 2, 37)),
        (datetime.datetime(2026, 11, 25, 10, 2), utc(2026, 11, 25, 3, 2)),
        (datetime.date(2026, 11, 25), utc(2026, 11, 24, 17)),
        (46_351, utc(2026, 11, 24, 17)),
        (46_351.5, utc(2026, 11, 25, 5)),
    ],
)
def test_date_or_time_is_parsed(cell, at) -> None:
    assert parse_time(cell) == at
    assert has_clock_time(cell) == (at != at.replace(hour=17, minute=0, second=0))


@pytest.mark.parametrize(
    "cell",
    ["", "soon", "31/02/2026", "11/25/2026", "25/11/26", "25/11/1926", "25/11/2026 25:00", 7, 10**9],
)
def test_invalid_date_is_refused(cell) -> None:
    with pytest.raises(InvalidCell):
        parse_time(cell)


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("31/10/2023\n5243.65937", ("31/10/2023", "5243.65937")),
        ("04/08/2026\r\n5285 - 82284", ("04/08/2026", "5285 - 82284")),
        ("03/08/2026 / 5254 - 05356", ("03/08/2026", "5254 - 05356")),
        ("25/11/2026 10:02:37\nFT1", ("25/11/2026 10:02:37", "FT1")),
        ("01/05/2024\n  12:26:31", ("01/05/2024\n  12:26:31", "")),
        ("25/11/2026 FT1", ("25/11/2026 FT1", "")),
        ("31/10/2023", ("31/10/2023", "")),
        (45_000, (45_000, "")),
    ],
)
def test_day_and_number_of_a_cell_are_split(cell, parts) -> None:
    assert split_dated_number(cell) == parts
