"""Guess the columns of a statement from its headings.

Headings are compared as plain words without diacritics. Headings of banks are often in two languages ("Ngày
giao dịch / Transaction date").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orders.payments.statement_cells import plain_words
from shop.core.spreadsheets.tables import TableRow

# A statement's head (bank, owner, period) precedes the headings.
MAX_HEADING_ROWS = 40

Aliases = Mapping[str, Sequence[str]]


def guess_headings(
    rows: Sequence[TableRow], aliases: Aliases, *, excluded: Sequence[str] = ()
) -> tuple[int, dict[str, int]]:
    """Return the index of the heading row in `rows`, and the column of each field found, counted from 0.

    `aliases` lists each field's headings, the likeliest first. An alias of one word must be the whole heading
    or one of its two languages. A heading that contains an `excluded` phrase belongs to no field. Returns
    (0, {}) if there are no headings.
    """
    best: tuple[int, dict[str, int]] = (0, {})
    for index, row in enumerate(rows[:MAX_HEADING_ROWS]):
        columns = _match_row(row, aliases, excluded)
        if len(columns) > len(best[1]):
            best = (index, columns)
    return best


def _match_row(row: TableRow, aliases: Aliases, excluded: Sequence[str]) -> dict[str, int]:
    rank_and_column: dict[str, tuple[int, int]] = {}
    for column, cell in enumerate(row.cells):
        if not isinstance(cell, str) or len(cell) > 80:
            continue
        match = _match_heading(cell, aliases, excluded)
        if match is None:
            continue
        field, rank = match
        if field not in rank_and_column or rank < rank_and_column[field][0]:
            rank_and_column[field] = (rank, column)
    return {field: column for field, (_rank, column) in rank_and_column.items()}


def _match_heading(cell: str, aliases: Aliases, excluded: Sequence[str]) -> tuple[str, int] | None:
    """Return the field with the longest alias in the heading. "Số tiền ghi có" is a credit, not an amount."""
    heading = f" {plain_words(cell)} "
    if any(f" {phrase} " in heading for phrase in excluded):
        return None
    languages = {plain_words(text) for text in cell.replace("\n", "/").replace("(", "/").split("/")}
    best: tuple[int, str, int] | None = None
    for field, names in aliases.items():
        for rank, name in enumerate(names):
            matches = f" {name} " in heading if " " in name else name in languages or heading == f" {name} "
            if matches and (best is None or len(name) > best[0]):
                best = (len(name), field, rank)
    return (best[1], best[2]) if best else None
