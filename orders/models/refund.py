"""Refund decisions."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.models.complaint import Complaint
from orders.models.discount import CostBearer
from orders.models.line import OrderLine
from orders.models.order import Order
from orders.models.parcel import Parcel
from orders.models.part import OrderPart
from orders.models.payment import EventKind
from orders.states import ParcelKind
from shop.content.models import Page
from shop.core.texts.formatting import format_money


class RefundQuerySet(models.QuerySet["Refund"]):
    def oldest_first(self) -> RefundQuerySet:
        return self.order_by("decided_at", "pk")

    def with_unsent_items(self) -> RefundQuerySet:
        """Load the parcels with the items that are not sent, as the refund's labels read them."""
        return self.select_related("parcel").prefetch_related("parcel__lines__order_line")

    def total_reduction(self) -> int:
        """Return the reduction of the current total, in minor units. Filter by one currency first."""
        total: int = self.aggregate(total=Sum(F("amount") - F("surplus"), default=0))["total"]
        return total

    def reduction_without_repayment(self) -> int:
        """Return the part of the refunds that pays nothing out, in minor units. Filter by one currency first.

        This part was never paid or had already been refunded, so it only reduces the current total.
        """
        total: int = self.aggregate(total=Sum(F("amount") - F("repayment"), default=0))["total"]
        return total

    def amount_reduction_by_part(self) -> dict[int, int]:
        """Return the reduction of the current total by part, by one query.

        Parts without a refund are left out.
        """
        rows = self.filter(part__isnull=False).order_by("part").values_list("part")
        return dict(rows.annotate(total=Sum(F("amount") - F("surplus"))))

    def refunded_amounts(self) -> dict[uuid.UUID, int]:
        """Return the amount of each refund that reached the buyer, in minor units. It takes one query."""
        signs = {EventKind.REFUND_SUCCESS: 1, EventKind.REFUND_REVERSE: -1}
        rows = (
            self.filter(events__kind__in=signs)
            .order_by("pk")
            .values_list("pk", "events__kind")
            .annotate(total=Sum("events__amount"))
        )
        paid: dict[uuid.UUID, int] = {}
        for refund_id, kind, total in rows:
            paid[refund_id] = paid.get(refund_id, 0) + signs[EventKind(kind)] * total
        return paid

    def failed_amounts(self) -> dict[uuid.UUID, int]:
        """Return the amount of each refund that failed and is not being paid in another way.

        Others are left out.
        """
        signs = {EventKind.REFUND_REQUEST: -1, EventKind.REFUND_FAILURE: 1, EventKind.REFUND_REVERSE: 1}
        rows = (
            self.filter(repayment__gt=0)
            .order_by("pk")
            .values_list("pk", "repayment", "events__kind")
            .annotate(total=Sum("events__amount"))
        )
        amounts: dict[uuid.UUID, int] = {}
        for refund_id, promised, kind, total in rows:
            amounts[refund_id] = amounts.get(refund_id, promised) + signs.get(kind, 0) * (total or 0)
        return {refund_id: amount for refund_id, amount in amounts.items() if amount > 0}

    def failed(self) -> RefundQuerySet:
        """Return refunds with a failed or reversed payment, at any time."""
        kinds = [EventKind.REFUND_FAILURE, EventKind.REFUND_REVERSE]
        return self.filter(events__kind__in=kinds).distinct()

    def unpaid(self) -> RefundQuerySet:
        """Return refunds whose money has not fully reached the buyer."""
        arrived = Sum("events__amount", filter=Q(events__kind=EventKind.REFUND_SUCCESS), default=0)
        reversed_ = Sum("events__amount", filter=Q(events__kind=EventKind.REFUND_REVERSE), default=0)
        return self.annotate(arrived=arrived - reversed_).filter(repayment__gt=F("arrived"))

    def total_unpaid(self) -> int:
        """Return the amount promised to buyers but not received. Filter by one currency first."""
        paid = self.refunded_amounts()
        return sum(
            max(0, repayment - paid.get(pk, 0)) for pk, repayment in self.values_list("pk", "repayment")
        )


class Refund(models.Model):
    """A refund decision: the amounts per line and for delivery, and who bears the cost.

    `amount` is the sum of the lines, `delivery_amount` and `surplus`, in minor units. `repayment` is the part
    that the buyer had paid and gets back. The rest only reduces the current total. `substitute_total` is
    charged instead of the refunded items, on a line of its own. The transfers of money are payment events
    that refer to this row. `parcel` holds the items that come back or are not sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    part = models.ForeignKey(OrderPart, models.PROTECT, related_name="refunds", null=True, blank=True)
    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="refunds", null=True, blank=True)
    parcel = models.OneToOneField(Parcel, models.PROTECT, related_name="refund", null=True, blank=True)
    amount = models.BigIntegerField()
    repayment = models.BigIntegerField(default=0)
    delivery_amount = models.BigIntegerField(default=0)
    surplus = models.BigIntegerField(
        default=0, help_text=_("Refunded overpayment, which belongs to no order line.")
    )
    substitute_total = models.BigIntegerField(
        default=0, help_text=_("Total of the substitute that the buyer agreed to, in minor units.")
    )
    currency = models.CharField(max_length=3)
    bearer = models.CharField(max_length=12, choices=CostBearer)
    reason = models.TextField(blank=True, default="")
    reason_page = models.ForeignKey(Page, models.SET_NULL, related_name="refunds", null=True, blank=True)
    decided_at = models.DateTimeField()
    idempotency_key = models.CharField(max_length=160, unique=True, null=True, blank=True)
    actor_kind = models.CharField(max_length=10, blank=True, default="")
    actor_key = models.CharField(max_length=40, blank=True, default="")

    objects = RefundQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, delivery_amount__gte=0, surplus__gte=0)
                & Q(amount__gte=F("delivery_amount") + F("surplus")),
                name="refund_amount_positive_and_covers_parts",
            ),
            models.CheckConstraint(
                condition=Q(repayment__gte=0, repayment__lte=F("amount")),
                name="refund_repayment_at_most_amount",
            ),
            models.CheckConstraint(
                condition=Q(substitute_total__gte=0, substitute_total__lte=F("amount")),
                name="refund_covers_its_substitute",
            ),
        ]
        indexes = [models.Index(fields=["order", "decided_at"], name="refund_by_order")]

    def __str__(self) -> str:
        return str(self.amount)

    @property
    def net_reduction(self) -> int:
        """The refund less the price of the substitute, in minor units."""
        return self.amount - self.substitute_total

    @property
    def is_for_unsent_items(self) -> bool:
        """Whether the refund is for items that are missing or replaced. Reads `parcel`."""
        return self.parcel is not None and self.parcel.kind == ParcelKind.REFUND

    @property
    def missing_labels(self) -> list[str]:
        """The unsent items that no substitute replaces. Reads the lines of `parcel` and their order lines."""
        if self.parcel is None or not self.is_for_unsent_items or self.substitute_total:
            return []
        return [line.contents_label for line in self.parcel.lines.all()]

    @property
    def unsent_label(self) -> str:
        """The unsent items and their amount. Reads the lines of `parcel` and their order lines."""
        lines = self.parcel.lines.all() if self.parcel is not None else ()
        goods = ", ".join(line.contents_label for line in lines)
        text = (
            gettext("%(goods)s replaced, %(amount)s less")
            if self.substitute_total
            else gettext("%(goods)s missing, %(amount)s less")
        )
        return text % {"goods": goods, "amount": format_money(self.amount, self.currency)}


class RefundLineQuerySet(models.QuerySet["RefundLine"]):
    def by_line(self) -> dict[uuid.UUID, int]:
        """Return the refunded amount of each line of an order, in minor units. It takes one query."""
        rows = self.order_by("order_line").values_list("order_line")
        return dict(rows.annotate(total=Sum("amount")))

    def fully_refunded_lines(self) -> set[uuid.UUID]:
        """Return ids of an order's fully refunded lines. It takes one query."""
        rows = self.order_by("order_line").values("order_line", "order_line__total_gross")
        refunded = rows.annotate(total=Sum("amount")).filter(
            total__gt=0, total__gte=F("order_line__total_gross")
        )
        return set(refunded.values_list("order_line", flat=True))


class RefundLine(models.Model):
    """The refunded amount of a line. `quantity` is 0 if the buyer keeps the items.

    `reason` and `reason_page` are empty unless the line has a reason of its own.
    """

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField()
    reason = models.TextField(blank=True, default="")
    reason_page = models.ForeignKey(Page, models.SET_NULL, related_name="refund_lines", null=True, blank=True)

    objects = RefundLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "order_line"], name="refund_line_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="refund_line_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.amount)
