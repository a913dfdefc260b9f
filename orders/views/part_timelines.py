"""An order's parts with their timelines, and what their buyer may do, on the order page."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Prefetch
from django.utils.translation import get_language

from catalog.models import Lot, Variant
from orders.actions.complaints.file_complaint import complaint_deadline
from orders.actions.fulfilment.undo_receipt import find_undoable_receipts
from orders.actions.fulfilment.undo_steps import UNDO_PERIOD
from orders.models import (
    Complaint,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    RefundLine,
    parcel_position_labels,
    translate_delivery_method_names,
)
from orders.states import (
    ARRIVED_PROGRESS,
    DISPATCHED_STATES,
    PARTLY_ARRIVED_PROGRESS,
    CodState,
    ComplaintState,
    ParcelState,
    Progress,
)
from orders.views.refund_page import RefundDisplay
from orders.views.timeline import TimelineEntry, build_timeline
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Picture, shop_settings, show_in_language, untranslated_fields


@dataclass(frozen=True, slots=True)
class PartTimeline:
    """A part with its entries and parcels, and the actions that its buyer may take.

    `refunded_line_ids` are those of fully refunded lines. `current_names` maps lines whose names were not
    recorded in the page's language to their current names in it. `receipt_undoable_until` is None unless the
    buyer has just confirmed the receipt.
    """

    part: OrderPart
    entries: list[TimelineEntry]
    parcels: list[Parcel]
    picture: Picture | None
    complaints: Sequence[Complaint]
    refunded_line_ids: Collection[uuid.UUID]
    current_names: Mapping[uuid.UUID, str]
    complaint_until: datetime.datetime | None
    receipt_undoable_until: datetime.datetime | None
    now: datetime.datetime

    @property
    def lines(self) -> list[tuple[OrderLine, str]]:
        """The lines, each with its current product name if that helps."""
        return [(line, self.current_names.get(line.pk, "")) for line in self.part.lines.all()]

    @property
    def possible_increase(self) -> int:
        """The most by which weighing can raise the part's cost without the buyer's consent, in minor units.

        It is zero for a part that has ended.
        """
        return self.agreed_increase if self.part.is_active else 0

    @property
    def agreed_increase(self) -> int:
        """The most by which unweighed lines can exceed their estimate, even if the part has ended."""
        return sum(line.maximum_gross - line.total_gross for line in self.unweighed_lines)

    @property
    def unweighed_lines(self) -> list[OrderLine]:
        return [line for line in self.part.lines.all() if line.is_to_weigh]

    @property
    def maximum_gross(self) -> int:
        """The most that the part costs, or would have cost if it ended unpaid."""
        return self.part.maximum_gross if self.has_agreed_sum else self.part.total_gross

    @property
    def has_agreed_sum(self) -> bool:
        """Whether unweighed lines cost the agreed maximum. Otherwise their estimate was refunded."""
        return self.part.is_active or not self.part.order.charged

    @property
    def open_complaint(self) -> Complaint | None:
        return next((complaint for complaint in self.complaints if complaint.is_open), None)

    @property
    def may_complain(self) -> bool:
        """Whether items have arrived that were not refunded, and the complaint period is not over."""
        return self._has_items_to_complain_about and not self.complaint_period_ended_at

    @property
    def may_still_complain(self) -> bool:
        """Whether the buyer may complain about the part now or once it has arrived."""
        return self.part.is_active and not self.complaint_period_ended_at

    @property
    def complaint_period_ended_at(self) -> datetime.datetime | None:
        """The end of the complaint period, if it is over for all items that the buyer has."""
        if self.complaint_until is None or self.now < self.complaint_until:
            return None
        is_over = self._has_items_to_complain_about
        return self.complaint_until - datetime.timedelta(seconds=1) if is_over else None

    @property
    def _has_items_to_complain_about(self) -> bool:
        has_arrived = self.part.progress in PARTLY_ARRIVED_PROGRESS - {Progress.RETURNED}
        unrefunded = [line for line in self.part.lines.all() if line.pk not in self.refunded_line_ids]
        return has_arrived and bool(unrefunded) and self.open_complaint is None

    @property
    def has_arrived(self) -> bool:
        """Whether all of it has arrived, or came back afterwards."""
        return self.part.progress in ARRIVED_PROGRESS

    @property
    def arrived_at(self) -> datetime.datetime | None:
        """When the last of the part's parcels arrived, once all of them have."""
        times = [parcel.delivered_at for parcel in self.parcels if parcel.delivered_at is not None]
        return max(times, default=None) if self.has_arrived else None

    @property
    def is_awaiting_cash(self) -> bool:
        """Whether none of the part has arrived yet, so that its cash was not collected either."""
        is_cash_collected = any(parcel.cod_collected_at is not None for parcel in self.parcels)
        has_arrived = self.part.progress in PARTLY_ARRIVED_PROGRESS
        return self.part.is_active and not has_arrived and not is_cash_collected

    @property
    def is_late(self) -> bool:
        """Whether a parcel is on its way although the last day on which it was expected is over."""
        until = self.part.expected_until
        return self.may_receive and until is not None and until < vietnam_date(self.now)

    @property
    def may_cancel(self) -> bool:
        return self.part.may_be_cancelled(self.parcels, is_by_buyer=True)

    @property
    def may_receive(self) -> bool:
        return any(parcel.state == ParcelState.HANDED_OVER for parcel in self.parcels)

    @property
    def cash_on_the_way(self) -> int:
        """The cash that parcels on their way still collect, in minor units."""
        return sum(
            parcel.cod_expected
            for parcel in self.parcels
            if parcel.state == ParcelState.HANDED_OVER and parcel.cod_state == CodState.EXPECTED
        )

    @property
    def lots(self) -> list[Lot]:
        """The lots in its parcels, each once."""
        lines = [line for parcel in self.parcels for line in parcel.lines.all()]
        return list({line.lot.pk: line.lot for line in lines if line.lot is not None}.values())

    @property
    def dispatched_parcels(self) -> list[tuple[str, Parcel]]:
        """The dispatched parcels, each with its number of the total."""
        labels = parcel_position_labels(self.parcels)
        return [
            (labels.get(parcel.pk, ""), parcel)
            for parcel in self.parcels
            if parcel.state in DISPATCHED_STATES
        ]


def load_part_timelines(
    order: Order,
    refund_displays: Sequence[RefundDisplay],
    *,
    has_transfer_in_review: bool,
    now: datetime.datetime,
) -> list[PartTimeline]:
    """Load the parts of an order with their timelines, in the page's language. Do not save them.

    `has_transfer_in_review` tells whether a bank transfer that names the order awaits manual review.
    """
    parts = _load_parts(order)
    parcels = _load_parcels_by_part(order)
    pictures = _read_pictures_by_part(parts)
    current_names = _read_current_names(order, parts)
    complaints = _load_complaints_by_part(order)
    refund_entries = _refund_entries_by_part(refund_displays)
    refunded_lines = (
        RefundLine.objects.filter(order_line__order=order).fully_refunded_lines()
        if refund_displays
        else set()
    )
    complaint_days = shop_settings().complaint_days
    undoable_until = _find_receipt_undo_deadlines(
        [parcel for rows in parcels.values() for parcel in rows], complaints, now
    )
    timelines = []
    for part in parts:
        all_parcels = parcels.get(part.pk, [])
        part_complaints = complaints.get(part.pk, [])
        timelines.append(
            PartTimeline(
                part=part,
                entries=build_timeline(
                    part,
                    all_parcels,
                    complaints=part_complaints,
                    refund_entries=refund_entries.get(part.pk, []),
                    has_transfer_in_review=has_transfer_in_review,
                ),
                parcels=[parcel for parcel in all_parcels if parcel.is_active_outgoing],
                picture=pictures.get(part.pk),
                complaints=part_complaints,
                refunded_line_ids=refunded_lines,
                current_names=current_names,
                complaint_until=_complaint_deadline(part, all_parcels, refunded_lines, complaint_days),
                receipt_undoable_until=undoable_until.get(part.pk),
                now=now,
            )
        )
    return timelines


def _find_receipt_undo_deadlines(
    parcels: Sequence[Parcel], complaints: Mapping[int, Sequence[Complaint]], now: datetime.datetime
) -> dict[int, datetime.datetime]:
    """Return the deadlines for undoing receipts, by part. A part with a complaint since has none."""
    return {
        parcel.part_id: parcel.delivered_at + UNDO_PERIOD
        for parcel in find_undoable_receipts(parcels, now)
        if parcel.delivered_at is not None
        and not any(
            complaint.created_at >= parcel.delivered_at and complaint.state != ComplaintState.WITHDRAWN
            for complaint in complaints.get(parcel.part_id, ())
        )
    }


def _load_parts(order: Order) -> list[OrderPart]:
    parts = list(
        order.parts.select_related("cooperative", "delivery_method")
        .prefetch_related(
            Prefetch("lines", OrderLine.objects.in_order().annotate(product_slug=F("variant__product__slug")))
        )
        .order_by("number")
    )
    show_in_language([part.cooperative for part in parts], "name")
    translate_delivery_method_names(parts)
    return parts


def _load_parcels_by_part(order: Order) -> dict[int, list[Parcel]]:
    parcels: dict[int, list[Parcel]] = {}
    rows = Parcel.objects.filter(part__order=order).select_related("slip").in_order()
    for parcel in rows.prefetch_related(
        Prefetch("lines", ParcelLine.objects.select_related("lot").order_by("pk"))
    ):
        parcels.setdefault(parcel.part_id, []).append(parcel)
    return parcels


def _read_pictures_by_part(parts: list[OrderPart]) -> dict[int, Picture]:
    """Return the first picture of each part, by part id."""
    keys = {
        part.pk: next((line.picture_key for line in part.lines.all() if line.picture_key), None)
        for part in parts
    }
    pictures = Picture.objects.in_bulk([key for key in keys.values() if key])
    return {part: pictures[key] for part, key in keys.items() if key in pictures}


def _read_current_names(order: Order, parts: Sequence[OrderPart]) -> dict[uuid.UUID, str]:
    """Return current product names in the page's language, by line id, for lines sold without a name in it.

    They are only shown beside the agreed names, and not for products renamed since the sale. It takes three
    queries, or none if the page is in the shop's default language.
    """
    page_language = get_language()
    lines = [
        line
        for part in parts
        for line in part.lines.all()
        if page_language != settings.LANGUAGE_CODE
        and not (line.translated_product_name and order.language == page_language)
    ]
    if not lines:
        return {}
    keys = {line.variant_id for line in lines}
    variants = Variant.objects.select_related("product").in_bulk([key for key in keys if key])
    unrenamed = [
        (line, variant)
        for line in lines
        for variant in [variants.get(line.variant_id or 0)]
        if variant and (variant.product.name, variant.name) == (line.product_name, line.variant_name)
    ]
    show_in_language([variant.product for _line, variant in unrenamed], "name")
    show_in_language([variant for _line, variant in unrenamed], "name")
    return {
        line.pk: ", ".join(
            item.name
            for item in (variant.product, variant)
            if item.name and "name" not in untranslated_fields(item)
        )
        for line, variant in unrenamed
        if "name" not in untranslated_fields(variant.product)
    }


def _load_complaints_by_part(order: Order) -> dict[int, list[Complaint]]:
    complaints: dict[int, list[Complaint]] = {}
    rows = Complaint.objects.filter(part__order=order).with_refused_photos().with_displayed_rows()
    for complaint in rows.order_by("created_at", "pk"):
        complaints.setdefault(complaint.part_id, []).append(complaint)
    return complaints


def _refund_entries_by_part(
    refund_displays: Sequence[RefundDisplay],
) -> dict[int | None, list[TimelineEntry]]:
    entries: dict[int | None, list[TimelineEntry]] = {}
    for refund_display in refund_displays:
        entries.setdefault(refund_display.refund.part_id, []).append(refund_display.timeline_entry)
    return entries


def _complaint_deadline(
    part: OrderPart, parcels: Sequence[Parcel], refunded_line_ids: Collection[uuid.UUID], days: int
) -> datetime.datetime | None:
    """Return the buyer's deadline to complain about the part's last items, or None if nothing has arrived."""
    lines = {line.pk: line for line in part.lines.all() if line.pk not in refunded_line_ids}
    deadlines = [
        complaint_deadline(
            lines[row.order_line_id], parcel.delivered_at, days=days, hours=part.cooperative.complaint_hours
        )
        for parcel in parcels
        if parcel.is_outgoing and parcel.delivered_at is not None and parcel.state == ParcelState.DELIVERED
        for row in parcel.lines.all()
        if row.order_line_id in lines
    ]
    return max(deadlines, default=None)
