"""Import our bank's statements: read the file, map its columns and record its incoming transfers.

A repeated import is harmless: transfers with a bank reference keep their fingerprint, and those without one
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
from orders.actions.bank_transfers.incoming_transfers import take
from orders.actions.statements import statement_files
from orders.actions.statements.statement_files import (
    NoRows,
    lock_unconfirmed,
    rows_of,
    say_columns,
    waiting_statements,
)
from orders.models import BankTransfer, ReviewReason, StatementImport, StatementKind, StatementRow
from orders.payments.bank_statement_rows import Mapping as Columns
from orders.payments.bank_statement_rows import guess_mapping, read_statement
from orders.payments.incoming_transfers import Arrival, Provider
from orders.payments.statement_cells import Problem
from orders.states import ROW_MOVES, RowState, TransferState
from shop.accounts.models import User
from shop.core.actors import Actor, Door
from shop.core.database.transactions import after_commit, locked_one
from shop.core.errors import Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import record_change, shop_settings
from shop.core.states import advance

MAPPED = ("date", "credit", "debit", "amount", "direction", "note", "reference", "account")
AT_ONCE = 40  # rows processed while the user waits; each in its own transaction, as for a webhook
_MAX_QUERY_VALUES = 5_000
_MAX_PROBLEMS_KEPT = 500
# Marked by a person as a duplicate of another transfer, so it matches no row.
_DUPLICATE_REPORT = Q(state=TransferState.SET_ASIDE, reason=ReviewReason.REPEATED)


class NoAccount(Refused):
    """The market has no account configured, so a statement cannot be checked against it."""

    code = "no_account"
    default_words = _("Set the market's own bank account first.")


@dataclass(frozen=True, slots=True)
class JudgedArrival:
    """A row with an incoming transfer, and whether the transfer was known before."""

    arrival: Arrival
    is_known: bool


@dataclass(frozen=True, slots=True)
class JudgedStatement:
    """A preview of processing a statement. `outgoing` counts rows that are ignored."""

    arrivals: list[JudgedArrival]
    problems: list[Problem]
    outgoing: int


def read_bank_statement(
    *, file_name: str, content: bytes, user: User, now: datetime.datetime
) -> StatementImport:
    """Store the rows of a file; transfers are recorded later. Raises NoAccount, UnreadableFile."""
    if not shop_settings().bank_account:
        raise NoAccount(field="file")
    return statement_files.read_in(
        StatementKind.BANK, file_name=file_name, content=content, guess=guess_mapping, user=user, now=now
    )


@transaction.atomic(durable=True)
def map_bank_statement(
    *, statement_id: int, columns: Mapping[str, int | None], heading: int | None = None
) -> StatementImport:
    """Set the column mapping and the line of the headings (0: there are none; None: as guessed).

    Raises Missing, WrongMove.
    """
    statement = lock_unconfirmed(statement_id, StatementKind.BANK)
    if heading is not None:
        row = statement.lines.filter(place=heading).first()
        statement.heads = row.cells if row is not None else []
        statement.columns = {**statement.columns, "heading": heading}
        statement.save(update_fields=["heads"])
    say_columns(statement, columns, MAPPED)
    return statement


def judge_bank_statement(statement: StatementImport) -> JudgedStatement:
    """Preview what processing the statement would do.

    Raises BankColumnsMissing, StatementOfOtherAccount, EmptyStatement.
    """
    columns = Columns(**statement.columns)
    reading = read_statement(rows_of(statement), columns, account=shop_settings().bank_account)
    if not (reading.arrivals or reading.problems or reading.outgoing):
        raise NoRows()
    return JudgedStatement(_check_known(reading.arrivals), reading.problems, reading.outgoing)


def take_bank_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> StatementImport:
    """Confirm a statement, process its first rows at once and the rest in the background.

    Repeated, it continues where it stopped. Raises Missing, BankColumnsMissing, StatementOfOtherAccount,
    EmptyStatement.
    """
    confirm_bank_statement(statement_id=statement_id, actor=actor, now=now)
    if take_rows(statement_id=statement_id, actor=actor, most=AT_ONCE, clock=lambda: now):
        after_commit(take_bank_statement_task.delay, statement_id=statement_id)
    return StatementImport.objects.get(pk=statement_id)


@transaction.atomic(durable=True)
def confirm_bank_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Confirm a statement once and replace its rows by its incoming transfers. Raises as above."""
    statement = locks.lock_statement(statement_id, StatementKind.BANK)
    if statement.confirmed_at is not None:
        return
    judged = judge_bank_statement(statement)
    statement.lines.all().delete()
    StatementRow.objects.bulk_create(
        [
            StatementRow(
                statement=statement,
                place=place,
                cells=_cells_of_transfer(each.arrival),
                state=RowState.KNOWN if each.is_known else RowState.WAITING,
            )
            for place, each in enumerate(judged.arrivals, start=1)
        ],
        batch_size=1000,
    )
    statement.confirmed_at = now
    statement.rows = len(judged.arrivals) + len(judged.problems) + judged.outgoing
    statement.known = sum(each.is_known for each in judged.arrivals)
    statement.problems = [
        {"line": each.line, "fault": each.fault, "text": each.text}
        for each in judged.problems[:_MAX_PROBLEMS_KEPT]
    ]
    statement.save(update_fields=["confirmed_at", "rows", "known", "problems"])
    record_change("bank_statement.confirmed", statement, actor=actor, now=now, data={"rows": statement.rows})


def take_rows(*, statement_id: int, actor: Actor, most: int, clock: Callable[[], datetime.datetime]) -> bool:
    """Process the next rows, each in its own transaction; return whether some may be left."""
    waiting = StatementRow.objects.filter(statement=statement_id).waiting()
    taken = run_each(
        waiting.values_list("pk", flat=True),
        lambda row_id: take_row(row_id=row_id, actor=actor, now=clock()),
        sweep="orders.take_bank_statements:rows",
        at_most=most,
    )
    return taken > 0 and waiting.exists()


@transaction.atomic(durable=True)
def take_row(*, row_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Record the transfer of one row; a processed row stays as it is."""
    rows = StatementRow.objects.filter(pk=row_id, statement__kind=StatementKind.BANK)
    row = locked_one(rows.filter(state=RowState.WAITING))
    if row is None:
        return
    taken = take(_transfer_of_row(row), statement=row.statement, actor=actor, now=now)
    advance(row, RowState.TAKEN if taken.is_new else RowState.KNOWN, ROW_MOVES)
    counted = "taken" if taken.is_new else "known"
    StatementImport.objects.filter(pk=row.statement_id).update(**{counted: F(counted) + 1})


@shared_task(name="orders.take_bank_statement")
def take_bank_statement_task(*, statement_id: int) -> None:
    """Process all remaining rows of a statement."""
    statement = StatementImport.objects.select_related("user").get(pk=statement_id)
    actor = statement.user.acting(Door.DESK) if statement.user is not None else Actor.system()
    while take_rows(statement_id=statement_id, actor=actor, most=AT_ONCE, clock=timezone.now):
        pass


@shared_task(name="orders.take_bank_statements")
def take_bank_statements_task() -> None:
    """Sweep: continue statements whose task was lost."""
    run_each(
        waiting_statements(StatementKind.BANK, now=timezone.now()),
        lambda statement_id: take_bank_statement_task(statement_id=statement_id),
        sweep="orders.take_bank_statements",
    )


def _check_known(arrivals: Sequence[Arrival]) -> list[JudgedArrival]:
    """Find which rows are known: by fingerprint, else by counting similar rows against similar transfers.

    Of three similar rows, with one similar transfer known under another reference or none, two are new. Two
    different references in statements of one bank are two transfers.
    """
    prints = {arrival.fingerprint for arrival in arrivals}
    known = _find_known_transfers(arrivals)
    by_print = prints & {each.fingerprint for each in known}
    spare = Counter(
        (each.likeness, _has_statement_reference(each)) for each in known if each.fingerprint not in prints
    )
    judged = []
    for arrival in arrivals:
        is_known = arrival.fingerprint in by_print
        for place in [] if is_known else _candidate_keys(arrival):
            if spare[place] > 0:
                spare[place] -= 1
                is_known = True
                break
        judged.append(JudgedArrival(arrival, is_known))
    return judged


def _has_statement_reference(known: BankTransfer) -> bool:
    """Whether the transfer came from a statement, with a bank reference."""
    return known.provider == Provider.STATEMENT and bool(known.reference)


def _candidate_keys(arrival: Arrival) -> list[tuple[str, bool]]:
    """Return keys of known transfers that a row without a known fingerprint may be, likeliest first."""
    others = (arrival.likeness, False)
    return [others] if arrival.has_reference else [others, (arrival.likeness, True)]


def _find_known_transfers(arrivals: Sequence[Arrival]) -> list[BankTransfer]:
    """Return every known transfer that may be one of these."""
    found: dict[object, BankTransfer] = {}
    columns = {
        "fingerprint": [arrival.fingerprint for arrival in arrivals],
        "likeness": [arrival.likeness for arrival in arrivals],
    }
    for name, values in columns.items():
        for some in _batches(values):
            rows = BankTransfer.objects.filter(**{f"{name}__in": some}).exclude(_DUPLICATE_REPORT)
            found |= {row.pk: row for row in rows}
    return list(found.values())


def _batches(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _MAX_QUERY_VALUES] for start in range(0, len(values), _MAX_QUERY_VALUES))


def _cells_of_transfer(arrival: Arrival) -> list[object]:
    return [
        *(arrival.account, arrival.amount, arrival.note, arrival.reference),
        *(arrival.at.isoformat(), arrival.occurrence),
    ]


def _transfer_of_row(row: StatementRow) -> Arrival:
    account, amount, note, reference, at, occurrence = row.cells
    when = datetime.datetime.fromisoformat(at)
    return Arrival(Provider.STATEMENT, "", account, amount, note, reference, when, occurrence=occurrence)
