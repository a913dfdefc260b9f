"""A guest's basket becomes that of the person they turn out to be."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter

from django.db import transaction

from orders import locks
from orders.actions.basket.basket_lines import line_limit, release_reservations, touch
from orders.actions.quotes.quote_types import limit_of
from orders.models import Basket, BasketLine, Payment, Reservation


@transaction.atomic(durable=True)
def adopt_basket(*, guest_basket_id: uuid.UUID, user_id: int, now: datetime.datetime) -> Basket | None:
    """At sign-in the guest's basket joins the person's newest one, or becomes theirs.

    None where the guest's basket is gone or somebody's already.
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
    touch(own, now)
    return own


def _merge(guest: Basket, own: Basket) -> None:
    """Move over what the guest put in, chose and wrote; what the person has said themselves stays.

    The same variant grows, up to what one order may hold of it. The guest's basket is gone afterwards, so
    that coming in twice adds nothing twice.
    """
    release_reservations(list(Reservation.objects.filter(line__basket=guest)))
    _merge_lines(guest, own)
    said = ("province_code", "voucher_code", "note", "email", "phone", "name")
    for column in said:
        setattr(own, column, getattr(own, column) or getattr(guest, column))
    own.save(update_fields=said)
    chosen = own.delivery_choices.values("cooperative")
    guest.delivery_choices.exclude(cooperative__in=chosen).update(basket=own)
    Payment.objects.filter(basket=guest).update(basket=own)
    guest.delete()


def _merge_lines(guest: Basket, own: Basket) -> None:
    limit = line_limit()
    mine: dict[int, BasketLine] = {}
    held: Counter[int] = Counter()
    for line in own.lines.order_by("created_at", "pk"):
        mine.setdefault(line.variant_id, line)
        held[line.variant_id] += line.quantity
    moved, grown = [], {}
    for line in guest.lines.select_related("variant").order_by("created_at", "pk"):
        most = limit_of(line.variant, limit)
        added = line.quantity if most is None else min(line.quantity, most - held[line.variant_id])
        there = mine.get(line.variant_id)
        if added < 1:
            continue
        held[line.variant_id] += added
        if there is None or line.forced_price != there.forced_price:
            line.basket, line.quantity = own, added
            mine.setdefault(line.variant_id, line)
            moved.append(line)
        else:
            there.quantity += added
            grown[there.pk] = there
    BasketLine.objects.bulk_update(moved, ["basket", "quantity"])
    BasketLine.objects.bulk_update(grown.values(), ["quantity"])
