"""The payment of an order as shown to its buyer: payment method, deadline, and amount received."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from dataclasses import dataclass, replace
from functools import partial

from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.actions.gateway_requests.intended_calls import find_start_call, read_payment_sums
from orders.actions.payments.confirm_order import is_awaiting_confirmation, is_confirmed_automatically
from orders.actions.payments.order_payments import (
    change_payment_method,
    find_payment_methods_for_rest,
    offered_payment_methods,
)
from orders.models import (
    BankTransfer,
    Order,
    Payment,
    PaymentMethod,
    TransferInstructions,
    total_authorised_and_charged,
)
from orders.payments.stripe_js import accepts_cards
from orders.payments.transfer_instructions import (
    build_order_transfer_instructions,
    build_transfer_instructions,
    may_prepay_cash_order,
    read_amount_not_requested,
)
from orders.payments.vietqr import qr_png, qr_svg
from orders.states import Coverage, OrderStatus
from orders.views.card_payment import CardDisplay, build_card_display
from orders.views.current_basket import request_actor
from shop.core.models import shop_settings
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import run_action

ICONS = {PaymentMethod.COD: "banknote", PaymentMethod.TRANSFER: "qr-code", PaymentMethod.CARD: "credit-card"}


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """A payment method as a radio button or button. `is_final` says that the choice cannot be undone."""

    value: str
    title: str
    description: str
    icon: str
    is_chosen: bool
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class PaymentDisplay:
    """The payment of an order that awaits it, and the alternatives.

    `transfer` is the requested bank transfer, with its `qr_code`. `card` is the card payment. Either
    is None for another payment method or after the deadline (`is_late`). `due` is in minor units.
    `state_hash` changes whenever anything here changes.
    """

    payment: Payment | None
    other_methods: list[PaymentChoice]
    due: int
    transfer: TransferInstructions | None
    card: CardDisplay | None
    deadline: datetime.datetime | None
    is_late: bool
    transfers_in_review: list[BankTransfer]
    state_hash: str

    @property
    def is_below_card_minimum(self) -> bool:
        """Whether the rest is below the card minimum and no other payment method is available."""
        is_by_card = self.payment is not None and self.payment.method == PaymentMethod.CARD
        return is_by_card and self.card is None and not self.other_methods

    @property
    def qr_code(self) -> SafeString:
        if self.transfer is None:
            return SafeString()
        values = {"amount": format_money(self.transfer.amount), "note": self.transfer.note}
        return qr_svg(self.transfer.payload, title=_("VietQR code: %(amount)s, note %(note)s") % values)


def payment_choices(
    field: BoundField, payment_methods: list[PaymentMethod], transfer_text: str = ""
) -> list[PaymentChoice]:
    """Return the radio buttons of a form's field. `transfer_text` says what a transfer costs, if known."""
    chosen_method = field.value()
    choices = [
        _payment_choice(payment_method, payment_method == chosen_method) for payment_method in payment_methods
    ]
    return [
        replace(choice, description=transfer_text)
        if transfer_text and choice.value == PaymentMethod.TRANSFER
        else choice
        for choice in choices
    ]


def transfer_now_text(amount: int, currency: str) -> str:
    """Return what a bank transfer of goods that are not weighed costs."""
    return _("Scan a QR code with your banking app and pay %(amount)s right away") % {
        "amount": format_money(amount, currency)
    }


def transfer_before_weighing_text(estimate: int, maximum: int, currency: str) -> str:
    """Return what a bank transfer costs now, and what may follow when the items are weighed."""
    return _(
        "Scan a QR code and pay %(amount)s now, by the estimated weight. Heavier: pay at most %(increase)s "
        "more. Lighter: get the difference back."
    ) % {
        "amount": format_money(estimate, currency),
        "increase": format_money(maximum - estimate, currency),
    }


def build_payment_display(order: Order, *, now: datetime.datetime) -> PaymentDisplay | None:
    """Return how the order is to be paid, or None for cash on delivery or if nothing more is due."""
    payment = order.payments.current()
    is_unconfirmed = is_awaiting_confirmation(order)
    due = order.amount_due if is_unconfirmed else _read_requestable_amount(order, payment)
    if not is_unconfirmed and not due:
        return None
    deadline = _payment_deadline(order, payment)
    is_late = deadline is not None and deadline <= now
    current_method = payment.method if payment and not is_late else ""
    other_methods = [
        _payment_choice(
            payment_method,
            False,
            is_final=payment_method == PaymentMethod.COD and is_confirmed_automatically(order),
        )
        for payment_method in offered_payment_methods(order.channel, order.current_total_gross)
        if payment_method != current_method
    ]
    if not is_unconfirmed and payment is not None:
        other_methods = [
            _payment_choice(payment_method, False)
            for payment_method in find_payment_methods_for_rest(order, payment)
        ]
    transfers_in_review = list(BankTransfer.objects.in_review_for(order))
    return PaymentDisplay(
        payment=payment,
        other_methods=other_methods if not is_unconfirmed or not order.charged else [],
        due=due,
        transfer=None
        if is_late and not order.charged
        else build_order_transfer_instructions(order, payment, shop_settings()),
        card=_find_card_payment(order, payment, due, is_unconfirmed=is_unconfirmed),
        deadline=deadline,
        is_late=is_late,
        transfers_in_review=transfers_in_review,
        state_hash=_read_state_hash(order, payment, len(transfers_in_review), is_late=is_late),
    )


def build_prepayment_display(order: Order, *, now: datetime.datetime) -> PaymentDisplay | None:
    """Return the transfer by which a cash order may be paid before it is packed, or None."""
    payment, shop = order.payments.current(), shop_settings()
    if not may_prepay_cash_order(order, payment):
        return None
    methods = offered_payment_methods(order.channel, order.amount_due, shop=shop)
    transfer = build_transfer_instructions(shop, amount=order.amount_due, note=order.code)
    if PaymentMethod.TRANSFER not in methods or transfer is None:
        return None
    transfers_in_review = list(BankTransfer.objects.in_review_for(order))
    return PaymentDisplay(
        payment=payment,
        other_methods=[],
        due=order.amount_due,
        transfer=transfer,
        card=None,
        deadline=None,
        is_late=False,
        transfers_in_review=transfers_in_review,
        state_hash=_read_state_hash(order, payment, len(transfers_in_review), is_late=False, may_prepay=True),
    )


def authorised_amount(order: Order) -> int:
    """Return the amount authorised on cards, in minor units, or 0 if all of it is captured."""
    if order.authorize_coverage in (order.charge_coverage, Coverage.NONE):
        return 0
    authorised, _charged = total_authorised_and_charged(order.payments.all().sums().values())
    return authorised


def amount_being_voided(order: Order) -> int:
    """Return the amount still authorised on cards for an ended order, in minor units, until it is voided."""
    if order.status not in (OrderStatus.CANCELLED, OrderStatus.EXPIRED):
        return 0
    authorised, _charged = total_authorised_and_charged(order.payments.all().sums().values())
    return authorised


def read_payment_state_hash(order: Order, *, now: datetime.datetime) -> str:
    """Return a hash that changes whenever the payment's state changes, for the page's polling."""
    payment = order.payments.current()
    review_count = BankTransfer.objects.in_review_for(order).count()
    deadline = _payment_deadline(order, payment)
    return _read_state_hash(
        order,
        payment,
        review_count,
        is_late=deadline is not None and deadline <= now,
        may_prepay=may_prepay_cash_order(order, payment),
    )


@require_safe
@never_cache
def serve_qr_code(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Serve the QR code as a PNG. Buyers with one phone save it and open it in their bank's app."""
    order = get_object_or_404(Order.objects.by_link_id(order_id).select_related("channel"))
    now = timezone.now()
    payment_display = build_payment_display(order, now=now) or build_prepayment_display(order, now=now)
    if payment_display is None or payment_display.transfer is None:
        raise Http404
    name = f'inline; filename="vietqr-{order.code}.png"'
    return HttpResponse(
        qr_png(payment_display.transfer.payload),
        content_type="image/png",
        headers={"Content-Disposition": name},
    )


@require_POST
def change_payment_method_view(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Change the payment method of an order that awaits payment."""
    order = get_object_or_404(Order.objects.by_link_id(order_id))
    method = request.POST.get("payment", "")
    if method not in PaymentMethod.values:
        return redirect("orders:order", order_id=order_id)
    change_method = partial(
        change_payment_method,
        order_id=order.pk,
        method=PaymentMethod(method),
        actor=request_actor(request),
        now=timezone.now(),
    )
    url = reverse("orders:order", args=[order_id])
    return run_action(request, change_method, url=url, message=_method_changed_text(PaymentMethod(method)))


def _method_changed_text(method: PaymentMethod) -> str:
    return {
        PaymentMethod.COD: _("Changed: you pay in cash on receipt."),
        PaymentMethod.TRANSFER: _("Changed: you pay by bank transfer."),
        PaymentMethod.CARD: _("Changed: you pay by card."),
    }[method]


def _find_card_payment(
    order: Order, payment: Payment | None, due: int, *, is_unconfirmed: bool
) -> CardDisplay | None:
    """Return the card payment, or None if the amount due is below the card minimum."""
    if payment is None or payment.method != PaymentMethod.CARD:
        return None
    return build_card_display(payment) if is_unconfirmed or accepts_cards(order.currency, due) else None


def _read_requestable_amount(order: Order, payment: Payment | None) -> int:
    """Return the amount to request before delivery of an order already in fulfilment, in minor units."""
    if payment is None or payment.method == PaymentMethod.COD or not order.amount_due:
        return 0
    amount = (
        order.amount_due
        if payment.method == PaymentMethod.TRANSFER
        else read_payment_sums(payment).charge_pending
    )
    return max(0, amount - read_amount_not_requested(order))


def _payment_deadline(order: Order, payment: Payment | None) -> datetime.datetime | None:
    """Return the end of the items' reservation for the payment, or None once fulfilment has begun."""
    if payment is None or not is_awaiting_confirmation(order):
        return None
    return payment.expires_at


def _read_state_hash(
    order: Order, payment: Payment | None, review_count: int, *, is_late: bool, may_prepay: bool = False
) -> str:
    card_state = (
        CardDisplay(find_start_call(payment)).form_state
        if payment is not None and payment.method == PaymentMethod.CARD
        else ()
    )
    state = (
        card_state,
        order.authorize_coverage,
        order.status,
        order.charged,
        order.current_total_gross,
        payment.pk if payment else "",
        payment.expires_at if payment else "",
        is_late,
        review_count,
        may_prepay,
    )
    return hashlib.sha256("|".join(map(str, state)).encode()).hexdigest()[:16]


def _payment_choice(method: PaymentMethod, is_chosen: bool, *, is_final: bool = False) -> PaymentChoice:
    titles = {
        PaymentMethod.COD: (_("Cash on delivery"), _("Pay for each cooperative's part when it arrives")),
        PaymentMethod.TRANSFER: (
            _("Bank transfer"),
            _("Scan a QR code with your banking app and pay right away"),
        ),
        PaymentMethod.CARD: (_("Card"), _("Visa, Mastercard, JCB")),
    }
    title, description = titles[method]
    return PaymentChoice(
        value=method.value,
        title=title,
        description=description,
        icon=ICONS[method],
        is_chosen=is_chosen,
        is_final=is_final,
    )
