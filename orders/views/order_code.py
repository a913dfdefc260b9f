"""Verification codes sent to an order's phone or email, to prove that the visitor is the buyer."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from orders.models import Order
from orders.views.order_access import has_proof, remember_proof
from shop.accounts.forms import CodeForm
from shop.accounts.models import CodePurpose
from shop.accounts.views.code_pages import enter_code, send_code_to_visitor, sent_code
from shop.core.errors import Refused
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, TooManyTries
from shop.notifications.models import ContactMethod
from shop.notifications.text_allowance import TextNotSent

# These limits are added to those on all codes (per number and network). With five tries per code, a day's
# codes are guessed once in 20,000 days.
CODES_FOR_ORDER = RateLimit("order-code", max_tries=5, seconds=60 * 60)
CODES_FOR_ORDER_IN_DAY = RateLimit("order-code-day", max_tries=10, seconds=24 * 60 * 60)


@require_safe_or_post
@never_cache
@sensitive_post_parameters("code")
def verify_order_code(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Send a code to the order's contact and verify it. The browser may then change the order for an hour."""
    order = get_object_or_404(Order.objects.by_link_id(order_id))
    if has_proof(request, order):
        return redirect(_next_page(request, order))
    if request.method == "POST" and "send" in request.POST:
        return _send_code(request, order)
    pending_code = _last_sent_code(request, order)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or pending_code is None or not form.is_valid():
        return _render_page(request, order, form if pending_code else None)
    try:
        enter_code(request, CodePurpose.ORDER_CHANGE, form.cleaned_data["code"])
    except Refused as refused:
        form.add_error("code", str(refused.message))
        return _render_page(request, order, form)
    remember_proof(request, order)
    messages.success(
        request,
        _("Confirmed. Nothing has changed yet: you can change this order on this device for one hour."),
    )
    return redirect(_next_page(request, order))


def order_contacts(order: Order) -> dict[ContactMethod, str]:
    """Return the contacts that a code can be sent to: the order's phone, its email, both or neither."""
    is_mobile = order.phone.startswith("+") and 8 <= len(order.phone) <= 16
    contacts = {
        ContactMethod.SMS: order.phone if settings.PHONE_CODES and is_mobile else "",
        ContactMethod.EMAIL: order.email,
    }
    return {contact_method: contact for contact_method, contact in contacts.items() if contact}


def _send_code(request: HttpRequest, order: Order) -> HttpResponse:
    contacts = order_contacts(order)
    contact_method = next(
        (contact_method for contact_method in contacts if contact_method == request.POST["send"]), None
    )
    if contact_method is None:
        return _render_page(request, order, None)
    try:
        CODES_FOR_ORDER.count_try(str(order.pk))
        CODES_FOR_ORDER_IN_DAY.count_try(str(order.pk))
        send_code_to_visitor(
            request,
            purpose=CodePurpose.ORDER_CHANGE,
            contact_method=contact_method,
            recipient=contacts[contact_method],
            submitted={},
            user_id=order.user_id,
            subject=str(order.pk),
        )
    except (TextNotSent, TooManyTries) as refused:
        return _render_page(request, order, None, refusal=refused)
    return redirect(_code_page_url(request, order))


def _last_sent_code(request: HttpRequest, order: Order) -> dict[str, object] | None:
    """Return the visitor's last sent code if it was for this order and one of its current contacts."""
    pending_code = sent_code(request, CodePurpose.ORDER_CHANGE)
    if (
        pending_code is None
        or pending_code.get("about") != str(order.pk)
        or pending_code["to"] not in order_contacts(order).values()
    ):
        return None
    return pending_code


def _render_page(
    request: HttpRequest, order: Order, form: CodeForm | None, *, refusal: Refused | None = None
) -> HttpResponse:
    pending_code = _last_sent_code(request, order)
    context = {
        "order": order,
        "form": form,
        "sent_to": mask_contact(str(pending_code["to"])) if pending_code else "",
        "contacts": [
            (contact_method.value, mask_contact(contact))
            for contact_method, contact in order_contacts(order).items()
        ],
        "refusal": refusal.message if refusal else "",
        "has_expired": order.has_expired_link(timezone.now()),
        "own_address": _code_page_url(request, order),
        "next": _next_page(request, order),
    }
    return render(request, "orders/order_code.html", context, status=429 if refusal else 200)


def mask_contact(contact: str) -> str:
    """Mask a phone number or email address: "••• 321", "h•••@vd.vn"."""
    if "@" in contact:
        name, _at, domain = contact.partition("@")
        return f"{name[:1]}•••@{domain}"
    return f"••• {contact[-3:]}"


def _code_page_url(request: HttpRequest, order: Order) -> str:
    address, requested = reverse("orders:order-code", args=[order.pk]), _next_page(request, order)
    if requested == reverse("orders:order", args=[order.pk]):
        return address
    return f"{address}?{urlencode({'next': requested})}"


def _next_page(request: HttpRequest, order: Order) -> str:
    """Return the page to go to after the code: the page `next` of this order, or else the order's page."""
    home, requested = reverse("orders:order", args=[order.pk]), request.GET.get("next", "")
    is_page = requested.startswith(home) and "//" not in requested and ".." not in requested
    return requested if is_page and requested.replace("/", "").replace("-", "").isalnum() else home
