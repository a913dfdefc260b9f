"""Limits of an XLSX file, checked before a library builds objects from it.

An XLSX is a ZIP of XML parts, so 100 kB may unpack to gigabytes. The ZIP directory states each part's
unpacked size (the reader stops there even if it is wrong). A streaming parser then counts elements and
keeps none.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

MAX_UNPACKED_BYTES = 60_000_000  # all parts together
MAX_PARTS = 500
MAX_COLUMN_NUMBER = 256  # rows are padded with empty cells up to the last column that is named
_ELEMENTS_PER_CELL = 4  # in the sheets and texts, because a cell has up to three
MAX_ELEMENTS_PER_OTHER_PART = 50_000  # openpyxl spends 30 µs on each
_MAX_DEPTH = 40
_MAX_BYTES_OF_TAG_OR_TEXT = 1_000_000
_CHUNK = 64 * 1024
# Compression methods of spreadsheet programs. Others may need any amount of memory to unpack.
_COMPRESSION_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SHEET_PARTS = ("worksheets/", "sharedstrings")
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\0<", b"<\0", b"\0<")


@dataclass(frozen=True, slots=True)
class TableLimits:
    """The largest table that is read. `file_bytes` is the size of the file, packed or not."""

    rows: int = 20_000
    cells: int = 300_000
    file_bytes: int = 5_000_000


class WorkbookTooLarge(ValueError):
    """The file has more rows, cells, parts or bytes than the table needs."""


class UnsafeWorkbook(ValueError):
    """The file contains markup that no spreadsheet program writes, such as entities."""


def read_merged_ranges(archive: zipfile.ZipFile, limits: TableLimits) -> dict[str, list[str]]:
    """Count the contents of all parts, and return the merged ranges, such as "B4:B7", of each part with some.

    Raises WorkbookTooLarge, UnsafeWorkbook, and zipfile's errors for a broken file.
    """
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise WorkbookTooLarge
    if any(part.compress_type not in _COMPRESSION_METHODS for part in parts):
        raise UnsafeWorkbook
    counts = _Counts(limits)
    for part in parts:
        with archive.open(part) as file:
            counts.count(part.filename, iter(lambda file=file: file.read(_CHUNK), b""))  # type: ignore[misc]
    return counts.merged_ranges


class _Counts:
    """Counts over all parts, so that a load cannot be spread over several sheets."""

    def __init__(self, limits: TableLimits) -> None:
        self.limits = limits
        self.rows = 0
        self.cells = 0
        self.elements = 0
        self.other_elements = 0
        self.depth = 0
        self.is_sheet = False
        self.part_name = ""
        self.merged_ranges: dict[str, list[str]] = {}

    def count(self, name: str, chunks: Iterator[bytes]) -> None:
        """Count one part. A part that is not XML, or is malformed, is not read beyond that point."""
        chunk = next(chunks, b"")
        if not chunk.lstrip(b" \t\r\n").startswith(_XML_STARTS):
            return
        self.part_name = name
        self.depth, self.is_sheet = 0, any(name_part in name.lower() for name_part in _SHEET_PARTS)
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = _refuse_doctype
        run = 0
        try:
            while chunk:
                run = len(chunk) - 1 - chunk.rfind(b">") if b">" in chunk else run + len(chunk)
                if run > _MAX_BYTES_OF_TAG_OR_TEXT:
                    raise WorkbookTooLarge
                parser.Parse(chunk, False)
                chunk = next(chunks, b"")
            parser.Parse(b"", True)
        except expat.ExpatError:
            return

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.is_sheet:
            self.elements += 1
        else:
            self.other_elements += 1
        plain = name.rpartition(" ")[2]
        if plain == "c":
            self.cells += 1
            if _column_number(attributes.get("r", "")) > MAX_COLUMN_NUMBER:
                raise WorkbookTooLarge
        elif plain == "row":
            self.rows += 1
        elif plain == "mergeCell":
            self.merged_ranges.setdefault(self.part_name, []).append(attributes.get("ref", ""))
        if self.depth > _MAX_DEPTH:
            raise UnsafeWorkbook
        if (
            self.cells > self.limits.cells
            or self.rows > self.limits.rows
            or self.elements > self.limits.cells * _ELEMENTS_PER_CELL
            or self.other_elements > MAX_ELEMENTS_PER_OTHER_PART
        ):
            raise WorkbookTooLarge

    def _end(self, name: str) -> None:
        self.depth -= 1


def _refuse_doctype(*_declaration: object) -> NoReturn:
    """Refuse document types. No spreadsheet has one, and entities are declared there."""
    raise UnsafeWorkbook


def _column_number(reference: str) -> int:
    """Return the column of a cell reference, counted from 1, or 0 if it is not one. "AB7" gives 28."""
    column = 0
    for character in reference[:4].upper():
        if not "A" <= character <= "Z":
            break
        column = column * 26 + ord(character) - ord("A") + 1
    return column
