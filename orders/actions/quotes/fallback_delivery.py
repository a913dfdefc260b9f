"""Fallback to the channel's shipping service when a cooperative has no delivery method for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from cooperatives.models import Service, ServicePrice, Zone
from orders.actions.quotes.quote_types import QuoteProblem, QuoteRequest, SellerQuote
from shop.core.database.compiled_query import compiled_query
from shop.core.money import split_amount


@dataclass(frozen=True, slots=True)
class FallbackService:
    """A channel service. Its price, in minor units, is charged once per order for all its sellers."""

    service: Service
    row: ServicePrice

    @property
    def price(self) -> int:
        return self.row.price

    def serves(self, *, subtotal: int, grams: int) -> bool:
        """Return whether the service takes a basket of this value (minor units) and weight."""
        if subtotal < self.row.minimum_order or (self.row.maximum_order or subtotal) < subtotal:
            return False
        service = self.service
        if not service.is_weight_based:
            return True
        return service.minimum_grams <= grams and (service.maximum_grams or grams) >= grams


def fallback_services(
    quote_request: QuoteRequest, service_ids: Iterable[int | None] | None = None
) -> dict[int, FallbackService]:
    """Return the services by id that the channel offers in the country; `service_ids` selects some.

    One query, or none if `service_ids` holds no id.
    """
    requested_ids = None if service_ids is None else {key for key in service_ids if key is not None}
    if requested_ids is not None and not requested_ids:
        return {}
    service_prices = _service_prices(quote_request.channel.pk, quote_request.country)
    return {
        row.service_id: FallbackService(row.service, row)
        for row in service_prices
        if requested_ids is None or row.service_id in requested_ids
    }


@compiled_query
def _service_prices(channel: int, country: str) -> QuerySet[ServicePrice]:
    zones = Zone.objects.covering(country, channel_id=channel)
    service_prices = ServicePrice.objects.filter(channel=channel, service__zone__in=zones)
    return service_prices.select_related("service", "service__tax_class").order_by("service")


def split_fallback_fees(
    seller_quotes: Sequence[SellerQuote], fallbacks: Mapping[int, FallbackService]
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
