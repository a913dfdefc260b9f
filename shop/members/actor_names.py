"""How members read who did something."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from cooperatives.models import Cooperative
from shop.core.actors import ActorKind, EntryPoint
from shop.core.models import Change


def member_names(cooperative: Cooperative) -> dict[str, str]:
    """Return the names of the cooperative's members, by the actor key of a change."""
    memberships = cooperative.memberships.select_related("user").order_by("pk")
    return {str(row.user_id): row.user.name for row in memberships}


def actor_name(change: Change, members: Mapping[str, str]) -> str:
    """Return the member's name. Drivers, receivers, buyers and the market's staff are not named."""
    if change.actor_kind == ActorKind.PERSON and change.actor_key in members:
        return members[change.actor_key]
    if change.entry_point == EntryPoint.SYSTEM:
        return str(capfirst(change.actor_label))
    if change.entry_point == EntryPoint.MARKET:
        return _("The buyer")
    if change.entry_point == EntryPoint.MEMBERS and change.actor_kind == ActorKind.GUEST:
        return _("The driver or receiver")
    if change.entry_point == EntryPoint.MEMBERS:
        return _("Someone who is not a member now")
    return _("The market")
