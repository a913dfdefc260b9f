"""What a basket or a draft would be as an order now: prices, stock, deliveries, and what stands in the way.

Reading only, in a number of queries that does not depend on the number of lines. The pages show a
quote; placing takes one; so both say the same.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.models import Variant
from catalog.states import ListingState
from cooperatives.models import DeliveryWay
from cooperatives.states import CooperativeState
from orders.actions.quotes.fallback_delivery import Fallback, fallbacks_for, share_fees
from orders.actions.quotes.quote_deliveries import quote_deliveries
from orders.actions.quotes.quote_queries import choices_of, free_of, lines_of, variants_of, ways_of
from orders.actions.quotes.quote_types import (
    Buyer,
    Problem,
    Quote,
    QuotedLine,
    Share,
    Wanted,
    WantedDelivery,
    WantedDiscount,
    WantedLine,
    limit_of,
)
from orders.actions.quotes.voucher_rules import judge_code
from orders.models import Basket
from orders.pricing import DeliveryIn, LineIn, Purchase, price_purchase
from shop.core.dates.calendar import day_of
from shop.core.models import ShopSettings, TaxClass, shop_settings, tax_rates


def wanted_of(basket: Basket) -> Wanted:
    """What a basket asks for, in two queries."""
    lines = [
        WantedLine(line.pk, line.variant_id, line.quantity, line.seen_price, line.forced_price)
        for line in lines_of(basket.pk)
    ]
    deliveries = {
        choice.cooperative_id: WantedDelivery(
            choice.way_id, choice.pickup_day, choice.pickup_starts, choice.service_id
        )
        for choice in choices_of(basket.pk)
    }
    return Wanted(
        channel=basket.channel,
        lines=lines,
        deliveries=deliveries,
        province_code=basket.province_code,
        country=basket.country,
        basket_id=basket.pk,
        voucher_code=basket.voucher_code,
        buyer=Buyer(basket.user_id, basket.phone, basket.email),
    )


@dataclass(frozen=True, slots=True)
class Goods:
    """What the goods of a quote are and how they may travel, whatever of it is chosen: read once under a
    lock, it does for several quotes."""

    variants: dict[int, Variant]
    ways: dict[int, list[DeliveryWay]]
    shop: ShopSettings


def goods_of(wanted: Wanted) -> Goods:
    variants = variants_of(wanted)
    return Goods(variants, ways_of(wanted, variants.values()), shop_settings())


def quote(
    wanted: Wanted, *, now: datetime.datetime, proposing: bool = False, goods: Goods | None = None
) -> Quote:
    """Price and check everything asked for. Nothing is refused here: problems are said on their lines.

    `proposing` takes each cooperative's first possible way where none, or none possible, is chosen: pages
    know the ways of cooperatives, and no services. `goods` where they have been read already.
    """
    goods = goods or goods_of(wanted)
    variants, ways, shop = goods.variants, goods.ways, goods.shop
    asked = {each.service_id for each in wanted.deliveries.values() if each.way_id is None}
    fallbacks = fallbacks_for(wanted, asked)
    rates = _tax_rates(wanted, variants.values(), ways, fallbacks, now)
    free = free_of(wanted, variants, ways)
    shares: dict[int, Share] = {}
    for wanted_line in wanted.lines:
        variant = variants.get(wanted_line.variant_id)
        if variant is None:
            continue
        line = _quote_line(wanted_line, variant, rates, free)
        share = shares.setdefault(variant.cooperative_id, Share(variant.cooperative, [], []))
        share.lines.append(line)
    _check_limits(shares.values(), shop)
    _spread_shortage(shares.values())
    quote_deliveries(wanted, shares, ways, fallbacks, now, proposing)
    every = list(shares.values())
    share_fees(every, fallbacks)
    voucher = judge_code(wanted, every, now=now)
    by_code = [voucher.discount] if voucher and voucher.discount else []
    discounts = [*wanted.discounts, *by_code]
    purchase = _price(wanted, every, rates, discounts)
    _tell_what_is_left(every, purchase)
    return Quote(wanted, every, purchase, shop, discounts, voucher)


def _tax_rates(
    wanted: Wanted,
    variants: Iterable[Variant],
    ways: Mapping[int, list[DeliveryWay]],
    fallbacks: Mapping[int, Fallback],
    now: datetime.datetime,
) -> dict[int | None, Decimal]:
    if not wanted.channel.charge_taxes:
        return {}
    classes = {tax_class.pk if (tax_class := _tax_class(variant)) else None for variant in variants}
    classes |= {way.service.tax_class_id for offered in ways.values() for way in offered}
    classes |= {each.service.tax_class_id for each in fallbacks.values()}
    return tax_rates(classes, country=wanted.country, day=day_of(now))


def _tax_class(variant: Variant) -> TaxClass | None:
    return variant.product.tax_class or variant.product.product_type.tax_class


def _quote_line(
    line: WantedLine,
    variant: Variant,
    rates: Mapping[int | None, Decimal],
    free: Mapping[int, int],
) -> QuotedLine:
    price = next(iter(variant.prices.all()), None)
    listing = next(iter(variant.product.listings.all()), None)
    tax_class = _tax_class(variant)
    listed = price.amount if price is not None else None
    selling = price.selling if price is not None else None
    if line.forced_price is not None:
        selling = line.forced_price
        listed = listed if listed is not None else selling
    quoted = QuotedLine(
        wanted=line,
        variant=variant,
        unit_list=listed or 0,
        unit_price=selling or 0,
        tax_rate=rates.get(tax_class.pk if tax_class else None, Decimal(0)),
        tax_class_name=tax_class.name if tax_class else "",
        free=free.get(variant.pk),
    )
    on_sale = (
        listing is not None
        and listing.state == ListingState.PUBLISHED
        and variant.cooperative.state == CooperativeState.APPROVED
    )
    if selling is None or not on_sale:
        quoted.problems.append(Problem.NOT_FOR_SALE)
    elif line.seen_price is not None and line.seen_price != selling:
        quoted.problems.append(Problem.PRICE_CHANGED)
    return quoted


def _check_limits(shares: Iterable[Share], shop: ShopSettings) -> None:
    """Say what is more than one order may hold, counting all lines of one variant together."""
    lines = [line for share in shares for line in share.lines]
    together: Counter[int] = Counter()
    for line in lines:
        together[line.variant.pk] += line.wanted.quantity
    for line in lines:
        line.limit = limit_of(line.variant, shop.limit_quantity_per_checkout)
        if line.limit is not None and together[line.variant.pk] > line.limit:
            line.problems.append(Problem.OVER_LIMIT)


def _spread_shortage(shares: Iterable[Share]) -> None:
    """Say what is short, counting several lines of one variant together, the first served first."""
    left: dict[int, int] = {}
    for share in shares:
        for line in share.lines:
            if line.free is None or Problem.NOT_FOR_SALE in line.problems:
                continue
            here = left.setdefault(line.variant.pk, max(0, line.free))
            left[line.variant.pk] = max(0, here - line.wanted.quantity)
            if here <= 0:
                line.problems.append(Problem.SOLD_OUT)
            elif here < line.wanted.quantity:
                line.problems.append(Problem.ONLY_LEFT)
            line.free = here


def _price(
    wanted: Wanted,
    every: Sequence[Share],
    rates: Mapping[int | None, Decimal],
    discounts: Sequence[WantedDiscount],
) -> Purchase:
    for share in every:
        service = share.carried_by
        share.delivery_tax_rate = rates.get(service.tax_class_id if service else None, Decimal(0))
    return price_purchase(
        [
            LineIn(
                line.wanted.key,
                line.variant.cooperative_id,
                line.unit_list,
                line.unit_price,
                line.wanted.quantity,
                line.tax_rate,
            )
            for share in every
            for line in share.lines
            if wanted.by_staff or Problem.NOT_FOR_SALE not in line.problems
        ],
        [
            DeliveryIn(share.cooperative.pk, share.fee, share.fee, share.delivery_tax_rate)
            for share in every
            if share.fee is not None
        ],
        [one.terms for one in discounts],
        with_tax=wanted.channel.prices_entered_with_tax,
    )


def _tell_what_is_left(shares: Sequence[Share], purchase: Purchase) -> None:
    """Each line and delivery hears what is to be paid of it, after every discount."""
    lines = {line.key: line.total.gross for line in purchase.lines}
    deliveries = {one.cooperative: one.total.gross for one in purchase.deliveries}
    for share in shares:
        share.delivery_to_pay = deliveries.get(share.cooperative.pk)
        for line in share.lines:
            line.to_pay = lines.get(line.wanted.key)
