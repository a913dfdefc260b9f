"""How an order is paid, as its buyer sees it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders.actions.pay import change_way, is_waiting, ways_to_pay
from orders.models import Method, Order, Payment
from orders.views.held import actor_of
from shop.core.errors import Refused

ICONS = {Method.COD: "banknote", Method.TRANSFER: "qr-code", Method.CARD: "credit-card"}


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """One radio button, or one button, of a way to pay."""

    value: str
    title: str
    words: str
    icon: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Paying:
    """What an order that waits for its money is to be paid by, and how else it could be."""

    payment: Payment | None
    others: list[PaymentChoice]


def payment_choices(field: BoundField, ways: list[Method]) -> list[PaymentChoice]:
    """The radio buttons of a form's field."""
    chosen = field.value()
    return [_choice(way, way == chosen) for way in ways]


def paying_of(order: Order) -> Paying | None:
    """None where the order waits for nobody's money."""
    if not is_waiting(order):
        return None
    payment = order.payments.order_by("-created_at", "-pk").first()
    last = payment.method if payment else ""
    others = [_choice(way, False) for way in ways_to_pay(order.channel) if way != last]
    return Paying(payment, others)


@require_POST
def way(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Another way to pay an order that still waits for its money."""
    order = get_object_or_404(Order.objects.held_by(token))
    posted = request.POST.get("payment", "")
    try:
        if posted in Method.values:
            change_way(order_id=order.pk, method=Method(posted), actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused.words))
    return redirect("orders:order", token=token)


def _choice(method: Method, is_chosen: bool) -> PaymentChoice:
    titles = {
        Method.COD: (_("Cash on delivery"), _("Pay for each part when it arrives")),
        Method.TRANSFER: (_("Bank transfer"), _("Scan a QR code with your bank's app and pay at once")),
        Method.CARD: (_("Card"), _("Visa, Mastercard, JCB")),
    }
    title, words = titles[method]
    return PaymentChoice(method.value, title, words, ICONS[method], is_chosen)
