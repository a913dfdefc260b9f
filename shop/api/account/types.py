"""The types of users and permission groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cooperatives.access import effective_group_permissions
from shop.accounts.models import Address, Group, GroupPermission, User
from shop.accounts.staff.permissions import Permission
from shop.api.account.inputs import UserPermissionSourcePermissionGroupsArguments
from shop.api.base.channels import channel_object
from shop.api.base.entities import ENTITIES
from shop.api.base.places import address_object
from shop.api.base.shop import build_permission_payload
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import PermissionDenied
from shop.api.field_permissions import permission_name
from shop.api.ids import global_id, key_from_id
from shop.api.language_codes import code_from_tag
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, Type
from shop.core.models import Channel

USER_OR_STAFF_PERMISSIONS = (Permission.MANAGE_USERS, Permission.MANAGE_STAFF)


def _visible_users(context: Context) -> Rows:
    """Return visible users: oneself, and buyers and staff if permissions allow."""
    people = User.objects.filter(erased_at=None)
    visible_users = User.objects.filter(pk=context.user.pk) if context.user else User.objects.none()
    if context.may(Permission.MANAGE_USERS, Permission.MANAGE_ORDERS):
        visible_users |= people.filter(is_staff=False)
    if context.may(Permission.MANAGE_STAFF):
        visible_users |= people.filter(is_staff=True)
    return visible_users


def _is_oneself(context: Context, key: int) -> bool:
    return context.user is not None and context.user.pk == key


user_object = Type("User", rows=_visible_users)
user_object.columns(
    firstName="first_name",
    lastName="last_name",
    isStaff="is_staff",
    isActive="is_active",
    isConfirmed="is_confirmed",
    externalReference="external_reference",
    lastLogin="last_login",
    dateJoined="date_joined",
    updatedAt="updated_at",
)
user_object.column("note", "note", permissions=USER_OR_STAFF_PERMISSIONS)
user_object.unsupported("avatar", "assignedAttribute")
user_object.unsupported("assignedAttributes", value=[])
user_object.related(
    "defaultShippingAddress", address_object, column="default_shipping_address_id", rows=Address.objects.all()
)
user_object.related(
    "defaultBillingAddress", address_object, column="default_billing_address_id", rows=Address.objects.all()
)
add_metadata_fields(user_object, User, permissions=USER_OR_STAFF_PERMISSIONS, owner_check=_is_oneself)


@user_object.field("id", needs="id")
def id_of_users(users: list[Row], *_: object) -> list[str]:
    """Resolve `id`.

    It is empty after registration, so that it does not reveal whether the account existed.
    """
    return [global_id("User", user_row.id) if user_row.id is not None else "" for user_row in users]


@user_object.field(needs="email")
def email(users: list[Row], *_: object) -> list[str]:
    return [user_row.email or "" for user_row in users]


@user_object.field(needs="language")
def language_code(users: list[Row], *_: object) -> list[str]:
    return [code_from_tag(user_row.language) for user_row in users]


user_object.related_rows("addresses", address_object, column="user", order=["pk"], rows=Address.objects.all())


@user_object.field(needs=("id", "is_staff", "is_superuser"))
def user_permissions(users: list[Row], arguments: object, context: Context, *_: object) -> Sequence[object]:
    """Resolve a staff user's permissions, visible to themselves and with MANAGE_STAFF."""
    codes_by_key: dict[int, set[str]] = {}
    staff = [user_row.id for user_row in users if user_row.is_staff]
    codes = effective_group_permissions().filter(group__users__in=staff)
    for key, code in codes.values_list("group__users", "code"):
        codes_by_key.setdefault(key, set()).add(code)
    return [_list_permissions(user_row, codes_by_key.get(user_row.id, set()), context) for user_row in users]


def _list_permissions(row: Row, codes_by_key: set[str], context: Context) -> object:
    if not (_is_oneself(context, row.id) or context.may(Permission.MANAGE_STAFF)):
        return PermissionDenied([permission_name(Permission.MANAGE_STAFF)])
    codes = (
        Permission.values
        if row.is_superuser
        else [code for code in Permission.values if code in codes_by_key]
    )
    return [build_permission_payload(code) | {"user_id": row.id} for code in codes]


user_permission_object = Type("UserPermission")
user_permission_object.value_fields("code", "name")


@user_permission_object.field()
def source_permission_groups(
    codes_by_key: list[Mapping[str, Any]],
    arguments: UserPermissionSourcePermissionGroupsArguments,
    context: Context,
    selection: Selection,
) -> list[list[Row]]:
    """Resolve the groups that grant the permission to the user."""
    key = key_from_id(arguments["userId"], "User")
    grants = effective_group_permissions().filter(group__users=key).values_list("code", "group")
    groups: dict[str, set[int]] = {}
    for code, group_key in grants:
        groups.setdefault(code, set()).add(group_key)
    rows = group_object.by_key(
        context, {group_key for keys in groups.values() for group_key in keys}, selection.names()
    )
    return [
        [rows[group_key] for group_key in sorted(groups.get(permission["code"], ())) if group_key in rows]
        for permission in codes_by_key
    ]


def _visible_groups(context: Context) -> Rows:
    """Return visible groups: one's own, or all for users with MANAGE_STAFF."""
    if context.may(Permission.MANAGE_STAFF):
        return Group.objects.all()
    return Group.objects.filter(users=context.user) if context.user else Group.objects.none()


group_object = Type("Group", rows=_visible_groups)
group_object.id()
group_object.columns(name="name", restrictedAccessToChannels="is_restricted_to_channels")


@group_object.field(needs="id")
def permissions(groups: list[Row], *_: object) -> list[list[dict[str, str]]]:
    codes_by_key: dict[int, set[str]] = {}
    codes = GroupPermission.objects.filter(group__in=[group_row.id for group_row in groups])
    for key, code in codes.values_list("group", "code"):
        codes_by_key.setdefault(key, set()).add(code)
    return [
        [
            build_permission_payload(code)
            for code in Permission.values
            if code in codes_by_key.get(group_row.id, ())
        ]
        for group_row in groups
    ]


group_object.related_rows(
    "users",
    user_object,
    column="permission_groups",
    order=["pk"],
    rows=User.objects.all(),
    permissions=[Permission.MANAGE_STAFF],
)


@group_object.field(needs="id")
def user_can_manage(groups: list[Row], arguments: object, context: Context, *_: object) -> list[bool]:
    """Resolve whether the requester holds all of the group's permissions."""
    codes_by_key: dict[int, set[str]] = {}
    codes = GroupPermission.objects.filter(group__in=[group_row.id for group_row in groups])
    for key, code in codes.values_list("group", "code"):
        codes_by_key.setdefault(key, set()).add(code)
    return [
        context.may(Permission.MANAGE_STAFF) and codes_by_key.get(group_row.id, set()) <= context.permissions
        for group_row in groups
    ]


@group_object.field("accessibleChannels", needs=("id", "is_restricted_to_channels"))
def accessible_channels_of_groups(
    groups: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    all_channels = channel_object.read(Channel.objects.order_by("pk"), selection.names())
    allowed: dict[int, set[int]] = {}
    links = Group.channels.through.objects.filter(group__in=[group_row.id for group_row in groups])
    for key, channel_key in links.values_list("group", "channel"):
        allowed.setdefault(key, set()).add(channel_key)
    return [
        [channel_row for channel_row in all_channels if channel_row.id in allowed.get(group_row.id, ())]
        if group_row.is_restricted_to_channels
        else all_channels
        for group_row in groups
    ]


user_object.related_rows(
    "permissionGroups", group_object, column="users", order=["pk"], rows=Group.objects.all()
)


@user_object.field(needs="id")
def editable_groups(
    users: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the groups whose permissions the requester holds."""
    if not context.may(Permission.MANAGE_STAFF):
        return [[] for _ in users]
    groups_exceeding_permissions = GroupPermission.objects.exclude(code__in=context.permissions).values(
        "group"
    )
    rows = group_object.read(
        Group.objects.exclude(pk__in=groups_exceeding_permissions).order_by("pk"), selection.names()
    )
    return [rows for _ in users]


def _read_restricted_channels(users: list[Row]) -> dict[int, set[int]]:
    """Return the channels of users whose groups are all restricted to channels."""
    limits: dict[int, list[bool]] = {}
    channels_by_group: dict[int, set[int]] = {}
    rows = Group.objects.filter(users__in=[user_row.id for user_row in users])
    for key, restricted, channel_key in rows.values_list("users", "is_restricted_to_channels", "channels"):
        limits.setdefault(key, []).append(restricted)
        if channel_key is not None:
            channels_by_group.setdefault(key, set()).add(channel_key)
    return {
        key: channels_by_group.get(key, set()) for key, restrictions in limits.items() if all(restrictions)
    }


@user_object.field(needs=("id", "is_superuser"))
def restricted_access_to_channels(users: list[Row], *_: object) -> list[bool]:
    restricted = _read_restricted_channels(users)
    return [user_row.id in restricted and not user_row.is_superuser for user_row in users]


@user_object.field("accessibleChannels", needs=("id", "is_staff", "is_superuser"))
def accessible_channels_of_users(
    users: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    all_channels = channel_object.read(Channel.objects.order_by("pk"), selection.names())
    restricted = _read_restricted_channels(users)
    return [
        []
        if not user_row.is_staff
        else all_channels
        if user_row.is_superuser or user_row.id not in restricted
        else [channel_row for channel_row in all_channels if channel_row.id in restricted[user_row.id]]
        for user_row in users
    ]


ENTITIES |= {"User": user_object, "Group": group_object}
TYPES = (user_object, user_permission_object, group_object)
