"""Money seen on our bank account: taken down once, and settled by itself only where nothing is in doubt.

Exactly one order's code in the note, exactly what that order still costs, by the way it is to be paid and in
time: then it is the order's. Everything else waits for a person (`transfer_review`), a sum too small as much
as one too large: a part credited without asking could not be taken back, and nobody knows whether the
rest was forgotten or the order was another one.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import Sum

from orders import locks
from orders.actions.ledger.unmatched_transfers import book_claimed, book_found
from orders.actions.payments.order_payments import expect_payment, is_waiting, money_came
from orders.models import (
    BankTransfer,
    Method,
    Order,
    Payment,
    ReviewReason,
    StatementImport,
    TransferShare,
)
from orders.payments.code_search import found_codes
from orders.payments.incoming_transfers import Arrival
from orders.states import TRANSFER_MOVES, OrderStatus, TransferState
from shop.core.actors import Actor
from shop.core.models import record_change, shop_settings
from shop.core.states import advance

ENDED = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class Taken:
    """A transfer, and whether it was told of for the first time."""

    transfer: BankTransfer
    is_new: bool


@transaction.atomic(durable=True)
def take_arrival(*, arrival: Arrival, actor: Actor, now: datetime.datetime) -> Taken:
    """Take down money that arrived, once however often it is told of; settle it where nothing is in doubt."""
    return take(arrival, actor=actor, now=now)


def take(
    arrival: Arrival,
    *,
    statement: StatementImport | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Taken:
    """Step of `take_arrival`. A `statement` has counted its rows against what is known already."""
    arrival = _as_we_write_it(arrival)
    codes = found_codes(arrival.note)
    ids = Order.objects.placed().filter(code__in=codes).values_list("pk", flat=True) if codes else []
    named = list(locks.lock_orders(ids).values())
    known = _known(arrival)
    if known is not None:
        return Taken(known, False)
    is_doubtful = statement is None and _may_be_known(arrival)
    transfer, is_new = _take_down(arrival, named, statement, now)
    if not is_new:
        return Taken(transfer, False)
    record_change("transfer.seen", transfer, actor=actor, now=now, data={"amount": transfer.amount})
    doubt = ReviewReason.REPEATED if is_doubtful else _doubt(transfer, codes, named)
    if doubt is None:
        share(transfer, named[0], transfer.amount, actor=actor, now=now)
        settle_if_spent(transfer, actor=actor, now=now)
    else:
        transfer.reason = doubt
        transfer.save(update_fields=["reason"])
        advance(transfer, TransferState.REVIEW, TRANSFER_MOVES)
        book_found(transfer, actor=actor, now=now)
        record_change("transfer.to_review", transfer, actor=actor, now=now, data={"reason": doubt})
    return Taken(transfer, True)


def share(
    transfer: BankTransfer, order: Order, amount: int, *, actor: Actor, now: datetime.datetime
) -> TransferShare:
    """Step, on a locked order: that much of the transfer pays it.

    A buyer who has paid a part has the channel's time again for the rest.
    """
    payment = last_payment(order)
    if payment is None or payment.method != Method.TRANSFER:
        payment = expect_payment(order, Method.TRANSFER, now=now)
    key = f"transfer:{transfer.pk}:{order.pk}"
    event = money_came(order, payment, amount, key=key, reference=transfer.reference, actor=actor, now=now)
    if event is None:
        raise ValueError(f"{key} is booked without its share")
    if is_waiting(order) and order.still_due:
        payment.expires_at = now + datetime.timedelta(minutes=order.channel.transfer_minutes)
        payment.save(update_fields=["expires_at"])
    made = TransferShare.objects.create(transfer=transfer, payment=payment, event=event, amount=amount)
    book_claimed(made, actor=actor, now=now)
    return made


def settle_if_spent(transfer: BankTransfer, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: a transfer of which nothing is left is settled."""
    if left_of(transfer):
        return
    advance(transfer, TransferState.SETTLED, TRANSFER_MOVES)
    codes = transfer.shares.order_by("pk").values_list("payment__order__code", flat=True)
    record_change("transfer.settled", transfer, actor=actor, now=now, data={"orders": list(codes)})


def left_of(transfer: BankTransfer) -> int:
    """What of a transfer has gone to no order yet, whole đồng."""
    gone: int = transfer.shares.aggregate(total=Sum("amount", default=0))["total"]
    return transfer.amount - gone


def last_payment(order: Order) -> Payment | None:
    """The way in which the order is to be paid now."""
    return Payment.objects.filter(order=order).current()


def _known(arrival: Arrival) -> BankTransfer | None:
    known = BankTransfer.objects.filter(fingerprint=arrival.fingerprint).first()
    return None if known is not None and _is_another(known, arrival) else known


def _is_another(known: BankTransfer, arrival: Arrival) -> bool:
    """Alike in all but the service's own number: two transfers, or one that it numbered twice."""
    return (
        not arrival.has_reference
        and bool(arrival.event_id)
        and known.provider == arrival.provider
        and known.event_id != arrival.event_id
    )


def _may_be_known(arrival: Arrival) -> bool:
    """Whether somebody told of one like it already, under another reference or without one."""
    alike = BankTransfer.objects.filter(likeness=arrival.likeness)
    if not arrival.has_reference:
        return alike.exists()
    return alike.exclude(provider=arrival.provider).exists()


def _take_down(
    arrival: Arrival, named: Sequence[Order], statement: StatementImport | None, now: datetime.datetime
) -> tuple[BankTransfer, bool]:
    told = arrival
    while BankTransfer.objects.filter(fingerprint=told.fingerprint).exists():
        told = replace(told, occurrence=told.occurrence + 1)
    return BankTransfer.objects.get_or_create(
        fingerprint=told.fingerprint,
        defaults={
            "provider": arrival.provider,
            "likeness": arrival.likeness,
            "event_id": arrival.event_id,
            "account": arrival.account,
            "amount": arrival.amount,
            "note": arrival.note,
            "reference": arrival.reference,
            "at": arrival.at,
            "seen_at": now,
            "order": named[0] if len(named) == 1 else None,
            "statement": statement,
            "payer_bin": arrival.payer.bank_bin,
            "payer_account": arrival.payer.account,
            "payer_holder": arrival.payer.holder,
        },
    )


def _doubt(transfer: BankTransfer, codes: Sequence[str], named: Sequence[Order]) -> ReviewReason | None:
    """Why it is not to be settled by itself; None where nothing is in doubt."""
    if not _is_ours(transfer.account):
        return ReviewReason.OTHER_ACCOUNT
    if len(named) == 1:
        return _doubt_about(transfer, named[0])
    if named:
        return ReviewReason.SEVERAL
    return ReviewReason.UNKNOWN_CODE if codes else ReviewReason.NO_CODE


def _doubt_about(transfer: BankTransfer, order: Order) -> ReviewReason | None:
    if order.status in ENDED:
        return ReviewReason.ENDED
    if not order.still_due:
        return ReviewReason.PAID
    payment = last_payment(order)
    if payment is None or payment.method != Method.TRANSFER or order.currency != transfer.currency:
        return ReviewReason.OTHER_WAY
    if transfer.amount != order.still_due:
        return ReviewReason.TOO_LITTLE if transfer.amount < order.still_due else ReviewReason.TOO_MUCH
    if is_waiting(order) and payment.expires_at is not None and transfer.at > payment.expires_at:
        return ReviewReason.LATE
    return None


def _as_we_write_it(arrival: Arrival) -> Arrival:
    """On our account it is told under that account's number as it is set, so that whoever tells of it again
    tells of the same."""
    return replace(arrival, account=shop_settings().bank_account) if _is_ours(arrival.account) else arrival


def _is_ours(account: str) -> bool:
    """Spreadsheets lose zeros in front of account numbers, and banks group their digits."""
    ours = shop_settings().bank_account
    return bool(ours) and _plain(account) == _plain(ours)


def _plain(account: str) -> str:
    return "".join(sign for sign in account.upper() if sign.isalnum()).lstrip("0")
