"""The pick list across orders, by product or by order, ticked off by several packers at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Lot
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Cooperative
from orders.actions.fulfilment.pick_list import (
    PickShare,
    RequestedPick,
    find_open_pick_shares,
    tick_picks,
    untick_picks,
)
from orders.models import OrderLine, OrderPart, PickTick
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.models import Picture
from shop.members.forms.fields import parse_uuid
from shop.members.fulfilment.worklist import load_line_pictures
from shop.members.member_access import for_members, render_page
from shop.members.order_texts import sorted_lines

BY_ORDER = "don"
_MAX_PICKS = 500
_MAX_DIGITS = 9


@dataclass(slots=True)
class PickItem:
    """Items to fetch together, which are a variant for several orders, or one line of an order.

    `grams` is the estimated weight of lines that are still to be weighed.
    """

    line: OrderLine
    picture: Picture | None
    shares: list[PickShare] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.shares[0].line.pk}-{self.shares[0].warehouse_id or ''}"

    @property
    def amount(self) -> str:
        return self.line.count_label(sum(share.quantity for share in self.shares))

    @property
    def grams(self) -> int:
        return sum(
            (share.line.estimate_grams or 0) * share.quantity // share.line.quantity
            for share in self.shares
            if share.line.is_to_weigh
        )

    @property
    def lots(self) -> list[tuple[Lot | None, str]]:
        """The lots to take from, first expired first, each with its quantity and unit."""
        quantities: dict[Lot | None, int] = {}
        for share in self.shares:
            for lot, quantity in share.lots:
                quantities[lot] = quantities.get(lot, 0) + quantity
        return [(lot, self.line.count_label(quantity)) for lot, quantity in quantities.items()]

    @property
    def unticked(self) -> list[PickShare]:
        return [share for share in self.shares if share.tick is None]

    @property
    def ticks(self) -> list[PickTick]:
        """The ticks, one for each person who has fetched some of it."""
        ticks = {share.tick.picked_by_id: share.tick for share in self.shares if share.tick is not None}
        return list(ticks.values())


@dataclass(frozen=True, slots=True)
class PickGroup:
    """Items under one heading, which is a warehouse or an order. `part` is None for a warehouse."""

    heading: str
    items: list[PickItem]
    part: OrderPart | None = None

    @property
    def is_fetched(self) -> bool:
        return not any(item.unticked for item in self.items)


@require_safe
@never_cache
@for_members(MemberRight.PACK)
def show_pick_list(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the open items of all accepted orders, by warehouse and product, or by order.

    The page asks again automatically. While nothing has changed, the answer to `?seen=` is 204.
    """
    context = _build_list_context(membership.cooperative, is_by_order=request.GET.get("theo") == BY_ORDER)
    if "seen" not in request.GET:
        return render_page(request, membership, "members/pick_list.html", context)
    if request.GET["seen"] == context["state_hash"]:
        return HttpResponse(status=204)
    return render(request, "members/pick_list_items.html", context)


@require_POST
@for_members(MemberRight.PACK)
def tick_picks_view(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Tick the items that the form names as fetched, or remove their ticks."""
    submitted = request.POST.getlist("pick")[:_MAX_PICKS]
    picks = list(dict.fromkeys(_parse_pick(text) for text in submitted))
    cooperative = membership.cooperative
    action: Callable[[], None] = partial(untick_picks, cooperative=cooperative, picks=picks)
    if "undo" not in request.POST:
        action = partial(
            tick_picks, cooperative=cooperative, picks=picks, actor=membership.actor, now=timezone.now()
        )
    refusal = ""
    try:
        action()
    except Missing:
        refusal = _("The list has changed meanwhile. Look at it again.")
    except Refused as refused:
        refusal = str(refused.message)
    is_by_order = request.POST.get("by") == BY_ORDER
    if request.headers.get("HX-Request") == "true":
        context = _build_list_context(cooperative, is_by_order=is_by_order) | {"refusal": refusal}
        return render(request, "members/pick_list_items.html", context)
    if refusal:
        messages.error(request, refusal)
    url = reverse("members:pick-list")
    return redirect(f"{url}?theo={BY_ORDER}" if is_by_order else url)


def _parse_pick(text: str) -> RequestedPick:
    """Return the share that a form names by its key. Raises Missing."""
    line, _slash, rest = text.partition("/")
    warehouse, _slash, quantity = rest.partition("/")
    line_id, warehouse_id = parse_uuid(line), parse_uuid(warehouse)
    is_number = quantity.isdecimal() and len(quantity) <= _MAX_DIGITS
    if line_id is None or (warehouse and warehouse_id is None) or not is_number:
        raise Missing()
    return RequestedPick(line_id, warehouse_id, int(quantity))


def _build_list_context(cooperative: Cooperative, *, is_by_order: bool) -> dict[str, object]:
    """Return the context of the list. A fixed number of queries for all orders."""
    now = timezone.now()
    parts = list(
        OrderPart.objects.for_cooperative(cooperative)
        .with_unpicked_lines()
        .select_related("order", "warehouse")
        .prefetch_related("lines")
    )
    lines = [line for part in parts for line in _lines_with_parts(part)]
    shares = find_open_pick_shares(lines, today=vietnam_date(now))
    pictures = load_line_pictures(lines)
    groups = _group_by_order(shares, pictures) if is_by_order else _group_by_warehouse(shares, pictures)
    return {
        "order_count": len(parts),
        "groups": groups,
        "is_by_order": is_by_order,
        "state_hash": _state_hash(shares),
        "now": now,
    }


def _lines_with_parts(part: OrderPart) -> list[OrderLine]:
    lines = sorted_lines(part)
    for line in lines:
        line.part = part
    return lines


def _group_by_warehouse(shares: Iterable[PickShare], pictures: dict[int, Picture]) -> list[PickGroup]:
    """Sum each variant within its warehouse, sorted by name. Goods without tracked stock come last."""
    items: dict[tuple[object, ...], PickItem] = {}
    for share in shares:
        line = share.line
        key = (share.warehouse_id, line.variant_id or line.product_name, line.contents_label(1))
        item = items.setdefault(key, PickItem(line, pictures.get(line.picture_key or 0)))
        item.shares.append(share)

    def sort_key(item: PickItem) -> tuple[bool, str, str, str]:
        warehouse = item.shares[0].warehouse
        name, key = (warehouse.name, str(warehouse.pk)) if warehouse else ("", "")
        return warehouse is None, name, key, item.line.product_name

    grouped = groupby(sorted(items.values(), key=sort_key), key=lambda item: item.shares[0].warehouse)
    return [
        PickGroup(warehouse.name if warehouse else _("Without tracked stock"), list(group))
        for warehouse, group in grouped
    ]


def _group_by_order(shares: Iterable[PickShare], pictures: dict[int, Picture]) -> list[PickGroup]:
    grouped = groupby(shares, key=lambda share: share.line.part)
    return [
        PickGroup(
            part.order.code,
            [PickItem(share.line, pictures.get(share.line.picture_key or 0), [share]) for share in group],
            part,
        )
        for part, group in grouped
    ]


def _state_hash(shares: Sequence[PickShare]) -> str:
    """Return a hash that changes whenever the list or a tick changes."""
    text = "\n".join(f"{share.key} {share.tick and share.tick.pk} {share.lots}" for share in shares)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
