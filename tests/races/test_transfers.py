"""Money that arrives while something else happens: told twice, as its order lapses, settled by two."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from orders import locks
from orders.actions.bank_transfers import transfer_review
from orders.actions.bank_transfers.receive_transfers import (
    process_bank_webhook,
    record_incoming_transfer,
    store_bank_webhook,
)
from orders.actions.bank_transfers.transfer_review import assign_transfer, return_transfer
from orders.actions.placement import order_sweeps
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.statements.bank_statements import apply_bank_statement, import_bank_statement
from orders.models import BankTransfer, GatewayEvent, Order, Payment, Payout, TransferShare
from orders.payments.incoming_transfers import TransferSource, read_incoming_transfers
from orders.payments.webhook_signatures import parse_webhook_body
from orders.states import OrderStatus, TransferState
from shop.core.actors import Actor
from shop.core.models import Change
from tests.doubles.bank_webhooks import sepay_webhook
from tests.factories import NOW, make_admin
from tests.invariants import check_everything
from tests.orders.bank_transfers.test_transfer_review import TO
from tests.orders.bank_transfers.transfers_at_hand import BANK, HOUR, LATER, take, told, waiting_order
from tests.orders.statements.test_bank_statements import csv
from tests.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)
DESK = Actor.system("desk")


def kinds(answers: list[Any]) -> list[str]:
    return sorted(type(answer).__name__ for answer in answers)


def unlocked(monkeypatch: Any, name: str, hands: int = 2) -> Callable[..., Callable[[], Any]]:
    """Takes the lock of `name` out: both hands read before either writes.

    Answers how work is to be wrapped: on SQLite the lock is the writer's turn, so what is read under it is
    read before the transaction there.
    """
    both_read, early = threading.Barrier(hands, timeout=20), threading.local()
    lock = getattr(locks, name)
    if connection.vendor == "postgresql":
        monkeypatch.setattr(locks, "lock_rows", lambda rows: list(rows.order_by("pk")))
        monkeypatch.setattr(locks, "lock_row", lambda rows: next(iter(rows.order_by("pk")), None))

        def read_together(*asked: Any) -> Any:
            rows = lock(*asked)
            both_read.wait()
            return rows

        monkeypatch.setattr(locks, name, read_together)
    else:
        monkeypatch.setattr(locks, name, lambda *_asked: early.rows)

    def wrapped(work: Callable[[], Any], *asked: Any) -> Callable[[], Any]:
        def read_then_work() -> Any:
            early.rows = lock(*asked)
            both_read.wait()
            return work()

        return read_then_work if connection.vendor == "sqlite" else work

    return wrapped


def telling(order: Order, **fields: Any) -> Callable[[], Any]:
    values = {"reference": "FT1", "event_id": "1"} | fields
    return partial(record_incoming_transfer, arrival=told(order.code, **values), actor=BANK, now=LATER)


def test_webhook_processed_ten_times_in_parallel_is_one_transfer() -> None:
    order = waiting_order()
    body, _headers = sepay_webhook(
        "secret",
        LATER,
        content=order.code,
        transferAmount=120_000,
        accountNumber="0011223344556",
        transactionDate="2026-11-24 11:00:00",
    )

    def hear() -> None:
        store_bank_webhook(
            arrivals=read_incoming_transfers(TransferSource.SEPAY, parse_webhook_body(body)),
            body=body,
            now=LATER,
        )
        process_bank_webhook(event_id=GatewayEvent.objects.get().pk, now=LATER)

    answers = together([hear] * 10)

    assert answers == [None] * 10
    assert BankTransfer.objects.get().state == TransferState.SETTLED
    order.refresh_from_db()
    assert (order.charged, GatewayEvent.objects.count()) == (120_000, 1)
    check_everything()


def test_parallel_notices_of_two_services_charge_order_once() -> None:
    order = waiting_order()

    answers = together([telling(order), telling(order, provider=TransferSource.CASSO, event_id="c")])

    assert sorted(answer.is_new for answer in answers) == [False, True], answers
    order.refresh_from_db()
    assert (order.charged, TransferShare.objects.count()) == (120_000, 1)
    check_everything()


def test_without_lock_two_transfers_charge_one_order_or_one_fails(monkeypatch) -> None:
    order = waiting_order()
    read_early = unlocked(monkeypatch, "lock_orders")
    works = [telling(order), telling(order, reference="FT2", event_id="2")]

    answers = together([read_early(work, [order.pk]) for work in works])

    failed = [answer for answer in answers if isinstance(answer, Exception)]
    assert failed or TransferShare.objects.count() == 2, answers


def test_second_of_two_parallel_transfers_goes_to_review() -> None:
    order = waiting_order()

    together([telling(order), telling(order, reference="FT2", event_id="2")])

    states = BankTransfer.objects.order_by("state").values_list("state", "reason")
    assert list(states) == [("review", "paid"), ("settled", "")]
    order.refresh_from_db()
    assert order.charged == 120_000
    check_everything()


def lapsing(order: Order) -> Callable[[], Any]:
    return partial(expire_order, order_id=order.pk, actor=DESK, now=LATER + HOUR)


def due_orders(many: int) -> list[Order]:
    """Orders whose time has just run out; their transfers were sent in time."""
    orders = [waiting_order() for _ in range(many)]
    Payment.objects.update(expires_at=LATER + datetime.timedelta(minutes=1))
    return orders


def test_transfer_arriving_at_expiry_settles_order_or_goes_to_review() -> None:
    orders = due_orders(6)
    works = []
    for place, order in enumerate(orders):
        works += [telling(order, reference=f"FT{place}", event_id=str(place)), lapsing(order)]

    answers = together(works)

    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    for place, order in enumerate(orders):
        order.refresh_from_db()
        transfer = BankTransfer.objects.get(reference=f"FT{place}")
        if order.status == OrderStatus.EXPIRED:
            assert (order.charged, transfer.state, transfer.reason) == (0, "review", "ended")
        else:
            assert (order.charged, transfer.state) == (120_000, TransferState.SETTLED)
            assert order.confirmed_at is not None
    check_everything()


def test_without_lock_paid_order_expires(monkeypatch) -> None:
    """Whoever lets it lapse has read it, and looked whether it may, before the money came."""
    (order,) = due_orders(1)
    read_before = Order.objects.get(pk=order.pk)
    may_lapse = Order.objects.filter(pk=order.pk).lapsed(LATER + HOUR).exists()
    telling(order)()

    monkeypatch.setattr(locks, "lock_order", lambda _order_id: read_before)
    monkeypatch.setattr(order_sweeps, "Order", _Looked(may_lapse))
    lapsing(order)()

    order.refresh_from_db()
    assert (order.charged, order.status) == (120_000, OrderStatus.EXPIRED)


class _Looked:
    """Answers as the orders did when they were looked at."""

    def __init__(self, may_lapse: bool) -> None:
        self.objects = self
        self._may_lapse = may_lapse

    def filter(self, **_by: Any) -> _Looked:
        return self

    def lapsed(self, _now: datetime.datetime) -> _Looked:
        return self

    def exists(self) -> bool:
        return self._may_lapse


def settling(transfer: BankTransfer, order: Order) -> Callable[[], Any]:
    return partial(
        assign_transfer, transfer_id=transfer.pk, shares={order.pk: 120_000}, actor=DESK, now=LATER + HOUR
    )


def test_transfer_cannot_be_assigned_to_two_orders_in_parallel() -> None:
    one, other = waiting_order(), waiting_order()
    transfer = take("tien hang")

    answers = together([settling(transfer, one), settling(transfer, other)])

    assert kinds(answers) == ["BankTransfer", "WrongMove"], answers
    assert sorted(Order.objects.values_list("charged", flat=True)) == [0, 120_000]
    check_everything()


def test_parallel_assignments_of_transfer_settle_once() -> None:
    order = waiting_order()
    transfer = take("tien hang")

    answers = together([settling(transfer, order)] * 10)

    assert kinds(answers) == ["BankTransfer"] * 10, answers
    order.refresh_from_db()
    assert (order.charged, TransferShare.objects.count()) == (120_000, 1)
    assert Change.objects.filter(action="transfer.settled").count() == 1
    check_everything()


def test_without_lock_transfer_is_assigned_to_two_orders(monkeypatch) -> None:
    one, other = waiting_order(), waiting_order()
    transfer = take("tien hang")
    read_early = unlocked(monkeypatch, "lock_bank_transfer")
    if connection.vendor == "sqlite":
        monkeypatch.setattr(transfer_review, "unassigned_amount", lambda _transfer: 120_000)

    together([read_early(settling(transfer, order), transfer.pk) for order in (one, other)])

    assert sum(TransferShare.objects.values_list("amount", flat=True)) == 240_000 > transfer.amount


def test_transfer_is_assigned_or_returned_but_not_both() -> None:
    transfers_and_orders = [(take(f"tien hang {n}"), waiting_order()) for n in range(4)]
    works = []
    for transfer, order in transfers_and_orders:
        works.append(settling(transfer, order))
        back = {"transfer_id": transfer.pk, "to": TO, "reason": "nhầm", "actor": DESK, "now": LATER + HOUR}
        works.append(partial(return_transfer, **back))

    answers = together(works)

    for n, (transfer, order) in enumerate(transfers_and_orders):
        assert "WrongMove" in kinds(answers[2 * n : 2 * n + 2]), answers
        order.refresh_from_db()
        is_paid = Payout.objects.filter(transfer=transfer).exists()
        assert order.charged == (0 if is_paid else 120_000)
    check_everything()


def test_parallel_statement_and_webhooks_record_each_transfer_once() -> None:
    orders = [waiting_order() for _ in range(4)]
    content = csv(*((f"FT{n}", 120_000, order.code) for n, order in enumerate(orders)))
    statement = import_bank_statement(file_name="a.csv", content=content, user=make_admin(), now=NOW)
    taking = partial(apply_bank_statement, statement_id=statement.pk, actor=DESK, now=LATER)
    hooks = [telling(order, reference=f"FT{n}", event_id=str(n)) for n, order in enumerate(orders)]

    answers = together([taking, *hooks, taking])

    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    assert BankTransfer.objects.filter(state=TransferState.SETTLED).count() == 4
    assert sorted(Order.objects.values_list("charged", flat=True)) == [120_000] * 4
    statement.refresh_from_db()
    assert statement.taken + statement.known == 4
    check_everything()
