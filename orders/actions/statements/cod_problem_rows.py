"""Decide rows of a carrier's statement that did not match a parcel and its cash."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.cash_on_delivery.cash_remittance import (
    RemittedCash,
    add_remittance_lines,
)
from orders.actions.statements.cod_statement_matching import (
    StatedAmounts,
    compare_row,
    find_parcels,
)
from orders.actions.statements.cod_statements import (
    close_rows,
    lock_or_create_remittance,
    record_delivery_and_cash,
)
from orders.models import (
    Parcel,
    StatementImport,
    StatementRow,
    StatementRowProblem,
)
from orders.states import STATEMENT_ROW_TRANSITIONS, StatementRowState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change
from shop.core.states import TransitionNotAllowed, change_state

# Problems that a person may override, accepting the carrier's figures.
ACCEPTABLE_PROBLEMS = frozenset(
    {
        StatementRowProblem.SHORT,
        StatementRowProblem.TOO_MUCH,
        StatementRowProblem.BAD_SUM,
        StatementRowProblem.OTHER_CARRIER,
        StatementRowProblem.NOT_DELIVERED,
    }
)
# Problems for which a person may name the parcel.
UNMATCHED_PROBLEMS = frozenset({StatementRowProblem.UNKNOWN, StatementRowProblem.SEVERAL})


class StatementRowNotAcceptable(Refused):
    code = "statement_row_not_acceptable"
    default_message = _("This row cannot be imported as it is. Set it aside or correct the parcel first.")


class NamedParcelNotFound(Refused):
    code = "named_parcel_not_found"
    default_message = _("No parcel with cash on delivery has this code. Check it, for example K7M2QX-1.")


class NamedParcelAmbiguous(Refused):
    code = "named_parcel_ambiguous"
    default_message = _("Several parcels have this code. Enter the one on the label, for example K7M2QX-1.")


@transaction.atomic(durable=True)
def accept_problem_row(*, row_id: int, code: str = "", actor: Actor, now: datetime.datetime) -> StatementRow:
    """Process a problem row with the carrier's figures. `code` names its parcel if the row does not.

    Records the reported cash, marks the parcel as delivered if it was on its way, and leaves the difference
    due from the buyer. Raises Missing, StatementRowNotAcceptable, NamedParcelNotFound, NamedParcelAmbiguous,
    TransitionNotAllowed.
    """
    statement, row = _lock_row(row_id)
    if row.problem in UNMATCHED_PROBLEMS and code.strip():
        row.parcel = _find_named_parcel(code.strip().upper())
    if row.parcel_id is None or row.collected is None:
        raise StatementRowNotAcceptable(field="code")
    remittance = lock_or_create_remittance(statement, row, actor=actor, now=now)
    parcel = locks.lock_parcels([row.parcel_id])[row.parcel_id]
    stated = StatedAmounts(
        row_number=row.row_number,
        codes=(row.code,),
        collected=row.collected,
        fee=row.fee,
        remitted=row.collected - row.fee,
    )
    state, problem = compare_row(stated, parcel, carrier=statement.carrier)
    if (problem and problem not in ACCEPTABLE_PROBLEMS) or row.fee < 0 or row.collected == 0:
        raise StatementRowNotAcceptable()
    if state != StatementRowState.KNOWN:
        record_delivery_and_cash(statement, parcel, row, actor=actor, now=now)
        add_remittance_lines(remittance, [RemittedCash(parcel, row.collected, row.fee)], actor=actor, now=now)
    close_rows(
        statement,
        [row],
        StatementRowState.KNOWN if state == StatementRowState.KNOWN else StatementRowState.IMPORTED,
    )
    record_change(
        "statement.row_accepted", row, root=statement, actor=actor, now=now, data={"problem": row.problem}
    )
    return row


@transaction.atomic(durable=True)
def dismiss_problem_row(*, row_id: int, actor: Actor, now: datetime.datetime) -> StatementRow:
    """Dismiss a problem row without any effect. Raises Missing, TransitionNotAllowed."""
    statement, row = _lock_row(row_id)
    change_state(row, StatementRowState.DISMISSED, STATEMENT_ROW_TRANSITIONS)
    record_change("statement.row_dismissed", row, root=statement, actor=actor, now=now)
    return row


def _find_named_parcel(code: str) -> Parcel:
    parcels = find_parcels([code]).get(code, [])
    if not parcels:
        raise NamedParcelNotFound(field="code")
    if len(parcels) > 1:
        raise NamedParcelAmbiguous(field="code")
    return parcels[0]


def _lock_row(row_id: int) -> tuple[StatementImport, StatementRow]:
    statement_id = StatementRow.objects.filter(pk=row_id).values_list("statement", flat=True).first()
    if statement_id is None:
        raise Missing()
    statement = locks.lock_statement(statement_id)
    statement_row = StatementRow.objects.get(pk=row_id)
    if statement_row.state != StatementRowState.PROBLEM:
        raise TransitionNotAllowed(from_state=statement_row.state, to_state=StatementRowState.IMPORTED)
    return statement, statement_row
