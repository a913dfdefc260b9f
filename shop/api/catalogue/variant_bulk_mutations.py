"""Create and change several variants of a product in one mutation, as the Dashboard's product page does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from django.utils.translation import gettext as _
from graphql import get_named_type, is_object_type

from catalog.actions.products.bulk_variants import (
    ChangedPrice,
    ErrorPolicy,
    SavedRow,
    VariantRow,
    save_variants,
)
from catalog.models import Price, Stock
from shop.api.breadth import Selection
from shop.api.catalogue.input_values import (
    CODES,
    OWN_PRODUCT_PERMISSIONS,
    PRODUCT_PERMISSIONS,
    attribute_values_from_input,
    may_manage_row,
)
from shop.api.catalogue.inputs import (
    ChannelListingUpdateInput,
    ProductVariantBulkCreateArguments,
    ProductVariantBulkCreateInput,
    ProductVariantBulkUpdateArguments,
    ProductVariantBulkUpdateInput,
    ProductVariantStocksUpdateInput,
)
from shop.api.catalogue.types import product_object, variant_object
from shop.api.catalogue.variant_mutations import (
    list_price,
    other_amounts,
    price_in_minor_units,
    stock_counts,
    variant_columns,
)
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key, input_keys
from shop.api.object_types import Type
from shop.api.root_fields import REFUSALS, Mutations
from shop.core.errors import Missing, Refused
from shop.core.models import Channel

MAX_ROWS = 100
mutation = Mutations(codes=CODES)
_REFUSED = {"count": 0, "productVariants": [], "results": []}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS, refused=_REFUSED)
def product_variant_bulk_create(
    arguments: ProductVariantBulkCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    product_id = _require_product(arguments, context)
    rows = [_attempt(partial(_build_new_row, row, context)) for row in arguments["variants"]]
    results, refusals = _save(product_id, rows, arguments.get("errorPolicy"), context, selection)
    created = [result["productVariant"] for result in results if result["productVariant"] is not None]
    return {"count": len(created), "productVariants": created, "results": results, REFUSALS: refusals}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS, refused=_REFUSED)
def product_variant_bulk_update(
    arguments: ProductVariantBulkUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    product_id = _require_product(arguments, context)
    current = _read_current_rows(product_id)
    rows = [_attempt(partial(_build_changed_row, row, current, context)) for row in arguments["variants"]]
    results, refusals = _save(product_id, rows, arguments.get("errorPolicy"), context, selection)
    changed = [result for result in results if result["productVariant"] is not None]
    return {"count": len(changed), "results": results, REFUSALS: refusals}


def _require_product(
    arguments: ProductVariantBulkCreateArguments | ProductVariantBulkUpdateArguments, context: Context
) -> int:
    """Return the product's key. Raises InputError for too many rows, and Missing for another's product."""
    if len(arguments["variants"]) > MAX_ROWS:
        raise InputError("INVALID", _("Save at most %(count)s options at a time.") % {"count": MAX_ROWS})
    product_id = int(input_key(arguments["product"], "Product", field="product"))
    if not may_manage_row(product_object, product_id, context):
        raise Missing(field="product")
    return product_id


def _attempt(read: Callable[[], VariantRow]) -> VariantRow | Refused:
    """Return the row, or why its input is refused."""
    try:
        return read()
    except Refused as refused:
        return refused


class _CurrentRows(NamedTuple):
    """What the product's prices and stocks belong to, by their keys."""

    channels_by_price: Mapping[int, Channel]
    stocks: Mapping[int, tuple[int, uuid.UUID]]  # variant and warehouse


def _read_current_rows(product_id: int) -> _CurrentRows:
    prices = Price.objects.filter(variant__product=product_id).select_related("channel")
    stocks = Stock.objects.filter(variant__product=product_id).values_list("pk", "variant", "warehouse")
    return _CurrentRows(
        channels_by_price={price.pk: price.channel for price in prices},
        stocks={key: (variant_id, warehouse_id) for key, variant_id, warehouse_id in stocks},
    )


def _build_new_row(input_data: ProductVariantBulkCreateInput, context: Context) -> VariantRow:
    return VariantRow(
        values=variant_columns(input_data, context),
        inputs=attribute_values_from_input(input_data["attributes"]),
        prices=[list_price(price, context) for price in input_data.get("channelListings") or ()],
        stocks=stock_counts(input_data.get("stocks")),
    )


def _build_changed_row(
    input_data: ProductVariantBulkUpdateInput, current: _CurrentRows, context: Context
) -> VariantRow:
    variant_id = int(input_key(input_data["id"], "ProductVariant", field="id"))
    listings = input_data.get("channelListings") or {}
    return VariantRow(
        values=variant_columns(input_data, context),
        inputs=attribute_values_from_input(input_data.get("attributes")),
        prices=[list_price(price, context) for price in listings.get("create") or ()],
        changed_prices=[_changed_price(price, current) for price in listings.get("update") or ()],
        removed_price_ids=input_keys(
            listings.get("remove"), "ProductVariantChannelListing", field="channelListings"
        ),
        stocks=_changed_stocks(variant_id, input_data.get("stocks") or {}, current),
        variant_id=variant_id,
    )


def _changed_price(input_data: ChannelListingUpdateInput, current: _CurrentRows) -> ChangedPrice:
    """Return the amounts that the input names. Raises InputError, Missing."""
    key = input_key(input_data["channelListing"], "ProductVariantChannelListing", field="channelListings")
    channel = current.channels_by_price.get(key)
    if channel is None:
        raise Missing(field="channelListings")
    amount = input_data.get("price")
    return ChangedPrice(
        key,
        None if amount is None else price_in_minor_units(amount, channel),
        other_amounts(input_data, channel),
    )


def _changed_stocks(
    variant_id: int, input_data: ProductVariantStocksUpdateInput, current: _CurrentRows
) -> list[tuple[uuid.UUID, int]]:
    """Return the quantities on hand by warehouse. A removed stock is counted as empty.

    Raises InputError, and Missing for a stock of another variant.
    """
    quantities = {
        input_key(stock["stock"], "Stock", field="stocks"): stock["quantity"]
        for stock in input_data.get("update") or ()
    }
    quantities |= dict.fromkeys(input_keys(input_data.get("remove"), "Stock", field="stocks"), 0)
    counts = stock_counts(input_data.get("create"))
    for key, quantity in quantities.items():
        owner_id, warehouse_id = current.stocks.get(key, (None, None))
        if owner_id != variant_id or warehouse_id is None:
            raise Missing(field="stocks")
        counts.append((warehouse_id, quantity))
    return counts


def _save(
    product_id: int,
    rows: Sequence[VariantRow | Refused],
    policy_name: str | None,
    context: Context,
    selection: Selection,
) -> tuple[list[dict[str, object]], list[Refused]]:
    """Save the rows whose input could be read, and return the results of all and their refusals."""
    policy = ErrorPolicy[policy_name or ErrorPolicy.REJECT_EVERYTHING.name]
    saved_rows = [SavedRow(refusals=[row]) if isinstance(row, Refused) else SavedRow() for row in rows]
    readable = {index: row for index, row in enumerate(rows) if not isinstance(row, Refused)}
    if policy != ErrorPolicy.REJECT_EVERYTHING or len(readable) == len(rows):
        outcomes = save_variants(
            product_id=product_id,
            rows=list(readable.values()),
            policy=policy,
            needs_approval=not context.may(*PRODUCT_PERMISSIONS),
            actor=context.actor,
            now=context.now,
        )
        for index, outcome in zip(readable, outcomes, strict=True):
            saved_rows[index] = outcome
    return _build_results(saved_rows, context, selection)


def _build_results(
    saved_rows: Sequence[SavedRow], context: Context, selection: Selection
) -> tuple[list[dict[str, object]], list[Refused]]:
    payload = get_named_type(selection.definition.type)
    assert is_object_type(payload)
    result_type = get_named_type(payload.fields["results"].type)
    assert is_object_type(result_type)
    error_type = get_named_type(result_type.fields["errors"].type)
    assert is_object_type(error_type)
    keys = [saved.variant.pk for saved in saved_rows if saved.variant is not None]
    names = {*selection.names("results", "productVariant"), *selection.names("productVariants")}
    variants = variant_object.by_pair(context, [(key, None) for key in keys], names)
    results: list[dict[str, object]] = []
    refusals: list[Refused] = []
    for index, saved in enumerate(saved_rows):
        entries = [
            entry for refused in saved.refusals for entry in mutation.error_entries(refused, error_type)
        ]
        results.append(
            {
                "productVariant": variants.get((saved.variant.pk, None)) if saved.variant else None,
                "errors": [{**entry, "path": entry["field"]} for entry in entries],
            }
        )
        for refused in saved.refusals:
            refused.details["index"] = index
            refusals.append(refused)
    return results, refusals


bulk_result_object = Type("ProductVariantBulkResult")
bulk_result_object.value_fields("productVariant", "errors")

TYPES = (mutation, bulk_result_object)
