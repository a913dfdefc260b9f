"""The fields of `Order`, except its totals."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from django.db.models import F, Q

from cooperatives.models import PICKUP_KINDS
from orders.models import Order, OrderLine, OrderPart
from orders.states import Coverage, OrderStatus, SaleorStatus
from shop.accounts.models import Address, User
from shop.api.account.types import user_object
from shop.api.base.channels import channel_object
from shop.api.base.entities import ENTITIES
from shop.api.base.places import address_object
from shop.api.breadth import Selection
from shop.api.catalogue.grams import weight_in_unit
from shop.api.context import Context
from shop.api.ids import Key, global_id, global_ids
from shop.api.language_codes import code_from_tag
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, Type, compiled_rows
from shop.api.orders.placed_lines import placed_lines
from shop.api.orders.types import (
    ORDER_PERMISSIONS,
    WHOLE_ORDER_PERMISSIONS,
    fulfillment_object,
    is_owner,
    line_object,
    order_object,
)
from shop.api.orders.visibility import can_only_see_parts, filter_visible, order_scope, shown_key
from shop.core.models import Channel

order_object.columns(
    updatedAt="updated_at",
    status="saleor_status",
    origin="saleor_origin",
    authorizeStatus="authorize_coverage",
    chargeStatus="charge_coverage",
    customerNote="note",
    externalReference="external_reference",
    voucherCode="voucher_code",
)
order_object.related("channel", channel_object, column="channel_id", rows=Channel.objects.all())
order_object.unsupported("original", "redirectUrl", "shippingTaxClass")
order_object.unsupported("trackingClientId", value="")
order_object.unsupported("taxExemption", value=False)
order_object.unsupported("displayGrossPrices", value=True)
order_object.unsupported(
    "availableCollectionPoints",
    "invoices",
    "errors",
    "shippingTaxClassMetadata",
    "shippingTaxClassPrivateMetadata",
    value=[],
)
add_metadata_fields(
    order_object,
    Order,
    permissions=WHOLE_ORDER_PERMISSIONS,
    owner_check=is_owner,
    read_permissions=ORDER_PERMISSIONS,
    hidden_unless="is_whole",
)
ENTITIES |= {"Order": order_object}

invoice_object = Type("Invoice")
invoice_object.value_fields(
    "id", "status", "createdAt", "updatedAt", "message", "number", "externalUrl", "url", "order"
)
invoice_object.value_fields("metadata", "metafield", "metafields")
invoice_object.value_fields("privateMetadata", "privateMetafield", "privateMetafields")

_PAID = frozenset({Coverage.FULL, Coverage.OVER})
_PAYMENT = {
    Coverage.NONE: "NOT_CHARGED",
    Coverage.PARTIAL: "PARTIALLY_CHARGED",
    Coverage.FULL: "FULLY_CHARGED",
    Coverage.OVER: "FULLY_CHARGED",
}
_CONFIRMABLE = frozenset({SaleorStatus.DRAFT, SaleorStatus.UNCONFIRMED})


@order_object.field(needs=("placed_at", "created_at"))
def created(orders: list[Row], *_: object) -> Sequence[object]:
    return [order_row.placed_at or order_row.created_at for order_row in orders]


@order_object.field(needs="number")
def number(orders: list[Row], *_: object) -> list[str]:
    return [str(order_row.number) for order_row in orders]


_KEY_COLUMNS = ("id", "number", "is_whole")


@order_object.field("id", needs=_KEY_COLUMNS)
def id_of_orders(orders: list[Row], *_: object) -> list[str]:
    return global_ids("Order", map(shown_key, orders))


@order_object.field(needs=_KEY_COLUMNS)
def token(orders: list[Row], *_: object) -> list[str]:
    return [str(shown_key(order_row)) for order_row in orders]


@order_object.field(needs=("basket_key", "is_whole"))
def checkout_id(orders: list[Row], *_: object) -> list[str | None]:
    return [
        global_id("Checkout", order_row.basket_key) if order_row.basket_key and order_row.is_whole else None
        for order_row in orders
    ]


@order_object.field(needs=("email", "is_whole"))
def user_email(orders: list[Row], *_: object) -> list[str | None]:
    return [order_row.email if order_row.is_whole else None for order_row in orders]


def _addresses(field: str, column: str, visibility_column: str) -> None:
    """Add a field for the order's copy of an address, for requesters who may see it."""

    def resolve(
        orders: list[Row], arguments: object, context: Context, selection: Selection
    ) -> list[Row | None]:
        keys = [
            getattr(order_row, column) if getattr(order_row, visibility_column) else None
            for order_row in orders
        ]
        addresses_by_key = address_object.by_key(context, keys, selection.names(), rows=Address.objects.all())
        return [addresses_by_key.get(key) for key in keys]

    order_object.field(field, needs=(column, visibility_column))(resolve)


_addresses("billingAddress", "billing_address_id", "is_whole")
_addresses("shippingAddress", "shipping_address_id", "may_show_address")


@order_object.field(needs="status")
def status_display(orders: list[Row], *_: object) -> list[str]:
    return [str(OrderStatus(order_row.status).label) for order_row in orders]


@order_object.field("user", needs=("user_id", "is_whole"))
def user_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve the buyer, visible to themselves and to staff, but not to others who have the order's id."""
    requester_key = context.user.pk if context.user else None
    can_see_all_buyers = order_scope(context).has_platform_grant
    keys = [
        order_row.user_id
        if order_row.is_whole and (can_see_all_buyers or order_row.user_id == requester_key)
        else None
        for order_row in orders
    ]
    users_by_key = user_object.by_key(context, keys, selection.names(), rows=User.objects.all())
    return [users_by_key.get(key) for key in keys]


@order_object.field(needs="language")
def language_code(orders: list[Row], *_: object) -> list[str]:
    return [order_row.language for order_row in orders]


@order_object.field(needs="language")
def language_code_enum(orders: list[Row], *_: object) -> list[str]:
    return [code_from_tag(order_row.language) for order_row in orders]


@order_object.field(needs="charge_coverage")
def is_paid(orders: list[Row], *_: object) -> list[bool]:
    return [order_row.charge_coverage in _PAID for order_row in orders]


@order_object.field(needs="charge_coverage")
def payment_status(orders: list[Row], *_: object) -> list[str]:
    return [_PAYMENT[Coverage(order_row.charge_coverage)] for order_row in orders]


@order_object.field(needs="charge_coverage")
def payment_status_display(orders: list[Row], *_: object) -> list[str]:
    return [str(Coverage(order_row.charge_coverage).label) for order_row in orders]


@order_object.field(needs=("saleor_status", "charge_coverage"), permissions=ORDER_PERMISSIONS)
def actions(orders: list[Row], *_: object) -> list[list[str]]:
    """Resolve actions of the older payment API, by which an unpaid order may be marked as paid."""
    return [
        ["MARK_AS_PAID"]
        if order_row.charge_coverage == Coverage.NONE and order_row.saleor_status != SaleorStatus.CANCELED
        else []
        for order_row in orders
    ]


@order_object.field(needs="saleor_status")
def can_finalize(orders: list[Row], *_: object) -> list[bool]:
    return [order_row.saleor_status in _CONFIRMABLE for order_row in orders]


@order_object.field("lines", needs="id")
def lines_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    keys = [order_row.id for order_row in orders]
    fields = selection.names()
    if len(keys) == 1 and (placed := placed_lines(context, keys[0])) is not None:
        return [[line_object.row_of(placed_line, fields) for placed_line in placed]]
    rows = line_object.rows(context).filter(order__in=keys).order_by("part_id", "position", "id")
    line_rows = rows if can_only_see_parts(context) else compiled_rows(_load_lines, keys)
    lines_by_order = line_object.grouped(line_rows, fields, by="order_id")
    return [lines_by_order.get(order_row.id, []) for order_row in orders]


def _load_lines(order_ids: Collection[uuid.UUID]) -> Rows:
    return OrderLine.objects.filter(order__in=order_ids).order_by("part_id", "position", "id")


@order_object.field("fulfillments", needs="id")
def fulfillments_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    rows = fulfillment_object.rows(context).filter(part__order__in=[order_row.id for order_row in orders])
    rows = rows.annotate(of_order=F("part__order")).order_by("part_id", "number", "id")
    parcels_by_order = fulfillment_object.grouped(rows, selection.names(), by="of_order")
    return [parcels_by_order.get(order_row.id, []) for order_row in orders]


@order_object.field(needs="id")
def weight(orders: list[Row], arguments: object, context: Context, selection: Selection) -> Sequence[object]:
    """Resolve the delivery weight. For lines sold by weight it is the recorded one."""
    rows = line_object.rows(context).filter(order__in=[order_row.id for order_row in orders])
    grams_by_order: dict[Key, int] = {}
    for key, grams, quantity, weighed in rows.values_list("order", "grams", "quantity", "weighed_grams"):
        grams_by_order[key] = grams_by_order.get(key, 0) + (grams * quantity if weighed is None else weighed)
    unit = context.settings.default_weight_unit
    return [weight_in_unit(grams_by_order.get(order_row.id, 0), unit) for order_row in orders]


@order_object.field(needs="id")
def is_shipping_required(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[bool]:
    rows = line_object.rows(context).filter(
        order__in=[order_row.id for order_row in orders], is_shipping_required=True
    )
    shipped_orders = set(rows.order_by().values_list("order", flat=True).distinct())
    return [order_row.id in shipped_orders for order_row in orders]


def _read_joined_names(context: Context, orders: list[Row], condition: Q, column: str) -> list[str | None]:
    """Return the distinct values of a column over each order's parts, joined."""
    parts = filter_visible(context, OrderPart.objects.exclude(**{column: ""}), order="order", part="pk")
    parts = parts.filter(condition, order__in=[order_row.id for order_row in orders])
    names_by_order: dict[Key, list[str]] = {}
    for key, name in parts.order_by("order", "number").values_list("order", column):
        if name not in names_by_order.setdefault(key, []):
            names_by_order[key].append(name)
    return [
        ", ".join(names_by_order[order_row.id]) if order_row.id in names_by_order else None
        for order_row in orders
    ]


@order_object.field(needs="id")
def shipping_method_name(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str | None]:
    return _read_joined_names(context, orders, ~Q(delivery_kind__in=PICKUP_KINDS), "delivery_name")


@order_object.field(needs="id")
def collection_point_name(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str | None]:
    return _read_joined_names(context, orders, Q(delivery_kind__in=PICKUP_KINDS), "delivery_name")


@order_object.field(needs="id")
def shipping_tax_class_name(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str | None]:
    return _read_joined_names(context, orders, Q(), "delivery_tax_class_name")


TYPES = (order_object, invoice_object)
