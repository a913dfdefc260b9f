"""Carriers' COD statements: matching rows are applied once, and all others wait for staff."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone

from orders.actions.cash_on_delivery.cash_remittance import StatementInProgress, reconcile_remittance
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.statements.cod_problem_rows import (
    NamedParcelNotFound,
    StatementRowNotAcceptable,
    accept_problem_row,
    dismiss_problem_row,
)
from orders.actions.statements.cod_statements import (
    CarrierRequired,
    apply_cod_statement,
    confirm_cod_statement,
    import_cod_statement,
    preview_cod_statement,
    process_cod_rows,
    set_cod_columns,
)
from orders.models import (
    CashRemittance,
    Parcel,
    PaymentEvent,
    StatementImport,
    StatementRow,
    StatementRowProblem,
)
from orders.payments.cod_statement_rows import CodColumnsMissing
from orders.states import CodState, Coverage, ParcelState, StatementRowState
from shop.core.errors import Missing
from shop.core.spreadsheets.tables import UnreadableFile
from shop.core.states import TransitionNotAllowed
from tests.factories import NOW, make_admin
from tests.invariants import check_cash
from tests.orders.cash_on_delivery.cash_helpers import (
    ACTOR_AND_NOW,
    CARRIER,
    make_carrier_statement,
    make_delivered_parcel,
    make_dispatched_parcel,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def imported(*rows, carrier=CARRIER, name="doi-soat.csv"):
    return import_cod_statement(
        file_name=name,
        content=make_carrier_statement(rows),
        carrier=carrier,
        user=make_admin(),
        now=timezone.now(),
    )


def applied(*rows, **fields):
    return apply_cod_statement(statement_id=imported(*rows, **fields).pk, **ACTOR_AND_NOW)


def row_of(make_carrier_statement, row_number=2):
    return StatementRow.objects.get(statement=make_carrier_statement, row_number=row_number)


def reload(parcel):
    return Parcel.objects.get(pk=parcel.pk)


def test_matching_rows_are_collected_and_remitted() -> None:
    first, second = make_delivered_parcel(), make_delivered_parcel(300_000, cash=True)

    result = applied((first.tracking_number, 230_000, 22_000), (second.tracking_number, 330_000, 25_000))

    remittance = CashRemittance.objects.get()
    assert (result.row_count, result.imported_count, result.known_count) == (2, 2, 0)
    assert [reload(parcel).cod_state for parcel in (first, second)] == [CodState.REMITTED, CodState.REMITTED]
    assert (remittance.carrier, remittance.collected, remittance.fees, remittance.remitted) == (
        CARRIER,
        560_000,
        47_000,
        513_000,
    )
    assert remittance.statement == result
    order = reload(first).part.order
    assert (order.charged, order.charge_coverage) == (230_000, Coverage.FULL)
    check_cash()


def test_same_file_returns_first_statement_and_same_rows_are_known() -> None:
    parcel = make_delivered_parcel()
    row = (parcel.tracking_number, 230_000, 22_000)
    first = applied(row)

    same = applied(row)
    other = applied(row, (parcel.tracking_number, 230_000, 22_000))

    assert same == first
    assert (other.imported_count, other.known_count) == (0, 1)
    assert row_of(other, 3).problem == StatementRowProblem.REPEATED
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    assert CashRemittance.objects.exclude(remitted=0).count() == 1


def test_parcels_are_matched_by_tracking_number_or_order_code() -> None:
    first, second, third = make_delivered_parcel(), make_delivered_parcel(), make_delivered_parcel()
    Parcel.objects.filter(pk=third.pk).update(tracking_number="vtp-12ab")
    code = first.part.order.code.lower()

    result = applied(
        (f"{code}-1", 230_000, 0), (second.part.order.code, 230_000, 0), ("VTP-12AB", 230_000, 0)
    )

    assert result.imported_count == 3


def problems():
    """Return per problem: the parcel, the amount the carrier states, and whether staff may accept the row."""
    return {
        StatementRowProblem.SHORT: (lambda: make_delivered_parcel(), 200_000, True),
        StatementRowProblem.TOO_MUCH: (lambda: make_delivered_parcel(), 250_000, True),
        StatementRowProblem.NOTHING: (lambda: make_delivered_parcel(), 0, False),
        StatementRowProblem.NOT_DELIVERED: (lambda: make_dispatched_parcel(), 230_000, True),
        StatementRowProblem.OTHER_CARRIER: (
            lambda: make_delivered_parcel(carrier="Viettel Post"),
            230_000,
            True,
        ),
        StatementRowProblem.VOIDED: (voided, 230_000, False),
        StatementRowProblem.REMITTED_DIFFERENTLY: (settled, 200_000, False),
        StatementRowProblem.NO_CASH: (without_cash, 230_000, False),
    }


def voided():
    return void_parcel(parcel_id=make_dispatched_parcel().pk, reason="hàng quay về", **ACTOR_AND_NOW)


def settled():
    parcel = make_delivered_parcel()
    applied((parcel.tracking_number, 230_000, 0), name="earlier")
    return reload(parcel)


def without_cash():
    parcel = make_delivered_parcel()
    Parcel.objects.filter(pk=parcel.pk).update(cod_state=CodState.NONE)
    return parcel


@pytest.mark.parametrize("problem", list(problems()))
def test_problem_row_waits_to_be_accepted_or_dismissed(problem) -> None:
    make, amount, is_acceptable = problems()[problem]
    parcel = make()
    before = (reload(parcel).cod_state, reload(parcel).state)

    result = applied((parcel.tracking_number, amount, 10_000))

    row = row_of(result)
    assert (row.state, row.problem, row.parcel) == (StatementRowState.PROBLEM, problem, parcel)
    assert (result.imported_count, (reload(parcel).cod_state, reload(parcel).state)) == (0, before)
    if is_acceptable:
        accept_problem_row(row_id=row.pk, **ACTOR_AND_NOW)
        assert (reload(parcel).cod_state, reload(parcel).state) == (CodState.REMITTED, ParcelState.DELIVERED)
        assert reload(parcel).cod_collected == amount
        assert reload(parcel).remittance_line.remitted == amount - 10_000
        with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
            accept_problem_row(row_id=row.pk, **ACTOR_AND_NOW)
    else:
        with assert_refused(StatementRowNotAcceptable, "statement_row_not_acceptable"):
            accept_problem_row(row_id=row.pk, **ACTOR_AND_NOW)
        dismiss_problem_row(row_id=row.pk, **ACTOR_AND_NOW)
        assert (reload(parcel).cod_state, reload(parcel).state) == before
        assert row_of(result).state == StatementRowState.DISMISSED
    check_cash() if problem != StatementRowProblem.NO_CASH else None


def test_accepted_short_and_surplus_amounts_change_balance_of_order() -> None:
    short_parcel, surplus_parcel = make_delivered_parcel(), make_delivered_parcel()
    result = applied((short_parcel.tracking_number, 200_000, 0), (surplus_parcel.tracking_number, 250_000, 0))

    for place in (2, 3):
        accept_problem_row(row_id=row_of(result, place).pk, **ACTOR_AND_NOW)

    short, over = reload(short_parcel).part.order, reload(surplus_parcel).part.order
    assert (short.charged, short.amount_due) == (200_000, 30_000)
    assert (over.charged, over.charge_coverage) == (250_000, Coverage.OVER)
    assert reload(short_parcel).cash_difference_reason == "According to the carrier's statement."


def test_unmatched_row_is_assigned_to_named_parcel() -> None:
    parcel = make_delivered_parcel()
    result = applied(("KHONG-CO", 230_000, 0))
    row = row_of(result)
    assert row.problem == StatementRowProblem.UNKNOWN

    with assert_refused(NamedParcelNotFound, "named_parcel_not_found"):
        accept_problem_row(row_id=row.pk, code="CUNG-KHONG", **ACTOR_AND_NOW)
    accept_problem_row(row_id=row.pk, code=f"{parcel.part.order.code}-1", **ACTOR_AND_NOW)

    assert reload(parcel).cod_state == CodState.REMITTED
    assert row_of(result).parcel == parcel


def test_row_with_inconsistent_sum_waits_for_staff() -> None:
    parcel = make_delivered_parcel()
    content = "Mã vận đơn,Tiền thu hộ,Tổng phí,Thực nhận\n"
    content += f"{parcel.tracking_number},230000,22000,200000\n"
    uploaded = import_cod_statement(
        file_name="a.csv", content=content.encode(), carrier=CARRIER, user=make_admin(), now=NOW
    )

    result = apply_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    assert row_of(result).problem == StatementRowProblem.BAD_SUM
    accept_problem_row(row_id=row_of(result).pk, **ACTOR_AND_NOW)

    assert (reload(parcel).remittance_line.fee, reload(parcel).remittance_line.remitted) == (30_000, 200_000)


def test_invalid_amounts_are_listed_and_other_rows_applied() -> None:
    parcel = make_delivered_parcel()
    content = "Mã vận đơn,Tiền thu hộ\n"
    content += f"{parcel.tracking_number},230.000\nGHN999999,hai trăm\n,50000\n"
    uploaded = import_cod_statement(
        file_name="a.csv", content=content.encode(), carrier=CARRIER, user=make_admin(), now=NOW
    )

    result = apply_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)

    assert (result.imported_count, row_of(result, 3).problem, row_of(result, 4).problem) == (
        1,
        StatementRowProblem.BAD_AMOUNT,
        StatementRowProblem.NO_PARCEL_CODE,
    )


def test_statement_needs_carrier_and_columns_before_confirmation() -> None:
    parcel = make_delivered_parcel()
    content = f"{parcel.tracking_number};230000\n".encode()
    uploaded = import_cod_statement(
        file_name="a.csv", content=content, carrier="", user=make_admin(), now=NOW
    )

    with assert_refused(CarrierRequired, "carrier_required"):
        confirm_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    columns = {"tracking": 0, "collected": None}
    set_cod_columns(statement_id=uploaded.pk, carrier=CARRIER, fee_bearer="cooperative", columns=columns)
    with assert_refused(CodColumnsMissing, "cod_columns_missing"):
        confirm_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    with assert_refused(Missing, "missing"):
        process_cod_rows(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    columns["collected"] = 1
    set_cod_columns(statement_id=uploaded.pk, carrier=CARRIER, fee_bearer="cooperative", columns=columns)
    result = apply_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)

    assert (result.imported_count, CashRemittance.objects.get().fee_bearer) == (1, "cooperative")
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        set_cod_columns(statement_id=uploaded.pk, carrier="x", fee_bearer="platform", columns=columns)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"x" * 5_000_001])
def test_file_that_is_no_statement_is_refused(content) -> None:
    user = make_admin()

    with assert_refused(UnreadableFile, "unreadable_file"):
        import_cod_statement(file_name="a.csv", content=content, carrier=CARRIER, user=user, now=NOW)


def test_row_accepted_after_reconciliation_joins_remittance() -> None:
    first, second = make_delivered_parcel(), make_delivered_parcel()
    uploaded = imported((first.tracking_number, 230_000, 0), (second.tracking_number, 200_000, 0))
    confirm_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    process_cod_rows(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    remittance = CashRemittance.objects.get()

    reconcile_remittance(
        remittance_id=remittance.pk, received=430_000, reason="một dòng còn hỏi", **ACTOR_AND_NOW
    )
    assert CashRemittance.objects.get().difference == 200_000
    accept_problem_row(row_id=row_of(uploaded, 3).pk, **ACTOR_AND_NOW)

    assert CashRemittance.objects.get().difference == 0
    assert reload(second).cod_state == CodState.RECONCILED


def test_remittance_cannot_be_reconciled_while_rows_wait(monkeypatch) -> None:
    monkeypatch.setattr("orders.actions.statements.cod_statements.COD_ROWS_PER_TRANSACTION", 1)
    parcels = [make_delivered_parcel(), make_delivered_parcel()]
    uploaded = imported(*((parcel.tracking_number, 230_000, 0) for parcel in parcels))
    confirm_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)

    assert process_cod_rows(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    with assert_refused(StatementInProgress, "statement_in_progress"):
        reconcile_remittance(remittance_id=CashRemittance.objects.get().pk, received=230_000, **ACTOR_AND_NOW)
    assert not process_cod_rows(statement_id=uploaded.pk, **ACTOR_AND_NOW)
    reconcile_remittance(remittance_id=CashRemittance.objects.get().pk, received=460_000, **ACTOR_AND_NOW)

    assert {reload(parcel).cod_state for parcel in parcels} == {CodState.RECONCILED}


def test_ten_thousand_rows_need_few_queries(django_assert_max_num_queries) -> None:
    parcel = make_delivered_parcel()
    rows = [(f"GHN9{number:07}", 230_000, 20_000) for number in range(9_999)]
    started_at = time.monotonic()

    with django_assert_max_num_queries(450):  # inserts alone: SQLite takes 999 values at once
        uploaded = imported(*rows, (parcel.tracking_number, 230_000, 0))
        preview = preview_cod_statement(uploaded)
        confirm_cod_statement(statement_id=uploaded.pk, **ACTOR_AND_NOW)

    assert len(preview) == 10_000
    assert StatementImport.objects.get().row_count == 10_000
    assert StatementRow.objects.problems().count() == 9_999
    assert time.monotonic() - started_at < 60
