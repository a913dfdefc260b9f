"""A code sent to an order's own phone or e-mail, which shows that its holder is the buyer."""

from __future__ import annotations

import uuid
from typing import Any

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
from django.views.decorators.http import require_http_methods

from orders.models import Order
from orders.views.order_access import has_proof, remember_proof
from shop.accounts.forms import CodeForm
from shop.accounts.models import CodePurpose
from shop.accounts.views.code_pages import enter_code, send, sent_code
from shop.core.errors import Refused
from shop.core.web.rate_limits import Limit, TooManyTries
from shop.notifications.models import Way
from shop.notifications.text_allowance import TextNotSent

# Beside the limits of every code (for a number and in a network, `login_limits`). With five tries each, the
# codes of a day are guessed once in 20,000 days.
CODES_FOR_ORDER = Limit("order-code", tries=5, seconds=60 * 60)
CODES_FOR_ORDER_IN_DAY = Limit("order-code-day", tries=10, seconds=24 * 60 * 60)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("code")
def order_code(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Send a code to the order's own contact, and take it: for an hour this browser may change the order."""
    order = get_object_or_404(Order.objects.held_by(token))
    if has_proof(request, order):
        return redirect(_page_after(request, order))
    if request.method == "POST" and "send" in request.POST:
        return _send(request, order)
    sent = _sent(request, order)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or sent is None or not form.is_valid():
        return _page(request, order, form if sent else None)
    try:
        enter_code(request, CodePurpose.ORDER, form.cleaned_data["code"])
    except Refused as refused:
        form.add_error("code", str(refused.words))
        return _page(request, order, form)
    remember_proof(request, order)
    messages.success(request, _("Thank you. For one hour you can change this order on this device."))
    return redirect(_page_after(request, order))


def contacts_of(order: Order) -> dict[Way, str]:
    """Where the shop can send a code for this order: its phone, its e-mail, both or neither."""
    is_mobile = order.phone.startswith("+") and 8 <= len(order.phone) <= 16
    contacts = {Way.SMS: order.phone if settings.PHONE_CODES and is_mobile else "", Way.EMAIL: order.email}
    return {way: to for way, to in contacts.items() if to}


def _send(request: HttpRequest, order: Order) -> HttpResponse:
    contacts = contacts_of(order)
    way = next((way for way in contacts if way == request.POST["send"]), None)
    if way is None:
        return _page(request, order, None)
    try:
        CODES_FOR_ORDER.take(str(order.pk))
        CODES_FOR_ORDER_IN_DAY.take(str(order.pk))
        send(
            request,
            purpose=CodePurpose.ORDER,
            way=way,
            to=contacts[way],
            given={},
            user_id=order.user_id,
            about=str(order.pk),
        )
    except (TextNotSent, TooManyTries) as refused:
        return _page(request, order, None, fault=refused)
    return redirect(_own_address(request, order))


def _sent(request: HttpRequest, order: Order) -> dict[str, Any] | None:
    """The code that was last sent to this visitor, if it was for this order and its contact of today."""
    sent = sent_code(request, CodePurpose.ORDER)
    if sent is None or sent.get("about") != str(order.pk) or sent["to"] not in contacts_of(order).values():
        return None
    return sent


def _page(
    request: HttpRequest, order: Order, form: CodeForm | None, *, fault: Refused | None = None
) -> HttpResponse:
    sent = _sent(request, order)
    context = {
        "order": order,
        "form": form,
        "sent_to": masked(sent["to"]) if sent else "",
        "contacts": [(way.value, masked(to)) for way, to in contacts_of(order).items()],
        "fault": fault.words if fault else "",
        "has_expired": order.has_expired_link(timezone.now()),
        "own_address": _own_address(request, order),
        "next": _page_after(request, order),
    }
    return render(request, "orders/order_code.html", context, status=429 if fault else 200)


def masked(contact: str) -> str:
    """A phone number or an e-mail address, as far as only its owner knows it by: "••• 321", "h•••@vd.vn"."""
    if "@" in contact:
        name, _at, domain = contact.partition("@")
        return f"{name[:1]}•••@{domain}"
    return f"••• {contact[-3:]}"


def _own_address(request: HttpRequest, order: Order) -> str:
    address, wanted = reverse("orders:order-code", args=[order.pk]), _page_after(request, order)
    if wanted == reverse("orders:order", args=[order.pk]):
        return address
    return f"{address}?{urlencode({'next': wanted})}"


def _page_after(request: HttpRequest, order: Order) -> str:
    """The page of this order that was asked for before the code, or the order's own."""
    home, wanted = reverse("orders:order", args=[order.pk]), request.GET.get("next", "")
    is_page = wanted.startswith(home) and "//" not in wanted and ".." not in wanted
    return wanted if is_page and wanted.replace("/", "").replace("-", "").isalnum() else home
