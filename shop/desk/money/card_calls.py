"""Card payments at the desk: unanswered and failed gateway calls, chargebacks, failed webhooks."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import partial

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.gateway.failed_calls import dismiss_failed_call, pay_out_by_bank, repeat_failed_call
from orders.actions.gateway.send_gateway_calls import look_up_call
from orders.actions.gateway.stripe_webhooks import PROVIDER, handle_stripe_event
from orders.models import Dispute, GatewayCall, GatewayOperation, Payout, WebhookEvent
from orders.payments.stripe_js import are_cards_enabled
from orders.payments.stripe_messages import dispute_reason_text, message_for_code
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.web.action_results import run_action
from shop.desk.forms import submitted_reason
from shop.staff_pages import staff_only

PER_PAGE = 50


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_card_calls(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List calls to Stripe: unanswered, failed, or all, newest first."""
    filter_name = request.GET.get("xem", "")
    gateway_calls = GatewayCall.objects.select_related(
        "payment__order", "payout__settlement__cooperative", "refund"
    )
    filtered_calls = {"hong": gateway_calls.awaiting_staff(), "tat-ca": gateway_calls}.get(
        filter_name, gateway_calls.unanswered()
    )
    page = Paginator(filtered_calls.order_by("-created_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    may_repeat, now = _find_repeatable_ids(page.object_list), timezone.now()
    disputes = Dispute.objects.select_related("payment__order").newest_first()
    context = {
        "page": page,
        "filter_name": filter_name,
        "calls": [(call, _result_text(call), call.pk in may_repeat) for call in page.object_list],
        "unanswered_count": gateway_calls.unanswered().count(),
        "awaiting_staff_count": gateway_calls.awaiting_staff().count(),
        "disputes": [
            (dispute, dispute_reason_text(dispute.reason), dispute.is_late(now))
            for dispute in disputes[:PER_PAGE]
        ],
        "failed_webhooks": WebhookEvent.objects.with_problems(PROVIDER)[:PER_PAGE],
        "are_cards_enabled": are_cards_enabled(),
    }
    return render(request, "desk/cards.html", context)


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def check_card_call(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Query a call's result at Stripe now."""
    gateway_call = get_object_or_404(GatewayCall, pk=pk)
    action = partial(look_up_call, call_id=gateway_call.pk, now=timezone.now())
    return run_action(request, action, url=_return_url(request), message=_("Status requested from Stripe."))


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def retry_card_call(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Repeat a failed call."""
    gateway_call = get_object_or_404(GatewayCall, pk=pk)
    action = partial(repeat_failed_call, call_id=gateway_call.pk, actor=actor, now=timezone.now())
    return run_action(
        request, action, url=_return_url(request), message=_("The request has been sent again.")
    )


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def dismiss_card_call(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Dismiss a failed call with a reason."""
    gateway_call = get_object_or_404(GatewayCall, pk=pk)
    action = partial(
        dismiss_failed_call,
        call_id=gateway_call.pk,
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=_return_url(request), message=_("Set aside."))


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def pay_failed_refund_by_bank(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Send a refund that Stripe refused as a bank payout."""
    payout = get_object_or_404(Payout, pk=pk)
    action = partial(pay_out_by_bank, payout_id=payout.pk, actor=actor, now=timezone.now())
    return run_action(
        request,
        action,
        url=_return_url(request),
        message=_("It is now in the list of payments by bank transfer."),
    )


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
def retry_stripe_webhook(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Process a failed webhook again."""
    webhook_event = get_object_or_404(WebhookEvent, pk=pk, provider=PROVIDER)
    action = partial(handle_stripe_event, event_id=webhook_event.pk, now=timezone.now())
    return run_action(request, action, url=reverse("desk:card-calls"), message=_("Processed."))


def _find_repeatable_ids(calls: Iterable[GatewayCall]) -> set[uuid.UUID]:
    """Return the ids of the calls that may be repeated. It takes one query."""
    call_ids = [call.pk for call in calls]
    return set(GatewayCall.objects.filter(pk__in=call_ids).repeatable().values_list("pk", flat=True))


def _result_text(gateway_call: GatewayCall) -> str:
    """Return a call's result as text for staff. The buyers' texts only cover charges."""
    if not gateway_call.code:
        return gateway_call.message
    fallback = (
        gateway_call.message
        if gateway_call.operation == GatewayOperation.START_PAYMENT
        else _("Stripe did not carry out the request.")
    )
    return str(message_for_code(gateway_call.code, fallback))


def _return_url(request: HttpRequest) -> str:
    filter_name = request.POST.get("xem", "")
    return reverse("desk:card-calls") + (f"?xem={filter_name}" if filter_name in ("hong", "tat-ca") else "")
