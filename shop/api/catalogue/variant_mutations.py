"""Create and change variants, their prices and their stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from catalog.actions.products.staff_products import (
    amend_variant,
    count_variant,
    enter_variant,
    price_variant,
    remove_variant,
    show_first,
)
from catalog.actions.stock.stock_movements import MOST, OddCount
from catalog.models import Stock
from shop.api.breadth import Selection
from shop.api.catalogue.given import (
    CODES,
    OWN_GOODS,
    channel_given,
    columns,
    described,
    found,
    grams,
    is_theirs,
    named_key,
    told,
)
from shop.api.catalogue.types import product, variant
from shop.api.context import Context
from shop.api.errors import Mistake
from shop.api.ids import given_key, key_of
from shop.api.root_fields import Mutations
from shop.core.errors import Missing
from shop.core.models import Channel
from shop.core.money import minor_digits

mutation = Mutations(codes=CODES)


def _values(given: dict[str, Any], context: Context) -> dict[str, Any]:
    values = described({key: value for key, value in given.items() if key != "name"}, context)
    values |= columns(
        given,
        name="name",
        trackInventory="track_inventory",
        quantityLimitPerCustomer="quantity_limit_per_customer",
        externalReference="external_reference",
    )
    if "sku" in given:
        values["sku"] = given["sku"] or None
    return values | grams(given, context)


def _stocks(given: list[dict[str, Any]] | None) -> list[tuple[Any, int]]:
    for each in given or ():
        if not 0 <= each["quantity"] <= MOST:
            raise Mistake("INVALID", OddCount.default_words, field="quantity")
    return [
        (given_key(each["warehouse"], "Warehouse", field="warehouse"), each["quantity"])
        for each in given or ()
    ]


@mutation.field(permissions=OWN_GOODS)
def product_variant_create(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    given = arguments["input"]
    of = int(given_key(given["product"], "Product", field="product"))
    made = enter_variant(
        product_id=of if is_theirs(product, of, context) else 0,
        values=_values(given, context),
        told=told(given.get("attributes")),
        stocks=_stocks(given.get("stocks")),
        actor=context.actor,
        now=context.now,
    )
    return {"productVariant": found(variant, made.pk, context, selection.names("productVariant"))}


@mutation.field(permissions=OWN_GOODS)
def product_variant_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    given = arguments["input"]
    changed = amend_variant(
        variant_id=named_key(arguments, variant, context),
        values=_values(given, context),
        told=told(given.get("attributes")),
        actor=context.actor,
        now=context.now,
    )
    return {"productVariant": found(variant, changed.pk, context, selection.names("productVariant"))}


@mutation.field(permissions=OWN_GOODS)
def product_variant_delete(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = named_key(arguments, variant, context)
    gone = found(variant, key, context, selection.names("productVariant"))
    if gone is None:
        raise Missing(field="id")
    remove_variant(variant_id=key, actor=context.actor, now=context.now)
    return {"productVariant": gone}


@mutation.field(permissions=OWN_GOODS)
def product_variant_channel_listing_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    prices = []
    for each in arguments["input"]:
        channel = channel_given(each["channelId"], context)
        further = {"costPrice": "cost", "priorPrice": "prior_amount"}
        named = {
            column: None if each[name] is None else _minor(each[name], channel)
            for name, column in further.items()
            if name in each
        }
        prices.append((channel, _minor(each["price"], channel), named))
    changed = price_variant(
        variant_id=named_key(arguments, variant, context),
        prices=prices,
        actor=context.actor,
        now=context.now,
    )
    return {"variant": found(variant, changed.pk, context, selection.names("variant"))}


@mutation.field(permissions=OWN_GOODS)
def product_variant_stocks_create(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    return _counted(arguments, context, selection, _stocks(arguments["stocks"]), only_new=True)


@mutation.field(permissions=OWN_GOODS)
def product_variant_stocks_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    return _counted(arguments, context, selection, _stocks(arguments["stocks"]))


@mutation.field(permissions=OWN_GOODS)
def product_variant_stocks_delete(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    """Set the stock to zero; its movements are kept."""
    houses = [key_of(each, "Warehouse") for each in arguments.get("warehouseIds") or ()]
    key = named_key(arguments, variant, context, by="variantId")
    there: Any = Stock.objects.filter(variant=key)
    there = there.filter(warehouse__in=houses).values_list("warehouse", flat=True)
    return _counted(arguments, context, selection, [(house, 0) for house in there])


def _counted(
    arguments: dict[str, Any],
    context: Context,
    selection: Selection,
    stocks: list[tuple[Any, int]],
    *,
    only_new: bool = False,
) -> dict[str, Any]:
    changed = count_variant(
        variant_id=named_key(arguments, variant, context, by="variantId"),
        stocks=stocks,
        only_new=only_new,
        actor=context.actor,
        now=context.now,
    )
    return {"productVariant": found(variant, changed.pk, context, selection.names("productVariant"))}


def _minor(amount: Decimal, channel: Channel) -> int:
    """Convert a price to the channel's minor units, rounded."""
    return int((amount * 10 ** minor_digits(channel.currency)).to_integral_value())


@mutation.field(permissions=OWN_GOODS, refused={"count": 0})
def product_variant_bulk_delete(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    """Delete variants by ids or SKUs, each independently."""
    named = [{"id": each} for each in arguments.get("ids") or ()]
    named += [{"sku": each} for each in arguments.get("skus") or ()]
    return mutation.each_of(named, product_variant_delete, context, selection)


@mutation.field(permissions=OWN_GOODS)
def product_variant_set_default(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = given_key(arguments["productId"], "Product", field="productId")
    if not is_theirs(product, key, context):
        raise Missing(field="productId")
    show_first(
        product_id=key,
        variant_id=given_key(arguments["variantId"], "ProductVariant", field="variantId"),
        actor=context.actor,
        now=context.now,
    )
    return {"product": found(product, key, context, selection.names("product"))}


TYPES = (mutation,)
