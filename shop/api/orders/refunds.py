"""Refund decisions as granted refunds."""

from __future__ import annotations

from django.db.models import Q, Sum

from cooperatives.models import Membership
from orders.models import EventKind, OrderLine, PaymentEvent, RefundLine
from shop.accounts.models import App, User
from shop.api.account.types import user_object
from shop.api.apps.types import app_object
from shop.api.breadth import Selection
from shop.api.content.reason_settings import reason_page_field
from shop.api.context import Context
from shop.api.ids import Key
from shop.api.money import MoneyAmount
from shop.api.object_types import Row
from shop.api.orders.types import (
    ORDER_PERMISSIONS,
    granted_refund_line_object,
    granted_refund_object,
    line_object,
    order_object,
)
from shop.api.orders.visibility import order_scope
from shop.core.actors import ActorKind

granted_refund_object.id()
granted_refund_object.columns(createdAt="decided_at", updatedAt="decided_at", reason="reason")
granted_refund_object.field("reasonReference", needs="reason_page_id")(reason_page_field("reason_page_id"))

granted_refund_line_object.id()
granted_refund_line_object.columns(quantity="quantity", reason="reason")
granted_refund_line_object.related(
    "orderLine", line_object, column="order_line_id", rows=OrderLine.objects.all()
)
granted_refund_line_object.field("reasonReference", needs="reason_page_id")(
    reason_page_field("reason_page_id")
)
order_object.related_rows(
    "grantedRefunds",
    granted_refund_object,
    column="order",
    order=["decided_at", "pk"],
    permissions=ORDER_PERMISSIONS,
)


@granted_refund_object.field(needs=("amount", "currency"))
def amount(refunds: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(refund.amount, refund.currency) for refund in refunds]


@granted_refund_object.field(needs="delivery_amount")
def shipping_costs_included(refunds: list[Row], *_: object) -> list[bool]:
    return [refund.delivery_amount > 0 for refund in refunds]


@granted_refund_object.field("user", needs=("actor_kind", "actor_key"))
def user_of_granted_refunds(
    refunds: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    return actors(refunds, ActorKind.PERSON, context, selection)


@granted_refund_object.field("app", needs=("actor_kind", "actor_key"))
def app_of_granted_refunds(
    refunds: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    return actors(refunds, ActorKind.APP, context, selection)


def actors(
    rows: list[Row], actor_kind: ActorKind, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve the users or apps that acted, as recorded in the rows.

    Cooperatives' staff see other staff and their own members, without addresses and orders. They do not see
    buyers.
    """
    keys = [int(row.actor_key) if row.actor_kind == actor_kind and row.actor_key else None for row in rows]
    scope = order_scope(context)
    if actor_kind == ActorKind.APP:
        rows_by_key = app_object.by_key(context, keys, selection.names(), rows=App.objects.all())
    elif scope.has_platform_grant:
        rows_by_key = user_object.by_key(context, keys, selection.names(), rows=User.objects.all())
    else:
        members = Membership.objects.filter(scope.row_filter(cooperative="cooperative")).values("user")
        people = User.objects.filter(Q(is_staff=True) | Q(pk__in=members))
        rows_by_key = user_object.by_key(context, keys, selection.names(), rows=people)
        rows_by_key = {key: _without_key(row) for key, row in rows_by_key.items()}
    return [rows_by_key.get(key) for key in keys]


def _without_key(person: Row) -> Row:
    """Return a user without a key, so that none of their related objects are found."""
    hidden = {"id", "default_shipping_address_id", "default_billing_address_id"}
    visible: Row = person._replace(**dict.fromkeys(hidden & set(person._fields)))
    return visible


granted_refund_object.related_rows(
    "lines",
    granted_refund_line_object,
    column="refund",
    order=["order_line__position", "pk"],
    rows=RefundLine.objects.all(),
)


@granted_refund_object.field("status", needs=("id", "repayment"))
def status_of_granted_refunds(refunds: list[Row], *_: object) -> list[str]:
    """Resolve the status of the money.

    It is NONE if nothing is to be paid back or no refund was requested.
    """
    sums: dict[Key, dict[str, int]] = {}
    events = PaymentEvent.objects.filter(refund__in=[refund.id for refund in refunds])
    totals = events.order_by("refund").values_list("refund", "kind").annotate(total=Sum("amount"))
    for key, event_kind, total in totals:
        sums.setdefault(key, {})[event_kind] = total
    return [_status(refund.repayment, sums.get(refund.id, {})) for refund in refunds]


def _status(money: int, sums: dict[str, int]) -> str:
    succeeded = sums.get(EventKind.REFUND_SUCCESS, 0) - sums.get(EventKind.REFUND_REVERSE, 0)
    failed = sums.get(EventKind.REFUND_FAILURE, 0) + sums.get(EventKind.REFUND_REVERSE, 0)
    requested = sums.get(EventKind.REFUND_REQUEST, 0)
    if not money or not requested:
        return "NONE"
    if succeeded >= money:
        return "SUCCESS"
    return "FAILURE" if failed and requested - failed < money else "PENDING"


TYPES = (granted_refund_object, granted_refund_line_object)
