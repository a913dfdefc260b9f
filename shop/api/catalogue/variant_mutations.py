"""Create and change variants, their pictures, their prices and their stock."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal

from catalog.actions.products.save_products import set_default_variant
from catalog.actions.products.variant_pictures import add_variant_picture, remove_variant_picture
from catalog.actions.products.variant_prices import set_variant_prices
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import (
    InitialStock,
    create_variant,
    delete_variant,
    set_variant_stock,
    update_variant,
)
from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY, InvalidStockCount
from catalog.models import Stock, Variant
from catalog.pricing import WholesaleTier
from shop.api.breadth import Selection
from shop.api.catalogue.input_values import (
    CODES,
    OWN_PRODUCT_PERMISSIONS,
    PRODUCT_PERMISSIONS,
    attribute_values_from_input,
    channel_from_id,
    columns,
    common_columns,
    find_key,
    may_manage_row,
    staff_row,
    weight_column,
)
from shop.api.catalogue.inputs import (
    ChannelListingUpdateInput,
    ProductVariantBulkCreateInput,
    ProductVariantBulkDeleteArguments,
    ProductVariantBulkUpdateInput,
    ProductVariantChannelListingAddInput,
    ProductVariantChannelListingUpdateArguments,
    ProductVariantCreateArguments,
    ProductVariantCreateInput,
    ProductVariantDeleteArguments,
    ProductVariantInput,
    ProductVariantSetDefaultArguments,
    ProductVariantStocksCreateArguments,
    ProductVariantStocksDeleteArguments,
    ProductVariantStocksUpdateArguments,
    ProductVariantUpdateArguments,
    StockInput,
    VariantMediaAssignArguments,
    VariantMediaUnassignArguments,
)
from shop.api.catalogue.types import media_object, product_object, variant_object
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key, key_from_id
from shop.api.root_fields import Mutations
from shop.core.errors import Missing
from shop.core.models import Channel
from shop.core.money import minor_digits

mutation = Mutations(codes=CODES)


def variant_columns(
    input_data: ProductVariantCreateInput
    | ProductVariantInput
    | ProductVariantBulkCreateInput
    | ProductVariantBulkUpdateInput,
    context: Context,
) -> dict[str, object]:
    """Return the columns that the input names."""
    values = common_columns({key: value for key, value in input_data.items() if key != "name"}, context)
    values |= columns(
        input_data,
        name="name",
        trackInventory="track_inventory",
        quantityLimitPerCustomer="quantity_limit_per_customer",
        quantityLimitPerOrder="quantity_limit_per_order",
        quantityLimitDays="quantity_limit_days",
        externalReference="external_reference",
    )
    if "sku" in input_data:
        values["sku"] = input_data["sku"] or None
    return values | weight_column(input_data, context)


def stock_counts(stocks: list[StockInput] | None) -> list[tuple[uuid.UUID, int]]:
    """Return the quantities on hand by warehouse. Raises InputError."""
    for stock in stocks or ():
        if not 0 <= stock["quantity"] <= MAX_COUNTED_QUANTITY:
            raise InputError("INVALID", InvalidStockCount.default_message, field="quantity")
    return [
        (input_key(stock["warehouse"], "Warehouse", field="warehouse"), stock["quantity"])
        for stock in stocks or ()
    ]


def price_in_minor_units(amount: Decimal, channel: Channel) -> int:
    """Convert a price to the channel's minor units, rounded."""
    return int((amount * 10 ** minor_digits(channel.currency)).to_integral_value())


def other_amounts(
    price_input: ProductVariantChannelListingAddInput | ChannelListingUpdateInput, channel: Channel
) -> dict[str, int | None]:
    """Return the cost and the prior price that the input names, by column, in minor units."""
    return {
        column: None if amount is None else price_in_minor_units(amount, channel)
        for name, column, amount in (
            ("costPrice", "cost", price_input.get("costPrice")),
            ("priorPrice", "prior_amount", price_input.get("priorPrice")),
        )
        if name in price_input
    }


def list_price(price_input: ProductVariantChannelListingAddInput, context: Context) -> ListPrice:
    """Return a list price with the other amounts that the input names. Raises InputError."""
    channel = channel_from_id(price_input["channelId"], context)
    tiers = [
        WholesaleTier(tier["minimumQuantity"], price_in_minor_units(tier["price"], channel))
        for tier in price_input.get("wholesalePrices") or ()
    ]
    return ListPrice(
        channel,
        price_in_minor_units(price_input["price"], channel),
        other_amounts(price_input, channel),
        None if price_input.get("wholesalePrices") is None else tiers,
    )


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_create(
    arguments: ProductVariantCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    product_key = int(input_key(input_data["product"], "Product", field="product"))
    created_variant = create_variant(
        product_id=product_key if may_manage_row(product_object, product_key, context) else 0,
        values=variant_columns(input_data, context),
        inputs=attribute_values_from_input(input_data.get("attributes")),
        stocks=[
            InitialStock(quantity, warehouse_id)
            for warehouse_id, quantity in stock_counts(input_data.get("stocks"))
        ],
        actor=context.actor,
        now=context.now,
    )
    return {
        "productVariant": staff_row(
            variant_object, created_variant.pk, context, selection.names("productVariant")
        )
    }


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_update(
    arguments: ProductVariantUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    changed = update_variant(
        variant_id=int(find_key(arguments, variant_object, context)),
        values=variant_columns(input_data, context),
        inputs=attribute_values_from_input(input_data.get("attributes")),
        needs_approval=not context.may(*PRODUCT_PERMISSIONS),
        actor=context.actor,
        now=context.now,
    )
    return {
        "productVariant": staff_row(variant_object, changed.pk, context, selection.names("productVariant"))
    }


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_delete(
    arguments: ProductVariantDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(find_key(arguments, variant_object, context))
    deleted = staff_row(variant_object, key, context, selection.names("productVariant"))
    if deleted is None:
        raise Missing(field="id")
    delete_variant(variant_id=key, actor=context.actor, now=context.now)
    return {"productVariant": deleted}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def variant_media_assign(
    arguments: VariantMediaAssignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_picture(add_variant_picture, arguments, context, selection)


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def variant_media_unassign(
    arguments: VariantMediaUnassignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _change_picture(remove_variant_picture, arguments, context, selection)


def _change_picture(
    change: Callable[..., Variant],
    arguments: VariantMediaAssignArguments | VariantMediaUnassignArguments,
    context: Context,
    selection: Selection,
) -> dict[str, object]:
    variant_key = int(find_key(arguments, variant_object, context, id_argument="variantId"))
    media_key = int(input_key(arguments["mediaId"], "ProductMedia", field="mediaId"))
    changed = change(variant_id=variant_key, media_id=media_key, **context.actor_and_time)
    names = selection.names("productVariant")
    return {
        "productVariant": staff_row(variant_object, changed.pk, context, names),
        "media": staff_row(media_object, media_key, context, selection.names("media")),
    }


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_channel_listing_update(
    arguments: ProductVariantChannelListingUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    changed = set_variant_prices(
        variant_id=int(find_key(arguments, variant_object, context)),
        prices=[list_price(price_input, context) for price_input in arguments["input"]],
        actor=context.actor,
        now=context.now,
    )
    return {"variant": staff_row(variant_object, changed.pk, context, selection.names("variant"))}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_stocks_create(
    arguments: ProductVariantStocksCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _set_stock(
        arguments, context, selection, stock_counts(arguments["stocks"]), requires_no_stock=True
    )


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_stocks_update(
    arguments: ProductVariantStocksUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _set_stock(arguments, context, selection, stock_counts(arguments["stocks"]))


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_stocks_delete(
    arguments: ProductVariantStocksDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Set the stock to zero. Its movements are kept."""
    warehouses = [
        key_from_id(warehouse_id, "Warehouse") for warehouse_id in arguments.get("warehouseIds") or ()
    ]
    key = find_key(arguments, variant_object, context, id_argument="variantId")
    stocks = Stock.objects.filter(variant=int(key))
    stocked_keys = stocks.filter(warehouse__in=warehouses).values_list("warehouse", flat=True)
    return _set_stock(arguments, context, selection, [(warehouse_key, 0) for warehouse_key in stocked_keys])


def _set_stock(
    arguments: ProductVariantStocksCreateArguments
    | ProductVariantStocksDeleteArguments
    | ProductVariantStocksUpdateArguments,
    context: Context,
    selection: Selection,
    stocks: list[tuple[uuid.UUID, int]],
    *,
    requires_no_stock: bool = False,
) -> dict[str, object]:
    changed = set_variant_stock(
        variant_id=int(find_key(arguments, variant_object, context, id_argument="variantId")),
        stocks=stocks,
        requires_no_stock=requires_no_stock,
        actor=context.actor,
        now=context.now,
    )
    return {
        "productVariant": staff_row(variant_object, changed.pk, context, selection.names("productVariant"))
    }


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS, refused={"count": 0})
def product_variant_bulk_delete(
    arguments: ProductVariantBulkDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Delete variants by ids or SKUs, each independently."""
    variant_arguments = [{"id": variant_id} for variant_id in arguments.get("ids") or ()]
    variant_arguments += [{"sku": sku} for sku in arguments.get("skus") or ()]
    return mutation.resolve_one_by_one(variant_arguments, product_variant_delete, context, selection)


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_set_default(
    arguments: ProductVariantSetDefaultArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["productId"], "Product", field="productId")
    if not may_manage_row(product_object, key, context):
        raise Missing(field="productId")
    set_default_variant(
        product_id=key,
        variant_id=input_key(arguments["variantId"], "ProductVariant", field="variantId"),
        actor=context.actor,
        now=context.now,
    )
    return {"product": staff_row(product_object, key, context, selection.names("product"))}


TYPES = (mutation,)
