from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models.product import Product, Variant
from catalog.models.wholesale_price import select_wholesale_text
from catalog.pricing import WholesaleTier, reached_tier
from catalog.states import ListingState
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from shop.core.models import Channel, WithTimes


class ListingQuerySet(models.QuerySet["Listing"]):
    def existing(self) -> ListingQuerySet:
        """Return listings of products that were not removed."""
        return self.filter(product__removed_at=None)

    def for_cooperative(self, cooperative: Cooperative) -> ListingQuerySet:
        return self.existing().filter(product__cooperative=cooperative)

    def waiting(self) -> ListingQuerySet:
        """Return listings that wait for the platform's review, longest waiting first."""
        return self.existing().filter(state=ListingState.IN_REVIEW).order_by("submitted_at", "pk")

    def on_sale(self, channel_id: int) -> ListingQuerySet:
        """Return listings shown in lists: published, visible, of an approved cooperative."""
        return self.filter(
            channel=channel_id,
            state=ListingState.PUBLISHED,
            visible_in_listings=True,
            product__cooperative__state=CooperativeState.APPROVED,
        ).select_related("product__cooperative")

    def newest_first(self) -> ListingQuerySet:
        return self.order_by("-published_at", "-pk")

    def by_name(self) -> ListingQuerySet:
        return self.order_by("product__sort_key", "product")

    def in_season(self, month: int) -> ListingQuerySet:
        """Return products in season in the month (1 to 12). Products without a season always are."""
        return self.alias(_month=F("product__season").bitand(1 << (month - 1))).filter(_month__gt=0)

    def out_of_season(self, month: int) -> ListingQuerySet:
        return self.alias(_month=F("product__season").bitand(1 << (month - 1))).filter(_month=0)


class Listing(WithTimes):
    """A product in a channel, with its state, dates and visibility.

    `lowest_price`, `lowest_list_price` (minor units) and `is_available` are denormalised by the actions that
    change prices and stock, so that lists sort and filter by columns.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="listings")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="listings")
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=ListingState, default=ListingState.DRAFT)
    state_reason = models.TextField(blank=True, default="")
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    available_from = models.DateTimeField(null=True, blank=True)
    visible_in_listings = models.BooleanField(default=True)
    lowest_price = models.BigIntegerField(null=True, blank=True)
    lowest_list_price = models.BigIntegerField(null=True, blank=True)
    is_available = models.BooleanField(default=False)

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "listing")
        verbose_name_plural = pgettext_lazy("models", "listings")
        constraints = [
            models.UniqueConstraint(fields=["product", "channel"], name="listing_once"),
        ]
        indexes = [
            models.Index(
                fields=["channel", "-published_at", "-id"],
                condition=Q(state=ListingState.PUBLISHED),
                name="listing_newest",
            ),
            models.Index(
                fields=["channel", "lowest_price", "id"],
                condition=Q(state=ListingState.PUBLISHED),
                name="listing_by_price",
            ),
            models.Index(
                fields=["submitted_at", "id"],
                condition=Q(state=ListingState.IN_REVIEW),
                name="listing_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.state}"


class PriceQuerySet(models.QuerySet["Price"]):
    def unusual(self) -> PriceQuerySet:
        """Return unusual prices that apps set and nobody has confirmed, oldest first."""
        existing = self.filter(unusual_since__isnull=False, variant__product__removed_at=None)
        return existing.order_by("unusual_since", "pk")

    def with_wholesale_prices(self) -> PriceQuerySet:
        """Read the wholesale prices too, in the same query. `Price.wholesale_tiers` holds them."""
        return self.annotate(wholesale_text=select_wholesale_text(price=models.OuterRef("pk")))  # type: ignore[no-redef]


class Price(models.Model):
    """A variant's price in a channel, in minor units, with or without tax as the channel defines.

    `amount` is the list price, null if the variant is not sold there. `discounted` is the price after the
    best promotion, whose key is `promotion_key`.
    """

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="prices")
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="prices")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField(null=True, blank=True)
    prior_amount = models.BigIntegerField(null=True, blank=True)
    cost = models.BigIntegerField(null=True, blank=True)
    discounted = models.BigIntegerField(null=True, blank=True)
    promotion_key = models.UUIDField(null=True, blank=True)
    unusual_since = models.DateTimeField(
        null=True, blank=True, help_text=_("When an app set an unusual price that is not confirmed yet.")
    )

    wholesale_text: str | None  # set by `PriceQuerySet.with_wholesale_prices` and the queries of a quote

    objects = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "price")
        verbose_name_plural = pgettext_lazy("models", "prices")
        constraints = [
            models.UniqueConstraint(fields=["variant", "channel"], name="price_once"),
            models.CheckConstraint(condition=Q(amount=None) | Q(amount__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=Q(discounted=None) | Q(discounted__gte=0, discounted__lte=models.F("amount")),
                name="price_discounted_within_list_price",
            ),
            models.CheckConstraint(
                condition=Q(discounted=None, promotion_key=None) | Q(discounted__isnull=False),
                name="price_promotion_has_a_discount",
            ),
        ]
        indexes = [
            models.Index(
                fields=["promotion_key"], condition=Q(promotion_key__isnull=False), name="price_by_promotion"
            ),
            models.Index(
                fields=["unusual_since", "id"],
                condition=Q(unusual_since__isnull=False),
                name="price_unusual",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def selling_price(self) -> int | None:
        """The price of one sales unit before vouchers, in minor units."""
        return self.amount if self.discounted is None else self.discounted

    @property
    def wholesale_tiers(self) -> list[WholesaleTier]:
        """The wholesale prices in the order of their quantities. The query must have read them."""
        pairs = [pair.split(":") for pair in (self.wholesale_text or "").split(",") if pair]
        return sorted(
            (WholesaleTier(int(quantity), int(amount)) for quantity, amount in pairs),
            key=lambda tier: tier.minimum_quantity,
        )

    def tier_at(self, quantity: int) -> WholesaleTier | None:
        """Return the wholesale price that applies to a line of `quantity`, or None."""
        return reached_tier(self.wholesale_tiers, quantity=quantity, selling_price=self.selling_price)

    def price_at(self, quantity: int) -> int | None:
        """Return the price of one sales unit on a line of `quantity`, before vouchers."""
        tier = self.tier_at(quantity)
        return self.selling_price if tier is None else tier.amount
