"""Attach the photo of a coach's dispatch slip to parcels, with its number plate and the driver's phone."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders import locks
from orders.actions.order_records.part_changes import record_part_change
from orders.states import PACKED_OR_DISPATCHED_STATES
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import require_phone
from shop.core.models import Picture


class EmptySlip(Refused):
    code = "empty_slip"
    default_message = _("Take a photo of the slip, or enter the number plate or the driver's phone number.")


@transaction.atomic(durable=True)
def attach_slip(
    *,
    cooperative: Cooperative,
    parcel_ids: Collection[int],
    picture: Picture | None,
    vehicle: str = "",
    driver_phone: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Attach one slip to packed or dispatched parcels, for their buyers to see.

    Empty fields keep their values. Raises EmptySlip, InvalidPhone, Missing.
    """
    vehicle = " ".join(vehicle.split())[:60]
    if picture is None and not vehicle and not driver_phone:
        raise EmptySlip(field="photo")
    require_phone(driver_phone, field="driver_phone")
    parcels = locks.lock_parcels(parcel_ids)
    is_complete = bool(parcels) and len(parcels) == len(set(parcel_ids))
    if not is_complete or any(
        parcel.part.cooperative_id != cooperative.pk
        or not parcel.is_outgoing
        or parcel.state not in PACKED_OR_DISPATCHED_STATES
        for parcel in parcels.values()
    ):
        raise Missing()
    for parcel in parcels.values():
        parcel.slip = picture or parcel.slip
        parcel.vehicle = vehicle or parcel.vehicle
        parcel.driver_phone = driver_phone or parcel.driver_phone
        parcel.save(update_fields=["slip", "vehicle", "driver_phone"])
        record_part_change(parcel.part.order, parcel.part, "parcel.slip_added", parcel, actor=actor, now=now)
