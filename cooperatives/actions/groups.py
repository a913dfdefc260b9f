"""Which cooperatives a group of staff works for."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import transaction

from cooperatives.models import Cooperative, GroupCooperative
from shop.accounts.models import Group
from shop.core.actors import Actor
from shop.core.db import locked_one
from shop.core.errors import Missing
from shop.core.models import record_change


@transaction.atomic(durable=True)
def put_group_to_work(
    *, group_id: int, cooperative_ids: Collection[int], actor: Actor, now: datetime.datetime
) -> Group:
    """From now on the group's permissions hold for these cooperatives' rows alone; with none, for all rows.

    Raises Missing.
    """
    group = locked_one(Group.objects.filter(pk=group_id))
    if group is None:
        raise Missing(field="id")
    wanted = set(cooperative_ids)
    if Cooperative.objects.filter(pk__in=wanted).count() < len(wanted):
        raise Missing(field="cooperatives")
    kept = GroupCooperative.objects.filter(group=group)
    kept.exclude(cooperative__in=wanted).delete()
    have = set(kept.values_list("cooperative", flat=True))
    GroupCooperative.objects.bulk_create(
        GroupCooperative(group=group, cooperative_id=each) for each in sorted(wanted - have)
    )
    record_change("group.put_to_work", group, actor=actor, now=now, data={"cooperatives": sorted(wanted)})
    return group
