"""Receive stock as a lot, count a lot, and note what happened to it."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import (
    MAX_COUNTED_QUANTITY,
    InvalidStockCount,
    lock_stock_row,
    record_movement,
    record_movement_and_change,
    refresh_availability,
)
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import Lot, LotBalance, LotStage, Movement, MovementReason, Stock
from catalog.models.lot import draw_lot_code
from cooperatives.models import Certificate, Cooperative, Producer, Warehouse
from cooperatives.states import CertificateState
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.models import record_change, was_done_with_key

MAX_STAGE_LENGTH = 120


class InvalidLotDates(Refused):
    code = "invalid_lot_dates"
    default_message = _("The harvest cannot be in the future, nor after the expiry date.")


class InvalidStage(Refused):
    code = "invalid_stage"
    default_message = _("Enter what was done, and a time that has passed.")


@dataclass(frozen=True, slots=True)
class LotDetails:
    """A new lot as entered by members. The household and certificate are the cooperative's own."""

    harvested_on: datetime.date | None = None
    expires_on: datetime.date | None = None
    producer_id: int | None = None
    certificate_id: int | None = None


@transaction.atomic(durable=True)
def receive_lot(
    *,
    cooperative: Cooperative,
    variant_id: int,
    warehouse_id: uuid.UUID,
    quantity: int,
    details: LotDetails,
    note: str = "",
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Lot:
    """Record a receipt as a new lot. A repeated `idempotency_key` returns the first lot.

    `happened_at` is when the stock arrived, if that is recorded later. Raises ForbiddenWords,
    InvalidLotDates, InvalidStockCount, and Missing (also for a closed warehouse, and for a household or
    certificate of another cooperative).
    """
    if not 1 <= quantity <= MAX_COUNTED_QUANTITY:
        raise InvalidStockCount(field="quantity")
    if not Warehouse.objects.for_cooperative(cooperative).open().filter(pk=warehouse_id).exists():
        raise Missing()
    _require_valid_details(details, cooperative, today=vietnam_date(now))
    stock = lock_stock_row(cooperative=cooperative, variant_id=variant_id, warehouse_id=warehouse_id)
    existing = (
        Lot.objects.filter(movements__idempotency_key=idempotency_key).first() if idempotency_key else None
    )
    if existing is not None:
        return existing
    lot = _create_lot(variant_id, details, now=now)
    record_movement_and_change(
        stock,
        quantity,
        reason=MovementReason.RECEIPT,
        note=note,
        lot_id=lot.pk,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    record_change(
        "lot.received",
        lot,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"number": lot.code, "variant": variant_id, "count": quantity},
    )
    refresh_availability(variant_ids={variant_id})
    return lot


@transaction.atomic(durable=True)
def count_lot(
    *,
    cooperative: Cooperative,
    lot_id: int,
    warehouse_id: uuid.UUID,
    counted_quantity: int,
    counted_at: datetime.datetime | None = None,
    note: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Stock:
    """Set a lot's balance in a warehouse to a count, by a movement of the difference.

    If the whole stock was counted lower than its lots, the balances of the lots exceed the stock. A lot that
    is then counted lower explains this difference, and the stock on hand falls only by the rest.

    A count that is recorded later is compared with the balance at `counted_at`. If the lot was counted again
    since then, the later count stands. A repeated `idempotency_key` changes nothing. Raises
    InvalidStockCount, Missing.
    """
    if not 0 <= counted_quantity <= MAX_COUNTED_QUANTITY:
        raise InvalidStockCount(field="quantity")
    lot = find_lot(cooperative, lot_id)
    stock = lock_stock_row(cooperative=cooperative, variant_id=lot.variant_id, warehouse_id=warehouse_id)
    if idempotency_key is not None and Movement.objects.filter(idempotency_key=idempotency_key).exists():
        return stock
    before, is_superseded = _read_balance_at(stock, lot, counted_at)
    difference = 0 if is_superseded else counted_quantity - before
    in_lots = LotBalance.objects.filter(stock=stock).aggregate(sum=Sum("on_hand", default=0))["sum"]
    beyond_lots = stock.on_hand - in_lots
    record_movement(
        stock,
        difference,
        reason=MovementReason.COUNT,
        happened_at=counted_at,
        lot_id=lot.pk,
        note=note,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    explained = min(-difference, -beyond_lots)
    if explained > 0:
        record_movement(stock, explained, reason=MovementReason.CORRECTION, note=note, actor=actor, now=now)
    record_change(
        "lot.counted",
        lot,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"number": lot.code, "from": before, "to": counted_quantity},
    )
    refresh_availability(variant_ids={lot.variant_id})
    return stock


@transaction.atomic(durable=True)
def add_lot_stage(
    *,
    cooperative: Cooperative,
    lot_id: int,
    title: str,
    happened_at: datetime.datetime,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Note what happened to a lot and when. Buyers see the note. A correction is another note.

    A repeated `idempotency_key` changes nothing. Raises ForbiddenWords, InvalidStage, KeyReused, Missing.
    """
    title = " ".join(title.split())
    if not title or len(title) > MAX_STAGE_LENGTH or happened_at > now:
        raise InvalidStage(field="title" if happened_at <= now else "happened_at")
    require_allowed_texts({"title": title})
    lot = lock_row(Lot.objects.for_cooperative(cooperative).filter(pk=lot_id))
    if lot is None:
        raise Missing()
    if was_done_with_key(idempotency_key, "lot.stage_added", lot):
        return
    LotStage.objects.create(
        lot=lot,
        title=title,
        happened_at=happened_at,
        created_at=now,
        actor_kind=actor.kind,
        actor_key=actor.key,
        entry_point=actor.entry_point,
    )
    record_change(
        "lot.stage_added",
        lot,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"number": lot.code},
        reason=title,
        idempotency_key=idempotency_key,
    )


def find_lot(cooperative: Cooperative, lot_id: int) -> Lot:
    """Return the cooperative's lot. Raises Missing."""
    lot = Lot.objects.for_cooperative(cooperative).filter(pk=lot_id).first()
    if lot is None:
        raise Missing()
    return lot


def _create_lot(variant_id: int, details: LotDetails, *, now: datetime.datetime) -> Lot:
    return Lot.objects.create(
        variant_id=variant_id,
        code=draw_lot_code(),
        harvested_on=details.harvested_on,
        expires_on=details.expires_on,
        producer_id=details.producer_id,
        certificate_id=details.certificate_id,
        created_at=now,
    )


def _read_balance_at(stock: Stock, lot: Lot, moment: datetime.datetime | None) -> tuple[int, bool]:
    """Return the lot's balance at a moment, and whether it was counted since. None means now."""
    balances = LotBalance.objects.filter(stock=stock, lot=lot)
    balance = balances.values_list("on_hand", flat=True).first() or 0
    if moment is None:
        return balance, False
    later = Movement.objects.filter(stock=stock, lot=lot).after(moment)
    moved_since: int = later.aggregate(sum=Sum("quantity", default=0))["sum"]
    return balance - moved_since, later.filter(reason=MovementReason.COUNT).exists()


def _require_valid_details(details: LotDetails, cooperative: Cooperative, *, today: datetime.date) -> None:
    if details.harvested_on is not None and details.harvested_on > today:
        raise InvalidLotDates(field="harvested_on")
    harvested_on = details.harvested_on or details.expires_on
    if harvested_on is not None and details.expires_on is not None and harvested_on > details.expires_on:
        raise InvalidLotDates(field="expires_on")
    households = Producer.objects.for_cooperative(cooperative)
    if details.producer_id is not None and not households.filter(pk=details.producer_id).exists():
        raise Missing()
    certificates = Certificate.objects.for_cooperative(cooperative).filter(state=CertificateState.CONFIRMED)
    if details.certificate_id is not None and not certificates.filter(pk=details.certificate_id).exists():
        raise Missing()
