"""The events of a gift card, from its changes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from orders.models import Order
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import user_object
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import PermissionDenied
from shop.api.field_permissions import permission_name
from shop.api.gift_cards.gift_cards import load_apps
from shop.api.gift_cards.inputs import GiftCardEventsArguments
from shop.api.gift_cards.types import GIFT_CARD_PERMISSIONS, gift_card_event_object, gift_card_object
from shop.api.ids import global_id, keys_from_ids
from shop.api.money import MoneyAmount
from shop.api.object_types import Row, Type
from shop.core.actors import ActorKind

EVENT_TYPES = {
    "gift_card.issued": "ISSUED",
    "gift_card.activated": "ACTIVATED",
    "gift_card.deactivated": "DEACTIVATED",
    "gift_card.balance_reset": "BALANCE_RESET",
    "gift_card.balance_adjusted": "BALANCE_ADJUSTED",
    "gift_card.expiry_changed": "EXPIRY_DATE_UPDATED",
    "gift_card.tags_changed": "TAGS_UPDATED",
    "gift_card.sent": "SENT_TO_CUSTOMER",
    "gift_card.resent": "RESENT",
    "gift_card.note_added": "NOTE_ADDED",
    "gift_card.assigned": "ASSIGNED_TO_USER",
    "gift_card.unassigned": "UNASSIGNED_FROM_USER",
}


class EventBalance(NamedTuple):
    """The balances after and before an event."""

    currency: str
    after: Mapping[str, int]
    before: Mapping[str, int]


class EventAssignment(NamedTuple):
    """The keys of the persons before and after."""

    before: int | None
    after: int | None


gift_card_event_object.id()
gift_card_event_object.columns(date="created_at")
balance_object = Type("GiftCardEventBalance")
assignment_object = Type("GiftCardEventAssignment")


@gift_card_object.field("events", needs="id", permissions=(*GIFT_CARD_PERMISSIONS, Permission.MANAGE_ORDERS))
def events_of_gift_cards(
    cards: list[Row], arguments: GiftCardEventsArguments, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the events, oldest first. Who only manages orders sees those of orders."""
    requested = arguments.get("filter") or {}
    may_read_all = context.may(*GIFT_CARD_PERMISSIONS)
    names = set(EVENT_TYPES.values()) if may_read_all else {"USED_IN_ORDER", "REFUNDED_IN_ORDER"}
    if requested.get("type") is not None:
        names &= {requested["type"]}
    keys = [str(card.id) for card in cards]
    rows = gift_card_event_object.rows(context).filter(
        key__in=keys, action__in=[action for action, name in EVENT_TYPES.items() if name in names]
    )
    if order_ids := requested.get("orders"):
        order_keys = [str(key) for key in keys_from_ids(order_ids, "Order")]
        rows = rows.filter(data__order__in=order_keys)
    by_card = gift_card_event_object.grouped(
        rows.order_by("key", "created_at", "pk"), selection.names(), by="key"
    )
    return [by_card.get(key, []) for key in keys]


@gift_card_event_object.field("type", needs="action")
def type_of_events(events: list[Row], *_: object) -> list[str]:
    return [EVENT_TYPES[event.action] for event in events]


@gift_card_event_object.field("user", needs=("actor_kind", "actor_key"))
def user_of_events(
    events: list[Row], arguments: object, context: Context, selection: Selection
) -> list[object]:
    keys = [_actor_key(event, ActorKind.PERSON) for event in events]
    own_key = context.user.pk if context.user is not None else None
    needed = (Permission.MANAGE_USERS, Permission.MANAGE_STAFF)
    visible_keys = [key for key in keys if context.may(*needed) or key == own_key]
    people = user_object.by_key(context, visible_keys, selection.names(), rows=User.objects.all())
    denied = PermissionDenied([*map(permission_name, needed), "OWNER"])
    return [denied if key is not None and key not in visible_keys else people.get(key) for key in keys]


@gift_card_event_object.field("app", needs=("actor_kind", "actor_key"))
def app_of_events(
    events: list[Row], arguments: object, context: Context, selection: Selection
) -> list[object]:
    return load_apps(context, [_actor_key(event, ActorKind.APP) for event in events], selection)


def _actor_key(event: Row, kind: ActorKind) -> int | None:
    return int(event.actor_key) if event.actor_kind == kind and event.actor_key else None


@gift_card_event_object.field(needs="reason")
def message(events: list[Row], *_: object) -> list[str | None]:
    return [event.reason or None for event in events]


@gift_card_event_object.field(needs="data")
def email(events: list[Row], *_: object) -> list[str | None]:
    return [event.data.get("email") for event in events]


@gift_card_event_object.field(needs="data")
def order_id(events: list[Row], *_: object) -> list[str | None]:
    keys = [event.data.get("order") for event in events]
    return [global_id("Order", key) if key else None for key in keys]


@gift_card_event_object.field(needs="data")
def order_number(events: list[Row], *_: object) -> list[str | None]:
    keys = {UUID(event.data["order"]) for event in events if event.data.get("order")}
    numbers = dict(Order.objects.filter(pk__in=keys).values_list("pk", "number")) if keys else {}
    by_text = {str(key): str(number) for key, number in numbers.items()}
    return [by_text.get(event.data.get("order", "")) for event in events]


def _changed(event: Row, column: str, position: int) -> object:
    """Return the old (0) or new (1) value of a column, or None if the event did not change it."""
    pair = event.data.get("changed", {}).get(column)
    return pair[position] if pair else None


@gift_card_event_object.field(needs="data")
def tags(events: list[Row], *_: object) -> list[object]:
    return [_changed(event, "tags", 1) for event in events]


@gift_card_event_object.field(needs="data")
def old_tags(events: list[Row], *_: object) -> list[object]:
    return [_changed(event, "tags", 0) for event in events]


@gift_card_event_object.field(needs="data")
def expiry_date(events: list[Row], *_: object) -> list[datetime.date | None]:
    """Resolve the date that was chosen, also when the card was issued."""
    return [
        _parse_date(event.data.get("expiry_date") or _changed(event, "expiry_date", 1)) for event in events
    ]


@gift_card_event_object.field(needs="data")
def old_expiry_date(events: list[Row], *_: object) -> list[datetime.date | None]:
    return [_parse_date(_changed(event, "expiry_date", 0)) for event in events]


def _parse_date(text: object) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if isinstance(text, str) else None


@gift_card_event_object.field(needs="data")
def balance(events: list[Row], *_: object) -> list[EventBalance | None]:
    return [
        EventBalance(event.data["currency"], event.data["to"], event.data.get("from", {}))
        if "balance" in event.data.get("to", ())
        else None
        for event in events
    ]


@gift_card_event_object.field(needs="data")
def assigned_to(events: list[Row], *_: object) -> list[EventAssignment | None]:
    return [
        EventAssignment(*event.data["assigned_to"]) if "assigned_to" in event.data else None
        for event in events
    ]


def _add_balance(field: str, side: str, column: str) -> None:
    @balance_object.field(field)
    def amount(balances: list[EventBalance], *_: object) -> list[MoneyAmount | None]:
        amounts = [getattr(event_balance, side).get(column) for event_balance in balances]
        return [
            None if minor_units is None else MoneyAmount(minor_units, event_balance.currency)
            for minor_units, event_balance in zip(amounts, balances, strict=True)
        ]


_add_balance("initialBalance", "after", "initial_balance")
_add_balance("currentBalance", "after", "balance")
_add_balance("oldInitialBalance", "before", "initial_balance")
_add_balance("oldCurrentBalance", "before", "balance")


def _add_assignee(side: str, prefix: str) -> None:
    """Add the fields for a person before or after, and for their address."""
    needed = (Permission.MANAGE_USERS,)

    @assignment_object.field(f"{prefix}AssignedTo", permissions=needed)
    def person(
        assignments: list[EventAssignment], arguments: object, context: Context, selection: Selection
    ) -> list[Row | None]:
        keys = [getattr(assignment, side) for assignment in assignments]
        people = user_object.by_key(context, keys, selection.names(), rows=User.objects.all())
        return [people.get(key) for key in keys]

    @assignment_object.field(f"{prefix}AssignedToEmail", permissions=needed)
    def address(assignments: list[EventAssignment], *_: object) -> list[str | None]:
        keys = [getattr(assignment, side) for assignment in assignments]
        emails = dict(User.objects.filter(pk__in=set(keys) - {None}).values_list("pk", "email"))
        return [emails.get(key) for key in keys]


_add_assignee("before", "old")
_add_assignee("after", "current")

TYPES = (gift_card_event_object, balance_object, assignment_object)
