"""What happened to something, told in words: the Change rows under it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop.core.actors import ActorKind, Door
from shop.core.models import Change

WORDS: dict[str, Promise] = {
    "cooperative.applied": _("Applied to sell"),
    "cooperative.applied_again": _("Sent the application again"),
    "cooperative.approved": _("Approved"),
    "cooperative.needs_more": _("Asked for more"),
    "cooperative.rejected": _("Rejected"),
    "cooperative.suspended": _("Suspended"),
    "cooperative.paused": _("Rests for a while"),
    "cooperative.resumed": _("Sells again"),
    "membership.admitted": _("Member admitted"),
    "listing.draft": _("Back to draft"),
    "listing.in_review": _("Handed in to be checked"),
    "listing.published": _("Put on sale"),
    "listing.paused": _("Taken off sale for a while"),
    "listing.withdrawn": _("Withdrawn"),
    "product.offered": _("Goods entered"),
    "product.edited": _("Goods changed"),
    "product.pictured": _("Picture added"),
    "price.changed": _("Price changed"),
    "stock.counted": _("Stock counted"),
    "stock.moved": _("Stock changed"),
    "order.drafted": _("Draft begun"),
    "order.draft_edited": _("Draft changed"),
    "order.placed": _("Ordered"),
    "order.cancelled": _("Order cancelled"),
    "order.expired": _("Order lapsed"),
    "part.accepted": _("Accepted"),
    "part.declined": _("Declined"),
    "part.cancelled": _("Cancelled"),
    "part.unanswered": _("The platform was told that nobody has accepted"),
    "parcel.begun": _("Packing begun"),
    "parcel.packed": _("Packed"),
    "parcel.handed_over": _("Handed over"),
    "parcel.delivered": _("Delivered"),
    "parcel.cash_collected": _("Cash collected"),
    "parcel.failed": _("Could not be delivered"),
    "parcel.voided": _("Parcel voided"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A change as people read it. `whose` is the part's number, if any; `who` did it by which `door`."""

    change: Change
    words: Promise | str
    whose: str
    who: str
    door: str


def tell(changes: Iterable[Change]) -> list[Told]:
    """Changes in words; a word that is new here is shown as it is written."""
    return [
        Told(
            change,
            WORDS.get(change.what, change.what),
            str(change.data.get("part", "")),
            change.actor_name or str(ActorKind(change.actor_kind).label),
            str(Door(change.door).label),
        )
        for change in changes
    ]
