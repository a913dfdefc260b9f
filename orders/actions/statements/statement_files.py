"""Store statement files of banks and carriers as rows, with columns that a person confirms."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.models import StatementImport, StatementKind, StatementRow
from orders.payments.bank_statement_rows import BankColumnMapping
from orders.payments.cod_statement_rows import CodColumnMapping
from orders.states import StatementRowState
from shop.accounts.models import User
from shop.core.errors import Refused
from shop.core.spreadsheets.tables import TableRow, read_table
from shop.core.states import TransitionNotAllowed


class EmptyStatement(Refused):
    code = "empty_statement"
    default_message = _("This statement has no rows below the headings.")


def import_statement_file(
    kind: StatementKind,
    *,
    file_name: str,
    content: bytes,
    guess: Callable[[Sequence[TableRow]], BankColumnMapping | CodColumnMapping],
    carrier: str = "",
    user: User,
    now: datetime.datetime,
) -> StatementImport:
    """Store the rows of a file with the columns that its headings suggest. They are processed later.

    The same file again returns its last import, unless that had no effect. In that case its columns were
    mapped wrongly and may be mapped again. Raises UnreadableFile.
    """
    digest = hashlib.sha256(content).hexdigest()
    rows = read_table(content)
    columns = guess(rows)
    return _store_rows(kind, file_name, digest, rows, columns, carrier=carrier.strip(), user=user, now=now)


def stored_rows(statement: StatementImport) -> list[TableRow]:
    """Return the file's rows, as long as the statement is not confirmed."""
    rows = statement.rows.order_by("row_number", "pk").values_list("row_number", "cells")
    return [TableRow(number, tuple(cells)) for number, cells in rows]


def lock_unconfirmed_statement(statement_id: int, kind: StatementKind) -> StatementImport:
    """In a transaction: lock a statement whose columns may still be changed.

    Raises Missing, TransitionNotAllowed.
    """
    statement = locks.lock_statement(statement_id, kind)
    if statement.confirmed_at is not None:
        raise TransitionNotAllowed(from_state=StatementRowState.IMPORTED, to_state=StatementRowState.WAITING)
    return statement


def set_statement_columns(
    statement: StatementImport, columns: Mapping[str, int | None], names: Sequence[str]
) -> None:
    """In a transaction: set which column is which. The heading row stays as it is."""
    statement.column_mapping = {**statement.column_mapping, **{name: columns.get(name) for name in names}}
    statement.save(update_fields=["column_mapping"])


@transaction.atomic(durable=True)
def _store_rows(
    kind: StatementKind,
    file_name: str,
    digest: str,
    rows: Sequence[TableRow],
    columns: BankColumnMapping | CodColumnMapping,
    *,
    carrier: str,
    user: User,
    now: datetime.datetime,
) -> StatementImport:
    last = StatementImport.objects.filter(kind=kind, digest=digest).order_by("pk").last()
    if last is not None and not _had_no_effect(last):
        return last
    column_names = next((row.cells for row in rows if row.number == columns.heading), ())
    statement = StatementImport.objects.create(
        kind=kind,
        file_name=file_name[:250],
        digest=digest,
        column_names=_storable_cells(column_names),
        column_mapping=dataclasses.asdict(columns),
        carrier=carrier[:120],
        row_count=sum(row.number > columns.heading for row in rows),
        imported_by=user,
        created_at=now,
    )
    StatementRow.objects.bulk_create(
        [
            StatementRow(statement=statement, row_number=row.number, cells=_storable_cells(row.cells))
            for row in rows
        ],
        batch_size=1000,
    )
    return statement


def _had_no_effect(statement: StatementImport) -> bool:
    """Return whether the statement was processed completely without any row being recorded or known."""
    is_over = statement.confirmed_at is not None and not statement.rows.waiting().exists()
    return is_over and not statement.imported_count and not statement.known_count


def _storable_cells(cells: Sequence[object]) -> list[object]:
    """Return cells as they are stored. Dates become text, with the time if there is one."""
    return [_format_date(cell) if isinstance(cell, datetime.date) else cell for cell in cells]


def _format_date(day: datetime.date) -> str:
    has_hour = isinstance(day, datetime.datetime) and day.time() != datetime.time()
    return f"{day:%d/%m/%Y %H:%M:%S}" if has_hour else f"{day:%d/%m/%Y}"
