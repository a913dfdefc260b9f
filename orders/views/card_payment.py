"""Paying by card: in Stripe's fields on our page, or on Stripe's own page where no script runs."""

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

from orders.actions.gateway.gateway_calls import Said, look_up_call, make_call
from orders.actions.gateway_requests.gateway_requests import start_of
from orders.actions.payments.order_payments import PaymentUnderWay, change_way
from orders.models import GatewayCall, Method, Order, Payment, PaymentEvent
from orders.payments.stripe_messages import words_for
from orders.states import UNANSWERED, CallState
from orders.views.current_basket import actor_of
from shop.core.errors import Refused


@dataclass(frozen=True, slots=True)
class Card:
    """A card payment as its buyer sees it: what was asked for, and how far it has come."""

    call: GatewayCall | None
    said: str = ""
    script: str = ""

    @property
    def waits(self) -> bool:
        """Nobody knows yet; the page changes by itself once somebody does."""
        return self.call is not None and self.call.state in (CallState.UNKNOWN, CallState.PENDING)

    @property
    def has_failed(self) -> bool:
        return self.call is None or self.call.state == CallState.FAILED

    @property
    def shown(self) -> tuple[bool, bool, bool]:
        """What the page looks like by it: while that stays, whoever types a card is not disturbed."""
        return self.waits, self.has_failed, self.on_their_page

    @property
    def on_their_page(self) -> bool:
        return self.call is not None and bool(self.call.terms.get("hosted"))

    @property
    def holds(self) -> bool:
        """Whether more may be held than is taken in the end, since goods are still to be weighed."""
        return self.call is not None and bool(self.call.terms.get("hold"))


def card_of(payment: Payment) -> Card:
    """What is shown of a card payment; the last word of the bank's, where it refused a card."""
    call = start_of(payment)
    said = str(words_for(call.code, call.message)) if call and (call.code or call.message) else ""
    if call is not None and not said and call.state == CallState.NEEDS_BUYER:
        refusals = PaymentEvent.objects.filter(payment=payment, kind__endswith="_failure")
        said = refusals.order_by("-pk").values_list("message", flat=True).first() or ""
    return Card(call, said, settings.STRIPE_JS_URL)


@require_POST
@never_cache
def fields(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """What opens Stripe's fields on the order's page, as JSON; `reload` where there is nothing to pay now."""
    order = get_object_or_404(Order.objects.held_by(token))
    try:
        said = _begun(request, order, hosted=False)
    except Refused as refused:
        return JsonResponse({"said": str(refused.words)}, status=409)
    if said is None or said.call.state in UNANSWERED:
        return JsonResponse({"said": str(PaymentUnderWay.default_words)}, status=409)
    if said.call.state != CallState.NEEDS_BUYER or not said.answer.secret:
        return JsonResponse({"reload": True})
    return JsonResponse(
        {
            "secret": said.answer.secret,
            "key": settings.STRIPE_PUBLISHABLE_KEY,
            "back": said.call.terms["return_url"],
        }
    )


@require_POST
@never_cache
def their_page(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Leads to Stripe's own page, or back where there is nothing to pay, or nobody knows."""
    order = get_object_or_404(Order.objects.held_by(token))
    try:
        said = _begun(request, order, hosted=True)
    except Refused as refused:
        messages.error(request, str(refused.words))
        return redirect("orders:order", token=token)
    if said is not None and said.call.state == CallState.NEEDS_BUYER and said.answer.url:
        return redirect(said.answer.url)
    if said is None or said.call.state in UNANSWERED:
        messages.warning(request, str(PaymentUnderWay.default_words))
    return redirect("orders:order", token=token)


def look_once(order: Order) -> None:
    """The buyer is back from their bank, or from Stripe's page: what became of it is asked at once."""
    payment = order.payments.current()
    call = start_of(payment) if payment is not None and payment.method == Method.CARD else None
    if call is not None and call.state != CallState.FAILED:
        look_up_call(call_id=call.pk, now=timezone.now())


def _begun(request: HttpRequest, order: Order, *, hosted: bool) -> Said | None:
    """The card payment that goes on, on the page that is wanted, with what Stripe says of it just now.

    One that was only asked for is made first, and then taken to the other page. Raises as `change_way`.
    """
    for _time in range(2):
        now = timezone.now()
        payment = change_way(
            order_id=order.pk, method=Method.CARD, hosted=hosted, actor=actor_of(request), now=now
        )
        call = start_of(payment)
        if call is None:
            return None
        said = make_call(call_id=call.pk, now=now) or look_up_call(call_id=call.pk, now=now)
        if said is None or said.call.state == CallState.FAILED or bool(call.terms["hosted"]) == hosted:
            break
    return said
