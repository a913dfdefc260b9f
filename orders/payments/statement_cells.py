"""Parse amounts and dates in cells of statements, as Vietnamese banks and carriers write them."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from orders.payments.incoming_transfers import MAX_TRANSFER_AMOUNT, normalise_time
from shop.core.dates.calendar import VIETNAM
from shop.core.errors import StrOrPromise
from shop.core.spreadsheets.tables import Cell, TableRow
from shop.core.texts.folding import fold

_FOLDED_CURRENCY = re.compile(r"(vnd|₫|d)\.?$")
# 1.234.567 and 1,234,567 with or without empty decimals, and 1234567 too. đồng have no other decimals.
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[.,' ])\d{3}(?:(?P=mark)\d{3})*(?:[.,]0{1,2})?")
_PLAIN = re.compile(r"\d+(?:[.,]0{1,2})?")
_EMPTY_DECIMALS = re.compile(r"[.,]0{1,2}$")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_TIME_FIRST = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?,?\s+(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
# A day, then a line break or " / ", then the bank's number: "31/10/2023\n5243.65937".
_DATED_NUMBER = re.compile(
    r"(\d{1,2}[/.-]\d{1,2}[/.-]\d{4}(?: +\d{1,2}:\d{2}(?::\d{2})?)?)(?:\s*\n\s*|\s+/\s+)(\S[\s\S]*)"
)
_NON_ALPHANUMERIC = re.compile("[^0-9a-z]+")
# Excel's day zero. A cell that lost its date format shows the number of days since then.
_EXCEL_START = datetime.datetime(1899, 12, 30, tzinfo=VIETNAM)
_EXCEL_DAYS_OF_CENTURY = range(36_526, 73_050)  # 2000 to 2099


class UnreadableReason(StrEnum):
    """Why a row cannot be read. Callers compare the reason, and people see `UnreadableRow.label`."""

    DATE = "date"
    AMOUNT = "amount"
    DIRECTION = "direction"
    ACCOUNT = "account"
    REPEATED = "repeated"
    NO_PARCEL_CODE = "no_code"


_REASON_TEXTS: dict[UnreadableReason, StrOrPromise] = {
    UnreadableReason.DATE: _("The date is missing or is not in day/month/year format."),
    UnreadableReason.AMOUNT: _("The amount is missing or is not a whole amount in VND."),
    UnreadableReason.DIRECTION: _("It is not clear whether the money came in or went out."),
    UnreadableReason.ACCOUNT: _("This row is for another account."),
    UnreadableReason.REPEATED: _("An earlier row has the same number and amount."),
    UnreadableReason.NO_PARCEL_CODE: _("The row has neither a tracking number nor one of our codes."),
}


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that was not read, with its row in the file, the reason, and an excerpt."""

    row_number: int
    reason: UnreadableReason
    text: str

    @property
    def label(self) -> StrOrPromise:
        return _REASON_TEXTS[self.reason]


class InvalidCell(ValueError):
    """The cell's content does not fit its column."""


def parse_amount(cell: Cell) -> int:
    """Parse whole đồng with their sign. Raises InvalidCell for fractions, absurd amounts and anything else.

    Accepts "1.234.567", "1,234,567.00", "+100,000 VND", "-50.000 ₫", "(50,000)" and Excel's numbers. "1.234"
    is 1234, because đồng have no thousandths.
    """
    if isinstance(cell, int | float):
        if cell != cell or abs(cell) > MAX_TRANSFER_AMOUNT or cell != int(cell):
            raise InvalidCell
        return int(cell)
    if not isinstance(cell, str):
        raise InvalidCell
    text = _FOLDED_CURRENCY.sub("", fold(cell)).strip()
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1].strip()
    elif text[:1] in ("-", "+", "\u2212"):
        sign, text = (1 if text[0] == "+" else -1), text[1:].strip()
    if not text.isascii() or not (_GROUPED.fullmatch(text) or _PLAIN.fullmatch(text)):
        raise InvalidCell
    digits = re.sub(r"\D", "", _EMPTY_DECIMALS.sub("", text))
    if len(digits) > 18 or int(digits) > MAX_TRANSFER_AMOUNT:
        raise InvalidCell
    return sign * int(digits)


def parse_time(cell: Cell) -> datetime.datetime:
    """Parse a date or a time into UTC. A day without time is its first minute in Vietnam. Raises InvalidCell.

    Accepts dd/mm/yyyy (never month first), ISO, and Excel's dates. A time may follow or precede the day.
    """
    try:
        moment = normalise_time(_parse_written_time(cell))
    except (ValueError, OverflowError) as error:
        raise InvalidCell from error
    if moment is None:
        raise InvalidCell
    return moment


def has_clock_time(cell: Cell) -> bool:
    """Return whether a readable date says the time of day, too. Spreadsheets store a day as its midnight."""
    if isinstance(cell, str):
        return bool(_CLOCK.search(cell))
    moment = normalise_time(_parse_written_time(cell))
    return moment is not None and moment.astimezone(VIETNAM).time() != datetime.time()


def split_dated_number(cell: Cell) -> tuple[Cell, str]:
    """Return the day of a cell and the number written below it.

    If there is none, the cell itself and "" are returned.
    """
    if not isinstance(cell, str) or not (match := _DATED_NUMBER.fullmatch(cell)):
        return cell, ""
    day, time_text = match.groups()
    return (cell, "") if _CLOCK.fullmatch(time_text) else (day, time_text)


def plain_words(cell: Cell) -> str:
    """Return a heading or a kind as plain words: "Số tiền ghi có" becomes "so tien ghi co"."""
    return " ".join(filter(None, _NON_ALPHANUMERIC.split(fold(str(cell)))))


def cell_text(cell: Cell) -> str:
    """Return a cell as text. Whole numbers that Excel stored as floats have no fraction."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def row_excerpt(row: TableRow) -> str:
    """Return the beginning of a row, so that people recognise it."""
    return " · ".join(cell_text(cell) for cell in row.cells if cell != "")[:200]


def _parse_written_time(cell: Cell) -> datetime.datetime:
    if isinstance(cell, datetime.datetime):
        return cell
    if isinstance(cell, datetime.date):
        return datetime.datetime.combine(cell, datetime.time(), VIETNAM)
    if isinstance(cell, int | float):
        if int(cell) not in _EXCEL_DAYS_OF_CENTURY:
            raise InvalidCell
        return _EXCEL_START + datetime.timedelta(seconds=round(cell * 86_400))
    text = " ".join(cell.split())
    if day_first := _DAY_FIRST.fullmatch(text):
        day, month, year, hour, minute, second = (int(part or 0) for part in day_first.groups())
    elif time_first := _TIME_FIRST.fullmatch(text):
        hour, minute, second, day, month, year = (int(part or 0) for part in time_first.groups())
    else:
        return datetime.datetime.fromisoformat(text)
    return datetime.datetime(year, month, day, hour, minute, second, tzinfo=VIETNAM)
