"""Incoming bank transfers as SePay, Casso or a bank statement report them."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from django.db import transaction

from orders.actions.bank_transfers.receive_transfers import RecordedTransfer, record_transfer
from orders.models import BankTransfer, Order, PaymentMethod
from orders.payments.incoming_transfers import IncomingTransfer, TransferSource
from shop.core.actors import Actor
from tests.factories import NOW, make_bank_account, make_order, make_variant
from tests.row_reuse import reuse_rows

BANK = Actor.system("sepay")
HOUR = datetime.timedelta(hours=1)
LATER = NOW + HOUR
_numbers = itertools.count(1)


@reuse_rows
def make_transfer_order(price: int = 45_000, **fields: Any) -> Order:
    """Make an order of two items awaiting its bank transfer: twice the price plus 30,000 for delivery."""
    make_bank_account()
    return make_order((make_variant(price=price), 2), method=PaymentMethod.TRANSFER, **fields)


def make_incoming_transfer(note: str = "", amount: int = 120_000, **fields: Any) -> IncomingTransfer:
    """Make an incoming transfer one hour after the order, with its own reference."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "provider": TransferSource.SEPAY,
        "event_id": str(number),
        "account": "0011223344556",
        "amount": amount,
        "note": note,
        "reference": f"FT{number}",
        "booked_at": LATER,
    }
    return IncomingTransfer(**(values | fields))


@transaction.atomic(durable=True)
def record_in_transaction(incoming: IncomingTransfer, *, now: datetime.datetime = LATER) -> RecordedTransfer:
    return record_transfer(incoming, actor=BANK, now=now)


def receive_transfer(note: str = "", amount: int = 120_000, *, now: datetime.datetime = LATER, **fields: Any):
    """Record such a transfer and return its saved row."""
    recorded = record_in_transaction(make_incoming_transfer(note, amount, **fields), now=now)
    return BankTransfer.objects.get(pk=recorded.transfer.pk)
