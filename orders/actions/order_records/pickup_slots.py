"""Take places of pickup times for orders."""

from __future__ import annotations

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cooperatives.models import DeliveryMethod, PickupSlot, PickupTime
from orders.actions.quotes.quote_types import Quote
from orders.models import (
    Order,
    OrderPart,
)
from shop.core.errors import Refused


class PickupSlotFull(Refused):
    """The last place at this pickup time was taken."""

    code = "pickup_slot_full"
    default_message = _("This pickup time has just filled up. Choose another one.")


def take_pickup_slots(order: Order, quote: Quote) -> None:
    """In a transaction: take a place at each chosen pickup time, in one order to avoid deadlocks.

    Raises PickupSlotFull.
    """
    chosen_times = [
        (seller_quote.chosen.delivery_method, seller_quote.chosen_time)
        for seller_quote in quote.seller_quotes
        if seller_quote.chosen is not None and seller_quote.chosen_time is not None
    ]
    for delivery_method, time in sorted(
        chosen_times, key=lambda choice: (choice[0].pk, choice[1].day, choice[1].starts)
    ):
        slot = _get_or_create_slot(delivery_method, time)
        if not _take_slot_place(slot):
            raise PickupSlotFull(field="delivery")
        OrderPart.objects.filter(order=order, cooperative=delivery_method.cooperative_id).update(slot=slot)


def _take_slot_place(slot: PickupSlot) -> bool:
    """Take a place and return True if one is left. A single statement checks and takes, to avoid races."""
    room = PickupSlot.objects.filter(Q(capacity=None) | Q(booked__lt=F("capacity")), pk=slot.pk)
    return bool(room.update(booked=F("booked") + 1))


def _get_or_create_slot(delivery_method: DeliveryMethod, time: PickupTime) -> PickupSlot:
    PickupSlot.objects.bulk_create(
        [
            PickupSlot(
                delivery_method=delivery_method,
                day=time.day,
                starts=time.starts,
                ends=time.ends,
                capacity=time.capacity,
            )
        ],
        ignore_conflicts=True,
    )
    return PickupSlot.objects.get(delivery_method=delivery_method, day=time.day, starts=time.starts)
