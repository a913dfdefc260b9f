"""The events of an order, from the changes of it, its parts and its parcels."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from orders.change_texts import ORDER_CHANGE_TEXTS
from orders.models import Order, Parcel, ParcelLine
from shop.api.breadth import Selection
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.money import to_major_units
from shop.api.object_types import Row, Rows, Type
from shop.api.orders.inputs import HomepageEventsArguments
from shop.api.orders.refunds import actors
from shop.api.orders.types import ORDER_PERMISSIONS, event_object, fulfillment_line_object, order_object
from shop.api.orders.visibility import order_scope
from shop.api.root_fields import Queries
from shop.core.actors import ActorKind

# Changes with an event type in the schema.
EVENT_TYPES = {
    "order.drafted": "DRAFT_CREATED",
    "order.placed": "PLACED",
    "order.placed_from_draft": "PLACED_FROM_DRAFT",
    "order.confirmed": "CONFIRMED",
    "order.cancelled": "CANCELED",
    "order.expired": "EXPIRED",
    "order.corrected": "UPDATED_ADDRESS",
    "order.note_added": "NOTE_ADDED",
    "order.note_changed": "NOTE_UPDATED",
    "parcel.packed": "FULFILLMENT_AWAITS_APPROVAL",
    "parcel.handed_over": "FULFILLMENT_FULFILLED_ITEMS",
    "parcel.tracking_set": "TRACKING_UPDATED",
    "parcel.voided": "FULFILLMENT_CANCELED",
    "parcel.return_received": "FULFILLMENT_RETURNED",
    "payment.received": "PAYMENT_CAPTURED",
    "payment.authorised": "PAYMENT_AUTHORIZED",
    "payment.declined": "PAYMENT_FAILED",
    "payment.failed": "PAYMENT_FAILED",
    "payment.voided": "PAYMENT_VOIDED",
    "payment.refunded": "PAYMENT_REFUNDED",
}
OTHER_EVENT_TYPE = "EXTERNAL_SERVICE_NOTIFICATION"
# Other changes are shown as messages of the type for external services.
EVENT_MESSAGES = {
    action: ORDER_CHANGE_TEXTS[action]
    for action in (
        "part.accepted",
        "part.declined",
        "part.cancelled",
        "part.acceptance_undone",
        "part.shortage_undone",
        "part.unanswered",
        "line.weighed",
        "line.weight_question_asked",
        "line.weight_agreed",
        "line.weight_refused",
        "line.weight_removed",
        "substitute.offered",
        "substitute.accepted",
        "substitute.rejected",
        "substitute.expired",
        "substitute.withdrawn",
        "parcel.delivered",
        "parcel.handover_undone",
        "parcel.delivery_undone",
        "parcel.failure_undone",
        "parcel.cash_undone",
        "parcel.delivery_failed",
        "parcel.cash_collected",
        "payment.method_changed",
        "payment.unassigned",
        "payment.disputed",
        "payment.refund_failed",
        "refund.decided",
        "complaint.filed",
        "complaint.accepted",
        "complaint.rejected",
        "complaint.withdrawn",
        "complaint.added_to",
    )
}
# Changes of the whole order that all of its cooperatives may see.
_ORDER_WIDE = (
    "order.placed",
    "order.placed_from_draft",
    "order.confirmed",
    "order.cancelled",
    "order.expired",
)
_MONEY = frozenset(action for action in EVENT_TYPES if action.startswith("payment."))
_PARCEL = Parcel._meta.label_lower

event_object.id()
event_object.columns(date="created_at")
event_object.unsupported(
    "email",
    "emailType",
    "paymentId",
    "paymentGateway",
    "quantity",
    "invoiceNumber",
    "oversoldItems",
    "warehouse",
    "transactionReference",
    "shippingCostsIncluded",
    "relatedOrder",
    "related",
    "discount",
    "lines",
    "reference",
)

event_line_object = Type("OrderEventOrderLineObject")
event_line_object.value_fields("quantity", "orderLine", "itemName", "discount")
event_discount_object = Type("OrderEventDiscountObject")
event_discount_object.value_fields(
    "valueType", "value", "reason", "amount", "oldValueType", "oldValue", "oldAmount"
)


def changes_of_event_types(names: Iterable[str]) -> list[str]:
    """Return the actions of changes that have one of these event types."""
    requested = set(names)
    other_changes = list(EVENT_MESSAGES) if OTHER_EVENT_TYPE in requested else []
    return [action for action, name in EVENT_TYPES.items() if name in requested] + other_changes


@order_object.field("events", needs="id", permissions=ORDER_PERMISSIONS)
def events_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    keys = [str(order_row.id) for order_row in orders]
    rows = visible_events(context).filter(root_kind=Order._meta.label_lower, root_key__in=keys)
    rows = rows.filter(action__in=[*EVENT_TYPES, *EVENT_MESSAGES]).order_by("root_key", "created_at", "pk")
    events_by_order = event_object.grouped(rows, selection.names(), by="root_key")
    return [events_by_order.get(key, []) for key in keys]


def visible_events(context: Context) -> Rows:
    """Return visible changes. Staff of a cooperative see those of their part and of the order's status."""
    scope = order_scope(context)
    rows = event_object.rows(context)
    if scope.has_platform_grant:
        return rows
    return rows.filter(
        scope.row_filter(cooperative="cooperative") | Q(cooperative=None, action__in=_ORDER_WIDE)
    )


@event_object.field("type", needs="action")
def type_of_events(events: list[Row], *_: object) -> list[str]:
    return [EVENT_TYPES.get(event_row.action, OTHER_EVENT_TYPE) for event_row in events]


@event_object.field(needs=("action", "reason"))
def message(events: list[Row], *_: object) -> list[str | None]:
    """Resolve the message.

    If Saleor has no event type for the change, it is a text, followed by the reason.
    """
    return [
        ": ".join(
            filter(
                None,
                (
                    str(EVENT_MESSAGES[event_row.action]) if event_row.action in EVENT_MESSAGES else "",
                    event_row.reason,
                ),
            )
        )
        or None
        for event_row in events
    ]


@event_object.field("user", needs=("actor_kind", "actor_key"))
def user_of_events(
    events: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    return actors(events, ActorKind.PERSON, context, selection)


@event_object.field("app", needs=("actor_kind", "actor_key"))
def app_of_events(
    events: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    return actors(events, ActorKind.APP, context, selection)


@event_object.field(needs=("id", "action", "data", "root_key"))
def amount(events: list[Row], *_: object) -> list[float | None]:
    """Resolve the paid or refunded amount, if recorded."""
    money_events = [
        event_row
        for event_row in events
        if event_row.action in _MONEY and event_row.data.get("amount") is not None
    ]
    rows = Order.objects.filter(pk__in={money_event.root_key for money_event in money_events}).values_list(
        "pk", "currency"
    )
    currencies = {str(key): currency for key, currency in rows} if money_events else {}
    amounts = {
        money_event.id: float(
            to_major_units(int(money_event.data["amount"]), currencies[money_event.root_key])
        )
        for money_event in money_events
    }
    return [amounts.get(event_row.id) for event_row in events]


@event_object.field(needs="root_key")
def order_number(events: list[Row], *_: object) -> list[str | None]:
    numbers = Order.objects.filter(pk__in={event_row.root_key for event_row in events}).values_list(
        "pk", "number"
    )
    numbers_by_order = {str(key): str(number) for key, number in numbers}
    return [numbers_by_order.get(event_row.root_key) for event_row in events]


@event_object.field(needs=("kind", "key"))
def composed_id(events: list[Row], *_: object) -> list[str | None]:
    """Resolve the parcel, as order number and parcel number."""
    keys = {event_row.key for event_row in events if event_row.kind == _PARCEL}
    rows = Parcel.objects.filter(pk__in=keys).values_list("pk", "part__order__number", "number")
    ids_by_parcel = (
        {str(key): f"{order_number}-{number}" for key, order_number, number in rows} if keys else {}
    )
    return [ids_by_parcel.get(event_row.key) if event_row.kind == _PARCEL else None for event_row in events]


@event_object.field(needs=("kind", "key"))
def fulfilled_items(
    events: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row] | None]:
    """Resolve the parcel's lines."""
    keys = {event_row.key for event_row in events if event_row.kind == _PARCEL}
    rows = ParcelLine.objects.filter(parcel__in=keys).order_by("parcel", "pk")
    lines_by_parcel = fulfillment_line_object.grouped(rows, selection.names(), by="parcel_id") if keys else {}
    return [
        lines_by_parcel.get(int(event_row.key), []) if event_row.kind == _PARCEL else None
        for event_row in events
    ]


query = Queries()
# Events shown on the dashboard's home page.
_HOMEPAGE_ACTIONS = (
    "order.placed",
    "order.placed_from_draft",
    "order.cancelled",
    "payment.received",
    "parcel.handed_over",
)


@query.field(permissions=ORDER_PERMISSIONS)
def homepage_events(
    arguments: HomepageEventsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = visible_events(context).filter(root_kind=Order._meta.label_lower, action__in=_HOMEPAGE_ACTIONS)
    return connect(event_object, rows, arguments, selection, order=[SortKey("created_at"), SortKey("id")])


TYPES = (event_object, event_line_object, event_discount_object, query)
