"""Statements as files: CSV and XLSX, whoever made them, into rows of cells.

A file comes from outside: its size is limited before and after unpacking, formulas are refused (what they
say depends on who opens them), and nothing is lost quietly on the way.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import openpyxl
from django.utils.translation import gettext_lazy as _
from openpyxl.utils.exceptions import InvalidFileException

from shop.core.errors import Refused, Words

LARGEST_FILE = 5_000_000  # bytes
LARGEST_UNPACKED = 60_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 60
LONGEST_CELL = 4_000
_DELIMITERS = ",;\t"
_LINES_LOOKED_AT = 60
# The ways in which spreadsheets pack; another one may ask for any memory to be unpacked.
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Cell = str | int | float | datetime.datetime | datetime.date


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its line in the file, counted from 1; an empty cell is an empty string."""

    line: int
    cells: tuple[Cell, ...]

    def cell(self, column: int | None) -> Cell:
        """The cell of a column counted from 0; empty where there is none."""
        return self.cells[column] if column is not None and 0 <= column < len(self.cells) else ""


class UnreadableFile(Refused):
    """The file gives no rows to be sure of; `details` may name the line."""

    code = "unreadable_file"
    default_words = _("We cannot read this file. Save it as CSV (UTF-8) or XLSX and try again.")


def read_table(content: bytes) -> list[Row]:
    """The rows that are not empty. What the file is, its first bytes say, not its name.

    Raises UnreadableFile.
    """
    if len(content) > LARGEST_FILE:
        raise _unreadable(_("The file is too large. Split it into shorter periods."))
    if content.startswith(b"PK"):
        rows = _xlsx(content)
    else:
        rows = _csv(content)
    kept = [row for row in rows if any(cell != "" for cell in row.cells)]
    if not kept:
        raise _unreadable(_("There is nothing in this file."))
    return kept


def _unreadable(words: Words, line: int | None = None) -> UnreadableFile:
    return UnreadableFile(words, line=line) if line else UnreadableFile(words)


def _csv(content: bytes) -> list[Row]:
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile from error
    if "\0" in text:
        raise UnreadableFile
    rows: list[Row] = []
    line = 1
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        for values in reader:
            rows.append(_row(line, values, len(rows)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(_("A quotation mark in this file is opened and not closed."), line) from error
    return rows


def _delimiter(text: str) -> str:
    """The one that cuts most lines into equally many cells."""
    head = text.splitlines(keepends=True)[:_LINES_LOOKED_AT]

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(values) for values in csv.reader(head, delimiter=delimiter) if len(values) > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=evenness)


def _xlsx(content: bytes) -> list[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > LARGEST_UNPACKED:
                raise _unreadable(_("The file is too large. Split it into shorter periods."))
            if any(part.compress_type not in _PACKED for part in parts):
                raise UnreadableFile
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what a file says of its own size is not to be believed
            return [
                _row(line, (_value(cell, line) for cell in cells), line - 1)
                for line, cells in enumerate(sheet.iter_rows(), start=1)
            ]
        finally:
            book.close()
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        SyntaxError,
        zlib.error,
        RuntimeError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
        EOFError,
    ) as error:  # a file made by hand fails anywhere in the reader
        raise UnreadableFile from error


def _value(cell: object, line: int) -> object:
    if getattr(cell, "data_type", None) == "f":
        raise _unreadable(_("The file holds formulas. Save it with values only."), line)
    return getattr(cell, "value", None)


def _row(line: int, values: Iterable[object], rows_before: int) -> Row:
    if rows_before >= MOST_ROWS:
        raise _unreadable(_("The file is too large. Split it into shorter periods."))
    cells = [_cell(value) for value in values]
    while cells and cells[-1] == "":
        cells.pop()
    if len(cells) > MOST_COLUMNS or any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in cells):
        raise UnreadableFile(line=line)
    return Row(line, tuple(cells))


def _cell(value: object) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # no number that could be kept; what it stands for is for its column to say
    if isinstance(value, int | float | datetime.date) and not isinstance(value, bool):
        return value
    return "" if value is None else str(value).strip()
