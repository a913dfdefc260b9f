"""What rows of orders' parts say beside their columns: lots, pictures, what is missing, what is next."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import translation

from catalog.models import Lot, LotBalance, Variant
from cooperatives.models import Cooperative
from orders.actions.fulfilment.lot_picks import suggest_lots
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import OrderLine, OrderPart, Parcel, ParcelLine, Refund
from orders.models.part import OrderPartQuerySet
from orders.states import ARRIVED_PROGRESS, CashHolder, CodState, ParcelState, PartState
from orders.trace_links import lot_trace_address
from shop.members.order_texts import lot_texts
from shop.members.sync.product_facts import read_thumbnails

Row = dict[str, Any]
PARCEL_CONTENTS = Prefetch(
    "parcels__lines", queryset=ParcelLine.objects.select_related("order_line", "lot__variant")
)


def open_parts(cooperative: Cooperative) -> OrderPartQuerySet:
    """Return the parts that phones keep: those that have not arrived or ended, or whose cash is unrecorded.

    Cash that a carrier collects is recorded from the carrier's statement, not by members.
    """
    unrecorded_cash = Parcel.objects.filter(
        part=OuterRef("pk"), state=ParcelState.DELIVERED, cod_state=CodState.EXPECTED
    ).exclude(cod_holder=CashHolder.CARRIER)
    return OrderPart.objects.for_cooperative(cooperative).filter(
        (Q(state=PartState.NEW) | Q(state=PartState.ACCEPTED))
        & (~Q(progress__in=ARRIVED_PROGRESS) | Exists(unrecorded_cash))
    )


def suggest_lots_to_take(
    cooperative: Cooperative, lines: Collection[OrderLine], today: datetime.date
) -> dict[uuid.UUID, Row]:
    """Say from which lots to take the open lines, and which lots there are.

    All open parts with the same variants are served in their order, so that no lot is suggested twice. This
    includes new ones: a phone may accept and pack them without a network.
    """
    variants = {line.variant_id for line in lines}
    if not LotBalance.objects.filter(stock__variant__in=variants).exclude(on_hand=0).exists():
        return {}
    sharing = OrderLine.objects.filter(part__in=open_parts(cooperative), variant__in=variants)
    sharing_lines = list(sharing.order_by("part", "position", "pk"))
    still_open = read_unpacked_quantities(sharing_lines)
    quantities = {line: still_open[line.pk] for line in sharing_lines if still_open[line.pk] > 0}
    suggestions = suggest_lots(quantities, today=today)
    return {
        line.pk: {
            "lots": lot_texts(line, suggestions[line.pk].picks),
            "lot_picks": [[lot and lot.pk, quantity] for lot, quantity in suggestions[line.pk].picks],
            "lot_choices": [
                {
                    "id": lot.pk,
                    "code": lot.code,
                    "expires_on": lot.expires_on,
                    "trace": lot_trace_address(lot),
                }
                for lot in suggestions[line.pk].lots
            ],
        }
        for line in lines
        if line.pk in suggestions
    }


def missing_items(part: OrderPart, refunds: Iterable[Refund]) -> list[str]:
    """Return what is missing, as a message to the buyer names it."""
    with translation.override(part.order.language):
        return [label for refund in refunds for label in refund.missing_labels]


def read_stages(ids: Collection[int]) -> dict[int, list[str]]:
    """Return the steps that each part waits for. A part with several parcels may wait for several steps."""
    parts = OrderPart.objects.filter(pk__in=ids)
    steps = {
        "accept": parts.awaiting_acceptance(),
        "pack": parts.to_pack(),
        "hand_over": parts.awaiting_handover(),
        "on_the_way": parts.on_the_way(),
    }
    stages: dict[int, list[str]] = {}
    for stage, rows in steps.items():
        for part_id in rows.values_list("pk", flat=True):
            stages.setdefault(part_id, []).append(stage)
    return stages


def undispatched_lots(parcel: Parcel) -> list[Lot]:
    """Return the lots in a parcel that is not sent yet, each once. They are on its label."""
    if parcel.state not in (ParcelState.PACKING, ParcelState.PACKED, ParcelState.FAILED_DELIVERY):
        return []
    rows = sorted(parcel.lines.all(), key=lambda row: row.pk)
    return list({row.lot.pk: row.lot for row in rows if row.lot is not None}.values())


def read_pictures(lines: Iterable[OrderLine]) -> dict[int, str]:
    """Return the address of the first photo of each variant's product in a small size, by variant."""
    ids = {line.variant_id for line in lines if line.variant_id is not None}
    products = dict(Variant.objects.filter(pk__in=ids).values_list("pk", "product"))
    addresses = read_thumbnails(set(products.values()))
    return {variant: addresses[product] for variant, product in products.items() if product in addresses}
