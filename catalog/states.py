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

# The platform approved the content on sale, so a paused listing resumes without review.
APPROVED_STATES = (ListingState.PUBLISHED, ListingState.PAUSED)


class RevisionState(TextChoices):
    IN_REVIEW = "in_review", _("being checked")
    RETURNED = "returned", pgettext_lazy("revision", "returned")


class ImportState(TextChoices):
    CHECKING = "checking", _("being read")
    ENCODING = "encoding", _("letters to confirm")
    READY = "ready", pgettext_lazy("import", "ready to confirm")
    FAILED = "failed", pgettext_lazy("import", "unreadable")
    WRITING = "writing", _("being saved")
    DONE = "done", pgettext_lazy("import", "saved")


IMPORT_TRANSITIONS: Transitions = {
    ImportState.CHECKING: frozenset({ImportState.ENCODING, ImportState.READY, ImportState.FAILED}),
    ImportState.ENCODING: frozenset({ImportState.CHECKING}),
    ImportState.READY: frozenset({ImportState.WRITING}),
    ImportState.FAILED: frozenset(),
    ImportState.WRITING: frozenset({ImportState.DONE}),
    ImportState.DONE: frozenset(),
}


class ImportRowState(TextChoices):
    WAITING = "waiting", pgettext_lazy("row", "to be saved")
    QUESTION = "question", pgettext_lazy("row", "to be answered")
    PROBLEM = "problem", pgettext_lazy("row", "to be corrected")
    UNCHANGED = "unchanged", pgettext_lazy("row", "unchanged")
    DONE = "done", pgettext_lazy("row", "saved")
    REFUSED = "refused", pgettext_lazy("row", "refused")


IMPORT_ROW_TRANSITIONS: Transitions = {
    ImportRowState.WAITING: frozenset({ImportRowState.DONE, ImportRowState.REFUSED}),
    ImportRowState.QUESTION: frozenset({ImportRowState.WAITING, ImportRowState.REFUSED}),
    ImportRowState.PROBLEM: frozenset(),
    ImportRowState.UNCHANGED: frozenset(),
    ImportRowState.DONE: frozenset(),
    ImportRowState.REFUSED: frozenset(),
}
