"""The payment of an order as shown to its buyer: payment method, deadline, and amount received."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.actions.gateway_requests.gateway_requests import start_of, sums_of
from orders.actions.payments.order_payments import (
    change_way,
    confirms_at_once,
    is_waiting,
    ways_for_rest,
    ways_to_pay,
)
from orders.models import AskedTransfer, BankTransfer, Method, Order, Payment, total_sums
from orders.payments.stripe_js import takes_cards
from orders.payments.transfer_requests import asked_of, unasked_of
from orders.payments.vietqr import qr_png, qr_svg
from orders.states import Coverage
from orders.views.card_payment import Card, card_of
from orders.views.current_basket import actor_of
from shop.core.errors import Refused
from shop.core.models import shop_settings
from shop.core.templatetags.figures import money

ICONS = {Method.COD: "banknote", Method.TRANSFER: "qr-code", Method.CARD: "credit-card"}


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """The radio button or button of a payment method; `is_final` if the choice cannot be undone."""

    value: str
    title: str
    words: str
    icon: str
    is_chosen: bool
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """The time left until the reservation expires: seconds left, seconds in total, and in words."""

    left: int
    whole: int

    @property
    def words(self) -> str:
        hours, minutes = divmod(-(-self.left // 60), 60)
        if not hours:
            return _("%(minutes)s min") % {"minutes": minutes}
        if not minutes:
            return _("%(hours)s h") % {"hours": hours}
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}


@dataclass(frozen=True, slots=True)
class Paying:
    """How an order awaiting payment is to be paid, and the alternatives.

    `asked` is the requested bank transfer, with its QR code `drawing`; `card` is the card payment. Either is
    None for another payment method or after the deadline. `due` is in minor units. `mark` is a hash that
    changes whenever anything here changes.
    """

    payment: Payment | None
    others: list[PaymentChoice]
    due: int
    asked: AskedTransfer | None
    card: Card | None
    clock: Clock | None
    in_doubt: list[BankTransfer]
    mark: str

    @property
    def is_late(self) -> bool:
        return self.clock is not None and not self.clock.left

    @property
    def is_too_little_for_now(self) -> bool:
        """Whether the rest is below the card minimum and no other payment method is available."""
        is_by_card = self.payment is not None and self.payment.method == Method.CARD
        return is_by_card and self.card is None and not self.others

    @property
    def drawing(self) -> SafeString:
        if self.asked is None:
            return SafeString()
        told = {"sum": money(self.asked.amount), "note": self.asked.note}
        return qr_svg(self.asked.payload, title=_("VietQR code: %(sum)s, note %(note)s") % told)


def payment_choices(field: BoundField, ways: list[Method]) -> list[PaymentChoice]:
    """Return the radio buttons of a form's field."""
    chosen = field.value()
    return [_payment_choice(way, way == chosen) for way in ways]


def paying_of(order: Order, *, now: datetime.datetime) -> Paying | None:
    """Return how the order is to be paid. None if nothing is due, if it is paid in cash on delivery, or if
    the amount is authorised."""
    payment = _last_payment(order)
    waits = is_waiting(order)
    due = order.still_due if waits else _rest_due(order, payment)
    if not waits and not due:
        return None
    clock = _deadline(order, payment, now)
    is_late = clock is not None and not clock.left
    used = payment.method if payment and not is_late else ""
    others = [
        _payment_choice(way, False, is_final=way == Method.COD and confirms_at_once(order))
        for way in ways_to_pay(order.channel, order.due_gross)
        if way != used
    ]
    if not waits and payment is not None:
        others = [_payment_choice(way, False) for way in ways_for_rest(order, payment)]
    in_doubt = list(BankTransfer.objects.in_doubt_about(order))
    return Paying(
        payment,
        others if not waits or not order.charged else [],
        due,
        None if is_late and not order.charged else asked_of(order, payment, shop_settings()),
        _card_payment(order, payment, due, waits=waits),
        clock,
        in_doubt,
        _state_hash(order, payment, clock, len(in_doubt)),
    )


def held_of(order: Order) -> int:
    """Return the amount authorised on cards, in minor units; nothing is then due on delivery."""
    if order.authorize_coverage in (order.charge_coverage, Coverage.NONE):
        return 0
    held, _charged = total_sums(order.payments.all().sums().values())
    return held


def mark_of(order: Order, *, now: datetime.datetime) -> str:
    """Return a hash that changes whenever the payment's state changes, for the page's polling."""
    payment = _last_payment(order)
    in_doubt = BankTransfer.objects.in_doubt_about(order).count()
    return _state_hash(order, payment, _deadline(order, payment, now), in_doubt)


@require_safe
@never_cache
def picture(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Serve the QR code as a PNG. Buyers with one phone save it and open it in their bank's app."""
    order = get_object_or_404(Order.objects.held_by(token).select_related("channel"))
    paying = paying_of(order, now=timezone.now())
    if paying is None or paying.asked is None:
        raise Http404
    name = f'inline; filename="vietqr-{order.code}.png"'
    return HttpResponse(
        qr_png(paying.asked.payload), content_type="image/png", headers={"Content-Disposition": name}
    )


@require_POST
def way(request: HttpRequest, token: uuid.UUID) -> HttpResponse:
    """Change the payment method of an order that awaits payment."""
    order = get_object_or_404(Order.objects.held_by(token))
    posted = request.POST.get("payment", "")
    try:
        if posted in Method.values:
            change_way(order_id=order.pk, method=Method(posted), actor=actor_of(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused.words))
    return redirect("orders:order", token=token)


def _card_payment(order: Order, payment: Payment | None, due: int, *, waits: bool) -> Card | None:
    """Return the card payment; None if the rest is below the card minimum."""
    if payment is None or payment.method != Method.CARD:
        return None
    return card_of(payment) if waits or takes_cards(order.currency, due) else None


def _rest_due(order: Order, payment: Payment | None) -> int:
    """Return what is still to be paid, other than on delivery, of an order already in fulfilment."""
    if payment is None or payment.method == Method.COD or not order.still_due:
        return 0
    rest = order.still_due if payment.method == Method.TRANSFER else sums_of(payment).charge_pending
    return max(0, rest - unasked_of(order))


def _last_payment(order: Order) -> Payment | None:
    return order.payments.current()


def _deadline(order: Order, payment: Payment | None, now: datetime.datetime) -> Clock | None:
    """Return the payment's deadline; None for what is paid after fulfilment has begun."""
    if payment is None or payment.expires_at is None or not is_waiting(order):
        return None
    whole = payment.expires_at - min(payment.created_at, now)
    left = max(datetime.timedelta(), payment.expires_at - now)
    return Clock(int(left.total_seconds()), max(1, int(whole.total_seconds())))


def _state_hash(order: Order, payment: Payment | None, clock: Clock | None, in_doubt: int) -> str:
    shown = Card(start_of(payment)).shown if payment is not None and payment.method == Method.CARD else ()
    told = (
        *(shown, order.authorize_coverage),
        *(order.status, order.charged, order.due_gross, payment.pk if payment else ""),
        *(payment.expires_at if payment else "", clock is not None and not clock.left, in_doubt),
    )
    return hashlib.sha256("|".join(map(str, told)).encode()).hexdigest()[:16]


def _payment_choice(method: Method, is_chosen: bool, *, is_final: bool = False) -> PaymentChoice:
    titles = {
        Method.COD: (_("Cash on delivery"), _("Pay for each part when it arrives")),
        Method.TRANSFER: (_("Bank transfer"), _("Scan a QR code with your bank's app and pay at once")),
        Method.CARD: (_("Card"), _("Visa, Mastercard, JCB")),
    }
    title, words = titles[method]
    return PaymentChoice(method.value, title, words, ICONS[method], is_chosen, is_final)
