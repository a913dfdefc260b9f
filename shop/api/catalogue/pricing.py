"""Net and gross prices of variants, and price ranges of products."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from catalog.models import Price
from shop.api.breadth import Selection
from shop.api.catalogue.inputs import ProductPricingArguments, ProductVariantPricingArguments
from shop.api.catalogue.types import product_object, variant_object
from shop.api.context import Context
from shop.api.in_channel import Pair, channel_by_key
from shop.api.input_data import InputData
from shop.api.money import TaxedAmount
from shop.api.object_types import Row, Type
from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel, read_rates_of_classes
from shop.core.money import gross_of, net_of

_TAXED_FIELDS = frozenset({"net", "tax"})


class VariantPrice(NamedTuple):
    """A variant's list, current and prior unit price in a channel, with the tax rate in percent."""

    variant_id: int
    product_id: int
    channel_id: int
    currency: str
    listed: int
    selling_price: int
    prior: int | None
    rate: Decimal


# Variant, product, channel, currency, list price, current price, prior price, tax class.
_PriceValues: TypeAlias = tuple[int, int, int, str, int, int, int | None, int | None]


@compiled_query
def _prices(
    keys: Collection[int], channel_ids: Collection[int], *, column: str
) -> QuerySet[Price, _PriceValues]:
    rows = Price.objects.filter(**{f"{column}__in": keys}, channel__in=channel_ids, amount__isnull=False)
    return rows.values_list(
        "variant_id",
        "variant__product_id",
        "channel_id",
        "currency",
        "amount",
        Coalesce("discounted", "amount"),
        "prior_amount",
        Coalesce(F("variant__product__tax_class_id"), F("variant__product__product_type__tax_class_id")),
    )


def read_variant_prices(
    column: str,
    keys: Collection[int],
    channel_keys: Collection[int],
    context: Context,
    selection: Selection,
    country: str | None,
) -> list[VariantPrice]:
    """Return prices in these channels whose column is among `keys`, with tax rates if needed."""
    channels = {channel.pk: channel for channel in context.channels.values()}
    price_rows = _prices(keys, channel_keys, column=column)
    all_gross = all(channels[values[2]].prices_entered_with_tax for values in price_rows)
    if all_gross and not asks_for_tax(selection):
        return [VariantPrice._make((*values[:7], Decimal(0))) for values in price_rows]
    rates = _Rates(channels, country, vietnam_date(context.now))
    for values in price_rows:
        rates.request(values[2], values[7])
    return [VariantPrice._make((*values[:7], rates.rate(values[2], values[7]))) for values in price_rows]


class _Rates:
    """Tax rates by channel and tax class. They take one query per country."""

    def __init__(self, channels: dict[int, Channel], country: str | None, day: datetime.date) -> None:
        self._channels = channels
        self._country = country
        self._day = day
        self._requested: dict[str, set[int | None]] = {}
        self._found: dict[str, dict[int | None, Decimal]] = {}

    def request(self, channel_key: int, tax_class_id: int | None) -> None:
        self._requested.setdefault(self._country_of(channel_key), set()).add(tax_class_id)

    def rate(self, channel_key: int, tax_class_id: int | None) -> Decimal:
        if not self._channels[channel_key].charge_taxes:
            return Decimal(0)
        country = self._country_of(channel_key)
        if country not in self._found:
            classes = self._requested.get(country, set())
            self._found[country] = read_rates_of_classes(classes, country=country, day=self._day)
        return self._found[country].get(tax_class_id, Decimal(0))

    def _country_of(self, channel_key: int) -> str:
        return self._country or self._channels[channel_key].default_country


def asks_for_tax(selection: Selection) -> bool:
    """Return whether `net` or `tax` is selected anywhere below."""
    return any(
        selected.name in _TAXED_FIELDS or asks_for_tax(selected) for selected in selection.selections_below()
    )


def net_and_gross(amount: int, price: VariantPrice, context: Context) -> TaxedAmount:
    """Convert a channel's price to net and gross."""
    if not price.rate:
        return TaxedAmount(amount, amount, price.currency)
    channel = channel_by_key(context, price.channel_id)
    if channel is not None and not channel.prices_entered_with_tax:
        return TaxedAmount(amount, gross_of(amount, price.rate), price.currency)
    return TaxedAmount(net_of(amount, price.rate), amount, price.currency)


def country_argument(arguments: InputData) -> str | None:
    country: str | None = (arguments.get("address") or {}).get("country")
    return country


def _load_prices(
    parents: list[Row], column: str, arguments: InputData, context: Context, selection: Selection
) -> list[VariantPrice]:
    keys, channels = {parent.id for parent in parents}, {parent.in_channel for parent in parents} - {None}
    if not channels:
        return []
    return read_variant_prices(column, keys, channels, context, selection, country_argument(arguments))


@variant_object.field("pricing", needs=("id", "in_channel"))
def pricing_of_variants(
    variants: list[Row], arguments: ProductVariantPricingArguments, context: Context, selection: Selection
) -> Sequence[Mapping[str, object] | None]:
    """Resolve variants' pricing, or null without a channel or without a price in it."""
    prices = _load_prices(variants, "variant", arguments, context, selection)
    prices_by_pair = {(price.variant_id, price.channel_id): price for price in prices}
    return [
        _variant_pricing(price, context)
        if (price := prices_by_pair.get((variant_row.id, variant_row.in_channel)))
        else None
        for variant_row in variants
    ]


@product_object.field("pricing", needs=("id", "in_channel"))
def pricing_of_products(
    products: list[Row], arguments: ProductPricingArguments, context: Context, selection: Selection
) -> Sequence[Mapping[str, object] | None]:
    """Resolve products' pricing, or null without a channel or if no variant has a price in it."""
    return load_price_ranges(
        products, [product_row.id for product_row in products], arguments, context, selection
    )


def load_price_ranges(
    rows: list[Row],
    product_keys: Sequence[int],
    arguments: InputData,
    context: Context,
    selection: Selection,
) -> Sequence[Mapping[str, object] | None]:
    """Return a product's `ProductPricingInfo` for each row, in the row's channel."""
    channels = {row.in_channel for row in rows} - {None}
    if not channels:
        return [None] * len(rows)
    country = country_argument(arguments)
    groups: dict[Pair, list[VariantPrice]] = {}
    for price in read_variant_prices(
        "variant__product", set(product_keys), channels, context, selection, country
    ):
        groups.setdefault((price.product_id, price.channel_id), []).append(price)
    return [
        _product_pricing(groups.get((key, row.in_channel)), context)
        for key, row in zip(product_keys, rows, strict=True)
    ]


def _variant_pricing(price: VariantPrice, context: Context) -> dict[str, object]:
    now, listed = (
        net_and_gross(price.selling_price, price, context),
        net_and_gross(price.listed, price, context),
    )
    prior = net_and_gross(price.prior, price, context) if price.prior is not None else None
    return {
        "onSale": price.selling_price < price.listed,
        "discount": _discount(listed, now),
        "discountPrior": prior and _discount(prior, now),
        "price": now,
        "priceUndiscounted": listed,
        "pricePrior": prior,
    }


def _product_pricing(prices: list[VariantPrice] | None, context: Context) -> dict[str, object] | None:
    if not prices:
        return None
    now = _price_range(prices, lambda price: price.selling_price, context)
    listed = _price_range(prices, lambda price: price.listed, context)
    before = [price for price in prices if price.prior is not None]
    prior = _price_range(before, lambda price: price.prior or 0, context) if before else None
    return {
        "onSale": any(price.selling_price < price.listed for price in prices),
        "discount": _discount(listed["start"], now["start"]),
        "discountPrior": prior and _discount(prior["start"], now["start"]),
        "priceRange": now,
        "priceRangeUndiscounted": listed,
        "priceRangePrior": prior,
        "channel": prices[0].channel_id,
    }


def _price_range(
    prices: Iterable[VariantPrice], amount: Callable[[VariantPrice], int], context: Context
) -> dict[str, TaxedAmount]:
    ordered = sorted(prices, key=amount)
    first, last = ordered[0], ordered[-1]
    return {
        "start": net_and_gross(amount(first), first, context),
        "stop": net_and_gross(amount(last), last, context),
    }


def _discount(before: TaxedAmount, now: TaxedAmount) -> TaxedAmount | None:
    """Return the discount, or null if there is none."""
    if before.gross <= now.gross:
        return None
    return TaxedAmount(before.net - now.net, before.gross - now.gross, now.currency)


taxed_money_range_object = Type("TaxedMoneyRange")
taxed_money_range_object.value_fields("start", "stop")
money_range_object = Type("MoneyRange")
money_range_object.value_fields("start", "stop")
product_pricing_object = Type("ProductPricingInfo")
product_pricing_object.value_fields(
    "onSale", "discount", "discountPrior", "priceRange", "priceRangeUndiscounted", "priceRangePrior"
)
product_pricing_object.unsupported("discountLocalCurrency", "priceRangeLocalCurrency")
variant_pricing_object = Type("VariantPricingInfo")
variant_pricing_object.value_fields(
    "onSale", "discount", "discountPrior", "price", "priceUndiscounted", "pricePrior"
)
variant_pricing_object.unsupported("discountLocalCurrency", "priceLocalCurrency")


@product_pricing_object.field()
def display_gross_prices(
    pricings: list[Mapping[str, Any]], arguments: object, context: Context, selection: Selection
) -> list[bool]:
    channels = [channel_by_key(context, pricing["channel"]) for pricing in pricings]
    return [channel is None or channel.display_gross_prices for channel in channels]


TYPES = (taxed_money_range_object, money_range_object, product_pricing_object, variant_pricing_object)
