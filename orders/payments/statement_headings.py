"""Guessing which column of a statement is which, by the headings that people give them.

Headings are compared as plain words without diacritics; those of banks are often in two languages at once
("Ngày giao dịch / Transaction date").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orders.payments.statement_cells import words_in
from orders.payments.statement_tables import Row

# Rows of a statement's head (bank, owner, period) before the headings.
ROWS_LOOKED_AT = 40

Aliases = Mapping[str, Sequence[str]]


def guess_headings(
    rows: Sequence[Row], aliases: Aliases, *, never: Sequence[str] = ()
) -> tuple[int, dict[str, int]]:
    """The place of the heading row in `rows`, and for each field found the column, counted from 0.

    `aliases` are a field's headings, the likeliest first; those of one word must be the whole heading or one
    of its two languages. A heading with words of `never` is no field's. (0, {}) where none is one.
    """
    best: tuple[int, dict[str, int]] = (0, {})
    for place, row in enumerate(rows[:ROWS_LOOKED_AT]):
        found = _fields_of(row, aliases, never)
        if len(found) > len(best[1]):
            best = (place, found)
    return best


def _fields_of(row: Row, aliases: Aliases, never: Sequence[str]) -> dict[str, int]:
    ranked: dict[str, tuple[int, int]] = {}  # field: the alias's place, the column
    for column, cell in enumerate(row.cells):
        if not isinstance(cell, str) or len(cell) > 80:
            continue
        match = _best_field(cell, aliases, never)
        if match is None:
            continue
        field, rank = match
        if field not in ranked or rank < ranked[field][0]:
            ranked[field] = (rank, column)
    return {field: column for field, (_rank, column) in ranked.items()}


def _best_field(cell: str, aliases: Aliases, never: Sequence[str]) -> tuple[str, int] | None:
    """The field with the longest alias in the heading: "số tiền ghi có" is a credit, no amount."""
    heading = f" {words_in(cell)} "
    if any(f" {words} " in heading for words in never):
        return None
    sides = {words_in(side) for side in cell.replace("\n", "/").replace("(", "/").split("/")}
    best: tuple[int, str, int] | None = None
    for field, names in aliases.items():
        for rank, name in enumerate(names):
            is_there = f" {name} " in heading if " " in name else name in sides or heading == f" {name} "
            if is_there and (best is None or len(name) > best[0]):
                best = (len(name), field, rank)
    return (best[1], best[2]) if best else None
