"""Price a sale at the counter, at the weights on the scale."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from catalog.models import Variant
from cooperatives.models import Cooperative
from orders.actions.basket.basket_lines import InvalidQuantity, NotForSale
from orders.actions.counter.sale_discounts import SaleDiscount, require_allowed_discount
from orders.actions.fulfilment.weigh_lines import MAX_WEIGHT_GRAMS, InvalidWeight, NotSoldByWeight
from orders.actions.quotes.build_quote import build_quote, read_quote_inputs
from orders.actions.quotes.quote_types import Quote, QuotedLine, QuoteRequest, RequestedLine
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, market_channel

MAX_SALE_LINES = 100
MAX_QUANTITY = 10_000


class EmptySale(Refused):
    code = "empty_sale"
    default_message = _("Choose at least one product.")


class TooManySaleLines(Refused):
    code = "too_many_sale_lines"
    default_message = _("A sale has at most 100 lines. Make a second sale for the rest.")


class WeightMissing(Refused):
    """A product sold by weight has no weight, `details["variant"]`."""

    code = "weight_missing"
    default_message = _("Weigh %(name)s first.")


@dataclass(frozen=True, slots=True)
class SaleLine:
    """How many units of a variant are sold. `grams` is their weight if the variant is sold by weight."""

    variant_id: int
    quantity: int
    grams: int | None = None


@dataclass(frozen=True, slots=True)
class SaleQuote:
    """A priced sale: `total` is what the customer pays, and `amounts` that of each line, in minor units."""

    quote: Quote
    lines: Sequence[SaleLine]
    discount: SaleDiscount | None
    amounts: Sequence[int]
    total: int

    @property
    def grams_by_key(self) -> dict[uuid.UUID, int]:
        """The weight of each line that is sold by weight, by the key of the requested line."""
        requested = self.quote.requested.lines
        return {
            row.key: line.grams
            for row, line in zip(requested, self.lines, strict=True)
            if line.grams is not None
        }


def quote_sale(
    *,
    cooperative: Cooperative,
    lines: Sequence[SaleLine],
    discount: SaleDiscount | None,
    role: str,
    now: datetime.datetime,
) -> SaleQuote:
    """Price the lines in the market's channel, less the discount that the seller of this role grants.

    It changes nothing. Products that the web does not show are sold too, if they have a price. Raises
    DiscountAboveLimit, EmptySale, InvalidQuantity, InvalidSaleDiscount, InvalidWeight, Missing, NotForSale,
    NotSoldByWeight, ReasonRequired, TooManySaleLines, WeightMissing.
    """
    channel = market_channel()
    if channel is None:
        raise Missing()
    _require_possible_lines(lines)
    request = _build_request(channel, lines)
    inputs = read_quote_inputs(request)
    _require_own_variants(cooperative, lines, list(inputs.variants.values()))
    quote = build_quote(request, now=now, inputs=inputs)
    _require_prices_and_weights(quote, lines)
    amounts = _amounts_of_lines(quote, lines)
    if discount is not None:
        discount = require_allowed_discount(
            discount, role=role, undiscounted=sum(amounts), currency=channel.currency
        )
        discounted = replace(request, discounts=[discount.as_requested()])
        quote = build_quote(discounted, now=now, inputs=inputs)
        amounts = _amounts_of_lines(quote, lines)
    return SaleQuote(quote=quote, lines=lines, discount=discount, amounts=amounts, total=sum(amounts))


def _build_request(channel: Channel, lines: Sequence[SaleLine]) -> QuoteRequest:
    return QuoteRequest(
        channel=channel,
        lines=[RequestedLine(uuid.uuid4(), line.variant_id, line.quantity) for line in lines],
        deliveries={},
        country=channel.default_country,
        is_by_staff=True,
    )


def _require_possible_lines(lines: Sequence[SaleLine]) -> None:
    if not lines:
        raise EmptySale()
    if len(lines) > MAX_SALE_LINES:
        raise TooManySaleLines()
    if any(not 1 <= line.quantity <= MAX_QUANTITY for line in lines):
        raise InvalidQuantity(field="quantity")
    if any(line.grams is not None and not 1 <= line.grams <= MAX_WEIGHT_GRAMS for line in lines):
        raise InvalidWeight(field="grams")


def _require_own_variants(
    cooperative: Cooperative, lines: Sequence[SaleLine], variants: Sequence[Variant]
) -> None:
    """Raise Missing for variants that are gone, or that are another cooperative's."""
    own_ids = {variant.pk for variant in variants if variant.cooperative_id == cooperative.pk}
    if {line.variant_id for line in lines} - own_ids:
        raise Missing(field="variant")


def _require_prices_and_weights(quote: Quote, lines: Sequence[SaleLine]) -> None:
    for quoted, line in zip(quote.lines, lines, strict=True):
        price = next(iter(quoted.variant.prices.all()), None)
        if price is None or price.selling_price is None:
            raise NotForSale(field="variant")
        if quoted.variant.is_sold_by_weight and line.grams is None:
            text = str(WeightMissing.default_message) % {"name": quoted.variant.product.name}
            raise WeightMissing(text, field="grams", variant=quoted.variant.pk)
        if line.grams is not None and not quoted.variant.is_sold_by_weight:
            raise NotSoldByWeight(field="grams")


def _amounts_of_lines(quote: Quote, lines: Sequence[SaleLine]) -> list[int]:
    """Return what the customer pays for each line, in the order of the request."""
    return [_amount_of_line(quote, quoted, line) for quoted, line in zip(quote.lines, lines, strict=True)]


def _amount_of_line(quote: Quote, quoted: QuotedLine, line: SaleLine) -> int:
    if line.grams is not None:
        return quote.price_at_weight(quoted, line.grams).total.gross
    return quoted.to_pay or 0
