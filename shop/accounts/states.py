"""States of data requests, and the transitions allowed between them."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.states import Transitions


class RequestState(TextChoices):
    OPEN = "open", _("open")
    DONE = "done", _("completed")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("data request", "withdrawn")


REQUEST_TRANSITIONS: Transitions = {
    RequestState.OPEN: frozenset({RequestState.DONE, RequestState.REFUSED, RequestState.WITHDRAWN}),
}
