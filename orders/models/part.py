from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypedDict

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models import (
    PICKUP_KINDS,
    Cooperative,
    DeliveryKind,
    DeliveryMethod,
    PickupSlot,
    ShippingService,
    Warehouse,
)
from orders.models.line import OrderLine
from orders.models.order import Order
from orders.models.report_columns import FURTHER_REPORT_COLUMNS, REPORT_COLUMNS, ReportColumns
from orders.states import (
    ACTIVE_PART_STATES,
    ARRIVED_PROGRESS,
    CLOSING_KINDS,
    DISPATCHED_STATES,
    OUTGOING_KINDS,
    PACKED_OR_DISPATCHED_STATES,
    READY_FOR_PICKUP,
    OrderStatus,
    ParcelState,
    PartState,
    Progress,
)
from shop.core.models import WithMetadata, WithTimes, mark_untranslated, show_in_language, untranslated_fields

if TYPE_CHECKING:
    from orders.models.parcel import Parcel


class PickupDay(TypedDict):
    """A day with pickups and the number of people expected."""

    pickup_day: datetime.date | None
    people: int


class OrderPartQuerySet(models.QuerySet["OrderPart"]):
    def for_cooperative(self, cooperative: Cooperative) -> OrderPartQuerySet:
        """Return parts of confirmed orders. Unpaid ones are not shown to the cooperative."""
        return self.filter(cooperative=cooperative, order__confirmed_at__isnull=False)

    def active(self) -> OrderPartQuerySet:
        return self.filter(state__in=ACTIVE_PART_STATES)

    def awaiting_acceptance(self) -> OrderPartQuerySet:
        """Return parts not accepted or declined yet, most urgent first."""
        return self.filter(state=PartState.NEW).order_by("accept_by", "pk")

    def to_pack(self) -> OrderPartQuerySet:
        """Return accepted parts with a parcel that is still open or a line that is not fully in parcels."""
        return self.filter(
            Q(pk__in=self._with_parcels_in(ParcelState.PACKING)) | self._items_to_pick_filter(),
            state=PartState.ACCEPTED,
        ).order_by("accepted_at", "pk")

    def with_unpicked_lines(self) -> OrderPartQuerySet:
        """Return accepted parts with a line that is not fully in parcels."""
        return self.filter(self._items_to_pick_filter(), state=PartState.ACCEPTED).order_by(
            "accepted_at", "pk"
        )

    def awaiting_handover(self) -> OrderPartQuerySet:
        """Return parts with a packed parcel that has not been handed over."""
        return self.filter(pk__in=self._with_parcels_in(ParcelState.PACKED)).order_by("accepted_at", "pk")

    def on_the_way(self) -> OrderPartQuerySet:
        """Return parts with a parcel in transit or with a failed delivery."""
        parts_in_transit = self._with_parcels_in(ParcelState.HANDED_OVER, ParcelState.FAILED_DELIVERY)
        return self.filter(pk__in=parts_in_transit).order_by("accepted_at", "pk")

    def finished(self) -> OrderPartQuerySet:
        """Return completed parts (delivered, returned, declined or cancelled), newest first."""
        arrived_filter = Q(progress__in=[Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED])
        return self.filter(arrived_filter | ~Q(state__in=ACTIVE_PART_STATES)).order_by(
            "-order__placed_at", "-pk"
        )

    def next_pickup_day(self, day: datetime.date) -> PickupDay | None:
        """Return the first day from `day` on with pickups."""
        return (
            self.active()
            .filter(pickup_day__gte=day)
            .exclude(progress__in=[Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED])
            .values("pickup_day")
            .annotate(people=Count("order", distinct=True))
            .order_by("pickup_day")
            .first()
        )

    def _items_to_pick_filter(self) -> Q:
        packed_filter = Q(parcel_lines__parcel__kind__in=CLOSING_KINDS) & ~Q(
            parcel_lines__parcel__state=ParcelState.VOIDED
        )
        open_lines = (
            OrderLine.objects.filter(part=OuterRef("pk"))
            .annotate(packed=Coalesce(Sum("parcel_lines__quantity", filter=packed_filter), 0))
            .filter(quantity__gt=F("packed"))
        )
        in_progress_filter = Q(
            progress__in=[
                Progress.NOT_PACKED,
                Progress.PACKING,
                Progress.PARTLY_DISPATCHED,
                Progress.PARTLY_DELIVERED,
            ]
        )
        return in_progress_filter & Q(Exists(open_lines))

    def _with_parcels_in(self, *states: ParcelState) -> models.QuerySet[OrderPart, Mapping[str, object]]:
        """Return keys of parts with an outgoing parcel in one of these states."""
        return OrderPart.objects.filter(parcels__state__in=states, parcels__kind__in=OUTGOING_KINDS).values(
            "pk"
        )

    def unanswered(self) -> OrderPartQuerySet:
        """Return new parts already escalated to the platform, most urgent first."""
        return self.awaiting_acceptance().filter(
            escalated_at__isnull=False, order__confirmed_at__isnull=False
        )

    def showing_address(self) -> OrderPartQuerySet:
        """Return parts whose cooperative may see the buyer's address.

        The condition is that of `may_show_address`.
        """
        return self.filter(state=PartState.ACCEPTED).exclude(progress__in=ARRIVED_PROGRESS)

    def overdue(self, now: datetime.datetime) -> OrderPartQuerySet:
        """Return parts of confirmed orders whose acceptance deadline has passed."""
        return self.filter(
            state=PartState.NEW, accept_by__lte=now, order__confirmed_at__isnull=False
        ).order_by("accept_by", "pk")


def translate_delivery_method_names(parts: Iterable[OrderPart]) -> None:
    """Translate the delivery method names of loaded parts (with `delivery_method`) for display.

    If the method was renamed after the order was placed, the ordered name stays. It takes one query, or none
    in the shop's default language. Do not save the parts afterwards.
    """
    loaded = list(parts)
    unrenamed = [
        (part, part.delivery_method)
        for part in loaded
        if part.delivery_method is not None and part.delivery_method.name == part.delivery_name
    ]
    show_in_language([delivery_method for _part, delivery_method in unrenamed], "name")
    translated = {
        part.pk for part, delivery_method in unrenamed if "name" not in untranslated_fields(delivery_method)
    }
    for part, delivery_method in unrenamed:
        part.delivery_name = delivery_method.name
    for part in loaded:
        if part.pk not in translated:
            mark_untranslated(part, "delivery_name")


class OrderPart(ReportColumns, WithMetadata, WithTimes):
    """One cooperative's part of one order, with its lines, delivery, money and progress.

    It exists from placement. The delivery's names and prices are copied. Amounts are minor units.
    `delivery_list_*`, `delivery_priced_*` and `delivery_*` mean the same as on a line. `goods_*` is the sum
    of the line totals. `total_*` is `goods_*` with the delivery.
    """

    order = models.ForeignKey(Order, models.CASCADE, related_name="parts")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="parts")
    number = models.PositiveSmallIntegerField(help_text=_("Position in the order, from 1."))
    state = models.CharField(max_length=10, choices=PartState, default=PartState.NEW)
    progress = models.CharField(max_length=20, choices=Progress, default=Progress.NOT_PACKED)
    accept_by = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When staff were notified that nobody had accepted the part.")
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the part was declined or cancelled.")
    )
    end_reason = models.TextField(blank=True, default="")

    delivery_method = models.ForeignKey(
        DeliveryMethod, models.SET_NULL, related_name="+", null=True, blank=True
    )
    service = models.ForeignKey(ShippingService, models.SET_NULL, related_name="+", null=True, blank=True)
    slot = models.ForeignKey(PickupSlot, models.PROTECT, related_name="parts", null=True, blank=True)
    warehouse = models.ForeignKey(Warehouse, models.SET_NULL, related_name="+", null=True, blank=True)
    delivery_kind = models.CharField(max_length=12, choices=DeliveryKind, blank=True, default="")
    delivery_name = models.CharField(max_length=120, blank=True, default="")
    carrier = models.CharField(max_length=120, blank=True, default="")
    pickup_place = models.CharField(max_length=500, blank=True, default="")
    pickup_day = models.DateField(null=True, blank=True)
    pickup_starts = models.TimeField(null=True, blank=True)
    pickup_ends = models.TimeField(null=True, blank=True)
    expected_from = models.DateField(null=True, blank=True)
    expected_until = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True, default="")

    delivery_list_net = models.BigIntegerField(default=0)
    delivery_list_gross = models.BigIntegerField(default=0)
    delivery_priced_net = models.BigIntegerField(default=0)
    delivery_priced_gross = models.BigIntegerField(default=0)
    delivery_net = models.BigIntegerField(default=0)
    delivery_gross = models.BigIntegerField(default=0)
    delivery_tax_rate = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    delivery_tax_class_name = models.CharField(max_length=255, blank=True, default="")
    goods_net = models.BigIntegerField(default=0)
    goods_gross = models.BigIntegerField(default=0)
    total_net = models.BigIntegerField(default=0)
    total_gross = models.BigIntegerField(default=0)
    commission = models.BigIntegerField(default=0, help_text=_("Sum of the commissions of its lines."))
    withholding_rate = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=0,
        help_text=_("Percentage of the goods total withheld as tax."),
    )

    objects = OrderPartQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "order part")
        verbose_name_plural = pgettext_lazy("models", "order parts")
        constraints = [
            models.UniqueConstraint(fields=["order", "cooperative"], name="part_once"),
            models.UniqueConstraint(fields=["order", "number"], name="part_number_once"),
            models.CheckConstraint(
                condition=Q(total_gross=F("goods_gross") + F("delivery_gross"))
                & Q(total_net=F("goods_net") + F("delivery_net")),
                name="part_total_is_goods_and_delivery",
            ),
        ]
        indexes = [
            models.Index(fields=["cooperative", "state", "progress", "id"], name="part_by_cooperative"),
            models.Index(fields=["accept_by", "id"], condition=Q(state=PartState.NEW), name="part_to_accept"),
            # This index covers reports, which read only the index and not the rows.
            models.Index(
                fields=[
                    *REPORT_COLUMNS,
                    *FURTHER_REPORT_COLUMNS,
                    "order",
                    "goods_gross",
                    "delivery_gross",
                    "commission",
                ],
                name="part_report",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.number}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_PART_STATES

    @property
    def maximum_gross(self) -> int:
        """The most that the part costs without asking the buyer, with unweighed lines at their bound."""
        return self.total_gross + sum(line.maximum_gross - line.total_gross for line in self.lines.all())

    @property
    def has_lines_to_weigh(self) -> bool:
        return any(line.is_to_weigh for line in self.lines.all())

    @property
    def is_pickup(self) -> bool:
        return self.delivery_kind in PICKUP_KINDS

    @property
    def may_show_contact(self) -> bool:
        """Whether the cooperative may see the buyer's name and phone.

        It may once it has accepted the part.
        """
        return self.state == PartState.ACCEPTED

    @property
    def may_show_address(self) -> bool:
        """Whether the cooperative may see the buyer's address, which it may from acceptance until arrival."""
        return self.may_show_contact and self.progress not in ARRIVED_PROGRESS

    def is_packed(self, parcels: Iterable[Parcel]) -> bool:
        """Return whether everything still to be sent is in packed parcels.

        `parcels` are all parcels of this part, with their lines.
        """
        valid = [parcel for parcel in parcels if parcel.state != ParcelState.VOIDED]
        closed_quantity = sum(
            line.quantity for parcel in valid if parcel.kind in CLOSING_KINDS for line in parcel.lines.all()
        )
        ordered_quantity = sum(line.quantity for line in self.lines.all())
        return closed_quantity >= ordered_quantity and all(
            parcel.packed_at is not None for parcel in valid if parcel.is_outgoing
        )

    def state_label(self, parcels: Iterable[Parcel]) -> str:
        """Return the state label shown in every interface. `parcels` as in `is_packed`."""
        parcels = list(parcels)
        if self.state != PartState.ACCEPTED:
            return self.get_state_display()
        if self.progress == Progress.NOT_PACKED:
            return str(OrderStatus.IN_PREPARATION.label)
        if self.progress == Progress.PACKING and self.is_packed(parcels):
            return str(ParcelState.PACKED.label)
        if self.progress == Progress.DISPATCHED and any(
            parcel.state == ParcelState.FAILED_DELIVERY for parcel in parcels if parcel.is_outgoing
        ):
            return str(ParcelState.FAILED_DELIVERY.label)
        if self.progress == Progress.DISPATCHED and self.is_pickup:
            return str(READY_FOR_PICKUP)
        return self.get_progress_display()

    def may_be_cancelled(self, parcels: Iterable[Parcel], *, is_by_buyer: bool = False) -> bool:
        """Return whether the part may still be cancelled. `parcels` are all parcels of this part.

        Staff may cancel until a parcel has left the warehouse. Buyers may cancel until one is packed. The
        record of items that are not sent because of a shortage does not count as a parcel.
        """
        uncancellable_states = PACKED_OR_DISPATCHED_STATES if is_by_buyer else DISPATCHED_STATES
        return self.is_active and not any(
            parcel.is_active_outgoing and parcel.state in uncancellable_states for parcel in parcels
        )
