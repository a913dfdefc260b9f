"""Match rows of a carrier's COD statement to parcels and compare the amounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orders.models import Parcel, StatementRowProblem
from orders.models.parcel import ParcelQuerySet
from orders.payments.cod_statement_rows import ParsedCodRows
from orders.payments.statement_cells import UnreadableReason
from orders.states import CashHolder, CodState, ParcelState, StatementRowState
from shop.core.texts.folding import fold

_QUERY_SIZE = 500

_PROBLEM_OF_REASON = {
    UnreadableReason.NO_PARCEL_CODE: StatementRowProblem.NO_PARCEL_CODE,
    UnreadableReason.REPEATED: StatementRowProblem.REPEATED,
}


@dataclass(frozen=True, slots=True)
class StatedAmounts:
    """A statement row: the codes it names, and its amounts in minor units.

    `problem` is set if it is unreadable.
    """

    row_number: int
    codes: tuple[str, ...] = ()
    collected: int = 0
    fee: int = 0
    remitted: int = 0
    problem: str = ""

    @property
    def code(self) -> str:
        return self.codes[0] if self.codes else ""


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """A row with its parcel. `state` waiting means that it can be processed without a person."""

    stated: StatedAmounts
    parcel: Parcel | None
    state: StatementRowState
    problem: str = ""


def stated_rows(parsed_rows: ParsedCodRows) -> list[StatedAmounts]:
    """Return all rows of a statement in file order, including those that could not be read."""
    rows = [
        StatedAmounts(
            row_number=row.row_number,
            codes=tuple(code for code in (row.tracking_number, row.parcel_code) if code),
            collected=row.collected,
            fee=row.fee,
            remitted=row.remitted,
        )
        for row in parsed_rows.rows
    ]
    rows += [
        StatedAmounts(
            problem.row_number, problem=_PROBLEM_OF_REASON.get(problem.reason, StatementRowProblem.BAD_AMOUNT)
        )
        for problem in parsed_rows.problems
    ]
    return sorted(rows, key=lambda row: row.row_number)


def match_rows(rows: Sequence[StatedAmounts], *, carrier: str) -> list[MatchedRow]:
    """Match each row to a parcel and check it. A fixed number of queries for each 500 rows."""
    parcels_by_code = find_parcels(code for row in rows for code in row.codes)
    row_count_by_parcel: Counter[int] = Counter()
    matched = []
    for row in rows:
        parcels = next((parcels_by_code[code] for code in row.codes if code in parcels_by_code), [])
        parcel = parcels[0] if len(parcels) == 1 else None
        if row.problem:
            matched.append(MatchedRow(row, None, StatementRowState.PROBLEM, row.problem))
        elif parcel is None:
            problem = StatementRowProblem.SEVERAL if parcels else StatementRowProblem.UNKNOWN
            matched.append(MatchedRow(row, None, StatementRowState.PROBLEM, problem))
        elif row_count_by_parcel[parcel.pk]:
            matched.append(MatchedRow(row, parcel, StatementRowState.PROBLEM, StatementRowProblem.REPEATED))
        else:
            matched.append(MatchedRow(row, parcel, *compare_row(row, parcel, carrier=carrier)))
        if parcel is not None:
            row_count_by_parcel[parcel.pk] += 1
    return matched


def find_parcels(codes: Iterable[str]) -> dict[str, list[Parcel]]:
    """Find parcels by tracking number, parcel code ("K7M2QX-1") or order code, all in upper case."""
    all_codes = sorted(set(codes))
    parcels_by_code: dict[str, list[Parcel]] = {}
    for start in range(0, len(all_codes), _QUERY_SIZE):
        batch = all_codes[start : start + _QUERY_SIZE]
        for parcel in _select_parcels().filter(
            tracking_number__in={*batch, *(code.lower() for code in batch)}
        ):
            parcels_by_code.setdefault(parcel.tracking_number.upper(), []).append(parcel)
        order_codes = {code.split("-")[0] for code in batch}
        for parcel in (
            _select_parcels().filter(part__order__code__in=order_codes).exclude(cod_state=CodState.NONE)
        ):
            order = parcel.part.order.code
            for code in {order, f"{order}-{parcel.label_code}"}.intersection(batch):
                if parcel.tracking_number.upper() != code:
                    parcels_by_code.setdefault(code, []).append(parcel)
    return parcels_by_code


def compare_row(row: StatedAmounts, parcel: Parcel, *, carrier: str) -> tuple[StatementRowState, str]:
    """Return the state that a row should have, given its parcel, and the problem if there is one."""
    if parcel.cod_state == CodState.NONE:
        return StatementRowState.PROBLEM, StatementRowProblem.NO_CASH
    if parcel.cod_state in (CodState.REMITTED, CodState.RECONCILED):
        line = parcel.remittance_line
        if (line.collected, line.remitted) == (row.collected, row.remitted):
            return StatementRowState.KNOWN, ""
        return StatementRowState.PROBLEM, StatementRowProblem.REMITTED_DIFFERENTLY
    problem = _delivery_problem(parcel) or _carrier_problem(parcel, carrier) or _amount_problem(row, parcel)
    return (StatementRowState.PROBLEM, problem) if problem else (StatementRowState.WAITING, "")


def _delivery_problem(parcel: Parcel) -> str:
    if parcel.cod_state != CodState.EXPECTED or parcel.state == ParcelState.DELIVERED:
        return ""
    if parcel.state == ParcelState.VOIDED:
        return StatementRowProblem.VOIDED
    return (
        StatementRowProblem.NOT_DELIVERED
        if parcel.state == ParcelState.HANDED_OVER
        else StatementRowProblem.NOT_SENT
    )


def _carrier_problem(parcel: Parcel, carrier: str) -> str:
    is_with_cooperative = (
        parcel.cod_state == CodState.COLLECTED and parcel.cod_holder == CashHolder.COOPERATIVE
    )
    is_other_carrier = carrier and parcel.carrier and fold(carrier) != fold(parcel.carrier)
    return StatementRowProblem.OTHER_CARRIER if is_with_cooperative or is_other_carrier else ""


def _amount_problem(row: StatedAmounts, parcel: Parcel) -> str:
    expected = parcel.cod_expected if parcel.cod_state == CodState.EXPECTED else parcel.cod_collected
    if row.collected == 0:
        return StatementRowProblem.NOTHING
    if row.collected < expected:
        return StatementRowProblem.SHORT
    if row.collected > expected:
        return StatementRowProblem.TOO_MUCH
    return StatementRowProblem.BAD_SUM if row.collected - row.fee != row.remitted else ""


def _select_parcels() -> ParcelQuerySet:
    return Parcel.objects.select_related("part__order", "part__cooperative", "remittance_line").order_by("pk")
