"""Parse a carrier's COD statement: the cash collected, the fee and the remitted amount of each parcel."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from orders.payments.incoming_transfers import MAX_REFERENCE_LENGTH, clean_text
from orders.payments.statement_cells import (
    InvalidCell,
    UnreadableReason,
    UnreadableRow,
    cell_text,
    parse_amount,
    parse_time,
)
from orders.payments.statement_rows import UnreadableRowError, guess_columns, parse_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.spreadsheets.tables import TableRow

_ALIASES = {
    "tracking": [
        *["ma van don", "so van don", "ma don ghn", "ma don vtp", "van don", "ma buu gui", "so hieu buu gui"],
        *["tracking number", "tracking code", "tracking no", "tracking", "ma vd", "bill code", "waybill"],
    ],
    "parcel": [
        *["ma don hang", "ma don khach hang", "ma don hang rieng", "ma don shop", "ma kien", "ma don"],
        *["client order code", "order code", "order number", "parcel code", "parcel", "order"],
    ],
    "collected": [
        *[
            "tien thu ho",
            "so tien thu ho",
            "tien cod",
            "so tien cod",
            "thu ho",
            "cod amount",
            "collected amount",
        ],
        *["amount collected", "collected", "cod"],
    ],
    "fee": [
        *["tong phi", "tong cuoc", "phi dich vu", "phi van chuyen", "cuoc van chuyen", "phi giao hang"],
        *["total fee", "shipping fee", "service fee", "cuoc phi", "phi", "cuoc", "fee"],
    ],
    "remitted": [
        *[
            "thuc nhan",
            "so tien thanh toan",
            "tien thanh toan",
            "so tien doi soat",
            "tong doi soat",
            "thuc tra",
        ],
        *["con lai", "net amount", "amount remitted", "remitted", "payout", "net"],
    ],
    "date": [
        *[
            "ngay giao",
            "ngay giao hang",
            "ngay giao thanh cong",
            "ngay phat",
            "ngay doi soat",
            "delivered date",
        ],
        *["delivery date", "ngay", "date"],
    ],
}


class CodColumnsMissing(Refused):
    """The mapping lacks a required column. `field` names it."""

    code = "cod_columns_missing"
    default_message = _("Choose the columns for the parcel number and the cash collected.")


@dataclass(frozen=True, slots=True)
class CodColumnMapping:
    """The column of each field, counted from 0. `heading` is the row of the headings, 0 if there are none."""

    heading: int
    tracking: int | None = None
    parcel: int | None = None
    collected: int | None = None
    fee: int | None = None
    remitted: int | None = None
    date: int | None = None


@dataclass(frozen=True, slots=True)
class CodRow:
    """One parcel's amounts in whole đồng. `day` is in Vietnam, and None if it is missing or unreadable.

    If the statement does not give the remitted amount, it is the collected cash less the fee. If the three do
    not add up, a person looks at the row.
    """

    row_number: int
    tracking_number: str
    parcel_code: str
    collected: int
    fee: int
    remitted: int
    day: datetime.date | None


@dataclass(frozen=True, slots=True)
class ParsedCodRows:
    """The parsed rows, and the rows that could not be read."""

    rows: list[CodRow]
    problems: list[UnreadableRow]


def guess_cod_columns(rows: Sequence[TableRow]) -> CodColumnMapping:
    """Guess the mapping from the headings. A person confirms it. Unrecognised fields are None."""
    return guess_columns(CodColumnMapping, rows, _ALIASES)


def read_cod_rows(rows: Sequence[TableRow], mapping: CodColumnMapping) -> ParsedCodRows:
    """Parse the rows below the headings. The second row of a parcel is a problem.

    Raises CodColumnsMissing for a mapping without a parcel number or without the collected cash.
    """
    if mapping.tracking is None and mapping.parcel is None:
        raise CodColumnsMissing(field="tracking")
    if mapping.collected is None:
        raise CodColumnsMissing(field="collected")
    seen_codes: set[tuple[str, str]] = set()

    def parse(row: TableRow) -> CodRow:
        parsed_row = _read_row(row, mapping)
        if (parsed_row.tracking_number, parsed_row.parcel_code) in seen_codes:
            raise UnreadableRowError(UnreadableReason.REPEATED)
        seen_codes.add((parsed_row.tracking_number, parsed_row.parcel_code))
        return parsed_row

    return ParsedCodRows(*parse_rows(rows, mapping, parse))


def _read_row(row: TableRow, mapping: CodColumnMapping) -> CodRow:
    tracking = clean_text(cell_text(row.cell(mapping.tracking)), MAX_REFERENCE_LENGTH).upper()
    parcel = clean_text(cell_text(row.cell(mapping.parcel)), MAX_REFERENCE_LENGTH).upper()
    if not tracking and not parcel:
        raise UnreadableRowError(UnreadableReason.NO_PARCEL_CODE)
    try:
        collected = parse_amount(row.cell(mapping.collected))
        # Some carriers write their fee as a negative amount.
        fee = abs(_amount_or(row, mapping.fee, 0))
        remitted = _amount_or(row, mapping.remitted, collected - fee)
    except InvalidCell:
        raise UnreadableRowError(UnreadableReason.AMOUNT) from None
    if collected < 0:
        raise UnreadableRowError(UnreadableReason.AMOUNT)
    return CodRow(
        row_number=row.number,
        tracking_number=tracking,
        parcel_code=parcel,
        collected=collected,
        fee=fee,
        remitted=remitted,
        day=_day_or_none(row, mapping.date),
    )


def _day_or_none(row: TableRow, column: int | None) -> datetime.date | None:
    """Return the row's day, or None if it cannot be read, because no payment depends on it."""
    try:
        return vietnam_date(parse_time(row.cell(column))) if row.cell(column) != "" else None
    except InvalidCell:
        return None


def _amount_or(row: TableRow, column: int | None, otherwise: int) -> int:
    cell = row.cell(column)
    return otherwise if cell in ("", "-") else parse_amount(cell)
