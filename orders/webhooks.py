"""Webhooks of Stripe and of services that watch our bank account. Their raw body is verified, then stored.

Each answers 404 until its secret is set. Requests that cannot be verified or parsed are refused and store
nothing. A service repeats a webhook that was not answered with 200.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.actions.bank_transfers.receive_transfers import store_bank_webhook
from orders.actions.gateway.stripe_webhooks import store_stripe_event
from orders.payments.incoming_transfers import (
    InvalidIncomingTransfer,
    TransferSource,
    read_incoming_transfers,
)
from orders.payments.stripe_events import InvalidStripeEvent
from orders.payments.stripe_gateway import read_verified_event
from orders.payments.webhook_signatures import (
    MAX_BODY_BYTES,
    UnreadableBody,
    UnverifiedWebhook,
    WebhookBody,
    verify_casso_webhook,
    verify_payos_webhook,
    verify_sepay_webhook,
)
from shop.core.errors import Refused

# The services ask for status 200, and SePay for this body too.
_ACCEPTED = {"success": True}


@csrf_exempt
@require_POST
def receive_sepay(request: HttpRequest) -> HttpResponse:
    secret, api_key = settings.SEPAY_SECRET, settings.SEPAY_API_KEY

    def verify(body: bytes) -> WebhookBody:
        return verify_sepay_webhook(
            body=body, headers=request.headers, now=timezone.now(), secret=secret, api_key=api_key
        )

    return _receive_bank_webhook(request, TransferSource.SEPAY, verify, is_on=bool(secret or api_key))


@csrf_exempt
@require_POST
def receive_casso(request: HttpRequest) -> HttpResponse:
    secret = settings.CASSO_SECRET

    def verify(body: bytes) -> WebhookBody:
        return verify_casso_webhook(body=body, headers=request.headers, now=timezone.now(), secret=secret)

    return _receive_bank_webhook(request, TransferSource.CASSO, verify, is_on=bool(secret))


@csrf_exempt
@require_POST
def receive_payos(request: HttpRequest) -> HttpResponse:
    secret = settings.PAYOS_CHECKSUM_KEY

    def verify(body: bytes) -> WebhookBody:
        return verify_payos_webhook(body=body, secret=secret)

    return _receive_bank_webhook(request, TransferSource.PAYOS, verify, is_on=bool(secret))


@csrf_exempt
@require_POST
def receive_stripe(request: HttpRequest) -> HttpResponse:
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return _refusal_response(UnreadableBody(), status=413)
    body = request.body
    try:
        event = read_verified_event(body, request.headers.get("Stripe-Signature", ""))
    except InvalidStripeEvent as refused:
        return _refusal_response(refused, status=400)
    store_stripe_event(event=event, body=body, now=timezone.now())
    return JsonResponse(_ACCEPTED)


def _receive_bank_webhook(
    request: HttpRequest, provider: TransferSource, verify: Callable[[bytes], WebhookBody], *, is_on: bool
) -> HttpResponse:
    if not is_on:
        raise Http404
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY_BYTES:
        return _refusal_response(UnreadableBody(), status=413)
    body = request.body
    try:
        transfers = read_incoming_transfers(provider, verify(body))
    except (UnreadableBody, InvalidIncomingTransfer) as refused:
        return _refusal_response(refused, status=400)
    except UnverifiedWebhook as refused:
        return _refusal_response(refused, status=401)
    store_bank_webhook(incoming_transfers=transfers, body=body, now=timezone.now())
    return JsonResponse(_ACCEPTED)


def _refusal_response(refused: Refused, *, status: int) -> HttpResponse:
    content: dict[str, object] = {"success": False, "error": refused.code}
    return JsonResponse(content, status=status)
