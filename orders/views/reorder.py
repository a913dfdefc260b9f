"""Put a past order's items into the basket, and show what has changed since."""

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
from orders.views.current_basket import (
    find_current_basket,
    find_delivery_province,
    remember_guest_basket,
    signed_in_user,
)
from orders.views.order_access import has_proof
from shop.core.models import market_channel
from shop.core.texts.formatting import format_money
from shop.core.texts.marked_texts import sentence, stored_text, untranslated

_REORDERED_SESSION_KEY = "reordered-into"


@require_POST
def reorder_past_order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Put an order's items, or one part's, into the visitor's basket, by the order's unguessable id."""
    orders = Order.objects.by_link_id(order_id).select_related("shipping_address")
    order, channel = get_object_or_404(orders), market_channel()
    if channel is None:
        raise Http404
    user, basket = signed_in_user(request), find_current_basket(request)
    result = add_past_order_to_basket(
        order_id=order.pk,
        part_number=int(part) if (part := request.POST.get("part", "")).isdecimal() else None,
        basket_id=basket.pk if basket else None,
        user_id=user.pk if user else None,
        channel=channel,
        language=request.LANGUAGE_CODE,
        province_code=find_delivery_province(request, None) or order.province_code,
        now=timezone.now(),
    )
    if result.basket is not None:
        remember_guest_basket(request, result.basket)
    if user is None and order.user_id is None and has_proof(request, order):
        receiver.save_inputs_from_order(request, order)
    request.session[_REORDERED_SESSION_KEY] = {
        "code": order.code,
        "put": result.added_line_count,
        "language": order.language,
        "currency": channel.currency,
        "differences": [asdict(difference) for difference in result.differences],
    }
    return redirect("orders:basket")


def pop_reorder_result(request: HttpRequest) -> dict[str, object] | None:
    """Pop the result of a reorder: the order's `code`, the number of lines `put`, and `messages`.

    `is_worse` says that more than lower prices has changed.
    """
    result: dict[str, Any] | None = request.session.pop(_REORDERED_SESSION_KEY, None)
    if result is None:
        return None
    differences = [Difference(**difference) for difference in result["differences"]]
    messages = [
        _difference_message(difference, result["language"], result["currency"]) for difference in differences
    ]
    return {
        "code": result["code"],
        "put": result["put"],
        "messages": messages,
        "is_worse": any(difference.kind != DifferenceKind.CHEAPER for difference in differences),
    }


def _difference_message(difference: Difference, language: str, currency: str) -> SafeString:
    was, now = difference.was, difference.now
    name = stored_text(difference.name, difference.translated, language)
    match difference.kind:
        case DifferenceKind.GONE:
            return sentence(_("%(name)s: no longer on sale."), name=name)
        case DifferenceKind.PAUSED:
            return sentence(
                _("%(name)s: %(seller)s has paused sales."),
                name=name,
                seller=untranslated(difference.seller),
            )
        case DifferenceKind.SOLD_OUT:
            return sentence(_("%(name)s: sold out."), name=name)
        case DifferenceKind.FEWER:
            text = ngettext(
                "%(name)s: only %(now)s of %(was)s is available.",
                "%(name)s: only %(now)s of %(was)s are available.",
                now,
            )
            return sentence(text, name=name, now=now, was=was)
        case DifferenceKind.DEARER:
            text = _("%(name)s: the price has gone up to %(now)s. It was %(was)s.")
        case DifferenceKind.CHEAPER:
            text = _("%(name)s: the price has dropped to %(now)s. It was %(was)s.")
    return sentence(text, name=name, now=format_money(now, currency), was=format_money(was, currency))
