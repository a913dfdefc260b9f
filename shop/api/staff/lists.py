"""Lists of buyers, staff users and permission groups."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from orders.models import Order
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import group_object, user_object
from shop.api.breadth import Selection
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.filters import (
    Condition,
    Conditions,
    build_condition,
    equals,
    has_metadata,
    id_in,
    in_range,
    matches_filter,
    require_one_filter,
    sort_keys,
)
from shop.api.object_types import Rows
from shop.api.root_fields import Queries
from shop.api.staff.inputs import CustomersArguments, PermissionGroupsArguments, StaffUsersArguments
from shop.core.texts.folding import MAX_QUERY_WORDS

query = Queries()


def _search_users(context: Context, text: str) -> Q:
    """Match users whose name, email address or phone number contains every word."""
    condition = Q()
    for term in text.split()[:MAX_QUERY_WORDS]:
        condition &= (
            Q(email__icontains=term)
            | Q(first_name__icontains=term)
            | Q(last_name__icontains=term)
            | Q(phone__icontains=term)
        )
    return condition


def _in_days(column: str) -> Condition:
    """Match a range of days, the last one included."""

    def condition(context: Context, input_data: Mapping[str, object]) -> Q:
        return Q(
            **{
                f"{column}__date__{bound}": input_data[bound]
                for bound in ("gte", "lte")
                if input_data.get(bound)
            }
        )

    return condition


def _with_orders(condition: Condition) -> Condition:
    """Match users with orders that satisfy a condition on `created_at`."""
    return lambda context, input_data: Q(
        pk__in=Order.objects.filter(condition(context, input_data), user__isnull=False).values("user")
    )


def _by_number_of_orders(condition: Condition) -> Condition:
    return lambda context, input_data: Q(
        pk__in=User.objects.annotate(number=Count("orders"))
        .filter(condition(context, input_data))
        .values("pk")
    )


CUSTOMER_FILTER: Conditions = {
    "dateJoined": _in_days("date_joined"),
    "updatedAt": in_range("updated_at"),
    "placedOrders": _with_orders(_in_days("created_at")),
    "numberOfOrders": _by_number_of_orders(in_range("number")),
    "search": _search_users,
    "metadata": has_metadata(),
    "ids": id_in("User"),
}
CUSTOMER_WHERE: Conditions = {
    "metadata": has_metadata(),
    "ids": id_in("User"),
    "email": matches_filter("email"),
    "firstName": matches_filter("first_name"),
    "lastName": matches_filter("last_name"),
    "isActive": equals("is_active"),
    "dateJoined": in_range("date_joined"),
    "updatedAt": in_range("updated_at"),
    "placedOrdersAt": _with_orders(in_range("created_at")),
    "numberOfOrders": _by_number_of_orders(matches_filter("number")),
}
STAFF_FILTER: Conditions = {
    "status": lambda context, value: Q(is_active=value == "ACTIVE"),
    "search": _search_users,
    "ids": id_in("User"),
}
GROUP_FILTER: Conditions = {"search": lambda context, text: Q(name__icontains=text), "ids": id_in("Group")}
USER_SORTS = {
    "FIRST_NAME": [SortKey("first_name"), SortKey("last_name")],
    "LAST_NAME": [SortKey("last_name"), SortKey("first_name")],
    "EMAIL": [SortKey("email", is_nullable=True)],
    "ORDER_COUNT": [SortKey("number_of_orders")],
    "CREATED_AT": [SortKey("date_joined")],
    "LAST_MODIFIED_AT": [SortKey("updated_at")],
    "RANK": [SortKey("id")],
}


@query.field(permissions=[Permission.MANAGE_ORDERS, Permission.MANAGE_USERS])
def customers(arguments: CustomersArguments, context: Context, selection: Selection) -> dict[str, object]:
    require_one_filter(arguments)
    rows = User.objects.filter(is_staff=False, erased_at=None)
    rows = rows.filter(build_condition(arguments.get("filter"), CUSTOMER_FILTER, context))
    rows = rows.filter(build_condition(arguments.get("where"), CUSTOMER_WHERE, context))
    if text := arguments.get("search"):
        rows = rows.filter(_search_users(context, text))
    return _connect_people(rows, arguments, selection)


@query.field(permissions=[Permission.MANAGE_STAFF])
def staff_users(arguments: StaffUsersArguments, context: Context, selection: Selection) -> dict[str, object]:
    rows = User.objects.filter(is_staff=True, erased_at=None)
    rows = rows.filter(build_condition(arguments.get("filter"), STAFF_FILTER, context))
    return _connect_people(rows, arguments, selection)


@query.field(permissions=[Permission.MANAGE_STAFF])
def permission_groups(
    arguments: PermissionGroupsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = group_object.rows(context).filter(build_condition(arguments.get("filter"), GROUP_FILTER, context))
    order = sort_keys(arguments.get("sortBy"), {"NAME": [SortKey("name")]}, [SortKey("name")])
    return connect(group_object, rows, arguments, selection, order=order)


def _connect_people(
    rows: Rows, arguments: CustomersArguments | StaffUsersArguments, selection: Selection
) -> dict[str, object]:
    sorting = arguments.get("sortBy")
    if sorting is not None and sorting["field"] == "ORDER_COUNT":
        orders_by_user = Order.objects.filter(user=OuterRef("pk")).order_by().values("user")
        number = Subquery(
            orders_by_user.annotate(number=Count("pk")).values("number"), output_field=IntegerField()
        )
        rows = rows.annotate(number_of_orders=Coalesce(number, 0))
    order = sort_keys(sorting, USER_SORTS, [SortKey("email", is_nullable=True)])
    return connect(user_object, rows, arguments, selection, order=order)
