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
from catalog.actions.products.variant_prices import require_seen_prices
from catalog.actions.products.variant_rows import (
    ListPrice,
    append_variant,
    find_locked_variant,
    require_seen_values,
    set_list_price,
)
from catalog.actions.stock.stock_movements import StockCount, lock_stock_row, record_count, record_movement
from catalog.actions.taxonomy.taxonomy_rows import StillReferenced
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import MovementReason, Product, Stock, Variant
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.row_values import save_unique
from shop.core.errors import Refused
from shop.core.models import find_key_of_created_row, record_change

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
    "" at the first try, then the token of the UnusualPrice that was raised. Raises KeyReused, Missing,
    AlreadyTaken, InvalidColumnValue, InvalidPurchaseLimits, InvalidPrice, UnusualPrice,
    InvalidWholesalePrices, MissingWarehouse, AttributeNotOfType, MissingAttributes.
    """
    product = lock_product(product_id, cooperative=cooperative, field="product")
    existing_variant_id = find_key_of_created_row(
        idempotency_key, "variant.created", cooperative_id=product.cooperative_id, root=product
    )
    if existing_variant_id is not None:
        return product.variants.get(pk=existing_variant_id)
    variant = create_variant_of_product(
        product,
        values=values,
        inputs=inputs,
        prices=prices,
        stocks=stocks,
        confirmation_token=confirmation_token,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    refresh_listings(product)
    return variant


def create_variant_of_product(
    product: Product,
    *,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput] | None,
    prices: Sequence[ListPrice] = (),
    stocks: Sequence[InitialStock] = (),
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """In a transaction: create a variant of a locked product, whose listings the caller refreshes.

    Raises what `create_variant` raises, except KeyReused.
    """
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
    variant = find_locked_variant(variant_id, cooperative=cooperative)
    require_seen_values(variant, values, seen_values or {}, needs_approval=needs_approval)
    if seen_prices is not None:
        require_seen_prices(variant, prices, seen_prices)
    change_variant_columns(
        variant, values=values, inputs=inputs, needs_approval=needs_approval, actor=actor, now=now
    )
    for price in prices:
        set_list_price(variant, price, confirmation_token=confirmation_token, actor=actor, now=now)
    refresh_listings(variant.product)
    return variant


def change_variant_columns(
    variant: Variant,
    *,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    needs_approval: bool,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: update columns of a locked variant, or propose a name that needs approval.

    Raises AlreadyTaken, InvalidColumnValue, InvalidPurchaseLimits, AttributeNotOfType, ForbiddenWords.
    """
    require_allowed_texts({"name": values.get("name")})
    if needs_approval:
        values = propose_variant_name(variant, values, actor=actor, now=now)
    save_variant_values(variant, values, inputs=inputs, actor=actor, now=now)


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
def delete_variant(*, variant_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a variant that was never stocked or sold. Raises Missing, StillReferenced."""
    variant = find_locked_variant(variant_id)
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
    variant = find_locked_variant(variant_id, field="variantId")
    if requires_no_stock:
        warehouses = [warehouse for warehouse, _quantity in stocks]
        if Stock.objects.filter(variant=variant, warehouse__in=warehouses).exists():
            raise StockAlreadyExists(field="stocks")
    record_counts(variant, stocks, actor=actor, now=now)
    return variant


def record_counts(
    variant: Variant, stocks: Sequence[tuple[uuid.UUID, int]], *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: set a variant's stock on hand in warehouses. Raises Missing, InvalidStockCount."""
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
