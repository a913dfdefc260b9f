"""Match rows of a carrier's COD statement to parcels and compare the amounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orders.models import Parcel, RowProblem
from orders.models.parcel import ParcelQuerySet
from orders.payments.cod_statement_rows import CodReading
from orders.payments.statement_cells import Fault
from orders.states import CashHolder, CodState, ParcelState, RowState
from shop.core.texts.folding import fold

_QUERY_SIZE = 500

_FAULTS = {
    Fault.NO_CODE: RowProblem.NO_CODE,
    Fault.REPEATED: RowProblem.REPEATED,
}


@dataclass(frozen=True, slots=True)
class Told:
    """A statement row: the codes it names, and minor units. `problem` is set if it could not be read."""

    place: int
    codes: tuple[str, ...] = ()
    collected: int = 0
    fee: int = 0
    remitted: int = 0
    problem: str = ""

    @property
    def code(self) -> str:
        return self.codes[0] if self.codes else ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with its parcel. `state` waiting means that it can be processed without a person."""

    told: Told
    parcel: Parcel | None
    state: RowState
    problem: str = ""


def told_by(reading: CodReading) -> list[Told]:
    """Return all rows of a statement in file order, including those that could not be read."""
    rows = [
        Told(
            row.line,
            tuple(code for code in (row.tracking, row.parcel) if code),
            row.collected,
            row.fee,
            row.remitted,
        )
        for row in reading.rows
    ]
    rows += [
        Told(each.line, problem=_FAULTS.get(each.fault, RowProblem.BAD_AMOUNT)) for each in reading.problems
    ]
    return sorted(rows, key=lambda row: row.place)


def judge(rows: Sequence[Told], *, carrier: str) -> list[Judged]:
    """Match each row to a parcel and check it; a fixed number of queries for each 500 rows."""
    found = find_parcels(code for row in rows for code in row.codes)
    seen: Counter[int] = Counter()
    judged = []
    for row in rows:
        parcels = next((found[code] for code in row.codes if code in found), [])
        parcel = parcels[0] if len(parcels) == 1 else None
        if row.problem:
            judged.append(Judged(row, None, RowState.PROBLEM, row.problem))
        elif parcel is None:
            problem = RowProblem.SEVERAL if parcels else RowProblem.UNKNOWN
            judged.append(Judged(row, None, RowState.PROBLEM, problem))
        elif seen[parcel.pk]:
            judged.append(Judged(row, parcel, RowState.PROBLEM, RowProblem.REPEATED))
        else:
            judged.append(Judged(row, parcel, *verdict(row, parcel, carrier=carrier)))
        if parcel is not None:
            seen[parcel.pk] += 1
    return judged


def find_parcels(codes: Iterable[str]) -> dict[str, list[Parcel]]:
    """Find parcels by tracking number, by our parcel code ("K7M2QX-1") or by order code; in upper case."""
    wanted = sorted(set(codes))
    found: dict[str, list[Parcel]] = {}
    for start in range(0, len(wanted), _QUERY_SIZE):
        some = wanted[start : start + _QUERY_SIZE]
        for parcel in _parcels().filter(tracking_number__in={*some, *(code.lower() for code in some)}):
            found.setdefault(parcel.tracking_number.upper(), []).append(parcel)
        ours = {code.split("-")[0] for code in some}
        for parcel in _parcels().filter(part__order__code__in=ours).exclude(cod_state=CodState.NONE):
            order = parcel.part.order.code
            for code in {order, f"{order}-{parcel.number}"}.intersection(some):
                if parcel.tracking_number.upper() != code:
                    found.setdefault(code, []).append(parcel)
    return found


def verdict(row: Told, parcel: Parcel, *, carrier: str) -> tuple[RowState, str]:
    """Return the state that a row should have, given its parcel, and the problem if there is one."""
    if parcel.cod_state == CodState.NONE:
        return RowState.PROBLEM, RowProblem.NO_CASH
    if parcel.cod_state in (CodState.REMITTED, CodState.RECONCILED):
        line = parcel.remittance_line
        if (line.collected, line.remitted) == (row.collected, row.remitted):
            return RowState.KNOWN, ""
        return RowState.PROBLEM, RowProblem.SETTLED_OTHERWISE
    problem = _delivery_problem(parcel) or _carrier_problem(parcel, carrier) or _amount_problem(row, parcel)
    return (RowState.PROBLEM, problem) if problem else (RowState.WAITING, "")


def _delivery_problem(parcel: Parcel) -> str:
    if parcel.cod_state != CodState.EXPECTED or parcel.state == ParcelState.DELIVERED:
        return ""
    if parcel.state == ParcelState.VOIDED:
        return RowProblem.UNDONE
    return RowProblem.NOT_DELIVERED if parcel.state == ParcelState.HANDED_OVER else RowProblem.NOT_SENT


def _carrier_problem(parcel: Parcel, carrier: str) -> str:
    is_ours = parcel.cod_state == CodState.COLLECTED and parcel.cod_holder == CashHolder.COOPERATIVE
    other = carrier and parcel.carrier and fold(carrier) != fold(parcel.carrier)
    return RowProblem.OTHER_CARRIER if is_ours or other else ""


def _amount_problem(row: Told, parcel: Parcel) -> str:
    due = parcel.cod_expected if parcel.cod_state == CodState.EXPECTED else parcel.cod_collected
    if row.collected == 0:
        return RowProblem.NOTHING
    if row.collected < due:
        return RowProblem.SHORT
    if row.collected > due:
        return RowProblem.TOO_MUCH
    return RowProblem.BAD_SUM if row.collected - row.fee != row.remitted else ""


def _parcels() -> ParcelQuerySet:
    return Parcel.objects.select_related("part__order", "part__cooperative", "remittance_line").order_by("pk")
