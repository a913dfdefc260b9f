"""Permission groups: permissions, users and channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import Group
from shop.accounts.staff.permissions import Permission
from shop.accounts.staff.staff_accounts import GroupChange, NotStaff, change_group, create_group, delete_group
from shop.api.account.types import group_object
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import Key, global_ids, input_key, input_keys
from shop.api.input_data import InputData
from shop.api.root_fields import Mutations
from shop.api.staff.inputs import (
    PermissionGroupCreateArguments,
    PermissionGroupDeleteArguments,
    PermissionGroupUpdateArguments,
)

mutation = Mutations(codes={"group_name_taken": "UNIQUE", "missing": "REQUIRED"})

STAFF_PERMISSIONS = (Permission.MANAGE_STAFF,)


@mutation.field(permissions=STAFF_PERMISSIONS, needs_recent_sign_in=True)
def permission_group_create(
    arguments: PermissionGroupCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    change = _group_change(arguments["input"], context)
    _require_result_within_rights(change, Grant(), context)
    created_group = _staff_only(lambda: create_group(change=change, actor=context.actor, now=context.now))
    return _build_payload(created_group.pk, context, selection)


@mutation.field(permissions=STAFF_PERMISSIONS, needs_recent_sign_in=True)
def permission_group_update(
    arguments: PermissionGroupUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "Group", field="id")
    require_group_within_rights(key, context)
    change = _group_change(arguments["input"], context)
    for before in _load_grants(Group.objects.filter(pk=key)).values():
        _require_result_within_rights(change, before, context)
    _staff_only(lambda: change_group(group_id=key, change=change, actor=context.actor, now=context.now))
    return _build_payload(key, context, selection)


@mutation.field(permissions=STAFF_PERMISSIONS, needs_recent_sign_in=True)
def permission_group_delete(
    arguments: PermissionGroupDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "Group", field="id")
    require_group_within_rights(key, context)
    payload = _build_payload(key, context, selection)
    delete_group(group_id=key, actor=context.actor, now=context.now)
    return payload


def _staff_only(callback: Callable[[], Group]) -> Group:
    try:
        return callback()
    except NotStaff as refused:
        users = global_ids("User", refused.details["user_ids"])
        raise InputError(
            "ASSIGN_NON_STAFF_MEMBER", refused.message, field="addUsers", users=users
        ) from refused


def require_group_within_rights(key: int, context: Context) -> None:
    """Raise InputError if a group grants more than the requester holds."""
    for grant in _load_grants(Group.objects.filter(pk=key)).values():
        _require_grant_within_rights(grant, "id", "id", context)


def groups_exceeding_permissions(groups: QuerySet[Group], context: Context) -> list[int]:
    """Return the groups that grant more than the requester holds."""
    return sorted(key for key, grant in _load_grants(groups).items() if _exceeds_permissions(grant, context))


@dataclass(frozen=True, slots=True)
class Grant:
    """A group's permissions and channels (None for all)."""

    codes: frozenset[str] = frozenset()
    channel_ids: frozenset[int] | None = None


def _load_grants(groups: QuerySet[Group]) -> dict[int, Grant]:
    grants: dict[int, Grant] = {}
    # Outer joins, because a group may have no permissions and no channels.
    rows: Iterable[tuple[int, bool, str | None, int | None]] = groups.values_list(
        "pk", "is_restricted_to_channels", "permissions__code", "channels"
    )
    for key, is_restricted, code, channel_key in rows:
        earlier_grant = grants.get(key, Grant(channel_ids=frozenset() if is_restricted else None))
        codes = earlier_grant.codes if code is None else earlier_grant.codes | {code}
        channels = earlier_grant.channel_ids
        if channels is not None and channel_key is not None:
            channels |= {channel_key}
        grants[key] = Grant(codes, channels)
    return grants


def _exceeds_permissions(grant: Grant, context: Context) -> bool:
    return not grant.codes <= context.permissions or not _covers_channels(grant, context)


def _covers_channels(grant: Grant, context: Context) -> bool:
    return all(context.scope(Permission(code)).covers_channels(grant.channel_ids) for code in grant.codes)


def _require_grant_within_rights(grant: Grant, field: str, channel_field: str, context: Context) -> None:
    """Raise InputError if a grant has permissions or channels that the requester lacks."""
    _require_held_permissions(set(grant.codes), field, context)
    if not _covers_channels(grant, context):
        message = _("You cannot give permissions in channels that you do not manage.")
        channels = global_ids("Channel", sorted(grant.channel_ids or ()))
        raise InputError("OUT_OF_SCOPE_CHANNEL", message, field=channel_field, channels=channels)


def _require_result_within_rights(change: GroupChange, before: Grant, context: Context) -> None:
    """Check the group's grant after the change. Raises InputError."""
    codes = (before.codes | set(change.add_permissions)) - set(change.remove_permissions)
    is_restricted = change.is_restricted_to_channels
    if is_restricted is None:
        is_restricted = before.channel_ids is not None
    all_channels = (before.channel_ids or frozenset()) | set(change.add_channel_ids)
    channels = frozenset(all_channels - set(change.remove_channel_ids)) if is_restricted else None
    field = "addChannels" if is_restricted else "restrictedAccessToChannels"
    _require_grant_within_rights(Grant(codes, channels), "addPermissions", field, context)


def _require_held_permissions(codes: set[str], field: str, context: Context) -> None:
    missing_permissions = sorted(codes - context.permissions)
    if missing_permissions:
        message = _("You cannot give permissions that you do not have yourself.")
        raise InputError("OUT_OF_SCOPE_PERMISSION", message, field=field, permissions=missing_permissions)


def _group_change(input_data: InputData, context: Context) -> GroupChange:
    """Convert the input. Raises InputError."""
    for relation, added, removed in (
        ("Permissions", input_data.get("addPermissions"), input_data.get("removePermissions")),
        ("Users", input_data.get("addUsers"), input_data.get("removeUsers")),
        ("Channels", input_data.get("addChannels"), input_data.get("removeChannels")),
    ):
        if set(added or ()) & set(removed or ()):
            message = _("The same item cannot be added and removed at once.")
            raise InputError("DUPLICATED_INPUT_ITEM", message, field=f"add{relation}")
    name = input_data.get("name")
    if name is not None and not 0 < len(name.strip()) <= 150:
        raise InputError("REQUIRED", _("Enter a name."), field="name")
    for field, codes in (
        ("addPermissions", input_data.get("addPermissions")),
        ("removePermissions", input_data.get("removePermissions")),
    ):
        _require_held_permissions(set(codes or ()), field, context)

    return GroupChange(
        name=name.strip() if name is not None else None,
        is_platform_wide=input_data.get("platformWide"),
        is_restricted_to_channels=input_data.get("restrictedAccessToChannels"),
        add_permissions=input_data.get("addPermissions") or (),
        remove_permissions=input_data.get("removePermissions") or (),
        add_user_ids=input_keys(input_data.get("addUsers"), "User", field="addUsers"),
        remove_user_ids=input_keys(input_data.get("removeUsers"), "User", field="removeUsers"),
        add_channel_ids=input_keys(input_data.get("addChannels"), "Channel", field="addChannels"),
        remove_channel_ids=input_keys(input_data.get("removeChannels"), "Channel", field="removeChannels"),
    )


def _build_payload(key: Key, context: Context, selection: Selection) -> dict[str, object]:
    rows = Group.objects.all()
    return {"group": group_object.by_key(context, [key], selection.names("group"), rows=rows).get(key)}
