"""An uploaded file is read completely or refused; formulas and zip bombs are refused."""

from __future__ import annotations

import datetime
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.core.spreadsheets.tables import (
    FileEncoding,
    Formula,
    TableRow,
    UnreadableFile,
    read_marked_table,
    read_table,
    unescape_formula,
)
from shop.core.spreadsheets.workbook_limits import TableLimits

pytestmark = pytest.mark.once


def xlsx(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_with_usual_delimiters_and_encodings_is_read(encoding, delimiter, line_end) -> None:
    lines = [["Ngày", "Số tiền", "Nội dung"], ["25/11/2026", '"1,000;0"', "Đặt hàng"]]
    text = line_end.join(delimiter.join(line) for line in lines) + line_end

    rows = read_table(text.encode(encoding))

    assert rows == [
        TableRow(1, ("Ngày", "Số tiền", "Nội dung")),
        TableRow(2, ("25/11/2026", "1,000;0", "Đặt hàng")),
    ]


def test_line_numbers_count_empty_lines_and_quoted_breaks() -> None:
    rows = read_table(b'a,b\n\n"x\ny",2\n,\nlast,3\n')

    assert rows == [TableRow(1, ("a", "b")), TableRow(3, ("x\ny", "2")), TableRow(6, ("last", "3"))]


def test_unclosed_quote_is_reported_with_line() -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_table(b'a,b\n1,"2\n3,4\n5,6\n')

    assert refusal.value.details == {"row_number": 2}


def test_xlsx_dates_and_numbers_are_read() -> None:
    at = datetime.datetime(2026, 11, 25, 10, 2)

    rows = read_table(xlsx(["Ngày", "Số tiền"], [None, None], [at, 1_234_567], ["25/11/2026", True]))

    assert rows == [
        TableRow(1, ("Ngày", "Số tiền")),
        TableRow(3, (at, 1_234_567)),
        TableRow(4, ("25/11/2026", "True")),
    ]


def test_formula_is_refused_with_line() -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read_table(xlsx(["Số tiền"], ["=1000*1000"]))

    assert refusal.value.details == {"row_number": 2}


def test_zip_bomb_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(7):
            archive.writestr(f"xl/{part}.xml", b" " * 10_000_000)

    with pytest.raises(UnreadableFile):
        read_table(packed.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n",
        b"PK\x03\x04 no zip",
        "Ngày".encode("cp1258"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old xls",
        b"a\0b",
        b"x" * 5_000_001,
        b"a\n" * (TableLimits().rows + 1),
        b"," * 60 + b"x",
        b"x" * 4_001,
        b"x" * 200_000,
    ],
)
def test_unreadable_file_is_refused(content) -> None:
    with pytest.raises(UnreadableFile):
        read_table(content)


def test_zip_that_is_not_workbook_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hello.txt", "hello")

    with pytest.raises(UnreadableFile):
        read_table(packed.getvalue())


def repacked(content, compression=zipfile.ZIP_DEFLATED, **parts):
    """Return the workbook packed again, with some of its parts replaced ("core" is docProps/core.xml)."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old_archive,
        zipfile.ZipFile(packed, "w", compression) as new_archive,
    ):
        for name in old_archive.namelist():
            new_archive.writestr(
                name, parts.get(name.rsplit("/")[-1].removesuffix(".xml"), old_archive.read(name))
            )
    return packed.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_workbook_with_unusual_compression_is_refused(compression) -> None:
    content = repacked(xlsx(["Số tiền"], [1000]), compression)

    with pytest.raises(UnreadableFile):
        read_table(content)


def test_workbook_in_unknown_encoding_is_refused() -> None:
    content = repacked(xlsx(["Số tiền"], [1000]), core=b'<?xml version="1.0" encoding="foo"?><a/>')

    with pytest.raises(UnreadableFile):
        read_table(content)


def test_workbook_with_truncated_parts_is_refused() -> None:
    """The central directory states larger parts than the file contains."""
    content = bytearray(repacked(xlsx(["Số tiền"], [1000]), zipfile.ZIP_STORED))
    entry = content.find(b"PK\x01\x02")
    while entry >= 0:
        content[entry + 20 : entry + 28] = (1_000_000).to_bytes(
            4, "little"
        ) * 2  # compressed and uncompressed size
        entry = content.find(b"PK\x01\x02", entry + 4)

    with pytest.raises(UnreadableFile):
        read_table(bytes(content))


@pytest.mark.parametrize("number", [b"1E999", b"-1E999"])
def test_infinite_number_is_read_as_text(number) -> None:
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    sheet += b'<row r="1"><c r="A1"><v>' + number + b"</v></c></row></sheetData></worksheet>"

    [row] = read_table(repacked(xlsx([1]), sheet1=sheet))

    assert row.cells == (str(float(number)),)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content) -> None:
    try:
        rows = read_table(content)
    except UnreadableFile:
        return

    assert rows


@settings(deadline=None)  # slow on a busy machine
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damaged_xlsx_is_read_or_refused(offset, damage) -> None:
    content = xlsx(["Số tiền"], [1000])
    offset %= len(content)

    try:
        rows = read_table(content[:offset] + damage + content[offset + len(damage) :])
    except UnreadableFile:
        return

    assert rows


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", FileEncoding.UTF_8),
        ("utf-16", FileEncoding.UTF_16),
        ("utf-16-le", FileEncoding.UTF_16),
        ("utf-16-be", FileEncoding.UTF_16),
    ],
)
def test_encoding_of_marked_table_is_named(encoding, expected) -> None:
    table = read_marked_table("Mã,Tên\nBI-01,Bí xanh\n".encode(encoding))

    assert table.encoding == expected
    assert table.rows == [TableRow(1, ("Mã", "Tên")), TableRow(2, ("BI-01", "Bí xanh"))]


def test_single_byte_text_is_read_as_windows_1252() -> None:
    table = read_marked_table("Tªn,MËt ong\n".encode("cp1252"))

    assert (table.encoding, table.rows) == (FileEncoding.SINGLE_BYTE, [TableRow(1, ("Tªn", "MËt ong"))])


def test_marked_table_keeps_formulas_and_names_merged_ranges() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Giá", "Kho"])
    book.active.append(["=1000*2", 5])
    book.active.append([3, None])
    book.active.merge_cells("B2:B3")
    other = book.create_sheet()
    other.merge_cells("A1:C1")
    packed = io.BytesIO()
    book.save(packed)

    table = read_marked_table(packed.getvalue())

    assert table.merged_ranges == ["B2:B3"]
    assert table.rows[1].cells == (Formula("=1000*2"), 5)
    assert isinstance(table.rows[1].cells[0], Formula)


def test_limits_of_a_table_are_those_of_its_reader() -> None:
    content = b"a\n" * 11

    assert len(read_marked_table(content, limits=TableLimits(rows=11)).rows) == 11
    with pytest.raises(UnreadableFile):
        read_marked_table(content, limits=TableLimits(rows=10))


@pytest.mark.parametrize(
    ("stored", "text"), [("'=A1", "=A1"), ("'-5", "-5"), ("'tis", "'tis"), ("=A1", "=A1"), ("", "")]
)
def test_apostrophe_before_a_formula_is_removed(stored, text) -> None:
    assert unescape_formula(stored) == text
