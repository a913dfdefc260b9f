from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Lot, Stock, Variant
from catalog.pricing import price_for
from cooperatives.models import Cooperative
from orders.models.counted import COUNTED, COUNTED_ALSO, Counted
from orders.states import STANDING, UNANSWERED, Coverage, OrderStatus, SaleorStatus, TransferState
from shop.accounts.models import Address, User
from shop.core.calendar import start_of_day
from shop.core.models import Channel, WithExternalReference, WithMetadata, WithTimes
from shop.core.phones import normalise
from shop.core.text import fold


class Source(models.TextChoices):
    """Where an order came from. Not a channel."""

    WEB = "web", _("web")
    API = "api", _("API")
    COUNTER = "counter", _("counter")
    PHONE = "phone", _("phone")
    ZALO = "zalo", _("Zalo")
    FACEBOOK = "facebook", _("Facebook")


class Origin(models.TextChoices):
    """Saleor's word for how an order began."""

    CHECKOUT = "checkout", "CHECKOUT"
    DRAFT = "draft", "DRAFT"
    REISSUE = "reissue", "REISSUE"
    BULK_CREATE = "bulk_create", "BULK_CREATE"


class OrderNumber(models.Model):
    """The one sequence of order numbers, drafts included: each row is a number given out."""

    id = models.BigAutoField(primary_key=True)

    def __str__(self) -> str:
        return str(self.pk)


class OrderCode(models.Model):
    """The sequence behind the short codes that people write and banks carry."""

    id = models.BigAutoField(primary_key=True)

    def __str__(self) -> str:
        return str(self.pk)


class OrderQuerySet(models.QuerySet["Order"]):
    def placed(self) -> OrderQuerySet:
        return self.filter(placed_at__isnull=False)

    def drafts(self) -> OrderQuerySet:
        """What staff are still writing, newest first."""
        return self.filter(placed_at=None).order_by("-number")

    def of_buyer(self, user_id: int) -> OrderQuerySet:
        return self.placed().filter(user=user_id)

    def held_by(self, token: uuid.UUID) -> OrderQuerySet:
        """Whoever holds the unguessable id of an order sees it."""
        return self.placed().filter(pk=token)

    def visible_to(self, user: User | None) -> OrderQuerySet:
        """Placed ones of this person, and those of guests, which nobody lists: their ids are unguessable."""
        return self.placed().filter(Q(user=None) | Q(user=user.pk if user else None))

    def from_basket(self, basket_id: uuid.UUID, user_id: int | None) -> OrderQuerySet:
        """What a basket became, for whoever holds its id: the person themselves, or the guest they were."""
        return self.placed().filter(Q(user=None) | Q(user=user_id), basket_key=basket_id)

    def found_by(self, phone: str, code: str) -> OrderQuerySet:
        """The order that a buyer's normalised phone and its tidied code, or its number, name together."""
        named = Q(code=code)
        if code.isdecimal() and len(code) < 16:
            named |= Q(number=int(code))
        return self.placed().filter(named, phone=phone) if phone else self.none()

    def placed_on_day(self, day: datetime.date) -> OrderQuerySet:
        """Those placed on a day of Vietnam's."""
        return self.filter(
            placed_at__gte=start_of_day(day), placed_at__lt=start_of_day(day + datetime.timedelta(days=1))
        )

    def matching(self, text: str) -> OrderQuerySet:
        """Those that a code, a number, a phone (its last six digits will do) or words of a name lead to."""
        found = Q()
        for word in fold(text).split():
            found &= Q(folded_name__startswith=word) | Q(folded_name__contains=f" {word}")
        written = "".join(sign for sign in text.upper() if sign.isalnum())
        found |= Q(code=written)
        digits = "".join(sign for sign in text if sign in "0123456789")
        if written and digits == written.lstrip("+"):
            if len(digits) < 16:
                found |= Q(number=int(digits))
            if len(digits) >= 6:
                found |= Q(phone=normalise(text)) | Q(phone__endswith=digits)
        return self.filter(found)

    def newest_first(self) -> OrderQuerySet:
        return self.order_by("-placed_at", "-number")

    def waiting_for_transfer(self) -> OrderQuerySet:
        """Those that stand, cost more than has come, and are paid by bank transfer."""
        open_ones = self.filter(placed_at__isnull=False, cancelled_at=None, expired_at=None)
        return open_ones.filter(due_gross__gt=F("charged"), payments__method="transfer").distinct()

    def lapsed(self, now: datetime.datetime) -> OrderQuerySet:
        """Unconfirmed ones without any money, whose payments' times (if they have any) are over.

        Not while money that names one of them waits for somebody to look at it.
        """
        return self.filter(
            ~Q(transfers__state__in=[TransferState.NEW, TransferState.REVIEW]),
            ~Q(payments__expires_at__gt=now),
            ~Q(payments__method="cod"),
            ~Q(payments__calls__state__in=UNANSWERED),
            placed_at__isnull=False,
            confirmed_at=None,
            expired_at=None,
            cancelled_at=None,
            charged=0,
            authorize_coverage=Coverage.NONE,
        ).order_by("placed_at", "pk")


class Order(WithMetadata, WithExternalReference, WithTimes):
    """What a buyer agreed to, or a draft of it.

    Facts are kept (`placed_at` null means draft); `status`, `saleor_status`, the coverages and the
    sums are written from them by `orders.actions.standing` alone. Sums are minor units: `total_*`
    is Σ parts, `due_gross` what the parts that still stand cost.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(unique=True)
    code = models.CharField(max_length=12, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="orders", null=True, blank=True
    )
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="orders")
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=10, choices=Source, default=Source.WEB)
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.CHECKOUT)
    till = models.CharField(max_length=60, blank=True, default="")
    device_time = models.DateTimeField(null=True, blank=True)
    key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    basket_key = models.UUIDField(unique=True, null=True, blank=True)

    placed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=OrderStatus, default=OrderStatus.DRAFT)
    saleor_status = models.CharField(max_length=20, choices=SaleorStatus, default=SaleorStatus.DRAFT)
    authorize_coverage = models.CharField(max_length=12, choices=Coverage, default=Coverage.NONE)
    charge_coverage = models.CharField(max_length=12, choices=Coverage, default=Coverage.NONE)

    buyer_name = models.CharField(max_length=256, blank=True, default="")
    folded_name = models.CharField(
        max_length=520, blank=True, default="", help_text=_("The buyer's name without marks, to be found by.")
    )
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=16, default="vi")
    note = models.TextField(blank=True, default="")
    billing_address = models.ForeignKey(Address, models.PROTECT, related_name="+", null=True, blank=True)
    shipping_address = models.ForeignKey(Address, models.PROTECT, related_name="+", null=True, blank=True)
    province_code = models.CharField(max_length=10, blank=True, default="")
    voucher_code = models.CharField(max_length=255, blank=True, default="")

    list_net = models.BigIntegerField(default=0)
    list_gross = models.BigIntegerField(default=0)
    goods_net = models.BigIntegerField(default=0)
    goods_gross = models.BigIntegerField(default=0)
    delivery_net = models.BigIntegerField(default=0)
    delivery_gross = models.BigIntegerField(default=0)
    total_net = models.BigIntegerField(default=0)
    total_gross = models.BigIntegerField(default=0)
    due_gross = models.BigIntegerField(default=0)
    charged = models.BigIntegerField(default=0)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "order")
        verbose_name_plural = pgettext_lazy("models", "orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(total_gross=F("goods_gross") + F("delivery_gross"))
                & Q(total_net=F("goods_net") + F("delivery_net")),
                name="order_total_is_goods_and_delivery",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(placed_at__isnull=False),
                name="order_confirmed_was_placed",
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-number"], name="order_newest"),
            models.Index(fields=["status", "-placed_at", "-number"], name="order_by_status"),
            models.Index(fields=["user", "-placed_at"], name="order_by_user"),
            models.Index(fields=["phone", "number"], name="order_by_phone"),
            models.Index(fields=["channel", "placed_at"], name="order_by_channel"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_draft(self) -> bool:
        return self.placed_at is None

    @property
    def still_due(self) -> int:
        """What the parts that stand cost beyond what has been paid, in minor units."""
        return max(0, self.due_gross - self.charged)

    @property
    def no_longer_due(self) -> int:
        """What of the order was called off or given back, in minor units."""
        return self.total_gross - self.due_gross

    @property
    def delivery_list_gross(self) -> int:
        """What the parts' deliveries cost as listed, in minor units."""
        return sum(part.delivery_list_gross for part in self.parts.all())

    @property
    def goods_list_gross(self) -> int:
        """What the goods cost as listed, in minor units."""
        return self.list_gross - self.delivery_list_gross

    @property
    def placed_on(self) -> datetime.datetime:
        """When it was placed; only asked of orders that were."""
        if self.placed_at is None:
            raise ValueError("a draft has not been placed")
        return self.placed_at


class OrderLineQuerySet(models.QuerySet["OrderLine"]):
    def in_order(self) -> OrderLineQuerySet:
        return self.order_by("part", "position", "pk")

    def to_weigh(self) -> OrderLineQuerySet:
        """What stands and is still to be put on the scale."""
        return self.filter(part__state__in=STANDING, estimate_grams__isnull=False, weighed_grams__isnull=True)


class OrderLine(Counted, WithMetadata):
    """One agreed thing: names, unit, prices, tax and commission copied, so that the past stays as it was.

    Minor units: `unit_list` and `unit_price` are what one step was said to cost (list, and after
    catalogue rules), never multiplied back; `list_*`, `priced_*` and `total_*` are the line as
    listed, after its own discounts, and after its share of every discount, net and gross.

    Of goods sold by weight `estimate_grams` is what all steps were said to weigh, and what the agreed
    prices are for; up to `bound_grams`, which cost `most_gross`, the buyer agreed to pay by the scale.
    `weighed_grams` is what the scale said; beyond the bound nothing is charged.
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
    grams = models.PositiveIntegerField(default=0, help_text=_("What one step weighs for delivery."))
    quantity = models.PositiveIntegerField()

    unit_list = models.BigIntegerField()
    unit_price = models.BigIntegerField()
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
    most_gross = models.BigIntegerField(
        null=True, blank=True, help_text=_("What it costs at most before its buyer is asked.")
    )
    lot = models.ForeignKey(Lot, models.SET_NULL, related_name="+", null=True, blank=True)
    return_days = models.PositiveSmallIntegerField(
        default=0, help_text=_("How many days after receipt its seller takes complaints and returns.")
    )

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "line of an order")
        verbose_name_plural = pgettext_lazy("models", "lines of orders")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_holds_something"),
            models.CheckConstraint(
                condition=Q(total_net__gte=0, total_gross__gte=F("total_net")),
                name="order_line_gross_holds_net",
            ),
            models.CheckConstraint(
                condition=Q(estimate_grams=None, bound_grams=None, weighed_grams=None, most_gross=None)
                | Q(
                    estimate_grams__isnull=False,
                    estimate_grams__gt=0,
                    bound_grams__isnull=False,
                    bound_grams__gte=F("estimate_grams"),
                    most_gross__isnull=False,
                ),
                name="order_line_weighed_has_a_bound",
            ),
        ]
        indexes = [
            models.Index(fields=["order", "position", "id"], name="order_line_in_order"),
            models.Index(fields=["part", "position", "id"], name="order_line_in_part"),
            models.Index(fields=["product_key"], name="order_line_by_product"),
            # All that reports read of a line, so that they read no row.
            models.Index(
                fields=[
                    *(*COUNTED, "category_key", "product_key", *COUNTED_ALSO),
                    *("part", "order", "total_gross", "commission"),
                ],
                name="line_counted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_name} × {self.quantity}"

    @property
    def is_by_weight(self) -> bool:
        """Whether the scale decides what it costs."""
        return self.estimate_grams is not None

    @property
    def is_to_weigh(self) -> bool:
        """Whether the scale has still to say what it costs: until then it cannot be packed."""
        return self.is_by_weight and self.weighed_grams is None

    @property
    def charged_grams(self) -> int | None:
        """What its total is for: what was weighed, up to the bound; before that the estimate."""
        if self.weighed_grams is None or self.bound_grams is None:
            return self.estimate_grams
        return min(self.weighed_grams, self.bound_grams)

    @property
    def kilo_price(self) -> int:
        """What a kilogram costs, as said when it was ordered; for goods sold by weight."""
        return price_for(self.unit_price * self.quantity, self.estimate_grams or 1, 1000)


class Allocation(models.Model):
    """Goods promised to an order line out of one stock, until dispatched or cancelled."""

    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="allocations")
    stock = models.ForeignKey(Stock, models.PROTECT, related_name="allocations")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "stock"], name="allocation_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="allocation_holds_something"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.stock_id} × {self.quantity}"
