"""A page that names what a form will do before the form is sent."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from orders.actions.refunds.refund_preview import RefundRoute
from orders.models import Order
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
    shown: object = None,
    is_unusual: bool = False,
    is_stop: bool = False,
    order: Order | None = None,
    route: RefundRoute | None = None,
) -> HttpResponse:
    """Show facts and effects of the submitted form. The button labelled `label` sends the form as it is.

    An unusual form is marked, so that nobody sends it by habit. The button of a form that ends something has
    the colour of a warning. The page is shown again if the value `shown` has changed when it is sent. `route`
    says how money goes back to the buyer of `order`.
    """
    context = {
        "title": title,
        "facts": facts,
        "effects": effects,
        "label": label,
        "back_url": back_url,
        "back_label": back_label,
        "is_unusual": is_unusual,
        "is_stop": is_stop,
        "order": order,
        "route": route,
        "fields": submitted_fields(request) + ([] if shown is None else [("shown", str(shown))]),
    }
    return render(request, "desk/review.html", context)
