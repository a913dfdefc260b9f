"""State transitions of a listing."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.states import Transitions


class ListingState(TextChoices):
    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("being checked")
    PUBLISHED = "published", _("on sale")
    PAUSED = "paused", _("paused")
    WITHDRAWN = "withdrawn", _("withdrawn")


# draft → published: by platform staff (which implies approval), or in a channel without checks.
LISTING_TRANSITIONS: Transitions = {
    ListingState.DRAFT: frozenset({ListingState.IN_REVIEW, ListingState.PUBLISHED, ListingState.WITHDRAWN}),
    ListingState.IN_REVIEW: frozenset({ListingState.PUBLISHED, ListingState.DRAFT, ListingState.WITHDRAWN}),
    ListingState.PUBLISHED: frozenset({ListingState.PAUSED, ListingState.WITHDRAWN}),
    ListingState.PAUSED: frozenset({ListingState.PUBLISHED, ListingState.WITHDRAWN}),
    ListingState.WITHDRAWN: frozenset({ListingState.DRAFT}),
}

# The platform approved the content on sale; a paused listing resumes without review.
APPROVED_STATES = (ListingState.PUBLISHED, ListingState.PAUSED)


class RevisionState(TextChoices):
    IN_REVIEW = "in_review", _("being checked")
    RETURNED = "returned", pgettext_lazy("revision", "returned")
