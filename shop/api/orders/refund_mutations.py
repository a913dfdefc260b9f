"""Grant refunds."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders.actions.refunds.granted_refunds import RefundExceedsOrdered, RefundGrant, grant_refund
from orders.models import CostBearer, Order, OrderPart, Payment
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import global_id, input_key
from shop.api.money import parse_minor_units
from shop.api.orders.inputs import OrderGrantRefundCreateArguments, OrderGrantRefundCreateLineInput
from shop.api.orders.mutations import find_manageable_order_key, order_row
from shop.api.orders.types import ORDER_PERMISSIONS, granted_refund_object
from shop.api.orders.visibility import filter_handled, order_scope
from shop.api.root_fields import Mutations
from shop.api.schema import Choices
from shop.core.errors import Missing

mutation = Mutations(
    codes={
        "refund_exceeds_limit": "AMOUNT_GREATER_THAN_AVAILABLE",
        "empty_refund": "REQUIRED",
        "reason_required": "REQUIRED",
    }
)
ENUMS: dict[str, Choices] = {"RefundBearer": CostBearer}


@mutation.field(permissions=ORDER_PERMISSIONS, needs_recent_sign_in=True)
def order_grant_refund_create(
    arguments: OrderGrantRefundCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    order_key = find_manageable_order_key(arguments["id"], "id", context)
    text = input_data.get("transactionId")
    payment = text and input_key(text, "TransactionItem", field="transactionId")
    if payment and not Payment.objects.filter(pk=payment, order=order_key).exists():
        raise Missing(field="transactionId")
    currency = Order.objects.values_list("currency", flat=True).get(pk=order_key)
    parts = filter_handled(context, OrderPart.objects.filter(order=order_key), order="order", part="pk")
    requested_amount = input_data.get("amount")
    amount = (
        None if requested_amount is None else parse_minor_units(requested_amount, currency, field="amount")
    )
    try:
        refunds = grant_refund(
            order_id=order_key,
            granted=RefundGrant(
                quantities=_refunded_quantities(input_data.get("lines") or ()),
                includes_delivery=bool(input_data.get("grantRefundForShipping")),
                amount=amount,
            ),
            part_ids=set(parts.values_list("pk", flat=True)),
            bearer=_bearer(input_data.get("bearer"), context),
            reason=(input_data.get("reason") or "").strip() or gettext_noop("Decided by staff."),
            actor=context.actor,
            now=context.now,
        )
    except RefundExceedsOrdered as refused:
        raise _quantity_error(refused) from refused
    first = refunds[0].pk
    rows = granted_refund_object.by_key(context, [first], selection.names("grantedRefund"))
    return {"order": order_row(order_key, context, selection), "grantedRefund": rows.get(first)}


def _quantity_error(refused: RefundExceedsOrdered) -> InputError:
    """Return the error with a row for each line for which too much was requested."""
    line_errors = [
        {
            "lineId": global_id("OrderLine", line),
            "field": "quantity",
            "code": "QUANTITY_GREATER_THAN_AVAILABLE",
            "message": str(refused.message),
        }
        for line in refused.details["lines"]
    ]
    return InputError("INVALID", refused.message, field="lines", lines=line_errors)


def _refunded_quantities(line_inputs: Iterable[OrderGrantRefundCreateLineInput]) -> dict[uuid.UUID, int]:
    """Sum the quantities to refund, by order line."""
    quantities: dict[uuid.UUID, int] = {}
    for line_input in line_inputs:
        key = input_key(line_input["id"], "OrderLine", field="lines")
        quantities[key] = quantities.get(key, 0) + line_input["quantity"]
    return quantities


def _bearer(requested_bearer: str | None, context: Context) -> CostBearer:
    """Return the bearer. Staff of a cooperative may only choose that cooperative. Raises InputError."""
    bearer = CostBearer(requested_bearer or CostBearer.COOPERATIVE)
    if bearer == CostBearer.PLATFORM and not order_scope(context).has_platform_grant:
        message = _("Only the market can decide what the market covers.")
        raise InputError("INVALID", message, field="bearer")
    return bearer


TYPES = (mutation,)
