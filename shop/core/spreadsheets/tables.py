"""Read uploaded CSV and XLSX files into rows of cells.

Files are untrusted. The size is limited before unpacking (`workbook_limits`) and while reading. Formulas are
refused or marked, because their values depend on who opens them. No content is dropped silently.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused, StrOrPromise
from shop.core.spreadsheets.workbook_limits import (
    MAX_COLUMN_NUMBER,
    TableLimits,
    WorkbookTooLarge,
    read_merged_ranges,
)

MAX_COLUMNS = 60
MAX_CELL_LENGTH = 4_000
MAX_CHARACTERS_OF_ALL_CELLS = 10_000_000  # XLSX stores repeated texts once
_DELIMITERS = ",;\t"
_SAMPLE_LINES = 60
_SAMPLE_CHARACTERS = 300_000

_DEFAULT_LIMITS = TableLimits()
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
# A text that a program wrote with an apostrophe, so that no spreadsheet program reads it as a formula.
_ESCAPED_FORMULA = re.compile(r"'(?=[=+\-@])")

Cell = str | int | float | datetime.datetime | datetime.date


class FileEncoding(StrEnum):
    """How a file stores its texts. `SINGLE_BYTE` text is read as Windows-1252, whatever it is."""

    XLSX = "xlsx"
    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    SINGLE_BYTE = "single-byte"


class Formula(str):
    """A cell with a formula, as the person wrote it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row and its number, counted from 1. In CSV the number is that of its first line.

    An empty cell is an empty text.
    """

    number: int
    cells: tuple[Cell, ...]

    def cell(self, column: int | None) -> Cell:
        """Return the cell of a column counted from 0. A missing cell is empty."""
        return self.cells[column] if column is not None and 0 <= column < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class MarkedTable:
    """The non-empty rows of a file whose encoding and cells a person checks.

    Cells with a formula are `Formula`. `merged_ranges` are those of the sheet, such as "B4:B7".
    """

    rows: list[TableRow]
    encoding: FileEncoding
    merged_ranges: list[str] = field(default_factory=list)


class UnreadableFile(Refused):
    """The file has no reliable rows. `Refused.details` may name the row."""

    code = "unreadable_file"
    default_message = _("We cannot read this file. Save it as CSV (UTF-8) or XLSX and try again.")


def read_table(content: bytes, *, limits: TableLimits = _DEFAULT_LIMITS) -> list[TableRow]:
    """Read the non-empty rows. The file's first bytes decide its type, not its name.

    Raises UnreadableFile, also for a formula and for an encoding other than UTF-8 and UTF-16.
    """
    table = read_marked_table(content, limits=limits)
    if table.encoding == FileEncoding.SINGLE_BYTE:
        raise UnreadableFile
    for row in table.rows:
        if table.encoding == FileEncoding.XLSX and any(isinstance(cell, Formula) for cell in row.cells):
            raise _unreadable_file(_("The file contains formulas. Save it with values only."), row.number)
    return table.rows


def read_marked_table(content: bytes, *, limits: TableLimits = _DEFAULT_LIMITS) -> MarkedTable:
    """Read the non-empty rows of a file in any encoding, with its formulas and merged cells marked.

    Raises UnreadableFile.
    """
    if len(content) > limits.file_bytes:
        raise _too_large()
    table = _read_xlsx(content, limits) if content.startswith(b"PK") else _read_csv(content, limits)
    rows = [row for row in table.rows if any(cell != "" for cell in row.cells)]
    if not rows:
        raise _unreadable_file(_("This file is empty."))
    return MarkedTable(rows, table.encoding, table.merged_ranges)


def _too_large() -> UnreadableFile:
    return _unreadable_file(_("The file is too large. Split it into several files."))


def _unreadable_file(text: StrOrPromise, row_number: int | None = None) -> UnreadableFile:
    return UnreadableFile(text, row_number=row_number) if row_number else UnreadableFile(text)


def _read_csv(content: bytes, limits: TableLimits) -> MarkedTable:
    text, encoding = _decode(content)
    if "\0" in text:
        raise UnreadableFile
    line = 1

    def lines() -> Iterator[tuple[int, Sequence[object]]]:
        nonlocal line
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_guess_delimiter(text), strict=True)
        for values in reader:
            yield line, [Formula(value) if value.startswith("=") else value for value in values]
            line = reader.line_num + 1

    try:
        return MarkedTable(_limited_rows(lines(), limits), encoding)
    except csv.Error as error:
        raise _unreadable_file(_("A quotation mark in this file is opened but not closed."), line) from error


def _decode(content: bytes) -> tuple[str, FileEncoding]:
    """Decode a text file. Without a byte order mark, UTF-16 is known by the zero bytes of its separators.

    Raises UnreadableFile.
    """
    try:
        if content.startswith(_BYTE_ORDER_MARKS):
            return content.decode("utf-16"), FileEncoding.UTF_16
        sample = content[:_SAMPLE_CHARACTERS]
        for codec, first in (("utf-16-le", 1), ("utf-16-be", 0)):
            if sample[first::2].count(0) > len(sample) // 8 and not sample[1 - first :: 2].count(0):
                return content.decode(codec), FileEncoding.UTF_16
    except UnicodeDecodeError as error:
        raise UnreadableFile from error
    try:
        return content.decode("utf-8-sig"), FileEncoding.UTF_8
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1252"), FileEncoding.SINGLE_BYTE
    except UnicodeDecodeError as error:
        raise UnreadableFile from error


def unescape_formula(text: str) -> str:
    """Return a text without the apostrophe that keeps programs from reading it as a formula."""
    return _ESCAPED_FORMULA.sub("", text, count=1) if _ESCAPED_FORMULA.match(text) else text


def _guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the most lines into the same number of cells."""
    sample = text[:_SAMPLE_CHARACTERS].splitlines(keepends=True)[:_SAMPLE_LINES]

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(values) for values in csv.reader(sample, delimiter=delimiter) if len(values) > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(_DELIMITERS, key=evenness)


def _read_xlsx(content: bytes, limits: TableLimits) -> MarkedTable:
    # Imported here because the library takes 5 MB of a process's memory, and few processes read an upload.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            merged_ranges = read_merged_ranges(archive, limits)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # the file's own dimensions are not reliable
            numbered = (
                (number, [_cell_value(cell) for cell in cells])
                for number, cells in enumerate(sheet.iter_rows(), start=1)
            )
            rows = _limited_rows(numbered, limits)
            part_name = str(getattr(sheet, "_worksheet_path", ""))  # the library offers no public name
            return MarkedTable(rows, FileEncoding.XLSX, merged_ranges.get(part_name, []))
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


def _cell_value(cell: object) -> object:
    value = getattr(cell, "value", None)
    return Formula(value) if getattr(cell, "data_type", None) == "f" else value


def _limited_rows(numbered: Iterable[tuple[int, Sequence[object]]], limits: TableLimits) -> list[TableRow]:
    """Return a file's rows with their numbers. Raises UnreadableFile at the first row beyond a limit."""
    rows: list[TableRow] = []
    text = 0
    for number, values in numbered:
        if len(rows) >= limits.rows:
            raise _too_large()
        row = _build_row(number, values)
        text += sum(len(cell) for cell in row.cells if isinstance(cell, str))
        if text > MAX_CHARACTERS_OF_ALL_CELLS:
            raise _too_large()
        rows.append(row)
    return rows


def _build_row(number: int, values: Sequence[object]) -> TableRow:
    if len(values) > MAX_COLUMN_NUMBER:
        raise UnreadableFile(row_number=number)
    cells = [_plain_cell(value) for value in values]
    while cells and cells[-1] == "":
        cells.pop()
    if len(cells) > MAX_COLUMNS or any(
        isinstance(cell, str) and len(cell) > MAX_CELL_LENGTH for cell in cells
    ):
        raise UnreadableFile(row_number=number)
    return TableRow(number, tuple(cells))


def _plain_cell(value: object) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # the number is not usable, and the column's parser handles it
    if isinstance(value, int | float | datetime.date) and not isinstance(value, bool):
        return value
    if isinstance(value, Formula):
        return value
    return "" if value is None else str(value).strip()
