"""Recall a lot, tell everybody who has it, record who has read the notice, and end the recall."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from celery import shared_task
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.recalled_lots import lock_lot, save_recalled
from catalog.models import Lot, LotBalance, Recall
from catalog.models.lot import MAX_RECALL_TEXT
from cooperatives.models import Cooperative
from orders.models import Order, ParcelLine, RecallNotice
from orders.notifications.alerts import raise_recall_alert
from orders.notifications.recalls import (
    notify_cooperative_of_end,
    notify_cooperative_of_recall,
    notify_recall,
    notify_recall_end,
)
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit, lock_row
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import record_change, was_done_with_key

_BATCH_SIZE = 200


class LotAlreadyRecalled(Refused):
    code = "lot_already_recalled"
    default_message = _("This lot is recalled already.")


class RecallEnded(Refused):
    code = "recall_ended"
    default_message = _("This recall has already ended.")


@dataclass(frozen=True, slots=True)
class RecallReach:
    """Whom and what a recall reaches. Buyers are counted by order."""

    balances: list[LotBalance]
    waiting_lines: list[ParcelLine]
    order_count: int
    parcel_count: int


def find_reach(lot: Lot) -> RecallReach:
    """Return what a recall of the lot reaches now, without changing anything. It takes three queries."""
    dispatched = ParcelLine.objects.dispatched_with_lot(lot).order_by()
    counts = dispatched.aggregate(
        orders=Count("parcel__part__order", distinct=True), parcels=Count("parcel", distinct=True)
    )
    return RecallReach(
        list(LotBalance.objects.of_lots([lot]).exclude(on_hand=0)),
        list(ParcelLine.objects.waiting_with_lot(lot)),
        counts["orders"],
        counts["parcels"],
    )


@transaction.atomic(durable=True)
def start_recall(
    *,
    lot_id: int,
    cooperative: Cooperative | None = None,
    reason: str,
    advice: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Recall a lot, so that it is no longer sold, packed or handed over.

    Its buyers are told after the commit. If `cooperative` is None, the desk recalls it, and the cooperative's
    managers are told. Buyers read `reason`, and in `advice` what to do with the goods. A repeated
    `idempotency_key` changes nothing. Raises KeyReused, LotAlreadyRecalled, Missing, ReasonRequired.
    """
    reason, advice = (" ".join(text.split())[:MAX_RECALL_TEXT] for text in (reason, advice))
    for field, text in (("reason", reason), ("advice", advice)):
        if not text:
            raise ReasonRequired(field=field)
    lots = Lot.objects.for_cooperative(cooperative) if cooperative is not None else Lot.objects.all()
    found = lots.filter(pk=lot_id).first()
    if found is None:
        raise Missing()
    lot = lock_lot(found)
    if was_done_with_key(idempotency_key, "lot.recalled", lot):
        return
    if lot.is_recalled:
        raise LotAlreadyRecalled()
    recall = Recall.objects.create(lot=lot, reason=reason, advice=advice, started_at=now)
    raise_recall_alert(recall, known_by=actor.user_id, now=now)
    save_recalled(lot, now)
    record_change(
        "lot.recalled",
        lot,
        actor=actor,
        now=now,
        cooperative_id=lot.variant.cooperative_id,
        data={"number": lot.code},
        reason=reason,
        idempotency_key=idempotency_key,
    )
    if cooperative is None:
        notify_cooperative_of_recall(recall, now=now)
    after_commit(send_recall_notices_task.delay)


@transaction.atomic(durable=True)
def end_recall(*, recall_id: int, reason: str, actor: Actor, now: datetime.datetime) -> None:
    """Release a recalled lot, with a reason that its notices' pages show. Only the desk calls it.

    Everyone who was notified of the recall is notified of its end. Raises Missing, ReasonRequired,
    RecallEnded.
    """
    reason = " ".join(reason.split())[:MAX_RECALL_TEXT]
    if not reason:
        raise ReasonRequired(field="reason")
    found = Recall.objects.filter(pk=recall_id).select_related("lot").first()
    if found is None:
        raise Missing()
    lot = lock_lot(found.lot)
    if not Recall.objects.open().filter(pk=recall_id).update(ended_at=now, end_reason=reason):
        raise RecallEnded()
    save_recalled(lot, None)
    record_change(
        "lot.recall_ended",
        lot,
        actor=actor,
        now=now,
        cooperative_id=lot.variant.cooperative_id,
        data={"number": lot.code},
        reason=reason,
    )
    notify_cooperative_of_end(Recall.objects.get(pk=recall_id), now=now)
    after_commit(send_recall_notices_task.delay)


@transaction.atomic(durable=True)
def confirm_recall_read(*, notice_id: uuid.UUID, now: datetime.datetime) -> None:
    """Record that a buyer has read the notice. Only the first time is recorded. Raises Missing."""
    notice = lock_row(RecallNotice.objects.filter(pk=notice_id))
    if notice is None:
        raise Missing()
    if notice.read_at is None:
        notice.read_at = now
        notice.save(update_fields=["read_at"])


def send_recall_notices(*, now: datetime.datetime) -> int:
    """Send the notices of open recalls that are not sent yet, and return how many were sent.

    It looks for parcels again each time, because a phone may record later that a parcel left before the
    recall.
    """
    for recall in Recall.objects.open().select_related("lot").order_by("pk"):
        _create_notices(recall, now=now)
    return run_each(
        RecallNotice.objects.unsent().values_list("pk", flat=True),
        lambda key: _send_notice(key, now=now),
        sweep="orders.send_recall_notices",
        max_count=_BATCH_SIZE,
    )


def send_recall_ends(*, now: datetime.datetime) -> int:
    """Tell those who were told of a recall that it has ended, and return how many."""
    return run_each(
        RecallNotice.objects.with_unsent_end().values_list("pk", flat=True),
        lambda key: _send_end(key, now=now),
        sweep="orders.send_recall_notices",
        max_count=_BATCH_SIZE,
    )


def _create_notices(recall: Recall, *, now: datetime.datetime) -> None:
    dispatched = ParcelLine.objects.dispatched_with_lot(recall.lot).order_by()
    orders = Order.objects.filter(pk__in=dispatched.values("parcel__part__order"))
    missing = orders.exclude(pk__in=recall.notices.values("order")).order_by("pk")
    notices = [RecallNotice(recall=recall, order=order, created_at=now) for order in missing]
    RecallNotice.objects.bulk_create(notices, ignore_conflicts=True)


@transaction.atomic(durable=True)
def _send_notice(notice_id: uuid.UUID, *, now: datetime.datetime) -> None:
    notice = lock_row(RecallNotice.objects.unsent().filter(pk=notice_id))
    if notice is None:
        return
    notify_recall(notice, now=now)
    notice.notified_at = now
    notice.save(update_fields=["notified_at"])


@transaction.atomic(durable=True)
def _send_end(notice_id: uuid.UUID, *, now: datetime.datetime) -> None:
    notice = lock_row(RecallNotice.objects.with_unsent_end().filter(pk=notice_id))
    if notice is None:
        return
    notify_recall_end(notice, now=now)
    notice.end_notified_at = now
    notice.save(update_fields=["end_notified_at"])


@shared_task(name="orders.send_recall_notices")
def send_recall_notices_task() -> None:
    """Sweep: tell the buyers of recalled lots, and of recalls that have ended."""
    while send_recall_notices(now=timezone.now()) == _BATCH_SIZE:
        pass
    while send_recall_ends(now=timezone.now()) == _BATCH_SIZE:
        pass
