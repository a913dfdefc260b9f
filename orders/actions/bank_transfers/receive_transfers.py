"""Receive bank transfers: store a webhook's notice, record its transfers, and settle one on an exact match.

An exact match has exactly one order's code in its note, exactly the amount still due, an order that awaits a
transfer, and arrives in time. All others wait for a person (`transfer_review`), whether too small or too
large: a partial credit could not be taken back, and nobody knows whether the buyer forgot the rest or meant
another order.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from celery import shared_task
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from orders import locks
from orders.actions.ledger.unmatched_transfers import book_assigned_share, book_unmatched_transfer
from orders.actions.payments.order_payments import (
    expect_payment,
    is_awaiting_confirmation,
    record_received_money,
)
from orders.models import (
    BankTransfer,
    GatewayEvent,
    Order,
    Payment,
    PaymentMethod,
    ReviewReason,
    StatementImport,
    TransferShare,
)
from orders.payments.code_search import find_order_codes
from orders.payments.incoming_transfers import IncomingTransfer, TransferSource, read_incoming_transfers
from orders.payments.webhook_signatures import parse_webhook_body
from orders.states import TRANSFER_MOVES, OrderStatus, TransferState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit_or_run, lock_row
from shop.core.jobs.sweeps import run_one
from shop.core.models import record_change, shop_settings
from shop.core.states import advance

BANK_WEBHOOK_PROVIDERS = (TransferSource.SEPAY, TransferSource.CASSO, TransferSource.PAYOS)
_SWEEP_SIZE = 200
_MIN_AGE = datetime.timedelta(seconds=30)  # leave younger notices to their own queued task
ENDED_STATUSES = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class RecordedTransfer:
    """A transfer, and whether this was its first report."""

    transfer: BankTransfer
    is_new: bool


@transaction.atomic(durable=True)
def store_bank_webhook(*, arrivals: Sequence[IncomingTransfer], body: bytes, now: datetime.datetime) -> int:
    """Store a verified notice, one row for each transfer in it; return how many rows are new.

    They are processed after the commit, so that the service gets its response at once and does not retry.
    """
    fresh = 0
    for arrival in arrivals:
        event, is_new = GatewayEvent.objects.get_or_create(
            provider=arrival.provider,
            event_id=arrival.event_id,
            defaults={"kind": "transfer", "body": body.decode(), "received_at": now},
        )
        if is_new:
            fresh += 1
            after_commit_or_run(process_bank_webhook_task, event_id=event.pk)
    return fresh


@transaction.atomic(durable=True)
def process_bank_webhook(*, event_id: int, now: datetime.datetime) -> None:
    """Record the transfer of a stored notice. A processed notice stays as it is."""
    event = lock_row(
        GatewayEvent.objects.filter(pk=event_id, handled_at=None, provider__in=BANK_WEBHOOK_PROVIDERS)
    )
    if event is None:
        return
    provider = TransferSource(event.provider)
    for arrival in read_incoming_transfers(provider, parse_webhook_body(event.body.encode())):
        if arrival.event_id == event.event_id:
            record_transfer(arrival, actor=Actor.system(provider), now=now)
    event.handled_at = now
    event.save(update_fields=["handled_at"])


@transaction.atomic(durable=True)
def record_incoming_transfer(
    *, arrival: IncomingTransfer, actor: Actor, now: datetime.datetime
) -> RecordedTransfer:
    """Record an incoming transfer, once however often it is reported, and settle it on an exact match."""
    return record_transfer(arrival, actor=actor, now=now)


def record_transfer(
    arrival: IncomingTransfer,
    *,
    statement: StatementImport | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> RecordedTransfer:
    """Step of `record_incoming_transfer`. Rows of a `statement` were checked for known transfers before."""
    arrival = _normalise_account(arrival)
    codes = find_order_codes(arrival.note)
    ids = Order.objects.placed().filter(code__in=codes).values_list("pk", flat=True) if codes else []
    named = list(locks.lock_orders(ids).values())
    known = _find_known(arrival)
    if known is not None:
        return RecordedTransfer(known, False)
    is_doubtful = statement is None and _may_be_known(arrival)
    transfer, is_new = _create_transfer(arrival, named, statement, now)
    if not is_new:
        return RecordedTransfer(transfer, False)
    record_change("transfer.seen", transfer, actor=actor, now=now, data={"amount": transfer.amount})
    doubt = ReviewReason.REPEATED if is_doubtful else _review_reason(transfer, codes, named)
    if doubt is None:
        assign_transfer_to_order(transfer, named[0], transfer.amount, actor=actor, now=now)
        settle_if_fully_assigned(transfer, actor=actor, now=now)
    else:
        transfer.reason = doubt
        transfer.save(update_fields=["reason"])
        advance(transfer, TransferState.REVIEW, TRANSFER_MOVES)
        book_unmatched_transfer(transfer, actor=actor, now=now)
        record_change("transfer.to_review", transfer, actor=actor, now=now, data={"reason": doubt})
    return RecordedTransfer(transfer, True)


def assign_transfer_to_order(
    transfer: BankTransfer, order: Order, amount: int, *, actor: Actor, now: datetime.datetime
) -> TransferShare:
    """Step, on a locked order: pay it with this amount of the transfer.

    After a partial payment the buyer has the channel's full time again for the rest.
    """
    payment = current_payment(order)
    if payment is None or payment.method != PaymentMethod.TRANSFER:
        payment = expect_payment(order, PaymentMethod.TRANSFER, now=now)
    key = f"transfer:{transfer.pk}:{order.pk}"
    event = record_received_money(
        order, payment, amount, key=key, reference=transfer.reference, actor=actor, now=now
    )
    if event is None:
        raise ValueError(f"{key} is booked without its share")
    if is_awaiting_confirmation(order) and order.still_due:
        payment.expires_at = now + datetime.timedelta(minutes=order.channel.transfer_minutes)
        payment.save(update_fields=["expires_at"])
    made = TransferShare.objects.create(transfer=transfer, payment=payment, event=event, amount=amount)
    book_assigned_share(made, actor=actor, now=now)
    return made


def settle_if_fully_assigned(transfer: BankTransfer, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: mark a transfer settled if nothing of it is unassigned."""
    if unassigned_amount(transfer):
        return
    advance(transfer, TransferState.SETTLED, TRANSFER_MOVES)
    codes = transfer.shares.order_by("pk").values_list("payment__order__code", flat=True)
    record_change("transfer.settled", transfer, actor=actor, now=now, data={"orders": list(codes)})


def unassigned_amount(transfer: BankTransfer) -> int:
    """Return the amount of a transfer that is not assigned to an order, in whole đồng."""
    gone: int = transfer.shares.aggregate(total=Sum("amount", default=0))["total"]
    return transfer.amount - gone


def current_payment(order: Order) -> Payment | None:
    """Return the payment by which the order is to be paid now."""
    return Payment.objects.filter(order=order).current()


def _find_known(arrival: IncomingTransfer) -> BankTransfer | None:
    known = BankTransfer.objects.filter(fingerprint=arrival.fingerprint).first()
    return None if known is not None and _is_another(known, arrival) else known


def _is_another(known: BankTransfer, arrival: IncomingTransfer) -> bool:
    """Whether two transfers differ only in the service's own id, so that they are two and not one."""
    return (
        not arrival.has_reference
        and bool(arrival.event_id)
        and known.provider == arrival.provider
        and known.event_id != arrival.event_id
    )


def _may_be_known(arrival: IncomingTransfer) -> bool:
    """Whether a similar transfer was reported already, under another reference or without one."""
    alike = BankTransfer.objects.filter(similarity_key=arrival.similarity_key)
    if not arrival.has_reference:
        return alike.exists()
    return alike.exclude(provider=arrival.provider).exists()


def _create_transfer(
    arrival: IncomingTransfer,
    named: Sequence[Order],
    statement: StatementImport | None,
    now: datetime.datetime,
) -> tuple[BankTransfer, bool]:
    numbered = arrival
    while BankTransfer.objects.filter(fingerprint=numbered.fingerprint).exists():
        numbered = replace(numbered, occurrence=numbered.occurrence + 1)
    return BankTransfer.objects.get_or_create(
        fingerprint=numbered.fingerprint,
        defaults={
            "provider": arrival.provider,
            "similarity_key": arrival.similarity_key,
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


def _review_reason(
    transfer: BankTransfer, codes: Sequence[str], named: Sequence[Order]
) -> ReviewReason | None:
    """Return why the transfer cannot be settled automatically; None on an exact match."""
    if not _is_ours(transfer.account):
        return ReviewReason.OTHER_ACCOUNT
    if len(named) == 1:
        return _review_reason_for_order(transfer, named[0])
    if named:
        return ReviewReason.SEVERAL
    return ReviewReason.UNKNOWN_CODE if codes else ReviewReason.NO_CODE


def _review_reason_for_order(transfer: BankTransfer, order: Order) -> ReviewReason | None:
    if order.status in ENDED_STATUSES:
        return ReviewReason.ENDED
    if not order.still_due:
        return ReviewReason.PAID
    payment = current_payment(order)
    if payment is None or payment.method != PaymentMethod.TRANSFER or order.currency != transfer.currency:
        return ReviewReason.OTHER_WAY
    if transfer.amount != order.still_due:
        return ReviewReason.TOO_LITTLE if transfer.amount < order.still_due else ReviewReason.TOO_MUCH
    if (
        is_awaiting_confirmation(order)
        and payment.expires_at is not None
        and transfer.at > payment.expires_at
    ):
        return ReviewReason.LATE
    return None


def _normalise_account(arrival: IncomingTransfer) -> IncomingTransfer:
    """Replace our account's number by its configured spelling, so that all reports have one fingerprint."""
    return replace(arrival, account=shop_settings().bank_account) if _is_ours(arrival.account) else arrival


def _is_ours(account: str) -> bool:
    """Compare ignoring leading zeros, which spreadsheets lose, and grouping, which banks add."""
    ours = shop_settings().bank_account
    return bool(ours) and _strip_account(account) == _strip_account(ours)


def _strip_account(account: str) -> str:
    return "".join(sign for sign in account.upper() if sign.isalnum()).lstrip("0")


@shared_task(name="orders.handle_bank_notice")
def process_bank_webhook_task(*, event_id: int) -> None:
    now = timezone.now()
    GatewayEvent.objects.filter(pk=event_id, handled_at=None).update(tries=F("tries") + 1)
    run_one(
        event_id, lambda key: process_bank_webhook(event_id=key, now=now), sweep="orders.handle_bank_notices"
    )


@shared_task(name="orders.handle_bank_notices")
def process_bank_webhooks_task() -> None:
    """Sweep: queue notices whose task was lost, each as its own task and the least tried first.

    A notice that fails therefore holds up no other.
    """
    waiting = GatewayEvent.objects.to_handle().filter(
        provider__in=BANK_WEBHOOK_PROVIDERS, received_at__lt=timezone.now() - _MIN_AGE
    )
    for event_id in waiting.order_by("tries", "received_at", "pk").values_list("pk", flat=True)[:_SWEEP_SIZE]:
        process_bank_webhook_task.delay(event_id=event_id)
