"""Staff mutations of orders and parcels.

Cooperatives' staff fulfil their own parts. Only platform staff change whole orders.
"""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.one_step_fulfilment import (
    LineToSend,
    close_and_dispatch_parcel,
    fulfil_order,
    set_tracking_number,
)
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.order_records.order_notes import add_note, correct_note
from orders.actions.payments.confirm_order import confirm_order
from orders.actions.placement.correct_order import correct_order
from orders.models import Order, OrderLine, Parcel
from shop.accounts.models import Address
from shop.api.account.clients import require_valid_email
from shop.api.addresses import convert_address
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError, InputErrors
from shop.api.ids import global_ids, input_key
from shop.api.input_data import InputData
from shop.api.language_codes import tag_from_code
from shop.api.metadata import metadata_from_input
from shop.api.object_types import Row
from shop.api.orders.inputs import (
    OrderCancelArguments,
    OrderConfirmArguments,
    OrderFulfillArguments,
    OrderFulfillLineInput,
    OrderFulfillmentApproveArguments,
    OrderFulfillmentCancelArguments,
    OrderFulfillmentUpdateTrackingArguments,
    OrderNoteAddArguments,
    OrderNoteUpdateArguments,
    OrderUpdateArguments,
)
from shop.api.orders.types import (
    ORDER_PERMISSIONS,
    WHOLE_ORDER_PERMISSIONS,
    event_object,
    fulfillment_object,
    order_object,
)
from shop.api.orders.visibility import filter_handled, find_order_key, handled_orders
from shop.api.root_fields import Mutations
from shop.core.errors import Missing, Refused

MAX_TRACKING_LENGTH = 120
CODES = {
    "already_taken": "UNIQUE",
    "province_changed": "INVALID",
    "part_already_handed_over": "CANNOT_CANCEL_ORDER",
    "order_not_confirmed": "INVALID",
    "not_enough_warehouse_stock": "INSUFFICIENT_STOCK",
    "order_not_paid": "CANNOT_FULFILL_UNPAID_ORDER",
    "quantity_not_open": "FULFILL_ORDER_LINE",
    "lines_not_weighed": "FULFILL_ORDER_LINE",
    "substitute_unanswered": "FULFILL_ORDER_LINE",
    "order_not_awaiting_payment": "INVALID",
    "empty_note": "REQUIRED",
    "note_too_long": "GRAPHQL_ERROR",
}
mutation = Mutations(codes=CODES)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_cancel(
    arguments: OrderCancelArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_manageable_order_key(arguments["id"], "id", context)
    with ErrorCodeMap(transition_not_allowed="CANNOT_CANCEL_ORDER"):
        reason = gettext_noop("Cancelled by the market.")
        cancel_order(order_id=key, reason=reason, actor=context.actor, now=context.now)
    return {"order": order_row(key, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_confirm(
    arguments: OrderConfirmArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_manageable_order_key(arguments["id"], "id", context)
    confirm_order(order_id=key, actor=context.actor, now=context.now)
    return {"order": order_row(key, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_note_add(
    arguments: OrderNoteAddArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_manageable_order_key(arguments["order"], "order", context)
    note = add_note(order_id=key, text=arguments["input"]["message"], actor=context.actor, now=context.now)
    return {
        "order": order_row(key, context, selection),
        "event": event_object.by_key(context, [note.pk], selection.names("event")).get(note.pk),
    }


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_note_update(
    arguments: OrderNoteUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["note"], "OrderEvent", field="note")
    note = correct_note(note_id=key, text=arguments["input"]["message"], actor=context.actor, now=context.now)
    return {
        "order": order_row(uuid.UUID(note.key), context, selection),
        "event": event_object.by_key(context, [note.pk], selection.names("event")).get(note.pk),
    }


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_update(
    arguments: OrderUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data: InputData = arguments["input"]
    order = find_order(arguments.get("id"), arguments.get("externalReference"), context)
    values: dict[str, object] = {}
    if input_data.get("userEmail") is not None:
        values["email"] = require_valid_email(input_data["userEmail"], "userEmail")
    if "externalReference" in input_data:
        values["external_reference"] = input_data["externalReference"] or None
    if input_data.get("languageCode"):
        values["language"] = tag_from_code(input_data["languageCode"])
    for name, column in (("metadata", "metadata"), ("privateMetadata", "private_metadata")):
        if input_data.get(name) is not None:
            values[column] = getattr(order, column) | metadata_from_input(input_data[name])
    correct_order(
        order_id=order.pk,
        values=values,
        shipping=_build_address(input_data, "shippingAddress", order.shipping_address, "SHIPPING", context),
        billing=_build_address(input_data, "billingAddress", order.billing_address, "BILLING", context),
        actor=context.actor,
        now=context.now,
    )
    return {"order": order_row(order.pk, context, selection)}


def _build_address(
    input_data: InputData, name: str, current: Address | None, address_type: str, context: Context
) -> Address | None:
    if input_data.get(name) is None:
        return None
    return convert_address(
        input_data[name], context, existing=current.copy() if current else None, address_type=address_type
    )


def find_order(text: str | None, reference: str | None, context: Context) -> Order:
    """Return an order by its global id or its external reference. Raises InputError, Missing."""
    if (text is None) == (reference is None):
        raise InputError("REQUIRED", _("Choose an order."), field="id")
    rows = Order.objects.filter(external_reference=reference)
    if text is not None:
        rows = Order.objects.filter(pk=find_manageable_order_key(text, "id", context))
    order = rows.select_related("shipping_address", "billing_address").first()
    if order is None:
        raise Missing(field="externalReference")
    return order


@mutation.field(permissions=ORDER_PERMISSIONS)
def order_fulfill(
    arguments: OrderFulfillArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    text = arguments.get("order")
    if text is None:
        raise InputError("REQUIRED", _("Choose an order."), field="order")
    order_key = find_manageable_order_key(text, "order", context)
    with ErrorCodeMap(transition_not_allowed="FULFILL_ORDER_LINE"):
        parcels = fulfil_order(
            order_id=order_key,
            lines_to_send=_read_sent_quantities(input_data["lines"], order_key, context),
            tracking_number=_tracking_number(input_data.get("trackingNumber")),
            should_hand_over=context.settings.fulfillment_auto_approve,
            may_exceed_stock=bool(input_data.get("allowStockToBeExceeded")),
            actor=context.actor,
            now=context.now,
        )
    keys = [parcel.pk for parcel in parcels]
    rows = fulfillment_object.by_key(context, keys, selection.names("fulfillments"))
    return {
        "order": order_row(order_key, context, selection),
        "fulfillments": [rows[parcel_key] for parcel_key in keys if parcel_key in rows],
    }


def _read_sent_quantities(
    line_inputs: list[OrderFulfillLineInput], order_id: uuid.UUID, context: Context
) -> list[LineToSend]:
    """Return the quantities to send per warehouse. Raises InputErrors, one per invalid line."""
    lines_to_send, errors = [], []
    for line_input in line_inputs:
        text = line_input.get("orderLineId")
        if text is None:
            raise InputError("REQUIRED", _("Choose an item."), field="orderLineId")
        line_id = input_key(text, "OrderLine", field="orderLineId")
        for stock in line_input["stocks"]:
            warehouse_key = input_key(stock["warehouse"], "Warehouse", field="warehouse")
            if stock["quantity"] < 0:
                message = _("Enter 0 or more.")
                errors.append(InputError("ZERO_QUANTITY", message, field="quantity", orderLines=[text]))
            elif stock["quantity"]:
                lines_to_send.append(LineToSend(line_id, warehouse_key, stock["quantity"]))
    if errors:
        raise InputErrors(errors)
    if not lines_to_send:
        raise InputError("ZERO_QUANTITY", _("Enter the quantity to send."), field="lines")
    requested = {line.line_id for line in lines_to_send}
    lines = filter_handled(context, OrderLine.objects.filter(order=order_id), order="order", part="part")
    if lines.filter(pk__in=requested).count() < len(requested):
        raise InputError("NOT_FOUND", Missing.default_message, field="orderLineId")
    return lines_to_send


@mutation.field(permissions=ORDER_PERMISSIONS)
def order_fulfillment_approve(
    arguments: OrderFulfillmentApproveArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _find_handled_parcel_key(arguments["id"], context)
    with ErrorCodeMap(transition_not_allowed="INVALID"):
        close_and_dispatch_parcel(parcel_id=key, actor=context.actor, now=context.now)
    return _build_parcel_payload(key, context, selection)


@mutation.field(permissions=ORDER_PERMISSIONS)
def order_fulfillment_cancel(
    arguments: OrderFulfillmentCancelArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Void a parcel. Its stock returns to the warehouse where it was packed. `warehouseId` is ignored."""
    key = _find_handled_parcel_key(arguments["id"], context)
    with ErrorCodeMap(transition_not_allowed="CANNOT_CANCEL_FULFILLMENT"):
        reason = gettext_noop("Undone by staff.")
        void_parcel(parcel_id=key, reason=reason, actor=context.actor, now=context.now)
    return _build_parcel_payload(key, context, selection)


@mutation.field(permissions=ORDER_PERMISSIONS)
def order_fulfillment_update_tracking(
    arguments: OrderFulfillmentUpdateTrackingArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _find_handled_parcel_key(arguments["id"], context)
    number = _tracking_number(arguments["input"].get("trackingNumber"))
    with ErrorCodeMap(transition_not_allowed="INVALID"):
        set_tracking_number(parcel_id=key, tracking_number=number, actor=context.actor, now=context.now)
    return _build_parcel_payload(key, context, selection)


class ErrorCodeMap:
    """Maps refusal codes to the schema's error codes for a single mutation."""

    def __init__(self, **codes: str) -> None:
        self._codes = codes

    def __enter__(self) -> None:
        return None

    def __exit__(self, error_type: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refused) and error.code in self._codes:
            raise InputError(self._codes[error.code], error.message, field=error.field) from error
        if isinstance(error, Refused) and "lines" in error.details:
            line_ids = global_ids("OrderLine", error.details["lines"])
            raise InputError(CODES[error.code], error.message, orderLines=line_ids) from error


def find_manageable_order_key(text: str, field: str, context: Context) -> uuid.UUID:
    """Return the key of an order that the requester handles. Raises InputError, Missing."""
    key = find_order_key(context, input_key(text, "Order", field=field))
    if key is None or not handled_orders(context).filter(pk=key).exists():
        raise Missing(field=field)
    return key


def order_row(key: uuid.UUID, context: Context, selection: Selection) -> Row | None:
    return order_object.by_key(context, [key], selection.names("order")).get(key)


def _find_handled_parcel_key(text: str, context: Context) -> int:
    key = int(input_key(text, "Fulfillment", field="id"))
    parcels = filter_handled(context, Parcel.objects.filter(pk=key), order="part__order", part="part")
    if not parcels.exists():
        raise Missing(field="id")
    return key


def _build_parcel_payload(key: int, context: Context, selection: Selection) -> dict[str, object]:
    order_key = fulfillment_object.rows(context).filter(pk=key).values_list("part__order", flat=True).first()
    rows = fulfillment_object.by_key(context, [key], selection.names("fulfillment"))
    return {
        "fulfillment": rows.get(key),
        "order": order_row(order_key, context, selection) if order_key is not None else None,
    }


def _tracking_number(text: str | None) -> str:
    number = (text or "").strip()
    if len(number) > MAX_TRACKING_LENGTH:
        raise InputError("INVALID", _("This text is too long."), field="trackingNumber")
    return number


TYPES = (mutation,)
