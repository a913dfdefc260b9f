"""Create and update variants, their prices and their stock, for members, staff and API apps.

Only the given columns change.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.attribute_values import AttributeInput, set_variant_attributes
from catalog.actions.products.product_revisions import propose_variant_name, restart_review
from catalog.actions.products.product_rows import lock_product, refresh_listings, refresh_option_words
from catalog.actions.products.purchase_limits import LIMIT_COLUMNS, require_valid_limits
from catalog.actions.products.variant_rows import (
    MAX_PRICE,
    InvalidPrice,
    ListPrice,
    append_variant,
    lock_variant,
    require_seen_values,
    set_list_price,
)
from catalog.actions.stock.stock_movements import StockCount, lock_stock_row, record_count, record_movement
from catalog.actions.taxonomy.taxonomy_rows import StillReferenced
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import Listing, MovementReason, Price, Product, Stock, Variant
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.row_values import save_unique
from shop.core.errors import Missing, Refused
from shop.core.models import key_of_created_row, record_change
from shop.core.states import TransitionNotAllowed

UNREVIEWED_COLUMNS = LIMIT_COLUMNS | {"low_stock_at"}


@dataclass(frozen=True, slots=True)
class InitialStock:
    """The first quantity of a variant, in sales units.

    If `warehouse_id` is None, it goes to the seller's first warehouse that serves the channels of the prices.
    """

    quantity: int
    warehouse_id: uuid.UUID | None = None


class MissingWarehouse(Refused):
    code = "missing_warehouse"
    default_message = _("Your cooperative has no warehouse yet. Add one first.")


class ProductNotInChannel(Refused):
    code = "product_not_in_channel"
    default_message = _("The product has not been added to this channel yet.")


class PriceAlreadyChanged(Refused):
    """Somebody else changed the price after this person saw it. `details["amount"]` is today's price."""

    code = "price_already_changed"
    default_message = _("Somebody else has changed this price. Check it, then choose one of the two.")


class StockAlreadyExists(Refused):
    code = "stock_already_exists"
    default_message = _("This warehouse already has stock. Change the quantity instead.")


@transaction.atomic(durable=True)
def create_variant(
    *,
    product_id: int,
    cooperative: Cooperative | None = None,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput] | None = None,
    prices: Sequence[ListPrice] = (),
    stocks: Sequence[InitialStock] = (),
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Create a variant with list prices in minor units and its initial stock.

    A repeated `idempotency_key` returns the first one. If `inputs` are given, all required attributes must be
    among them. If `cooperative` is given, products of other cooperatives are Missing. `confirmation_token` is
    the one of an earlier UnusualPrice. Raises KeyReused, Missing, AlreadyTaken, InvalidColumnValue,
    InvalidPurchaseLimits, InvalidPrice, UnusualPrice, InvalidWholesalePrices, MissingWarehouse,
    AttributeNotOfType, MissingAttributes.
    """
    product = lock_product(product_id, cooperative=cooperative, field="product")
    existing_variant_id = key_of_created_row(
        idempotency_key, "variant.created", cooperative_id=product.cooperative_id, root=product
    )
    if existing_variant_id is not None:
        return product.variants.get(pk=existing_variant_id)
    require_allowed_texts({"name": values.get("name")})
    variant = insert_variant(
        product,
        values,
        prices=prices,
        stocks=stocks,
        confirmation_token=confirmation_token,
        actor=actor,
        now=now,
    )
    if inputs is not None:
        set_variant_attributes(variant, inputs, requires_all=True)
    record_change(
        "variant.created",
        variant,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=product.cooperative_id,
        idempotency_key=idempotency_key,
    )
    refresh_listings(product)
    return variant


def insert_variant(
    product: Product,
    values: Mapping[str, object],
    *,
    prices: Sequence[ListPrice] = (),
    stocks: Sequence[InitialStock] = (),
    confirmation_token: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """In a transaction: insert a variant of a locked or new product with its list prices and first stock.

    Raises AlreadyTaken, InvalidColumnValue, InvalidPrice, UnusualPrice, Missing, MissingWarehouse.
    """
    variant = append_variant(product, values)
    for price in prices:
        set_list_price(variant, price, confirmation_token=confirmation_token, actor=actor, now=now)
    for stock in stocks:
        row = lock_stock_row(
            cooperative=product.cooperative,
            variant_id=variant.pk,
            warehouse_id=stock.warehouse_id or _find_first_warehouse(product.cooperative, prices).pk,
        )
        if stock.quantity:
            record_movement(
                row,
                stock.quantity,
                reason=MovementReason.RECEIPT,
                actor=actor,
                now=now,
                document=f"product:{product.pk}",
            )
    if variant.name:
        refresh_option_words(product)
    return variant


@transaction.atomic(durable=True)
def update_variant(
    *,
    variant_id: int,
    cooperative: Cooperative | None = None,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput] = (),
    prices: Sequence[ListPrice] = (),
    seen_values: Mapping[str, object] | None = None,
    seen_prices: Mapping[int, int | None] | None = None,
    confirmation_token: str | None = None,
    needs_approval: bool = True,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Update the given columns and list prices in minor units.

    If `needs_approval` is true, the new name of a variant waits for the platform's review once its product is
    approved. If `cooperative` is given, variants of other cooperatives are Missing. `seen_values` are columns
    as the person saw them, including a proposed name. `seen_prices` maps channel ids to the list prices that
    the person saw, or to None for no price; if it is not given, prices are not compared.
    `confirmation_token` is the one of an earlier UnusualPrice. Raises Missing, ProductAlreadyChanged,
    AlreadyTaken, InvalidColumnValue, InvalidPurchaseLimits, InvalidPrice, PriceAlreadyChanged, UnusualPrice,
    InvalidWholesalePrices, PriceNotAboveWholesale, AttributeNotOfType.
    """
    variant = _lock_variant(variant_id, cooperative=cooperative)
    require_seen_values(variant, values, seen_values or {}, needs_approval=needs_approval)
    if seen_prices is not None:
        _require_seen_prices(variant, prices, seen_prices)
    require_allowed_texts({"name": values.get("name")})
    if needs_approval:
        values = propose_variant_name(variant, values, actor=actor, now=now)
    save_variant_values(variant, values, inputs=inputs, actor=actor, now=now)
    for price in prices:
        set_list_price(variant, price, confirmation_token=confirmation_token, actor=actor, now=now)
    refresh_listings(variant.product)
    return variant


def save_variant_values(
    variant: Variant,
    values: Mapping[str, object],
    *,
    inputs: Sequence[AttributeInput] = (),
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: update columns of a locked variant.

    Raises AlreadyTaken, InvalidColumnValue, InvalidPurchaseLimits, AttributeNotOfType.
    """
    changes = set_tracked_columns(variant, values)
    if not values.keys().isdisjoint(LIMIT_COLUMNS):
        require_valid_limits(variant)
    save_unique(variant, field="sku")
    if "name" in values:
        refresh_option_words(variant.product)
    set_variant_attributes(variant, inputs, requires_all=False)
    changed_columns = changes["fields"]
    assert isinstance(changed_columns, list)
    if changed_columns or inputs:
        if inputs or not UNREVIEWED_COLUMNS.issuperset(changed_columns):
            restart_review(variant.product, now)
        record_change(
            "variant.changed",
            variant,
            actor=actor,
            now=now,
            root=variant.product,
            cooperative_id=variant.cooperative_id,
            data=changes,
        )


@transaction.atomic(durable=True)
def confirm_price(*, price_id: int, amount: int, actor: Actor, now: datetime.datetime) -> Price:
    """Confirm an unusual price that an app set. Repeating it changes nothing.

    `amount` is the price that the person saw. Raises Missing, TransitionNotAllowed if it has changed since.
    """
    variant_id = Price.objects.filter(pk=price_id).values_list("variant", flat=True).first()
    variant = lock_variant(Variant.objects.existing(), variant_id) if variant_id is not None else None
    if variant is None:
        raise Missing()
    price = Price.objects.get(pk=price_id)
    if price.amount != amount:
        raise TransitionNotAllowed(from_state=str(price.amount), to_state=str(amount))
    if price.unusual_since is not None:
        price.unusual_since = None
        price.save(update_fields=["unusual_since"])
        record_change(
            "price.confirmed",
            price,
            actor=actor,
            now=now,
            root=variant.product,
            cooperative_id=variant.cooperative_id,
            data={"variant": variant.pk, "amount": amount, "currency": price.currency},
        )
    return price


@transaction.atomic(durable=True)
def delete_variant(*, variant_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a variant that was never stocked or sold. Raises Missing, StillReferenced."""
    variant = _lock_variant(variant_id)
    product = variant.product
    used_stocks = Stock.objects.filter(variant=variant).filter(
        Q(movements__isnull=False) | Q(allocated__gt=0) | Q(reserved__gt=0)
    )
    if used_stocks.exists():
        raise StillReferenced(field="id")
    record_change(
        "variant.deleted",
        variant,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=variant.cooperative_id,
        snapshot={"name": variant.name, "sku": variant.sku},
    )
    try:
        variant.delete()
    except ProtectedError as error:
        raise StillReferenced(field="id") from error
    if product.default_variant_id == variant_id:
        Product.objects.filter(pk=product.pk).update(default_variant=product.variants.in_order().first())
    refresh_option_words(product)
    refresh_listings(product)


@transaction.atomic(durable=True)
def set_variant_prices(
    *,
    variant_id: int,
    prices: Sequence[ListPrice],
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Set list prices, and their costs, prior prices and wholesale prices if given.

    Raises Missing, InvalidPrice, InvalidWholesalePrices, PriceNotAboveWholesale, and ProductNotInChannel if
    the product is not in the channel.
    """
    variant = _lock_variant(variant_id)
    listed_channel_ids = set(
        Listing.objects.filter(product=variant.product).values_list("channel", flat=True)
    )
    for list_price in prices:
        channel, other_amounts = list_price.channel, list_price.other_amounts
        if channel.pk not in listed_channel_ids:
            raise ProductNotInChannel(field="channelId", channels=[channel.pk])
        if any(not 0 <= (amount or 0) <= MAX_PRICE for amount in other_amounts.values()):
            raise InvalidPrice(field="price")
        price = set_list_price(variant, list_price, actor=actor, now=now)
        changes = set_tracked_columns(price, other_amounts)
        if changes["fields"]:
            price.save(update_fields=list(other_amounts))
            record_change(
                "price.changed",
                price,
                actor=actor,
                now=now,
                root=variant.product,
                cooperative_id=variant.cooperative_id,
                data=changes | {"variant": variant.pk, "currency": channel.currency},
            )
    refresh_listings(variant.product)
    return variant


@transaction.atomic(durable=True)
def set_variant_stock(
    *,
    variant_id: int,
    stocks: Sequence[tuple[uuid.UUID, int]],
    requires_no_stock: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Set the stock on hand in warehouses, each by a movement of the difference.

    Raises Missing (also for another cooperative's warehouse), InvalidStockCount, and StockAlreadyExists if
    there is a stock and `requires_no_stock`.
    """
    variant = _lock_variant(variant_id, field="variantId")
    if requires_no_stock:
        warehouses = [warehouse for warehouse, _quantity in stocks]
        if Stock.objects.filter(variant=variant, warehouse__in=warehouses).exists():
            raise StockAlreadyExists(field="stocks")
    _record_counts(variant, stocks, actor=actor, now=now)
    return variant


def _require_seen_prices(
    variant: Variant, prices: Sequence[ListPrice], seen_prices: Mapping[int, int | None]
) -> None:
    """Refuse to overwrite a price that the person has not seen, unless it is the price they want."""
    current = dict(Price.objects.filter(variant=variant).values_list("channel", "amount"))
    for price in prices:
        amount = current.get(price.channel.pk)
        if amount not in (seen_prices.get(price.channel.pk), price.amount):
            raise PriceAlreadyChanged(field="price", amount=amount)


def _record_counts(
    variant: Variant, stocks: Sequence[tuple[uuid.UUID, int]], *, actor: Actor, now: datetime.datetime
) -> None:
    for warehouse, quantity in stocks:
        count = StockCount(variant.pk, warehouse, quantity)
        record_count(count, cooperative=variant.cooperative, actor=actor, now=now)


def _find_first_warehouse(cooperative: Cooperative, prices: Sequence[ListPrice]) -> Warehouse:
    channels = [price.channel for price in prices]
    warehouse = (
        Warehouse.objects.filter(cooperative=cooperative, channels__in=channels)
        .order_by("created_at", "pk")
        .first()
    )
    if warehouse is None:
        raise MissingWarehouse()
    return warehouse


def _lock_variant(key: int, *, cooperative: Cooperative | None = None, field: str = "id") -> Variant:
    variants = (
        Variant.objects.existing() if cooperative is None else Variant.objects.for_cooperative(cooperative)
    )
    variant = lock_variant(variants, key)
    if variant is None:
        raise Missing(field=field)
    return variant
