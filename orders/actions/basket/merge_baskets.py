"""Merge a guest's basket into the user's at sign-in."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter

from django.db import transaction

from orders import locks
from orders.actions.basket.basket_lines import mark_basket_changed, release_reservations, shop_quantity_limit
from orders.actions.quotes.quote_types import quantity_limit_of
from orders.models import Basket, BasketLine, Payment, Reservation


@transaction.atomic(durable=True)
def merge_guest_basket(*, guest_basket_id: uuid.UUID, user_id: int, now: datetime.datetime) -> Basket | None:
    """Merge the guest's basket into the user's newest one, or assign it to the user.

    Returns None where the guest's basket is gone or belongs to a user.
    """
    channel = Basket.objects.filter(pk=guest_basket_id).values("channel")
    newest = Basket.objects.filter(user=user_id, channel__in=channel).order_by("-changed_at", "pk").first()
    baskets = locks.lock_baskets(guest_basket_id, *([newest.pk] if newest else []))
    guest = baskets.pop(guest_basket_id, None)
    if guest is None or guest.user_id is not None:
        return None
    own = next(iter(baskets.values()), None)
    if own is None or not own.lines.exists():
        guest.user_id = user_id
        guest.save(update_fields=["user"])
        return guest
    _merge(guest, own)
    mark_basket_changed(own, now)
    return own


def _merge(guest: Basket, own: Basket) -> None:
    """Move lines, choices and details of the guest's basket; what the user has set stays.

    Lines of the same variant are added up, to the limit of one order. The guest's basket is deleted, so a
    second sign-in adds nothing twice.
    """
    release_reservations(list(Reservation.objects.filter(line__basket=guest)))
    _merge_lines(guest, own)
    columns = ("province_code", "voucher_code", "note", "email", "phone", "name")
    for column in columns:
        setattr(own, column, getattr(own, column) or getattr(guest, column))
    own.save(update_fields=columns)
    chosen = own.delivery_choices.values("cooperative")
    guest.delivery_choices.exclude(cooperative__in=chosen).update(basket=own)
    Payment.objects.filter(basket=guest).update(basket=own)
    guest.delete()


def _merge_lines(guest: Basket, own: Basket) -> None:
    limit = shop_quantity_limit()
    line_by_variant: dict[int, BasketLine] = {}
    held: Counter[int] = Counter()
    for line in own.lines.order_by("created_at", "pk"):
        line_by_variant.setdefault(line.variant_id, line)
        held[line.variant_id] += line.quantity
    moved, grown = [], {}
    for line in guest.lines.select_related("variant").order_by("created_at", "pk"):
        most = quantity_limit_of(line.variant, limit)
        added = line.quantity if most is None else min(line.quantity, most - held[line.variant_id])
        existing = line_by_variant.get(line.variant_id)
        if added < 1:
            continue
        held[line.variant_id] += added
        if existing is None or line.forced_price != existing.forced_price:
            line.basket, line.quantity = own, added
            line_by_variant.setdefault(line.variant_id, line)
            moved.append(line)
        else:
            existing.quantity += added
            grown[existing.pk] = existing
    BasketLine.objects.bulk_update(moved, ["basket", "quantity"])
    BasketLine.objects.bulk_update(grown.values(), ["quantity"])
