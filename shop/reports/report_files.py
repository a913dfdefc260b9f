"""Export reports as CSV and XLSX."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from shop.core.money import minor_digits

if TYPE_CHECKING:
    import xlsxwriter

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
class ReportColumn:
    label: str
    kind: ColumnKind = ColumnKind.TEXT


@dataclass(frozen=True, slots=True)
class ReportTable:
    """Rows with named columns. Money is in minor units of one currency. `sums` is the total row, if any.

    `title` are the lines above the columns of a sheet.
    """

    name: str
    columns: Sequence[ReportColumn]
    rows: Sequence[Sequence[Cell]]
    currency: str = "VND"
    sums: Sequence[Cell] = field(default=())
    title: Sequence[str] = field(default=())


def as_csv(*tables: ReportTable) -> bytes:
    """Return UTF-8 with a byte order mark, tables separated by an empty line.

    Texts that look like formulas are prefixed with an apostrophe.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for position, table in enumerate(tables):
        if position:
            writer.writerow([])
        writer.writerow([_escape_formula(column.label) for column in table.columns])
        writer.writerows(
            [_csv_text(cell, column, table.currency) for cell, column in zip(row, table.columns, strict=True)]
            for row in (*table.rows, *([table.sums] if table.sums else []))
        )
    return (BYTE_ORDER_MARK + buffer.getvalue()).encode()


def as_xlsx(tables: Sequence[ReportTable]) -> bytes:
    """Return a workbook with one sheet per table.

    Numbers and dates are typed, and texts are never formulas.
    """
    import xlsxwriter  # here, because the library takes 2 MB of memory of a process that writes no workbook

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        bold = {"bold": True}
        for table in tables:
            sheet = book.add_worksheet(table.name[:_SHEET_NAME_LENGTH])
            money = {"num_format": "#,##0" + ("." + "0" * digits if (digits := _digits(table)) else "")}
            options_by_kind = {
                ColumnKind.TEXT: {},
                ColumnKind.DAY: {"num_format": "dd/mm/yyyy"},
                ColumnKind.COUNT: {"num_format": "#,##0"},
                ColumnKind.MONEY: money,
            }
            formats = [book.add_format(options_by_kind[column.kind]) for column in table.columns]
            sum_formats = [
                book.add_format(options_by_kind[column.kind] | bold | {"top": 1}) for column in table.columns
            ]
            heading_format = book.add_format(bold | {"bottom": 1})
            for number, line in enumerate(table.title):
                sheet.write_string(number, 0, line, book.add_format(bold if number == 0 else {}))
            heading_row = len(table.title) + 1 if table.title else 0
            for position, column in enumerate(table.columns):
                sheet.write_string(heading_row, position, column.label, heading_format)
                sheet.set_column(position, position, 32 if column.kind == ColumnKind.TEXT else 16)
            for number, row in enumerate(table.rows, start=heading_row + 1):
                _write_row(sheet, number, row, formats, table)
            if table.sums:
                _write_row(sheet, heading_row + len(table.rows) + 1, table.sums, sum_formats, table)
            sheet.freeze_panes(heading_row + 1, 0)
    return buffer.getvalue()


def _write_row(
    sheet: xlsxwriter.worksheet.Worksheet,
    number: int,
    row: Sequence[Cell],
    formats: Sequence[xlsxwriter.format.Format],
    table: ReportTable,
) -> None:
    for position, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
        if isinstance(cell, str):
            sheet.write_string(number, position, cell, formats[position])
        elif isinstance(cell, datetime.date):
            sheet.write_datetime(number, position, cell, formats[position])
        else:
            value = cell / 10 ** _digits(table) if column.kind == ColumnKind.MONEY else cell
            sheet.write_number(number, position, value, formats[position])


def _csv_text(cell: Cell, column: ReportColumn, currency: str) -> str:
    if isinstance(cell, str):
        return _escape_formula(cell)
    digits = minor_digits(currency) if column.kind == ColumnKind.MONEY else 0
    if isinstance(cell, int) and digits:
        major, minor = divmod(abs(cell), 10**digits)
        return f"{'-' if cell < 0 else ''}{major}.{minor:0{digits}}"
    return str(cell)


def _escape_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _digits(table: ReportTable) -> int:
    return minor_digits(table.currency)
