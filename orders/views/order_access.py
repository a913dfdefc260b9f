"""Access to an order's pages by its unguessable URL, and proof that the visitor is the buyer.

The URL contains an unguessable id, but emails are forwarded and screens are seen by others. The URL
therefore only allows reading, until it expires.

Whatever moves money or goods needs proof. Proof is the signed-in buyer, or the browser that placed the order
within the last hour. A code sent to the order's phone or email is also proof, for an hour in the browser
that it was entered in. Once the URL has expired, reading needs proof as well.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from enum import Enum
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from orders.models import Order, PaymentMethod

_SESSION_KEY = "proven_orders"
_PROOF_SECONDS = 60 * 60
_MAX_PROOFS = 20


class AccessRequirement(Enum):
    """The proof that a visitor who is not the signed-in buyer needs."""

    ADDRESS = "holding the order's address"
    CARD_ORDER = "the address of an order that is to be paid by card already; else proof"
    PROOF = "proof that the order is theirs"
    NOTHING_YET = "the address; this is where proof is given"


# Every route below `/don-hang/<order_id>/` by name. A route that is not listed cannot be registered.
RULES = {
    "order": AccessRequirement.ADDRESS,
    "payment-status": AccessRequirement.ADDRESS,
    "payment-qr-code": AccessRequirement.ADDRESS,
    # Fills the visitor's own basket. The receiver's name, phone and email are copied only with proof.
    "reorder": AccessRequirement.ADDRESS,
    # Charges the visitor's own card. Switching to card from another payment method needs proof.
    "card-fields": AccessRequirement.CARD_ORDER,
    "card-page": AccessRequirement.CARD_ORDER,
    "change-payment-method": AccessRequirement.PROOF,
    "cancel-part": AccessRequirement.PROOF,
    "cancel-order": AccessRequirement.PROOF,
    "confirm-receipt": AccessRequirement.PROOF,
    "undo-receipt": AccessRequirement.PROOF,
    "record-weight-answer": AccessRequirement.PROOF,
    "record-substitute-answer": AccessRequirement.PROOF,
    "file-complaint": AccessRequirement.PROOF,
    "add-to-complaint": AccessRequirement.PROOF,
    "withdraw-complaint": AccessRequirement.PROOF,
    "refund-account": AccessRequirement.PROOF,
    "order-code": AccessRequirement.NOTHING_YET,
}
# Pages with a form, to which the visitor returns after entering the code.
_FORM_ROUTES = frozenset({"add-to-complaint", "cancel-order", "file-complaint", "refund-account"})
# Routes that accept GET. All others are buttons of the order's page and accept POST only.
_GET_ROUTES = _FORM_ROUTES | {"order", "order-code", "payment-status", "payment-qr-code"}


def order_path(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    """Build a route below an order's URL, guarded by `RULES`."""
    return path(f"don-hang/<uuid:order_id>/{route}", _guard_view(view, name), name=name)


def has_proof(request: HttpRequest, order: Order) -> bool:
    """Return whether the visitor is the order's signed-in buyer, or their session holds a valid proof."""
    if order.user_id is not None and order.user_id == request.user.pk:
        return True
    until = request.session.get(_SESSION_KEY, {}).get(str(order.pk), 0)
    return bool(time.time() < until)


def remember_proof(request: HttpRequest, order: Order) -> None:
    """Allow this session to change the order for an hour, under a new session key.

    A session key fixed beforehand by an attacker does not get the proof.
    """
    request.session.cycle_key()
    now = time.time()
    unexpired = {key: until for key, until in request.session.get(_SESSION_KEY, {}).items() if now < until}
    newest = sorted(unexpired.items(), key=lambda entry: entry[1])[1 - _MAX_PROOFS :]
    request.session[_SESSION_KEY] = dict(newest) | {str(order.pk): now + _PROOF_SECONDS}


def session_order_ids(request: HttpRequest) -> list[uuid.UUID]:
    """Return the ids of the orders that this session placed or confirmed by a code. The hour may be over."""
    return [uuid.UUID(key) for key in request.session.get(_SESSION_KEY, {})]


def _guard_view(view: Callable[..., HttpResponse], name: str) -> Callable[..., HttpResponse]:
    needs = RULES[name]

    @wraps(view)
    def guarded(request: HttpRequest, order_id: uuid.UUID, **parts: object) -> HttpResponse:
        if name not in _GET_ROUTES and request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        order = get_object_or_404(Order.objects.by_link_id(order_id))
        if (
            needs is AccessRequirement.NOTHING_YET
            or _is_url_sufficient(order, needs)
            or has_proof(request, order)
        ):
            return view(request, order_id=order_id, **parts)
        return _redirect_to_code(request, order, name)

    return guarded


def _is_url_sufficient(order: Order, needs: AccessRequirement) -> bool:
    """Return whether the URL alone is sufficient."""
    if order.has_expired_link(timezone.now()) or needs is AccessRequirement.PROOF:
        return False
    if needs is AccessRequirement.CARD_ORDER:
        payment = order.payments.current()
        return payment is not None and payment.method == PaymentMethod.CARD
    return True


def _redirect_to_code(request: HttpRequest, order: Order, name: str) -> HttpResponse:
    if name == "card-fields":  # requested by the script of an outdated page
        return JsonResponse({"reload": True}, status=403)
    url = reverse("orders:order-code", args=[order.pk])
    if name in _FORM_ROUTES:
        url = f"{url}?{urlencode({'next': request.path})}"
    response = redirect(url)
    add_never_cache_headers(response)
    return response
