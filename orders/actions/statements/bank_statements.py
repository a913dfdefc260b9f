"""Our bank's statement: read in, its columns said, and what came in by it taken down like any other transfer.

Importing one again is harmless: what is known by its number stays one transfer, and what has no number in
common is counted, day by day, sum by sum and note by note. Taking over goes on in the background.
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
AT_ONCE = 40  # rows that somebody waits for; each is a transaction of its own, as a webhook is
_IN_A_QUERY = 5_000
_PROBLEMS_KEPT = 500
# Somebody has seen that it is another one's repeat: it stands for no row.
_TOLD_TWICE = Q(state=TransferState.SET_ASIDE, reason=ReviewReason.REPEATED)


class NoAccount(Refused):
    """We have no account, so no statement is of it."""

    code = "no_account"
    default_words = _("Set the market's own bank account first.")


@dataclass(frozen=True, slots=True)
class JudgedArrival:
    """A row of money that came in, and whether we knew of it before."""

    arrival: Arrival
    is_known: bool


@dataclass(frozen=True, slots=True)
class JudgedStatement:
    """What taking a statement over would come to. `outgoing` rows are none of our business."""

    arrivals: list[JudgedArrival]
    problems: list[Problem]
    outgoing: int


def read_bank_statement(
    *, file_name: str, content: bytes, user: User, now: datetime.datetime
) -> StatementImport:
    """Keep the rows of a file; nothing is taken over yet. Raises NoAccount, UnreadableFile."""
    if not shop_settings().bank_account:
        raise NoAccount(field="file")
    return statement_files.read_in(
        StatementKind.BANK, file_name=file_name, content=content, guess=guess_mapping, user=user, now=now
    )


@transaction.atomic(durable=True)
def map_bank_statement(
    *, statement_id: int, columns: Mapping[str, int | None], heading: int | None = None
) -> StatementImport:
    """Say which column is which, and in which line the headings stand (0: there are none; None: as guessed).

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
    """What taking it over would come to. Raises NoColumns, OtherAccount, NoRows."""
    columns = Columns(**statement.columns)
    reading = read_statement(rows_of(statement), columns, account=shop_settings().bank_account)
    if not (reading.arrivals or reading.problems or reading.outgoing):
        raise NoRows()
    return JudgedStatement(_judged(reading.arrivals), reading.problems, reading.outgoing)


def take_bank_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> StatementImport:
    """Take over what came in; the first rows at once, the rest in the background.

    Again it goes on where it stopped. Raises Missing, NoColumns, OtherAccount, NoRows.
    """
    confirm_bank_statement(statement_id=statement_id, actor=actor, now=now)
    if take_rows(statement_id=statement_id, actor=actor, most=AT_ONCE, clock=lambda: now):
        after_commit(take_bank_statement_task.delay, statement_id=statement_id)
    return StatementImport.objects.get(pk=statement_id)


@transaction.atomic(durable=True)
def confirm_bank_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Say that it is to be taken over, and keep of its rows what came in; once. Raises as above."""
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
                cells=_kept(each.arrival),
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
        for each in judged.problems[:_PROBLEMS_KEPT]
    ]
    statement.save(update_fields=["confirmed_at", "rows", "known", "problems"])
    record_change("bank_statement.confirmed", statement, actor=actor, now=now, data={"rows": statement.rows})


def take_rows(*, statement_id: int, actor: Actor, most: int, clock: Callable[[], datetime.datetime]) -> bool:
    """Process the next rows, each by itself; return whether some may be left."""
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
    """Take down the transfer of one row; one that is taken over stays so."""
    rows = StatementRow.objects.filter(pk=row_id, statement__kind=StatementKind.BANK)
    row = locked_one(rows.filter(state=RowState.WAITING))
    if row is None:
        return
    taken = take(_arrival(row), statement=row.statement, actor=actor, now=now)
    advance(row, RowState.TAKEN if taken.is_new else RowState.KNOWN, ROW_MOVES)
    counted = "taken" if taken.is_new else "known"
    StatementImport.objects.filter(pk=row.statement_id).update(**{counted: F(counted) + 1})


@shared_task(name="orders.take_bank_statement")
def take_bank_statement_task(*, statement_id: int) -> None:
    """Go on taking over a statement, to its end."""
    statement = StatementImport.objects.select_related("user").get(pk=statement_id)
    actor = statement.user.acting(Door.DESK) if statement.user is not None else Actor.system()
    while take_rows(statement_id=statement_id, actor=actor, most=AT_ONCE, clock=timezone.now):
        pass


@shared_task(name="orders.take_bank_statements")
def take_bank_statements_task() -> None:
    """Go on with those whose message was lost."""
    run_each(
        waiting_statements(StatementKind.BANK, now=timezone.now()),
        lambda statement_id: take_bank_statement_task(statement_id=statement_id),
        sweep="orders.take_bank_statements",
    )


def _judged(arrivals: Sequence[Arrival]) -> list[JudgedArrival]:
    """Which rows we knew: by their fingerprint; else, alike ones are counted against those we know.

    Of three alike rows, with one alike transfer known under another number or none, two are new. Two numbers
    of one bank's statements are two transfers.
    """
    prints = {arrival.fingerprint for arrival in arrivals}
    known = _known(arrivals)
    by_print = prints & {each.fingerprint for each in known}
    spare = Counter((each.likeness, _is_numbered(each)) for each in known if each.fingerprint not in prints)
    judged = []
    for arrival in arrivals:
        is_known = arrival.fingerprint in by_print
        for place in [] if is_known else _places(arrival):
            if spare[place] > 0:
                spare[place] -= 1
                is_known = True
                break
        judged.append(JudgedArrival(arrival, is_known))
    return judged


def _is_numbered(known: BankTransfer) -> bool:
    """Whether a statement told of it, under the bank's own number."""
    return known.provider == Provider.STATEMENT and bool(known.reference)


def _places(arrival: Arrival) -> list[tuple[str, bool]]:
    """Which known transfers a row that is no known one's repeat may stand for, the likelier first."""
    others = (arrival.likeness, False)
    return [others] if arrival.has_reference else [others, (arrival.likeness, True)]


def _known(arrivals: Sequence[Arrival]) -> list[BankTransfer]:
    """Every transfer that one of these may be."""
    found: dict[object, BankTransfer] = {}
    columns = {
        "fingerprint": [arrival.fingerprint for arrival in arrivals],
        "likeness": [arrival.likeness for arrival in arrivals],
    }
    for name, values in columns.items():
        for some in _pieces(values):
            rows = BankTransfer.objects.filter(**{f"{name}__in": some}).exclude(_TOLD_TWICE)
            found |= {row.pk: row for row in rows}
    return list(found.values())


def _pieces(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _IN_A_QUERY] for start in range(0, len(values), _IN_A_QUERY))


def _kept(arrival: Arrival) -> list[object]:
    return [
        *(arrival.account, arrival.amount, arrival.note, arrival.reference),
        *(arrival.at.isoformat(), arrival.occurrence),
    ]


def _arrival(row: StatementRow) -> Arrival:
    account, amount, note, reference, at, occurrence = row.cells
    when = datetime.datetime.fromisoformat(at)
    return Arrival(Provider.STATEMENT, "", account, amount, note, reference, when, occurrence=occurrence)
