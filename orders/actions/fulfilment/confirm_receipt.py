"""Confirm, as its buyer, that a part has arrived."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.fulfilment.pack_parcels import change_parcel_state
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.models import OrderPart, Parcel
from orders.states import ParcelState
from shop.core.actors import Actor
from shop.core.errors import Refused


class NoParcelToReceive(Refused):
    code = "no_parcel_to_receive"
    default_message = _("Nothing in this part has been sent yet.")


@transaction.atomic(durable=True)
def confirm_part_receipt(*, part_id: int, actor: Actor, now: datetime.datetime) -> OrderPart:
    """Mark all dispatched parcels of the part as delivered, as its buyer reports.

    Cash is never marked as collected here, because the cooperative or the carrier reports that. Repeating it
    changes nothing. Raises Missing, NoParcelToReceive.
    """
    order, part = locks.lock_part(part_id)
    parcels = list(Parcel.objects.active_outgoing().filter(part=part).in_order())
    dispatched = [parcel for parcel in parcels if parcel.state == ParcelState.HANDED_OVER]
    if not dispatched and not any(parcel.state == ParcelState.DELIVERED for parcel in parcels):
        raise NoParcelToReceive()
    for parcel in dispatched:
        change_parcel_state(parcel, ParcelState.DELIVERED, delivered_at=now)
        record_part_change(order, part, "parcel.delivered", parcel, actor=actor, now=now)
    if dispatched:
        finish_order_change(order, now=now)
    return part
