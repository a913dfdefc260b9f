"""A form that is shown once more for review before it is sent."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext

_REVIEW_FIELDS = frozenset({"csrfmiddlewaretoken", "reviewed", "edit", "shown"})


def is_reviewed(request: HttpRequest) -> bool:
    """Return whether the form comes from the review page, to be sent as it is."""
    return "reviewed" in request.POST and not is_edited(request)


def is_reviewed_as_shown(request: HttpRequest, shown: object) -> bool:
    """Return whether the form comes from a review page that showed this value.

    The page is shown again, with a message, if the value has changed since.
    """
    if not is_reviewed(request):
        return False
    if request.POST.get("shown") == str(shown):
        return True
    messages.warning(request, gettext("This has changed in the meantime. Check it again."))
    return False


def is_edited(request: HttpRequest) -> bool:
    """Return whether the person goes back from the review page to change the form."""
    return "edit" in request.POST


def submitted_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the submitted fields with their values, for the hidden fields of the review page."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _REVIEW_FIELDS
        for value in values
    ]
