"""Import our bank's statements: read the file, map its columns and record its incoming transfers.

A repeated import does no harm. Transfers with a bank reference keep their fingerprint, and those without one
are counted by day, amount and note. Most rows are processed in the background.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from celery import shared_task
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.bank_transfers.receive_transfers import record_transfer
from orders.actions.statements import statement_files
from orders.actions.statements.statement_files import (
    EmptyStatement,
    lock_unconfirmed_statement,
    set_statement_columns,
    stored_rows,
)
from orders.actions.statements.statement_processing import process_remaining_rows, resume_statements
from orders.models import BankTransfer, ReviewReason, StatementImport, StatementKind, StatementRow
from orders.payments.bank_statement_rows import BankColumnMapping, guess_bank_columns, read_bank_rows
from orders.payments.incoming_transfers import IncomingTransfer, TransferSource
from orders.payments.statement_cells import UnreadableRow
from orders.states import STATEMENT_ROW_TRANSITIONS, StatementRowState, TransferState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit, lock_row
from shop.core.errors import Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import record_change, shop_settings
from shop.core.states import change_state

BANK_COLUMN_NAMES = ("date", "credit", "debit", "amount", "direction", "note", "reference", "account")
BANK_ROWS_PER_BATCH = 40  # while the user waits, each row in its own transaction, as for a webhook
_MAX_QUERY_VALUES = 5_000
_MAX_PROBLEMS_KEPT = 500
# Marked by a person as a duplicate of another transfer, so it matches no row.
_DUPLICATE_REPORT = Q(state=TransferState.DISMISSED, reason=ReviewReason.REPEATED)


class MarketAccountMissing(Refused):
    """The market has no account configured, so a statement cannot be checked against it."""

    code = "market_account_missing"
    default_message = _("Set up the market's bank account first.")


@dataclass(frozen=True, slots=True)
class CheckedTransfer:
    """A row with an incoming transfer, and whether the transfer was known before."""

    transfer: IncomingTransfer
    is_known: bool


@dataclass(frozen=True, slots=True)
class BankStatementPreview:
    """A preview of processing a statement. `outgoing_count` counts rows that are ignored."""

    incoming_transfers: list[CheckedTransfer]
    problems: list[UnreadableRow]
    outgoing_count: int


def import_bank_statement(
    *, file_name: str, content: bytes, user: User, now: datetime.datetime
) -> StatementImport:
    """Store the rows of a file. The transfers are recorded later.

    Raises MarketAccountMissing, UnreadableFile.
    """
    if not shop_settings().bank_account:
        raise MarketAccountMissing(field="file")
    return statement_files.import_statement_file(
        StatementKind.BANK, file_name=file_name, content=content, guess=guess_bank_columns, user=user, now=now
    )


@transaction.atomic(durable=True)
def set_bank_columns(
    *, statement_id: int, columns: Mapping[str, int | None], heading: int | None = None
) -> StatementImport:
    """Set the column mapping and the row of the headings.

    The row is 0 if there are no headings, and None for the guessed one. Raises Missing, TransitionNotAllowed.
    """
    statement = lock_unconfirmed_statement(statement_id, StatementKind.BANK)
    if heading is not None:
        row = statement.rows.filter(row_number=heading).first()
        statement.column_names = row.cells if row is not None else []
        statement.column_mapping = {**statement.column_mapping, "heading": heading}
        statement.save(update_fields=["column_names"])
    set_statement_columns(statement, columns, BANK_COLUMN_NAMES)
    return statement


def preview_bank_statement(statement: StatementImport) -> BankStatementPreview:
    """Preview the effect of processing the statement.

    Raises BankColumnsMissing, StatementOfOtherAccount, EmptyStatement.
    """
    columns = BankColumnMapping(**statement.column_mapping)
    reading = read_bank_rows(stored_rows(statement), columns, account=shop_settings().bank_account)
    if not (reading.incoming_transfers or reading.problems or reading.outgoing_count):
        raise EmptyStatement()
    return BankStatementPreview(
        _mark_known_transfers(reading.incoming_transfers), reading.problems, reading.outgoing_count
    )


def apply_bank_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> StatementImport:
    """Confirm a statement, process its first rows at once and the rest in the background.

    Repeated, it continues where it stopped. Raises Missing, BankColumnsMissing, StatementOfOtherAccount,
    EmptyStatement.
    """
    confirm_bank_statement(statement_id=statement_id, actor=actor, now=now)
    if process_bank_rows(
        statement_id=statement_id, actor=actor, max_count=BANK_ROWS_PER_BATCH, clock=lambda: now
    ):
        after_commit(apply_bank_statement_task.delay, statement_id=statement_id)
    return StatementImport.objects.get(pk=statement_id)


@transaction.atomic(durable=True)
def confirm_bank_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Confirm a statement once, which replaces its rows by incoming transfers.

    Raises as `apply_bank_statement`.
    """
    statement = locks.lock_statement(statement_id, StatementKind.BANK)
    if statement.confirmed_at is not None:
        return
    preview = preview_bank_statement(statement)
    statement.rows.all().delete()
    StatementRow.objects.bulk_create(
        [
            StatementRow(
                statement=statement,
                row_number=number,
                cells=_cells_of_transfer(preview_row.transfer),
                state=StatementRowState.KNOWN if preview_row.is_known else StatementRowState.WAITING,
            )
            for number, preview_row in enumerate(preview.incoming_transfers, start=1)
        ],
        batch_size=1000,
    )
    statement.confirmed_at = now
    statement.row_count = len(preview.incoming_transfers) + len(preview.problems) + preview.outgoing_count
    statement.known_count = sum(preview_row.is_known for preview_row in preview.incoming_transfers)
    statement.problems = [
        {"row": problem.row_number, "fault": problem.reason, "text": problem.text}
        for problem in preview.problems[:_MAX_PROBLEMS_KEPT]
    ]
    statement.save(update_fields=["confirmed_at", "row_count", "known_count", "problems"])
    record_change(
        "bank_statement.confirmed", statement, actor=actor, now=now, data={"rows": statement.row_count}
    )


def process_bank_rows(
    *, statement_id: int, actor: Actor, max_count: int, clock: Callable[[], datetime.datetime]
) -> bool:
    """Process the next rows, each in its own transaction, and return whether some may be left."""
    waiting_rows = StatementRow.objects.filter(statement=statement_id).waiting()
    processed = run_each(
        waiting_rows.values_list("pk", flat=True),
        lambda row_id: process_bank_row(row_id=row_id, actor=actor, now=clock()),
        sweep="orders.resume_bank_statements:rows",
        max_count=max_count,
    )
    return processed > 0 and waiting_rows.exists()


@transaction.atomic(durable=True)
def process_bank_row(*, row_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Record the transfer of one row. A processed row stays as it is."""
    statement_rows = StatementRow.objects.filter(pk=row_id, statement__kind=StatementKind.BANK)
    row = lock_row(statement_rows.filter(state=StatementRowState.WAITING))
    if row is None:
        return
    recorded = record_transfer(_transfer_of_row(row), statement=row.statement, actor=actor, now=now)
    change_state(
        row,
        StatementRowState.IMPORTED if recorded.is_new else StatementRowState.KNOWN,
        STATEMENT_ROW_TRANSITIONS,
    )
    counter = "imported_count" if recorded.is_new else "known_count"
    StatementImport.objects.filter(pk=row.statement_id).update(**{counter: F(counter) + 1})


@shared_task(name="orders.apply_bank_statement")
def apply_bank_statement_task(*, statement_id: int) -> None:
    """Process all remaining rows of a statement."""
    process_remaining_rows(
        statement_id,
        lambda actor: process_bank_rows(
            statement_id=statement_id, actor=actor, max_count=BANK_ROWS_PER_BATCH, clock=timezone.now
        ),
    )


@shared_task(name="orders.resume_bank_statements")
def resume_bank_statements_task() -> None:
    """Sweep: continue statements whose task was lost."""
    resume_statements(
        StatementKind.BANK,
        lambda statement_id: apply_bank_statement_task(statement_id=statement_id),
        sweep="orders.resume_bank_statements",
    )


def _mark_known_transfers(incoming_transfers: Sequence[IncomingTransfer]) -> list[CheckedTransfer]:
    """Find which rows are known, by fingerprint or else by counting similar rows against similar transfers.

    For example, if one transfer is known that is similar to three similar rows, and has another reference or
    none, two of the rows are new. Within the statements of one bank, different references are different
    transfers.
    """
    fingerprints = {incoming.fingerprint for incoming in incoming_transfers}
    known_transfers = _find_known_transfers(incoming_transfers)
    known_fingerprints = fingerprints & {transfer.fingerprint for transfer in known_transfers}
    unmatched = Counter(
        (transfer.similarity_key, _has_statement_reference(transfer))
        for transfer in known_transfers
        if transfer.fingerprint not in fingerprints
    )
    checked = []
    for incoming in incoming_transfers:
        is_known = incoming.fingerprint in known_fingerprints
        for candidate in [] if is_known else _candidate_keys(incoming):
            if unmatched[candidate] > 0:
                unmatched[candidate] -= 1
                is_known = True
                break
        checked.append(CheckedTransfer(incoming, is_known))
    return checked


def _has_statement_reference(known_transfer: BankTransfer) -> bool:
    """Return whether the transfer came from a statement, with a bank reference."""
    return known_transfer.provider == TransferSource.STATEMENT and bool(known_transfer.reference)


def _candidate_keys(incoming: IncomingTransfer) -> list[tuple[str, bool]]:
    """Return keys of known transfers that a row without a known fingerprint may be, likeliest first."""
    without_reference = (incoming.similarity_key, False)
    return (
        [without_reference]
        if incoming.has_reference
        else [without_reference, (incoming.similarity_key, True)]
    )


def _find_known_transfers(incoming_transfers: Sequence[IncomingTransfer]) -> list[BankTransfer]:
    """Return every known transfer that may be one of these."""
    known_transfers: dict[object, BankTransfer] = {}
    columns = {
        "fingerprint": [incoming.fingerprint for incoming in incoming_transfers],
        "similarity_key": [incoming.similarity_key for incoming in incoming_transfers],
    }
    for name, values in columns.items():
        for batch in _split_into_batches(values):
            transfers = BankTransfer.objects.filter(**{f"{name}__in": batch}).exclude(_DUPLICATE_REPORT)
            known_transfers |= {transfer.pk: transfer for transfer in transfers}
    return list(known_transfers.values())


def _split_into_batches(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _MAX_QUERY_VALUES] for start in range(0, len(values), _MAX_QUERY_VALUES))


def _cells_of_transfer(incoming: IncomingTransfer) -> list[object]:
    return [
        incoming.account,
        incoming.amount,
        incoming.note,
        incoming.reference,
        incoming.booked_at.isoformat(),
        incoming.occurrence,
        incoming.has_time,
    ]


def _transfer_of_row(statement_row: StatementRow) -> IncomingTransfer:
    account, amount, note, reference, time_text, occurrence, *later_cells = statement_row.cells
    received_at = datetime.datetime.fromisoformat(time_text)
    return IncomingTransfer(
        provider=TransferSource.STATEMENT,
        event_id="",
        account=account,
        amount=amount,
        note=note,
        reference=reference,
        booked_at=received_at,
        occurrence=occurrence,
        has_time=bool(later_cells[0]) if later_cells else True,
    )
