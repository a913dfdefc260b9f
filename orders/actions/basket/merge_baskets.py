"""Merge a guest's basket into the user's at sign-in."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Sequence

from django.db import transaction

from orders import locks
from orders.actions.basket.basket_lines import (
    mark_basket_changed,
    release_reservations,
    select_prices,
    shop_quantity_limit,
)
from orders.models import Basket, BasketLine, Payment, Reservation


@transaction.atomic(durable=True)
def merge_guest_basket(*, guest_basket_id: uuid.UUID, user_id: int, now: datetime.datetime) -> Basket | None:
    """Merge the guest's basket into the user's newest one, or assign it to the user.

    Returns None if the guest's basket is gone or belongs to a user.
    """
    channel = Basket.objects.filter(pk=guest_basket_id).values("channel")
    newest = Basket.objects.filter(user=user_id, channel__in=channel).order_by("-changed_at", "pk").first()
    baskets = locks.lock_baskets(guest_basket_id, *([newest.pk] if newest else []))
    guest_basket = baskets.pop(guest_basket_id, None)
    if guest_basket is None or guest_basket.user_id is not None:
        return None
    user_basket = next(iter(baskets.values()), None)
    if user_basket is None or not user_basket.lines.exists():
        guest_basket.user_id = user_id
        guest_basket.save(update_fields=["user"])
        return guest_basket
    _merge(guest_basket, user_basket)
    mark_basket_changed(user_basket, now)
    return user_basket


def _merge(guest_basket: Basket, user_basket: Basket) -> None:
    """Move lines, choices and details of the guest's basket. The user's own details and choices win.

    Quantities of the same variant are added up to the limit of one order. The guest's basket is deleted, so
    a second sign-in adds nothing.
    """
    release_reservations(list(Reservation.objects.filter(line__basket=guest_basket)))
    _merge_lines(guest_basket, user_basket)
    columns = ("province_code", "voucher_code", "note", "email", "phone", "name")
    for column in columns:
        setattr(user_basket, column, getattr(user_basket, column) or getattr(guest_basket, column))
    user_basket.save(update_fields=columns)
    cooperatives_with_choice = user_basket.delivery_choices.values("cooperative")
    guest_basket.delivery_choices.exclude(cooperative__in=cooperatives_with_choice).update(basket=user_basket)
    Payment.objects.filter(basket=guest_basket).update(basket=user_basket)
    guest_basket.delete()


def _merge_lines(guest_basket: Basket, user_basket: Basket) -> None:
    shop_limit = shop_quantity_limit()
    line_by_variant: dict[int, BasketLine] = {}
    quantities: Counter[int] = Counter()
    for line in user_basket.lines.order_by("created_at", "pk"):
        line_by_variant.setdefault(line.variant_id, line)
        quantities[line.variant_id] += line.quantity
    moved_lines, increased_lines = [], {}
    for line in guest_basket.lines.select_related("variant").order_by("created_at", "pk"):
        variant_limit = line.variant.order_limit(shop_limit)
        added_lines = (
            line.quantity
            if variant_limit is None
            else min(line.quantity, variant_limit - quantities[line.variant_id])
        )
        existing = line_by_variant.get(line.variant_id)
        if added_lines < 1:
            continue
        quantities[line.variant_id] += added_lines
        if existing is None or line.forced_price != existing.forced_price:
            line.basket, line.quantity = user_basket, added_lines
            line_by_variant.setdefault(line.variant_id, line)
            moved_lines.append(line)
        else:
            existing.quantity += added_lines
            increased_lines[existing.pk] = existing
    BasketLine.objects.bulk_update(moved_lines, ["basket", "quantity"])
    _update_seen_prices(user_basket, list(increased_lines.values()))
    BasketLine.objects.bulk_update(increased_lines.values(), ["quantity", "seen_price"])


def _update_seen_prices(basket: Basket, lines: Sequence[BasketLine]) -> None:
    """Replace each price that the buyer has seen by a wholesale price that the line has reached since.

    So the basket reports only price changes made by the seller.
    """
    if not lines:
        return
    variant_ids = {line.variant_id for line in lines}
    prices = {price.variant_id: price for price in select_prices(variant_ids, basket.channel_id)}
    before = dict(BasketLine.objects.filter(pk__in=[line.pk for line in lines]).values_list("pk", "quantity"))
    for line in lines:
        price = prices.get(line.variant_id)
        if price is not None and line.seen_price == price.price_at(before[line.pk]):
            line.seen_price = price.price_at(line.quantity)
