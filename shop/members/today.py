"""The members' first page: what to do now, and what to know."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.auth import get_user
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Stock
from cooperatives.access import Right, Standing, acting_for
from cooperatives.states import CooperativeState
from orders.models import Complaint, OrderPart
from shop.core.dates.calendar import day_of
from shop.core.errors import Missing
from shop.members.forms.fields import as_key
from shop.members.member_access import CHOSEN_KEY, for_members, show, to_sign_in
from shop.members.packing.worklist import Stage, Task, at_stage, tasks

_AT_ONCE = 12  # tasks of one kind on this page; the rest is behind "all"
_LOW_AT_ONCE = 5
_STAGES = (Stage.ACCEPT, Stage.PACK, Stage.HAND_OVER, Stage.ON_THE_WAY)


@require_safe
@for_members(Right.SEE)
def today(request: HttpRequest, standing: Standing) -> HttpResponse:
    """What to accept, pack, hand over and follow; what runs low; who comes on market day."""
    now = timezone.now()
    mine = OrderPart.objects.for_cooperative(standing.cooperative)
    sections = _sections(mine, now) if standing.may(Right.PACK) else []
    context = {
        "this_day": day_of(now),
        "sections": sections,
        "complaints": _complaints(standing) if standing.may(Right.PACK) else [],
        "now": now,
        "big": _big_button(sections, standing),
        "low": list(Stock.objects.for_cooperative(standing.cooperative).running_low()[:_LOW_AT_ONCE]),
        "comers": mine.next_comers(day_of(now)) if standing.may(Right.PACK) else None,
        "is_paused": standing.cooperative.is_paused_on(day_of(now)),
        "is_suspended": standing.cooperative.state == CooperativeState.SUSPENDED,
        "may_list": standing.may(Right.LIST),
        "may_pack": standing.may(Right.PACK),
        "may_manage": standing.may(Right.MANAGE),
        "may_count": standing.may(Right.COUNT),
        "may_see_cash": standing.may(Right.CASH),
    }
    return show(request, standing, "members/today.html", context)


@require_POST
def chosen_cooperative(request: HttpRequest) -> HttpResponse:
    """Act for another of one's cooperatives from here on."""
    if not request.user.is_authenticated:
        return to_sign_in(request)
    try:
        standing = acting_for(get_user(request), as_key(request.POST.get("cooperative")))
    except Missing as error:
        raise Http404 from error
    request.session[CHOSEN_KEY] = standing.cooperative.pk
    return redirect("members:today")


def _complaints(standing: Standing) -> list[Complaint]:
    """What buyers wait to be answered, most urgent first."""
    mine = Complaint.objects.for_cooperative(standing.cooperative).open().select_related("part__order")
    return list(mine[:_AT_ONCE])


def _sections(mine: Any, now: datetime.datetime) -> list[dict[str, Any]]:
    """The parts at each stage, most pressing first; stages without any are left out."""
    found = [
        (part, stage)
        for stage in _STAGES
        for part in at_stage(mine, stage).select_related("order", "way")[: _AT_ONCE + 1]
    ]
    by_stage: dict[Stage, list[Task]] = {stage: [] for stage in _STAGES}
    for (_part, stage), task in zip(found, tasks(found, now=now), strict=True):
        by_stage[stage].append(task)
    return [
        {
            "stage": stage,
            "tasks": listed[:_AT_ONCE],
            "count": at_stage(mine, stage).count() if len(listed) > _AT_ONCE else len(listed),
            "has_more": len(listed) > _AT_ONCE,
        }
        for stage, listed in by_stage.items()
        if listed
    ]


def _big_button(sections: list[dict[str, Any]], standing: Standing) -> dict[str, Any] | None:
    """The one thing to do now: the first task of the first stage that waits for a member's hand."""
    for section in sections:
        if section["stage"] != Stage.ON_THE_WAY:
            first = section["tasks"][0].part
            return {
                "stage": section["stage"],
                "count": section["count"],
                "href": reverse("members:part", args=[first.pk]),
            }
    if standing.may(Right.LIST):
        return {"stage": "", "href": reverse("members:listing-new")}
    return None
