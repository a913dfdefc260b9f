"""Statement files that expand to far more than their size are refused before they are unpacked."""

from __future__ import annotations

import io
import resource
import time
import zipfile

import openpyxl
import pytest

from shop.core.spreadsheets.tables import UnreadableFile, read_table
from shop.core.spreadsheets.workbook_limits import TableLimits
from tests.attacks.memory import PeakMemory

pytestmark = pytest.mark.once

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
MAX_CPU_SECONDS = 8
MAX_ROWS, MAX_CELLS = TableLimits().rows, TableLimits().cells
MAX_MEMORY = 100_000_000


def packed(parts: dict[str, str | bytes]) -> bytes:
    """Return an XLSX written by openpyxl with these parts replaced."""
    book, honest = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Ngày", "Số tiền"])
    book.save(honest)
    out = io.BytesIO()
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, content in parts.items():
            target.writestr(name, content)
    return out.getvalue()


def sheet(rows: str, *, before: str = "") -> str:
    return f"{HEAD}{before}<sheetData>{rows}</sheetData></worksheet>"


def refused(content: bytes) -> UnreadableFile:
    """Assert that the file is refused with little time and memory, and return the refusal."""
    started = time.process_time()
    with PeakMemory() as peak, pytest.raises(UnreadableFile) as caught:
        read_table(content)
    seconds = time.process_time() - started
    assert seconds < MAX_CPU_SECONDS, f"{seconds:.1f} s"
    assert peak.growth < MAX_MEMORY, f"{peak.growth / 1e6:.0f} MB"
    return caught.value


def test_small_file_of_a_million_cells_is_refused() -> None:
    cells = packed({SHEET: sheet(f"<row>{'<c/>' * 50}</row>" * 20_000)})
    assert len(cells) < 50_000

    assert str(refused(cells).message) == "Tệp quá lớn. Hãy chia thành nhiều tệp."


def test_one_row_of_a_million_cells_is_refused() -> None:
    refused(packed({SHEET: sheet(f"<row>{'<c/>' * 1_000_000}</row>")}))


def test_million_empty_rows_are_refused() -> None:
    refused(packed({SHEET: sheet("<row/>" * 1_000_000)}))


@pytest.mark.parametrize("name", ["xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/x.bin"])
def test_million_elements_in_any_part_are_refused(name) -> None:
    refused(packed({name: f"<a>{'<b/>' * 1_300_000}</a>"}))


def test_oversized_element_is_refused() -> None:
    refused(packed({SHEET: sheet(f'<row><c a="{"x" * 3_000_000}"/></row>')}))


def test_deeply_nested_elements_are_refused() -> None:
    refused(packed({SHEET: sheet("<row>" * 100_000)}))


@pytest.mark.parametrize("name", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
def test_entities_are_refused_in_every_part(name) -> None:
    laughs = ['<!ENTITY l0 "ha">'] + [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
    row = "<row><c t='str'><v>&l9;</v></c></row>"
    bomb = f'<?xml version="1.0"?><!DOCTYPE w [{"".join(laughs)}]>{sheet(row)}'

    refused(packed({name: bomb}))


def test_external_entity_reads_no_local_file(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("khóa bí mật")
    row = "<row><c t='str'><v>&x;</v></c></row>"
    bomb = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file://{secret}">]>{sheet(row)}'

    refused(packed({SHEET: bomb}))


def test_rows_padded_to_a_far_column_are_refused() -> None:
    rows = "".join(f'<row r="{n}"><c r="IV{n}" t="n"><v>1</v></c></row>' for n in range(1, MAX_ROWS + 1))

    refused(packed({SHEET: sheet(rows)}))


def test_oversized_part_is_refused_by_the_directory() -> None:
    refused(packed({"xl/media/image1.png": b"\0" * 200_000_000}))


def test_thousands_of_parts_are_refused() -> None:
    refused(packed({f"xl/media/{n}": "" for n in range(5_000)}))


def test_long_shared_text_in_every_cell_is_refused() -> None:
    """The text is stored once in the file but repeated in every row that is read."""
    strings = f"<sst><si><t>{'x' * 3_999}</t></si></sst>"
    row = "<row>" + "<c t='s'><v>0</v></c>" * 10 + "</row>"

    refused(packed({SHEET: sheet(row * 5_000), "xl/sharedStrings.xml": strings}))


def test_cells_far_away_are_refused() -> None:
    refused(packed({SHEET: sheet('<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row>')}))


@pytest.mark.parametrize(
    "content",
    [
        b"," * 4_900_000,
        b"x" * 4_900_000,
        b'"' + b"\n" * 4_900_000,
        b"\n" * 4_900_000,
        b"a,b\n" * 1_200_000,
        b"\xff\xfe" + ",".encode("utf-16-le") * 2_400_000,
    ],
    ids=["one line of commas", "one word", "one quotation", "empty lines", "many lines", "utf-16"],
)
def test_oversized_text_files_are_refused_with_little_memory(content) -> None:
    refused(content)


def test_largest_accepted_statement_takes_seconds() -> None:
    """The largest allowed number of cells, as a person waits for the response."""
    width = MAX_CELLS // MAX_ROWS
    row = "".join(f"<c t='str'><v>Khách {n} trả tiền</v></c>" for n in range(width))
    content = packed({SHEET: sheet(f"<row>{row}</row>" * MAX_ROWS)})
    started = time.process_time()

    rows = read_table(content)

    seconds = time.process_time() - started
    assert (len(rows), len(rows[0].cells)) == (MAX_ROWS, width)
    assert seconds < 15, f"{seconds:.1f} s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss} kB"


def test_openpyxl_uses_a_parser_that_refuses_entities() -> None:
    """A second line of defence: the library uses the parser only where it is installed."""
    assert openpyxl.DEFUSEDXML
