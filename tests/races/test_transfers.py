"""Races of incoming transfers: reported twice, at the order's expiry, assigned by two people."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from orders import locks
from orders.actions.bank_transfers import transfer_review, undo_assignment
from orders.actions.bank_transfers.receive_transfers import (
    process_bank_webhook,
    store_bank_webhook,
)
from orders.actions.bank_transfers.transfer_review import assign_transfer, return_transfer
from orders.actions.bank_transfers.undo_assignment import undo_transfer_assignment
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.placement import order_sweeps
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.statements.bank_statements import apply_bank_statement, import_bank_statement
from orders.models import (
    BankTransfer,
    Order,
    Payment,
    PaymentEvent,
    Payout,
    Refund,
    TransferShare,
    WebhookEvent,
)
from orders.payments.incoming_transfers import TransferSource, read_incoming_transfers
from orders.payments.webhook_signatures import parse_webhook_body
from orders.states import OrderStatus, TransferState
from shop.core.actors import Actor
from shop.core.models import Change
from tests.doubles.bank_webhooks import sepay_webhook
from tests.factories import NOW, make_admin
from tests.invariants import check_everything
from tests.orders.bank_transfers.test_transfer_review import RETURN_ACCOUNT
from tests.orders.bank_transfers.transfer_helpers import (
    HOUR,
    LATER,
    make_incoming_transfer,
    make_transfer_order,
    receive_transfer,
    record_in_transaction,
)
from tests.orders.statements.test_bank_statements import csv
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
DESK = Actor.system("desk")


def type_names(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def unlocked(monkeypatch: Any, name: str, thread_count: int = 2) -> Callable[..., Callable[[], Any]]:
    """Remove the lock `name`: both threads read before either writes.

    Returns a wrapper of work: on SQLite, where the lock is the IMMEDIATE writer, it reads before the
    transaction.
    """
    both_read, stale_reads = threading.Barrier(thread_count, timeout=20), threading.local()
    lock = getattr(locks, name)
    if connection.vendor == "postgresql":
        monkeypatch.setattr(locks, "lock_rows", lambda rows: list(rows.order_by("pk")))
        monkeypatch.setattr(locks, "lock_row", lambda rows: next(iter(rows.order_by("pk")), None))

        def read_together(*args: Any) -> Any:
            rows = lock(*args)
            both_read.wait()
            return rows

        monkeypatch.setattr(locks, name, read_together)
    else:
        monkeypatch.setattr(locks, name, lambda *_args: stale_reads.rows)

    def wrapped(work: Callable[[], Any], *args: Any) -> Callable[[], Any]:
        def read_then_work() -> Any:
            stale_reads.rows = lock(*args)
            both_read.wait()
            return work()

        return read_then_work if connection.vendor == "sqlite" else work

    return wrapped


def recording(order: Order, **fields: Any) -> Callable[[], Any]:
    values = {"reference": "FT1", "event_id": "1"} | fields
    return partial(record_in_transaction, make_incoming_transfer(order.code, **values), now=LATER)


def test_webhook_processed_ten_times_in_parallel_is_one_transfer() -> None:
    order = make_transfer_order()
    body, _headers = sepay_webhook(
        "secret",
        LATER,
        content=order.code,
        transferAmount=120_000,
        accountNumber="0011223344556",
        transactionDate="2026-11-24 11:00:00",
    )

    def process() -> None:
        store_bank_webhook(
            incoming_transfers=read_incoming_transfers(TransferSource.SEPAY, parse_webhook_body(body)),
            body=body,
            now=LATER,
        )
        process_bank_webhook(event_id=WebhookEvent.objects.get().pk, now=LATER)

    results = run_in_threads([process] * 10)

    assert results == [None] * 10
    assert BankTransfer.objects.get().state == TransferState.ASSIGNED
    order.refresh_from_db()
    assert (order.charged, WebhookEvent.objects.count()) == (120_000, 1)
    check_everything()


def test_parallel_notices_of_two_services_charge_order_once() -> None:
    order = make_transfer_order()

    results = run_in_threads(
        [recording(order), recording(order, provider=TransferSource.CASSO, event_id="c")]
    )

    assert sorted(result.is_new for result in results) == [False, True], results
    order.refresh_from_db()
    assert (order.charged, TransferShare.objects.count()) == (120_000, 1)
    check_everything()


def test_without_lock_two_transfers_charge_one_order_or_one_fails(monkeypatch) -> None:
    order = make_transfer_order()
    read_stale = unlocked(monkeypatch, "lock_orders")
    calls = [recording(order), recording(order, reference="FT2", event_id="2")]

    results = run_in_threads([read_stale(work, [order.pk]) for work in calls])

    failed = [result for result in results if isinstance(result, Exception)]
    assert failed or TransferShare.objects.count() == 2, results


def test_second_of_two_parallel_transfers_goes_to_review() -> None:
    order = make_transfer_order()

    run_in_threads([recording(order), recording(order, reference="FT2", event_id="2")])

    states = BankTransfer.objects.order_by("state").values_list("state", "reason")
    assert list(states) == [("assigned", ""), ("review", "paid")]
    order.refresh_from_db()
    assert order.charged == 120_000
    check_everything()


def expiring(order: Order) -> Callable[[], Any]:
    return partial(expire_order, order_id=order.pk, actor=DESK, now=LATER + HOUR)


def due_orders(count: int) -> list[Order]:
    """Return orders that have just expired; their transfers were made in time."""
    orders = [make_transfer_order() for _ in range(count)]
    Payment.objects.update(expires_at=LATER + datetime.timedelta(minutes=1))
    return orders


def test_transfer_arriving_at_expiry_settles_order_or_goes_to_review() -> None:
    orders = due_orders(6)
    calls = []
    for index, order in enumerate(orders):
        calls += [recording(order, reference=f"FT{index}", event_id=str(index)), expiring(order)]

    results = run_in_threads(calls)

    assert not [result for result in results if isinstance(result, Exception)], results
    for index, order in enumerate(orders):
        order.refresh_from_db()
        transfer = BankTransfer.objects.get(reference=f"FT{index}")
        if order.status == OrderStatus.EXPIRED:
            assert (order.charged, transfer.state, transfer.reason) == (0, "review", "ended")
        else:
            assert (order.charged, transfer.state) == (120_000, TransferState.ASSIGNED)
            assert order.confirmed_at is not None
    check_everything()


def test_without_lock_paid_order_expires(monkeypatch) -> None:
    """The sweep has read the order and checked its expiry before the money arrives."""
    (order,) = due_orders(1)
    read_before = Order.objects.get(pk=order.pk)
    is_expired = Order.objects.filter(pk=order.pk).lapsed(LATER + HOUR).exists()
    recording(order)()

    monkeypatch.setattr(locks, "lock_order", lambda _order_id: read_before)
    monkeypatch.setattr(order_sweeps, "Order", _EarlierResult(is_expired))
    expiring(order)()

    order.refresh_from_db()
    assert (order.charged, order.status) == (120_000, OrderStatus.EXPIRED)


class _EarlierResult:
    """Return the rows that the query returned before the transfer."""

    def __init__(self, is_expired: bool) -> None:
        self.objects = self
        self._is_expired = is_expired

    def filter(self, **_by: Any) -> _EarlierResult:
        return self

    def lapsed(self, _now: datetime.datetime) -> _EarlierResult:
        return self

    def exists(self) -> bool:
        return self._is_expired


def assigning(transfer: BankTransfer, order: Order) -> Callable[[], Any]:
    return partial(
        assign_transfer, transfer_id=transfer.pk, amounts={order.pk: 120_000}, actor=DESK, now=LATER + HOUR
    )


def test_transfer_cannot_be_assigned_to_two_orders_in_parallel() -> None:
    first, second = make_transfer_order(), make_transfer_order()
    transfer = receive_transfer("tien hang")

    results = run_in_threads([assigning(transfer, first), assigning(transfer, second)])

    assert type_names(results) == ["BankTransfer", "TransitionNotAllowed"], results
    assert sorted(Order.objects.values_list("charged", flat=True)) == [0, 120_000]
    check_everything()


def test_parallel_assignments_of_transfer_settle_once() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang")

    results = run_in_threads([assigning(transfer, order)] * 10)

    assert type_names(results) == ["BankTransfer"] * 10, results
    order.refresh_from_db()
    assert (order.charged, TransferShare.objects.count()) == (120_000, 1)
    assert Change.objects.filter(action="transfer.fully_assigned").count() == 1
    check_everything()


def test_without_lock_transfer_is_assigned_to_two_orders(monkeypatch) -> None:
    first, second = make_transfer_order(), make_transfer_order()
    transfer = receive_transfer("tien hang")
    read_stale = unlocked(monkeypatch, "lock_bank_transfer")
    if connection.vendor == "sqlite":
        monkeypatch.setattr(transfer_review, "read_unassigned_amount", lambda _transfer: 120_000)

    run_in_threads([read_stale(assigning(transfer, order), transfer.pk) for order in (first, second)])

    assert sum(TransferShare.objects.values_list("amount", flat=True)) == 240_000 > transfer.amount


def test_transfer_is_assigned_or_returned_but_not_both() -> None:
    transfers_and_orders = [(receive_transfer(f"tien hang {n}"), make_transfer_order()) for n in range(4)]
    calls = []
    for transfer, order in transfers_and_orders:
        calls.append(assigning(transfer, order))
        request = {
            "transfer_id": transfer.pk,
            "account": RETURN_ACCOUNT,
            "reason": "nhầm",
            "actor": DESK,
            "now": LATER + HOUR,
        }
        calls.append(partial(return_transfer, **request))

    results = run_in_threads(calls)

    for n, (transfer, order) in enumerate(transfers_and_orders):
        assert "TransitionNotAllowed" in type_names(results[2 * n : 2 * n + 2]), results
        order.refresh_from_db()
        is_paid = Payout.objects.filter(transfer=transfer).exists()
        assert order.charged == (0 if is_paid else 120_000)
    check_everything()


def taking_off(transfer: BankTransfer) -> Callable[[], Any]:
    return partial(
        undo_transfer_assignment,
        transfer_id=transfer.pk,
        share_id=transfer.shares.get().pk,
        reason="Nhầm đơn",
        actor=DESK,
        now=LATER + HOUR,
    )


def test_transfer_taken_off_in_parallel_is_reversed_once() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code)

    results = run_in_threads([taking_off(transfer)] * 6)

    assert type_names(results) == ["BankTransfer"] * 6, results
    order.refresh_from_db()
    assert (order.charged, PaymentEvent.objects.filter(kind="charge_back").count()) == (0, 1)
    assert Change.objects.filter(action="transfer.unassigned").count() == 1
    check_everything()


def test_without_lock_second_removal_fails(monkeypatch) -> None:
    transfer = receive_transfer(make_transfer_order().code)
    read_stale = unlocked(monkeypatch, "lock_bank_transfer")
    if connection.vendor == "sqlite":
        monkeypatch.setattr(undo_assignment, "was_done_with_key", lambda *_args: False)

    results = run_in_threads([read_stale(taking_off(transfer), transfer.pk)] * 2)

    assert [result for result in results if isinstance(result, Exception)], results


def test_paid_order_is_refunded_or_its_transfer_taken_off_but_not_both() -> None:
    orders = [make_transfer_order() for _ in range(4)]
    transfers = [receive_transfer(order.code) for order in orders]
    calls: list[Callable[[], Any]] = []
    for order, transfer in zip(orders, transfers, strict=True):
        cancelling = {"order_id": order.pk, "reason": "nhầm", "actor": DESK, "now": LATER + HOUR}
        calls += [taking_off(transfer), partial(cancel_order, **cancelling)]

    results = run_in_threads(calls)

    for n, (order, transfer) in enumerate(zip(orders, transfers, strict=True)):
        is_repaid = Refund.objects.filter(order=order, repayment__gt=0).exists()
        assert TransferShare.objects.filter(transfer=transfer).exists() == is_repaid
        refused = [result for result in results[2 * n : 2 * n + 2] if isinstance(result, Exception)]
        assert type_names(refused) == (["AssignedMoneyRefunded"] if is_repaid else []), results
    check_everything()


def test_parallel_statement_and_webhooks_record_each_transfer_once() -> None:
    orders = [make_transfer_order() for _ in range(4)]
    content = csv(*((f"FT{n}", 120_000, order.code) for n, order in enumerate(orders)))
    statement = import_bank_statement(file_name="a.csv", content=content, user=make_admin(), now=NOW)
    applying = partial(apply_bank_statement, statement_id=statement.pk, actor=DESK, now=LATER)
    webhooks = [recording(order, reference=f"FT{n}", event_id=str(n)) for n, order in enumerate(orders)]

    results = run_in_threads([applying, *webhooks, applying])

    assert not [result for result in results if isinstance(result, Exception)], results
    assert BankTransfer.objects.filter(state=TransferState.ASSIGNED).count() == 4
    assert sorted(Order.objects.values_list("charged", flat=True)) == [120_000] * 4
    statement.refresh_from_db()
    assert statement.imported_count + statement.known_count == 4
    check_everything()
