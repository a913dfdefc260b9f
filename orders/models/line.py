"""Order lines, and the stock allocated to them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from catalog.models import Lot, Stock, Unit, Variant
from catalog.pricing import price_of_measure
from cooperatives.models import Cooperative
from orders.models.order import Order
from orders.models.report_columns import FURTHER_REPORT_COLUMNS, REPORT_COLUMNS, ReportColumns
from orders.states import ACTIVE_PART_STATES, ParcelState
from shop.core.models import WithMetadata


class OrderLineQuerySet(models.QuerySet["OrderLine"]):
    def in_order(self) -> OrderLineQuerySet:
        return self.order_by("part", "position", "pk")

    def unweighed(self) -> OrderLineQuerySet:
        """Return lines of active parts that have not been weighed yet."""
        return self.filter(
            part__state__in=ACTIVE_PART_STATES, estimate_grams__isnull=False, weighed_grams__isnull=True
        )


class OrderLine(ReportColumns, WithMetadata):
    """One ordered item. Names, unit, prices, tax and commission are copied, so that history stays unchanged.

    Amounts are minor units. `unit_list_price` and `unit_price` are the quoted prices of one unit, before and
    after catalogue discounts. They are never multiplied back into totals. `list_*`, `priced_*` and `total_*`
    are the line's net and gross amounts at list price, after its own discounts, and after its share of every
    discount. If a line was sold at a wholesale price, that is its list price too, and `wholesale_from` is the
    quantity from which it applied.

    For lines sold by weight `estimate_grams` is the quoted weight of all units, on which the agreed prices
    are based. The buyer agreed to pay for the weighed amount up to `bound_grams`, which costs `bound_gross`.
    `weighed_grams` is the recorded weight. Weight above the bound is not charged.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    part = models.ForeignKey("OrderPart", models.CASCADE, related_name="lines")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="+")
    position = models.PositiveIntegerField(default=0)
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+", null=True, blank=True)
    product_key = models.PositiveBigIntegerField(null=True, blank=True)
    category_key = models.PositiveBigIntegerField(null=True, blank=True)
    product_name = models.CharField(max_length=386)
    variant_name = models.CharField(max_length=255, blank=True, default="")
    translated_product_name = models.CharField(max_length=386, blank=True, default="")
    translated_variant_name = models.CharField(max_length=255, blank=True, default="")
    sku = models.CharField(max_length=255, blank=True, default="")
    unit = models.CharField(max_length=10, blank=True, default="")
    picture_key = models.PositiveBigIntegerField(null=True, blank=True)
    is_shipping_required = models.BooleanField(default=True)
    grams = models.PositiveIntegerField(default=0, help_text=_("Shipping weight of one unit, in grams."))
    quantity = models.PositiveIntegerField()

    unit_list_price = models.BigIntegerField()
    unit_price = models.BigIntegerField()
    # Nullable, so that SQLite adds it without rebuilding a table that has triggers.
    wholesale_from = models.PositiveIntegerField(null=True, blank=True)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    tax_class_name = models.CharField(max_length=255, blank=True, default="")
    list_net = models.BigIntegerField()
    list_gross = models.BigIntegerField()
    priced_net = models.BigIntegerField()
    priced_gross = models.BigIntegerField()
    total_net = models.BigIntegerField()
    total_gross = models.BigIntegerField()
    commission_rate = models.DecimalField(max_digits=5, decimal_places=2, default=0)
    commission = models.BigIntegerField(default=0)

    estimate_grams = models.PositiveIntegerField(null=True, blank=True)
    bound_grams = models.PositiveIntegerField(null=True, blank=True)
    weighed_grams = models.PositiveIntegerField(null=True, blank=True)
    bound_gross = models.BigIntegerField(
        null=True, blank=True, help_text=_("Highest total charged without asking the buyer.")
    )
    lot = models.ForeignKey(Lot, models.SET_NULL, related_name="+", null=True, blank=True)
    return_days = models.PositiveSmallIntegerField(
        default=0,
        help_text=_("Days after receipt within which the cooperative accepts complaints and returns."),
    )

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "order line")
        verbose_name_plural = pgettext_lazy("models", "order lines")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_quantity_positive"),
            models.CheckConstraint(
                condition=Q(total_net__gte=0, total_gross__gte=F("total_net")),
                name="order_line_gross_at_least_net",
            ),
            models.CheckConstraint(
                condition=Q(estimate_grams=None, bound_grams=None, weighed_grams=None, bound_gross=None)
                | Q(
                    estimate_grams__isnull=False,
                    estimate_grams__gt=0,
                    bound_grams__isnull=False,
                    bound_grams__gte=F("estimate_grams"),
                    bound_gross__isnull=False,
                ),
                name="order_line_weighed_has_a_bound",
            ),
        ]
        indexes = [
            models.Index(fields=["order", "position", "id"], name="order_line_in_order"),
            models.Index(fields=["part", "position", "id"], name="order_line_in_part"),
            models.Index(fields=["product_key"], name="order_line_by_product"),
            # This index covers reports, which read only the index and not the rows.
            models.Index(
                fields=[
                    *REPORT_COLUMNS,
                    "category_key",
                    "product_key",
                    *FURTHER_REPORT_COLUMNS,
                    "part",
                    "order",
                    "total_gross",
                    "commission",
                    "wholesale_from",
                ],
                name="line_report",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_name} × {self.quantity}"

    @property
    def is_sold_by_weight(self) -> bool:
        """Whether the price depends on its weight."""
        return self.estimate_grams is not None

    @property
    def is_to_weigh(self) -> bool:
        """Whether the line still has to be weighed, before it can be packed."""
        return self.is_sold_by_weight and self.weighed_grams is None

    @property
    def charged_grams(self) -> int | None:
        """The grams that the total is for.

        The weighed amount up to the bound, or the estimate before weighing.
        """
        if self.weighed_grams is None or self.bound_grams is None:
            return self.estimate_grams
        return min(self.weighed_grams, self.bound_grams)

    @property
    def maximum_gross(self) -> int:
        """The most that the line costs without asking the buyer: its bound until weighed, then its total."""
        return self.bound_gross if self.is_to_weigh and self.bound_gross is not None else self.total_gross

    @property
    def price_per_kilogram(self) -> int:
        """The quoted price of a kilogram, for lines sold by weight."""
        return price_of_measure(self.unit_price * self.quantity, self.estimate_grams or 1, 1000)

    @property
    def list_price_per_kilogram(self) -> int:
        """The list price of a kilogram, for lines sold by weight."""
        return price_of_measure(self.unit_list_price * self.quantity, self.estimate_grams or 1, 1000)

    @property
    def unit_label(self) -> str:
        """The unit's name in the page's language.

        It is empty if the variant has a name, which includes the unit.
        """
        return "" if self.variant_name else self.unit_name

    @property
    def unit_name(self) -> str:
        return str(Unit(self.unit).label) if self.unit in Unit.values else ""

    @property
    def wholesale_label(self) -> str:
        """The quantity from which its wholesale price applied, such as `10 kg`.

        At another price it is empty.
        """
        return "" if self.wholesale_from is None else self.count_label(self.wholesale_from)

    @property
    def contents(self) -> str:
        """The `contents_label` of the whole line."""
        return self.contents_label(self.quantity)

    @property
    def distinct_variant_name(self) -> str:
        """The variant's name. It is empty if it only says one unit, such as `1 kg`."""
        return "" if self.variant_name.casefold() == f"1 {self.unit_name}".casefold() else self.variant_name

    def count_label(self, quantity: int) -> str:
        """Format a quantity in the sales unit, such as `2 kg` or `3 gói`, in English `3 × packet`."""
        name = self.unit_name
        if not name or self.unit in (Unit.KG, Unit.LITRE):
            return f"{quantity} {name}".strip()
        return gettext("%(count)s × %(unit)s") % {"count": quantity, "unit": name}

    def contents_label(self, quantity: int) -> str:
        """Format a quantity with the product's name: `2 kg Gừng tươi`, or `2 × Gừng tươi (Túi 5 kg)`."""
        if name := self.distinct_variant_name:
            return f"{quantity} × {self.product_name} ({name})"
        return f"{quantity} {self.unit_name or '×'} {self.product_name}"


class AllocationQuerySet(models.QuerySet["Allocation"]):
    def unpacked_quantities(self) -> dict[int, int]:
        """Return the units of each allocation that are not in an undispatched parcel yet, by one query."""
        packed_filter = Q(
            line__parcel_lines__stock=F("stock"),
            line__parcel_lines__parcel__state__in=[ParcelState.PACKING, ParcelState.PACKED],
        )
        packed = Coalesce(Sum("line__parcel_lines__quantity", filter=packed_filter), 0)
        return dict(self.annotate(unpacked=F("quantity") - packed).values_list("pk", "unpacked"))


class Allocation(models.Model):
    """Stock allocated to an order line, until dispatch or cancellation."""

    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="allocations")
    stock = models.ForeignKey(Stock, models.PROTECT, related_name="allocations")
    quantity = models.PositiveIntegerField()

    objects = AllocationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "stock"], name="allocation_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="allocation_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.stock_id} × {self.quantity}"
