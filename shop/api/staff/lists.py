"""Lists of customers, staff users and permission groups."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from orders.models import Order
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import group, user
from shop.api.breadth import Selection
from shop.api.connections import Key, connect
from shop.api.context import Context
from shop.api.filters import (
    Conditions,
    has_metadata,
    ids,
    is_,
    matches,
    refuse_both,
    sorting,
    where,
    within,
)
from shop.api.object_types import Rows
from shop.api.root_fields import Queries
from shop.core.texts.folding import MOST_WORDS

query = Queries()


def _search_users(context: Context, text: str) -> Q:
    """Match users whose name, e-mail address or phone number contains every word."""
    condition = Q()
    for word in text.split()[:MOST_WORDS]:
        condition &= (
            Q(email__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(phone__icontains=word)
        )
    return condition


def _in_days(column: str) -> Any:
    """Match a range of days, the last one included."""

    def condition(context: Context, given: dict[str, Any]) -> Q:
        return Q(**{f"{column}__date__{end}": given[end] for end in ("gte", "lte") if given.get(end)})

    return condition


def _with_orders(condition: Any) -> Any:
    """Match users with orders that satisfy a condition on `created_at`."""
    return lambda context, given: Q(
        pk__in=Order.objects.filter(condition(context, given), user__isnull=False).values("user")
    )


def _by_number_of_orders(condition: Any) -> Any:
    return lambda context, given: Q(
        pk__in=User.objects.annotate(number=Count("orders")).filter(condition(context, given)).values("pk")
    )


CUSTOMER_FILTER: Conditions = {
    "dateJoined": _in_days("date_joined"),
    "updatedAt": within("updated_at"),
    "placedOrders": _with_orders(_in_days("created_at")),
    "numberOfOrders": _by_number_of_orders(within("number")),
    "search": _search_users,
    "metadata": has_metadata(),
    "ids": ids("User"),
}
CUSTOMER_WHERE: Conditions = {
    "metadata": has_metadata(),
    "ids": ids("User"),
    "email": matches("email"),
    "firstName": matches("first_name"),
    "lastName": matches("last_name"),
    "isActive": is_("is_active"),
    "dateJoined": within("date_joined"),
    "updatedAt": within("updated_at"),
    "placedOrdersAt": _with_orders(within("created_at")),
    "numberOfOrders": _by_number_of_orders(matches("number")),
}
STAFF_FILTER: Conditions = {
    "status": lambda context, value: Q(is_active=value == "ACTIVE"),
    "search": _search_users,
    "ids": ids("User"),
}
GROUP_FILTER: Conditions = {"search": lambda context, text: Q(name__icontains=text), "ids": ids("Group")}
USER_SORTS = {
    "FIRST_NAME": [Key("first_name"), Key("last_name")],
    "LAST_NAME": [Key("last_name"), Key("first_name")],
    "EMAIL": [Key("email", nullable=True)],
    "ORDER_COUNT": [Key("number_of_orders")],
    "CREATED_AT": [Key("date_joined")],
    "LAST_MODIFIED_AT": [Key("updated_at")],
    "RANK": [Key("id")],
}


@query.field(permissions=[Permission.MANAGE_ORDERS, Permission.MANAGE_USERS])
def customers(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    refuse_both(arguments)
    rows = User.objects.filter(is_staff=False, erased_at=None)
    rows = rows.filter(where(arguments.get("filter"), CUSTOMER_FILTER, context))
    rows = rows.filter(where(arguments.get("where"), CUSTOMER_WHERE, context))
    if arguments.get("search"):
        rows = rows.filter(_search_users(context, arguments["search"]))
    return _people(rows, arguments, selection)


@query.field(permissions=[Permission.MANAGE_STAFF])
def staff_users(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    rows = User.objects.filter(is_staff=True, erased_at=None)
    rows = rows.filter(where(arguments.get("filter"), STAFF_FILTER, context))
    return _people(rows, arguments, selection)


@query.field(permissions=[Permission.MANAGE_STAFF])
def permission_groups(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    rows = group.rows(context).filter(where(arguments.get("filter"), GROUP_FILTER, context))
    order = sorting(arguments.get("sortBy"), {"NAME": [Key("name")]}, [Key("name")])
    return connect(group, rows, arguments, selection, order=order)


def _people(rows: Rows, arguments: dict[str, Any], selection: Selection) -> dict[str, Any]:
    by = arguments.get("sortBy")
    if by is not None and by["field"] == "ORDER_COUNT":
        counted = Order.objects.filter(user=OuterRef("pk")).order_by().values("user")
        number = Subquery(counted.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
        rows = rows.annotate(number_of_orders=Coalesce(number, 0))
    order = sorting(by, USER_SORTS, [Key("email", nullable=True)])
    return connect(user, rows, arguments, selection, order=order)
