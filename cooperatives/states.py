"""How a cooperative's standing with the market may move."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from shop.core.states import Moves


class CooperativeState(TextChoices):
    APPLIED = "applied", _("applied")
    NEEDS_MORE = "needs_more", _("more is needed")
    APPROVED = "approved", _("approved")
    SUSPENDED = "suspended", _("suspended")
    REJECTED = "rejected", _("rejected")


FIRST = CooperativeState.APPLIED

COOPERATIVE_MOVES: Moves = {
    CooperativeState.APPLIED: frozenset(
        {CooperativeState.NEEDS_MORE, CooperativeState.APPROVED, CooperativeState.REJECTED}
    ),
    CooperativeState.NEEDS_MORE: frozenset(
        {CooperativeState.APPLIED, CooperativeState.APPROVED, CooperativeState.REJECTED}
    ),
    CooperativeState.APPROVED: frozenset({CooperativeState.SUSPENDED}),
    CooperativeState.SUSPENDED: frozenset({CooperativeState.APPROVED}),
    CooperativeState.REJECTED: frozenset(),
}
