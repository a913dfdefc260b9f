"""Export reports as CSV and XLSX."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import xlsxwriter

from shop.core.money import minor_digits

Cell = str | int | datetime.date
BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the legacy code page
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_SHEET_NAME_LENGTH = 31


class ColumnKind(StrEnum):
    TEXT = "text"
    DAY = "day"
    COUNT = "count"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    kind: ColumnKind = ColumnKind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with named columns; money in minor units of one currency. `sums` is the total row, if any.

    `title` are the lines above the columns of a sheet.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    currency: str = "VND"
    sums: Sequence[Cell] = field(default=())
    title: Sequence[str] = field(default=())


def as_csv(*tables: Table) -> bytes:
    """Return UTF-8 with a byte order mark, tables separated by an empty line. Texts that look like formulas
    are prefixed with an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written)
    for place, table in enumerate(tables):
        if place:
            writer.writerow([])
        writer.writerow([_escape_formula(column.label) for column in table.columns])
        writer.writerows(
            [_csv_text(cell, column, table.currency) for cell, column in zip(row, table.columns, strict=True)]
            for row in table.rows
        )
    return (BYTE_ORDER_MARK + written.getvalue()).encode()


def as_xlsx(tables: Sequence[Table]) -> bytes:
    """Return a workbook with one sheet per table; numbers and dates are typed, texts are never formulas."""
    written = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(written, options) as book:
        bold = {"bold": True}
        for table in tables:
            sheet = book.add_worksheet(table.name[:_SHEET_NAME_LENGTH])
            money = {"num_format": "#,##0" + ("." + "0" * digits if (digits := _digits(table)) else "")}
            kinds = {
                ColumnKind.TEXT: {},
                ColumnKind.DAY: {"num_format": "dd/mm/yyyy"},
                ColumnKind.COUNT: {"num_format": "#,##0"},
                ColumnKind.MONEY: money,
            }
            formats = [book.add_format(kinds[column.kind]) for column in table.columns]
            sums = [book.add_format(kinds[column.kind] | bold | {"top": 1}) for column in table.columns]
            heads = book.add_format(bold | {"bottom": 1})
            for number, line in enumerate(table.title):
                sheet.write_string(number, 0, line, book.add_format(bold if number == 0 else {}))
            top = len(table.title) + 1 if table.title else 0
            for place, column in enumerate(table.columns):
                sheet.write_string(top, place, column.label, heads)
                sheet.set_column(place, place, 32 if column.kind == ColumnKind.TEXT else 16)
            for number, row in enumerate(table.rows, start=top + 1):
                _write_row(sheet, number, row, formats, table)
            if table.sums:
                _write_row(sheet, top + len(table.rows) + 1, table.sums, sums, table)
            sheet.freeze_panes(top + 1, 0)
    return written.getvalue()


def _write_row(
    sheet: xlsxwriter.worksheet.Worksheet,
    number: int,
    row: Sequence[Cell],
    formats: Sequence[xlsxwriter.format.Format],
    table: Table,
) -> None:
    for place, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
        if isinstance(cell, str):
            sheet.write_string(number, place, cell, formats[place])
        elif isinstance(cell, datetime.date):
            sheet.write_datetime(number, place, cell, formats[place])
        else:
            shown = cell / 10 ** _digits(table) if column.kind == ColumnKind.MONEY else cell
            sheet.write_number(number, place, shown, formats[place])


def _csv_text(cell: Cell, column: Column, currency: str) -> str:
    if isinstance(cell, str):
        return _escape_formula(cell)
    digits = minor_digits(currency) if column.kind == ColumnKind.MONEY else 0
    if isinstance(cell, int) and digits:
        whole, rest = divmod(abs(cell), 10**digits)
        return f"{'-' if cell < 0 else ''}{whole}.{rest:0{digits}}"
    return str(cell)


def _escape_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _digits(table: Table) -> int:
    return minor_digits(table.currency)
