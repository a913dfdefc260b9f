"""A form that is shown once more for review before it is sent."""

from __future__ import annotations

from django.http import HttpRequest

_REVIEW_FIELDS = frozenset({"csrfmiddlewaretoken", "reviewed", "edit"})


def is_reviewed(request: HttpRequest) -> bool:
    """Return whether the form comes from the review page, to be sent as it is."""
    return "reviewed" in request.POST and not is_edited(request)


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
