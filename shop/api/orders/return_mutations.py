"""Refund and take back items, for clients that name order lines and fulfillment lines."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from orders.actions.order_records.reasons import Reason
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.refunds.granted_refunds import RefundGrant, grant_refund
from orders.actions.refunds.returned_products import ReturnRequest, return_products
from orders.models import CostBearer, Order, OrderLine, OrderPart, Parcel, ParcelLine, Payment
from orders.states import OUTGOING_KINDS, RETURN_KINDS, ParcelState
from shop.api.breadth import Selection
from shop.api.content.reason_settings import REASON_CODES, find_reason_page_of_input
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.input_data import InputData
from shop.api.money import parse_minor_units
from shop.api.object_types import Row
from shop.api.orders.inputs import (
    OrderFulfillmentRefundProductsArguments,
    OrderFulfillmentReturnProductsArguments,
    OrderRefundProductsInput,
    OrderReturnProductsInput,
)
from shop.api.orders.mutations import find_manageable_order_key, order_row
from shop.api.orders.refund_mutations import refund_reason
from shop.api.orders.types import ORDER_PERMISSIONS, fulfillment_object
from shop.api.orders.visibility import filter_handled
from shop.api.root_fields import Mutations
from shop.content.models import ReasonKind
from shop.core.errors import Missing

mutation = Mutations(
    codes={
        "refund_exceeds_limit": "CANNOT_REFUND",
        "empty_refund": "CANNOT_REFUND",
        "part_not_charged": "CANNOT_REFUND",
        "no_lines_left_to_send": "CANNOT_REFUND",
        "substitute_unanswered": "CANNOT_REFUND",
        "lines_not_weighed": "CANNOT_REFUND",
        "refund_exceeds_ordered": "INVALID_QUANTITY",
        "unsent_exceeds_open": "INVALID_QUANTITY",
        "return_exceeds_delivered": "INVALID_QUANTITY",
        "empty_return": "REQUIRED",
        "sold_out": "INSUFFICIENT_STOCK",
    }
    | REASON_CODES
)


@dataclass(slots=True)
class _Items:
    """The requested sales units by order line: not sent, delivered, and of those the ones to replace."""

    unsent: dict[uuid.UUID, int] = field(default_factory=dict)
    fulfilled: dict[uuid.UUID, int] = field(default_factory=dict)
    replaced: dict[uuid.UUID, int] = field(default_factory=dict)
    reasons: dict[uuid.UUID, Reason] = field(default_factory=dict)

    @property
    def refundable(self) -> dict[uuid.UUID, int]:
        return _added(self.unsent, self.fulfilled)


@mutation.field(permissions=ORDER_PERMISSIONS, needs_recent_sign_in=True)
def order_fulfillment_refund_products(
    arguments: OrderFulfillmentRefundProductsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    order_key, input_data = (
        find_manageable_order_key(arguments["order"], "order", context),
        arguments["input"],
    )
    items = _Items()
    _read_order_lines(input_data.get("orderLines") or (), items, order_key, context)
    _read_fulfillment_lines(input_data.get("fulfillmentLines") or (), items, order_key, context)
    grant = _build_grant(input_data, items, order_key, returned={})
    refunds = grant_refund(
        order_id=order_key,
        granted=grant,
        part_ids=_find_part_ids(order_key, context),
        bearer=CostBearer.COOPERATIVE,
        reason=refund_reason(None, None),
        **context.actor_and_time,
    )
    parcels = [refund.parcel for refund in refunds if refund.parcel is not None]
    return {
        "order": order_row(order_key, context, selection),
        "fulfillment": _read_first(parcels, "fulfillment", context, selection),
    }


@mutation.field(permissions=ORDER_PERMISSIONS, needs_recent_sign_in=True)
def order_fulfillment_return_products(
    arguments: OrderFulfillmentReturnProductsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Take items back. Replacements are free parcels of the same order, so there is no `replaceOrder`."""
    order_key, input_data = (
        find_manageable_order_key(arguments["order"], "order", context),
        arguments["input"],
    )
    page = find_reason_page_of_input(
        ReasonKind.RETURN, input_data.get("reasonReference"), context, field="reasonReference"
    )
    text = (input_data.get("reason") or "").strip()
    items, is_refunded = _Items(), bool(input_data.get("refund"))
    _read_order_lines(input_data.get("orderLines") or (), items, order_key, context)
    _read_fulfillment_lines(
        input_data.get("fulfillmentLines") or (), items, order_key, context, is_return=True
    )
    if items.unsent and not is_refunded:
        raise InputError("INVALID", _("Items that are not sent are always refunded."), field="refund")
    done = return_products(
        order_id=order_key,
        request=ReturnRequest(
            reason=refund_reason(text, page)
            if is_refunded
            else Reason(
                text or (page.title if page is not None else ""), page.pk if page is not None else None
            ),
            returned={} if is_refunded else items.fulfilled,
            replaced=items.replaced,
            refund=_build_grant(input_data, items, order_key, returned=items.fulfilled)
            if is_refunded
            else None,
            line_reasons=items.reasons,
        ),
        part_ids=_find_part_ids(order_key, context),
        bearer=CostBearer.COOPERATIVE,
        **context.actor_and_time,
    )
    return {
        "order": order_row(order_key, context, selection),
        "returnFulfillment": _read_first(done.returns, "returnFulfillment", context, selection),
        "replaceFulfillment": _read_first(done.replacements, "replaceFulfillment", context, selection),
        "replaceOrder": None,
    }


def _build_grant(
    input_data: OrderRefundProductsInput | OrderReturnProductsInput,
    items: _Items,
    order_id: uuid.UUID,
    *,
    returned: Mapping[uuid.UUID, int],
) -> RefundGrant:
    """Return the refund of these items and the delivery, or of an amount. Raises InputError."""
    currency = Order.objects.values_list("currency", flat=True).get(pk=order_id)
    requested = input_data.get("amountToRefund")
    amount = None if requested is None else parse_minor_units(requested, currency, field="amountToRefund")
    paid = sum(sums.charged for sums in Payment.objects.filter(order=order_id).sums().values())
    if not paid:
        raise InputError("CANNOT_REFUND", _("Nothing was paid for this order."), field="order")
    if amount is not None and amount > paid:
        raise InputError("CANNOT_REFUND", _("That is more than was paid."), field="amountToRefund")
    includes_delivery = amount is None and bool(input_data.get("includeShippingCosts"))
    if not items.refundable and amount is None and not includes_delivery:
        raise InputError("REQUIRED", _("Choose what is refunded."), field="amountToRefund")
    return RefundGrant(
        quantities=items.refundable,
        includes_delivery=includes_delivery,
        amount=amount,
        line_reasons=items.reasons,
        returned=returned,
        unsent=items.unsent,
    )


def _read_order_lines(
    line_inputs: Sequence[InputData], items: _Items, order_id: uuid.UUID, context: Context
) -> None:
    """Add the items that are not sent. Raises InputError, and the errors of `find_reason_page_of_input`."""
    keys = [input_key(line["orderLineId"], "OrderLine", field="orderLineId") for line in line_inputs]
    handled = filter_handled(context, OrderLine.objects.filter(order=order_id), order="order", part="part")
    lines = {line.pk: line for line in handled.filter(pk__in=keys)}
    still_open = read_unpacked_quantities(lines.values())
    for key, line_input in zip(keys, line_inputs, strict=True):
        if key not in lines:
            raise InputError("NOT_FOUND", Missing.default_message, field="orderLines")
        if line_input.get("replace"):
            message = _("Only items that were delivered can be replaced.")
            raise InputError("INVALID", message, field="orderLineId", orderLines=[line_input["orderLineId"]])
        items.unsent[key] = items.unsent.get(key, 0) + line_input["quantity"]
        if line_input["quantity"] < 1 or items.unsent[key] > still_open[key]:
            message = _("That is more than is still to be packed.")
            raise InputError(
                "INVALID_QUANTITY", message, field="orderLineId", orderLines=[line_input["orderLineId"]]
            )
        _add_reason(line_input, key, items, context)


def _read_fulfillment_lines(
    line_inputs: Sequence[InputData],
    items: _Items,
    order_id: uuid.UUID,
    context: Context,
    *,
    is_return: bool = False,
) -> None:
    """Add the items of parcels. Raises InputError, and the errors of `find_reason_page_of_input`."""
    field_name = "fulfillmentLineId"
    keys = [input_key(line[field_name], "FulfillmentLine", field=field_name) for line in line_inputs]
    handled = filter_handled(
        context,
        ParcelLine.objects.filter(parcel__part__order=order_id),
        order="parcel__part__order",
        part="parcel__part",
    )
    lines = {line.pk: line for line in handled.select_related("parcel").filter(pk__in=keys)}
    requested: dict[int, int] = {}
    for key, line_input in zip(keys, line_inputs, strict=True):
        line = lines.get(int(key))
        if line is None:
            raise InputError("NOT_FOUND", Missing.default_message, field="fulfillmentLines")
        if not _is_eligible(line.parcel, is_return=is_return):
            message = _("These items are not with the buyer.")
            raise InputError("INVALID", message, field=field_name)
        requested[line.pk] = requested.get(line.pk, 0) + line_input["quantity"]
        if line_input["quantity"] < 1 or requested[line.pk] > line.quantity:
            message = _("That is more than the parcel held.")
            raise InputError("INVALID_QUANTITY", message, field=field_name)
        moved = items.replaced if line_input.get("replace") else items.fulfilled
        moved[line.order_line_id] = moved.get(line.order_line_id, 0) + line_input["quantity"]
        _add_reason(line_input, line.order_line_id, items, context)


def _is_eligible(parcel: Parcel, *, is_return: bool) -> bool:
    """Return whether the items of a parcel can come back or, unless it is a return, be refunded."""
    if is_return:
        return parcel.kind in OUTGOING_KINDS and parcel.state == ParcelState.DELIVERED
    return parcel.kind in OUTGOING_KINDS | RETURN_KINDS and parcel.state != ParcelState.VOIDED


def _add_reason(line_input: InputData, line_id: uuid.UUID, items: _Items, context: Context) -> None:
    page = find_reason_page_of_input(
        ReasonKind.RETURN,
        line_input.get("reasonReference"),
        context,
        field="reasonReference",
        is_required=False,
    )
    text = (line_input.get("reason") or "").strip()
    if text or page is not None:
        items.reasons[line_id] = Reason(text, page.pk if page is not None else None)


def _added(first: Mapping[uuid.UUID, int], second: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, int]:
    return {key: first.get(key, 0) + second.get(key, 0) for key in (*first, *second)}


def _find_part_ids(order_id: uuid.UUID, context: Context) -> set[int]:
    parts = filter_handled(context, OrderPart.objects.filter(order=order_id), order="order", part="pk")
    return set(parts.values_list("pk", flat=True))


def _read_first(
    parcels: Iterable[Parcel], field_name: str, context: Context, selection: Selection
) -> Row | None:
    key = next((parcel.pk for parcel in parcels), None)
    return fulfillment_object.by_key(context, [key], selection.names(field_name)).get(key)


TYPES = (mutation,)
