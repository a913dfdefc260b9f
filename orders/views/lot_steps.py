"""The way of a lot as anybody may read it: members' notes, and the steps that follow from stock and parcels.

Steps of parcels are days without numbers, places and people: what one buyer did with the lot cannot be read
from them.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Max, Min, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from catalog.models import Lot, Movement, MovementReason, Recall
from orders.models import ParcelLine
from orders.states import OUTGOING_KINDS
from shop.core.dates.calendar import vietnam_date

MAX_NOTES = 100


@dataclass(frozen=True, slots=True)
class LotStep:
    """A step of a lot, at a moment or on days. `is_noted` marks words of a member, in one language only."""

    title: str
    first: datetime.datetime
    last: datetime.datetime
    is_noted: bool = False
    is_recall: bool = False
    has_clock: bool = True

    @property
    def stated_time(self) -> str:
        """The time for machines, as exact as people read it."""
        return self.first.isoformat() if self.has_clock else f"{vietnam_date(self.first)}"

    @property
    def is_on_one_day(self) -> bool:
        return vietnam_date(self.first) == vietnam_date(self.last)


def build_lot_steps(lot: Lot, recall: Recall | None) -> list[LotStep]:
    """Return a lot's steps, oldest first. It takes three queries."""
    notes = lot.stages.order_by("happened_at", "pk")[:MAX_NOTES]
    steps = [LotStep(note.title, note.happened_at, note.happened_at, is_noted=True) for note in notes]
    received = Movement.objects.filter(lot=lot, reason=MovementReason.RECEIPT).aggregate(
        first=Min(Coalesce("happened_at", "created_at"))
    )["first"]
    if received is not None:
        steps.append(LotStep(_("Received in the cooperative's warehouse"), received, received))
    steps += _read_parcel_steps(lot)
    if recall is not None:
        steps.append(
            LotStep(_("Recalled and no longer sold"), recall.started_at, recall.started_at, is_recall=True)
        )
    return sorted(steps, key=lambda step: step.first)


def _read_parcel_steps(lot: Lot) -> list[LotStep]:
    """Return the days on which parcels with the lot were packed, left, and arrived."""
    on_coach = ~Q(parcel__vehicle="")
    lines = ParcelLine.objects.of_lot(lot).filter(parcel__kind__in=OUTGOING_KINDS)
    titles = {
        "packed": (_("Packed for buyers"), "parcel__packed_at", Q()),
        "handed_over": (_("Handed over for delivery"), "parcel__handed_over_at", ~on_coach),
        "coach": (_("Left by coach"), "parcel__handed_over_at", on_coach),
        "delivered": (_("Delivered"), "parcel__delivered_at", Q()),
    }
    days = lines.aggregate(
        **{f"{name}_first": Min(column, filter=rule) for name, (_title, column, rule) in titles.items()},
        **{f"{name}_last": Max(column, filter=rule) for name, (_title, column, rule) in titles.items()},
    )
    return [
        LotStep(title, days[f"{name}_first"], days[f"{name}_last"], has_clock=False)
        for name, (title, _column, _rule) in titles.items()
        if days[f"{name}_first"] is not None
    ]
