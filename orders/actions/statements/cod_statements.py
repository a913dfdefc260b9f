"""Import a carrier's COD statement: read the file, map its columns and process it row by row.

Only the file's rows are stored. Rows that agree with our records are processed; the rest wait for a person.
Large statements are processed in the background: the rows' states show what is left.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from celery import shared_task
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.cash_on_delivery.cash_collection import CashTaken, collect_cash
from orders.actions.cash_on_delivery.cash_remittance import Giver, Handed, add_lines, open_remittance
from orders.actions.fulfilment.deliver_parcels import deliver
from orders.actions.order_records.recalculate_order import update_standing
from orders.actions.statements import statement_files
from orders.actions.statements.cod_statement_matching import (
    Judged,
    Told,
    find_parcels,
    judge,
    told_by,
    verdict,
)
from orders.actions.statements.statement_files import (
    NoRows,
    lock_unconfirmed,
    rows_of,
    say_columns,
    waiting_statements,
)
from orders.models import CashRemittance, Parcel, RowProblem, StatementImport, StatementKind, StatementRow
from orders.payments.cod_statement_rows import CodMapping, guess_cod_mapping, read_cod_statement
from orders.states import ROW_MOVES, CashHolder, CodState, ParcelState, RowState
from shop.accounts.models import User
from shop.core.actors import Actor, Door
from shop.core.database.transactions import after_commit
from shop.core.errors import Missing, Refused
from shop.core.jobs.sweeps import run_batch, run_each
from shop.core.models import record_change
from shop.core.states import WrongMove, advance, advance_all

AT_ONCE = 100  # rows in one transaction, so that locks are held only briefly
MAPPED = ("tracking", "parcel", "collected", "fee", "remitted")
WHY = _("The carrier's statement says so.")

# Problems that a person may override, accepting the carrier's figures.
TAKEABLE = frozenset(
    {
        RowProblem.SHORT,
        RowProblem.TOO_MUCH,
        RowProblem.BAD_SUM,
        RowProblem.OTHER_CARRIER,
        RowProblem.NOT_DELIVERED,
    }
)
# Problems for which a person may name the parcel.
NAMELESS = frozenset({RowProblem.UNKNOWN, RowProblem.SEVERAL})


class CarrierNeeded(Refused):
    code = "carrier_needed"
    default_words = _("Say which carrier this statement is from.")


class NotTakeable(Refused):
    code = "not_takeable"
    default_words = _("This row cannot be taken over as it is. Set it aside, or put the parcel right first.")


def read_in(
    *, file_name: str, content: bytes, carrier: str, user: User, now: datetime.datetime
) -> StatementImport:
    """Store the rows of a file with the columns that its headings suggest; processing comes later.

    The same file again returns its earlier import, unless that had no effect. Raises UnreadableFile.
    """
    return statement_files.read_in(
        StatementKind.COD,
        file_name=file_name,
        content=content,
        guess=guess_cod_mapping,
        carrier=carrier,
        user=user,
        now=now,
    )


def judge_statement(statement: StatementImport) -> list[Judged]:
    """Preview what processing the statement would do, row by row.

    Raises CodColumnsMissing, EmptyStatement.
    """
    stated = told_by(read_cod_statement(rows_of(statement), CodMapping(**statement.columns)))
    if not stated:
        raise NoRows()
    return judge(stated, carrier=statement.carrier)


@transaction.atomic(durable=True)
def map_statement(
    *, statement_id: int, carrier: str, fee_bearer: str, columns: dict[str, int | None]
) -> StatementImport:
    """Set the statement's carrier, the bearer of its fees, and its columns. Raises Missing, WrongMove."""
    statement = lock_unconfirmed(statement_id, StatementKind.COD)
    statement.carrier, statement.fee_bearer = carrier.strip()[:120], fee_bearer
    statement.save(update_fields=["carrier", "fee_bearer"])
    say_columns(statement, columns, MAPPED)
    return statement


def take_over(*, statement_id: int, actor: Actor, now: datetime.datetime) -> StatementImport:
    """Confirm a statement, process a first batch at once and the rest in the background.

    Repeated, it continues where it stopped. Raises CarrierNeeded, Missing, NoCodColumns, NoRows.
    """
    confirm_statement(statement_id=statement_id, actor=actor, now=now)
    if take_some(statement_id=statement_id, actor=actor, now=now):
        after_commit(take_statement_task.delay, statement_id=statement_id)
    return StatementImport.objects.get(pk=statement_id)


@transaction.atomic(durable=True)
def confirm_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Confirm a statement once and match its rows. Raises the same errors as `apply_cod_statement`."""
    statement = locks.lock_statement(statement_id)
    if statement.confirmed_at is not None:
        return
    if not statement.carrier:
        raise CarrierNeeded(field="carrier")
    judged = judge_statement(statement)
    cells = dict(statement.lines.values_list("place", "cells"))
    statement.lines.all().delete()
    StatementRow.objects.bulk_create(
        [
            StatementRow(
                statement=statement,
                place=each.told.place,
                cells=cells[each.told.place],
                code=each.told.code[:120],
                collected=each.told.collected,
                fee=_effective_fee(each.told),
                parcel=each.parcel,
                state=each.state,
                problem=each.problem,
            )
            for each in judged
        ],
        batch_size=1000,
    )
    statement.confirmed_at, statement.rows = now, len(judged)
    statement.known = sum(each.state == RowState.KNOWN for each in judged)
    statement.save(update_fields=["confirmed_at", "rows", "known"])
    record_change("statement.confirmed", statement, actor=actor, now=now, data={"rows": len(judged)})


def take_some(*, statement_id: int, actor: Actor, now: datetime.datetime) -> bool:
    """Process the next rows of a confirmed statement; return whether some are left. Raises Missing."""
    confirmed = StatementImport.objects.filter(kind=StatementKind.COD, confirmed_at__isnull=False)
    if not confirmed.filter(pk=statement_id).exists():
        raise Missing()
    _taken, has_more = run_batch(
        StatementRow.objects.filter(statement=statement_id).waiting().values_list("pk", flat=True),
        lambda keys: _process_batch(statement_id, keys, actor=actor, now=now),
        sweep="orders.take_statements:rows",
        at_once=AT_ONCE,
    )
    return has_more


@transaction.atomic(durable=True)
def _process_batch(statement_id: int, keys: Sequence[int], *, actor: Actor, now: datetime.datetime) -> None:
    statement = locks.lock_statement(statement_id)
    rows = list(statement.lines.waiting().filter(pk__in=keys))
    if rows:
        remittance = _lock_or_create_remittance(statement, rows[0], actor=actor, now=now)
        held = locks.lock_cash(row.parcel_id for row in rows if row.parcel_id is not None)
        _process_locked_rows(statement, remittance, rows, held, actor=actor, now=now)


@transaction.atomic(durable=True)
def settle_row(*, row_id: int, code: str = "", actor: Actor, now: datetime.datetime) -> StatementRow:
    """Process a problem row with the carrier's figures; `code` names its parcel if the row does not.

    Records the reported cash, marks the parcel as delivered if it was on its way, and leaves the difference
    due from the buyer. Raises Missing, NotTakeable, WrongMove.
    """
    statement, row = _lock_row(row_id)
    if row.problem in NAMELESS and code.strip():
        found = find_parcels([code.strip().upper()]).get(code.strip().upper(), [])
        row.parcel = found[0] if len(found) == 1 else None
    if row.parcel_id is None or row.collected is None:
        raise NotTakeable(field="code")
    remittance = _lock_or_create_remittance(statement, row, actor=actor, now=now)
    parcel = locks.lock_cash([row.parcel_id])[row.parcel_id]
    stated = Told(row.place, (row.code,), row.collected, row.fee, row.collected - row.fee)
    state, problem = verdict(stated, parcel, carrier=statement.carrier)
    if (problem and problem not in TAKEABLE) or row.fee < 0 or row.collected == 0:
        raise NotTakeable()
    if state != RowState.KNOWN:
        _record_delivery_and_cash(statement, parcel, row, actor=actor, now=now)
        add_lines(remittance, [Handed(parcel, row.collected, row.fee)], actor=actor, now=now)
    _close_rows(statement, [row], RowState.KNOWN if state == RowState.KNOWN else RowState.TAKEN)
    record_change(
        "statement.row_taken", row, root=statement, actor=actor, now=now, data={"problem": row.problem}
    )
    return row


@transaction.atomic(durable=True)
def dismiss_row(*, row_id: int, actor: Actor, now: datetime.datetime) -> StatementRow:
    """Dismiss a problem row without any effect. Raises Missing, WrongMove."""
    statement, row = _lock_row(row_id)
    advance(row, RowState.DISMISSED, ROW_MOVES)
    record_change("statement.row_dismissed", row, root=statement, actor=actor, now=now)
    return row


@shared_task(name="orders.take_statement")
def take_statement_task(*, statement_id: int) -> None:
    """Process all remaining rows of a statement."""
    statement = StatementImport.objects.select_related("user").get(pk=statement_id)
    actor = statement.user.acting(Door.DESK) if statement.user is not None else Actor.system()
    while take_some(statement_id=statement_id, actor=actor, now=timezone.now()):
        pass


@shared_task(name="orders.take_statements")
def take_statements_task() -> None:
    """Sweep: continue statements whose task was lost."""
    run_each(
        waiting_statements(StatementKind.COD, now=timezone.now()),
        lambda statement_id: take_statement_task(statement_id=statement_id),
        sweep="orders.take_statements",
    )


def _lock_row(row_id: int) -> tuple[StatementImport, StatementRow]:
    statement_id = StatementRow.objects.filter(pk=row_id).values_list("statement", flat=True).first()
    if statement_id is None:
        raise Missing()
    statement = locks.lock_statement(statement_id)
    row = StatementRow.objects.get(pk=row_id)
    if row.state != RowState.PROBLEM:
        raise WrongMove(came_from=row.state, to=RowState.TAKEN)
    return statement, row


def _lock_or_create_remittance(
    statement: StatementImport, row: StatementRow, *, actor: Actor, now: datetime.datetime
) -> CashRemittance:
    """Lock the statement's remittance; create it with the first row."""
    made = CashRemittance.objects.filter(statement=statement).values_list("pk", flat=True).first()
    if made is not None:
        return locks.lock_remittance(made)
    parcels = Parcel.objects.filter(pk=row.parcel_id or 0)
    currency = parcels.values_list("part__order__currency", flat=True).first()
    remittance = open_remittance(
        Giver(CashHolder.CARRIER, statement.carrier),
        key=f"statement:{statement.pk}",
        currency=currency or "VND",
        fee_bearer=statement.fee_bearer,
        actor=actor,
        now=now,
    )
    remittance.statement = statement
    remittance.save(update_fields=["statement"])
    return remittance


def _process_locked_rows(
    statement: StatementImport,
    remittance: CashRemittance,
    rows: Sequence[StatementRow],
    held: dict[int, Parcel],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Process the rows that still agree under the lock; their parcels may have changed since."""
    locks.lock_periods(held.values(), now=now)
    handed: list[Handed] = []
    ended: dict[RowState, list[StatementRow]] = {}
    for row in rows:
        parcel, state, problem = held.get(row.parcel_id or 0), RowState.PROBLEM, str(RowProblem.UNKNOWN)
        if parcel is not None:
            stated = Told(row.place, (row.code,), row.collected or 0, row.fee, (row.collected or 0) - row.fee)
            state, problem = verdict(stated, parcel, carrier=statement.carrier)
        row.problem = problem
        if state == RowState.WAITING and parcel is not None:
            _record_delivery_and_cash(statement, parcel, row, actor=actor, now=now)
            handed.append(Handed(parcel, row.collected or 0, row.fee))
            state = RowState.TAKEN
        ended.setdefault(state, []).append(row)
    if handed:
        add_lines(remittance, handed, actor=actor, now=now)
    StatementRow.objects.bulk_update(rows, ["problem"], batch_size=500)
    for state, some in ended.items():
        _close_rows(statement, some, state)


def _record_delivery_and_cash(
    statement: StatementImport, parcel: Parcel, row: StatementRow, *, actor: Actor, now: datetime.datetime
) -> None:
    """Step: record the delivery and the cash that the carrier reports, unless they are known already."""
    if parcel.cod_state != CodState.EXPECTED:
        return
    order = parcel.part.order
    if parcel.state == ParcelState.HANDED_OVER:
        deliver(order, parcel.part, parcel, cash_collected=False, actor=actor, now=now)
    with translation.override("en"):
        reason = str(WHY)
    parcel.cod_holder, parcel.carrier = CashHolder.CARRIER, parcel.carrier or statement.carrier
    parcel.save(update_fields=["carrier"])
    taken = CashTaken(row.collected, reason)
    collect_cash(order, parcel, taken=taken, as_reported=True, actor=actor, now=now)
    update_standing(order, now=now)


def _close_rows(statement: StatementImport, rows: Sequence[StatementRow], state: RowState) -> None:
    advance_all(rows, state, ROW_MOVES)
    StatementRow.objects.bulk_update(rows, ["parcel"], batch_size=500)
    statement.taken += len(rows) if state == RowState.TAKEN else 0
    statement.known += len(rows) if state == RowState.KNOWN else 0
    statement.save(update_fields=["taken", "known"])


def _effective_fee(stated: Told) -> int:
    """Return what the carrier keeps: what it does not pass on, if its own figures do not add up."""
    return stated.collected - stated.remitted
