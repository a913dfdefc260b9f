"""Bank webhooks: store each notice once as received, and process it after the commit."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders.actions.bank_transfers.incoming_transfers import take
from orders.models import GatewayEvent
from orders.payments.incoming_transfers import Arrival, Provider, arrivals_in
from orders.payments.webhook_signatures import read_notice
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit_or_run, locked_one
from shop.core.jobs.sweeps import run_one

SERVICES = (Provider.SEPAY, Provider.CASSO, Provider.PAYOS)
_SWEEP_SIZE = 200
_MIN_AGE = datetime.timedelta(seconds=30)  # leave younger notices to their own queued task


@transaction.atomic(durable=True)
def keep_notice(*, arrivals: Sequence[Arrival], body: bytes, now: datetime.datetime) -> int:
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
            after_commit_or_run(handle_notice_task, event_id=event.pk)
    return fresh


@transaction.atomic(durable=True)
def handle_notice(*, event_id: int, now: datetime.datetime) -> None:
    """Record the transfer of a stored notice. A processed notice stays as it is."""
    event = locked_one(GatewayEvent.objects.filter(pk=event_id, handled_at=None, provider__in=SERVICES))
    if event is None:
        return
    provider = Provider(event.provider)
    for arrival in arrivals_in(provider, read_notice(event.body.encode())):
        if arrival.event_id == event.event_id:
            take(arrival, actor=Actor.system(provider), now=now)
    event.handled_at = now
    event.save(update_fields=["handled_at"])


@shared_task(name="orders.handle_bank_notice")
def handle_notice_task(*, event_id: int) -> None:
    now = timezone.now()
    GatewayEvent.objects.filter(pk=event_id, handled_at=None).update(tries=F("tries") + 1)
    run_one(event_id, lambda key: handle_notice(event_id=key, now=now), sweep="orders.handle_bank_notices")


@shared_task(name="orders.handle_bank_notices")
def handle_notices_task() -> None:
    """Sweep: queue notices whose task was lost, each as its own task and the least tried first.

    A notice that fails therefore holds up no other.
    """
    waiting = GatewayEvent.objects.to_handle().filter(
        provider__in=SERVICES, received_at__lt=timezone.now() - _MIN_AGE
    )
    for event_id in waiting.order_by("tries", "received_at", "pk").values_list("pk", flat=True)[:_SWEEP_SIZE]:
        handle_notice_task.delay(event_id=event_id)
