"""Read CSV and XLSX statement files into rows of cells.

Files are untrusted. The size is limited before unpacking (`workbook_limits`) and while reading. Formulas are
refused, because their values depend on who opens them. No content is dropped silently.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from orders.payments.workbook_limits import (
    MAX_COLUMN_NUMBER,
    MAX_ROWS,
    WorkbookTooLarge,
    check_workbook,
)
from shop.core.errors import Refused, StrOrPromise

MAX_FILE_BYTES = 5_000_000
MAX_COLUMNS = 60
MAX_CELL_LENGTH = 4_000
MAX_CHARACTERS_OF_ALL_CELLS = 10_000_000  # XLSX stores repeated texts once
_DELIMITERS = ",;\t"
_SAMPLE_LINES = 60
_SAMPLE_CHARACTERS = 300_000

Cell = str | int | float | datetime.datetime | datetime.date


@dataclass(frozen=True, slots=True)
class Row:
    """A row and its number, counted from 1; in CSV its first line. An empty cell is an empty string."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, column: int | None) -> Cell:
        """Return the cell of a column counted from 0; empty if there is none."""
        return self.cells[column] if column is not None and 0 <= column < len(self.cells) else ""


class UnreadableFile(Refused):
    """The file has no reliable rows. `Refused.details` may name the row."""

    code = "unreadable_file"
    default_message = _("We cannot read this file. Save it as CSV (UTF-8) or XLSX and try again.")


def read_table(content: bytes) -> list[Row]:
    """Read the non-empty rows. The file's first bytes decide its type, not its name.

    Raises UnreadableFile.
    """
    if len(content) > MAX_FILE_BYTES:
        raise _too_large()
    if content.startswith(b"PK"):
        rows = _read_xlsx(content)
    else:
        rows = _read_csv(content)
    non_empty = [row for row in rows if any(cell != "" for cell in row.cells)]
    if not non_empty:
        raise _unreadable_file(_("This file is empty."))
    return non_empty


def _too_large() -> UnreadableFile:
    return _unreadable_file(_("The file is too large. Split it into shorter periods."))


def _unreadable_file(text: StrOrPromise, row_number: int | None = None) -> UnreadableFile:
    return UnreadableFile(text, row_number=row_number) if row_number else UnreadableFile(text)


def _read_csv(content: bytes) -> list[Row]:
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile from error
    if "\0" in text:
        raise UnreadableFile
    line = 1

    def lines() -> Iterator[tuple[int, Sequence[object]]]:
        nonlocal line
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_guess_delimiter(text), strict=True)
        for values in reader:
            yield line, values
            line = reader.line_num + 1

    try:
        return _limited_rows(lines())
    except csv.Error as error:
        raise _unreadable_file(_("A quotation mark in this file is opened but not closed."), line) from error


def _guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the most lines into the same number of cells."""
    sample = text[:_SAMPLE_CHARACTERS].splitlines(keepends=True)[:_SAMPLE_LINES]

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(values) for values in csv.reader(sample, delimiter=delimiter) if len(values) > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=evenness)


def _read_xlsx(content: bytes) -> list[Row]:
    # Imported here because the library takes 5 MB of a process's memory, and few processes read an upload.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_workbook(archive)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # the file's own dimensions are not reliable
            return _limited_rows(
                (number, [_cell_value(cell, number) for cell in cells])
                for number, cells in enumerate(sheet.iter_rows(), start=1)
            )
        finally:
            book.close()
    except WorkbookTooLarge as error:
        raise _too_large() from error
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
    ) as error:  # a crafted file may fail anywhere in the reader
        raise UnreadableFile from error


def _cell_value(cell: object, row_number: int) -> object:
    if getattr(cell, "data_type", None) == "f":
        raise _unreadable_file(_("The file contains formulas. Save it with values only."), row_number)
    return getattr(cell, "value", None)


def _limited_rows(numbered: Iterable[tuple[int, Sequence[object]]]) -> list[Row]:
    """Return a file's rows with their numbers. Raises UnreadableFile at the first row beyond a limit."""
    rows: list[Row] = []
    text = 0
    for number, values in numbered:
        if len(rows) >= MAX_ROWS:
            raise _too_large()
        row = _build_row(number, values)
        text += sum(len(cell) for cell in row.cells if isinstance(cell, str))
        if text > MAX_CHARACTERS_OF_ALL_CELLS:
            raise _too_large()
        rows.append(row)
    return rows


def _build_row(number: int, values: Sequence[object]) -> Row:
    if len(values) > MAX_COLUMN_NUMBER:
        raise UnreadableFile(row_number=number)
    cells = [_plain_cell(value) for value in values]
    while cells and cells[-1] == "":
        cells.pop()
    if len(cells) > MAX_COLUMNS or any(
        isinstance(cell, str) and len(cell) > MAX_CELL_LENGTH for cell in cells
    ):
        raise UnreadableFile(row_number=number)
    return Row(number, tuple(cells))


def _plain_cell(value: object) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # not a usable number; the column's parser handles it
    if isinstance(value, int | float | datetime.date) and not isinstance(value, bool):
        return value
    return "" if value is None else str(value).strip()
