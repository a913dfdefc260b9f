"""Permission groups limited to cooperatives, and users' cooperatives."""

from __future__ import annotations

from cooperatives.access import read_cooperative_ids_by_user
from cooperatives.actions.group_scope import set_group_scope
from cooperatives.models import GroupCooperative
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import group_object, user_object
from shop.api.breadth import Selection
from shop.api.catalogue.cooperatives import cooperative_object
from shop.api.context import Context
from shop.api.ids import input_key
from shop.api.object_types import Row
from shop.api.root_fields import Mutations
from shop.api.staff.groups import require_group_within_rights
from shop.api.staff.inputs import PermissionGroupCooperativesUpdateArguments

mutation = Mutations(
    codes={"missing": "REQUIRED", "empty_group_scope": "REQUIRED", "ambiguous_group_scope": "REQUIRED"}
)
group_object.columns(platformWide="is_platform_wide")


def _cooperatives_by_owner(
    cooperative_keys: dict[int, list[int]], context: Context, selection: Selection
) -> dict[int, list[Row]]:
    cooperative_pairs = [(key, None) for keys in cooperative_keys.values() for key in keys]
    cooperatives_by_pair = cooperative_object.by_pair(context, cooperative_pairs, selection.names())
    return {
        owner: [cooperatives_by_pair[key, None] for key in keys if (key, None) in cooperatives_by_pair]
        for owner, keys in cooperative_keys.items()
    }


@user_object.field("cooperatives", needs="id")
def cooperatives_of_people(
    users: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    cooperatives_by_user = _cooperatives_by_owner(
        read_cooperative_ids_by_user([user_row.id for user_row in users if user_row.id is not None]),
        context,
        selection,
    )
    return [cooperatives_by_user.get(user_row.id, []) for user_row in users]


@group_object.field("cooperatives", needs="id")
def cooperatives_of_groups(
    groups: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    cooperative_keys: dict[int, list[int]] = {}
    rows = GroupCooperative.objects.filter(group__in=[group_row.id for group_row in groups]).order_by(
        "cooperative"
    )
    for key, cooperative_key in rows.values_list("group", "cooperative"):
        cooperative_keys.setdefault(key, []).append(cooperative_key)
    cooperatives_by_group = _cooperatives_by_owner(cooperative_keys, context, selection)
    return [cooperatives_by_group.get(group_row.id, []) for group_row in groups]


@mutation.field(permissions=[Permission.MANAGE_STAFF], needs_recent_sign_in=True)
def permission_group_cooperatives_update(
    arguments: PermissionGroupCooperativesUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "Group", field="id")
    require_group_within_rights(key, context)
    keys = [input_key(text, "Cooperative", field="cooperatives") for text in arguments["cooperatives"]]
    set_group_scope(
        group_id=key,
        cooperative_ids=keys,
        is_platform_wide=bool(arguments.get("platformWide")),
        actor=context.actor,
        now=context.now,
    )
    return {"group": group_object.by_key(context, [key], selection.names("group")).get(key)}
