"""Grant refunds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders.actions.order_records.reasons import Reason
from orders.actions.refunds.granted_refunds import RefundExceedsOrdered, RefundGrant, grant_refund
from orders.models import CostBearer, Order, OrderPart, Payment
from shop.api.breadth import Selection
from shop.api.content.reason_settings import REASON_CODES, find_reason_page_of_input
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import global_id, input_key
from shop.api.money import parse_minor_units
from shop.api.orders.inputs import (
    OrderGrantRefundCreateArguments,
    OrderGrantRefundCreateInput,
    OrderGrantRefundCreateLineInput,
)
from shop.api.orders.mutations import find_manageable_order_key, order_row
from shop.api.orders.types import ORDER_PERMISSIONS, granted_refund_object
from shop.api.orders.visibility import filter_handled, order_scope
from shop.api.root_fields import Mutations
from shop.api.schema import Choices
from shop.content.models import Page, ReasonKind
from shop.core.errors import Missing, Refused

mutation = Mutations(
    codes={
        "refund_exceeds_limit": "AMOUNT_GREATER_THAN_AVAILABLE",
        "empty_refund": "REQUIRED",
        "reason_required": "REQUIRED",
    }
    | REASON_CODES
)
_LINE_CODES = {"no_reason_pages": "NOT_CONFIGURED", "not_a_reason_page": "INVALID"}
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
    lines = input_data.get("lines") or ()
    reason = _find_reason(input_data, context)
    line_reasons = _find_line_reasons(lines, context)
    parts = filter_handled(context, OrderPart.objects.filter(order=order_key), order="order", part="pk")
    requested_amount = input_data.get("amount")
    amount = (
        None if requested_amount is None else parse_minor_units(requested_amount, currency, field="amount")
    )
    try:
        refunds = grant_refund(
            order_id=order_key,
            granted=RefundGrant(
                quantities=_refunded_quantities(lines),
                includes_delivery=bool(input_data.get("grantRefundForShipping")),
                amount=amount,
                line_reasons=line_reasons,
            ),
            part_ids=set(parts.values_list("pk", flat=True)),
            bearer=_bearer(input_data.get("bearer"), context),
            reason=reason,
            actor=context.actor,
            now=context.now,
        )
    except RefundExceedsOrdered as refused:
        raise _quantity_error(refused) from refused
    first = refunds[0].pk
    rows = granted_refund_object.by_key(context, [first], selection.names("grantedRefund"))
    return {"order": order_row(order_key, context, selection), "grantedRefund": rows.get(first)}


def _find_reason(input_data: OrderGrantRefundCreateInput, context: Context) -> Reason:
    """Return the reason in words, and the page that states it. Raises as `find_reason_page_of_input`."""
    page = find_reason_page_of_input(
        ReasonKind.REFUND, input_data.get("reasonReference"), context, field="reasonReference"
    )
    return refund_reason(input_data.get("reason"), page)


def refund_reason(text: str | None, page: Page | None) -> Reason:
    """Return the reason of a refund. Without words of its own it copies the page's title."""
    written = (text or "").strip()
    if page is None:
        return Reason(written or gettext_noop("Decided by staff."))
    return Reason(written or page.title, page.pk)


def _find_line_reasons(
    line_inputs: Sequence[OrderGrantRefundCreateLineInput], context: Context
) -> dict[uuid.UUID, Reason]:
    """Return the lines' own reasons. Raises InputError with a row for each line with an invalid page."""
    reasons, line_errors = {}, []
    for line_input in line_inputs:
        key = input_key(line_input["id"], "OrderLine", field="lines")
        reference, text = line_input.get("reasonReference"), (line_input.get("reason") or "").strip()
        try:
            page = find_reason_page_of_input(
                ReasonKind.REFUND, reference, context, field="reasonReference", is_required=False
            )
        except Refused as refused:
            line_errors.append(
                {
                    "lineId": line_input["id"],
                    "field": refused.field,
                    "code": _LINE_CODES.get(refused.code, "GRAPHQL_ERROR"),
                    "message": str(refused.message),
                }
            )
            continue
        if text or page is not None:
            reasons[key] = Reason(text, page.pk if page is not None else None)
    if line_errors:
        message = _("The reason of a line is not valid.")
        raise InputError("INVALID", message, field="lines", lines=line_errors)
    return reasons


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


def _refunded_quantities(line_inputs: Sequence[OrderGrantRefundCreateLineInput]) -> dict[uuid.UUID, int]:
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
