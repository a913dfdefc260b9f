"""Bank statements: unreported transfers are recorded, and known ones are counted once."""

from __future__ import annotations

import datetime
import io

import openpyxl
import pytest

from orders.actions.bank_transfers.transfer_review import dismiss_transfer
from orders.actions.statements.bank_statements import (
    BANK_ROWS_PER_BATCH,
    MarketAccountMissing,
    apply_bank_statement,
    apply_bank_statement_task,
    confirm_bank_statement,
    import_bank_statement,
    preview_bank_statement,
    resume_bank_statements_task,
    set_bank_columns,
)
from orders.actions.statements.statement_files import EmptyStatement, import_statement_file
from orders.models import BankTransfer, ReviewReason, StatementImport, StatementKind, StatementRow
from orders.payments.bank_statement_rows import BankColumnsMissing, StatementOfOtherAccount
from orders.payments.cod_statement_rows import guess_cod_columns
from orders.payments.incoming_transfers import TransferSource
from orders.payments.statement_cells import UnreadableReason
from orders.states import StatementRowState, TransferState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from shop.core.spreadsheets.tables import UnreadableFile
from shop.core.states import TransitionNotAllowed
from tests.factories import NOW, make_admin, make_bank_account
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import HOUR, LATER, make_transfer_order, receive_transfer
from tests.refusals import all_rows, assert_refused

pytestmark = pytest.mark.django_db
DESK = Actor.system("desk")
DAY = "24/11/2026"
ACCOUNT = "0011223344556"
COLUMN_NAMES = ["Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Nội dung"]


def csv(*rows: tuple[str, int, str], heading: str = f"Số tài khoản: {ACCOUNT}") -> bytes:
    """Return a bank statement of one day: reference, amount (negative: outgoing), note."""
    lines = [heading, ";".join(COLUMN_NAMES)]
    for number, amount, note in rows:
        debit, credit = ("", amount) if amount > 0 else (-amount, "")
        lines.append(f"{DAY} 11:00:00;{number};{debit};{credit};{note}")
    return "\n".join(lines).encode()


def imported(content: bytes, name: str = "sao-ke.csv") -> StatementImport:
    make_bank_account()
    return import_bank_statement(file_name=name, content=content, user=make_admin(), now=NOW)


def applied(content: bytes) -> StatementImport:
    return apply_bank_statement(statement_id=imported(content).pk, actor=DESK, now=LATER)


def known_rows(content: bytes) -> list[bool]:
    return [transfer.is_known for transfer in preview_bank_statement(imported(content)).incoming_transfers]


def test_incoming_rows_are_recorded_and_settle_orders() -> None:
    order = make_transfer_order()

    statement = applied(
        csv(("FT1", 120_000, f"{order.code} tra"), ("FT2", -50_000, "phi"), ("FT3", 7_000, "lai"))
    )

    order.refresh_from_db()
    settled, doubtful = BankTransfer.objects.order_by("reference")
    assert (settled.state, settled.statement, settled.provider) == ("assigned", statement, "statement")
    assert settled.booked_at == datetime.datetime(2026, 11, 24, 4, 0, tzinfo=datetime.UTC)
    assert (doubtful.state, doubtful.reason) == (TransferState.REVIEW, ReviewReason.NO_ORDER_CODE)
    assert (order.charged, order.amount_due) == (120_000, 0)
    assert (statement.row_count, statement.imported_count, statement.known_count, statement.problems) == (
        3,
        2,
        0,
        [],
    )
    confirmed = Change.objects.of_row(statement).get()
    assert (confirmed.action, confirmed.data) == ("bank_statement.confirmed", {"rows": 3})
    check_everything()


def test_excel_file_keeps_time_of_day() -> None:
    order = make_transfer_order()
    book = openpyxl.Workbook()
    book.active.append(["Ngày giao dịch", "Số tiền ghi có", "Nội dung"])
    book.active.append([datetime.datetime(2026, 11, 24, 11, 30, 5), 120_000, order.code])
    content = io.BytesIO()
    book.save(content)

    applied(content.getvalue())

    transfer = BankTransfer.objects.get()
    assert transfer.booked_at == datetime.datetime(2026, 11, 24, 4, 30, 5, tzinfo=datetime.UTC)
    assert (transfer.state, transfer.has_time) == (TransferState.ASSIGNED, True)


def test_row_with_a_day_alone_has_no_time() -> None:
    applied(csv(("FT1", 120_000, "tien hang")).replace(b" 11:00:00", b""))

    transfer = BankTransfer.objects.get()

    assert transfer.booked_at == datetime.datetime(2026, 11, 23, 17, tzinfo=datetime.UTC)
    assert not transfer.has_time


def test_importing_same_file_again_returns_first_statement() -> None:
    content = csv(("FT1", 7_000, "lai"))
    first = applied(content)
    before = all_rows()

    repeated = import_bank_statement(
        file_name="b.csv", content=content, user=first.imported_by, now=LATER + HOUR
    )
    apply_bank_statement(statement_id=repeated.pk, actor=DESK, now=LATER + HOUR)

    assert repeated == first
    assert all_rows() == before


def test_file_without_recorded_rows_can_be_imported_again() -> None:
    order = make_transfer_order()
    content = csv(("FT1", 120_000, order.code))
    first = imported(content)
    set_bank_columns(statement_id=first.pk, columns={"date": 1, "amount": 3})
    apply_bank_statement(statement_id=first.pk, actor=DESK, now=LATER)

    repeated = applied(content)
    third = import_bank_statement(
        file_name="c.csv", content=content, user=first.imported_by, now=LATER + HOUR
    )

    assert (repeated.imported_count, BankTransfer.objects.get().state) == (1, TransferState.ASSIGNED)
    assert first != repeated
    assert third == repeated


def test_longer_file_adds_only_new_rows() -> None:
    rows = [("FT1", 7_000, "lai"), ("", 5_000, "cam on"), ("", 5_000, "cam on")]
    applied(csv(*rows))

    statement = applied(csv(*rows, ("", 5_000, "cam on"), ("FT9", 9_000, "moi")))

    assert (statement.imported_count, statement.known_count) == (2, 3)
    assert BankTransfer.objects.count() == 5
    assert not BankTransfer.objects.exclude(reason=ReviewReason.NO_ORDER_CODE).exists()


def test_transfer_reported_by_webhook_is_known_by_reference() -> None:
    order = make_transfer_order()
    receive_transfer(order.code, reference="FT1")

    statement = applied(csv(("FT1", 120_000, f"khac {order.code}")))

    assert (statement.imported_count, statement.known_count) == (0, 1)
    assert BankTransfer.objects.get().provider == TransferSource.SEPAY


def test_transfer_reported_without_leading_zeros_is_known() -> None:
    order = make_transfer_order()
    receive_transfer(order.code, reference="FT1", account=ACCOUNT.lstrip("0"))

    assert known_rows(csv(("FT1", 120_000, order.code))) == [True]


def test_similar_rows_without_common_reference_are_counted() -> None:
    receive_transfer("cam on", 5_000, reference="SEPAY1")
    receive_transfer("cam on", 5_000, reference="SEPAY2")

    assert known_rows(csv(("A", 5_000, "cam on"))) == [True]
    assert known_rows(csv(("A", 5_000, "cam on"), ("B", 5_000, "Cám ơn"), ("C", 5_000, "cam on"))) == [
        *(True, True, False),
    ]
    assert known_rows(csv(("", 5_000, "cam on"), ("", 5_001, "cam on"))) == [True, False]
    assert known_rows(csv(("SEPAY1", 5_000, "x"), ("A", 5_000, "cam on"), ("B", 5_000, "cam on"))) == [
        *(True, True, False),
    ]


def test_two_references_of_one_bank_are_two_transfers() -> None:
    applied(csv(("FT1", 5_000, "cam on")))

    assert known_rows(csv(("FT2", 5_000, "cam on"))) == [False]
    assert known_rows(csv(("", 5_000, "cam on"))) == [True]


def test_dismissed_duplicate_matches_no_row() -> None:
    receive_transfer("cam on", 5_000)
    second = receive_transfer("cam on", 5_000, provider=TransferSource.CASSO)
    assert second.reason == ReviewReason.REPEATED
    content = csv(("A", 5_000, "cam on"), ("B", 5_000, "cam on"))
    before = known_rows(content)

    dismiss_transfer(transfer_id=second.pk, reason="Báo hai lần", actor=DESK, now=LATER)

    assert (before, known_rows(content)) == ([True, True], [True, False])


def test_later_webhook_is_known_or_goes_to_review() -> None:
    order = make_transfer_order()
    applied(csv(("FT1", 120_000, order.code)))

    repeated = receive_transfer(order.code, reference="FT1")
    other = receive_transfer(order.code, reference="SP-FT1")

    assert repeated.provider == TransferSource.STATEMENT
    assert (other.state, other.reason) == (TransferState.REVIEW, ReviewReason.REPEATED)
    order.refresh_from_db()
    assert order.charged == 120_000
    check_everything()


def test_unreadable_rows_are_kept_with_their_line_number() -> None:
    content = (
        csv(("FT1", 7_000, "lai"))
        + "\n".join(
            ["", f"{DAY};FT2;;12,5;le", "31/02/2026;FT3;;1000;ngay", f"{DAY};FT1;;7.000;lai"]
        ).encode()
    )

    statement = applied(content)

    assert statement.imported_count == 1
    assert [(problem["row"], problem["fault"]) for problem in statement.problems] == [
        *((4, UnreadableReason.AMOUNT), (5, UnreadableReason.DATE), (6, UnreadableReason.REPEATED)),
    ]


def test_statement_of_another_account_is_refused() -> None:
    statement = imported(csv(("FT1", 7_000, "lai"), heading="Số tài khoản: 9988776655"))

    with assert_refused(StatementOfOtherAccount, "statement_of_other_account") as refusal:
        apply_bank_statement(statement_id=statement.pk, actor=DESK, now=LATER)

    assert refusal.value.details["named"] == ["9988776655"]


def test_wrong_columns_are_refused_and_can_be_corrected() -> None:
    statement = imported(f"a;b;c\n{DAY};7.000;lai".encode())

    with assert_refused(BankColumnsMissing, "bank_columns_missing"):
        apply_bank_statement(statement_id=statement.pk, actor=DESK, now=LATER)

    set_bank_columns(statement_id=statement.pk, columns={"date": 0, "amount": 1, "note": 2})
    statement = apply_bank_statement(statement_id=statement.pk, actor=DESK, now=LATER)

    assert BankTransfer.objects.get().note == "lai"
    assert statement.problems == []


def test_file_with_headings_only_is_refused() -> None:
    statement = imported(csv())

    with assert_refused(EmptyStatement, "empty_statement"):
        apply_bank_statement(statement_id=statement.pk, actor=DESK, now=LATER)


def test_file_that_is_no_statement_is_refused() -> None:
    make_bank_account()
    user = make_admin()

    with assert_refused(UnreadableFile, "unreadable_file"):
        import_bank_statement(file_name="a.pdf", content=b"%PDF\0", user=user, now=NOW)


def test_statement_is_refused_if_shop_has_no_bank_account() -> None:
    user = make_admin()

    with assert_refused(MarketAccountMissing, "market_account_missing"):
        import_bank_statement(file_name="a.csv", content=csv(), user=user, now=NOW)


def test_columns_of_applied_statement_cannot_be_changed() -> None:
    statement = applied(csv(("FT1", 7_000, "lai")))

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        set_bank_columns(statement_id=statement.pk, columns={"date": 1})


def test_cod_statement_cannot_be_applied_as_bank_statement() -> None:
    cod_statement = import_statement_file(
        StatementKind.COD,
        file_name="a.csv",
        content=b"Tracking,COD\n1,2",
        guess=guess_cod_columns,
        user=make_admin(),
        now=NOW,
    )

    with assert_refused(Missing, "missing"):
        apply_bank_statement(statement_id=cod_statement.pk, actor=DESK, now=LATER)


def test_large_statement_is_applied_in_batches(django_capture_on_commit_callbacks) -> None:
    content = csv(*((f"FT{n}", 1_000 + n, "gop") for n in range(2 * BANK_ROWS_PER_BATCH + 5)))
    statement = imported(content)

    apply_bank_statement(statement_id=statement.pk, actor=DESK, now=LATER)

    assert BankTransfer.objects.count() == BANK_ROWS_PER_BATCH
    apply_bank_statement_task(statement_id=statement.pk)
    apply_bank_statement_task(statement_id=statement.pk)
    statement.refresh_from_db()
    assert (BankTransfer.objects.count(), statement.imported_count) == (
        2 * BANK_ROWS_PER_BATCH + 5,
        2 * BANK_ROWS_PER_BATCH + 5,
    )
    assert not StatementRow.objects.filter(state=StatementRowState.WAITING).exists()


def test_sweep_resumes_interrupted_statement() -> None:
    statement = imported(csv(("FT1", 7_000, "lai")))
    confirm_bank_statement(statement_id=statement.pk, actor=DESK, now=NOW)

    resume_bank_statements_task()

    assert BankTransfer.objects.get().reference == "FT1"
