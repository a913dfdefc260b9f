from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import models
from django.db.models import Case, F, Q, Sum, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from catalog.models import Lot, Stock
from cooperatives.models import PICKUP_KINDS, Cooperative, Warehouse
from orders.models.line import OrderLine
from orders.models.order import OrderSource
from orders.models.part import OrderPart
from orders.states import (
    CASH_NOT_RECEIVED,
    DISPATCHED_STATES,
    OUTGOING_KINDS,
    RETURN_KINDS,
    CashHolder,
    CodState,
    ParcelKind,
    ParcelState,
    PartState,
)
from shop.content.models import Page
from shop.core.models import Picture, WithMetadata, WithTimes

CASH_SHORTFALL = Q(cod_collected_at__isnull=False, cod_collected__lt=F("cod_expected"))


class ParcelQuerySet(models.QuerySet["Parcel"]):
    def for_cooperative(self, cooperative: Cooperative) -> ParcelQuerySet:
        return self.filter(part__cooperative=cooperative)

    def active_outgoing(self) -> ParcelQuerySet:
        """Return outgoing parcels (dispatches and replacements) that are not voided."""
        return self.filter(kind__in=OUTGOING_KINDS).exclude(state=ParcelState.VOIDED)

    def dispatches(self) -> ParcelQuerySet:
        """Return parcels of the original order that are not voided. Replacements are not counted again."""
        return self.filter(kind=ParcelKind.DISPATCH).exclude(state=ParcelState.VOIDED)

    def in_order(self) -> ParcelQuerySet:
        return self.order_by("part", "number", "pk")

    def awaiting_labels(self) -> ParcelQuerySet:
        """Return outgoing parcels of accepted parts that are picked or packed and not handed over yet."""
        undispatched = [ParcelState.PACKING, ParcelState.PACKED]
        return self.filter(kind__in=OUTGOING_KINDS, state__in=undispatched, part__state=PartState.ACCEPTED)

    def awaiting_dispatch(self) -> ParcelQuerySet:
        """Return outgoing parcels of accepted parts that a carrier can take, also after a failed delivery."""
        ready = [ParcelState.PACKED, ParcelState.FAILED_DELIVERY]
        rows = self.filter(kind__in=OUTGOING_KINDS, state__in=ready, part__state=PartState.ACCEPTED)
        return rows.exclude(part__delivery_kind__in=PICKUP_KINDS)

    def with_label_rows(self) -> ParcelQuerySet:
        """Load the rows that a label shows, which are order, address and lines."""
        parcels = self.select_related("part__order__shipping_address")
        return parcels.prefetch_related("lines__order_line", "lines__lot__variant")

    def with_unremitted_cash(self) -> ParcelQuerySet:
        """Return parcels whose collected cash the platform has yet to receive.

        Either delivered without a report, or collected by a carrier or cooperative. Annotates `owed` (minor
        units) and `since` (the time of collection or, if unreported, of delivery). Cash of a parcel that was
        voided later is still owed. Cash of counter sales stays with the cooperative.
        """
        rows = self.filter(
            Q(cod_state__in=sorted(CASH_NOT_RECEIVED))
            | Q(cod_state=CodState.EXPECTED, state=ParcelState.DELIVERED)
        )
        return rows.exclude(part__order__source=OrderSource.COUNTER).annotate(
            owed=Case(
                When(cod_state=CodState.EXPECTED, then=F("cod_expected")),
                default=F("cod_collected"),
                output_field=models.BigIntegerField(),
            ),
            since=Coalesce("cod_collected_at", "delivered_at", "created_at"),
        )

    def is_cash_being_checked(self) -> bool:
        """Return whether some delivered parcels' cash is not recorded yet, and no cash was short."""
        is_unrecorded = self.filter(cod_state=CodState.EXPECTED, state=ParcelState.DELIVERED).exists()
        return is_unrecorded and not self.with_cash_shortfall().exists()

    def with_cash_shortfall(self) -> ParcelQuerySet:
        """Return parcels collected short whose buyer still owes, until staff decide who bears the rest."""
        still_owed_filter = Q(part__order__current_total_gross__gt=F("part__order__charged"))
        return self.filter(CASH_SHORTFALL, still_owed_filter, cod_shortfall_resolved_at=None)

    def of_carrier(self, name: str) -> ParcelQuerySet:
        return self.filter(cod_holder=CashHolder.CARRIER, carrier=name)


class Parcel(WithMetadata, WithTimes):
    """A dispatched or returned parcel, with a timestamp for each state.

    `label_code` follows the order's code on the label, "TA7K2M-2": a number that counts the order's parcels,
    without those of items that are not sent, or the letters that a phone chose without a network.
    `cod_expected` and `cod_collected` are minor units of the order's currency. `cod_holder` says who holds
    the cash (or will, once the parcel has left). `pickup_code` authenticates the collector.
    `idempotency_key` is that of the phone that created the parcel.
    """

    part = models.ForeignKey(OrderPart, models.CASCADE, related_name="parcels")
    number = models.PositiveIntegerField(help_text=_("Position among the order's parcels, from 1."))
    label_code = models.CharField(max_length=12, blank=True, default="")
    kind = models.CharField(max_length=20, choices=ParcelKind, default=ParcelKind.DISPATCH)
    state = models.CharField(max_length=20, choices=ParcelState, default=ParcelState.PACKING)
    warehouse = models.ForeignKey(Warehouse, models.PROTECT, related_name="parcels", null=True, blank=True)
    carrier = models.CharField(max_length=120, blank=True, default="")
    tracking_number = models.CharField(max_length=120, blank=True, default="")
    tracking_url = models.URLField(max_length=500, blank=True, default="")
    vehicle = models.CharField(
        max_length=60, blank=True, default="", help_text=_("Number plate of the coach.")
    )
    driver_phone = models.CharField(max_length=40, blank=True, default="")
    complaint = models.ForeignKey("Complaint", models.PROTECT, related_name="parcels", null=True, blank=True)
    slip = models.ForeignKey(Picture, models.SET_NULL, related_name="+", null=True, blank=True)
    pickup_code = models.CharField(max_length=12, blank=True, default="")
    note = models.TextField(blank=True, default="")
    cod_state = models.CharField(max_length=12, choices=CodState, default=CodState.NONE)
    cod_expected = models.BigIntegerField(default=0)
    cod_collected = models.BigIntegerField(default=0)
    cod_holder = models.CharField(max_length=12, choices=CashHolder, blank=True, default="")
    cash_difference_reason = models.CharField(
        max_length=500,
        blank=True,
        default="",
        help_text=_("Why the collected amount differs from the expected one."),
    )
    cod_collected_at = models.DateTimeField(null=True, blank=True)
    cod_remitted_at = models.DateTimeField(null=True, blank=True)
    cod_reconciled_at = models.DateTimeField(null=True, blank=True)
    cod_shortfall_resolved_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When staff decided who bears the missing cash.")
    )
    packed_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    failure_reason = models.TextField(blank=True, default="", help_text=_("Why it failed or was voided."))
    return_reason = models.TextField(blank=True, default="", help_text=_("Why its items come back."))
    reason_page = models.ForeignKey(Page, models.SET_NULL, related_name="+", null=True, blank=True)
    idempotency_key = models.CharField(max_length=80, unique=True, null=True, blank=True)

    objects = ParcelQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "parcel")
        verbose_name_plural = pgettext_lazy("models", "parcels")
        constraints = [
            models.UniqueConstraint(fields=["part", "number"], name="parcel_number_once"),
            models.UniqueConstraint(
                fields=["part", "label_code"], condition=~Q(label_code=""), name="parcel_label_code_once"
            ),
            models.CheckConstraint(
                condition=Q(kind=ParcelKind.REFUND, label_code="")
                | (~Q(kind=ParcelKind.REFUND) & ~Q(label_code="")),
                name="parcel_has_label_code",
            ),
            models.CheckConstraint(
                condition=Q(cod_expected__gte=0, cod_collected__gte=0), name="parcel_cash_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="parcel_by_state"),
            models.Index(fields=["tracking_number"], name="parcel_by_tracking"),
            models.Index(
                fields=["handed_over_at", "id"], condition=~Q(driver_phone=""), name="parcel_driver_phone"
            ),
            # Only a small fraction of the rows has cash that is not remitted yet.
            models.Index(
                fields=["cod_state", "cod_holder", "carrier", "id"],
                condition=Q(cod_state__in=["collected", "remitted"])
                | Q(cod_state="expected", state=ParcelState.DELIVERED),
                name="parcel_cash_away",
            ),
            models.Index(
                fields=["cod_collected_at", "id"],
                condition=CASH_SHORTFALL & Q(cod_shortfall_resolved_at=None),
                name="parcel_cash_shortfall",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.part_id}/{self.number}"

    @property
    def is_outgoing(self) -> bool:
        return self.kind in OUTGOING_KINDS

    @property
    def state_label(self) -> str:
        """The displayed state. For returns, "delivered" reads "received back"."""
        if self.kind in RETURN_KINDS and self.state == ParcelState.HANDED_OVER:
            return gettext("on the way back")
        if self.kind in RETURN_KINDS and self.state == ParcelState.DELIVERED:
            return gettext("received back")
        if self.kind == ParcelKind.REFUND and self.state == ParcelState.DELIVERED:
            return gettext("not sent, refunded instead")
        return self.get_state_display()

    @property
    def contents_label(self) -> str:
        """Its items in words, from loaded lines."""
        lines = sorted(self.lines.all(), key=lambda line: line.pk)
        return ", ".join(line.contents_label for line in lines)

    @property
    def items_grams(self) -> int:
        """The weight of its items, weighed or estimated, from loaded lines. 0 if it is not known."""
        return sum(line.grams or line.order_line.grams * line.quantity for line in self.lines.all())

    @property
    def is_active_outgoing(self) -> bool:
        """Whether the parcel goes to the buyer and is not voided, as in `active_outgoing()`."""
        return self.is_outgoing and self.state != ParcelState.VOIDED

    @property
    def has_dispatch_details(self) -> bool:
        return bool(self.carrier or self.tracking_number or self.vehicle or self.driver_phone)

    @property
    def is_cash_with_carrier(self) -> bool:
        """Whether the carrier collects the expected cash. Its statement reports it."""
        return self.cod_state == CodState.EXPECTED and self.cod_holder == CashHolder.CARRIER

    @property
    def cash_shortfall(self) -> int:
        """The cash collected short, in minor units, or 0 before collection."""
        return max(0, self.cod_expected - self.cod_collected) if self.cod_collected_at is not None else 0

    @property
    def has_cash_shortfall(self) -> bool:
        """Whether less cash was collected than expected. The buyer still owes the rest."""
        return self.cod_collected_at is not None and self.cod_collected < self.cod_expected


def parcel_position_labels(parcels: Iterable[Parcel]) -> dict[int, str]:
    """Return labels ("1/2") of a part's parcels, by primary key.

    Dispatched, replacing and returned parcels are numbered separately. Voided parcels and those of items
    that are not sent get no label.
    """
    keys_by_direction: dict[str, list[int]] = {}
    for parcel in sorted(parcels, key=lambda parcel: (parcel.number, parcel.pk)):
        if parcel.state != ParcelState.VOIDED and parcel.kind != ParcelKind.REFUND:
            direction = parcel.kind if parcel.is_outgoing else ParcelKind.RETURN
            keys_by_direction.setdefault(direction, []).append(parcel.pk)
    return {
        key: f"{position}/{len(keys)}"
        for keys in keys_by_direction.values()
        for position, key in enumerate(keys, start=1)
    }


class ParcelLineQuerySet(models.QuerySet["ParcelLine"]):
    def delivered_quantities(self, part: OrderPart) -> dict[uuid.UUID, int]:
        """Return the delivered and not returned sales units of a part's lines, by line id.

        It takes one query.
        """
        rows = (
            self.filter(order_line__part=part)
            .exclude(parcel__state=ParcelState.VOIDED)
            .order_by("order_line")
            .values_list("order_line", "parcel__kind", "parcel__state")
            .annotate(total=Sum("quantity"))
        )
        quantities: dict[uuid.UUID, int] = {}
        for line_id, kind, state, total in rows:
            if kind in OUTGOING_KINDS and state == ParcelState.DELIVERED:
                quantities[line_id] = quantities.get(line_id, 0) + total
            elif kind in RETURN_KINDS:
                quantities[line_id] = quantities.get(line_id, 0) - total
        return quantities

    def of_lot(self, lot: Lot) -> ParcelLineQuerySet:
        """Return the lines of parcels that took from the lot, newest parcel first, without voided parcels."""
        rows = self.filter(lot=lot).exclude(parcel__state=ParcelState.VOIDED)
        return rows.select_related("parcel__part__order").order_by("-parcel", "pk")

    def waiting_with_lot(self, lot: Lot) -> ParcelLineQuerySet:
        """Return the lines of parcels that hold the lot and have not left."""
        undispatched = [ParcelState.PACKING, ParcelState.PACKED]
        return self.of_lot(lot).filter(parcel__kind__in=OUTGOING_KINDS, parcel__state__in=undispatched)

    def dispatched_with_lot(self, lot: Lot) -> ParcelLineQuerySet:
        """Return the lines of parcels that left with the lot, newest first."""
        states = sorted(DISPATCHED_STATES)
        return self.of_lot(lot).filter(parcel__kind__in=OUTGOING_KINDS, parcel__state__in=states)

    def unsent_quantities(self, lines: Iterable[OrderLine]) -> dict[uuid.UUID, int]:
        """Return by line id how many sales units were missing or substituted, without zeros."""
        rows = self.filter(order_line__in=list(lines), parcel__kind=ParcelKind.REFUND)
        rows = rows.exclude(parcel__state=ParcelState.VOIDED).order_by("order_line")
        return dict(rows.values_list("order_line").annotate(total=Sum("quantity")))


class ParcelLine(models.Model):
    """A quantity of an order line in a parcel, taken from one stock.

    `is_sold_by_weight` lines have been weighed. In a returned parcel `stock` is where the items were
    restocked. It is null if they cannot be sold again. `return_reason` and `reason_page` are set if these
    items come back for a reason of their own.
    """

    parcel = models.ForeignKey(Parcel, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="parcel_lines")
    stock = models.ForeignKey(Stock, models.PROTECT, related_name="+", null=True, blank=True)
    quantity = models.PositiveIntegerField()
    is_sold_by_weight = models.BooleanField(default=False)
    grams = models.PositiveIntegerField(null=True, blank=True)
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+", null=True, blank=True)
    return_reason = models.TextField(blank=True, default="")
    reason_page = models.ForeignKey(Page, models.SET_NULL, related_name="+", null=True, blank=True)

    objects = ParcelLineQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "parcel line")
        verbose_name_plural = pgettext_lazy("models", "parcel lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="parcel_line_quantity_positive"),
            models.CheckConstraint(
                condition=Q(is_sold_by_weight=False) | Q(grams__isnull=False, grams__gt=0),
                name="parcel_line_by_weight_is_weighed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_line_id} × {self.quantity}"

    @property
    def contents_label(self) -> str:
        """The quantity with the product's name. It reads `order_line`."""
        return self.order_line.contents_label(self.quantity)
