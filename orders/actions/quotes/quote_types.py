"""The data types of a quote and its request, with the problems a quote can have."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from catalog.models import Variant
from catalog.pricing import price_of_measure
from cooperatives.models import (
    Arrival,
    Cooperative,
    DeliveryMethod,
    PickupTime,
    ShippingService,
)
from orders.actions.quotes.sales_terms import ChannelShippingService, SalesTerms
from orders.models import CostBearer, DiscountKind
from orders.pricing import (
    AgreedDiscountShare,
    AgreedLine,
    DiscountInput,
    Purchase,
    WeighedPrice,
    price_weighed,
)
from shop.core.errors import Refused
from shop.core.models import Channel, ShopSettings


class QuoteProblem(StrEnum):
    """Why a line or a delivery cannot be ordered as requested."""

    NOT_FOR_SALE = "not_for_sale"
    SOLD_OUT = "sold_out"
    FEWER_IN_STOCK = "only_left"
    PRICE_CHANGED = "price_changed"
    OVER_LIMIT = "over_limit"
    PAUSED = "paused"
    NOT_DELIVERED = "not_delivered"
    NO_DELIVERY_CHOSEN = "no_delivery_chosen"
    SLOT_GONE = "slot_gone"


@dataclass(frozen=True, slots=True)
class RequestedLine:
    """A variant and its quantity, in a request.

    `seen_price` is the unit price last shown to the buyer. `forced_price` is a unit price that staff or an
    app sets. `wholesale_from` marks it as the wholesale price agreed before, which may have changed since.
    """

    key: uuid.UUID
    variant_id: int
    quantity: int
    seen_price: int | None = None
    forced_price: int | None = None
    wholesale_from: int | None = None


@dataclass(frozen=True, slots=True)
class RequestedDelivery:
    """A cooperative's delivery method, or a channel's service that the cooperative has no method for."""

    delivery_method_id: int | None = None
    pickup_day: datetime.date | None = None
    pickup_starts: datetime.time | None = None
    service_id: int | None = None


@dataclass(frozen=True, slots=True)
class RequestedDiscount:
    """A discount's terms, its source, and who bears it.

    A discount that staff granted keeps its key and the value they entered.
    """

    terms: DiscountInput
    kind: DiscountKind
    bearer: CostBearer
    name: str = ""
    source_key: str = ""
    reason: str = ""
    granted_key: uuid.UUID | None = None
    granted_value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """What is known of the buyer, for limits per buyer. `phone` is normalised."""

    user_id: int | None = None
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class QuotedVoucher:
    """The result of a voucher code: a discount, or the refusal. `name` is in the page's language.

    If the discount has no `bearing_cooperative`, the platform bears it.
    """

    code: str
    name: str = ""
    code_id: uuid.UUID | None = None
    voucher_id: int | None = None
    bearing_cooperative: Cooperative | None = None
    discount: RequestedDiscount | None = None
    refusal: Refused | None = None


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """The lines, deliveries and buyer for which a quote is requested."""

    channel: Channel
    lines: Sequence[RequestedLine]
    # By cooperative id.
    deliveries: Mapping[int, RequestedDelivery]
    province_code: str = ""
    country: str = "VN"
    basket_id: uuid.UUID | None = None
    discounts: Sequence[RequestedDiscount] = ()
    # Products that are not on sale are priced too, because staff may sell them.
    is_by_staff: bool = False
    voucher_code: str = ""
    buyer: Buyer = Buyer()
    # The variants of the lines with their prices, by id, if they were just read with the lines.
    variants: Mapping[int, Variant] | None = field(default=None, compare=False, repr=False)
    # False only if the basket is known to reserve no stock. Nobody adds reservations to a locked basket.
    has_reservations: bool = True


@dataclass(slots=True)
class QuotedLine:
    requested: RequestedLine
    variant: Variant
    unit_list_price: int
    unit_price: int
    tax_rate: Decimal
    tax_class_name: str
    available_quantity: int | None
    wholesale_from: int | None = None  # the quantity from which its wholesale price applies
    limit: int | None = None
    ordered_before: int | None = None  # by this buyer, if `limit` is what the limit per buyer leaves
    to_pay: int | None = None
    problems: list[QuoteProblem] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The amount before discounts, in minor units. `to_pay` is the amount after them."""
        return self.unit_price * self.requested.quantity

    @property
    def maximum_total(self) -> int:
        """The amount before discounts. For a line sold by weight it is the amount at its bound."""
        if not self.variant.is_sold_by_weight:
            return self.total
        return price_of_measure(self.total, self.estimate_grams, self.bound_grams)

    @property
    def list_total(self) -> int | None:
        """The amount at the list price if it exceeds `to_pay`, or else None."""
        listed = max(self.unit_list_price, self.unit_price) * self.requested.quantity
        return listed if self.to_pay is not None and listed > self.to_pay else None

    @property
    def grams(self) -> int:
        return self.variant.grams_for(self.variant.product) * self.requested.quantity

    @property
    def estimate_grams(self) -> int:
        """The estimated weight of all units. Only for lines sold by weight."""
        return (self.variant.content_grams or 0) * self.requested.quantity

    @property
    def bound_grams(self) -> int:
        """The weight above which the buyer is asked first."""
        return self.variant.bound_grams(self.requested.quantity)


@dataclass(frozen=True, slots=True)
class QuotedPickupTime:
    time: PickupTime
    places_left: int | None

    @property
    def is_full(self) -> bool:
        return self.places_left is not None and self.places_left <= 0


@dataclass(frozen=True, slots=True)
class DeliveryOption:
    """A delivery method priced for a seller's lines. `fee` is None if it does not deliver them."""

    delivery_method: DeliveryMethod
    fee: int | None
    times: list[QuotedPickupTime]
    arrival: Arrival | None = None

    @property
    def first_available_delivery(self) -> RequestedDelivery | None:
        """The method at its first available pickup time, or None if every time is full."""
        if not self.delivery_method.market_days.all():
            return RequestedDelivery(self.delivery_method.pk)
        time = next((pickup.time for pickup in self.times if not pickup.is_full), None)
        return RequestedDelivery(self.delivery_method.pk, time.day, time.starts) if time else None


@dataclass(slots=True)
class SellerQuote:
    """One cooperative's part of a quote, which becomes an order part.

    `service` is the channel's shipping service, used if the cooperative offers no method of its own for that
    service. The service's price is split between all such sellers. `service_fee` is this seller's share.
    """

    cooperative: Cooperative
    lines: list[QuotedLine]
    delivery_options: list[DeliveryOption]
    chosen: DeliveryOption | None = None
    chosen_time: PickupTime | None = None
    service: ShippingService | None = None
    service_fee: int | None = None
    service_arrival: Arrival | None = None
    delivery_tax_rate: Decimal = Decimal(0)
    delivery_to_pay: int | None = None
    problems: list[QuoteProblem] = field(default_factory=list)

    @property
    def subtotal(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def grams(self) -> int:
        return sum(line.grams for line in self.lines)

    @property
    def fee(self) -> int | None:
        return self.chosen.fee if self.chosen else self.service_fee

    @property
    def arrival(self) -> Arrival | None:
        """The arrival by the chosen method or service, or None for pickups."""
        return self.chosen.arrival if self.chosen else self.service_arrival

    @property
    def possible_options(self) -> list[DeliveryOption]:
        return [option for option in self.delivery_options if option.fee is not None]

    @property
    def chosen_service(self) -> ShippingService | None:
        """The chosen shipping service, offered by the cooperative or by the channel."""
        return self.chosen.delivery_method.service if self.chosen else self.service


@dataclass(frozen=True, slots=True)
class Quote:
    """The prices, deliveries and problems of a request.

    `terms` are the terms of sale used for them, and `services` the channel's services by id. `stock_ids` is
    the stock that the buyer can reach, in the channel's warehouse order.
    """

    requested: QuoteRequest
    seller_quotes: list[SellerQuote]
    purchase: Purchase
    terms: SalesTerms
    discounts: Sequence[RequestedDiscount] = ()
    voucher: QuotedVoucher | None = None
    services: Mapping[int, ChannelShippingService] = field(default_factory=dict)
    stock_ids: Sequence[int] = ()

    @property
    def shop(self) -> ShopSettings:
        return self.terms.settings

    @property
    def lines(self) -> list[QuotedLine]:
        return [line for seller_quote in self.seller_quotes for line in seller_quote.lines]

    @property
    def problems(self) -> frozenset[QuoteProblem]:
        """All problems of lines and sellers."""
        of_seller_quotes = {
            problem for seller_quote in self.seller_quotes for problem in seller_quote.problems
        }
        return frozenset(of_seller_quotes | {problem for line in self.lines for problem in line.problems})

    @property
    def is_ready(self) -> bool:
        """Whether the request can become an order unchanged."""
        return bool(self.seller_quotes) and not self.problems

    @property
    def total(self) -> int:
        return self.purchase.total.gross

    @property
    def has_lines_sold_by_weight(self) -> bool:
        """Whether some line is sold by weight. The price of such a line may change."""
        return any(line.variant.is_sold_by_weight for line in self.lines)

    def maximum_of_line(self, line: QuotedLine) -> int:
        """Return the price of a line sold by weight at its bound, after the line's discounts."""
        return self.price_at_weight(line, line.bound_grams).total.gross

    @property
    def purchase_at_maximum(self) -> Purchase:
        """The purchase with each line sold by weight at its bound. Buyers agree to these sums."""
        at_bound: dict[Hashable, WeighedPrice] = {
            line.requested.key: self.price_at_weight(line, line.bound_grams)
            for line in self.lines
            if line.variant.is_sold_by_weight
        }
        if not at_bound:
            return self.purchase
        lines = [
            replace(priced, list_total=bound.list_total, priced=bound.priced, total=bound.total)
            if (bound := at_bound.get(priced.key))
            else priced
            for priced in self.purchase.lines
        ]
        discounts = []
        for discount in self.purchase.discounts:
            shares = {
                key: at_bound[key].shares[discount.key]
                if key in at_bound and not discount.is_for_delivery
                else share
                for key, share in discount.shares.items()
            }
            discounts.append(replace(discount, shares=shares, amount=sum(shares.values())))
        return replace(self.purchase, lines=lines, discounts=discounts)

    @property
    def maximum_total(self) -> int:
        """The highest total that needs no further question about weights."""
        return self.purchase_at_maximum.total.gross

    @property
    def maximum_without_delivery(self) -> int:
        """The part of `maximum_total` for products, shown while the buyer's address is not known."""
        return self.purchase_at_maximum.goods.gross

    @property
    def discount_at_estimate(self) -> int:
        """The amount that all discounts take off at the estimated weights."""
        return self.purchase.list_total.gross - self.purchase.total.gross

    @property
    def voucher_amount(self) -> int:
        """The amount that the voucher code takes off, or 0 if it is refused."""
        if self.voucher is None or self.voucher.discount is None:
            return 0
        return self.purchase.discounts[-1].amount

    @property
    def applied_voucher(self) -> QuotedVoucher | None:
        """The voucher if it takes something off. Only then is a use counted."""
        return self.voucher if self.voucher_amount else None

    def price_at_weight(self, line: QuotedLine, grams: int) -> WeighedPrice:
        """Return the price of a line sold by weight at this weight, after the line's discounts."""
        discount_shares = [
            AgreedDiscountShare(
                priced_discount.key,
                priced_discount.shares[line.requested.key],
                requested.terms.percent is not None,
            )
            for requested, priced_discount in zip(self.discounts, self.purchase.discounts, strict=True)
            if not priced_discount.is_for_delivery and line.requested.key in priced_discount.shares
        ]
        agreed = AgreedLine(
            grams=line.estimate_grams,
            list_total=line.unit_list_price * line.requested.quantity,
            priced=line.unit_price * line.requested.quantity,
            tax_rate=line.tax_rate,
            shares=discount_shares,
        )
        is_tax_included = self.requested.channel.prices_entered_with_tax
        return price_weighed(agreed, grams, is_tax_included=is_tax_included)
