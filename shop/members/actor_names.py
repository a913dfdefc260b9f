"""How members read who did something."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cooperatives.models import Cooperative
from orders.models import DeliveryRun
from orders.models.handover import REDACTED
from shop.core.actors import ActorKind, EntryPoint
from shop.core.models import Change


def member_names(cooperative: Cooperative) -> dict[str, str]:
    """Return the names of the cooperative's members, by the actor key of a change."""
    memberships = cooperative.memberships.select_related("user").order_by("pk")
    return {str(row.user_id): row.user.name for row in memberships}


def read_driver_names(cooperative: Cooperative) -> frozenset[str]:
    """Return the names that the cooperative gave the drivers of its runs."""
    runs = DeliveryRun.objects.for_cooperative(cooperative).exclude(driver_name=REDACTED)
    return frozenset(runs.order_by("driver_name").values_list("driver_name", flat=True).distinct())


def actor_name(change: Change, members: Mapping[str, str], drivers: Collection[str] = ()) -> str:
    """Return the member's name, or that of a driver of the cooperative.

    Receivers, buyers and the market's staff are not named.
    """
    if change.actor_kind == ActorKind.PERSON and change.actor_key in members:
        return members[change.actor_key]
    if change.entry_point == EntryPoint.SYSTEM:
        return str(capfirst(change.actor_label))
    if change.entry_point == EntryPoint.MARKET:
        return _("The buyer")
    if change.entry_point == EntryPoint.MEMBERS and change.actor_kind == ActorKind.GUEST:
        if change.actor_name in drivers:
            return change.actor_name
        return _("The driver or receiver")
    if change.entry_point == EntryPoint.MEMBERS:
        return _("Someone who is not a member now")
    return _("The market")
