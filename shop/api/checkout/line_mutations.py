"""Add, change and remove checkout lines, and choose the delivery method."""

from __future__ import annotations

from typing import Any

from orders.actions.basket.bulk_lines import put_lines, set_lines, take_out
from orders.actions.basket.combined_delivery import NotDeliveredSo, choose_option, options_of
from orders.actions.checkout.open_checkout import open_checkout
from orders.models import Basket
from shop.api.breadth import Selection
from shop.api.checkout.deliveries import chosen_key, deliveries_of
from shop.api.checkout.given import puts_from, sets_from
from shop.api.checkout.mutations import CODES, shown
from shop.api.checkout.types import basket_in
from shop.api.context import Context
from shop.api.errors import Mistake
from shop.api.ids import given_key, global_ids
from shop.api.root_fields import Mutations
from shop.core.errors import Missing, Refused

mutation = Mutations(codes=CODES)


@mutation.field()
def checkout_lines_add(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    puts = puts_from(arguments["lines"], basket.currency, context)
    try:
        offer = put_lines(basket_id=basket.pk, puts=puts, now=context.now)
    except Refused as refused:
        raise _with_variants(refused, [each.variant_id for each in puts]) from refused
    return shown(basket, context, selection, offer)


@mutation.field()
def checkout_lines_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    sets = sets_from(arguments["lines"], basket.currency, context)
    try:
        offer = set_lines(basket_id=basket.pk, sets=sets, now=context.now)
    except Refused as refused:
        raise _with_variants(refused, [each.variant_id for each in sets if each.variant_id]) from refused
    return shown(basket, context, selection, offer)


@mutation.field()
def checkout_lines_delete(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    keys = [given_key(each, "CheckoutLine", field="linesIds") for each in arguments["linesIds"]]
    return _remove_lines(basket, keys, context, selection)


@mutation.field()
def checkout_line_delete(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    if arguments.get("lineId") is None:
        raise Mistake("REQUIRED", "Name the line.", field="lineId")
    key = given_key(arguments["lineId"], "CheckoutLine", field="lineId")
    return _remove_lines(basket, [key], context, selection)


@mutation.field(refused={"deliveries": []})
def delivery_options_calculate(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    offer = open_checkout(basket_id=basket.pk, now=context.now)
    return {"deliveries": deliveries_of(basket.pk, offer, options_of)}


@mutation.field()
def checkout_delivery_method_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    return _choose_delivery(basket, arguments.get("deliveryMethodId"), context, selection)


@mutation.field()
def checkout_shipping_method_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    return _choose_delivery(basket, arguments.get("shippingMethodId"), context, selection)


def _choose_delivery(
    basket: Basket, chosen: str | None, context: Context, selection: Selection
) -> dict[str, Any]:
    try:
        key = None if chosen is None else chosen_key(chosen)
        offer = choose_option(basket_id=basket.pk, chosen=key, now=context.now)
    except NotDeliveredSo as refused:
        raise Mistake("DELIVERY_METHOD_NOT_APPLICABLE", refused.words, field="deliveryMethodId") from refused
    return shown(basket, context, selection, offer)


def _remove_lines(basket: Basket, keys: list[Any], context: Context, selection: Selection) -> dict[str, Any]:
    try:
        take_out(basket_id=basket.pk, line_ids=keys, now=context.now)
    except Missing as missing:
        gone = missing.details.get("missing_lines")
        if not gone:
            raise
        lines = global_ids("CheckoutLine", gone)
        raise Mistake("NOT_FOUND", missing.words, field="lineId", lines=lines) from missing
    return shown(basket, context, selection)


def _with_variants(refused: Refused, asked: list[int]) -> Refused:
    """Add the affected variants to a refusal, if it names them or only one was given."""
    short = refused.details.get("free")
    keys = list(short) if isinstance(short, dict) else asked if len(asked) == 1 else []
    if not keys or refused.code not in CODES:
        return refused
    field = "lines" if refused.field == "variant" else refused.field
    return Mistake(
        CODES[refused.code], refused.words, field=field, variants=global_ids("ProductVariant", keys)
    )
