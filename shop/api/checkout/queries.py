"""Look up checkouts: one's own by their unguessable ids, and all for staff."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from orders.models import Basket
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import user_object
from shop.api.breadth import Selection
from shop.api.checkout.inputs import (
    CheckoutArguments,
    CheckoutsArguments,
    UserCheckoutIdsArguments,
    UserCheckoutsArguments,
)
from shop.api.checkout.types import checkout_object
from shop.api.connections import SortKey, connect, connect_for_parents
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.filters import Condition, Conditions, build_condition, has_metadata, id_in, in_range, sort_keys
from shop.api.ids import global_id, key_from_id
from shop.api.object_types import Row, Rows
from shop.api.root_fields import Queries

query = Queries()
_NEWEST = [SortKey("changed_at", is_descending=True), SortKey("id", is_descending=True)]


@query.field("checkout")
def one_checkout(arguments: CheckoutArguments, context: Context, selection: Selection) -> Row | None:
    global_id, token = arguments.get("id"), arguments.get("token")
    if (global_id is None) == (token is None):
        raise ProtocolError("A checkout is found by exactly one of `id` and `token`.")
    key = token if global_id is None else key_from_id(global_id, "Checkout")
    return checkout_object.by_key(context, [key], selection.names()).get(key)


@query.field("checkouts", permissions=[Permission.MANAGE_CHECKOUTS, Permission.HANDLE_PAYMENTS])
def all_checkouts(arguments: CheckoutsArguments, context: Context, selection: Selection) -> dict[str, object]:
    rows = Basket.objects.filter(build_condition(arguments.get("filter"), _FILTER, context))
    if arguments.get("channel") is not None:
        rows = rows.filter(channel__slug=arguments["channel"])
    fields = {"CREATION_DATE": [SortKey("created_at")], "CUSTOMER": [SortKey("email")]}
    order = sort_keys(arguments.get("sortBy"), fields, [SortKey("created_at", is_descending=True)])
    return connect(checkout_object, rows, arguments, selection, order=order)


@user_object.field("checkouts", needs="id")
def checkouts_of_users(
    users: list[Row], arguments: UserCheckoutsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    rows, keys = _baskets_in_channel(arguments), [user_row.id for user_row in users]
    return connect_for_parents(
        checkout_object, rows, arguments, selection, order=_NEWEST, parent_column="user_id", parents=keys
    )


@user_object.field(needs="id")
def checkout_ids(users: list[Row], arguments: UserCheckoutIdsArguments, *_: object) -> list[list[str]]:
    rows = (
        _baskets_in_channel(arguments)
        .filter(user__in=[user_row.id for user_row in users])
        .order_by("-changed_at", "-pk")
    )
    ids_by_user: dict[int, list[str]] = {}
    for owner_id, key in rows.values_list("user", "pk"):
        ids_by_user.setdefault(owner_id, []).append(global_id("Checkout", key))
    return [ids_by_user.get(user_row.id, []) for user_row in users]


def _baskets_in_channel(arguments: UserCheckoutIdsArguments | UserCheckoutsArguments) -> Rows:
    rows: Rows = Basket.objects.all()
    slug = arguments.get("channel")
    return rows if slug is None else rows.filter(channel__slug=slug)


def _day_range(column: str) -> Condition:
    return in_range(f"{column}__date")


_FILTER: Conditions = {
    "customer": lambda context, text: Q(email__icontains=text) | Q(user__email__icontains=text),
    "created": _day_range("created_at"),
    "search": lambda context, text: Q(email__icontains=text) | Q(name__icontains=text),
    "metadata": has_metadata(),
    "channels": id_in("Channel", column="channel"),
    "updatedAt": _day_range("changed_at"),
}

TYPES = (query,)
