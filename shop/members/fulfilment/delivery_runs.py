"""Delivery runs by commune: members put parcels together for a driver and hand them over."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.delivery_runs import (
    EmptyRun,
    create_run,
    dispatch_details_of_run,
    driver_link_token,
    end_run,
    is_reopenable,
    parcels_awaiting_run,
    reopen_run,
)
from orders.models import DeliveryRun, Parcel
from orders.models.parcel import ParcelQuerySet
from orders.states import CodState, ParcelState
from shop.core.errors import Missing, Refused
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.form_review import is_reviewed
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.public_urls import page_url
from shop.members.buyer_messages import message_about_run
from shop.members.forms.delivery_runs import DeliveryRunForm
from shop.members.forms.fields import parse_key
from shop.members.member_access import for_members, render_page, submitted_key

_MAX_ENDED_RUNS = 20
_MAX_NAMED_COMMUNES = 3
_BEFORE_HANDOVER = frozenset({ParcelState.PACKED, ParcelState.FAILED_DELIVERY})
UNDELIVERED_STATES = _BEFORE_HANDOVER | {ParcelState.HANDED_OVER}


@dataclass(frozen=True, slots=True)
class Commune:
    """Parcels that go to one commune, or to one coach station."""

    name: str
    parcels: list[Parcel]


@require_safe_or_post
@for_members(MemberRight.PACK)
def list_runs(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List open and recent runs, and the parcels that wait for one by commune. A POST creates a run."""
    waiting = parcels_awaiting_run(membership.cooperative).with_label_rows().order_by("pk")
    communes = group_by_commune(waiting)
    form = DeliveryRunForm(request.POST if request.method == "POST" else None)
    chosen_ids = {parse_key(text) for text in request.POST.getlist("parcel")}
    if form.is_valid():
        with refusals_as_form_errors(form):
            return redirect("members:delivery-run", _create_run(request, membership, form, communes).pk)
    runs = DeliveryRun.objects.for_cooperative(membership.cooperative).newest_first()
    context = {
        "communes": communes,
        "form": form,
        "chosen_ids": chosen_ids,
        "chosen_commune": request.GET.get("xa", ""),
        "open_runs": list(runs.open()),
        "ended_runs": list(runs.exclude(ended_at=None)[:_MAX_ENDED_RUNS]),
        "idempotency_key": request.POST.get("idempotency_key") or uuid.uuid4(),
    }
    return render_page(request, membership, "members/delivery_runs.html", context)


def _create_run(
    request: HttpRequest, membership: MembershipContext, form: DeliveryRunForm, communes: Sequence[Commune]
) -> DeliveryRun:
    chosen_ids = {parse_key(text) for text in request.POST.getlist("parcel")}
    if not chosen_ids:
        raise EmptyRun()
    names = [
        commune.name for commune in communes if any(parcel.pk in chosen_ids for parcel in commune.parcels)
    ]
    return create_run(
        cooperative=membership.cooperative,
        parcel_ids=chosen_ids,
        name="; ".join(names[:_MAX_NAMED_COMMUNES]),
        **form.cleaned_data,
        idempotency_key=submitted_key(request, "run", membership.cooperative.pk),
        actor=membership.actor,
        now=timezone.now(),
    )


@require_safe
@never_cache
@for_members(MemberRight.PACK)
def show_run(request: HttpRequest, membership: MembershipContext, run_id: int) -> HttpResponse:
    """Show a run with its parcels, and the driver's link while it is open."""
    run = _find_run(membership, run_id)
    parcels = list(parcels_of_run(run))
    for parcel in parcels:
        parcel.part.cooperative = membership.cooperative
    url = page_url(f"/xa-vien/chuyen-di/{driver_link_token(run)}/", get_language() or "vi")
    context = {
        "run": run,
        "communes": [
            (commune.name, [(parcel, _message_to_buyer(parcel)) for parcel in commune.parcels])
            for commune in group_by_commune(parcels)
        ],
        "waiting_count": sum(parcel.state in _BEFORE_HANDOVER for parcel in parcels),
        "cash": cash_by_state(parcels),
        "currency": parcels[0].part.order.currency if parcels else "VND",
        "may_reopen": is_reopenable(run, timezone.now()),
        "url": "" if run.ended_at else url,
        "code": "" if run.ended_at else segno.make(url, micro=False).svg_data_uri(border=2, omitsize=True),
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/delivery_run.html", context)


@require_POST
@for_members(MemberRight.PACK)
def hand_over_run(request: HttpRequest, membership: MembershipContext, run_id: int) -> HttpResponse:
    """Hand all packed parcels of a run to its driver.

    A parcel that is refused does not hold up the others.
    """
    run = _find_run(membership, run_id)
    done_count = 0
    details = dispatch_details_of_run(run)
    for parcel in parcels_of_run(run) if run.ended_at is None else ():
        if parcel.state not in _BEFORE_HANDOVER:
            continue
        try:
            hand_over_parcel(
                parcel_id=parcel.pk,
                dispatch=details,
                idempotency_key=submitted_key(request, "hand_over_parcel", parcel.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            done_count += 1
        except Refused as refused:
            messages.error(request, f"{parcel.part.order.code}-{parcel.label_code}: {refused.message}")
    if done_count:
        text = ngettext(
            "%(count)d parcel handed to the driver.", "%(count)d parcels handed to the driver.", done_count
        )
        messages.success(request, text % {"count": done_count})
    return redirect("members:delivery-run", run.pk)


@require_safe_or_post
@for_members(MemberRight.PACK)
def end_run_view(request: HttpRequest, membership: MembershipContext, run_id: int) -> HttpResponse:
    """End a run, after a review if parcels are undelivered or cash is uncollected."""
    run = _find_run(membership, run_id)
    parcels = list(parcels_of_run(run))
    undelivered = [parcel for parcel in parcels if parcel.state in UNDELIVERED_STATES]
    cash = cash_by_state(parcels)["expected"]
    if request.method != "POST" or ((undelivered or cash) and not is_reviewed(request)):
        context = {
            "run": run,
            "undelivered": undelivered,
            "cash": cash,
            "currency": parcels[0].part.order.currency if parcels else "VND",
        }
        return render_page(request, membership, "members/run_ending.html", context)
    action = partial(
        end_run,
        run_id=run_id,
        cooperative=membership.cooperative,
        actor=membership.actor,
        now=timezone.now(),
    )
    url = reverse("members:delivery-run", args=[run_id])
    return run_action(request, action, url=url, message=_("Run ended. The driver's link no longer works."))


@require_POST
@for_members(MemberRight.PACK)
def reopen_run_view(request: HttpRequest, membership: MembershipContext, run_id: int) -> HttpResponse:
    """Reopen a run that ended by mistake."""
    action = partial(
        reopen_run,
        run_id=run_id,
        cooperative=membership.cooperative,
        actor=membership.actor,
        now=timezone.now(),
    )
    url = reverse("members:delivery-run", args=[run_id])
    return run_action(request, action, url=url, message=_("Run reopened. The driver's link works again."))


def _find_run(membership: MembershipContext, run_id: int) -> DeliveryRun:
    """Return the cooperative's run. Raises Missing."""
    run = DeliveryRun.objects.for_cooperative(membership.cooperative).filter(pk=run_id).first()
    if run is None:
        raise Missing()
    return run


def _message_to_buyer(parcel: Parcel) -> str:
    return message_about_run(parcel) if parcel.part.may_show_contact else ""


def parcels_of_run(run: DeliveryRun) -> ParcelQuerySet:
    """Return the run's parcels with what its pages show, without voided ones."""
    parcels = Parcel.objects.filter(run_parcels__run=run).exclude(state=ParcelState.VOIDED)
    return parcels.with_label_rows().order_by("pk")


def group_by_commune(parcels: Iterable[Parcel]) -> list[Commune]:
    """Group parcels, loaded as for labels, by where they go, sorted by name."""
    groups: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        groups.setdefault(commune_name(parcel), []).append(parcel)
    return [Commune(name, groups[name]) for name in sorted(groups)]


def commune_name(parcel: Parcel) -> str:
    """Return where a parcel, loaded as for labels, goes, which is the commune or a pickup place."""
    address = parcel.part.order.shipping_address
    if parcel.part.pickup_place or address is None:
        return parcel.part.pickup_place or _("Without an address")
    return ", ".join(text for text in (address.city, address.country_area) if text)


def cash_by_state(parcels: Sequence[Parcel]) -> dict[str, int]:
    """Return the cash that is still to be collected, and what is collected, in minor units."""
    return {
        "expected": sum(parcel.cod_expected for parcel in parcels if parcel.cod_state == CodState.EXPECTED),
        "collected": sum(parcel.cod_collected for parcel in parcels),
    }
