"""Write draft orders: buyer, addresses and items, until they are placed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from catalog.models import Variant
from orders.actions.order_records.record_order import Contact
from orders.actions.placement.draft_orders import (
    DraftContent,
    change_draft,
    create_draft,
    place_draft,
)
from orders.actions.placement.place_order import BasketChanged
from orders.actions.quotes.quote_types import Quote, QuoteProblem, RequestedLine
from orders.models import Order, OrderLine, OrderSource
from shop.accounts.models import Address, ConsentPurpose, User
from shop.api.account.clients import require_valid_email
from shop.api.addresses import convert_address
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.in_channel import channel_by_key
from shop.api.language_codes import tag_from_code
from shop.api.metadata import metadata_from_input
from shop.api.money import parse_minor_units
from shop.api.orders.inputs import (
    DraftOrderCompleteArguments,
    DraftOrderCreateArguments,
    DraftOrderCreateInput,
    DraftOrderInput,
    DraftOrderUpdateArguments,
    OrderLineCreateInput,
    OrderLineDeleteArguments,
    OrderLinesCreateArguments,
    OrderLineUpdateArguments,
)
from shop.api.orders.mutations import find_manageable_order_key, find_order, order_row
from shop.api.orders.types import WHOLE_ORDER_PERMISSIONS, line_object
from shop.api.root_fields import Mutations
from shop.core.errors import Missing
from shop.core.models import Channel

_MAX_QUANTITY = 1_000_000
CODES = {
    "already_taken": "UNIQUE",
    "basket_empty": "REQUIRED",
    "combined_option_not_available": "SHIPPING_METHOD_NOT_APPLICABLE",
    "not_a_draft": "NOT_EDITABLE",
    "not_for_sale": "NOT_AVAILABLE_IN_CHANNEL",
    "receiver_incomplete": "ORDER_NO_SHIPPING_ADDRESS",
}
mutation = Mutations(codes=CODES)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def draft_order_create(
    arguments: DraftOrderCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    channel = _find_channel(input_data.get("channelId"), context)
    empty = DraftContent(
        lines=[],
        deliveries={},
        contact=Contact(name="", phone="", address=Address(country=channel.default_country)),
    )
    content = _build_changed_content(empty, input_data, None, context)
    lines = _build_lines_with([], input_data.get("lines") or [], channel)
    order = create_draft(
        channel=channel,
        source=OrderSource.API,
        content=replace(content, lines=lines),
        actor=context.actor,
        now=context.now,
    )
    return {"order": order_row(order.pk, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def draft_order_update(
    arguments: DraftOrderUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_order(arguments.get("id"), arguments.get("externalReference"), context).pk

    def set_fields(content: DraftContent) -> DraftContent:
        locked_order = Order.objects.select_related("billing_address").get(pk=key)
        return _build_changed_content(content, arguments["input"], locked_order, context)

    change_draft(order_id=key, change=set_fields, actor=context.actor, now=context.now)
    return {"order": order_row(key, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def draft_order_complete(
    arguments: DraftOrderCompleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_manageable_order_key(arguments["id"], "id", context)
    try:
        place_draft(
            order_id=key, consents=frozenset({ConsentPurpose.ORDER}), actor=context.actor, now=context.now
        )
    except BasketChanged as changed:
        raise _build_problem_error(changed.details["quote"], changed) from changed
    return {"order": order_row(key, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_lines_create(
    arguments: OrderLinesCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    order = find_order(arguments["id"], None, context)
    changed_lines: list[RequestedLine] = []

    def add_lines(content: DraftContent) -> DraftContent:
        lines = _build_lines_with(content.lines, arguments["input"], order.channel)
        changed_lines.extend(line for line in lines if line not in content.lines)
        return replace(content, lines=lines)

    change_draft(order_id=order.pk, change=add_lines, actor=context.actor, now=context.now)
    keys = [line.key for line in changed_lines]
    rows = line_object.by_key(context, keys, selection.names("orderLines"))
    return {
        "order": order_row(order.pk, context, selection),
        "orderLines": [rows[key] for key in keys],
    }


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_line_update(
    arguments: OrderLineUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    order_id, line_id = find_line(arguments["id"], context)
    quantity = _require_valid_quantity(arguments["input"]["quantity"])

    def set_quantity(content: DraftContent) -> DraftContent:
        lines = [replace(line, quantity=quantity) if line.key == line_id else line for line in content.lines]
        return replace(content, lines=lines)

    change_draft(order_id=order_id, change=set_quantity, actor=context.actor, now=context.now)
    rows = line_object.by_key(context, [line_id], selection.names("orderLine"))
    return {"order": order_row(order_id, context, selection), "orderLine": rows.get(line_id)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_line_delete(
    arguments: OrderLineDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Remove an item, and return it as it was."""
    order_id, line_id = find_line(arguments["id"], context)
    removed = line_object.by_key(context, [line_id], selection.names("orderLine")).get(line_id)

    def remove_line(content: DraftContent) -> DraftContent:
        return replace(content, lines=[line for line in content.lines if line.key != line_id])

    change_draft(order_id=order_id, change=remove_line, actor=context.actor, now=context.now)
    return {"order": order_row(order_id, context, selection), "orderLine": removed}


def _find_channel(text: str | None, context: Context) -> Channel:
    if text is None:
        raise InputError("REQUIRED", _("Choose a channel."), field="channelId")
    channel = channel_by_key(context, int(input_key(text, "Channel", field="channelId")))
    if channel is None:
        raise InputError("NOT_FOUND", _("This channel does not exist."), field="channelId")
    return channel


def _build_changed_content(
    content: DraftContent,
    input_data: DraftOrderCreateInput | DraftOrderInput,
    order: Order | None,
    context: Context,
) -> DraftContent:
    """Return the content with what the input names. Raises InputError, InputErrors."""
    contact, columns = content.contact, dict[str, object]()
    buyer = _find_buyer(input_data.get("user"))
    if "user" in input_data:
        columns["user_id"] = buyer.pk if buyer else None
    if input_data.get("userEmail") is not None:
        contact = replace(contact, email=require_valid_email(input_data["userEmail"] or "", "userEmail"))
    elif buyer is not None and not contact.email:
        contact = replace(contact, email=buyer.email or "")
    if input_data.get("customerNote") is not None:
        contact = replace(contact, note=input_data["customerNote"] or "")
    if (address_input := input_data.get("shippingAddress")) is not None:
        address = convert_address(
            address_input, context, existing=contact.address.copy(), address_type="SHIPPING"
        )
        contact = replace(
            contact,
            name=f"{address.last_name} {address.first_name}".strip(),
            phone=address.phone,
            address=address,
            province_code=address.province_code,
        )
    if (address_input := input_data.get("billingAddress")) is not None:
        former = order.billing_address.copy() if order is not None and order.billing_address else None
        billing = convert_address(address_input, context, existing=former, address_type="BILLING")
        contact = replace(contact, billing=billing)
    if "externalReference" in input_data:
        columns["external_reference"] = input_data["externalReference"] or None
    if input_data.get("languageCode"):
        columns["language"] = tag_from_code(input_data["languageCode"] or "")
    if (public_items := input_data.get("metadata")) is not None:
        columns["metadata"] = (order.metadata if order else {}) | metadata_from_input(public_items)
    if (private_items := input_data.get("privateMetadata")) is not None:
        columns["private_metadata"] = (order.private_metadata if order else {}) | metadata_from_input(
            private_items
        )
    voucher_code = input_data["voucherCode"] or "" if "voucherCode" in input_data else content.voucher_code
    if input_data.get("voucher") is not None:
        raise InputError("INVALID_VOUCHER", _("Enter the voucher's code."), field="voucher")
    if "shippingMethod" in input_data:
        content = replace(content, deliveries={}, service_id=service_key(input_data["shippingMethod"]))
    return replace(content, contact=contact, voucher_code=voucher_code, columns=columns)


def service_key(text: str | None) -> int | None:
    """Return the key of a shipping service, or None if none is chosen. Raises InputError."""
    if text is None:
        return None
    return int(input_key(text, "ShippingMethod", "ShippingMethodType", field="shippingMethod"))


def _find_buyer(text: str | None) -> User | None:
    if text is None:
        return None
    buyer = User.objects.filter(pk=input_key(text, "User", field="user")).first()
    if buyer is None:
        raise Missing(field="user")
    return buyer


def _build_lines_with(
    lines: Sequence[RequestedLine], inputs: Sequence[OrderLineCreateInput], channel: Channel
) -> list[RequestedLine]:
    """Return the lines with added ones. Raises InputError."""
    result = list(lines)
    for line_input in inputs:
        variant_id = int(input_key(line_input["variantId"], "ProductVariant", field="variantId"))
        quantity = _require_valid_quantity(line_input["quantity"])
        price = line_input.get("price")
        forced_price = None if price is None else parse_minor_units(price, channel.currency, field="price")
        position = next((index for index, line in enumerate(result) if line.variant_id == variant_id), None)
        if position is None or line_input.get("forceNewLine"):
            result.append(RequestedLine(uuid.uuid4(), variant_id, quantity, forced_price=forced_price))
            continue
        line = result[position]
        result[position] = replace(
            line,
            quantity=_require_valid_quantity(line.quantity + quantity),
            forced_price=line.forced_price if forced_price is None else forced_price,
        )
    known = Variant.objects.existing().filter(pk__in={line.variant_id for line in result})
    if known.count() < len({line.variant_id for line in result}):
        raise InputError("NOT_FOUND", Missing.default_message, field="variantId")
    return result


def _require_valid_quantity(quantity: int) -> int:
    if quantity < 1:
        raise InputError("ZERO_QUANTITY", _("Enter 1 or more."), field="quantity")
    if quantity > _MAX_QUANTITY:
        raise InputError("INVALID_QUANTITY", _("This number is too large."), field="quantity")
    return quantity


def find_line(text: str, context: Context, *, field: str = "id") -> tuple[uuid.UUID, uuid.UUID]:
    """Return the keys of an item's order and of the item. Raises InputError, Missing."""
    line_id = uuid.UUID(str(input_key(text, "OrderLine", field=field)))
    order_id = line_object.rows(context).filter(pk=line_id).values_list("order", flat=True).first()
    if order_id is None or not OrderLine.objects.filter(pk=line_id, variant__isnull=False).exists():
        raise Missing(field=field)
    return order_id, line_id


def _build_problem_error(quote: Quote, changed: BasketChanged) -> InputError:
    """Return the error of a draft that cannot be placed: no delivery, or not enough stock."""
    deliveries = {QuoteProblem.NO_DELIVERY_CHOSEN, QuoteProblem.NOT_DELIVERED, QuoteProblem.SLOT_GONE}
    if QuoteProblem.NO_DELIVERY_CHOSEN in quote.problems:
        return InputError(
            "SHIPPING_METHOD_REQUIRED", _("Choose how the items are delivered."), field="shipping"
        )
    if deliveries & quote.problems:
        return InputError("SHIPPING_METHOD_NOT_APPLICABLE", changed.message, field="shipping")
    return InputError("INSUFFICIENT_STOCK", changed.message, field="lines")


TYPES = (mutation,)
