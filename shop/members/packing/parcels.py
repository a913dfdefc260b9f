"""A parcel's moves: closed, handed over, delivered, failed, voided; and its label."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cooperatives.access import Right, Standing
from cooperatives.views import carry_out
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_cash,
)
from orders.actions.fulfilment.pack_parcels import close_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import Parcel
from orders.states import ParcelState
from shop.core.errors import Missing, Words
from shop.members.forms.fields import MembersForm, ReasonForm
from shop.members.forms.work import FAILURE_REASONS, VOID_REASONS, CashForm, DeliveryForm, HandOverForm
from shop.members.member_access import for_members, sent_key, show
from shop.members.packing.parts import part_address
from shop.members.packing.worklist import unit_word

_WITH_FORM = ["GET", "HEAD", "POST"]


@require_safe
@for_members(Right.PACK)
def parcel(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """Where the code on a label leads: the page of the parcel's part."""
    return redirect(part_address(_found(standing, parcel_id).part_id))


@require_safe
@for_members(Right.PACK)
def label(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """A label to print, black on white, A6. Only while the parcel is still to arrive: it names the buyer."""
    mine = _found(standing, parcel_id)
    if not mine.part.shows_contact or mine.state in (ParcelState.VOIDED, ParcelState.DELIVERED):
        raise Missing()
    lines = [
        (line, unit_word(line.order_line)) for line in mine.lines.select_related("order_line").order_by("pk")
    ]
    address = f"{settings.PUBLIC_URL}{reverse('members:parcel', args=[mine.pk])}"
    context = {
        "cooperative": standing.cooperative,
        "parcel": mine,
        "part": mine.part,
        "order": mine.part.order,
        "lines": lines,
        "grams": sum(line.grams or line.order_line.grams * line.quantity for line, _unit in lines),
        "code": segno.make(address, micro=False).svg_data_uri(border=2, omitsize=True),
    }
    return render(request, "members/label.html", context)


@require_POST
@for_members(Right.PACK)
def closing(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """Packed and labelled."""
    return _move(request, standing, _found(standing, parcel_id), close_parcel, _("Packed. Now hand it over."))


@require_http_methods(_WITH_FORM)
@for_members(Right.PACK)
def handover(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """It leaves the store house, for the first time or once more."""
    mine = _found(standing, parcel_id)
    form = HandOverForm(
        request.POST if request.method == "POST" else None, parcel=mine, way_kind=mine.part.way_kind
    )
    if not form.is_valid():
        return _ask(request, standing, mine, form, "handover")
    said = _("It waits. The buyer has been told.") if mine.part.is_collected else _("Handed over.")
    return _move(request, standing, mine, hand_over_parcel, said, dispatch=form.dispatch)


@require_http_methods(_WITH_FORM)
@for_members(Right.PACK)
def delivery(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """It has arrived, with or without its cash; against the buyer's code where it was collected."""
    mine = _found(standing, parcel_id)
    form = DeliveryForm(request.POST if request.method == "POST" else None, parcel=mine)
    if not form.is_valid():
        return _ask(request, standing, mine, form, "delivery")
    return _move(
        request,
        standing,
        mine,
        deliver_parcel,
        _("Delivered."),
        cash_collected=form.is_cash_collected,
        taken=form.taken,
        code=form.code_said,
    )


@require_POST
@for_members(Right.PACK)
def cash(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """The cash of a delivered parcel is in hand after all, all of it or less."""
    mine = _found(standing, parcel_id)
    form = CashForm(request.POST, parcel=mine)
    if not form.is_valid():
        return _ask(request, standing, mine, form, "cash")
    return _move(request, standing, mine, report_cash, _("Cash collected."), taken=form.taken)


@require_http_methods(_WITH_FORM)
@for_members(Right.PACK)
def failure(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """It could not be delivered."""
    mine = _found(standing, parcel_id)
    form = ReasonForm(request.POST or None, reasons=list(FAILURE_REASONS))
    if not form.is_valid():
        return _ask(request, standing, mine, form, "failure")
    return _move(request, standing, mine, fail_delivery, _("The buyer has been told."), reason=form.reason)


@require_http_methods(_WITH_FORM)
@for_members(Right.PACK)
def voiding(request: HttpRequest, standing: Standing, parcel_id: int) -> HttpResponse:
    """Undo the parcel: its goods are to be packed anew."""
    mine = _found(standing, parcel_id)
    form = ReasonForm(request.POST or None, reasons=list(VOID_REASONS))
    if not form.is_valid():
        return _ask(request, standing, mine, form, "voiding")
    return _move(
        request,
        standing,
        mine,
        void_parcel,
        _("Undone. The goods are to be packed again."),
        reason=form.reason,
    )


def _found(standing: Standing, parcel_id: int) -> Parcel:
    """The cooperative's parcel. Raises Missing."""
    found = (
        Parcel.objects.for_cooperative(standing.cooperative)
        .filter(pk=parcel_id)
        .select_related("part__order__shipping_address")
        .first()
    )
    if found is None:
        raise Missing()
    return found


def _ask(
    request: HttpRequest, standing: Standing, mine: Parcel, form: MembersForm, move: str
) -> HttpResponse:
    context = {
        "parcel": mine,
        "part": mine.part,
        "order": mine.part.order,
        "form": form,
        "move": move,
        "key": uuid.uuid4(),
    }
    return show(request, standing, "members/parcel.html", context)


def _move(
    request: HttpRequest,
    standing: Standing,
    mine: Parcel,
    action: Callable[..., Any],
    said: Words,
    **facts: Any,
) -> HttpResponse:
    key = sent_key(request, action.__name__, mine.pk)
    act = partial(action, parcel_id=mine.pk, key=key, actor=standing.actor, now=timezone.now(), **facts)
    return carry_out(request, act, to=part_address(mine.part_id), said=said)
