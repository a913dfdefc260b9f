"""Choose the payment method of an order, and handle the money received for it."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders import locks
from orders.actions.gateway_requests.intended_calls import (
    find_start_call,
    read_payment_sums,
    request_start,
    request_void,
)
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.order_limits import read_minutes_to_pay
from orders.actions.order_records.pricing_by_weight import read_maximum_current_total
from orders.actions.payments.confirm_order import (
    OrderNotAwaitingPayment,
    confirm_if_covered,
    confirm_locked_order,
    is_awaiting_confirmation,
    is_confirmed_automatically,
)
from orders.actions.payouts.surplus_refunds import refund_surplus
from orders.models import (
    EventKind,
    GatewayCall,
    Order,
    Payment,
    PaymentEvent,
    PaymentMethod,
    TransferInstructions,
    total_authorised_and_charged,
)
from orders.payments.stripe_js import accepts_cards
from orders.payments.transfer_instructions import build_order_transfer_instructions
from orders.states import ENDED_ORDER_STATUSES, CallState, Coverage
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import Channel, ShopSettings, record_change, shop_settings


class PaymentMethodNotOffered(Refused):
    code = "payment_method_not_offered"
    default_message = _("This payment method is not available at the moment. Choose another one.")


class PaymentInProgress(Refused):
    code = "payment_in_progress"
    default_message = _("A payment is being processed. Wait a moment for the result.")


def offered_payment_methods(
    channel: Channel, amount: int | None = None, *, shop: ShopSettings | None = None
) -> list[PaymentMethod]:
    """Return the payment methods for an order of this channel and amount, the usual ones first.

    The amount is None if it is not known. `shop` holds the settings, if the caller has read them.
    """
    payment_methods = [PaymentMethod.COD]
    shop = shop or shop_settings()
    if channel.currency == "VND" and shop.bank_bin and shop.bank_account:
        payment_methods.append(PaymentMethod.TRANSFER)
    if accepts_cards(channel.currency, amount):
        payment_methods.append(PaymentMethod.CARD)
    return payment_methods


def require_payment_method(
    channel: Channel, method: PaymentMethod, amount: int | None = None, *, shop: ShopSettings | None = None
) -> None:
    """Raise PaymentMethodNotOffered if the channel does not offer the method for this amount."""
    if method not in offered_payment_methods(channel, amount, shop=shop):
        raise PaymentMethodNotOffered(field="payment")


def expect_payment(
    order: Order, method: PaymentMethod, *, payment_count: int | None = None, now: datetime.datetime
) -> Payment:
    """In a transaction: create the payment expected for the amount due.

    `orders.actions.order_records.recalculate_order` writes its pending amount.

    Prepaid orders have the channel's time to pay, guests less while many guests' orders are unpaid.
    `payment_count` is the number of the order's payments, if known.
    """
    if payment_count is None:
        payment_count = Payment.objects.filter(order=order).count()
    time_to_pay = None
    if method != PaymentMethod.COD:
        usual_minutes = order.channel.payment_deadline_minutes
        minutes = read_minutes_to_pay(is_guest=order.user_id is None, usual_minutes=usual_minutes, now=now)
        time_to_pay = datetime.timedelta(minutes=minutes)
    return Payment.objects.create(
        order=order,
        method=method,
        currency=order.currency,
        idempotency_key=f"{method}:{order.pk}:{payment_count}",
        expires_at=now + time_to_pay if time_to_pay is not None else None,
    )


@transaction.atomic(durable=True)
def change_payment_method(
    *,
    order_id: uuid.UUID,
    method: PaymentMethod,
    is_hosted: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> Payment:
    """Change the payment method of an order that waits for money. A repeat changes nothing.

    A started card payment is cancelled and started anew unless it can go on. `is_hosted` asks for the
    gateway's own page. The rest of a confirmed order that a card paid in part may change to bank
    transfer. Raises AmountNotForCards, Missing, OrderNotAwaitingPayment, PaymentInProgress,
    PaymentMethodNotOffered.
    """
    order = locks.lock_order(order_id)
    last = Payment.objects.filter(order=order).order_by("-created_at", "-pk").first()
    if not is_awaiting_confirmation(order):
        if (
            last is not None
            and method == last.method == PaymentMethod.CARD
            and read_payment_sums(last).charge_pending
        ):
            # The amount due may exceed the authorisation.
            return _continue_card_payment(order, last, is_hosted=is_hosted, actor=actor, now=now)
        if last is not None and method == last.method == PaymentMethod.TRANSFER and order.amount_due:
            return last
        if last is None or method not in find_payment_methods_for_rest(order, last):
            raise OrderNotAwaitingPayment()
        _require_no_open_payment(order, is_paid_in_part=True)
        return replace_payment(order, last, method, actor=actor, now=now)
    if last is not None and last.method == method and _can_continue(last, is_hosted=is_hosted, now=now):
        return last
    require_payment_method(order.channel, method, order.current_total_gross)
    _require_no_open_payment(order)
    payment = replace_payment(order, last, method, is_hosted=is_hosted, actor=actor, now=now)
    if method == PaymentMethod.COD and is_confirmed_automatically(order):
        confirm_locked_order(order, actor=actor, now=now)
    return payment


def find_payment_methods_for_rest(order: Order, last: Payment) -> list[PaymentMethod]:
    """Return the methods for the rest of an order paid in part by card (`last`), which is bank transfer only.

    Cards take no small sums. A transfer pays all that is due, so it is offered only once nothing is
    authorised.
    """
    if (
        last.method != PaymentMethod.CARD
        or not order.charged
        or not order.amount_due
        or order.status in ENDED_ORDER_STATUSES
    ):
        return []
    authorised, _charged = total_authorised_and_charged(Payment.objects.filter(order=order).sums().values())
    methods = offered_payment_methods(order.channel, order.amount_due)
    return [] if authorised else [method for method in methods if method == PaymentMethod.TRANSFER]


def replace_payment(
    order: Order,
    last: Payment | None,
    method: PaymentMethod,
    *,
    is_hosted: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> Payment:
    """On a locked order: replace the expected payment by one of another method."""
    data: dict[str, object] = {"method": str(method)}
    if last is not None:
        data |= {"from": {"method": str(last.method)}, "to": {"method": str(method)}}
        cancel_expected_payment(order, last, actor=actor, now=now)
    payment = expect_payment(order, method, now=now)
    if method == PaymentMethod.CARD:
        start_card_payment(order, payment, is_hosted=is_hosted, actor=actor, now=now)
    record_change("payment.method_changed", order, actor=actor, now=now, data=data)
    finish_order_change(order, now=now)
    return payment


def load_transfer_instructions(order: Order) -> TransferInstructions | None:
    """Return the bank transfer that the payer of the order should make now.

    Returns None for other payment methods, and if nothing is due.
    """
    payment = Payment.objects.filter(order=order).order_by("-created_at", "-pk").first()
    return build_order_transfer_instructions(order, payment, shop_settings())


def start_card_payment(
    order: Order, payment: Payment, *, is_hosted: bool, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """On a locked order with current sums: request the due amount that is neither paid nor authorised.

    Lines still to be weighed are authorised at their highest price. Raises AmountNotForCards.
    """
    authorised, charged = total_authorised_and_charged(Payment.objects.filter(order=order).sums().values())
    is_authorisation_only = not authorised and order.lines.unweighed().exists()
    amount = (
        (read_maximum_current_total(order) if is_authorisation_only else order.current_total_gross)
        - charged
        - authorised
    )
    return request_start(
        order,
        payment,
        amount,
        is_authorisation_only=is_authorisation_only,
        is_hosted=is_hosted,
        actor=actor,
        now=now,
    )


def _continue_card_payment(
    order: Order, last: Payment, *, is_hosted: bool, actor: Actor, now: datetime.datetime
) -> Payment:
    """Return the card payment to continue, or start a new one."""
    if _can_continue(last, is_hosted=is_hosted, now=now):
        return last
    _require_no_open_payment(order, is_paid_in_part=True)
    if find_start_call(last) is None:
        start_card_payment(order, last, is_hosted=is_hosted, actor=actor, now=now)
        return last
    cancel_expected_payment(order, last, actor=actor, now=now)
    payment = expect_payment(order, PaymentMethod.CARD, now=now)
    start_card_payment(order, payment, is_hosted=is_hosted, actor=actor, now=now)
    finish_order_change(order, now=now)
    return payment


def _can_continue(payment: Payment, *, is_hosted: bool, now: datetime.datetime) -> bool:
    """Return whether the payment has time left. A card payment must have started on the requested page."""
    if payment.expires_at is not None and payment.expires_at <= now:
        return False
    if payment.method != PaymentMethod.CARD:
        return True
    start = find_start_call(payment)
    return (
        start is not None
        and start.state != CallState.FAILED
        and (
            start.state == CallState.INTENDED or bool(start.request_parameters.get("is_hosted")) == is_hosted
        )
    )


def _require_no_open_payment(order: Order, *, is_paid_in_part: bool = False) -> None:
    """Raise PaymentInProgress if some money is authorised or paid, or a gateway call is unanswered."""
    is_held = order.authorize_coverage != Coverage.NONE and not is_paid_in_part
    if is_held or GatewayCall.objects.filter(payment__order=order).unanswered().exists():
        raise PaymentInProgress()


def cancel_expected_payment(order: Order, payment: Payment, *, actor: Actor, now: datetime.datetime) -> None:
    """On a locked order: expect no more money by this payment, and cancel it if it started."""
    sums = read_payment_sums(payment)
    idempotency_key = f"payment:{payment.pk}:given_up"
    record_payment_event(
        payment,
        EventKind.CANCEL_SUCCESS,
        sums.charge_pending,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    if sums.authorise_pending:
        kind, idempotency_key = EventKind.AUTHORIZATION_FAILURE, f"payment:{payment.pk}:not_authorised"
        record_payment_event(
            payment, kind, sums.authorise_pending, idempotency_key=idempotency_key, actor=actor, now=now
        )
    start = find_start_call(payment)
    if start is not None and start.state == CallState.NEEDS_BUYER:
        request_void(order, payment, actor=actor, now=now)


def record_received_money(
    order: Order,
    payment: Payment,
    amount: int,
    *,
    idempotency_key: str,
    reference: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> PaymentEvent | None:
    """On a locked order: record a received amount. Confirm the order once the amount due is covered.

    A card's surplus is refunded at once. So is money for an order that has ended.

    `idempotency_key` identifies the outside event. If that was recorded before, nothing happens and the
    result is None.
    """
    event = record_payment_event(
        payment,
        EventKind.CHARGE_SUCCESS,
        amount,
        idempotency_key=idempotency_key,
        reference=reference,
        actor=actor,
        now=now,
    )
    if event is None:
        return None
    record_change(
        "payment.received",
        order,
        actor=actor,
        now=now,
        data={"amount": amount, "method": payment.method},
    )
    finish_order_change(order, now=now)
    confirm_if_covered(order, actor=actor, now=now)
    if payment.method == PaymentMethod.CARD or order.status in ENDED_ORDER_STATUSES:
        reason = gettext_noop("The order was overpaid.")
        refund_surplus(order, reason=reason, actor=actor, now=now)
    return event
