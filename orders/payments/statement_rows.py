"""Find the columns of a bank's or carrier's statement, and parse each row or report its problem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from orders.payments.statement_cells import UnreadableReason, UnreadableRow, row_excerpt
from orders.payments.statement_headings import Aliases, guess_headings
from shop.core.spreadsheets.tables import TableRow


class ColumnMapping(Protocol):
    """The column of each field, counted from 0. `heading` is the row of the headings, 0 if there are none."""

    @property
    def heading(self) -> int: ...


Columns = TypeVar("Columns", bound=ColumnMapping)
Parsed = TypeVar("Parsed")


class UnreadableRowError(Exception):
    """A row that cannot be parsed. It becomes a problem, and the rows after it are read."""

    def __init__(self, reason: UnreadableReason) -> None:
        super().__init__(reason)
        self.reason = reason


def guess_columns(
    mapping_type: Callable[..., Columns],
    rows: Sequence[TableRow],
    aliases: Aliases,
    *,
    excluded: Sequence[str] = (),
) -> Columns:
    """Guess the mapping from the headings. A person confirms it. Unrecognised fields are None."""
    index, columns = guess_headings(rows, aliases, excluded=excluded)
    return mapping_type(rows[index].number if columns else 0, **columns)


def parse_rows(
    rows: Sequence[TableRow], mapping: ColumnMapping, parse: Callable[[TableRow], Parsed | None]
) -> tuple[list[Parsed], list[UnreadableRow]]:
    """Parse the rows below the headings.

    `parse` raises UnreadableRowError for an unreadable row, and returns None for a row to leave out.
    """
    parsed: list[Parsed] = []
    problems: list[UnreadableRow] = []
    for row in rows:
        if row.number <= mapping.heading:
            continue
        try:
            content = parse(row)
        except UnreadableRowError as error:
            problems.append(UnreadableRow(row.number, error.reason, row_excerpt(row)))
            continue
        if content is not None:
            parsed.append(content)
    return parsed, problems
