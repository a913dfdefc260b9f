"""Capture, void and refund what was paid, for clients that address an order instead of its payments."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from orders.actions.gateway.staff_card_actions import capture_authorised_amount, void_authorisation
from orders.actions.order_records.reasons import Reason
from orders.actions.refunds.granted_refunds import RefundGrant, grant_refund
from orders.models import CostBearer, Order, Payment, PaymentMethod
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.money import parse_minor_units
from shop.api.orders.mutations import find_manageable_order_key, order_row
from shop.api.orders.refund_mutations import refund_reason
from shop.api.orders.types import WHOLE_ORDER_PERMISSIONS
from shop.api.payment.inputs import OrderCaptureArguments, OrderRefundArguments, OrderVoidArguments
from shop.api.payment.sums import forget_sums
from shop.api.root_fields import Mutations

mutation = Mutations(codes={"amount_not_authorised": "CAPTURE_INACTIVE_PAYMENT"})


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_capture(
    arguments: OrderCaptureArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Request a capture from the order's newest card payment with an authorised amount."""
    key = find_manageable_order_key(arguments["id"], "id", context)
    amount = _read_positive_amount(key, arguments["amount"])
    payment = _find_authorised_card_payment(key, code="CAPTURE_INACTIVE_PAYMENT")
    capture_authorised_amount(payment_id=payment.pk, amount=amount, **context.actor_and_time)
    return _build_payload(key, context, selection)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_void(arguments: OrderVoidArguments, context: Context, selection: Selection) -> dict[str, object]:
    """Request to void the order's newest card payment with an authorised amount."""
    key = find_manageable_order_key(arguments["id"], "id", context)
    payment = _find_authorised_card_payment(key, code="VOID_INACTIVE_PAYMENT")
    void_authorisation(payment_id=payment.pk, **context.actor_and_time)
    return _build_payload(key, context, selection)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS, needs_recent_sign_in=True)
def order_refund(
    arguments: OrderRefundArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Decide a refund of an amount that was paid for the order.

    The cooperatives of all its parts bear the amount. Raises InputError.
    """
    key = find_manageable_order_key(arguments["id"], "id", context)
    amount = _read_positive_amount(key, arguments["amount"])
    paid = sum(sums.charged for sums in Payment.objects.filter(order=key).sums().values())
    if amount > paid:
        raise InputError("CANNOT_REFUND", _("That is more than was paid."), field="amount")
    refund_paid_amount(key, amount, reason=refund_reason(None, None), context=context)
    return _build_payload(key, context, selection)


def refund_paid_amount(order_id: uuid.UUID, amount: int, *, reason: Reason, context: Context) -> None:
    """Decide a refund of an amount in minor units that all parts of the order bear."""
    parts = Order.objects.get(pk=order_id).parts.values_list("pk", flat=True)
    grant_refund(
        order_id=order_id,
        granted=RefundGrant({}, amount=amount),
        part_ids=set(parts),
        bearer=CostBearer.COOPERATIVE,
        reason=reason,
        **context.actor_and_time,
    )


def _find_authorised_card_payment(order_id: uuid.UUID, *, code: str) -> Payment:
    """Return the newest card payment with an authorised amount. Raises InputError with this code."""
    payments = Payment.objects.filter(order=order_id, method=PaymentMethod.CARD)
    sums = payments.sums()
    for payment in payments.order_by("-created_at", "-pk"):
        if payment.pk in sums and sums[payment.pk].authorised:
            return payment
    raise InputError(code, _("This order has no authorised card payment."), field="id")


def _read_positive_amount(order_id: uuid.UUID, amount: Decimal) -> int:
    """Return an amount in minor units of the order's currency. Raises InputError."""
    currency = Order.objects.values_list("currency", flat=True).get(pk=order_id)
    minor_units = parse_minor_units(amount, currency, field="amount")
    if minor_units <= 0:
        raise InputError("ZERO_QUANTITY", _("Enter an amount above 0."), field="amount")
    return minor_units


def _build_payload(key: uuid.UUID, context: Context, selection: Selection) -> dict[str, object]:
    forget_sums(context)
    return {"order": order_row(key, context, selection)}


TYPES = (mutation,)
