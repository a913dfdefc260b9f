"""The members' start page: tasks and what needs attention."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Min, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import Lot, Variant
from catalog.variant_stock import low_stock_variants
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.states import CooperativeState
from orders.models import Complaint, OrderPart, Settlement
from orders.models.part import OrderPartQuerySet
from shop.core.dates.calendar import vietnam_date
from shop.core.models import market_channel, shop_settings
from shop.members.fulfilment.worklist import PartTask, Stage, at_stage, build_tasks
from shop.members.member_access import for_members, render_page

_MAX_TASKS_PER_STAGE = 12  # the rest is behind "all"
_MAX_LOW_STOCKS = 5
_STAGES = (Stage.ACCEPT, Stage.PACK, Stage.HAND_OVER, Stage.ON_THE_WAY)


@dataclass(frozen=True, slots=True)
class TaskSection:
    """The first tasks of a stage. `count` is the number of all."""

    stage: Stage
    tasks: list[PartTask]
    count: int
    has_more: bool


@dataclass(frozen=True, slots=True)
class NextAction:
    """The big button of the page. An action without a stage adds a product."""

    href: str
    stage: str = ""
    count: int = 0


@require_safe
@for_members(MemberRight.SEE_ORDERS)
def show_today(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show parts to accept, pack, hand over and follow, low stock, and pickups of the next market day."""
    now = timezone.now()
    cooperative_parts = OrderPart.objects.for_cooperative(membership.cooperative)
    sections = _build_sections(cooperative_parts, now) if membership.may(MemberRight.PACK) else []
    due_payout, due_since = _read_due_payout(membership)
    settings = shop_settings()
    context = {
        "this_day": vietnam_date(now),
        "sections": sections,
        "complaints": _find_complaints(membership) if membership.may(MemberRight.PACK) else [],
        "now": now,
        "next_action": _next_action(sections, membership),
        "low": _load_low_stock(membership),
        "expiring_count": _count_expiring_lots(membership, vietnam_date(now)),
        "next_pickups": cooperative_parts.next_pickup_day(vietnam_date(now))
        if membership.may(MemberRight.PACK)
        else None,
        "due_payout": due_payout,
        "next_payout_day": settings.next_payout_day(vietnam_date(now)) if due_payout else None,
        "missed_payout_day": settings.missed_payout_day(due_since, vietnam_date(now)) if due_since else None,
        "is_paused": membership.cooperative.is_paused_on(vietnam_date(now)),
        "is_suspended": membership.cooperative.state == CooperativeState.SUSPENDED,
        "may_pack": membership.may(MemberRight.PACK),
        "may_manage": membership.may(MemberRight.MANAGE),
        "may_count": membership.may(MemberRight.COUNT_STOCK),
        "may_sell": membership.may(MemberRight.SELL),
        "may_see_cash": membership.may(MemberRight.HANDLE_CASH),
    }
    return render_page(request, membership, "members/today.html", context)


def _load_low_stock(membership: MembershipContext) -> list[Variant]:
    """Return variants on sale that are oversold, sold out or almost sold out, lowest first."""
    channel = market_channel()
    if channel is None:
        return []
    return list(low_stock_variants(membership.cooperative, channel)[:_MAX_LOW_STOCKS])


def _count_expiring_lots(membership: MembershipContext, today: datetime.date) -> int:
    """Return how many lots in stock have expired or soon will, or 0 without the right to count stock."""
    if not membership.may(MemberRight.COUNT_STOCK):
        return 0
    return Lot.objects.near_expiry(membership.cooperative, today).count()


def _read_due_payout(membership: MembershipContext) -> tuple[int, datetime.datetime | None]:
    """Return the sum of closed settlements that wait for payment and since when the oldest does.

    0 without the right to see money.
    """
    if not membership.may(MemberRight.SEE_SETTLEMENTS):
        return 0, None
    market = market_channel()
    settlements = Settlement.objects.for_cooperative(membership.cooperative).payable()
    payable = settlements.filter(currency=market.currency if market else "VND")
    found = payable.aggregate(total=Sum("payable"), due_since=Min("payout__created_at"))
    return found["total"] or 0, found["due_since"]


def _find_complaints(membership: MembershipContext) -> list[Complaint]:
    """Return open complaints, most urgent first."""
    complaints = (
        Complaint.objects.for_cooperative(membership.cooperative).open().select_related("part__order")
    )
    return list(complaints[:_MAX_TASKS_PER_STAGE])


def _build_sections(cooperative_parts: OrderPartQuerySet, now: datetime.datetime) -> list[TaskSection]:
    """Return the parts of each stage, most urgent first. Empty stages are left out."""
    parts_with_stage = [
        (part, stage)
        for stage in _STAGES
        for part in at_stage(cooperative_parts, stage).select_related("order", "delivery_method")[
            : _MAX_TASKS_PER_STAGE + 1
        ]
    ]
    by_stage: dict[Stage, list[PartTask]] = {stage: [] for stage in _STAGES}
    for (_part, stage), task in zip(parts_with_stage, build_tasks(parts_with_stage, now=now), strict=True):
        by_stage[stage].append(task)
    return [
        TaskSection(
            stage=stage,
            tasks=listed[:_MAX_TASKS_PER_STAGE],
            count=at_stage(cooperative_parts, stage).count()
            if len(listed) > _MAX_TASKS_PER_STAGE
            else len(listed),
            has_more=len(listed) > _MAX_TASKS_PER_STAGE,
        )
        for stage, listed in by_stage.items()
        if listed
    ]


def _next_action(sections: list[TaskSection], membership: MembershipContext) -> NextAction | None:
    """Return the next action, which is the first task of the first stage that needs a member.

    Several new orders lead to their list, where they can be read and accepted together.
    """
    for section in sections:
        if section.stage != Stage.ON_THE_WAY:
            url = reverse("members:part", args=[section.tasks[0].part.pk])
            if section.stage == Stage.ACCEPT and section.count > 1:
                url = f"{reverse('members:parts')}?{urlencode({'viec': Stage.ACCEPT.value})}"
            return NextAction(url, section.stage, section.count)
    if membership.may(MemberRight.LIST):
        return NextAction(reverse("members:create-listing"))
    return None
