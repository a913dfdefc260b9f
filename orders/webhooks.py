"""Where Stripe and services that watch our bank account call: proven on the raw body, kept, answered at once.

Each is off (404) until its secret is set. What is not proven or not understood is refused and leaves nothing
behind; a service repeats what was not answered with 200.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.actions.bank_transfers.bank_webhooks import keep_notice
from orders.actions.gateway.stripe_webhooks import keep_event
from orders.payments.incoming_transfers import BadArrival, Provider, arrivals_in
from orders.payments.stripe_events import NotFromStripe
from orders.payments.stripe_gateway import verify_event
from orders.payments.webhook_signatures import (
    LARGEST_BODY,
    Notice,
    Unproven,
    Unreadable,
    prove_casso,
    prove_payos,
    prove_sepay,
)
from shop.core.errors import Refused

# Their pages ask for 200; SePay for these words, too.
_TAKEN = {"success": True}


@csrf_exempt
@require_POST
def sepay(request: HttpRequest) -> HttpResponse:
    secret, api_key = settings.SEPAY_SECRET, settings.SEPAY_API_KEY

    def prove(body: bytes) -> Notice:
        return prove_sepay(
            body=body, headers=request.headers, now=timezone.now(), secret=secret, api_key=api_key
        )

    return _answer(request, Provider.SEPAY, prove, is_on=bool(secret or api_key))


@csrf_exempt
@require_POST
def casso(request: HttpRequest) -> HttpResponse:
    secret = settings.CASSO_SECRET

    def prove(body: bytes) -> Notice:
        return prove_casso(body=body, headers=request.headers, now=timezone.now(), secret=secret)

    return _answer(request, Provider.CASSO, prove, is_on=bool(secret))


@csrf_exempt
@require_POST
def payos(request: HttpRequest) -> HttpResponse:
    secret = settings.PAYOS_CHECKSUM_KEY

    def prove(body: bytes) -> Notice:
        return prove_payos(body=body, secret=secret)

    return _answer(request, Provider.PAYOS, prove, is_on=bool(secret))


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return _refusal(Unreadable(), status=413)
    body = request.body
    try:
        event = verify_event(body, request.headers.get("Stripe-Signature", ""))
    except NotFromStripe as refused:
        return _refusal(refused, status=400)
    keep_event(event=event, body=body, now=timezone.now())
    return JsonResponse(_TAKEN)


def _answer(
    request: HttpRequest, provider: Provider, prove: Callable[[bytes], Notice], *, is_on: bool
) -> HttpResponse:
    if not is_on:
        raise Http404
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return _refusal(Unreadable(), status=413)
    body = request.body
    try:
        arrivals = arrivals_in(provider, prove(body))
    except (Unreadable, BadArrival) as refused:
        return _refusal(refused, status=400)
    except Unproven as refused:
        return _refusal(refused, status=401)
    keep_notice(arrivals=arrivals, body=body, now=timezone.now())
    return JsonResponse(_TAKEN)


def _refusal(refused: Refused, *, status: int) -> HttpResponse:
    answer: dict[str, Any] = {"success": False, "error": refused.code}
    return JsonResponse(answer, status=status)
