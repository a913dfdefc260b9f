"""A cooperative's parts of orders: list, detail, acceptance, refusal and packing."""

from __future__ import annotations

import datetime
import uuid
from functools import partial

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.alerts.escalate_alerts import mark_part_alerts_seen
from orders.actions.fulfilment.cancel_parts import SeenPart, decline_or_cancel_part, read_seen_part
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.undo_steps import UNDO_PERIOD, undo_acceptance, undoable_steps
from orders.actions.refunds.refund_preview import read_cancellation_route
from orders.actions.refunds.undo_shortage import find_shortage_undo_deadline
from orders.forms.returns import build_return_form
from orders.models import DeliveryRun, OrderPart, Parcel, Refund, parcel_position_labels
from orders.models.part import OrderPartQuerySet
from orders.states import RETURN_KINDS, CodState, ParcelKind, ParcelState, PartState
from shop.core.errors import Missing
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.buyer_messages import message_about_part
from shop.members.forms.fields import ReasonForm, parse_key
from shop.members.forms.weigh import WeighForm
from shop.members.forms.work import DECLINE_REASONS, CashForm, DeliveryForm, HandOverForm, PickForm
from shop.members.fulfilment.pick_lists import build_pick_form, build_pick_lines
from shop.members.fulfilment.worklist import STAGE_NAMES, Stage, at_stage, build_tasks, format_time_left
from shop.members.member_access import for_members, render_page, submitted_key
from shop.members.order_texts import read_part_totals, ready_time, sorted_lines, step_names

ParcelForm = HandOverForm | DeliveryForm | CashForm

PER_PAGE = 20
# A parcel on its way is voided once it is back, after a failed delivery.
_VOIDABLE_STATES = frozenset({ParcelState.PACKING, ParcelState.PACKED, ParcelState.FAILED_DELIVERY})


@require_safe
@for_members(MemberRight.PACK)
def list_parts(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the parts at the stage given by `?viec=`, by default those to pack."""
    now = timezone.now()
    requested_stage = request.GET.get("viec", "")
    stage = Stage(requested_stage) if requested_stage in set(Stage) else Stage.PACK
    cooperative_parts = OrderPart.objects.for_cooperative(membership.cooperative)
    parts = at_stage(cooperative_parts, stage).select_related("order", "delivery_method")
    page = Paginator(parts, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "stage": stage,
        "stages": [
            (key, name, at_stage(cooperative_parts, key).count() if key != Stage.FINISHED else 0)
            for key, name in STAGE_NAMES.items()
        ],
        "page": page,
        "tasks": build_tasks([(part, stage) for part in page.object_list], now=now),
        "just_accepted": _just_accepted(request, cooperative_parts, now),
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/parts.html", context)


def _just_accepted(
    request: HttpRequest, cooperative_parts: OrderPartQuerySet, now: datetime.datetime
) -> list[OrderPart]:
    """Return the parts named by `?vua-nhan=` whose acceptance can still be taken back."""
    ids = [parse_key(text) for text in request.GET.get("vua-nhan", "").split(",") if text]
    if not ids:
        return []
    return list(
        cooperative_parts.filter(pk__in=ids, state=PartState.ACCEPTED, accepted_at__gte=now - UNDO_PERIOD)
        .exclude(parcels__isnull=False)
        .order_by("accepted_at", "pk")
    )


@require_safe
@for_members(MemberRight.PACK)
def show_part(request: HttpRequest, membership: MembershipContext, part_id: int) -> HttpResponse:
    """Show a part: next step, lines, destination. Alerts about it count as seen."""
    part, now = find_part(membership, part_id), timezone.now()
    mark_part_alerts_seen(part=part, user_id=membership.user.pk, now=now)
    return render_part(request, membership, part, now=now)


@require_POST
@for_members(MemberRight.PACK)
def accept_part_view(request: HttpRequest, membership: MembershipContext, part_id: int) -> HttpResponse:
    """Accept a part."""
    part = find_part(membership, part_id)
    action = partial(
        accept_part,
        part_id=part.pk,
        idempotency_key=submitted_key(request, "accept", part.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(
        request, action, url=part_url(part.pk), message=_("Order accepted. Next, pick the items.")
    )


@require_POST
@for_members(MemberRight.PACK)
def undo_part_acceptance(request: HttpRequest, membership: MembershipContext, part_id: int) -> HttpResponse:
    """Take back the acceptance of a part."""
    part = find_part(membership, part_id)
    action = partial(
        undo_acceptance,
        part_id=part.pk,
        idempotency_key=submitted_key(request, "undo-acceptance", part.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=part_url(part.pk), message=_("Undone."))


@require_safe_or_post
@for_members(MemberRight.PACK)
def refuse_part(request: HttpRequest, membership: MembershipContext, part_id: int) -> HttpResponse:
    """Decline a new part, or cancel an accepted one, with a reason."""
    part = find_part(membership, part_id)
    form = ReasonForm(request.POST or None, reasons=list(DECLINE_REASONS))
    if not form.is_valid():
        context = {
            "part": part,
            "form": form,
            "is_new": part.state == PartState.NEW,
            "is_after_shortage": "shortage" in request.GET,
            "order": part.order,
            "lines": [line.contents for line in sorted_lines(part)],
            **read_part_totals(part, list(part.refunds.oldest_first().with_unsent_items())),
            "route": read_cancellation_route(part.order, [part]),
            "seen": read_seen_part(part),
            "idempotency_key": uuid.uuid4(),
        }
        return render_page(request, membership, "members/refusal.html", context)
    seen = _submitted_seen_part(request)
    is_changed = part.is_active and seen not in (None, read_seen_part(part))
    action = partial(
        decline_or_cancel_part,
        part_id=part.pk,
        reason=form.reason,
        seen=seen,
        idempotency_key=submitted_key(request, "refuse", part.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    message = _("Order cancelled. The buyer has been notified.")
    if part.state == PartState.NEW:
        message = _("Order declined. The buyer has been notified.")
    return run_action(
        request,
        action,
        url=part_url(part.pk),
        message=message,
        refused_url=request.path if is_changed else "",
    )


def _submitted_seen_part(request: HttpRequest) -> SeenPart | None:
    """Return what the submitted form showed of the part, or None if the form does not say."""
    parcel_count = request.POST.get("seen_parcels", "")
    if "seen_state" not in request.POST or not parcel_count.isdecimal():
        return None
    return SeenPart(request.POST["seen_state"], int(parcel_count[:4]))


@require_POST
@for_members(MemberRight.PACK)
def pack_parcel_view(request: HttpRequest, membership: MembershipContext, part_id: int) -> HttpResponse:
    """Pack a parcel of the ticked lines. The form's `idempotency_key` keeps a repeat from packing twice."""
    part, now = find_part(membership, part_id), timezone.now()
    form = build_pick_form(part, request.POST, now=now)
    if form is None:
        return redirect(part_url(part.pk))
    if not form.is_valid():
        return render_part(request, membership, part, now=now, pick=form)
    action = partial(
        pack_parcel,
        part_id=part.pk,
        quantities=form.quantities,
        lots=form.lot_choices,
        idempotency_key=submitted_key(request, "pack", part.pk),
        actor=membership.actor,
        now=now,
    )
    return run_action(request, action, url=part_url(part.pk), message=_("Items picked. Next, the label."))


def part_url(part_id: int) -> str:
    return reverse("members:part", args=[part_id])


def find_part(membership: MembershipContext, part_id: int) -> OrderPart:
    """Return the cooperative's part with the rows that its page shows. Raises Missing."""
    part = (
        OrderPart.objects.for_cooperative(membership.cooperative)
        .filter(pk=part_id)
        .select_related("order__shipping_address", "order__invoice", "delivery_method")
        .prefetch_related("lines")
        .first()
    )
    if part is None:
        raise Missing()
    return part


def render_part(
    request: HttpRequest,
    membership: MembershipContext,
    part: OrderPart,
    *,
    now: datetime.datetime,
    pick: PickForm | None = None,
    weigh: WeighForm | None = None,
    parcel_form: tuple[Parcel, ParcelForm] | None = None,
) -> HttpResponse:
    """Render a part's page. `pick`, `weigh` and `parcel_form` are submitted forms with errors."""
    if pick is None:
        pick = build_pick_form(part, now=now)
    parcels = list(part.parcels.prefetch_related("lines__order_line", "lines__lot").order_by("number", "pk"))
    ready_text, _is_ready_today = ready_time(part, now)
    labels = parcel_position_labels(parcels)
    positions = {parcel_id: label for parcel_id, label in labels.items() if label != "1/1"}
    refunds = list(part.refunds.oldest_first().with_unsent_items())
    rows = build_pick_lines(part, pick, weigh)
    rows_with_options = [row for row in rows if row.has_options]
    runs = DeliveryRun.objects.latest_of_parcels(parcels)
    unweighed = [row for row in rows if row.still_open and row.line.is_to_weigh]
    context = {
        "part": part,
        "order": part.order,
        "message": message_about_part(
            part,
            parcels,
            is_weight_asked=any(row.is_buyer_asked for row in unweighed),
            is_substitute_asked=bool(pick and pick.substitutes),
            refunds=refunds,
        ),
        "idempotency_key": uuid.uuid4(),
        "pick": pick,
        "pick_lines": rows,
        "rows_with_options": rows_with_options,
        "is_lot_choosable": any(row.lot for row in rows_with_options),
        "is_answer_awaited": bool(pick and pick.substitutes and not unweighed)
        or (bool(unweighed) and all(row.is_buyer_asked for row in unweighed)),
        "scale_key": uuid.uuid4(),
        "weigh": weigh,
        **read_part_totals(part, refunds),
        "parcels": [
            _build_parcel(
                part, parcel, positions.get(parcel.pk, ""), parcel_form, runs.get(parcel.pk), now=now
            )
            for parcel in parcels
            if parcel.kind != ParcelKind.REFUND
        ],
        "step": _current_step(part, parcels, pick),
        "step_names": step_names(part),
        "ready_text": ready_text,
        "time_left": format_time_left(part.accept_by, now) if part.accept_by else "",
        "undo_shortage_until": _find_shortage_undo_deadline(membership, part, refunds, now),
        "undo_acceptance_until": _undo_acceptance_until(part, parcels, now),
        "can_report_shortage": bool(pick and any(pick.still_open.values())),
        "can_cancel": part.state == PartState.ACCEPTED and part.may_be_cancelled(parcels),
    }
    return render_page(request, membership, "members/part.html", context)


def _find_shortage_undo_deadline(
    membership: MembershipContext, part: OrderPart, refunds: list[Refund], now: datetime.datetime
) -> datetime.datetime | None:
    """Return the deadline for taking back the latest shortage. No query without a recent one."""
    if not any(now - refund.decided_at <= UNDO_PERIOD for refund in refunds if refund.is_for_unsent_items):
        return None
    return find_shortage_undo_deadline(part, actor=membership.actor, now=now)


def _undo_acceptance_until(
    part: OrderPart, parcels: list[Parcel], now: datetime.datetime
) -> datetime.datetime | None:
    """Return the deadline for taking back the acceptance, or None if that is no longer possible."""
    if part.state != PartState.ACCEPTED or part.accepted_at is None:
        return None
    is_untouched = all(parcel.state == ParcelState.VOIDED for parcel in parcels)
    until = part.accepted_at + UNDO_PERIOD
    return until if is_untouched and now <= until else None


def _build_parcel(
    part: OrderPart,
    parcel: Parcel,
    position: str,
    submitted: tuple[Parcel, ParcelForm] | None,
    run: DeliveryRun | None,
    *,
    now: datetime.datetime,
) -> dict[str, object]:
    """Return a parcel with its number of the total, the form of its next step and the steps to undo.

    `submitted` is a form with errors, shown instead of an empty one.
    """
    parcel_row: dict[str, object] = {
        "parcel": parcel,
        "place": position,
        "lines": list(parcel.lines.all()),
        "voiding": parcel.is_outgoing and parcel.state in _VOIDABLE_STATES,
        "run": run,
        "undoable_steps": [(step, until) for step, until in undoable_steps(parcel) if now <= until],
    }
    if parcel.state in (ParcelState.PACKED, ParcelState.FAILED_DELIVERY):
        parcel_row["handover"] = HandOverForm(parcel=parcel, delivery_kind=part.delivery_kind, run=run)
    elif parcel.kind in RETURN_KINDS and parcel.state == ParcelState.HANDED_OVER:
        parcel_row["back"] = build_return_form(parcel)
    elif parcel.state == ParcelState.HANDED_OVER:
        parcel_row["delivery"] = DeliveryForm(parcel=parcel)
    is_cash_expected = parcel.cod_state == CodState.EXPECTED and not parcel.is_cash_with_carrier
    if parcel.state == ParcelState.DELIVERED and is_cash_expected:
        parcel_row["cash"] = CashForm(parcel=parcel)
    if submitted is not None and submitted[0].pk == parcel.pk:
        names = {HandOverForm: "handover", DeliveryForm: "delivery", CashForm: "cash"}
        name = names[type(submitted[1])]
        parcel_row |= {name: submitted[1]} if name in parcel_row else {}
    return parcel_row


def _current_step(part: OrderPart, parcels: list[Parcel], pick: PickForm | None) -> int:
    """Return the current step: 1 accept, 2 pick, 3 label, 4 hand over, or 5 when all are done."""
    if part.state == PartState.NEW:
        return 1
    states = {parcel.state for parcel in parcels}
    if ParcelState.PACKING in states:
        return 3
    if ParcelState.PACKED in states:
        return 4
    return 2 if pick else 5
