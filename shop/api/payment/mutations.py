"""Pay for checkouts and orders, and complete checkouts."""

from __future__ import annotations

import hashlib
import uuid
from contextlib import AbstractContextManager, nullcontext

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.actions.checkout.complete_checkout import complete_checkout
from orders.actions.gateway.send_gateway_calls import send_call
from orders.actions.order_records.order_limits import PhoneCodeRequired, count_against_order_limits
from orders.actions.placement.place_order import BasketChanged
from orders.actions.quotes.purchase_limits import BuyerLimitReached
from orders.actions.quotes.quote_types import Quote, QuoteProblem
from orders.models import Basket, GatewayCall, GatewayOperation, Order, Payment, PaymentEvent
from orders.states import CallState, Coverage
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.checkout.addresses import require_legal_fields
from shop.api.checkout.mutations import CODES
from shop.api.checkout.types import basket_key_from, changeable_baskets, find_basket
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import global_ids, input_key, key_from_id
from shop.api.metadata import metadata_from_input
from shop.api.money import parse_minor_units
from shop.api.orders.invoices import invoice_from
from shop.api.orders.placed_lines import remember_placed_lines
from shop.api.orders.types import order_object
from shop.api.orders.visibility import set_whole_totals, visible_orders
from shop.api.payment.gateway_payments import PaymentTarget, continue_payment, start_payment
from shop.api.payment.gateways import METHODS, AvailableGateway, available_gateways, gateway_settings
from shop.api.payment.inputs import (
    CheckoutCompleteArguments,
    PaymentGatewayInitializeArguments,
    TransactionInitializeArguments,
    TransactionProcessArguments,
)
from shop.api.payment.sums import forget_sums
from shop.api.payment.types import transaction_event_object, transaction_item_object
from shop.api.root_fields import Mutations
from shop.core.database.compiled_query import compiled_query
from shop.core.errors import Missing, Refused
from shop.core.models import KeyReused
from shop.core.web.rate_limits import client_network

mutation = Mutations(
    codes=CODES
    | {
        "basket_empty": "NO_LINES",
        "email_required": "EMAIL_NOT_SET",
        "delivery_required": "SHIPPING_METHOD_NOT_SET",
        "billing_address_required": "BILLING_ADDRESS_NOT_SET",
        "total_not_covered": "CHECKOUT_NOT_FULLY_PAID",
        "pickup_slot_full": "INVALID_SHIPPING_METHOD",
    }
)
_MAX_KEY_LENGTH = 120
_OUT_OF_STOCK = frozenset({QuoteProblem.SOLD_OUT, QuoteProblem.FEWER_IN_STOCK})
# The API sends no codes, so only an account can prove that the phone number is the buyer's.
_CONFIRM_FIRST = gettext_lazy(
    "We are receiving many orders right now."
    " Sign in to an account with a confirmed phone number, then place the order again."
)


@mutation.field()
def payment_gateway_initialize(
    arguments: PaymentGatewayInitializeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    target = _target(arguments["id"], context)
    requested_amount = arguments.get("amount")
    amount = (
        None
        if requested_amount is None
        else parse_minor_units(requested_amount, target.currency, field="amount")
    )
    gateways_by_id = {gateway.id: gateway for gateway in available_gateways(target.channel, amount)}
    requested_gateways = arguments.get("paymentGateways")
    requested = (
        [entry["id"] for entry in requested_gateways]
        if requested_gateways is not None
        else list(gateways_by_id)
    )
    return {
        "gatewayConfigs": [_config(gateways_by_id.get(gateway_id), gateway_id) for gateway_id in requested]
    }


def _config(gateway: AvailableGateway | None, gateway_id: str) -> dict[str, object]:
    if gateway is not None:
        return {"id": gateway_id, "data": gateway_settings(gateway), "errors": []}
    error = {"field": "id", "message": _("This gateway is not available."), "code": "NOT_FOUND"}
    return {"id": gateway_id, "data": None, "errors": [error]}


@mutation.field()
def transaction_initialize(
    arguments: TransactionInitializeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    target = _target(arguments["id"], context)
    gateway, requested_amount = arguments["paymentGateway"]["id"], arguments.get("amount")
    if arguments.get("action") is not None:
        context.require(Permission.HANDLE_PAYMENTS)
    if gateway not in {available.id for available in available_gateways(target.channel)}:
        raise InputError("NOT_FOUND", _("This gateway is not available."), field="paymentGateway")
    key = arguments.get("idempotencyKey")
    try:
        payment, gateway_data = start_payment(
            target,
            gateway,
            METHODS[gateway],
            amount=None
            if requested_amount is None
            else parse_minor_units(requested_amount, target.currency, field="amount"),
            flow=arguments.get("action"),
            data=arguments["paymentGateway"].get("data"),
            idempotency_key=None if key is None else _stored_key(key),
            context=context,
        )
    except KeyReused as reused:
        raise InputError("UNIQUE", reused.message, field="idempotencyKey") from reused
    return _build_payment_payload(payment, gateway_data, context, selection)


def _stored_key(sent_key: str) -> str:
    """Return the stored idempotency key. A key that is too long is hashed, not truncated."""
    key = f"api:{sent_key}"
    return key if len(key) <= _MAX_KEY_LENGTH else f"api:{hashlib.sha256(sent_key.encode()).hexdigest()}"


@mutation.field()
def transaction_process(
    arguments: TransactionProcessArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Query a payment's state, for any holder of its id. The client's data moves no money. Raises Missing."""
    text, key = arguments.get("id"), arguments.get("token")
    if text is not None:
        key = input_key(text, "TransactionItem", field="id")
    payment = Payment.objects.filter(pk=key).first() if key is not None else None
    if payment is None:
        raise Missing(field="id")
    data = continue_payment(payment, arguments.get("data"), context)
    return _build_payment_payload(payment, data, context, selection)


@mutation.field(refused={"confirmationNeeded": False})
def checkout_complete(
    arguments: CheckoutCompleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket_key = basket_key_from(arguments)
    placed_order = _place_order(basket_key, arguments, context) or _find_existing_order(basket_key, context)
    if placed_order is None:
        raise Missing(field="id")
    row = order_object.row_of(set_whole_totals(placed_order), selection.names("order"))
    return {"order": row, "confirmationNeeded": False, "confirmationData": {}}


def _place_order(
    basket_key: uuid.UUID, arguments: CheckoutCompleteArguments, context: Context
) -> Order | None:
    """Complete the checkout, or return None if the requester has no such basket.

    It may have become an order. Raises InputError.
    """
    try:
        basket = find_basket(arguments, context)
    except Missing:
        return None
    for address, address_type in (
        (basket.shipping_address, "SHIPPING"),
        (basket.billing_address, "BILLING"),
    ):
        if address is not None and basket.email:  # a missing email is reported first
            require_legal_fields(address, context, address_type=address_type)
    try:
        with _order_limits(basket, context):
            placed_order, lines = complete_checkout(
                basket_id=basket_key,
                metadata=metadata_from_input(arguments.get("metadata")),
                invoice=invoice_from(arguments.get("invoiceCompany")),
                actor=context.actor,
                now=context.now,
            )
    except (BasketChanged, BuyerLimitReached) as changed:
        raise _problem_error(changed) from changed
    except PhoneCodeRequired as needed:
        raise InputError("PHONE_CODE_NEEDED", _CONFIRM_FIRST) from needed
    if lines is not None:
        remember_placed_lines(context, placed_order, lines)
    if placed_order.authorize_coverage != Coverage.NONE:
        _capture_now(placed_order, context)
        placed_order.refresh_from_db()
    return placed_order


def _order_limits(basket: Basket, context: Context) -> AbstractContextManager[None]:
    """Apply the daily order limits, except to apps and staff."""
    if context.app is not None or context.permissions:
        return nullcontext()
    user = context.user
    confirmed = user.phone if user is not None and user.phone_confirmed_at is not None else ""
    return count_against_order_limits(
        phone=basket.phone or basket.email,
        network=client_network(context.request.META),
        is_confirmed=bool(confirmed) and confirmed == basket.phone,
        per_network=settings.API_ORDERS_PER_NETWORK,
    )


def _find_existing_order(key: uuid.UUID, context: Context) -> Order | None:
    """Return the order already placed from this checkout, if the requester could have completed it."""
    user_id = context.user.pk if context.user else None
    return next(iter(_orders_from_basket(key, user_id)), None)


@compiled_query
def _orders_from_basket(basket_id: uuid.UUID, user_id: int | None) -> QuerySet[Order]:
    return Order.objects.from_basket(basket_id, user_id).order_by("pk")


def _capture_now(placed_order: Order, context: Context) -> None:
    """Capture card authorisations at once, so that the order is paid. The worker retries."""
    for call_id in _pending_captures(placed_order.pk):
        send_call(call_id=call_id, now=context.now)


@compiled_query
def _pending_captures(order_id: uuid.UUID) -> QuerySet[GatewayCall, uuid.UUID]:
    captures = GatewayCall.objects.filter(
        payment__order=order_id, operation=GatewayOperation.CAPTURE, state=CallState.INTENDED
    )
    return captures.order_by("created_at", "pk").values_list("pk", flat=True)


def _problem_error(changed: BasketChanged | BuyerLimitReached) -> Refused:
    """Convert a changed basket's first problem to an error of the schema."""
    quote: Quote = changed.details["quote"]
    if changed.details.get("voucher") is not None:
        return InputError("VOUCHER_NOT_APPLICABLE", changed.message, field="promoCode")
    for code, problems, field in (
        ("UNAVAILABLE_VARIANT_IN_CHANNEL", {QuoteProblem.NOT_FOR_SALE}, "lines"),
        ("INSUFFICIENT_STOCK", _OUT_OF_STOCK, None),
        ("QUANTITY_GREATER_THAN_LIMIT", {QuoteProblem.OVER_LIMIT}, "quantity"),
    ):
        lines = [line for line in quote.lines if problems & set(line.problems)]
        if lines:
            variant_ids = global_ids("ProductVariant", dict.fromkeys(line.variant.pk for line in lines))
            line_ids = global_ids("CheckoutLine", [line.requested.key for line in lines])
            return InputError(code, changed.message, field=field, variants=variant_ids, lines=line_ids)
    return InputError("INVALID_SHIPPING_METHOD", changed.message, field="shippingMethod")


def _build_payment_payload(
    payment: Payment, data: object, context: Context, selection: Selection
) -> dict[str, object]:
    """Return the payload with the payment and its last event."""
    forget_sums(context)
    last = PaymentEvent.objects.filter(payment=payment).order_by("-pk").values_list("pk", flat=True).first()
    items = transaction_item_object.by_key(
        context, [payment.pk], selection.names("transaction"), rows=Payment.objects.all()
    )
    events = transaction_event_object.by_key(context, [last], selection.names("transactionEvent"))
    return {
        "transaction": items.get(payment.pk),
        "transactionEvent": events.get(last),
        "data": data,
    }


def _target(text: str, context: Context) -> PaymentTarget:
    """Return the checkout or order to pay. Raises InputError, Missing."""
    key = input_key(text, "Checkout", "Order", field="id")
    if key_from_id(text, "Checkout") is not None:
        basket = changeable_baskets(context).filter(pk=key).select_related("channel").first()
        if basket is not None:
            return PaymentTarget(basket.channel, basket.currency, basket=basket)
    else:
        visible_order = visible_orders(context).filter(pk=key).select_related("channel").first()
        if visible_order is not None:
            return PaymentTarget(visible_order.channel, visible_order.currency, order=visible_order)
    raise Missing(field="id")


TYPES = (mutation,)
