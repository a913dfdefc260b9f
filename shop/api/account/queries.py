"""The requesting user, and other users and groups for staff."""

from __future__ import annotations

from typing import Any

from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import group, user
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.ids import key_from_id
from shop.api.object_types import Row
from shop.api.root_fields import Queries

query = Queries()


@query.field()
def me(arguments: dict[str, Any], context: Context, selection: Selection) -> User | None:
    return context.user


@query.field("user", permissions=[Permission.MANAGE_STAFF, Permission.MANAGE_USERS, Permission.MANAGE_ORDERS])
def one_user(arguments: dict[str, Any], context: Context, selection: Selection) -> Row | None:
    given = {name: value for name, value in arguments.items() if value is not None}
    if len(given) != 1:
        raise ProtocolError("A user is found by exactly one of `id`, `email` and `externalReference`.")
    rows = user.rows(context)
    if "id" in given:
        rows = rows.filter(pk=key_from_id(given["id"], "User"))
    elif "email" in given:
        rows = rows.filter(email=given["email"].strip().lower())
    else:
        rows = rows.filter(external_reference=given["externalReference"])
    return next(iter(user.read(rows, selection.names())), None)


@query.field("permissionGroup", permissions=[Permission.MANAGE_STAFF])
def one_group(arguments: dict[str, Any], context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "Group")
    return group.by_key(context, [key], selection.names()).get(key)
