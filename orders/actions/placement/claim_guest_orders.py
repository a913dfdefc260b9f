"""Claim guest orders for the user who proves that the phone number is theirs."""

from __future__ import annotations

import datetime

from django.db import transaction

from orders import locks
from orders.models import Order, VoucherUse
from shop.accounts.models import Consent, User
from shop.core.actors import Actor, EntryPoint
from shop.core.models import record_change

# Carriers give numbers to other people some months after their owner leaves, so older orders may be another
# person's.
_CLAIMABLE_DAYS = 90


@transaction.atomic(durable=True)
def claim_guest_orders(*, user_id: int, phone: str, now: datetime.datetime) -> int:
    """Assign guest orders of the last 90 days with this number to the user, and return how many.

    Call only after the user entered a code sent to the number. Older orders open by their links alone.
    """
    since = now - datetime.timedelta(days=_CLAIMABLE_DAYS)
    guest_orders = Order.objects.placed().filter(user=None, phone=phone, placed_at__gte=since)
    keys = list(guest_orders.order_by("pk").values_list("pk", flat=True)) if phone else []
    user = User.objects.filter(pk=user_id, erased_at=None).first() if keys else None
    if user is None:
        return 0
    unclaimed = [order for order in locks.lock_orders(keys).values() if order.user_id is None]
    for order in unclaimed:
        _assign_order(order, user, user.as_actor(EntryPoint.MARKET), now)
    return len(unclaimed)


def _assign_order(order: Order, user: User, actor: Actor, now: datetime.datetime) -> None:
    order.user = user
    order.save(update_fields=["user", "updated_at"])
    VoucherUse.objects.filter(order=order, user=None).update(user=user)
    Consent.objects.filter(subject=f"order:{order.pk}", user=None).update(user=user)
    record_change("order.claimed", order, actor=actor, now=now)
