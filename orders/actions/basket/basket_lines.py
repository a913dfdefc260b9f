"""Add, change and remove basket lines, choose deliveries, and release reservations."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import save_reserved_and_allocated
from catalog.models import Price, Stock, Variant
from cooperatives.models import DeliveryMethod
from orders import locks
from orders.actions.quotes.purchase_limits import applied_limit, limit_message, read_ordered_quantities
from orders.actions.quotes.quote_queries import read_buyable_variants
from orders.actions.quotes.quote_types import Buyer, RequestedDelivery
from orders.models import Basket, BasketAccess, BasketLine, DeliveryChoice, Reservation
from shop.core.database.compiled_query import compiled_query
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, shop_settings


class NotForSale(Refused):
    code = "not_for_sale"
    default_message = _("This product is not on sale at the moment.")


class InvalidQuantity(Refused):
    code = "invalid_quantity"
    default_message = _("Enter the quantity as a whole number from 1.")


class QuantityExceedsLimit(Refused):
    """The quantity exceeds what one order may hold or the buyer may still order, `details["limit"]`."""

    code = "quantity_exceeds_limit"
    default_message = _("That is more than one order can hold. Enter a smaller quantity.")


@dataclass(frozen=True, slots=True)
class LineToAdd:
    """A variant and the quantity to add, in sales units. Prices are in minor units.

    If `needs_new_line`, the quantity is never added to an existing line.
    """

    variant_id: int
    quantity: int
    forced_price: int | None = None
    needs_new_line: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic(durable=True)
def add_variant_to_basket(
    *,
    basket_id: uuid.UUID | None,
    user_id: int | None,
    channel: Channel,
    variant_id: int,
    quantity: int,
    now: datetime.datetime,
    language: str = "vi",
    province_code: str = "",
) -> Basket:
    """Add sales units of a variant to the basket, creating it if missing, and return the basket.

    An existing line of the variant grows. Raises InvalidQuantity, QuantityExceedsLimit, NotForSale.
    """
    basket = locks.lock_basket(basket_id) if basket_id else None
    if basket is None or basket.channel_id != channel.pk:
        basket = create_empty_basket(
            user_id=user_id, channel=channel, language=language, province_code=province_code, now=now
        )
    add_lines_to_locked_basket(basket, [LineToAdd(variant_id, quantity)], now=now)
    mark_basket_changed(basket, now)
    return basket


def create_empty_basket(
    *,
    user_id: int | None,
    channel: Channel,
    language: str,
    province_code: str = "",
    email: str = "",
    metadata: Mapping[str, str] | None = None,
    private_metadata: Mapping[str, str] | None = None,
    now: datetime.datetime,
) -> Basket:
    """In a transaction: create an empty basket."""
    return Basket.objects.create(
        user_id=user_id,
        channel=channel,
        currency=channel.currency,
        country=channel.default_country,
        language=language,
        province_code=province_code,
        email=email,
        metadata=dict(metadata or {}),
        private_metadata=dict(private_metadata or {}),
        changed_at=now,
    )


def add_lines_to_locked_basket(
    basket: Basket, lines_to_add: Sequence[LineToAdd], *, now: datetime.datetime
) -> None:
    """On a locked basket: add all of these lines or none, in a fixed number of queries.

    Raises as `add_variant_to_basket`.
    """
    variant_ids = {line_to_add.variant_id for line_to_add in lines_to_add}
    variants = read_buyable_variants(basket.channel_id, variant_ids)
    lines = _select_lines(basket.pk, variant_ids)
    store_added_lines(basket, lines, lines_to_add, variants, shop_quantity_limit(), now=now)


def store_added_lines(
    basket: Basket,
    lines: list[BasketLine],
    lines_to_add: Sequence[LineToAdd],
    variants: Mapping[int, Variant],
    shop_limit: int | None,
    *,
    now: datetime.datetime,
) -> None:
    """In a transaction: add lines to a basket's present `lines` of these variants, also to the list itself.

    `variants` are those that buyers can order now, with their price. Raises what `add_variant_to_basket`
    raises.
    """
    new_lines: list[BasketLine] = []
    grown_lines: dict[uuid.UUID, BasketLine] = {}
    ordered_before = read_ordered_quantities(variants.values(), Buyer(basket.user_id), now=now)
    for added in lines_to_add:
        if added.quantity < 1:
            raise InvalidQuantity(field="quantity")
        variant = variants.get(added.variant_id)
        if variant is None:
            raise NotForSale(field="variant")
        same_variant = [line for line in lines if line.variant_id == variant.pk]
        if same_variant and not added.needs_new_line:
            line = same_variant[0]
            if line not in new_lines:
                grown_lines[line.pk] = line
        else:
            line = BasketLine(basket=basket, variant=variant, quantity=0)
            lines.append(line)
            new_lines.append(line)
            same_variant.append(line)
        price = next(iter(variant.prices.all()), None)
        _grow_line(line, added, price)
        _require_within_limit(variant, same_variant, shop_limit, ordered_before)
    BasketLine.objects.bulk_create(new_lines)
    BasketLine.objects.bulk_update(
        grown_lines.values(), ["quantity", "seen_price", "forced_price", "metadata"]
    )


def _grow_line(line: BasketLine, added_line: LineToAdd, price: Price | None) -> None:
    """Add the quantity and metadata to a line, whose price the buyer has now seen."""
    line.quantity += added_line.quantity
    line.seen_price = price.price_at(line.quantity) if price is not None else None
    if added_line.forced_price is not None:
        line.forced_price = added_line.forced_price
    line.metadata = {**line.metadata, **added_line.metadata}


def set_line_quantity(basket: Basket, line_id: uuid.UUID, quantity: int, *, now: datetime.datetime) -> None:
    """On a locked basket: change a line's quantity, as `change_line_quantity` does.

    Raises InvalidQuantity, Missing.
    """
    line = basket.lines.select_related("variant").filter(pk=line_id).first()
    if line is None:
        raise Missing()
    if quantity < 0:
        raise InvalidQuantity(field="quantity")
    _release_line(basket, line)
    if quantity == 0:
        line.delete()
        return
    line.quantity = quantity
    other_lines = [
        basket_line
        for basket_line in _select_lines(basket.pk, [line.variant_id])
        if basket_line.pk != line.pk
    ]
    ordered_before = read_ordered_quantities([line.variant], Buyer(basket.user_id), now=now)
    _require_within_limit(line.variant, [line, *other_lines], shop_quantity_limit(), ordered_before)
    line.seen_price = next(
        (price.price_at(quantity) for price in select_prices([line.variant_id], basket.channel_id)), None
    )
    line.save(update_fields=["quantity", "seen_price"])


@transaction.atomic(durable=True)
def change_line_quantity(
    *, basket_id: uuid.UUID, line_id: uuid.UUID, quantity: int, now: datetime.datetime
) -> None:
    """Set the quantity of a line, or remove it if that is 0.

    Raises Missing, InvalidQuantity, QuantityExceedsLimit.
    """
    basket = lock_existing_basket(basket_id)
    set_line_quantity(basket, line_id, quantity, now=now)
    mark_basket_changed(basket, now)


@transaction.atomic(durable=True)
def set_basket_province(*, basket_id: uuid.UUID, province_code: str, now: datetime.datetime) -> None:
    """Set the province of delivery, which decides delivery methods and fees. Raises Missing."""
    basket = lock_existing_basket(basket_id)
    basket.province_code = province_code
    basket.save(update_fields=["province_code"])
    mark_basket_changed(basket, now)


@transaction.atomic(durable=True)
def choose_deliveries(
    *, basket_id: uuid.UUID, choices: Mapping[int, RequestedDelivery], now: datetime.datetime
) -> None:
    """Set the delivery of each cooperative's lines. Raises Missing, also for another cooperative's method."""
    basket = lock_existing_basket(basket_id)
    store_delivery_choices(basket, choices)
    mark_basket_changed(basket, now)


def store_delivery_choices(basket: Basket, choices: Mapping[int, RequestedDelivery]) -> None:
    """On a locked basket: store the deliveries, as `choose_deliveries` does. Raises Missing."""
    if not choices:
        return
    method_ids = {choice.delivery_method_id for choice in choices.values() if choice.delivery_method_id}
    delivery_methods = {
        delivery_method.pk: delivery_method
        for delivery_method in (_delivery_methods(method_ids) if method_ids else ())
    }
    for cooperative_id, choice in choices.items():
        delivery_method = (
            delivery_methods.get(choice.delivery_method_id) if choice.delivery_method_id else None
        )
        is_own = delivery_method is not None and delivery_method.cooperative_id == cooperative_id
        if not is_own and (choice.delivery_method_id is not None or choice.service_id is None):
            raise Missing(field="delivery")
    store_checked_choices(basket, choices)


def store_checked_choices(basket: Basket, choices: Mapping[int, RequestedDelivery]) -> None:
    """On a locked basket: store the deliveries, from methods of these cooperatives."""
    rows = [
        DeliveryChoice(
            basket=basket,
            cooperative_id=cooperative_id,
            delivery_method_id=choice.delivery_method_id,
            service_id=choice.service_id,
            pickup_day=choice.pickup_day,
            pickup_starts=choice.pickup_starts,
        )
        for cooperative_id, choice in choices.items()
    ]
    DeliveryChoice.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["basket", "cooperative"],
        update_fields=["delivery_method", "service", "pickup_day", "pickup_starts"],
    )


@compiled_query
def _delivery_methods(keys: Collection[int]) -> QuerySet[DeliveryMethod]:
    return DeliveryMethod.objects.filter(pk__in=keys)


def release_reservations(reservations: list[Reservation]) -> None:
    """In a transaction: lock the stock of these reservations and release them."""
    if not reservations:
        return
    stocks = locks.lock_stock({reservation.stock_id for reservation in reservations})
    freed = release_reserved_stock(
        _select_reservations([reservation.pk for reservation in reservations]), stocks
    )
    save_reserved_and_allocated(stocks[stock_id] for stock_id in freed)


def release_reserved_stock(reservations: Sequence[Reservation], rows: Mapping[int, Stock]) -> set[int]:
    """In a transaction: delete reservations of locked stock. Return the ids of rows for the caller to save.

    Read the reservations under the lock, because another worker may have released some of them before.
    """
    if not reservations:
        return set()
    for reservation in reservations:
        rows[reservation.stock_id].reserved -= reservation.quantity
    Reservation.objects.filter(pk__in=[reservation.pk for reservation in reservations]).delete()
    return {reservation.stock_id for reservation in reservations}


@compiled_query
def _select_reservations(keys: Collection[int]) -> QuerySet[Reservation]:
    return Reservation.objects.filter(pk__in=keys).order_by("pk")


@compiled_query
def reservations_of_basket(basket_id: uuid.UUID) -> QuerySet[Reservation]:
    """Return a basket's reservations. Only the holder of the basket's lock adds reservations."""
    return Reservation.objects.filter(line__basket=basket_id).order_by("pk")


def shop_quantity_limit() -> int | None:
    """Return the shop's limit of sales units per order."""
    return shop_settings().limit_quantity_per_checkout


@compiled_query
def _select_lines(basket_id: uuid.UUID, variant_ids: Collection[int]) -> QuerySet[BasketLine]:
    return BasketLine.objects.filter(basket=basket_id, variant__in=variant_ids).order_by("created_at", "pk")


@compiled_query
def select_prices(variant_ids: Collection[int], channel_id: int) -> QuerySet[Price]:
    """Return the prices of these variants in the channel, with their wholesale prices."""
    return Price.objects.filter(variant__in=variant_ids, channel=channel_id).with_wholesale_prices()


def _require_within_limit(
    variant: Variant,
    lines: Iterable[BasketLine],
    shop_limit: int | None,
    ordered_before: Mapping[int, int],
) -> None:
    """Raise QuantityExceedsLimit if the basket's lines of a variant together exceed its limits."""
    limit, ordered = applied_limit(variant, shop_limit, ordered_before)
    if limit is not None and sum(line.quantity for line in lines) > limit:
        raise QuantityExceedsLimit(limit_message(variant, limit, ordered), field="quantity", limit=limit)


def _release_line(basket: Basket, line: BasketLine) -> None:
    release_reservations(list(Reservation.objects.filter(line=line, line__basket=basket)))


def lock_existing_basket(basket_id: uuid.UUID, access: BasketAccess | None = None) -> Basket:
    """In a transaction: lock the basket. Raises Missing if it has become an order or never existed.

    Raises it too if `access` is given and does not include the basket.
    """
    basket = locks.lock_basket(basket_id)
    if basket is None or (access is not None and not access.includes(basket)):
        raise Missing(field="id")
    return basket


def mark_basket_changed(basket: Basket, now: datetime.datetime) -> None:
    """In a transaction: mark the basket as changed now."""
    basket.changed_at = now
    basket.save(update_fields=["changed_at"])
