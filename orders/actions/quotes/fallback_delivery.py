"""Fallback to the channel's shipping service when a cooperative has no delivery method for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orders.actions.quotes.quote_types import QuoteProblem, SellerQuote
from orders.actions.quotes.sales_terms import ChannelShippingService
from shop.core.money import split_amount


def split_fallback_fees(
    seller_quotes: Sequence[SellerQuote], fallbacks: Mapping[int, ChannelShippingService]
) -> None:
    """Split a service's price between the sellers that use it, by the value of their lines.

    Adds NOT_DELIVERED to sellers if the service does not take the basket.
    """
    subtotal, grams = (
        sum(seller_quote.subtotal for seller_quote in seller_quotes),
        sum(seller_quote.grams for seller_quote in seller_quotes),
    )
    for key, fallback in fallbacks.items():
        served = [
            seller_quote
            for seller_quote in seller_quotes
            if seller_quote.service is not None and seller_quote.service.pk == key
        ]
        if not fallback.serves(subtotal=subtotal, grams=grams):
            for seller_quote in served:
                seller_quote.service = None
                seller_quote.problems.append(QuoteProblem.NOT_DELIVERED)
        elif served:
            fees = split_amount(fallback.price, [seller_quote.subtotal for seller_quote in served])
            for seller_quote, fee in zip(served, fees, strict=True):
                seller_quote.service_fee = fee
