"""Add, change and remove checkout lines, and choose the delivery method."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from orders.actions.basket.bulk_lines import bulk_add_lines, bulk_remove_lines, bulk_update_lines
from orders.actions.basket.combined_delivery import (
    CombinedOptionNotAvailable,
    choose_combined_option,
    combined_options,
)
from orders.actions.checkout.open_checkout import open_checkout
from orders.models import Basket
from shop.api.breadth import Selection
from shop.api.checkout.deliveries import delivery_key, resolve_deliveries
from shop.api.checkout.inputs import (
    CheckoutDeliveryMethodUpdateArguments,
    CheckoutLineDeleteArguments,
    CheckoutLinesAddArguments,
    CheckoutLinesDeleteArguments,
    CheckoutLinesUpdateArguments,
    CheckoutShippingMethodUpdateArguments,
    DeliveryOptionsCalculateArguments,
)
from shop.api.checkout.line_inputs import (
    parse_line_updates,
    parse_lines_to_add,
    unknown_variants_as_input_errors,
)
from shop.api.checkout.mutations import CODES, build_checkout_payload
from shop.api.checkout.types import basket_access, basket_key_from, find_basket
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import global_ids, input_key
from shop.api.root_fields import Mutations
from shop.core.errors import Missing, Refused

mutation = Mutations(codes=CODES)


@mutation.field()
def checkout_lines_add(
    arguments: CheckoutLinesAddArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = find_basket(arguments, context)
    lines_to_add = parse_lines_to_add(arguments["lines"], basket.currency, context)
    try:
        with unknown_variants_as_input_errors(lines_to_add):
            quote = bulk_add_lines(basket_id=basket.pk, lines_to_add=lines_to_add, now=context.now)
    except Refused as refused:
        raise _with_variants(refused, [line.variant_id for line in lines_to_add]) from refused
    return build_checkout_payload(basket, context, selection, quote)


@mutation.field()
def checkout_lines_update(
    arguments: CheckoutLinesUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = find_basket(arguments, context)
    updates = parse_line_updates(arguments["lines"], basket.currency, context)
    try:
        quote = bulk_update_lines(basket_id=basket.pk, updates=updates, now=context.now)
    except Refused as refused:
        raise _with_variants(
            refused, [update.variant_id for update in updates if update.variant_id]
        ) from refused
    return build_checkout_payload(basket, context, selection, quote)


@mutation.field()
def checkout_lines_delete(
    arguments: CheckoutLinesDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = find_basket(arguments, context)
    keys = [input_key(line_id, "CheckoutLine", field="linesIds") for line_id in arguments["linesIds"]]
    return _remove_lines(basket, keys, context, selection)


@mutation.field()
def checkout_line_delete(
    arguments: CheckoutLineDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = find_basket(arguments, context)
    text = arguments.get("lineId")
    if text is None:
        raise InputError("REQUIRED", _("Provide `lineId`."), field="lineId")
    key = input_key(text, "CheckoutLine", field="lineId")
    return _remove_lines(basket, [key], context, selection)


@mutation.field(refused={"deliveries": []})
def delivery_options_calculate(
    arguments: DeliveryOptionsCalculateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = find_basket(arguments, context)
    quote = open_checkout(basket_id=basket.pk, now=context.now)
    return {"deliveries": resolve_deliveries(basket.pk, quote, combined_options)}


@mutation.field()
def checkout_delivery_method_update(
    arguments: CheckoutDeliveryMethodUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _choose_delivery(basket_key_from(arguments), arguments.get("deliveryMethodId"), context, selection)


@mutation.field()
def checkout_shipping_method_update(
    arguments: CheckoutShippingMethodUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _choose_delivery(basket_key_from(arguments), arguments.get("shippingMethodId"), context, selection)


def _choose_delivery(
    basket_id: uuid.UUID, delivery_method_id: str | None, context: Context, selection: Selection
) -> dict[str, object]:
    try:
        key = None if delivery_method_id is None else delivery_key(delivery_method_id)
        basket, quote = choose_combined_option(
            basket_id=basket_id, access=basket_access(context), chosen_key=key, now=context.now
        )
    except CombinedOptionNotAvailable as refused:
        raise InputError(
            "DELIVERY_METHOD_NOT_APPLICABLE", refused.message, field="deliveryMethodId"
        ) from refused
    return build_checkout_payload(basket, context, selection, quote, is_basket_current=True)


def _remove_lines(
    basket: Basket, keys: list[uuid.UUID], context: Context, selection: Selection
) -> dict[str, object]:
    try:
        bulk_remove_lines(basket_id=basket.pk, line_ids=keys, now=context.now)
    except Missing as missing:
        missing_line_ids = missing.details.get("missing_lines")
        if not missing_line_ids:
            raise
        lines = global_ids("CheckoutLine", missing_line_ids)
        raise InputError("NOT_FOUND", missing.message, field="lineId", lines=lines) from missing
    return build_checkout_payload(basket, context, selection)


def _with_variants(refused: Refused, requested_keys: list[int]) -> Refused:
    """Add the affected variants to a refusal, if it names them or only one was given."""
    free_quantities = refused.details.get("free")
    keys = (
        list(free_quantities)
        if isinstance(free_quantities, dict)
        else requested_keys
        if len(requested_keys) == 1
        else []
    )
    if not keys or refused.code not in CODES:
        return refused
    field = "lines" if refused.field == "variant" else refused.field
    return InputError(
        CODES[refused.code], refused.message, field=field, variants=global_ids("ProductVariant", keys)
    )
