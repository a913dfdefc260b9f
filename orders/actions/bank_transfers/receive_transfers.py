"""Store a bank webhook, record its transfers, and assign exact matches to orders.

A transfer matches exactly if its note names one order, the order awaits a transfer, the amount is exactly
what is still due, and the money arrives in time. An order with cash on delivery can still be paid by transfer
until its first parcel is packed. All other transfers wait for a person (transfer_review.py), because a
partial credit cannot be undone and the buyer may have meant another order.
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
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.ledger.unmatched_transfers import book_assigned_share, book_unmatched_transfer
from orders.actions.payments.confirm_order import is_awaiting_confirmation
from orders.actions.payments.order_payments import expect_payment, record_received_money
from orders.models import (
    BankTransfer,
    EventKind,
    Order,
    PaymentEvent,
    PaymentMethod,
    ReviewReason,
    StatementImport,
    TransferShare,
    WebhookEvent,
)
from orders.payments.code_search import find_order_codes
from orders.payments.incoming_transfers import IncomingTransfer, TransferSource, read_incoming_transfers
from orders.payments.transfer_instructions import may_prepay_cash_order
from orders.payments.webhook_signatures import parse_webhook_body
from orders.states import ENDED_ORDER_STATUSES, TRANSFER_TRANSITIONS, TransferState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit_or_run, lock_row
from shop.core.jobs.sweeps import run_one
from shop.core.models import record_change, shop_settings
from shop.core.states import change_state

BANK_WEBHOOK_PROVIDERS = (TransferSource.SEPAY, TransferSource.CASSO, TransferSource.PAYOS)
_SWEEP_SIZE = 200
_SWEEP_DELAY = datetime.timedelta(seconds=30)  # leave younger webhooks to their own queued task


@dataclass(frozen=True, slots=True)
class RecordedTransfer:
    """A transfer, and whether this was its first report."""

    transfer: BankTransfer
    is_new: bool


@transaction.atomic(durable=True)
def store_bank_webhook(
    *, incoming_transfers: Sequence[IncomingTransfer], body: bytes, now: datetime.datetime
) -> int:
    """Store a verified webhook, one row for each transfer in it, and return how many rows are new.

    They are processed after the commit, so that the service gets its response at once and does not retry.
    """
    new_count = 0
    for incoming in incoming_transfers:
        event, is_new = WebhookEvent.objects.get_or_create(
            provider=incoming.provider,
            event_id=incoming.event_id,
            defaults={"kind": "transfer", "body": body.decode(), "received_at": now},
        )
        if is_new:
            new_count += 1
            after_commit_or_run(process_bank_webhook_task, event_id=event.pk)
    return new_count


@transaction.atomic(durable=True)
def process_bank_webhook(*, event_id: int, now: datetime.datetime) -> None:
    """Record the transfer of a stored webhook. A processed webhook stays as it is."""
    event = lock_row(
        WebhookEvent.objects.filter(pk=event_id, handled_at=None, provider__in=BANK_WEBHOOK_PROVIDERS)
    )
    if event is None:
        return
    provider = TransferSource(event.provider)
    for incoming in read_incoming_transfers(provider, parse_webhook_body(event.body.encode())):
        if incoming.event_id == event.event_id:
            record_transfer(incoming, actor=Actor.system(provider), now=now)
    event.handled_at = now
    event.save(update_fields=["handled_at"])


def record_transfer(
    incoming: IncomingTransfer,
    *,
    statement: StatementImport | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> RecordedTransfer:
    """In a transaction: record a reported transfer and assign it to an order on an exact match.

    A repeated report changes nothing. Rows of a `statement` were compared with known transfers before.
    """
    incoming = _normalise_account(incoming)
    codes = find_order_codes(incoming.note)
    ids = Order.objects.placed().filter(code__in=codes).values_list("pk", flat=True) if codes else []
    named_orders = list(locks.lock_orders(ids).values())
    known_transfer = _find_recorded_transfer(incoming)
    if known_transfer is not None:
        return RecordedTransfer(known_transfer, False)
    may_be_repeated = statement is None and _may_be_repeated(incoming)
    transfer, is_new = _create_transfer(incoming, named_orders, statement, now)
    if not is_new:
        return RecordedTransfer(transfer, False)
    record_change("transfer.recorded", transfer, actor=actor, now=now, data={"amount": transfer.amount})
    review_reason = (
        ReviewReason.REPEATED if may_be_repeated else _find_review_reason(transfer, codes, named_orders)
    )
    if review_reason is None:
        assign_transfer_to_order(transfer, named_orders[0], transfer.amount, actor=actor, now=now)
        mark_if_fully_assigned(transfer, actor=actor, now=now)
    else:
        transfer.reason = review_reason
        transfer.save(update_fields=["reason"])
        change_state(transfer, TransferState.REVIEW, TRANSFER_TRANSITIONS)
        book_unmatched_transfer(transfer, actor=actor, now=now)
        record_change(
            "transfer.sent_to_review", transfer, actor=actor, now=now, data={"reason": review_reason}
        )
    return RecordedTransfer(transfer, True)


def assign_transfer_to_order(
    transfer: BankTransfer, order: Order, amount: int, *, actor: Actor, now: datetime.datetime
) -> TransferShare:
    """On a locked order: pay it with this amount of the transfer.

    After a partial payment the buyer has the channel's full time again for the rest.
    """
    payment = order.payments.current()
    idempotency_key = _find_assignment_key(transfer, order)
    if payment is None or payment.method != PaymentMethod.TRANSFER:
        payment = expect_payment(order, PaymentMethod.TRANSFER, now=now)
        # Without a request of its own, the received money would cover a later one, if it is taken off again.
        record_payment_event(
            payment,
            EventKind.CHARGE_REQUEST,
            amount,
            idempotency_key=f"requested:{idempotency_key}",
            actor=actor,
            now=now,
        )
    event = record_received_money(
        order,
        payment,
        amount,
        idempotency_key=idempotency_key,
        reference=transfer.reference,
        actor=actor,
        now=now,
    )
    if event is None:
        raise ValueError(f"{idempotency_key} was recorded before without its share")
    if is_awaiting_confirmation(order) and order.amount_due:
        payment.expires_at = now + datetime.timedelta(minutes=order.channel.payment_deadline_minutes)
        payment.save(update_fields=["expires_at"])
    share = TransferShare.objects.create(transfer=transfer, payment=payment, event=event, amount=amount)
    book_assigned_share(share, actor=actor, now=now)
    return share


def _find_assignment_key(transfer: BankTransfer, order: Order) -> str:
    """Return the key of the payment event: a new one if the transfer was assigned to the order before."""
    key = f"transfer:{transfer.pk}:{order.pk}"
    earlier_count = PaymentEvent.objects.filter(payment__order=order, idempotency_key__startswith=key).count()
    return f"{key}:{earlier_count}" if earlier_count else key


def mark_if_fully_assigned(transfer: BankTransfer, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: mark a transfer as assigned if all of it is assigned to orders."""
    if read_unassigned_amount(transfer):
        return
    change_state(transfer, TransferState.ASSIGNED, TRANSFER_TRANSITIONS)
    codes = transfer.shares.order_by("pk").values_list("payment__order__code", flat=True)
    record_change("transfer.fully_assigned", transfer, actor=actor, now=now, data={"orders": list(codes)})


def read_unassigned_amount(transfer: BankTransfer) -> int:
    """Return the amount of a transfer that is not assigned to an order, in whole đồng."""
    assigned: int = transfer.shares.aggregate(total=Sum("amount", default=0))["total"]
    return transfer.amount - assigned


def _find_recorded_transfer(incoming: IncomingTransfer) -> BankTransfer | None:
    known_transfer = BankTransfer.objects.filter(fingerprint=incoming.fingerprint).first()
    return (
        None
        if known_transfer is not None and _is_different_transfer(known_transfer, incoming)
        else known_transfer
    )


def _is_different_transfer(known_transfer: BankTransfer, incoming: IncomingTransfer) -> bool:
    """Return whether two transfers of one service without bank reference have different event ids."""
    return (
        not incoming.has_reference
        and bool(incoming.event_id)
        and known_transfer.provider == incoming.provider
        and known_transfer.event_id != incoming.event_id
    )


def _may_be_repeated(incoming: IncomingTransfer) -> bool:
    """Return whether a similar transfer was reported already, under another reference or without one."""
    similar = BankTransfer.objects.filter(similarity_key=incoming.similarity_key)
    if not incoming.has_reference:
        return similar.exists()
    return similar.exclude(provider=incoming.provider).exists()


def _create_transfer(
    incoming: IncomingTransfer,
    named_orders: Sequence[Order],
    statement: StatementImport | None,
    now: datetime.datetime,
) -> tuple[BankTransfer, bool]:
    unrecorded = incoming  # with a fingerprint that no recorded transfer has
    while BankTransfer.objects.filter(fingerprint=unrecorded.fingerprint).exists():
        unrecorded = replace(unrecorded, occurrence=unrecorded.occurrence + 1)
    return BankTransfer.objects.get_or_create(
        fingerprint=unrecorded.fingerprint,
        defaults={
            "provider": incoming.provider,
            "similarity_key": incoming.similarity_key,
            "event_id": incoming.event_id,
            "account": incoming.account,
            "amount": incoming.amount,
            "note": incoming.note,
            "reference": incoming.reference,
            "booked_at": incoming.booked_at,
            "has_time": incoming.has_time,
            "first_reported_at": now,
            "order": named_orders[0] if len(named_orders) == 1 else None,
            "statement": statement,
            "payer_bin": incoming.payer.bank_bin,
            "payer_account": incoming.payer.account,
            "payer_holder": incoming.payer.holder,
        },
    )


def _find_review_reason(
    transfer: BankTransfer, codes: Sequence[str], named_orders: Sequence[Order]
) -> ReviewReason | None:
    """Return why the transfer cannot be assigned automatically, or None on an exact match."""
    if not _is_platform_account(transfer.account):
        return ReviewReason.OTHER_ACCOUNT
    if len(named_orders) == 1:
        return _find_review_reason_for_order(transfer, named_orders[0])
    if named_orders:
        return ReviewReason.SEVERAL_ORDERS
    return ReviewReason.UNKNOWN_CODE if codes else ReviewReason.NO_ORDER_CODE


def _find_review_reason_for_order(transfer: BankTransfer, order: Order) -> ReviewReason | None:
    if order.status in ENDED_ORDER_STATUSES:
        return ReviewReason.ORDER_ENDED
    if not order.amount_due:
        return ReviewReason.ALREADY_PAID
    payment = order.payments.current()
    is_by_transfer = payment is not None and payment.method == PaymentMethod.TRANSFER
    if payment is None or order.currency != transfer.currency:
        return ReviewReason.OTHER_METHOD
    if not is_by_transfer and not may_prepay_cash_order(order, payment):
        return ReviewReason.OTHER_METHOD
    if transfer.amount != order.amount_due:
        return ReviewReason.TOO_LITTLE if transfer.amount < order.amount_due else ReviewReason.TOO_MUCH
    if (
        is_awaiting_confirmation(order)
        and payment.expires_at is not None
        and transfer.booked_at > payment.expires_at
    ):
        return ReviewReason.AFTER_DEADLINE
    return None


def _normalise_account(incoming: IncomingTransfer) -> IncomingTransfer:
    """Replace our account's number by its configured spelling, so that all reports have one fingerprint."""
    return (
        replace(incoming, account=shop_settings().bank_account)
        if _is_platform_account(incoming.account)
        else incoming
    )


def _is_platform_account(account: str) -> bool:
    """Return whether the account is our own, ignoring grouping and leading zeros, which spreadsheets lose."""
    own_account = shop_settings().bank_account
    return bool(own_account) and _strip_account(account) == _strip_account(own_account)


def _strip_account(account: str) -> str:
    return "".join(character for character in account.upper() if character.isalnum()).lstrip("0")


@shared_task(name="orders.process_bank_webhook")
def process_bank_webhook_task(*, event_id: int) -> None:
    now = timezone.now()
    WebhookEvent.objects.filter(pk=event_id, handled_at=None).update(tries=F("tries") + 1)
    run_one(
        event_id,
        lambda key: process_bank_webhook(event_id=key, now=now),
        sweep="orders.process_bank_webhooks",
    )


@shared_task(name="orders.process_bank_webhooks")
def process_bank_webhooks_task() -> None:
    """Sweep: queue webhooks whose task was lost, those with the fewest tries first.

    Each webhook has its own task, so a failing one delays no other.
    """
    waiting_events = WebhookEvent.objects.unhandled().filter(
        provider__in=BANK_WEBHOOK_PROVIDERS, received_at__lt=timezone.now() - _SWEEP_DELAY
    )
    for event_id in waiting_events.order_by("tries", "received_at", "pk").values_list("pk", flat=True)[
        :_SWEEP_SIZE
    ]:
        process_bank_webhook_task.delay(event_id=event_id)
