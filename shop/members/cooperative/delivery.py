"""How the cooperative delivers: its ways, what each costs, when goods are collected."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from catalog.views.buyer_place import all_provinces
from cooperatives.access import Right, Standing
from cooperatives.actions.delivery_methods import edit_way, end_way, offer_way
from cooperatives.actions.delivery_terms import set_market_days, set_rates
from cooperatives.models import DeliveryWay, PickupSlot, Warehouse, WayKind
from cooperatives.views import carry_out, refusals_in
from shop.core.dates.calendar import day_of
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.models import Channel, market_channel
from shop.members.forms.market_days import Timetable
from shop.members.forms.rates import RateTable
from shop.members.forms.ways import WayForm, WayWordsForm
from shop.members.member_access import for_members, sent_key, show

_WITH_FORM = ["GET", "HEAD", "POST"]


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def ways(request: HttpRequest, standing: Standing) -> HttpResponse:
    """The ways that buyers may choose, and the form of one more."""
    form = WayForm(request.POST or None, houses=_houses(standing))
    if not form.is_valid():
        return _list(request, standing, form)
    with refusals_in(form):
        way = offer_way(
            cooperative=standing.cooperative,
            channel=_channel(),
            details=form.details,
            key=sent_key(request, "way", standing.cooperative.pk),
            actor=standing.actor,
            now=timezone.now(),
        )
    if not form.is_valid():
        return _list(request, standing, form)
    messages.success(request, _("Buyers can choose this way now."))
    if way.kind == WayKind.COACH:
        return redirect("members:way", way.pk)
    return (
        redirect("members:way-days", way.pk) if way.kind == WayKind.MARKET_DAY else redirect("members:ways")
    )


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def way(request: HttpRequest, standing: Standing, way_id: int) -> HttpResponse:
    """What buyers read of a way."""
    shown = _found(standing, way_id)
    form = WayWordsForm(
        request.POST or None,
        initial=WayWordsForm.said_of(shown),
        houses=_houses(standing) if shown.is_collected else [],
        kind=shown.kind,
    )
    if not form.is_valid():
        return show(request, standing, "members/way.html", {"way": shown, "form": form})
    act = partial(
        edit_way,
        cooperative=standing.cooperative,
        way_id=shown.pk,
        words=form.words,
        actor=standing.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=reverse("members:ways"), said=_("Changed."))


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def rates(request: HttpRequest, standing: Standing, way_id: int) -> HttpResponse:
    """What a way costs, by province and weight."""
    shown, channel, provinces = _found(standing, way_id), _channel(), all_provinces()
    if request.method != "POST":
        table = RateTable.of(shown, channel_id=channel.pk, provinces=provinces)
        return _ask(request, standing, "members/way_rates.html", {"way": shown, "table": table})
    table = RateTable.sent(request.POST, provinces=provinces)
    context = {"way": shown, "table": table}
    if request.POST.get("more") or not table.is_valid():
        return _ask(request, standing, "members/way_rates.html", context)
    act = partial(
        set_rates,
        cooperative=standing.cooperative,
        way_id=shown.pk,
        channel=channel,
        rates=table.rates,
        free_above=table.free_above.cleaned_data["free_above"],
        actor=standing.actor,
        now=timezone.now(),
    )
    return _keep(request, standing, act, "members/way_rates.html", context)


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def market_days(request: HttpRequest, standing: Standing, way_id: int) -> HttpResponse:
    """When goods of a way may be collected."""
    shown = _found(standing, way_id)
    if not shown.is_collected:
        raise Missing()
    taken = PickupSlot.objects.filter(way=shown, day__gte=day_of(timezone.now()), taken__gt=0)
    context: dict[str, Any] = {"way": shown, "taken": taken.order_by("day", "starts")}
    if request.method != "POST":
        context["table"] = Timetable.of(shown)
        return _ask(request, standing, "members/way_days.html", context)
    table = context["table"] = Timetable.sent(request.POST)
    if request.POST.get("more") or not table.is_valid():
        return _ask(request, standing, "members/way_days.html", context)
    act = partial(
        set_market_days,
        cooperative=standing.cooperative,
        way_id=shown.pk,
        days=table.days,
        cut_off_hours=table.cut_off.cleaned_data["cut_off_hours"],
        actor=standing.actor,
        now=timezone.now(),
    )
    return _keep(request, standing, act, "members/way_days.html", context)


@require_POST
@for_members(Right.MANAGE)
def way_end(request: HttpRequest, standing: Standing, way_id: int) -> HttpResponse:
    """No longer this way."""
    act = partial(
        end_way, cooperative=standing.cooperative, way_id=way_id, actor=standing.actor, now=timezone.now()
    )
    return carry_out(request, act, to=reverse("members:ways"), said=_("Buyers no longer see this way."))


def _list(request: HttpRequest, standing: Standing, form: WayForm) -> HttpResponse:
    channel = _channel()
    mine = DeliveryWay.objects.filter(cooperative=standing.cooperative).offered()
    context = {
        "ways": [{"way": each, **_told(each, channel)} for each in mine],
        "currency": channel.currency,
        "form": form,
        "key": uuid.uuid4(),
    }
    return show(request, standing, "members/ways.html", context)


def _told(way: DeliveryWay, channel: Channel) -> dict[str, Any]:
    """What a way costs at least and at most, and whether it goes everywhere."""
    rates = [rate for rate in way.rates.all() if rate.channel_id == channel.pk]
    prices = [rate.price for rate in rates]
    places = {rate.province_code for rate in rates}
    return {
        "lowest": min(prices, default=0),
        "highest": max(prices, default=0),
        "place_count": 0 if "" in places or way.is_collected else len(places),
        "day_count": len(way.market_days.all()),
    }


def _ask(
    request: HttpRequest, standing: Standing, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page of a table; HTMX, which asks for one more row, gets its rows alone."""
    if request.headers.get("HX-Request") == "true" and request.POST.get("more"):
        return render(request, f"{template}#rows", context)
    return show(request, standing, template, context, status=status)


def _keep(
    request: HttpRequest,
    standing: Standing,
    action: Callable[[], object],
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    """Call the one action; where it refuses, the page again with all that was written."""
    try:
        action()
    except (Forbidden, Missing):
        raise
    except Refused as refused:
        return _ask(request, standing, template, context | {"refused": refused.words})
    messages.success(request, _("Changed."))
    return redirect("members:ways")


def _found(standing: Standing, way_id: int) -> DeliveryWay:
    """The cooperative's way that is offered. Raises Missing."""
    found = DeliveryWay.objects.filter(cooperative=standing.cooperative, pk=way_id).offered().first()
    if found is None:
        raise Missing()
    return found


def _channel() -> Channel:
    channel = market_channel()
    if channel is None:
        raise Missing()
    return channel


def _houses(standing: Standing) -> list[Warehouse]:
    return list(Warehouse.objects.for_cooperative(standing.cooperative).open())
