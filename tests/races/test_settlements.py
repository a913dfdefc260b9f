"""Races of closing settlements, posting into them, and paying payouts."""

from __future__ import annotations

import threading
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection

from orders import locks
from orders.actions.bank_transfers import transfer_review
from orders.actions.bank_transfers.transfer_review import confirm_transfer_returned, return_transfer
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.payouts import complete_payouts
from orders.actions.payouts.complete_payouts import PayoutAlreadyPaid, mark_payout_paid
from orders.actions.payouts.undo_payouts import undo_payout_paid
from orders.actions.settlement.close_settlement import (
    SettlementAlreadyClosed,
    close_settlement,
    correct_balance,
)
from orders.models import LedgerEntry, LedgerPosting, Payout, PostingKind, Settlement
from shop.core.actors import Actor, EntryPoint
from shop.core.models import Change
from tests.factories import NOW, make_cooperative, make_order, make_seller, make_variant
from tests.invariants import check_ledger
from tests.orders.bank_transfers.test_transfer_review import RETURN_ACCOUNT
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order, receive_transfer
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
DESK = Actor.person(1, "Bàn", EntryPoint.DESK)


def type_names(results):
    return sorted(type(result).__name__ for result in results)


def correct(cooperative, amount=50_000, idempotency_key="first"):
    correct_balance(
        cooperative_id=cooperative.pk,
        currency="VND",
        amount=amount,
        reason="thưởng",
        idempotency_key=idempotency_key,
        actor=DESK,
        now=NOW,
    )
    return Settlement.objects.open().get(cooperative=cooperative)


def closing(settlement):
    return partial(close_settlement, settlement_id=settlement.pk, actor=DESK, now=NOW)


def posting(cooperative, idempotency_key):
    return partial(correct, cooperative, 7_000, idempotency_key)


class UnlockedSettlements:
    """Read settlements and payouts without a lock; each reader waits for the others."""

    def __init__(self, monkeypatch, thread_count):
        self._barrier = threading.Barrier(thread_count, timeout=20)
        self._stale = threading.local()
        monkeypatch.setattr(locks, "lock_rows", self._rows)
        monkeypatch.setattr(locks, "lock_row", lambda rows: next(iter(self._rows(rows)), None))

    def read_stale(self, rows, work, *, after=None):
        """Read the rows before the work begins: on SQLite the lock is the IMMEDIATE writer.

        With `after`, the work goes on only once that event is set.
        """

        def read_then_work():
            self._stale.after = after
            if connection.vendor == "sqlite":
                self._stale.rows = list(rows.all())  # a new QuerySet, without cached rows
                self._meet()
            return work()

        return read_then_work

    def _rows(self, rows):
        """Return the rows as read before the other page wrote, even when they are queried again."""
        stale_rows = getattr(self._stale, "rows", None)
        if stale_rows and rows.model is type(stale_rows[0]):
            return stale_rows
        read_rows = list(rows.order_by("pk"))
        if connection.vendor != "sqlite" and rows.model in (Settlement, Payout) and stale_rows is None:
            self._stale.rows = read_rows
            self._meet()
        return read_rows

    def _meet(self):
        self._barrier.wait()
        if self._stale.after is not None:
            assert self._stale.after.wait(20)


def test_posting_while_closing_belongs_to_one_of_two_settlements() -> None:
    cooperative = make_cooperative()
    settlement = correct(cooperative)

    results = run_in_threads([closing(settlement), *[posting(cooperative, f"late {n}") for n in range(8)]])

    assert not [result for result in results if isinstance(result, Exception)], results
    settlement.refresh_from_db()
    open_settlement = Settlement.objects.open().get()
    late_count = LedgerEntry.objects.filter(settlement=open_settlement, nature="correction").count()
    assert settlement.corrections == settlement.payable == 50_000 + (8 - late_count) * 7_000
    assert -LedgerEntry.objects.filter(settlement=open_settlement).balance() == late_count * 7_000
    check_ledger()


def test_without_lock_database_refuses_posting_into_closed_settlement(monkeypatch) -> None:
    cooperative = make_cooperative()
    settlement = correct(cooperative)
    unlocked, closed = UnlockedSettlements(monkeypatch, 2), threading.Event()
    rows = Settlement.objects.filter(pk=settlement.pk)

    def close():
        try:
            return closing(settlement)()
        finally:
            closed.set()

    results = run_in_threads(
        [
            unlocked.read_stale(rows, close),
            unlocked.read_stale(rows, posting(cooperative, "late"), after=closed),
        ]
    )

    # The posting refers to a settlement that is closed by now, so the database refuses it.
    assert isinstance(results[0], Settlement), results
    assert isinstance(results[1], DatabaseError), results
    assert not LedgerPosting.objects.filter(idempotency_key__endswith=":late").exists()


def test_settlement_closed_in_parallel_is_closed_once() -> None:
    settlement = correct(make_cooperative())

    results = run_in_threads([closing(settlement)] * 6)

    assert type_names(results) == ["Settlement", *["SettlementAlreadyClosed"] * 5], results
    assert (Settlement.objects.count(), Payout.objects.get().amount) == (2, 50_000)
    assert isinstance(
        next(result for result in results if isinstance(result, Exception)), SettlementAlreadyClosed
    )
    check_ledger()


def test_without_lock_settlement_is_closed_twice_or_database_fails(monkeypatch) -> None:
    settlement = correct(make_cooperative())
    unlocked = UnlockedSettlements(monkeypatch, 2)
    rows = Settlement.objects.filter(pk=settlement.pk)

    results = run_in_threads([unlocked.read_stale(rows, closing(settlement)) for _ in range(2)])

    assert "SettlementAlreadyClosed" not in type_names(results), results
    assert len(results) == 2


def test_payout_paid_in_parallel_is_booked_once() -> None:
    settlement = correct(make_cooperative())
    closing(settlement)()
    paying = partial(
        mark_payout_paid, payout_id=Payout.objects.get().pk, reference="FT1", actor=DESK, now=NOW
    )

    results = run_in_threads([paying] * 6)

    assert type_names(results) == ["Payout", *["PayoutAlreadyPaid"] * 5], results
    assert LedgerPosting.objects.filter(kind=PostingKind.PAYOUT).count() == 1
    assert any(isinstance(result, PayoutAlreadyPaid) for result in results)
    check_ledger()


def test_payout_undone_in_parallel_is_reversed_once() -> None:
    undoing = undo_paid_payout(correct(make_cooperative()))

    results = run_in_threads([undoing] * 6)

    assert type_names(results) == ["Payout", *["PayoutUndoExpired"] * 5], results
    assert LedgerPosting.objects.filter(kind=PostingKind.PAYOUT).count() == 2
    assert LedgerEntry.objects.filter(account="bank").balance() == 0
    assert Change.objects.filter(action="payout.undone").count() == 1
    check_ledger()


def test_without_lock_payout_is_undone_twice_or_database_fails(monkeypatch) -> None:
    undoing = undo_paid_payout(correct(make_cooperative()))
    both_read, stale = threading.Barrier(2, timeout=20), threading.local()
    monkeypatch.setattr(locks, "lock_payout", lambda _payout_id: stale.payout)

    def read_then_undo():
        stale.payout = Payout.objects.select_related("settlement").get()
        both_read.wait()
        return undoing()

    results = run_in_threads([read_then_undo] * 2)

    assert "PayoutUndoExpired" not in type_names(results), results
    assert "Payout" in type_names(results)


def undo_paid_payout(settlement):
    """Pay the settlement's payout, and return the call that takes it back."""
    closing(settlement)()
    payout = Payout.objects.get()
    mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)
    return partial(undo_payout_paid, payout_id=payout.pk, reason="Nhầm khoản", actor=DESK, now=NOW)


def test_transfer_returned_on_both_pages_is_booked_once() -> None:
    make_transfer_order()
    transfer = receive_transfer("tien hang")
    payout = return_transfer(
        transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Nhầm", actor=DESK, now=NOW
    )
    paying = partial(mark_payout_paid, payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)
    confirming = partial(
        confirm_transfer_returned, transfer_id=transfer.pk, reference="FT2", actor=DESK, now=NOW
    )

    results = run_in_threads([paying, confirming] * 3)

    assert set(type_names(results)) <= {"PayoutAlreadyPaid", "Payout"}, results
    assert LedgerEntry.objects.filter(account="bank").balance() == 0
    assert LedgerPosting.objects.filter(idempotency_key__endswith=":sent_back").count() == 1
    assert Change.objects.filter(action__in=["payout.paid", "transfer.returned"]).count() == 1
    check_ledger()


def test_without_lock_transfer_return_is_recorded_on_both_pages(monkeypatch) -> None:
    make_transfer_order()
    transfer = receive_transfer("tien hang")
    payout = return_transfer(
        transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Nhầm", actor=DESK, now=NOW
    )
    read_stale = both_pages_unlocked(monkeypatch, payout)
    paying = partial(mark_payout_paid, payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)
    confirming = partial(
        confirm_transfer_returned, transfer_id=transfer.pk, reference="FT2", actor=DESK, now=NOW
    )

    results = run_in_threads([read_stale(paying), read_stale(confirming)])

    assert type_names(results) == ["Payout", "Payout"], results
    assert Change.objects.filter(action__in=["payout.paid", "transfer.returned"]).count() == 2


def both_pages_unlocked(monkeypatch, payout):
    """Let each page read the payout as due before the other one writes."""
    both_read, stale_reads = threading.Barrier(2, timeout=20), threading.local()
    if connection.vendor == "postgresql":
        monkeypatch.setattr(locks, "lock_row", lambda rows: rows.order_by("pk").first())
        for module in (complete_payouts, transfer_review):

            def after_both_read(*args, _change_state=module.change_state):
                both_read.wait()
                return _change_state(*args)

            monkeypatch.setattr(module, "change_state", after_both_read)
        return lambda work: work

    monkeypatch.setattr(locks, "lock_payout", lambda _payout_id: stale_reads.payout)
    manager = SimpleNamespace(filter=lambda **_by: SimpleNamespace(first=lambda: stale_reads.payout))
    monkeypatch.setattr(transfer_review, "Payout", SimpleNamespace(objects=manager))

    def reading_first(work):
        def read_then_work():
            stale_reads.payout = Payout.objects.get(pk=payout.pk)
            both_read.wait()
            return work()

        return read_then_work

    return reading_first


def test_without_lock_payout_is_paid_twice_or_database_fails(monkeypatch) -> None:
    settlement = correct(make_cooperative())
    closing(settlement)()
    payout = Payout.objects.get()
    unlocked = UnlockedSettlements(monkeypatch, 2)
    monkeypatch.setattr(locks, "lock_settlement", lambda _pk: None)
    paying = partial(mark_payout_paid, payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)

    results = run_in_threads(
        [unlocked.read_stale(Payout.objects.filter(pk=payout.pk), paying) for _ in range(2)]
    )

    assert "PayoutAlreadyPaid" not in type_names(results), results


def test_parallel_first_deliveries_open_one_settlement() -> None:
    seller = make_seller()
    parcels = [handed_over(make_order((make_variant(seller), 1)).parts.get()) for _ in range(6)]

    results = run_in_threads(
        [
            partial(deliver_parcel, parcel_id=parcel.pk, is_cash_collected=True, code="", actor=DESK, now=NOW)
            for parcel in parcels
        ]
    )

    assert type_names(results) == ["Parcel"] * 6, results
    assert Settlement.objects.get().number == 1
    check_ledger()


def handed_over(part):
    accept_part(part_id=part.pk, actor=DESK, now=NOW)
    quantities = dict(part.lines.values_list("pk", "quantity"))
    parcel = pack_parcel(part_id=part.pk, quantities=quantities, actor=DESK, now=NOW)
    close_parcel(parcel_id=parcel.pk, actor=DESK, now=NOW)
    return hand_over_parcel(parcel_id=parcel.pk, actor=DESK, now=NOW)
