"""Grant refunds."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders.actions.refunds.granted_refunds import Granted, MoreThanOrdered, grant_refund
from orders.models import Bearer, Order, OrderPart, Payment
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import Mistake
from shop.api.ids import given_key, global_id
from shop.api.money import minor_units
from shop.api.orders.mutations import given_order, shown_order
from shop.api.orders.seen import handled, scope_of
from shop.api.orders.types import HANDLING, granted_refund
from shop.api.root_fields import Mutations
from shop.api.schema import Choices
from shop.core.errors import Missing

mutation = Mutations(
    codes={
        "too_much_refunded": "AMOUNT_GREATER_THAN_AVAILABLE",
        "nothing_refunded": "REQUIRED",
        "reason_needed": "REQUIRED",
    }
)
ENUMS: dict[str, Choices] = {"RefundBearer": Bearer}


@mutation.field(permissions=HANDLING)
def order_grant_refund_create(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    given = arguments["input"]
    key = given_order(arguments["id"], "id", context)
    text = given.get("transactionId")
    payment = text and given_key(text, "TransactionItem", field="transactionId")
    if payment and not Payment.objects.filter(pk=payment, order=key).exists():
        raise Missing(field="transactionId")
    currency = Order.objects.values_list("currency", flat=True).get(pk=key)
    parts = handled(context, OrderPart.objects.filter(order=key), order="order", part="pk")
    amount = given.get("amount")
    if amount is not None:
        amount = minor_units(amount, currency, field="amount")
    try:
        refunds = grant_refund(
            order_id=key,
            granted=Granted(
                steps=_steps(given.get("lines") or ()),
                delivery=bool(given.get("grantRefundForShipping")),
                amount=amount,
            ),
            part_ids=set(parts.values_list("pk", flat=True)),
            bearer=_bearer(given.get("bearer"), context),
            reason=(given.get("reason") or "").strip() or gettext_noop("Decided by staff."),
            actor=context.actor,
            now=context.now,
        )
    except MoreThanOrdered as refused:
        told = [
            {
                "lineId": global_id("OrderLine", each),
                "field": "quantity",
                "code": "QUANTITY_GREATER_THAN_AVAILABLE",
                "message": str(refused.words),
            }
            for each in refused.details["lines"]
        ]
        raise Mistake("INVALID", refused.words, field="lines", lines=told) from refused
    first = refunds[0].pk
    found = granted_refund.by_key(context, [first], selection.names("grantedRefund"))
    return {"order": shown_order(key, context, selection), "grantedRefund": found.get(first)}


def _steps(given: Any) -> dict[Any, int]:
    steps: dict[Any, int] = {}
    for each in given:
        key = given_key(each["id"], "OrderLine", field="lines")
        steps[key] = steps.get(key, 0) + each["quantity"]
    return steps


def _bearer(given: str | None, context: Context) -> Bearer:
    """Return the bearer; cooperatives' staff may only choose their cooperative. Raises Mistake."""
    bearer = Bearer(given or Bearer.COOPERATIVE)
    if bearer == Bearer.PLATFORM and not scope_of(context).is_platforms:
        words = _("Only the platform decides what the platform bears.")
        raise Mistake("INVALID", words, field="bearer")
    return bearer


TYPES = (mutation,)
