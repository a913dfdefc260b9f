"""Work on several orders at once: accept all new ones, pack several, attach all labels.

An order that is refused does not hold up the others.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.undo_steps import undo_acceptance
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import OrderPart, Parcel
from orders.states import ParcelState
from shop.core.errors import Refused
from shop.members.forms.fields import parse_key
from shop.members.fulfilment.worklist import Stage, build_tasks
from shop.members.member_access import for_members, render_page, submitted_key

PER_PAGE = 50


@require_POST
@for_members(MemberRight.PACK)
def accept_chosen_parts(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Accept the parts that the form names."""
    actions = (
        (
            part.order.code,
            partial(accept_part, part_id=part.pk, idempotency_key=submitted_key(request, "accept", part.pk)),
        )
        for part in _find_submitted_parts(request, membership)
    )
    accepted_count = _run_all(request, membership, actions)
    query = {"viec": Stage.PACK.value}
    if accepted_count:
        text = ngettext("%(count)d order accepted.", "%(count)d orders accepted.", accepted_count)
        messages.success(request, text % {"count": accepted_count})
        query["vua-nhan"] = ",".join(map(str, _submitted_ids(request, "part")))
    return redirect(f"{reverse('members:parts')}?{urlencode(query, safe=',')}")


@require_POST
@for_members(MemberRight.PACK)
def undo_chosen_acceptances(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Take back the acceptance of the parts that the form names."""
    actions = (
        (
            part.order.code,
            partial(
                undo_acceptance,
                part_id=part.pk,
                idempotency_key=submitted_key(request, "undo-acceptance", part.pk),
            ),
        )
        for part in _find_submitted_parts(request, membership)
    )
    if _run_all(request, membership, actions):
        messages.success(request, _("Undone."))
    return redirect("members:today")


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(MemberRight.PACK)
def pack_chosen_parts(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Choose accepted parts, and pack the open items of each into a parcel. Then attach the labels."""
    if request.method == "POST":
        return _pack_parts(request, membership)
    parts = OrderPart.objects.for_cooperative(membership.cooperative).with_unpicked_lines()
    page = Paginator(parts.select_related("order", "delivery_method"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    picked = Parcel.objects.for_cooperative(membership.cooperative).awaiting_labels().in_order()
    tasks = build_tasks([(part, Stage.PACK) for part in page.object_list], now=timezone.now())
    context = {
        "page": page,
        "tasks": tasks,
        "can_pack": any(not (task.weighing_text or task.substitute_text) for task in tasks),
        "picked": list(
            picked.filter(state=ParcelState.PACKING)
            .select_related("part__order")
            .prefetch_related("lines__order_line")
        ),
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/parts_packing.html", context)


@require_POST
@for_members(MemberRight.PACK)
def close_chosen_parcels(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Mark the parcels that the form names as packed and labelled."""
    rows = (
        Parcel.objects.for_cooperative(membership.cooperative).awaiting_labels().select_related("part__order")
    )
    parcels = rows.in_bulk(_submitted_ids(request, "parcel"))
    actions = (
        (
            f"{parcel.part.order.code}-{parcel.label_code}",
            partial(
                close_parcel, parcel_id=parcel.pk, idempotency_key=submitted_key(request, "close", parcel.pk)
            ),
        )
        for parcel in parcels.values()
    )
    closed_count = _run_all(request, membership, actions)
    if closed_count:
        text = ngettext(
            "%(count)d parcel packed. Next, hand it over.",
            "%(count)d parcels packed. Next, hand them over.",
            closed_count,
        )
        messages.success(request, text % {"count": closed_count})
    return redirect(f"{reverse('members:parts')}?viec={Stage.HAND_OVER}")


def _pack_parts(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    parts = _find_submitted_parts(request, membership)
    still_open = read_unpacked_quantities(line for part in parts for line in part.lines.all())
    actions = (
        (
            part.order.code,
            partial(
                pack_parcel,
                part_id=part.pk,
                quantities={
                    line.pk: still_open[line.pk] for line in part.lines.all() if still_open[line.pk] > 0
                },
                idempotency_key=submitted_key(request, "pack", part.pk),
            ),
        )
        for part in parts
    )
    packed_count = _run_all(request, membership, actions)
    if packed_count:
        text = ngettext(
            "%(count)d order picked. Next, the label.",
            "%(count)d orders picked. Next, the labels.",
            packed_count,
        )
        messages.success(request, text % {"count": packed_count})
    elif not parts:
        messages.error(request, _("Choose at least one order."))
    return redirect("members:pack-parts")


def _run_all(
    request: HttpRequest,
    membership: MembershipContext,
    actions: Iterable[tuple[str, Callable[..., object]]],
) -> int:
    """Run each action in a transaction of its own and count those done. Name the refused ones."""
    done_count = 0
    for name, action in actions:
        try:
            action(actor=membership.actor, now=timezone.now())
            done_count += 1
        except Refused as refused:
            messages.error(request, f"{name}: {refused.message}")
    return done_count


def _find_submitted_parts(request: HttpRequest, membership: MembershipContext) -> list[OrderPart]:
    """Return the cooperative's parts named by the form, in its order.

    Those of other cooperatives are left out.
    """
    ids = _submitted_ids(request, "part")
    parts = OrderPart.objects.for_cooperative(membership.cooperative)
    rows = parts.select_related("order").prefetch_related("lines").in_bulk(ids)
    return [rows[part_id] for part_id in ids if part_id in rows]


def _submitted_ids(request: HttpRequest, field: str) -> list[int]:
    return list(dict.fromkeys(parse_key(submitted) for submitted in request.POST.getlist(field)))
