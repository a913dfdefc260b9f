"""The page of a delivery run's driver, who has its link and no account."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.actions.fulfilment.delivery_runs import (
    RunEnded,
    deliver_run_parcel,
    find_open_run,
    record_failed_delivery_of_run,
)
from orders.actions.fulfilment.undo_run_reports import find_undoable_reports, undo_run_report
from orders.actions.fulfilment.undo_steps import ParcelStep
from orders.models import DeliveryRun, Parcel
from orders.states import ParcelState, PartState
from shop.core.errors import StrOrPromise
from shop.core.models import bind_idempotency_key, show_in_language
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.buyer_messages import message_of_driver
from shop.members.forms.fields import ReasonForm
from shop.members.forms.work import FAILURE_REASONS, DeliveryForm
from shop.members.fulfilment.delivery_runs import cash_by_state, group_by_commune, parcels_of_run


@dataclass(frozen=True, slots=True)
class DriverStop:
    """A parcel on the driver's page. `delivery` is the form while the parcel is on its way.

    The driver may undo the delivery, or that it failed, until `undo_until`. `recalled_lots` are lots that
    were recalled after the parcel left. A parcel with recalled lots must not be delivered. `message` is for
    the buyer and says no more than the page.
    """

    parcel: Parcel
    delivery: DeliveryForm | None
    recalled_lots: list[str]
    message: str
    undo_until: datetime.datetime | None


@require_safe
@never_cache
def show_driver_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a run to anyone who has its link, with where each parcel goes and the cash to collect."""
    try:
        run = find_open_run(token)
    except RunEnded as ended:
        return render_ended_run(request, ended, token)
    return _render_driver_page(request, run, token)


@require_POST
@never_cache
def deliver_run_parcel_view(request: HttpRequest, token: str, parcel_id: int) -> HttpResponse:
    """Record a delivery by the run's driver."""
    try:
        run = find_open_run(token)
    except RunEnded as ended:
        return render_ended_run(request, ended, token)
    parcel = get_object_or_404(parcels_of_run(run), pk=parcel_id)
    form = DeliveryForm(request.POST, parcel=parcel)
    if not form.is_valid():
        return _render_driver_page(request, run, token, form=form, parcel_id=parcel_id)
    action = partial(
        deliver_run_parcel,
        run_id=run.pk,
        parcel_id=parcel_id,
        is_cash_collected=form.is_cash_collected,
        cash=form.collected_cash,
        idempotency_key=_driver_key(request, "deliver_parcel", parcel_id),
        now=timezone.now(),
    )
    message = lazy(partial(_build_delivery_message, parcel_id), str)()
    return _run_driver_action(request, token, action, message)


@require_POST
@never_cache
def undo_run_report_view(request: HttpRequest, token: str, parcel_id: int, step: ParcelStep) -> HttpResponse:
    """Take back a delivery, or a failed one, that the run's driver recorded by mistake."""
    try:
        run = find_open_run(token)
    except RunEnded as ended:
        return render_ended_run(request, ended, token)
    parcel = get_object_or_404(parcels_of_run(run), pk=parcel_id)
    action = partial(
        undo_run_report,
        run_id=run.pk,
        parcel_id=parcel_id,
        step=step,
        idempotency_key=_driver_key(request, f"undo_{step}", parcel_id),
        now=timezone.now(),
    )
    message = _("%(parcel)s: undone.") % {"parcel": f"{parcel.part.order.code}-{parcel.label_code}"}
    return _run_driver_action(request, token, action, message)


def _build_delivery_message(parcel_id: int) -> str:
    """Return which parcel was delivered and how much cash was collected for it."""
    parcel = Parcel.objects.select_related("part__order").get(pk=parcel_id)
    order = parcel.part.order
    text = (
        _("%(parcel)s delivered, %(amount)s collected.")
        if parcel.cod_collected
        else _("%(parcel)s delivered.")
    )
    if parcel.has_cash_shortfall:
        text = _("%(parcel)s delivered, %(amount)s collected, %(missing)s short.")
    return text % {
        "parcel": f"{order.code}-{parcel.label_code}",
        "amount": format_money(parcel.cod_collected, order.currency),
        "missing": format_money(parcel.cash_shortfall, order.currency),
    }


@require_safe_or_post
@never_cache
def fail_run_parcel_view(request: HttpRequest, token: str, parcel_id: int) -> HttpResponse:
    """Record with a reason that the run's driver could not deliver a parcel."""
    try:
        run = find_open_run(token)
    except RunEnded as ended:
        return render_ended_run(request, ended, token)
    parcel = get_object_or_404(parcels_of_run(run), pk=parcel_id)
    form = ReasonForm(request.POST or None, reasons=list(FAILURE_REASONS))
    if not form.is_valid():
        context = {
            "run": run,
            "cooperative": run.cooperative,
            "token": token,
            "parcel": parcel,
            "form": form,
            "idempotency_key": uuid.uuid4(),
        }
        return render(request, "members/driver_failure.html", context)
    action = partial(
        record_failed_delivery_of_run,
        run_id=run.pk,
        parcel_id=parcel_id,
        reason=form.reason,
        idempotency_key=_driver_key(request, "fail_delivery", parcel_id),
        now=timezone.now(),
    )
    return _run_driver_action(request, token, action, _("The buyer has been notified."))


def _run_driver_action(
    request: HttpRequest, token: str, action: Callable[[], object], message: StrOrPromise
) -> HttpResponse:
    return run_action(request, action, url=reverse("members:driver-page", args=[token]), message=message)


def _driver_key(request: HttpRequest, action: str, parcel_id: int) -> str | None:
    return bind_idempotency_key(request.POST.get("idempotency_key", ""), "run", action, parcel_id)


def render_ended_run(request: HttpRequest, ended: RunEnded, token: str) -> HttpResponse:
    return render(request, "members/run_ended.html", {"message": ended.message, "token": token}, status=410)


def _render_driver_page(
    request: HttpRequest,
    run: DeliveryRun,
    token: str,
    *,
    form: DeliveryForm | None = None,
    parcel_id: int = 0,
) -> HttpResponse:
    show_in_language([run.cooperative], "name")
    parcels = list(parcels_of_run(run).filter(part__state=PartState.ACCEPTED))
    for parcel in parcels:
        parcel.part.cooperative = run.cooperative
    undoable = find_undoable_reports(run, parcels, timezone.now())
    undo_until = {parcel_id: until for parcel_id, (_step, until) in undoable.items()}
    stops = {
        parcel.pk: _build_stop(parcel, form if parcel.pk == parcel_id else None, undo_until.get(parcel.pk))
        for parcel in parcels
    }
    context = {
        "run": run,
        "token": token,
        "cooperative": run.cooperative,
        "communes": [
            (commune.name, [stops[parcel.pk] for parcel in commune.parcels])
            for commune in group_by_commune(parcels)
        ],
        "cash": cash_by_state(parcels),
        "currency": parcels[0].part.order.currency if parcels else "VND",
        "idempotency_key": uuid.uuid4(),
    }
    return render(request, "members/driver_page.html", context)


def _build_stop(
    parcel: Parcel, form: DeliveryForm | None, undo_until: datetime.datetime | None
) -> DriverStop:
    lots = {line.lot.code for line in parcel.lines.all() if line.lot is not None and line.lot.is_recalled}
    is_on_the_way = parcel.state == ParcelState.HANDED_OVER and not lots
    delivery = (form or DeliveryForm(parcel=parcel)) if is_on_the_way else None
    has_contact = parcel.state != ParcelState.DELIVERED and bool(parcel.part.order.phone) and not lots
    message = message_of_driver(parcel) if has_contact else ""
    return DriverStop(
        parcel=parcel,
        delivery=delivery,
        recalled_lots=sorted(lots),
        message=message,
        undo_until=undo_until,
    )
