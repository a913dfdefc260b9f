"""Card payments: Stripe's fields on the order's page, or Stripe's hosted page without JavaScript."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from orders.actions.gateway.send_gateway_calls import CallResult, look_up_call, send_call
from orders.actions.gateway_requests.intended_calls import find_start_call
from orders.actions.payments.order_payments import PaymentInProgress, change_payment_method
from orders.models import GatewayCall, Order, Payment, PaymentEvent, PaymentMethod
from orders.payments.stripe_messages import message_for_code
from orders.states import OUTCOME_UNKNOWN_STATES, CallState
from orders.views.current_basket import request_actor
from shop.core.errors import Refused


@dataclass(frozen=True, slots=True)
class CardDisplay:
    """A card payment as shown to its buyer: the gateway call and its state."""

    call: GatewayCall | None
    message: str = ""
    script: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether the result is still unknown. The page updates itself when it is known."""
        return self.call is not None and self.call.state in (CallState.UNKNOWN, CallState.PENDING)

    @property
    def has_failed(self) -> bool:
        return self.call is None or self.call.state == CallState.FAILED

    @property
    def form_state(self) -> tuple[bool, bool, bool]:
        """The states that the card form depends on. It is re-rendered only when they change."""
        return self.is_pending, self.has_failed, self.is_on_stripe_page

    @property
    def is_on_stripe_page(self) -> bool:
        return self.call is not None and bool(self.call.request_parameters.get("is_hosted"))

    @property
    def is_captured_later(self) -> bool:
        """Whether the card is authorised for the upper bound and captured after weighing."""
        return self.call is not None and bool(self.call.request_parameters.get("is_authorisation_only"))


def build_card_display(payment: Payment) -> CardDisplay:
    """Return the display of a card payment, with the bank's last message if it declined the card."""
    call = find_start_call(payment)
    message = str(message_for_code(call.code, call.message)) if call and (call.code or call.message) else ""
    if call is not None and not message and call.state == CallState.NEEDS_BUYER:
        refusals = PaymentEvent.objects.filter(payment=payment, kind__endswith="_failure")
        message = refusals.order_by("-pk").values_list("message", flat=True).first() or ""
    return CardDisplay(call, message, settings.STRIPE_JS_URL)


@require_POST
@never_cache
def start_stripe_fields(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Return the client secret for Stripe's fields as JSON, or `reload` if there is nothing to pay now."""
    order = get_object_or_404(Order.objects.by_link_id(order_id))
    try:
        result = _start_payment(request, order, is_hosted=False)
    except Refused as refused:
        return JsonResponse({"message": str(refused.message)}, status=409)
    if result is None or result.gateway_call.state in OUTCOME_UNKNOWN_STATES:
        return JsonResponse({"message": str(PaymentInProgress.default_message)}, status=409)
    if result.gateway_call.state != CallState.NEEDS_BUYER or not result.gateway_result.secret:
        return JsonResponse({"reload": True})
    return JsonResponse(
        {
            "secret": result.gateway_result.secret,
            "key": settings.STRIPE_PUBLISHABLE_KEY,
            "back": result.gateway_call.request_parameters["return_url"],
        }
    )


@require_POST
@never_cache
def redirect_to_stripe(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Redirect to Stripe's hosted page, or back to the order if nothing is due or the state is unknown."""
    order = get_object_or_404(Order.objects.by_link_id(order_id))
    try:
        result = _start_payment(request, order, is_hosted=True)
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("orders:order", order_id=order_id)
    if (
        result is not None
        and result.gateway_call.state == CallState.NEEDS_BUYER
        and result.gateway_result.url
    ):
        return redirect(result.gateway_result.url)
    if result is None or result.gateway_call.state in OUTCOME_UNKNOWN_STATES:
        messages.warning(request, str(PaymentInProgress.default_message))
    return redirect("orders:order", order_id=order_id)


def refresh_card_payment(order: Order) -> None:
    """Query the payment's state when the buyer returns from their bank or from Stripe's page."""
    payment = order.payments.current()
    call = find_start_call(payment) if payment is not None and payment.method == PaymentMethod.CARD else None
    if call is not None and call.state != CallState.FAILED:
        look_up_call(call_id=call.pk, now=timezone.now())


def _start_payment(request: HttpRequest, order: Order, *, is_hosted: bool) -> CallResult | None:
    """Start or continue the card payment, in our page or on Stripe's (`is_hosted`), and return the result.

    A call that was only requested is made first, and then replaced if the other page is wanted. Raises the
    same errors as `change_payment_method`.
    """
    for _attempt in range(2):
        now = timezone.now()
        payment = change_payment_method(
            order_id=order.pk,
            method=PaymentMethod.CARD,
            is_hosted=is_hosted,
            actor=request_actor(request),
            now=now,
        )
        call = find_start_call(payment)
        if call is None:
            return None
        result = send_call(call_id=call.pk, now=now) or look_up_call(call_id=call.pk, now=now)
        if (
            result is None
            or result.gateway_call.state == CallState.FAILED
            or bool(call.request_parameters["is_hosted"]) == is_hosted
        ):
            break
    return result
