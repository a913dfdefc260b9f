"""Reorder: put a past order's items into the basket, and show what has changed since."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from orders.actions.basket.reorder_past_order import Difference, DifferenceKind, add_past_order_to_basket
from orders.models import Order
from orders.views import receiver
from orders.views.current_basket import current_basket, province_of, remember_guest_basket, signed_in_user
from orders.views.order_access import has_proof
from shop.core.models import market_channel
from shop.core.texts.figures import money
from shop.core.texts.marked_texts import sentence, stored_text, untranslated

_KEY = "reordered-into"  # session key of the message shown once on the basket page


@require_POST
def reorder_past_order(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Put an order's items into the visitor's basket, by the order's unguessable id."""
    rows = Order.objects.held_by(token).select_related("shipping_address")
    order, channel = get_object_or_404(rows), market_channel()
    if channel is None:
        raise Http404
    user, held = signed_in_user(request), current_basket(request)
    answer = add_past_order_to_basket(
        order_id=order.pk,
        basket_id=held.pk if held else None,
        user_id=user.pk if user else None,
        channel=channel,
        language=request.LANGUAGE_CODE,
        province_code=province_of(request, None) or order.province_code,
        now=timezone.now(),
    )
    if answer.basket is not None:
        remember_guest_basket(request, answer.basket)
    if user is None and order.user_id is None and has_proof(request, order):
        receiver.save_inputs_from_order(request, order)
    request.session[_KEY] = {
        "code": order.code,
        "put": answer.put,
        "language": order.language,
        "currency": channel.currency,
        "differences": [asdict(each) for each in answer.differences],
    }
    return redirect("orders:basket")


def pop_reorder_result(request: HttpRequest) -> dict[str, object] | None:
    """Pop the result of a reorder: the order's `code`, the number of lines `put`, and messages (`words`)."""
    answer: dict[str, Any] | None = request.session.pop(_KEY, None)
    if answer is None:
        return None
    words = [
        _difference_message(Difference(**each), answer["language"], answer["currency"])
        for each in answer["differences"]
    ]
    return {"code": answer["code"], "put": answer["put"], "words": words}


def _difference_message(difference: Difference, language: str, currency: str) -> SafeString:
    was, now = difference.was, difference.now
    name = stored_text(difference.name, difference.translated, language)
    match difference.kind:
        case DifferenceKind.GONE:
            return sentence(_("%(name)s: not on sale any more."), name=name)
        case DifferenceKind.RESTING:
            return sentence(
                _("%(name)s: %(seller)s is resting."),
                name=name,
                seller=untranslated(difference.seller),
            )
        case DifferenceKind.SOLD_OUT:
            return sentence(_("%(name)s: sold out."), name=name)
        case DifferenceKind.FEWER:
            words = ngettext(
                "%(name)s: only %(now)s of %(was)s is to be had.",
                "%(name)s: only %(now)s of %(was)s are to be had.",
                now,
            )
            return sentence(words, name=name, now=now, was=was)
        case DifferenceKind.DEARER:
            words = _("%(name)s: dearer, %(now)s. It was %(was)s.")
        case DifferenceKind.CHEAPER:
            words = _("%(name)s: cheaper, %(now)s. It was %(was)s.")
    return sentence(words, name=name, now=money(now, currency), was=money(was, currency))
