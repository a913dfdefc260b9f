"""What the reviews of listings, changes, certificates and documents share."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from shop.core.actors import Actor
from shop.core.errors import StrOrPromise
from shop.core.web.action_results import run_action

RETURNED_MESSAGE = _("Returned for correction. The cooperative has been notified of the reason.")


def format_submission_time(submitted_at: datetime.datetime | None) -> str:
    """Return the value that the page sends back as `seen_submitted_at`.

    Reviewers decide only on content that they saw.
    """
    return submitted_at.isoformat() if submitted_at else ""


def run_decision(
    request: HttpRequest,
    action: Callable[..., object],
    *,
    actor: Actor,
    url: str,
    refused_url: str = "",
    message: StrOrPromise,
    **arguments: object,
) -> HttpResponse:
    """Run a decision about the content submitted at the form's time. A refusal leads back to its page."""
    decide = partial(
        action,
        seen_submitted_at=_seen_submitted_at(request.POST),
        actor=actor,
        now=timezone.now(),
        **arguments,
    )
    return run_action(request, decide, url=url, refused_url=refused_url, message=message)


def _seen_submitted_at(submitted: Mapping[str, str]) -> datetime.datetime | None:
    try:
        return parse_datetime(submitted.get("seen_submitted_at", ""))
    except ValueError:
        return None
