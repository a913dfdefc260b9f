"""Putting things into a basket and changing one's mind."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock import write_promises
from catalog.models import Price, Stock, Variant
from cooperatives.models import DeliveryWay
from orders import locks
from orders.actions.shares import WantedDelivery, limit_of
from orders.models import Basket, BasketLine, DeliveryChoice, Reservation
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, shop_settings
from shop.core.prepared import prepared


class NotForSale(Refused):
    code = "not_for_sale"
    default_words = _("This is not on sale at the moment.")


class OddQuantity(Refused):
    code = "odd_quantity"
    default_words = _("A quantity is a whole number from 1.")


class OverLimit(Refused):
    """More steps than one line may hold; `details["limit"]` says how many."""

    code = "over_limit"
    default_words = _("That is more than one order may hold.")


@transaction.atomic(durable=True)
def put_in_basket(
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
    """Add steps of a variant to the basket, which is made where there is none; answer the basket.

    What is there already of the same variant grows. Raises OddQuantity, OverLimit, NotForSale.
    """
    variant = _buyable(channel, variant_id, quantity)
    basket = locks.lock_basket(basket_id) if basket_id else None
    if basket is None or basket.channel_id != channel.pk:
        basket = new_basket(
            user_id=user_id, channel=channel, language=language, province_code=province_code, now=now
        )
    _put(basket, variant, quantity)
    touch(basket, now)
    return basket


def new_basket(
    *,
    user_id: int | None,
    channel: Channel,
    language: str,
    province_code: str = "",
    now: datetime.datetime,
) -> Basket:
    """Step: an empty one."""
    return Basket.objects.create(
        user_id=user_id,
        channel=channel,
        currency=channel.currency,
        country=channel.default_country,
        language=language,
        province_code=province_code,
        changed_at=now,
    )


def put_line(
    basket: Basket,
    *,
    variant_id: int,
    quantity: int,
    forced_price: int | None = None,
    apart: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> BasketLine:
    """Step, on a locked basket: add steps of a variant, `apart` in a line of their own.

    `forced_price` is in minor units. Raises as `put_in_basket`.
    """
    variant = _buyable(basket.channel, variant_id, quantity)
    line = _put(basket, variant, quantity, apart=apart)
    if forced_price is not None or metadata:
        line.forced_price = forced_price if forced_price is not None else line.forced_price
        line.metadata = {**line.metadata, **(metadata or {})}
        line.save(update_fields=["forced_price", "metadata"])
    return line


def set_quantity(basket: Basket, line_id: uuid.UUID, quantity: int) -> None:
    """Step of `change_quantity`, on a locked basket."""
    line = basket.lines.select_related("variant").filter(pk=line_id).first()
    if line is None:
        raise Missing()
    if quantity < 0:
        raise OddQuantity(field="quantity")
    _release(basket, line)
    if quantity == 0:
        line.delete()
    else:
        _check_limit(line, quantity)
        line.quantity = quantity
        line.seen_price = _selling_price(line.variant, basket.channel)
        line.save(update_fields=["quantity", "seen_price"])


@transaction.atomic(durable=True)
def change_quantity(
    *, basket_id: uuid.UUID, line_id: uuid.UUID, quantity: int, now: datetime.datetime
) -> None:
    """Set how many steps of a line are wanted; none takes it out. Raises Missing, OddQuantity, OverLimit."""
    basket = locked_basket(basket_id)
    set_quantity(basket, line_id, quantity)
    touch(basket, now)


@transaction.atomic(durable=True)
def choose_place(*, basket_id: uuid.UUID, province_code: str, now: datetime.datetime) -> None:
    """Say which province it goes to, so that deliveries and their prices are known. Raises Missing."""
    basket = locked_basket(basket_id)
    basket.province_code = province_code
    basket.save(update_fields=["province_code"])
    touch(basket, now)


@transaction.atomic(durable=True)
def choose_deliveries(
    *, basket_id: uuid.UUID, choices: Mapping[int, WantedDelivery], now: datetime.datetime
) -> None:
    """Say how each cooperative's share is to travel; a way of another cooperative is Missing."""
    basket = locked_basket(basket_id)
    store_deliveries(basket, choices)
    touch(basket, now)


def store_deliveries(basket: Basket, choices: Mapping[int, WantedDelivery]) -> None:
    """Step of `choose_deliveries`, on a locked basket."""
    if not choices:
        return
    ways = DeliveryWay.objects.in_bulk([choice.way_id for choice in choices.values() if choice.way_id])
    rows = {row.cooperative_id: row for row in DeliveryChoice.objects.filter(basket=basket).order_by("pk")}
    new = []
    for cooperative_id, choice in choices.items():
        way = ways.get(choice.way_id) if choice.way_id else None
        if choice.service_id is None and (way is None or way.cooperative_id != cooperative_id):
            raise Missing(field="delivery")
        row = rows.get(cooperative_id) or DeliveryChoice(basket=basket, cooperative_id=cooperative_id)
        said = (way.pk if way else None, choice.service_id, choice.pickup_day, choice.pickup_starts)
        if said == (row.way_id, row.service_id, row.pickup_day, row.pickup_starts):
            continue
        row.way_id, row.service_id, row.pickup_day, row.pickup_starts = said
        if cooperative_id in rows:
            row.save(update_fields=["way", "service", "pickup_day", "pickup_starts"])
        else:
            new.append(row)
    DeliveryChoice.objects.bulk_create(new)


def release_reservations(reservations: list[Reservation]) -> None:
    """Step: give back what these kept. Locks their stock."""
    if not reservations:
        return
    rows = locks.lock_stock({reservation.stock_id for reservation in reservations})
    freed = give_back(_still_kept([reservation.pk for reservation in reservations]), rows)
    write_promises(rows[stock_id] for stock_id in freed)


def give_back(kept: Sequence[Reservation], rows: Mapping[int, Stock]) -> set[int]:
    """Step: end reservations of locked stock; the caller saves the rows, whose ids this answers.

    They were read under the lock: what another worker ended before is not given back twice.
    """
    if not kept:
        return set()
    for reservation in kept:
        rows[reservation.stock_id].reserved -= reservation.quantity
    Reservation.objects.filter(pk__in=[reservation.pk for reservation in kept]).delete()
    return {reservation.stock_id for reservation in kept}


@prepared
def _still_kept(keys: Collection[int]) -> QuerySet[Reservation]:
    return Reservation.objects.filter(pk__in=keys).order_by("pk")


@prepared
def kept_for(basket: uuid.UUID) -> QuerySet[Reservation]:
    """What is reserved for a basket. Only who has locked it reserves more; others may end it."""
    return Reservation.objects.filter(line__basket=basket).order_by("pk")


def line_limit() -> int | None:
    """How many steps one line may hold: the shop's own setting."""
    return shop_settings().limit_quantity_per_checkout


def _buyable(channel: Channel, variant_id: int, quantity: int) -> Variant:
    if quantity < 1:
        raise OddQuantity(field="quantity")
    variant: Variant | None = next(iter(_buyable_rows(variant_id, channel.pk)), None)
    if variant is None:
        raise NotForSale(field="variant")
    return variant


@prepared
def _buyable_rows(variant: int, channel: int) -> QuerySet[Variant]:
    return Variant.objects.buyable_in(channel).filter(pk=variant)


@prepared
def _lines(basket: uuid.UUID, variant: int) -> QuerySet[BasketLine]:
    return BasketLine.objects.filter(basket=basket, variant=variant).order_by("created_at", "pk")


@prepared
def _prices(variant: int, channel: int) -> QuerySet[Price]:
    return Price.objects.filter(variant=variant, channel=channel)


def _put(basket: Basket, variant: Variant, quantity: int, *, apart: bool = False) -> BasketLine:
    there = None if apart else next(iter(_lines(basket.pk, variant.pk)), None)
    line = there or BasketLine(basket=basket, variant=variant, quantity=0)
    line.quantity += quantity
    _check_limit(line, line.quantity)
    line.seen_price = _selling_price(variant, basket.channel)
    line.save()
    return line


def _check_limit(line: BasketLine, quantity: int) -> None:
    """Whether a line may hold so many, counting the basket's other lines of its variant."""
    others = [each for each in _lines(line.basket_id, line.variant_id) if each.pk != line.pk]
    whole = quantity + sum(each.quantity for each in others)
    limit = limit_of(line.variant, line_limit())
    if limit is not None and whole > limit:
        raise OverLimit(
            _("One order may hold at most %(limit)s of this.") % {"limit": limit},
            field="quantity",
            limit=limit,
        )


def _selling_price(variant: Variant, channel: Channel) -> int | None:
    price = next(iter(_prices(variant.pk, channel.pk)), None)
    return price.selling if price else None


def _release(basket: Basket, line: BasketLine) -> None:
    release_reservations(list(Reservation.objects.filter(line=line, line__basket=basket)))


def locked_basket(basket_id: uuid.UUID) -> Basket:
    """Step: raises Missing where the basket has become an order, or never was."""
    basket = locks.lock_basket(basket_id)
    if basket is None:
        raise Missing()
    return basket


def touch(basket: Basket, now: datetime.datetime) -> None:
    """Step: the basket was changed now."""
    basket.changed_at = now
    basket.save(update_fields=["changed_at"])
