"""Create the demo's incoming bank transfers: some match an order, others wait for review."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from django.db import transaction

from orders.actions.bank_transfers.receive_transfers import record_transfer
from orders.models import Order, PaymentMethod
from orders.payments.incoming_transfers import IncomingTransfer, TransferSource
from shop.core.actors import Actor
from shop.core.models import shop_settings

_TRANSFER_DELAY = datetime.timedelta(minutes=20)


def receive_transfers(*, now: datetime.datetime) -> None:
    """Record the demo's missing transfers, as SePay would report them."""
    for transfer in _build_planned_transfers(now):
        with transaction.atomic(durable=True):
            record_transfer(transfer, actor=Actor.system(TransferSource.SEPAY), now=transfer.booked_at)


def _build_planned_transfers(now: datetime.datetime) -> Iterator[IncomingTransfer]:
    orders_awaiting_transfer = (
        Order.objects.placed().filter(payments__method=PaymentMethod.TRANSFER).order_by("placed_at", "number")
    )
    for index, order in enumerate(orders_awaiting_transfer):
        at = min(now, order.required_placed_at + _TRANSFER_DELAY)
        if index % 3 == 0:
            yield _transfer(f"MBVCB.{order.number} {order.code} FT", order.total_gross, order.code, at)
        elif index % 3 == 1:
            yield _transfer(f"{order.code} chuyen tien", order.total_gross - 20_000, order.code, at)
        else:
            yield _transfer(f"ck don {order.code[:-1]}", order.total_gross, order.code, at)
    yield _transfer("NGUYEN THI LAN chuyen tien mua hang", 185_000, "1", now - 3 * _TRANSFER_DELAY)
    yield _transfer("LAI TIEN GUI THANG 10", 12_345, "2", now - 5 * _TRANSFER_DELAY)


def _transfer(note: str, amount: int, number: str, at: datetime.datetime) -> IncomingTransfer:
    account = shop_settings().bank_account
    reference = f"MAU{number}"
    return IncomingTransfer(
        provider=TransferSource.SEPAY,
        event_id=reference,
        account=account,
        amount=amount,
        note=note,
        reference=reference,
        booked_at=at,
    )
