"""Delivery options and fees to the buyer's location for the quantity on a product page."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.http.request import QueryDict

from catalog.models import Product, Variant
from catalog.pricing import WholesaleTier, price_of_measure, reached_tier
from catalog.unit_labels import max_price
from catalog.views.buyer_province import remember_chosen_commune, remember_chosen_province
from catalog.views.product_page_queries import read_delivery_methods
from cooperatives.models import Arrival, DeliveryMethod, PickupTime
from shop.core.dates.calendar import vietnam_date
from shop.core.geography.division_choices import load_communes_of, load_provinces
from shop.core.models import Channel, Picture, show_in_language
from shop.core.models.geography import Division

MAX_QUANTITY = 999
MAX_DAYS_PER_PICKUP_PLACE = 3


@dataclass(frozen=True, slots=True)
class VariantChoice:
    """A variant that can be chosen, with prices in minor units.

    `units_left` is None if stock is not tracked. From `low_stock_at` units down, the page says that few are
    left. `picture` is its own picture, and `view` the position of that picture among the product's, from 1.
    `tiers` are the wholesale prices that are not above `price` and that one order can reach.
    """

    variant: Variant
    price: int
    list_price: int | None
    units_left: int | None
    low_stock_at: int
    picture: Picture | None = None
    view: int | None = None
    tiers: Sequence[WholesaleTier] = ()

    def price_at(self, quantity: int) -> int:
        """Return the price of one sales unit in this quantity."""
        tier = reached_tier(self.tiers, quantity=quantity, selling_price=self.price)
        return self.price if tier is None else tier.amount

    def to_pay(self, quantity: int = 1) -> int:
        """Return what the basket asks for: the price, or the highest price of goods sold by weight."""
        return self._total(self.price_at(quantity), quantity)

    def list_total(self, quantity: int = 1) -> int | None:
        """Return the quantity's list price, or None if no promotion reduces its price."""
        is_reduced = self.list_price is not None and self.price_at(quantity) == self.price
        return self._total(self.list_price, quantity) if is_reduced and self.list_price else None

    @property
    def tier_data(self) -> str:
        """The wholesale prices for the page's script, such as "10:13000,50:12000"."""
        return ",".join(f"{tier.minimum_quantity}:{tier.amount}" for tier in self.tiers)

    @property
    def price_per_kilogram(self) -> int | None:
        return self._per_kilogram(self.price)

    @property
    def list_price_per_kilogram(self) -> int | None:
        """The list price per kilogram, or None if the price is not reduced."""
        return self._per_kilogram(self.list_price) if self.list_price else None

    def _per_kilogram(self, amount: int) -> int | None:
        grams = self.variant.content_grams
        return price_of_measure(amount, grams, 1000) if grams else None

    def _total(self, price: int, quantity: int) -> int:
        if self.variant.is_sold_by_weight:
            return max_price(self.variant, price, quantity)
        return price * quantity

    @property
    def is_sold_out(self) -> bool:
        return self.units_left is not None and self.units_left < 1

    @property
    def is_nearly_gone(self) -> bool:
        return self.units_left is not None and 0 < self.units_left <= self.low_stock_at


@dataclass(frozen=True, slots=True)
class DeliveryEstimate:
    """A delivery option on the page. `fee` is in minor units, the lowest if it differs by province.

    `is_far` marks a pickup place in another province than the buyer's.
    """

    delivery_method: DeliveryMethod
    fee: int | None
    is_lowest: bool
    times: list[PickupTime]
    arrival: Arrival | None = None
    is_far: bool = False


@dataclass(frozen=True, slots=True)
class PurchaseQuantity:
    """The quantity of a variant for which fees are calculated."""

    choice: VariantChoice | None
    quantity: int
    grams: int

    @property
    def may_be_ordered(self) -> bool:
        return self.choice is not None and not self.choice.is_sold_out

    @property
    def goods(self) -> int:
        """The price of the quantity, by the estimated weight if sold by weight, in minor units."""
        return self.choice.price_at(self.quantity) * self.quantity if self.choice else 0

    @property
    def to_pay(self) -> int:
        """What the basket asks for: the price, or the highest price of goods sold by weight."""
        return self.choice.to_pay(self.quantity) if self.choice else 0

    @property
    def list_total(self) -> int | None:
        return self.choice.list_total(self.quantity) if self.choice else None


def parse_purchase(
    query: QueryDict,
    product: Product,
    choices: Sequence[VariantChoice],
    best: VariantChoice | None,
    *,
    shop_limit: int | None,
) -> PurchaseQuantity:
    """Return the quantity requested in the URL (`?variant=…&quantity=…`), else one of the best variant.

    Sold-out variants are ignored. A quantity above the limit of an order counts as the limit.
    """
    by_key = {str(choice.variant.pk): choice for choice in choices if not choice.is_sold_out}
    choice = by_key.get(query.get("variant", ""), best)
    text = query.get("quantity", "")
    quantity = int(text) if text.isdecimal() and len(text) < 9 else 1
    limit = choice.variant.order_limit(shop_limit) if choice else None
    quantity = max(min(quantity, MAX_QUANTITY if limit is None else limit), 1)
    return PurchaseQuantity(choice, quantity, choice.variant.grams_for(product) * quantity if choice else 0)


def build_delivery_context(
    request: HttpRequest,
    product: Product,
    channel: Channel,
    purchase: PurchaseQuantity,
    *,
    now: datetime.datetime,
) -> dict[str, object]:
    """Return template context: delivery options to the buyer's province and commune, if any."""
    provinces = load_provinces()
    province = remember_chosen_province(request, provinces)
    communes = load_communes_of(province.code) if province else []
    options = _build_estimates(product, channel, province, purchase, now=now)
    reachable = [option for option in options if province is None or option.fee is not None]
    is_sent = any(option.fee is not None and not option.delivery_method.is_pickup for option in options)
    return {
        "provinces": provinces,
        "province": province,
        "communes": communes,
        "commune": remember_chosen_commune(request, communes),
        "offers": options,
        "near_offers": [option for option in reachable if not option.is_far],
        "far_offers": [option for option in reachable if option.is_far],
        "is_not_delivered": province is not None and not is_sent,
    }


def _build_estimates(
    product: Product,
    channel: Channel,
    province: Division | None,
    purchase: PurchaseQuantity,
    *,
    now: datetime.datetime,
) -> list[DeliveryEstimate]:
    """Return the cooperative's delivery methods with their fee for the province, or the lowest.

    What cannot be ordered today arrives on no day yet, so the options then have no days.
    """
    options = []
    may_be_ordered = purchase.may_be_ordered and not product.cooperative.is_paused_on(vietnam_date(now))
    methods = read_delivery_methods(product.cooperative_id)
    show_in_language(methods, "name", "note")
    for method in methods:
        has_times = may_be_ordered and method.is_pickup
        times = method.pickup_times(now=now, count=MAX_DAYS_PER_PICKUP_PLACE) if has_times else []
        arrival = method.arrival(now=now) if may_be_ordered else None
        if province is not None:
            fee = method.fee(
                channel_id=channel.pk,
                province_code=province.code,
                grams=purchase.grams,
                subtotal=purchase.goods,
            )
            options.append(
                DeliveryEstimate(
                    delivery_method=method,
                    fee=fee,
                    is_lowest=False,
                    times=times,
                    arrival=arrival,
                    is_far=method.is_pickup_outside(province.code),
                )
            )
        else:
            rates = [rate.price for rate in method.rates.all() if rate.channel_id == channel.pk]
            is_lowest = len(set(rates)) > 1
            options.append(
                DeliveryEstimate(
                    delivery_method=method,
                    fee=min(rates, default=0 if method.is_pickup else None),
                    is_lowest=is_lowest,
                    times=times,
                    arrival=arrival,
                )
            )
    return options
