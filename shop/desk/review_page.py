"""A page that names what a form will do before the form is sent."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shop.core.web.form_review import submitted_fields


def render_review(
    request: HttpRequest,
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    effects: Sequence[str],
    label: str,
    back_url: str,
    back_label: str,
    is_unusual: bool = False,
) -> HttpResponse:
    """Show facts and effects of the submitted form. The button labelled `label` sends the form as it is.

    An unusual form is marked, so that nobody sends it by habit.
    """
    context = {
        "title": title,
        "facts": facts,
        "effects": effects,
        "label": label,
        "back_url": back_url,
        "back_label": back_label,
        "is_unusual": is_unusual,
        "fields": submitted_fields(request),
    }
    return render(request, "desk/review.html", context)
