"""Parse a bank statement into incoming transfers, and problems with their row number.

A repeated import is harmless, because its transfers have the same fingerprints (`incoming_transfers`). Rows
without a reference are counted within the file, day by day, so a statement should cover whole days.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from orders.payments.bank_statement_labels import (
    BANK_HEADINGS,
    DATE_AND_REFERENCE,
    OTHER_HEADINGS,
    is_summary_label,
)
from orders.payments.incoming_transfers import (
    MAX_REFERENCE_LENGTH,
    MAX_TRANSFER_NOTE_LENGTH,
    IncomingTransfer,
    TransferSource,
    clean_text,
)
from orders.payments.statement_cells import (
    InvalidCell,
    UnreadableReason,
    UnreadableRow,
    cell_text,
    has_clock_time,
    parse_amount,
    parse_time,
    plain_words,
    split_dated_number,
)
from orders.payments.statement_headings import guess_headings
from orders.payments.statement_rows import UnreadableRowError, parse_rows
from shop.core.errors import Refused
from shop.core.spreadsheets.tables import Cell, TableRow

_INCOMING_MARKS = {"+", "c", "co", "cr", "credit", "ghi co", "in", "tien vao", "vao", "nhan tien"}
_OUTGOING_MARKS = {"-", "d", "no", "dr", "debit", "ghi no", "out", "tien ra", "ra", "chuyen tien"}
_ACCOUNT_LABELS = ("so tai khoan", "so tk", "account no", "account number", "tai khoan so")
_ACCOUNT = re.compile(r"[0-9](?:[ .-]?[0-9]){5,18}(?![0-9*x])")


class BankColumnsMissing(Refused):
    """The mapping lacks a required column. `field` names it."""

    code = "bank_columns_missing"
    default_message = _("Choose the columns for the date and the amount.")


class StatementOfOtherAccount(Refused):
    """The file's head names another account than ours. `details["named"]` lists the accounts."""

    code = "statement_of_other_account"
    default_message = _("This statement is for another account.")


@dataclass(frozen=True, slots=True)
class BankColumnMapping:
    """The column of each field, counted from 0. `heading` is the row of the headings, 0 if there are none.

    Either `credit` (with `debit`, whose rows are outgoing) or `amount`, in which a minus sign or the
    `direction` column marks outgoing rows. `date` and `reference` may be one column, as in Vietcombank's
    statements.
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
class BankStatementReading:
    """The content of a statement: incoming transfers, unreadable rows, and the number of outgoing rows.

    Rows without a transfer (repeated headings, totals, balances, signatures) appear in none of them.
    """

    incoming_transfers: list[IncomingTransfer]
    problems: list[UnreadableRow]
    outgoing_count: int


def guess_bank_columns(rows: Sequence[TableRow]) -> BankColumnMapping:
    """Guess the mapping from the headings. A person confirms it. Unrecognised fields are None."""
    index, columns = guess_headings(rows, BANK_HEADINGS, excluded=OTHER_HEADINGS)
    shared_column = columns.pop(DATE_AND_REFERENCE, None)
    if shared_column is not None:
        columns = {"reference": shared_column, **columns, "date": shared_column}
    return BankColumnMapping(rows[index].number if columns else 0, **columns)


def read_bank_rows(
    rows: Sequence[TableRow], mapping: BankColumnMapping, *, account: str
) -> BankStatementReading:
    """Parse the rows below the headings. `account` is ours, and rows of other accounts are problems.

    Raises BankColumnsMissing for a mapping without date or amount, and StatementOfOtherAccount if the file's
    head names only other accounts.
    """
    if mapping.date is None:
        raise BankColumnsMissing(field="date")
    if mapping.amount is None and mapping.credit is None:
        raise BankColumnsMissing(field="amount")
    account = _normalise_account(account)
    _require_account([row for row in rows if row.number < mapping.heading], account)
    seen_fingerprints: set[str] = set()
    similar_counts: Counter[str] = Counter()

    def parse(row: TableRow) -> IncomingTransfer | None:
        transfer = _read_row(row, mapping, account)
        if transfer is None:
            return None
        return (
            _number_similar(transfer, seen_fingerprints, similar_counts) if transfer.is_incoming else transfer
        )

    transfers, problems = parse_rows(rows, mapping, parse)
    incoming_transfers = [transfer for transfer in transfers if transfer.is_incoming]
    return BankStatementReading(incoming_transfers, problems, len(transfers) - len(incoming_transfers))


def _require_account(head_rows: Sequence[TableRow], account: str) -> None:
    named_accounts = set()
    for row in head_rows:
        texts = [cell_text(cell) for cell in row.cells]
        for column, text in enumerate(texts):
            if any(label in plain_words(text) for label in _ACCOUNT_LABELS):
                text_after_label = " | ".join(filter(None, [text, *texts[column + 1 :]]))
                named_accounts |= {
                    _normalise_account(number) for number in _ACCOUNT.findall(text_after_label)[:1]
                }
    if named_accounts and account.lstrip("0") not in {number.lstrip("0") for number in named_accounts}:
        raise StatementOfOtherAccount(named=sorted(named_accounts))


def _read_row(row: TableRow, mapping: BankColumnMapping, account: str) -> IncomingTransfer | None:
    """Return the row's transfer, incoming or outgoing, or None for a row without one."""
    day_cell, number = split_dated_number(row.cell(mapping.date))
    try:
        booked_at = parse_time(day_cell)
    except InvalidCell:
        if _is_without_transfer(row, mapping):
            return None
        _require_row_account(row, mapping, account)
        raise UnreadableRowError(UnreadableReason.DATE) from None
    _require_row_account(row, mapping, account)
    try:
        amount = _read_amount(row, mapping)
    except UnreadableRowError:
        if _has_summary_label(row):
            return None
        raise
    return IncomingTransfer(
        provider=TransferSource.STATEMENT,
        event_id="",
        account=account,
        amount=abs(amount),
        note=clean_text(cell_text(row.cell(mapping.note)), MAX_TRANSFER_NOTE_LENGTH),
        reference=clean_text(_read_reference(row, mapping, number), MAX_REFERENCE_LENGTH),
        booked_at=booked_at,
        is_incoming=amount > 0,
        has_time=has_clock_time(day_cell),
    )


def _is_without_transfer(row: TableRow, mapping: BankColumnMapping) -> bool:
    """Return whether a row without a readable day has no amount either, or is a total or a balance."""
    amounts = [row.cell(mapping.amount), row.cell(mapping.credit), row.cell(mapping.debit)]
    if not any(_has_digit(cell) for cell in amounts):
        return True
    date_cell = row.cell(mapping.date)
    return _has_summary_label(row) and not _has_digit(date_cell)


def _has_digit(cell: Cell) -> bool:
    return any(sign.isdigit() for sign in cell_text(cell))


def _has_summary_label(row: TableRow) -> bool:
    return any(isinstance(cell, str) and is_summary_label(cell) for cell in row.cells)


def _require_row_account(row: TableRow, mapping: BankColumnMapping, account: str) -> None:
    row_account = _normalise_account(cell_text(row.cell(mapping.account)))
    # Spreadsheets that read account numbers as numbers lose leading zeros.
    if row_account and row_account.lstrip("0") != account.lstrip("0"):
        raise UnreadableRowError(UnreadableReason.ACCOUNT)


def _read_reference(row: TableRow, mapping: BankColumnMapping, number: str) -> str:
    """Return the bank's reference. `number` follows the day in the date's cell.

    Such numbers begin anew every day, so the day is part of the reference.
    """
    if mapping.reference not in (None, mapping.date):
        return cell_text(row.cell(mapping.reference))
    return cell_text(row.cell(mapping.date)) if number else ""


def _read_amount(row: TableRow, mapping: BankColumnMapping) -> int:
    """Return the row's amount, negative for an outgoing transfer and never zero."""
    try:
        if mapping.credit is not None:
            credit = _absolute_amount(row, mapping.credit)
            debit = _absolute_amount(row, mapping.debit)
            if bool(credit) == bool(debit):
                raise InvalidCell
            return credit - debit
        amount = parse_amount(row.cell(mapping.amount))
    except InvalidCell:
        raise UnreadableRowError(UnreadableReason.AMOUNT) from None
    if not amount:
        raise UnreadableRowError(UnreadableReason.AMOUNT)
    if mapping.direction is None:
        return amount
    text = cell_text(row.cell(mapping.direction))
    direction = text if text in _INCOMING_MARKS | _OUTGOING_MARKS else plain_words(text)
    if direction not in _INCOMING_MARKS | _OUTGOING_MARKS or (direction in _INCOMING_MARKS and amount < 0):
        raise UnreadableRowError(UnreadableReason.DIRECTION)
    return amount if direction in _INCOMING_MARKS else -abs(amount)


def _absolute_amount(row: TableRow, column: int | None) -> int:
    """Return a credit or debit without the sign that some banks add, or 0 for an empty cell or a dash."""
    cell = row.cell(column)
    return 0 if cell in ("", "-") else abs(parse_amount(cell))


def _number_similar(
    transfer: IncomingTransfer, seen_fingerprints: set[str], similar_counts: Counter[str]
) -> IncomingTransfer:
    """Set consecutive numbers on similar rows without a reference.

    Two rows with one reference and one amount are a duplicate, or the column is not a reference. A person
    must check them.
    """
    if not transfer.has_reference:
        similar_counts[transfer.similarity_key] += 1
        return replace(transfer, occurrence=similar_counts[transfer.similarity_key])
    if transfer.fingerprint in seen_fingerprints:
        raise UnreadableRowError(UnreadableReason.REPEATED)
    seen_fingerprints.add(transfer.fingerprint)
    return transfer


def _normalise_account(text: str) -> str:
    return "".join(character for character in text.upper() if character.isalnum())
