"""States of an alert to a cooperative, with the transitions allowed between them."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from shop.core.states import Transitions


class AlertState(TextChoices):
    OPEN = "open", pgettext_lazy("alert", "nobody has seen it yet")
    SEEN = "seen", pgettext_lazy("alert", "seen")
    UNANSWERED = "unanswered", pgettext_lazy("alert", "everybody was told, nobody has seen it")
    CLOSED = "closed", pgettext_lazy("alert", "done before anybody opened it")


UNSEEN_ALERTS = frozenset({AlertState.OPEN, AlertState.UNANSWERED})

ALERT_TRANSITIONS: Transitions = {
    AlertState.OPEN: frozenset({AlertState.SEEN, AlertState.UNANSWERED, AlertState.CLOSED}),
    AlertState.UNANSWERED: frozenset({AlertState.SEEN, AlertState.CLOSED}),
    AlertState.SEEN: frozenset(),
    AlertState.CLOSED: frozenset(),
}
