"""Build the quote of a basket or draft: prices, stock, deliveries, and the problems of ordering it now.

This module only reads. The number of queries does not depend on the number of lines. Pages show a quote and
placement records one, so both use the same sums.
"""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from catalog.models import Variant
from catalog.states import ListingState
from cooperatives.models import DeliveryMethod
from cooperatives.states import CooperativeState
from orders.actions.quotes.fallback_delivery import split_fallback_fees
from orders.actions.quotes.purchase_limits import applied_limit, read_ordered_quantities
from orders.actions.quotes.quote_deliveries import quote_deliveries
from orders.actions.quotes.quote_queries import (
    BasketRows,
    ReachableStock,
    pickup_warehouses,
    read_basket_rows,
    read_quoted_variants,
    read_reachable_stock,
)
from orders.actions.quotes.quote_types import (
    Buyer,
    Quote,
    QuotedLine,
    QuoteProblem,
    QuoteRequest,
    RequestedDelivery,
    RequestedDiscount,
    RequestedLine,
    SellerQuote,
)
from orders.actions.quotes.sales_terms import ChannelShippingService, SalesTerms, sales_terms
from orders.actions.quotes.voucher_rules import quote_voucher
from orders.models import Basket
from orders.pricing import DeliveryInput, LineInput, Purchase, price_purchase
from shop.core.dates.calendar import vietnam_date
from shop.core.models import ShopSettings, TaxClass, rates_of_classes


def build_basket_request(basket: Basket) -> QuoteRequest:
    """Return the quote request of a basket, with the current prices of its variants. It takes one query."""
    return quote_request_of_rows(basket, read_basket_rows(basket.pk, basket.channel_id))


def quote_request_of_rows(basket: Basket, rows: BasketRows) -> QuoteRequest:
    """Return the quote request of a basket whose rows were just read or written."""
    return QuoteRequest(
        channel=basket.channel,
        lines=[
            RequestedLine(
                key=line.pk,
                variant_id=line.variant_id,
                quantity=line.quantity,
                seen_price=line.seen_price,
                forced_price=line.forced_price,
            )
            for line in rows.lines
        ],
        deliveries={
            choice.cooperative_id: RequestedDelivery(
                choice.delivery_method_id, choice.pickup_day, choice.pickup_starts, choice.service_id
            )
            for choice in rows.delivery_choices.values()
        },
        province_code=basket.province_code,
        country=basket.country,
        basket_id=basket.pk,
        voucher_code=basket.voucher_code,
        buyer=Buyer(basket.user_id, basket.phone, basket.email),
        variants=rows.variants,
        has_reservations=rows.has_reservations,
    )


@dataclass(frozen=True, slots=True)
class QuoteInputs:
    """The variants and terms of sale that a quote needs whatever the buyer chooses.

    Inputs that are read once under a lock serve several quotes.
    """

    variants: Mapping[int, Variant]
    terms: SalesTerms
    # The reachable stock of tracked variants, cached per set of chosen pickup warehouses.
    stock: dict[frozenset[tuple[int, uuid.UUID]], list[ReachableStock]] = field(default_factory=dict)


def read_quote_inputs(quote_request: QuoteRequest) -> QuoteInputs:
    return QuoteInputs(read_quoted_variants(quote_request), sales_terms())


def build_quote(
    quote_request: QuoteRequest,
    *,
    now: datetime.datetime,
    should_propose_deliveries: bool = False,
    inputs: QuoteInputs | None = None,
) -> Quote:
    """Price and check everything requested. Problems are listed on lines and sellers, not refused.

    `should_propose_deliveries` selects each cooperative's preselected delivery if the buyer has chosen no
    delivery method or an impossible one. Pages use it, because they do not offer channel services. `inputs`
    holds the rows of the request, if the caller has read them.
    """
    inputs = inputs or read_quote_inputs(quote_request)
    variants, terms = inputs.variants, inputs.terms
    delivery_methods = terms.delivery_methods(
        {variant.cooperative_id for variant in variants.values()},
        channel_id=quote_request.channel.pk,
        province_code=quote_request.province_code,
    )
    fallbacks = terms.services(channel_id=quote_request.channel.pk, country=quote_request.country)
    rates = _tax_rates(inputs, quote_request, delivery_methods, fallbacks, now)
    reachable_stock = _read_reachable_stock(inputs, quote_request, delivery_methods)
    free = _free_quantities(variants, reachable_stock)
    by_cooperative = _quote_lines(quote_request, variants, rates, free)
    _flag_limits(by_cooperative.values(), quote_request, terms.settings, now=now)
    _flag_shortages(by_cooperative.values())
    quote_deliveries(
        quote_request, by_cooperative, delivery_methods, fallbacks, now, should_propose_deliveries
    )
    seller_quotes = list(by_cooperative.values())
    split_fallback_fees(seller_quotes, fallbacks)
    voucher = quote_voucher(quote_request, seller_quotes, now=now)
    code_discounts = [voucher.discount] if voucher and voucher.discount else []
    discounts = [*quote_request.discounts, *code_discounts]
    purchase = _price_seller_quotes(quote_request, seller_quotes, rates, discounts)
    _set_amounts_to_pay(seller_quotes, purchase)
    return Quote(
        requested=quote_request,
        seller_quotes=seller_quotes,
        purchase=purchase,
        terms=terms,
        discounts=discounts,
        voucher=voucher,
        services=fallbacks,
        stock_ids=[stock.stock_id for stock in reachable_stock],
    )


def _read_reachable_stock(
    inputs: QuoteInputs, quote_request: QuoteRequest, delivery_methods: Mapping[int, list[DeliveryMethod]]
) -> list[ReachableStock]:
    """Return the reachable stock of the tracked variants, in the channel's warehouse order."""
    methods = (method for methods in delivery_methods.values() for method in methods)
    pickup_warehouse_ids = pickup_warehouses(quote_request, methods)
    key = frozenset(pickup_warehouse_ids.items())
    if key not in inputs.stock:
        tracked_ids = _tracked_ids(inputs.variants)
        inputs.stock[key] = read_reachable_stock(quote_request, tracked_ids, pickup_warehouse_ids)
    return inputs.stock[key]


def _free_quantities(
    variants: Mapping[int, Variant], reachable_stock: Iterable[ReachableStock]
) -> dict[int, int]:
    """Return the free sales units by tracked variant, including those that this basket has reserved."""
    free_quantities = dict.fromkeys(_tracked_ids(variants), 0)
    for stock in reachable_stock:
        free_quantities[stock.variant_id] += stock.free
    return free_quantities


def _tracked_ids(variants: Mapping[int, Variant]) -> list[int]:
    return [variant.pk for variant in variants.values() if variant.track_inventory]


def _tax_rates(
    inputs: QuoteInputs,
    quote_request: QuoteRequest,
    delivery_methods: Mapping[int, list[DeliveryMethod]],
    fallbacks: Mapping[int, ChannelShippingService],
    now: datetime.datetime,
) -> dict[int | None, Decimal]:
    if not quote_request.channel.charge_taxes:
        return {}
    classes = {
        tax_class.pk if (tax_class := _tax_class(variant)) else None for variant in inputs.variants.values()
    }
    classes |= {
        delivery_method.service.tax_class_id
        for methods in delivery_methods.values()
        for delivery_method in methods
    }
    classes |= {fallback.service.tax_class_id for fallback in fallbacks.values()}
    rates = inputs.terms.tax_rates(country=quote_request.country, day=vietnam_date(now))
    return rates_of_classes(classes, rates)


def _tax_class(variant: Variant) -> TaxClass | None:
    return variant.product.tax_class or variant.product.product_type.tax_class


def _quote_lines(
    quote_request: QuoteRequest,
    variants: Mapping[int, Variant],
    rates: Mapping[int | None, Decimal],
    free: Mapping[int, int],
) -> dict[int, SellerQuote]:
    """Return a quote of each cooperative with its lines, by id. Variants that are gone are left out."""
    by_cooperative: dict[int, SellerQuote] = {}
    for requested_line in quote_request.lines:
        variant = variants.get(requested_line.variant_id)
        if variant is not None:
            new_quote = SellerQuote(variant.cooperative, [], [])
            seller_quote = by_cooperative.setdefault(variant.cooperative_id, new_quote)
            seller_quote.lines.append(_quote_line(requested_line, variant, rates, free))
    return by_cooperative


def _quote_line(
    line: RequestedLine,
    variant: Variant,
    rates: Mapping[int | None, Decimal],
    free: Mapping[int, int],
) -> QuotedLine:
    price = next(iter(variant.prices.all()), None)
    listing = next(iter(variant.product.listings.all()), None)
    tax_class = _tax_class(variant)
    listed = price.amount if price is not None else None
    selling = price.selling_price if price is not None else None
    tier = price.tier_at(line.quantity) if price is not None else None
    if tier is not None and line.forced_price not in (None, tier.amount):
        tier = None
    if tier is not None:
        listed = selling = tier.amount
    if line.forced_price is not None:
        selling = line.forced_price
        listed = selling if listed is None or line.wholesale_from is not None else listed
    quoted = QuotedLine(
        requested=line,
        variant=variant,
        unit_list_price=listed or 0,
        unit_price=selling or 0,
        tax_rate=rates.get(tax_class.pk if tax_class else None, Decimal(0)),
        tax_class_name=tax_class.name if tax_class else "",
        available_quantity=free.get(variant.pk),
        wholesale_from=tier.minimum_quantity if tier is not None else line.wholesale_from,
    )
    on_sale = (
        listing is not None
        and listing.state == ListingState.PUBLISHED
        and variant.cooperative.state == CooperativeState.APPROVED
    )
    if selling is None or not on_sale:
        quoted.problems.append(QuoteProblem.NOT_FOR_SALE)
    elif line.seen_price is not None and line.seen_price != selling:
        quoted.problems.append(QuoteProblem.PRICE_CHANGED)
    return quoted


def _flag_limits(
    seller_quotes: Iterable[SellerQuote],
    quote_request: QuoteRequest,
    shop: ShopSettings,
    *,
    now: datetime.datetime,
) -> None:
    """Add OVER_LIMIT to the lines of a variant if together they exceed its limit per order or per buyer.

    Only the account's orders are counted (see `purchase_limits`).
    """
    lines = [line for seller_quote in seller_quotes for line in seller_quote.lines]
    quantity_by_variant: Counter[int] = Counter()
    for line in lines:
        quantity_by_variant[line.variant.pk] += line.requested.quantity
    buyer = Buyer(None if quote_request.is_by_staff else quote_request.buyer.user_id)
    ordered_before = read_ordered_quantities((line.variant for line in lines), buyer, now=now)
    for line in lines:
        line.limit, line.ordered_before = applied_limit(
            line.variant, shop.limit_quantity_per_checkout, ordered_before
        )
        if line.limit is not None and quantity_by_variant[line.variant.pk] > line.limit:
            line.problems.append(QuoteProblem.OVER_LIMIT)


def _flag_shortages(seller_quotes: Iterable[SellerQuote]) -> None:
    """Add shortages to the lines of a variant. Stock goes to the earlier lines first."""
    free_by_variant: dict[int, int] = {}
    for seller_quote in seller_quotes:
        for line in seller_quote.lines:
            if line.available_quantity is None or QuoteProblem.NOT_FOR_SALE in line.problems:
                continue
            free = free_by_variant.setdefault(line.variant.pk, max(0, line.available_quantity))
            free_by_variant[line.variant.pk] = max(0, free - line.requested.quantity)
            if free <= 0:
                line.problems.append(QuoteProblem.SOLD_OUT)
            elif free < line.requested.quantity:
                line.problems.append(QuoteProblem.FEWER_IN_STOCK)
            line.available_quantity = free


def _price_seller_quotes(
    quote_request: QuoteRequest,
    seller_quotes: Sequence[SellerQuote],
    rates: Mapping[int | None, Decimal],
    discounts: Sequence[RequestedDiscount],
) -> Purchase:
    for seller_quote in seller_quotes:
        service = seller_quote.chosen_service
        seller_quote.delivery_tax_rate = rates.get(service.tax_class_id if service else None, Decimal(0))
    return price_purchase(
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
            if quote_request.is_by_staff or QuoteProblem.NOT_FOR_SALE not in line.problems
        ],
        [
            DeliveryInput(
                seller_quote.cooperative.pk,
                seller_quote.fee,
                seller_quote.fee,
                seller_quote.delivery_tax_rate,
            )
            for seller_quote in seller_quotes
            if seller_quote.fee is not None
        ],
        [discount.terms for discount in discounts],
        is_tax_included=quote_request.channel.prices_entered_with_tax,
    )


def _set_amounts_to_pay(seller_quotes: Sequence[SellerQuote], purchase: Purchase) -> None:
    """Set the price of each line and delivery after all discounts."""
    lines = {line.key: line.total.gross for line in purchase.lines}
    deliveries = {delivery.cooperative_id: delivery.total.gross for delivery in purchase.deliveries}
    for seller_quote in seller_quotes:
        seller_quote.delivery_to_pay = deliveries.get(seller_quote.cooperative.pk)
        for line in seller_quote.lines:
            line.to_pay = lines.get(line.requested.key)
