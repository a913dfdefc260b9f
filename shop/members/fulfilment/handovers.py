"""Hand-overs by QR code or six digits: the giver's pages for members and drivers, and the receiver's page."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlparse

import segno
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from cooperatives.access import ROLE_RIGHTS, MemberRight, MembershipContext
from orders.actions.fulfilment.delivery_runs import RunEnded, find_open_run
from orders.actions.fulfilment.handovers import (
    ForeignHandoverCode,
    IssuedCode,
    Receiver,
    confirm_handover,
    find_scanned_code,
    issue_handover_code,
    possible_steps,
)
from orders.actions.fulfilment.phone_codes import PhoneCode, is_phone_token, read_phone_token
from orders.actions.fulfilment.phone_handovers import (
    confirm_phone_handover,
    describe_phone_code,
    find_code_by_digits,
)
from orders.models import DeliveryRun, HandoverCode, HandoverMethod, HandoverRecord, HandoverStep, Parcel
from orders.states import CodState
from shop.accounts.models import User
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing, Refused
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.public_urls import page_url
from shop.core.web.rate_limits import RateLimit, client_network
from shop.members.forms.handovers import GiverForm, HandoverDigitsForm, ReceiverForm
from shop.members.fulfilment.delivery_runs import parcels_of_run
from shop.members.fulfilment.driver_page import render_ended_run
from shop.members.member_access import find_session_memberships, for_members

# Wrong entries. Thousands of phones share a carrier's address, so each order has limits of its own.
_TRIES = RateLimit("handover-digits", 300, 15 * 60)


@require_safe_or_post
@never_cache
@for_members(MemberRight.PACK)
def hand_over_by_code(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Show a member the hand-overs of a parcel, and make a code for the next one."""
    parcels = Parcel.objects.for_cooperative(membership.cooperative).with_label_rows()
    parcel = parcels.filter(pk=parcel_id).first()
    if parcel is None:
        raise Missing()
    steps = [step for step in possible_steps(parcel) if step != HandoverStep.TO_BUYER]
    requested = request.POST.get("step", "")
    step = HandoverStep(requested) if requested in steps else None
    form = GiverForm(
        request.POST if step is not None else None, giver_name=membership.user.name, should_ask_for_cash=False
    )
    issued = None
    if step is not None and form.is_valid():
        with refusals_as_form_errors(form):
            issued = issue_handover_code(
                parcel_id=parcel.pk,
                step=step,
                cooperative=membership.cooperative,
                giver_name=form.cleaned_data["giver_name"],
                now=timezone.now(),
            )
    context = {
        "membership": membership,
        "cooperative": membership.cooperative,
        "back_url": reverse("members:part", args=[parcel.part_id]),
    }
    records = HandoverRecord.objects.filter(parcel=parcel)
    return _render_giver_page(request, parcel, steps, form, issued, records, context)


@require_safe_or_post
@never_cache
def hand_over_as_driver(request: HttpRequest, token: str, parcel_id: int) -> HttpResponse:
    """Show a run's driver a code for the buyer of a parcel that is on its way."""
    try:
        run = find_open_run(token)
    except RunEnded as ended:
        return render_ended_run(request, ended, token)
    parcel = get_object_or_404(parcels_of_run(run), pk=parcel_id)
    steps = [step for step in possible_steps(parcel) if step == HandoverStep.TO_BUYER]
    should_ask_for_cash = parcel.cod_state == CodState.EXPECTED and not parcel.is_cash_with_carrier
    form = GiverForm(
        request.POST if request.method == "POST" else None,
        giver_name=run.driver_name,
        should_ask_for_cash=should_ask_for_cash,
    )
    issued = None
    if form.is_valid():
        with refusals_as_form_errors(form):
            issued = _issue_to_buyer(run, parcel, form)
    context = {"cooperative": run.cooperative, "back_url": reverse("members:driver-page", args=[token])}
    # After the delivery the link no longer says who received the parcel, and where.
    records = HandoverRecord.objects.filter(parcel=parcel).exclude(step=HandoverStep.TO_BUYER)
    return _render_giver_page(request, parcel, steps, form, issued, records, context)


def _issue_to_buyer(run: DeliveryRun, parcel: Parcel, form: GiverForm) -> IssuedCode:
    return issue_handover_code(
        parcel_id=parcel.pk,
        step=HandoverStep.TO_BUYER,
        cooperative=run.cooperative,
        giver_name=form.cleaned_data["giver_name"],
        is_cash_collected=form.cleaned_data.get("is_cash_collected", False),
        run=run,
        now=timezone.now(),
    )


def _render_giver_page(
    request: HttpRequest,
    parcel: Parcel,
    steps: Sequence[HandoverStep],
    form: GiverForm,
    issued: IssuedCode | None,
    records: QuerySet[HandoverRecord],
    context: dict[str, object],
) -> HttpResponse:
    if issued is not None:
        url = page_url(f"/xa-vien/ban-giao/{issued.token}/", get_language() or "vi")
        context |= {
            "issued": issued,
            "digits": f"{issued.digits[:3]} {issued.digits[3:]}",
            "code": segno.make(url, micro=False).svg_data_uri(border=2, omitsize=True),
        }
    context |= {
        "parcel": parcel,
        "steps": steps,
        "form": form,
        "records": list(records.order_by("pk")),
    }
    return render(request, "members/handover.html", context)


@require_safe_or_post
@never_cache
def receive_by_scan(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm with the giver's QR code that a parcel was received. The receiver needs no account."""
    try:
        code = read_phone_token(token) if is_phone_token(token) else find_scanned_code(token, timezone.now())
        shown = describe_phone_code(code) if isinstance(code, PhoneCode) else code
    except Refused as refused:
        return _render_refused(request, refused)
    form = ReceiverForm(
        request.POST if request.method == "POST" else None, initial={"name": _signed_in_name(request)}
    )
    if form.is_valid():
        try:
            _confirm(request, code, HandoverMethod.SCAN, form)
        except Missing:
            form.add_error(None, _("Sign in as a packer of this cooperative to receive the parcel."))
        except Refused as refused:
            form.add_error(None, str(refused.message))
        else:
            return render(request, "members/handover_received.html", {"code": shown})
    return render(request, "members/handover_receiving.html", {"form": form, "code": shown})


@require_safe_or_post
@never_cache
def receive_by_digits(request: HttpRequest) -> HttpResponse:
    """Confirm with the six digits on the giver's phone that a parcel was received."""
    entered = request.POST.get("parcel", "").strip()
    if "://" in entered:
        return _follow_scanned_url(request, entered)
    form = HandoverDigitsForm(
        request.POST if request.method == "POST" else None, initial={"name": _signed_in_name(request)}
    )
    if form.is_valid():
        try:
            code = _find_entered_code(request, form)
            record = _confirm(request, code, HandoverMethod.DIGITS, form)
        except Missing:
            form.add_error(None, _("Sign in as a packer of this cooperative to receive the parcel."))
        except Refused as refused:
            field = refused.field if refused.field in form.fields else None
            form.add_error(field, str(refused.message))
        else:
            return render(request, "members/handover_received.html", {"code": record.code})
    return render(request, "members/handover_receiving.html", {"form": form})


def _find_entered_code(request: HttpRequest, form: HandoverDigitsForm) -> PhoneCode | HandoverCode:
    network, receiver = client_network(request.META), _build_receiver(request, form)
    order_code, label_code = form.parcel_key
    _TRIES.count_try(network)
    code = find_code_by_digits(
        order_code=order_code,
        label_code=label_code,
        digits=form.cleaned_data["digits"],
        receiver=receiver,
        entered_by=f"member:{receiver.actor.key}" if receiver.cooperative_ids else f"network:{network}",
        happened_at=timezone.now(),
    )
    _TRIES.uncount_try(network)
    return code


def _confirm(
    request: HttpRequest, code: PhoneCode | HandoverCode, method: HandoverMethod, form: ReceiverForm
) -> HandoverRecord:
    now, receiver = timezone.now(), _build_receiver(request, form)
    if isinstance(code, PhoneCode):
        return confirm_phone_handover(code=code, method=method, receiver=receiver, happened_at=now, now=now)
    return confirm_handover(code=code, method=method, receiver=receiver, now=now)


def _follow_scanned_url(request: HttpRequest, url: str) -> HttpResponse:
    """Go on with a scanned or pasted QR code of the market. Refuse one of another site."""
    try:
        parsed = urlparse(url)
    except ValueError:  # for example an address with half an IPv6 host
        return _render_refused(request, ForeignHandoverCode())
    own = urlparse(settings.PUBLIC_URL)
    prefix, _slash, token = parsed.path.strip("/").rpartition("/")
    if parsed.netloc == own.netloc and prefix.endswith("xa-vien/ban-giao"):
        return redirect("members:receive-by-scan", token)
    return _render_refused(request, ForeignHandoverCode())


def _render_refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    messages.error(request, str(refused.message))
    return render(request, "members/handover_receiving.html", {"form": HandoverDigitsForm()}, status=410)


def _signed_in_name(request: HttpRequest) -> str:
    return request.user.name if isinstance(request.user, User) else ""


def _build_receiver(request: HttpRequest, form: ReceiverForm) -> Receiver:
    name, user = form.cleaned_data["name"], request.user
    if not isinstance(user, User):
        # The change log does not name them. The record of the hand-over does.
        return Receiver(name, form.cleaned_data["place"], Actor.guest(EntryPoint.MEMBERS))
    packing_for = frozenset(
        row.cooperative_id
        for row in find_session_memberships(request)
        if MemberRight.PACK in ROLE_RIGHTS[row.role]
    )
    return Receiver(name, form.cleaned_data["place"], user.as_actor(EntryPoint.MEMBERS), packing_for)
