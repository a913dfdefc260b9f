"""A bank's statement: its rows become arrivals, or problems that are said with their line.

Importing one again is harmless, for its arrivals have the fingerprints they had (`arrivals`): rows without
a reference that are alike are counted within the file, day by day, so a statement should hold whole days.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from orders.payments.incoming_transfers import LONGEST_NOTE, LONGEST_REFERENCE, Arrival, Provider, tidy_text
from orders.payments.statement_cells import (
    BadCell,
    Fault,
    Problem,
    amount_in,
    shown,
    text_in,
    time_in,
    words_in,
)
from orders.payments.statement_headings import guess_headings
from orders.payments.statement_tables import Row
from shop.core.errors import Refused

# Headings as plain words (`cells.words_in`), the likeliest first.
_ALIASES = {
    "date": [
        *["ngay giao dich", "ngay gd", "transaction date", "ngay gio giao dich", "thoi gian giao dich"],
        *["ngay hach toan", "posting date", "ngay hieu luc", "value date", "effective date"],
        *["ngay", "date", "thoi gian", "time", "ngay gio"],
    ],
    "credit": [
        *["so tien ghi co", "ghi co", "phat sinh co", "credit amount", "tien vao", "so tien vao"],
        *["co", "credit", "deposit"],
    ],
    "debit": [
        *["so tien ghi no", "ghi no", "phat sinh no", "debit amount", "tien ra", "so tien ra"],
        *["no", "debit", "withdrawal"],
    ],
    "amount": ["so tien giao dich", "so tien gd", "so tien", "transaction amount", "amount", "gia tri"],
    "direction": ["loai giao dich", "loai gd", "transaction type", "dau", "type", "loai", "no co", "d c"],
    "note": [
        *["noi dung giao dich", "noi dung chuyen khoan", "noi dung", "dien giai", "mo ta giao dich", "mo ta"],
        *["description", "transaction details", "details", "remarks", "remark", "narrative", "content"],
    ],
    "reference": [
        *["so tham chieu", "ma tham chieu", "ma giao dich", "ma gd", "so giao dich", "so but toan"],
        *["reference number", "reference no", "ref no", "transaction id", "transaction no", "so chung tu"],
        *["so ct", "reference", "ref"],
    ],
    "account": ["so tai khoan", "so tk", "account number", "account no", "tai khoan", "account", "stk"],
}
# Of the balance, and of whom the money came from.
_NEVER = [
    *["so du", "balance", "doi ung", "doi tac", "nguoi gui", "nguoi chuyen", "nguoi nhan", "nguoi thu huong"],
    *["counter", "counterparty", "beneficiary", "sender", "chu tai khoan", "ten tai khoan", "account name"],
]
_IN = {"+", "c", "co", "cr", "credit", "ghi co", "in", "tien vao", "vao", "nhan tien"}
_OUT = {"-", "d", "no", "dr", "debit", "ghi no", "out", "tien ra", "ra", "chuyen tien"}
_SAYS_ACCOUNT = ("so tai khoan", "so tk", "account no", "account number", "tai khoan so")
_ACCOUNT = re.compile(r"[0-9](?:[ .-]?[0-9]){5,18}(?![0-9*x])")


class NoColumns(Refused):
    """The mapping lacks a column that a statement cannot be without; `field` names it."""

    code = "no_columns"
    default_words = _("Say which column holds the date and which the amount.")


class OtherAccount(Refused):
    """The file's head names another account than ours; `details["named"]` tells which."""

    code = "other_account"
    default_words = _("This statement is of another account.")


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column is which, counted from 0; `heading` is the line of the headings (0: there are none).

    Either `credit` (with `debit`, whose rows are money that went out) or `amount`, where a minus sign or
    the `direction` column says what went out.
    """

    heading: int
    date: int | None = None
    amount: int | None = None
    credit: int | None = None
    debit: int | None = None
    direction: int | None = None
    note: int | None = None
    reference: int | None = None
    account: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a statement says: what came in, what could not be taken, and how many rows went out."""

    arrivals: list[Arrival]
    problems: list[Problem]
    outgoing: int


def guess_mapping(rows: Sequence[Row]) -> Mapping:
    """The mapping that the headings suggest; a person confirms it. What is not found is None."""
    if not rows:
        return Mapping(0)
    place, found = guess_headings(rows, _ALIASES, never=_NEVER)
    return Mapping(rows[place].line if found else 0, **found)


def read_statement(rows: Sequence[Row], mapping: Mapping, *, account: str) -> Reading:
    """The rows below the headings. `account` is ours: rows of another are problems.

    Raises NoColumns for a mapping without date or amount, and OtherAccount where the file's head names
    only other accounts.
    """
    if mapping.date is None:
        raise NoColumns(field="date")
    if mapping.amount is None and mapping.credit is None:
        raise NoColumns(field="amount")
    account = _plain(account)
    _check_head([row for row in rows if row.line < mapping.heading], account)
    arrivals: list[Arrival] = []
    problems: list[Problem] = []
    outgoing = 0
    seen: set[str] = set()
    alike: Counter[str] = Counter()
    for row in (row for row in rows if row.line > mapping.heading):
        try:
            told = _read_row(row, mapping, account)
            if told.is_incoming:
                arrivals.append(_told_apart(told, seen, alike))
            else:
                outgoing += 1
        except _Unfit as unfit:
            problems.append(Problem(row.line, unfit.fault, shown(row)))
    return Reading(arrivals, problems, outgoing)


class _Unfit(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _check_head(head: Sequence[Row], account: str) -> None:
    named = set()
    for row in head:
        texts = [text_in(cell) for cell in row.cells]
        for place, text in enumerate(texts):
            if any(words in words_in(text) for words in _SAYS_ACCOUNT):
                beside = " | ".join(filter(None, [text, *texts[place + 1 :]]))
                named |= {_plain(number) for number in _ACCOUNT.findall(beside)[:1]}
    if named and account.lstrip("0") not in {number.lstrip("0") for number in named}:
        raise OtherAccount(named=sorted(named))


def _read_row(row: Row, mapping: Mapping, account: str) -> Arrival:
    whose = _plain(text_in(row.cell(mapping.account)))
    # A spreadsheet that takes account numbers for numbers loses their zeros in front.
    if whose and whose.lstrip("0") != account.lstrip("0"):
        raise _Unfit(Fault.ACCOUNT)
    try:
        at = time_in(row.cell(mapping.date))
    except BadCell:
        raise _Unfit(Fault.DATE) from None
    amount = _amount(row, mapping)
    return Arrival(
        Provider.STATEMENT,
        "",
        account,
        abs(amount),
        tidy_text(text_in(row.cell(mapping.note)), LONGEST_NOTE),
        tidy_text(text_in(row.cell(mapping.reference)), LONGEST_REFERENCE),
        at,
        is_incoming=amount > 0,
    )


def _amount(row: Row, mapping: Mapping) -> int:
    """What came in; below nothing what went out; never nothing."""
    try:
        if mapping.credit is not None:
            came = _size(row, mapping.credit)
            went = _size(row, mapping.debit)
            if bool(came) == bool(went):
                raise BadCell
            return came - went
        amount = amount_in(row.cell(mapping.amount))
    except BadCell:
        raise _Unfit(Fault.AMOUNT) from None
    if not amount:
        raise _Unfit(Fault.AMOUNT)
    if mapping.direction is None:
        return amount
    kind = text_in(row.cell(mapping.direction))
    way = kind if kind in _IN | _OUT else words_in(kind)
    if way not in _IN | _OUT or (way in _IN and amount < 0):
        raise _Unfit(Fault.DIRECTION)
    return amount if way in _IN else -abs(amount)


def _size(row: Row, column: int | None) -> int:
    """A credit or debit, which some banks write with a sign; nothing for an empty cell or a dash."""
    cell = row.cell(column)
    return 0 if cell in ("", "-") else abs(amount_in(cell))


def _told_apart(told: Arrival, seen: set[str], alike: Counter[str]) -> Arrival:
    """Rows without a reference are counted where they are alike. Two with one reference and one amount are
    one transfer listed twice, or a column that is no reference: a person must see it."""
    if not told.has_reference:
        alike[told.likeness] += 1
        return replace(told, occurrence=alike[told.likeness])
    if told.fingerprint in seen:
        raise _Unfit(Fault.REPEATED)
    seen.add(told.fingerprint)
    return told


def _plain(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalnum())
