"""The shapes of a quote: what is wanted, each cooperative's share of it, what is wrong with it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from catalog.models import Variant
from cooperatives.models import Cooperative, DeliveryWay, PickupTime, Service
from orders.models import Bearer, DiscountKind
from orders.pricing import Agreed, AgreedShare, DiscountIn, Purchase, price_weighed
from shop.core.errors import Refused
from shop.core.models import Channel, ShopSettings


class Problem(StrEnum):
    """Why a line or a delivery cannot be ordered as it stands."""

    NOT_FOR_SALE = "not_for_sale"
    SOLD_OUT = "sold_out"
    ONLY_LEFT = "only_left"
    PRICE_CHANGED = "price_changed"
    OVER_LIMIT = "over_limit"
    PAUSED = "paused"
    NOT_DELIVERED = "not_delivered"
    NO_DELIVERY_CHOSEN = "no_delivery_chosen"
    SLOT_GONE = "slot_gone"


@dataclass(frozen=True, slots=True)
class WantedLine:
    """`seen_price`: what one step cost when the buyer last looked; `forced_price`: set by staff or an app."""

    key: uuid.UUID
    variant_id: int
    quantity: int
    seen_price: int | None = None
    forced_price: int | None = None


@dataclass(frozen=True, slots=True)
class WantedDelivery:
    """A cooperative's way; or a service of the channel, for who has no offer of it."""

    way_id: int | None = None
    pickup_day: datetime.date | None = None
    pickup_starts: datetime.time | None = None
    service_id: int | None = None


@dataclass(frozen=True, slots=True)
class WantedDiscount:
    """A discount's terms, and what is kept of where it comes from and who bears it."""

    terms: DiscountIn
    kind: DiscountKind
    bearer: Bearer
    name: str = ""
    source_key: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, as far as it is known: what limits per buyer are counted by. `phone` is normalised."""

    user_id: int | None = None
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class QuotedVoucher:
    """What a code does here: a discount, or why it does nothing. `giver` None means the platform."""

    code: str
    name: str = ""
    code_id: uuid.UUID | None = None
    giver: Cooperative | None = None
    discount: WantedDiscount | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: lines, and by cooperative how its share is to travel.

    `by_staff` prices what is not on the shelf too: staff may sell it.
    """

    channel: Channel
    lines: Sequence[WantedLine]
    deliveries: Mapping[int, WantedDelivery]
    province_code: str = ""
    country: str = "VN"
    basket_id: uuid.UUID | None = None
    discounts: Sequence[WantedDiscount] = ()
    by_staff: bool = False
    voucher_code: str = ""
    buyer: Buyer = Buyer()


def limit_of(variant: Variant, shop_limit: int | None) -> int | None:
    """How many steps of a variant one order may hold: the least of its own limit and the shop's."""
    limits = [limit for limit in (shop_limit, variant.quantity_limit_per_customer) if limit is not None]
    return min(limits, default=None)


@dataclass(slots=True)
class QuotedLine:
    wanted: WantedLine
    variant: Variant
    unit_list: int
    unit_price: int
    tax_rate: Decimal
    tax_class_name: str
    free: int | None
    limit: int | None = None
    to_pay: int | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The line before its share of discounts, in minor units; `to_pay` is what is left after it."""
        return self.unit_price * self.wanted.quantity

    @property
    def before(self) -> int | None:
        """What the line would cost at its list price, where that is more than what is to be paid."""
        listed = max(self.unit_list, self.unit_price) * self.wanted.quantity
        return listed if self.to_pay is not None and listed > self.to_pay else None

    @property
    def grams(self) -> int:
        return self.variant.grams_for(self.variant.product) * self.wanted.quantity

    @property
    def estimate_grams(self) -> int:
        """What all steps are said to weigh; asked only of what is sold by weight."""
        return (self.variant.content_grams or 0) * self.wanted.quantity

    @property
    def bound_grams(self) -> int:
        """How heavy they may be before the buyer is asked."""
        return self.variant.most_grams(self.wanted.quantity)


@dataclass(frozen=True, slots=True)
class QuotedTime:
    time: PickupTime
    left: int | None

    @property
    def is_full(self) -> bool:
        return self.left is not None and self.left <= 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A way as this share of the basket could take it; `fee` None: not to this province, or too heavy."""

    way: DeliveryWay
    fee: int | None
    times: list[QuotedTime]

    @property
    def first(self) -> WantedDelivery | None:
        """This way, at the first time that can still be had; None where every time is taken."""
        if not self.way.market_days.all():
            return WantedDelivery(self.way.pk)
        free = (each.time for each in self.times if not each.is_full)
        time = next(free, None)
        return WantedDelivery(self.way.pk, time.day, time.starts) if time else None


@dataclass(slots=True)
class Share:
    """One cooperative's share: what will be a part.

    `service` carries it where the cooperative has no offer of what was chosen for the whole basket; what
    that costs is shared by all such shares, `service_fee` being this one's.
    """

    cooperative: Cooperative
    lines: list[QuotedLine]
    offers: list[Offer]
    chosen: Offer | None = None
    chosen_time: PickupTime | None = None
    service: Service | None = None
    service_fee: int | None = None
    delivery_tax_rate: Decimal = Decimal(0)
    delivery_to_pay: int | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def goods(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def grams(self) -> int:
        return sum(line.grams for line in self.lines)

    @property
    def fee(self) -> int | None:
        return self.chosen.fee if self.chosen else self.service_fee

    @property
    def possible_offers(self) -> list[Offer]:
        return [offer for offer in self.offers if offer.fee is not None]

    @property
    def first_choice(self) -> WantedDelivery | None:
        """The first way that can still be had, in the cooperative's own order: what a page proposes."""
        return next((first for offer in self.possible_offers if (first := offer.first)), None)

    @property
    def carried_by(self) -> Service | None:
        """The service that was chosen, whoever offers it."""
        return self.chosen.way.service if self.chosen else self.service


@dataclass(frozen=True, slots=True)
class Quote:
    """`shop` is the market's settings as they were read for it."""

    wanted: Wanted
    shares: list[Share]
    purchase: Purchase
    shop: ShopSettings
    discounts: Sequence[WantedDiscount] = ()
    voucher: QuotedVoucher | None = None

    @property
    def lines(self) -> list[QuotedLine]:
        return [line for share in self.shares for line in share.lines]

    @property
    def problems(self) -> frozenset[Problem]:
        """Everything that stands in the way, of lines and deliveries alike."""
        of_shares = {problem for share in self.shares for problem in share.problems}
        return frozenset(of_shares | {problem for line in self.lines for problem in line.problems})

    @property
    def is_ready(self) -> bool:
        """Whether it could be placed as it is."""
        return bool(self.shares) and not self.problems

    @property
    def total(self) -> int:
        return self.purchase.total.gross

    @property
    def is_by_weight(self) -> bool:
        """Whether the scale has a say in what it costs."""
        return any(line.variant.is_weighed for line in self.lines)

    def most_of(self, line: QuotedLine) -> int:
        """What a line sold by weight costs at most before the buyer is asked, after its discounts."""
        shares = [
            AgreedShare(given.key, given.shares[line.wanted.key], wanted.terms.percent is not None)
            for wanted, given in zip(self.discounts, self.purchase.discounts, strict=True)
            if not given.of_delivery and line.wanted.key in given.shares
        ]
        agreed = Agreed(
            line.estimate_grams,
            line.unit_list * line.wanted.quantity,
            line.unit_price * line.wanted.quantity,
            line.tax_rate,
            shares,
        )
        with_tax = self.wanted.channel.prices_entered_with_tax
        return price_weighed(agreed, line.bound_grams, with_tax=with_tax).total.gross

    @property
    def most(self) -> int:
        """What everything costs at most before the buyer is asked."""
        at_estimate = {line.key: line.total.gross for line in self.purchase.lines}
        more = [
            self.most_of(line) - at_estimate[line.wanted.key]
            for line in self.lines
            if line.variant.is_weighed and line.wanted.key in at_estimate
        ]
        return self.total + sum(more)

    @property
    def most_of_goods(self) -> int:
        """The same without deliveries, for who has not said where to."""
        return self.most - self.purchase.delivery.gross

    @property
    def voucher_amount(self) -> int:
        """What the code takes off; 0 where it does nothing here."""
        if self.voucher is None or self.voucher.discount is None:
            return 0
        return self.purchase.discounts[-1].amount

    @property
    def voucher_used(self) -> QuotedVoucher | None:
        """The code as far as it takes something off: only then is a use of it counted."""
        return self.voucher if self.voucher_amount else None
