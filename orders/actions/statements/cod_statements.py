"""Import a carrier's COD statement: read the file, map its columns and process it row by row.

Only the file's rows are stored. Rows that agree with our records are processed. The rest wait for a person.
Large statements are processed in the background, and the states of their rows show the progress.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from celery import shared_task
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.cash_on_delivery.cash_collection import CollectedCash, collect_cash
from orders.actions.cash_on_delivery.cash_remittance import (
    RemittedCash,
    Remitter,
    add_remittance_lines,
    open_remittance,
)
from orders.actions.fulfilment.deliver_parcels import deliver_locked_parcel
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.statements import statement_files
from orders.actions.statements.cod_statement_matching import (
    MatchedRow,
    StatedAmounts,
    compare_row,
    match_rows,
    stated_rows,
)
from orders.actions.statements.statement_files import (
    EmptyStatement,
    lock_unconfirmed_statement,
    set_statement_columns,
    stored_rows,
)
from orders.actions.statements.statement_processing import process_remaining_rows, resume_statements
from orders.models import (
    CashRemittance,
    Parcel,
    StatementImport,
    StatementKind,
    StatementRow,
    StatementRowProblem,
)
from orders.payments.cod_statement_rows import CodColumnMapping, guess_cod_columns, read_cod_rows
from orders.states import STATEMENT_ROW_TRANSITIONS, CashHolder, CodState, ParcelState, StatementRowState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit
from shop.core.errors import Missing, Refused
from shop.core.jobs.sweeps import run_batch
from shop.core.models import record_change
from shop.core.states import change_states

COD_ROWS_PER_TRANSACTION = 100  # locks are held only briefly
COD_COLUMN_NAMES = ("tracking", "parcel", "collected", "fee", "remitted")
CARRIER_REPORT_REASON = _("According to the carrier's statement.")


class CarrierRequired(Refused):
    code = "carrier_required"
    default_message = _("Choose the carrier of this statement.")


def import_cod_statement(
    *, file_name: str, content: bytes, carrier: str, user: User, now: datetime.datetime
) -> StatementImport:
    """Store the rows of a file with the columns that its headings suggest. They are processed later.

    The same file again returns its earlier import, unless that had no effect. Raises UnreadableFile.
    """
    return statement_files.import_statement_file(
        StatementKind.COD,
        file_name=file_name,
        content=content,
        guess=guess_cod_columns,
        carrier=carrier,
        user=user,
        now=now,
    )


def preview_cod_statement(statement: StatementImport) -> list[MatchedRow]:
    """Preview the effect of processing the statement, row by row.

    Raises CodColumnsMissing, EmptyStatement.
    """
    stated = stated_rows(read_cod_rows(stored_rows(statement), CodColumnMapping(**statement.column_mapping)))
    if not stated:
        raise EmptyStatement()
    return match_rows(stated, carrier=statement.carrier)


@transaction.atomic(durable=True)
def set_cod_columns(
    *, statement_id: int, carrier: str, fee_bearer: str, columns: dict[str, int | None]
) -> StatementImport:
    """Set the statement's carrier, the bearer of its fees, and its columns.

    Raises Missing, TransitionNotAllowed.
    """
    statement = lock_unconfirmed_statement(statement_id, StatementKind.COD)
    statement.carrier, statement.fee_bearer = carrier.strip()[:120], fee_bearer
    statement.save(update_fields=["carrier", "fee_bearer"])
    set_statement_columns(statement, columns, COD_COLUMN_NAMES)
    return statement


def apply_cod_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> StatementImport:
    """Confirm a statement, process a first batch at once and the rest in the background.

    Repeated, it continues where it stopped. Raises CarrierRequired, Missing, CodColumnsMissing,
    EmptyStatement.
    """
    confirm_cod_statement(statement_id=statement_id, actor=actor, now=now)
    if process_cod_rows(statement_id=statement_id, actor=actor, now=now):
        after_commit(apply_cod_statement_task.delay, statement_id=statement_id)
    return StatementImport.objects.get(pk=statement_id)


@transaction.atomic(durable=True)
def confirm_cod_statement(*, statement_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Confirm a statement once and match its rows. Raises CarrierRequired.

    Also raises what `apply_cod_statement` raises.
    """
    statement = locks.lock_statement(statement_id)
    if statement.confirmed_at is not None:
        return
    if not statement.carrier:
        raise CarrierRequired(field="carrier")
    matched_rows = preview_cod_statement(statement)
    cells = dict(statement.rows.values_list("row_number", "cells"))
    statement.rows.all().delete()
    StatementRow.objects.bulk_create(
        [
            StatementRow(
                statement=statement,
                row_number=matched_row.stated.row_number,
                cells=cells[matched_row.stated.row_number],
                code=matched_row.stated.code[:120],
                collected=matched_row.stated.collected,
                fee=_effective_fee(matched_row.stated),
                parcel=matched_row.parcel,
                state=matched_row.state,
                problem=matched_row.problem,
            )
            for matched_row in matched_rows
        ],
        batch_size=1000,
    )
    statement.confirmed_at, statement.row_count = now, len(matched_rows)
    statement.known_count = sum(matched_row.state == StatementRowState.KNOWN for matched_row in matched_rows)
    statement.save(update_fields=["confirmed_at", "row_count", "known_count"])
    record_change("statement.confirmed", statement, actor=actor, now=now, data={"rows": len(matched_rows)})


def process_cod_rows(*, statement_id: int, actor: Actor, now: datetime.datetime) -> bool:
    """Process the next rows of a confirmed statement, and return whether some are left. Raises Missing."""
    confirmed_statements = StatementImport.objects.filter(kind=StatementKind.COD, confirmed_at__isnull=False)
    if not confirmed_statements.filter(pk=statement_id).exists():
        raise Missing()
    _processed, has_more = run_batch(
        StatementRow.objects.filter(statement=statement_id).waiting().values_list("pk", flat=True),
        lambda keys: _process_batch(statement_id, keys, actor=actor, now=now),
        sweep="orders.resume_cod_statements:rows",
        batch_size=COD_ROWS_PER_TRANSACTION,
    )
    return has_more


@transaction.atomic(durable=True)
def _process_batch(statement_id: int, keys: Sequence[int], *, actor: Actor, now: datetime.datetime) -> None:
    statement = locks.lock_statement(statement_id)
    rows = list(statement.rows.waiting().filter(pk__in=keys))
    if rows:
        remittance = lock_or_create_remittance(statement, rows[0], actor=actor, now=now)
        parcels = locks.lock_parcels(row.parcel_id for row in rows if row.parcel_id is not None)
        _process_locked_rows(statement, remittance, rows, parcels, actor=actor, now=now)


@shared_task(name="orders.apply_cod_statement")
def apply_cod_statement_task(*, statement_id: int) -> None:
    """Process all remaining rows of a statement."""
    process_remaining_rows(
        statement_id,
        lambda actor: process_cod_rows(statement_id=statement_id, actor=actor, now=timezone.now()),
    )


@shared_task(name="orders.resume_cod_statements")
def resume_cod_statements_task() -> None:
    """Sweep: continue statements whose task was lost."""
    resume_statements(
        StatementKind.COD,
        lambda statement_id: apply_cod_statement_task(statement_id=statement_id),
        sweep="orders.resume_cod_statements",
    )


def lock_or_create_remittance(
    statement: StatementImport, statement_row: StatementRow, *, actor: Actor, now: datetime.datetime
) -> CashRemittance:
    """In a transaction: lock the statement's remittance, which the first row creates."""
    remittance_id = CashRemittance.objects.filter(statement=statement).values_list("pk", flat=True).first()
    if remittance_id is not None:
        return locks.lock_remittance(remittance_id)
    parcels = Parcel.objects.filter(pk=statement_row.parcel_id or 0)
    currency = parcels.values_list("part__order__currency", flat=True).first()
    remittance = open_remittance(
        Remitter(CashHolder.CARRIER, statement.carrier),
        idempotency_key=f"statement:{statement.pk}",
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
    statement_rows: Sequence[StatementRow],
    parcels: dict[int, Parcel],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Process the rows that still agree under the lock. Their parcels may have changed since."""
    locks.lock_settlements_of_parcels(parcels.values(), now=now)
    remitted: list[RemittedCash] = []
    rows_by_end_state: dict[StatementRowState, list[StatementRow]] = {}
    for statement_row in statement_rows:
        parcel, state, problem = (
            parcels.get(statement_row.parcel_id or 0),
            StatementRowState.PROBLEM,
            str(StatementRowProblem.UNKNOWN),
        )
        if parcel is not None:
            stated = StatedAmounts(
                row_number=statement_row.row_number,
                codes=(statement_row.code,),
                collected=statement_row.collected or 0,
                fee=statement_row.fee,
                remitted=(statement_row.collected or 0) - statement_row.fee,
            )
            state, problem = compare_row(stated, parcel, carrier=statement.carrier)
        statement_row.problem = problem
        if state == StatementRowState.WAITING and parcel is not None:
            record_delivery_and_cash(statement, parcel, statement_row, actor=actor, now=now)
            remitted.append(RemittedCash(parcel, statement_row.collected or 0, statement_row.fee))
            state = StatementRowState.IMPORTED
        rows_by_end_state.setdefault(state, []).append(statement_row)
    if remitted:
        add_remittance_lines(remittance, remitted, actor=actor, now=now)
    StatementRow.objects.bulk_update(statement_rows, ["problem"], batch_size=500)
    for state, state_rows in rows_by_end_state.items():
        close_rows(statement, state_rows, state)


def record_delivery_and_cash(
    statement: StatementImport,
    parcel: Parcel,
    statement_row: StatementRow,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: record the delivery and the cash that the carrier reports, unless they are known."""
    if parcel.cod_state != CodState.EXPECTED:
        return
    order = parcel.part.order
    if parcel.state == ParcelState.HANDED_OVER:
        deliver_locked_parcel(order, parcel.part, parcel, is_cash_collected=False, actor=actor, now=now)
    with translation.override("en"):
        reason = str(CARRIER_REPORT_REASON)
    parcel.cod_holder, parcel.carrier = CashHolder.CARRIER, parcel.carrier or statement.carrier
    parcel.save(update_fields=["carrier"])
    cash = CollectedCash(statement_row.collected, reason)
    collect_cash(order, parcel, cash=cash, is_reported_by_carrier=True, actor=actor, now=now)
    finish_order_change(order, now=now)


def close_rows(
    statement: StatementImport, statement_rows: Sequence[StatementRow], state: StatementRowState
) -> None:
    """On a locked statement: change the state of the rows and count them on it."""
    change_states(statement_rows, state, STATEMENT_ROW_TRANSITIONS)
    StatementRow.objects.bulk_update(statement_rows, ["parcel"], batch_size=500)
    statement.imported_count += len(statement_rows) if state == StatementRowState.IMPORTED else 0
    statement.known_count += len(statement_rows) if state == StatementRowState.KNOWN else 0
    statement.save(update_fields=["imported_count", "known_count"])


def _effective_fee(stated: StatedAmounts) -> int:
    """Return the amount that the carrier keeps: the cash less the remitted amount, whatever fee is stated."""
    return stated.collected - stated.remitted
