"""Set the cooperatives for which a staff group's permissions hold."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, GroupCooperative
from shop.accounts.models import Group
from shop.accounts.staff.last_admin import keep_an_administrator
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class EmptyGroupScope(Refused):
    code = "empty_group_scope"
    default_message = _("Choose at least one cooperative, or the whole market.")


class AmbiguousGroupScope(Refused):
    code = "ambiguous_group_scope"
    default_message = _("Choose either the whole market or some cooperatives.")


@transaction.atomic(durable=True)
def set_group_scope(
    *,
    group_id: int,
    cooperative_ids: Collection[int] = (),
    is_platform_wide: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> Group:
    """Limit a group's permissions to the rows of these cooperatives, or open them to the whole platform.

    Raises AmbiguousGroupScope, EmptyGroupScope, LastAdmin, Missing.
    """
    if is_platform_wide and cooperative_ids:
        raise AmbiguousGroupScope(field="platformWide")
    if not is_platform_wide and not cooperative_ids:
        raise EmptyGroupScope(field="cooperatives")
    group = lock_row(Group.objects.filter(pk=group_id))
    if group is None:
        raise Missing(field="id")
    requested_ids = set(cooperative_ids)
    if Cooperative.objects.filter(pk__in=requested_ids).count() < len(requested_ids):
        raise Missing(field="cooperatives")
    was_platform_wide = group.is_platform_wide
    with keep_an_administrator():
        group.is_platform_wide = is_platform_wide
        group.save(update_fields=["is_platform_wide"])
    group_cooperatives = GroupCooperative.objects.filter(group=group)
    group_cooperatives.exclude(cooperative__in=requested_ids).delete()
    existing_ids = set(group_cooperatives.values_list("cooperative", flat=True))
    GroupCooperative.objects.bulk_create(
        GroupCooperative(group=group, cooperative_id=cooperative_id)
        for cooperative_id in sorted(requested_ids - existing_ids)
    )
    data: dict[str, object] = {"cooperatives": sorted(requested_ids), "is_platform_wide": is_platform_wide}
    if was_platform_wide != is_platform_wide:
        scopes = {"is_platform_wide": was_platform_wide}, {"is_platform_wide": is_platform_wide}
        data |= {"from": scopes[0], "to": scopes[1]}
    record_change("group.scope_set", group, actor=actor, now=now, data=data)
    return group
