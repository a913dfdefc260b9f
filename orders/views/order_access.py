"""What a visitor may do at an order's address, and how a browser shows that the order is its buyer's.

The address holds an unguessable id, but letters are forwarded and screens are seen by others. So holding the
address is enough to read. Whatever moves money or goods asks for proof: the signed-in buyer, the browser that
placed the order within the last hour, or a code sent to the order's own phone or e-mail, which counts for an
hour in that browser. Once the address has expired, reading needs proof, too.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from orders.models import Method, Order

_SESSION_KEY = "proven_orders"
_PROOF_SECONDS = 60 * 60
_MOST_PROOFS = 20


class Needs(Enum):
    """What a visitor needs who is not the signed-in buyer."""

    ADDRESS = "holding the order's address"
    CARD_ORDER = "the address of an order that is to be paid by card already; else proof"
    PROOF = "proof that the order is theirs"
    NOTHING_YET = "the address; this is where proof is given"


# Every address below /don-hang/<token>/ by its name. One that is not listed here cannot be routed.
RULES = {
    "order": Needs.ADDRESS,
    "payment-news": Needs.ADDRESS,
    "payment-picture": Needs.ADDRESS,
    # Fills the visitor's own basket; the receiver's name, phone and e-mail are copied with proof alone.
    "reorder": Needs.ADDRESS,
    # Takes money from the visitor's own card; choosing the card instead of another way needs proof.
    "card-fields": Needs.CARD_ORDER,
    "card-page": Needs.CARD_ORDER,
    "payment-way": Needs.PROOF,
    "part-cancellation": Needs.PROOF,
    "part-receipt": Needs.PROOF,
    "weight-answer": Needs.PROOF,
    "complaint": Needs.PROOF,
    "complaint-withdrawal": Needs.PROOF,
    "refund-account": Needs.PROOF,
    "order-code": Needs.NOTHING_YET,
}
# Pages with a form, to which a visitor returns after the code.
_FORMS = frozenset({"complaint", "refund-account"})
# What may be opened; all others are buttons of the order's page, and take POST only.
_OPENED = _FORMS | {"order", "order-code", "payment-news", "payment-picture"}


def order_path(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    """Route an address below an order's, guarded as `RULES` says."""
    return path(f"don-hang/<uuid:token>/{route}", _guarded(view, name), name=name)


def has_proof(request: HttpRequest, order: Order) -> bool:
    """Whether the visitor is the order's signed-in buyer, or their browser has shown that it is theirs."""
    if order.user_id is not None and order.user_id == request.user.pk:
        return True
    until = request.session.get(_SESSION_KEY, {}).get(str(order.pk), 0)
    return bool(time.time() < until)


def remember_proof(request: HttpRequest, order: Order) -> None:
    """From now on, and for an hour, this browser may change the order, under a new session key.

    Nobody who put their own session into the browser before gets the proof with it.
    """
    request.session.cycle_key()
    now = time.time()
    kept = {key: until for key, until in request.session.get(_SESSION_KEY, {}).items() if now < until}
    newest = sorted(kept.items(), key=lambda each: each[1])[1 - _MOST_PROOFS :]
    request.session[_SESSION_KEY] = dict(newest) | {str(order.pk): now + _PROOF_SECONDS}


def _guarded(view: Callable[..., HttpResponse], name: str) -> Callable[..., HttpResponse]:
    needs = RULES[name]

    @wraps(view)
    def guarded(request: HttpRequest, token: uuid.UUID, **parts: Any) -> HttpResponse:
        if name not in _OPENED and request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        order = get_object_or_404(Order.objects.held_by(token))
        if needs is Needs.NOTHING_YET or _opens(order, needs) or has_proof(request, order):
            return view(request, token=token, **parts)
        return _ask_for_code(request, order, name)

    return guarded


def _opens(order: Order, needs: Needs) -> bool:
    """Whether the address alone is enough."""
    if order.has_expired_link(timezone.now()) or needs is Needs.PROOF:
        return False
    if needs is Needs.CARD_ORDER:
        payment = order.payments.current()
        return payment is not None and payment.method == Method.CARD
    return True


def _ask_for_code(request: HttpRequest, order: Order, name: str) -> HttpResponse:
    if name == "card-fields":  # asked for by a script of a page that is out of date
        return JsonResponse({"reload": True}, status=403)
    address = reverse("orders:order-code", args=[order.pk])
    if name in _FORMS:
        address = f"{address}?{urlencode({'next': request.path})}"
    response = redirect(address)
    add_never_cache_headers(response)
    return response
