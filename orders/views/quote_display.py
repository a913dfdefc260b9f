"""Prepare quotes for display: problems as messages, names in the page's language."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.pricing import WholesaleTier, find_next_tier
from catalog.unit_labels import variant_count_label
from cooperatives.models import Arrival, DeliveryKind, DeliveryMethod, ShippingService
from orders.actions.quotes.purchase_limits import limit_message
from orders.actions.quotes.quote_queries import read_main_pictures
from orders.actions.quotes.quote_types import Quote, QuotedLine, QuotedPickupTime, QuoteProblem, SellerQuote
from orders.pricing import PricedItem
from shop.core.models import Picture, show_in_language
from shop.core.models.geography import Division
from shop.core.texts.formatting import format_money, weekday_and_day
from shop.core.texts.marked_texts import sentence, translated, untranslated

MAX_PLACES_CALLED_FEW = 5
# Everywhere in this order: to the door, by coach, then pickups.
_KIND_ORDER = {kind: place for place, kind in enumerate(DeliveryKind)}
# Problems that the buyer must fix in the basket before the checkout.
_IN_BASKET = frozenset(
    {QuoteProblem.NOT_FOR_SALE, QuoteProblem.SOLD_OUT, QuoteProblem.FEWER_IN_STOCK, QuoteProblem.OVER_LIMIT}
)


@dataclass(frozen=True, slots=True)
class LineDisplay:
    """A quoted line for display. `error` is the error of the quantity just entered.

    `priced` holds the line's sums. If the line is sold by weight, they are those at its bound. Products not
    on sale have None.
    """

    quoted: QuotedLine
    messages: list[str]
    error: str = ""
    priced: PricedItem | None = None
    picture: Picture | None = None

    @property
    def maximum_to_pay(self) -> int:
        """The amount to pay. For a line sold by weight it is the most that it can be."""
        return self.priced.total.gross if self.priced else 0

    @property
    def list_total(self) -> int | None:
        """The amount at the list price, if that is more than `maximum_to_pay`."""
        return (
            self.priced.list_total.gross
            if self.priced and self.priced.list_total.gross > self.maximum_to_pay
            else None
        )

    @property
    def has_unit_price_apart(self) -> bool:
        """Whether to show the unit price, because the line has several units and no discount reduces it."""
        return self.quoted.requested.quantity > 1 and self.list_total is None

    @property
    def wholesale_label(self) -> str:
        """The quantity from which its wholesale price applies, such as `10 kg`.

        At another price it is empty.
        """
        start = self.quoted.wholesale_from
        return "" if start is None else variant_count_label(self.quoted.variant, start)

    @property
    def next_tier(self) -> WholesaleTier | None:
        """The next cheaper wholesale price, if stock and limits allow its quantity.

        At a set price there is none.
        """
        line = self.quoted
        price = next(iter(line.variant.prices.all()), None)
        if price is None or line.requested.forced_price is not None:
            return None
        tier = find_next_tier(
            price.wholesale_tiers, quantity=line.requested.quantity, unit_price=line.unit_price
        )
        bounds = [bound for bound in (line.available_quantity, line.limit) if bound is not None]
        return tier if tier and all(tier.minimum_quantity <= bound for bound in bounds) else None

    @property
    def missing_for_next_tier(self) -> str:
        """The quantity that is missing for the next wholesale price, such as `2 kg`."""
        tier = self.next_tier
        missing = tier.minimum_quantity - self.quoted.requested.quantity if tier else 0
        return variant_count_label(self.quoted.variant, missing) if missing else ""

    @property
    def is_sold_by_weight(self) -> bool:
        return self.priced is not None and self.quoted.variant.is_sold_by_weight

    @property
    def name(self) -> str:
        return self.quoted.variant.product.name

    @property
    def is_requested(self) -> bool:
        """Whether the line counts in the total. A product that is not on sale does not."""
        return QuoteProblem.NOT_FOR_SALE not in self.quoted.problems


@dataclass(frozen=True, slots=True)
class DeliveryOptionDisplay:
    """One radio button for a delivery method, or for one of its pickup times.

    It may also be for the shipping service chosen for the basket over the API.
    """

    value: str
    delivery_method: DeliveryMethod | ShippingService
    fee: int | None
    time: QuotedPickupTime | None
    is_chosen: bool
    arrival: Arrival | None = None

    @property
    def own_method(self) -> DeliveryMethod | None:
        """The cooperative's method, which names where the buyer collects; None for a shipping service."""
        return self.delivery_method if isinstance(self.delivery_method, DeliveryMethod) else None

    @property
    def places_left_if_few(self) -> int | None:
        """The number of free places at this time, if at most MAX_PLACES_CALLED_FEW."""
        places_left = self.time.places_left if self.time else None
        return places_left if places_left is not None and places_left <= MAX_PLACES_CALLED_FEW else None


@dataclass(frozen=True, slots=True)
class PickupPoint:
    """A pickup place with its free times. `is_far` says that it is in another province than the buyer."""

    delivery_method: DeliveryMethod
    fee: int | None
    choices: list[DeliveryOptionDisplay]
    is_far: bool

    @property
    def is_chosen(self) -> bool:
        return any(choice.is_chosen for choice in self.choices)


@dataclass(frozen=True, slots=True)
class SellerQuoteDisplay:
    seller_quote: SellerQuote
    lines: list[LineDisplay]
    messages: list[str]
    choices: list[DeliveryOptionDisplay]
    pickup_points: list[PickupPoint]

    @property
    def choices_without_pickup_time(self) -> list[DeliveryOptionDisplay]:
        """The choices without a pickup time. Each is one radio button."""
        return [choice for choice in self.choices if choice.time is None]

    @property
    def near_points(self) -> list[PickupPoint]:
        return [point for point in self.pickup_points if not point.is_far]

    @property
    def far_points(self) -> list[PickupPoint]:
        return [point for point in self.pickup_points if point.is_far]

    @property
    def lowest_far_fee(self) -> int | None:
        return min((point.fee for point in self.far_points if point.fee is not None), default=None)

    @property
    def should_open_far_points(self) -> bool:
        """Whether to unfold the far places, because one is chosen or the buyer has no other choice."""
        return any(point.is_chosen for point in self.far_points) or not (
            self.choices_without_pickup_time or self.near_points
        )

    @property
    def field(self) -> str:
        return f"delivery-{self.seller_quote.cooperative.pk}"

    @property
    def chosen(self) -> DeliveryOptionDisplay | None:
        return next((choice for choice in self.choices if choice.is_chosen), None)

    @property
    def cheapest_alternative(self) -> DeliveryOptionDisplay | None:
        """The cheapest choice in the buyer's province, if it costs less than the chosen one."""
        if self.chosen is None or self.chosen.fee is None:
            return None
        near_choices = [choice for point in self.near_points for choice in point.choices]
        priced = [
            (choice.fee, choice)
            for choice in (*self.choices_without_pickup_time, *near_choices)
            if choice.fee is not None and choice.fee < self.chosen.fee
        ]
        return min(priced, key=lambda pair: pair[0])[1] if priced else None

    @property
    def goods_before_discounts(self) -> int:
        return sum(line.list_total or line.maximum_to_pay for line in self.lines)

    @property
    def goods_discount(self) -> int:
        """The amount that price cuts and vouchers take off the lines."""
        return self.goods_before_discounts - sum(line.maximum_to_pay for line in self.lines)

    @property
    def has_lines_sold_by_weight(self) -> bool:
        """Whether some line is sold by weight, so that the sums are maximums."""
        return any(line.is_sold_by_weight for line in self.lines)


def build_seller_quote_displays(
    quote: Quote, province: Division | None, quantity_errors: Mapping[uuid.UUID, str] | None = None
) -> list[SellerQuoteDisplay]:
    """Prepare each seller's quote for display. Messages about delivery need a province."""
    translate_quote(quote)
    pictures = read_main_pictures(line.variant for line in quote.lines)
    errors_by_line = quantity_errors or {}
    currency = quote.requested.channel.currency
    priced_lines = {line.key: line for line in quote.purchase_at_maximum.lines}
    return [
        SellerQuoteDisplay(
            seller_quote=seller_quote,
            lines=[
                LineDisplay(
                    quoted=line,
                    messages=line_messages(line, currency),
                    error=errors_by_line.get(line.requested.key, ""),
                    priced=priced_lines.get(line.requested.key),
                    picture=pictures.get(line.variant.main_picture_key),
                )
                for line in seller_quote.lines
            ],
            messages=seller_messages(seller_quote, province),
            choices=(choices := delivery_choices(seller_quote)),
            pickup_points=_gather_pickup_points(choices, province),
        )
        for seller_quote in quote.seller_quotes
    ]


def has_blocking_problems(quote: Quote) -> bool:
    """Return whether the basket has problems that prevent an order to any province."""
    return any(_IN_BASKET & set(line.problems) for line in quote.lines) or any(
        QuoteProblem.PAUSED in seller_quote.problems for seller_quote in quote.seller_quotes
    )


def line_messages(line: QuotedLine, currency: str) -> list[str]:
    """Return the messages about a line's problems, most important first."""
    texts = {
        QuoteProblem.NOT_FOR_SALE: lambda: _("No longer on sale. Remove it to continue."),
        QuoteProblem.SOLD_OUT: lambda: _("Sold out. Remove it to continue."),
        QuoteProblem.FEWER_IN_STOCK: lambda: (
            ngettext("Only %(count)s is left.", "Only %(count)s are left.", line.available_quantity or 0)
            % {"count": line.available_quantity or 0}
        ),
        QuoteProblem.OVER_LIMIT: lambda: limit_message(line.variant, line.limit or 0, line.ordered_before),
        QuoteProblem.PRICE_CHANGED: lambda: (
            _("The price has changed from %(old)s to %(new)s.")
            % {
                "old": format_money(line.requested.seen_price, currency),
                "new": format_money(line.unit_price, currency),
            }
        ),
    }
    return [texts[problem]() for problem in texts if problem in line.problems]


def seller_messages(seller_quote: SellerQuote, province: Division | None) -> list[str]:
    """Return the messages about a seller's quote as a whole, as HTML."""
    name = translated(seller_quote.cooperative, "name")
    messages: list[str] = []
    if QuoteProblem.PAUSED in seller_quote.problems:
        messages.append(_pause_text(name, seller_quote.cooperative.paused_until))
    if QuoteProblem.NOT_DELIVERED in seller_quote.problems and province is not None:
        messages.append(
            sentence(
                _("%(name)s does not deliver to %(place)s. Choose another place or remove these items."),
                name=name,
                place=untranslated(province.name),
            )
        )
    if QuoteProblem.SLOT_GONE in seller_quote.problems:
        messages.append(_("The pickup time you chose is no longer available. Choose another one."))
    if QuoteProblem.NO_DELIVERY_CHOSEN in seller_quote.problems:
        messages.append(sentence(_("Choose a delivery method for the items from %(name)s."), name=name))
    return messages


def delivery_choices(seller_quote: SellerQuote) -> list[DeliveryOptionDisplay]:
    """Return the radio buttons of a seller's quote: chosen service, methods and free pickup times."""
    choices = []
    if seller_quote.service is not None:
        value = f"service-{seller_quote.service.pk}"
        choices.append(
            DeliveryOptionDisplay(
                value=value,
                delivery_method=seller_quote.service,
                fee=seller_quote.service_fee,
                time=None,
                is_chosen=True,
                arrival=seller_quote.service_arrival,
            )
        )
    options = sorted(
        seller_quote.possible_options,
        key=lambda option: _KIND_ORDER[DeliveryKind(option.delivery_method.kind)],
    )
    for option in options:
        if not option.delivery_method.market_days.all():
            choices.append(
                DeliveryOptionDisplay(
                    value=str(option.delivery_method.pk),
                    delivery_method=option.delivery_method,
                    fee=option.fee,
                    time=None,
                    is_chosen=seller_quote.chosen is option,
                    arrival=option.arrival,
                )
            )
            continue
        for time in (time for time in option.times if not time.is_full):
            is_chosen = seller_quote.chosen is option and seller_quote.chosen_time == time.time
            value = f"{option.delivery_method.pk}@{time.time.key}"
            choices.append(
                DeliveryOptionDisplay(
                    value=value,
                    delivery_method=option.delivery_method,
                    fee=option.fee,
                    time=time,
                    is_chosen=is_chosen,
                )
            )
    return choices


def _gather_pickup_points(
    choices: list[DeliveryOptionDisplay], province: Division | None
) -> list[PickupPoint]:
    """Gather the pickup times by place, in the order of the choices."""
    points: dict[int, PickupPoint] = {}
    for choice in choices:
        method = choice.delivery_method
        if choice.time is None or not isinstance(method, DeliveryMethod):
            continue
        point = PickupPoint(
            method, choice.fee, [], method.is_pickup_outside(province.code if province else "")
        )
        points.setdefault(method.pk, point).choices.append(choice)
    return list(points.values())


def translate_quote(quote: Quote) -> None:
    """Translate product, variant, cooperative and delivery method names to the page's language."""
    variants = list({line.variant.pk: line.variant for line in quote.lines}.values())
    show_in_language(variants, "name")
    show_in_language([variant.product for variant in variants], "name")
    show_in_language([seller_quote.cooperative for seller_quote in quote.seller_quotes], "name")
    show_in_language(
        [
            option.delivery_method
            for seller_quote in quote.seller_quotes
            for option in seller_quote.delivery_options
        ],
        "name",
        "note",
    )


def _pause_text(name: str, until: datetime.date | None) -> str:
    if until is None:
        return sentence(_("%(name)s has paused sales for now."), name=name)
    return sentence(
        _("%(name)s has paused sales and sells again from %(day)s."), name=name, day=weekday_and_day(until)
    )
