"""Bank webhooks: store each notice once as received, and process it after the commit."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders.actions.bank_transfers.incoming_transfers import record_transfer
from orders.models import GatewayEvent
from orders.payments.incoming_transfers import IncomingTransfer, TransferSource, read_incoming_transfers
from orders.payments.webhook_signatures import parse_webhook_body
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit_or_run, lock_row
from shop.core.jobs.sweeps import run_one

BANK_WEBHOOK_PROVIDERS = (TransferSource.SEPAY, TransferSource.CASSO, TransferSource.PAYOS)
_SWEEP_SIZE = 200
_MIN_AGE = datetime.timedelta(seconds=30)  # leave younger notices to their own queued task


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
