"""Look up the requesting user and, for staff, other users and groups."""

from __future__ import annotations

from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.api.account.inputs import PermissionGroupArguments, UserArguments
from shop.api.account.types import group_object, user_object
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.ids import key_from_id
from shop.api.object_types import Row
from shop.api.root_fields import Queries

query = Queries()


@query.field()
def me(arguments: object, context: Context, selection: Selection) -> User | None:
    return context.user


@query.field("user", permissions=[Permission.MANAGE_STAFF, Permission.MANAGE_USERS, Permission.MANAGE_ORDERS])
def one_user(arguments: UserArguments, context: Context, selection: Selection) -> Row | None:
    key, email = arguments.get("id"), arguments.get("email")
    reference = arguments.get("externalReference")
    if sum(criterion is not None for criterion in (key, email, reference)) != 1:
        raise ProtocolError("A user is found by exactly one of `id`, `email` and `externalReference`.")
    rows = user_object.rows(context)
    if key is not None:
        rows = rows.filter(pk=key_from_id(key, "User"))
    elif email is not None:
        rows = rows.filter(email=email.strip().lower())
    else:
        rows = rows.filter(external_reference=reference)
    return next(iter(user_object.read(rows, selection.names())), None)


@query.field("permissionGroup", permissions=[Permission.MANAGE_STAFF])
def one_permission_group(
    arguments: PermissionGroupArguments, context: Context, selection: Selection
) -> Row | None:
    key = key_from_id(arguments["id"], "Group")
    return group_object.by_key(context, [key], selection.names()).get(key)
