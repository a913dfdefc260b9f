"""Quote planned orders without a query for each, as the basket would show them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from decimal import Decimal

from catalog.models import Price, Variant
from orders.actions.quotes.quote_types import (
    DeliveryOption,
    Quote,
    QuotedLine,
    QuoteRequest,
    RequestedLine,
    SellerQuote,
)
from orders.actions.quotes.sales_terms import sales_terms
from orders.pricing import DeliveryInput, LineInput, price_purchase
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel, TaxClass, read_rates_of_classes
from shop.management.demo.order_plan import PlannedOrder, PlannedPart


class PriceList:
    """The prices of a channel and the tax rates, each read once."""

    def __init__(self, channel: Channel) -> None:
        self._channel, self._terms = channel, sales_terms()
        prices = Price.objects.filter(channel=channel).with_wholesale_prices()
        self._prices = {price.variant_id: price for price in prices}
        self._classes = list(TaxClass.objects.order_by("pk").values_list("pk", flat=True))
        self._rates: dict[datetime.date, dict[int | None, Decimal]] = {}

    def quote(self, planned: PlannedOrder) -> Quote:
        rates = self._rates_on(vietnam_date(planned.placed_at))
        province = planned.commune.parent
        assert province is not None
        seller_quotes = [
            self._seller_quote(part, rates, province.code, planned.placed_at) for part in planned.parts
        ]
        lines = [line.requested for seller_quote in seller_quotes for line in seller_quote.lines]
        purchase = price_purchase(
            [
                LineInput(
                    key=line.requested.key,
                    cooperative_id=line.variant.cooperative_id,
                    unit_list_price=line.unit_list_price,
                    unit_price=line.unit_price,
                    quantity=line.requested.quantity,
                    tax_rate=line.tax_rate,
                )
                for seller_quote in seller_quotes
                for line in seller_quote.lines
            ],
            [
                DeliveryInput(
                    seller_quote.cooperative.pk,
                    seller_quote.fee or 0,
                    seller_quote.fee or 0,
                    seller_quote.delivery_tax_rate,
                )
                for seller_quote in seller_quotes
            ],
            is_tax_included=self._channel.prices_entered_with_tax,
        )
        return Quote(
            QuoteRequest(self._channel, lines, {}, province.code), seller_quotes, purchase, self._terms
        )

    def _seller_quote(
        self,
        part: PlannedPart,
        rates: Mapping[int | None, Decimal],
        province: str,
        placed_at: datetime.datetime,
    ) -> SellerQuote:
        lines = [self._line(variant, quantity, rates) for variant, quantity in part.lines]
        seller_quote = SellerQuote(part.lines[0][0].cooperative, lines, [])
        fee = part.delivery_method.fee(
            channel_id=self._channel.pk,
            province_code=province,
            grams=seller_quote.grams,
            subtotal=seller_quote.subtotal,
        )
        seller_quote.chosen, seller_quote.chosen_time = (
            DeliveryOption(part.delivery_method, fee, [], part.delivery_method.arrival(now=placed_at)),
            part.time,
        )
        seller_quote.delivery_tax_rate = rates.get(part.delivery_method.service.tax_class_id, Decimal(0))
        return seller_quote

    def _line(self, variant: Variant, quantity: int, rates: Mapping[int | None, Decimal]) -> QuotedLine:
        price = self._prices[variant.pk]
        tier = price.tier_at(quantity)
        tax_class = variant.product.tax_class or variant.product.product_type.tax_class
        return QuotedLine(
            requested=RequestedLine(uuid.uuid4(), variant.pk, quantity),
            variant=variant,
            unit_list_price=(tier.amount if tier else price.amount) or 0,
            unit_price=price.price_at(quantity) or 0,
            wholesale_from=tier.minimum_quantity if tier else None,
            tax_rate=rates.get(tax_class.pk if tax_class else None, Decimal(0)),
            tax_class_name=tax_class.name if tax_class else "",
            available_quantity=None,
        )

    def _rates_on(self, day: datetime.date) -> dict[int | None, Decimal]:
        if not self._channel.charge_taxes:
            return {}
        if day not in self._rates:
            country = self._channel.default_country
            self._rates[day] = read_rates_of_classes(self._classes, country=country, day=day)
        return self._rates[day]
