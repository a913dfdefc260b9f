"""A cooperative's delivery methods, their rates and pickup times."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.delivery_methods import (
    create_delivery_method,
    deactivate_delivery_method,
    update_delivery_method,
)
from cooperatives.actions.delivery_terms import set_delivery_rates, set_market_days
from cooperatives.models import DeliveryKind, DeliveryMethod, PickupSlot, Warehouse
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.geography.division_choices import load_provinces
from shop.core.models import Channel, market_channel
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.delivery_methods import DeliveryMethodTextsForm, NewDeliveryMethodForm
from shop.members.forms.market_days import Timetable
from shop.members.forms.rates import RateTable
from shop.members.member_access import for_members, render_page, submitted_key


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def list_delivery_methods(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the delivery methods and add one."""
    form = NewDeliveryMethodForm(request.POST or None, warehouses=_read_open_warehouses(membership))
    if not form.is_valid():
        return _render_list(request, membership, form)
    with refusals_as_form_errors(form):
        delivery_method = create_delivery_method(
            cooperative=membership.cooperative,
            channel=_require_channel(),
            details=form.details,
            idempotency_key=submitted_key(request, "delivery_method", membership.cooperative.pk),
            actor=membership.actor,
            now=timezone.now(),
        )
    if not form.is_valid():
        return _render_list(request, membership, form)
    messages.success(request, _("Buyers can now choose this delivery method."))
    if delivery_method.kind == DeliveryKind.COACH:
        return redirect("members:delivery-method", delivery_method.pk)
    return (
        redirect("members:market-days", delivery_method.pk)
        if delivery_method.kind == DeliveryKind.MARKET_DAY
        else redirect("members:delivery-methods")
    )


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_delivery_method(
    request: HttpRequest, membership: MembershipContext, delivery_method_id: int
) -> HttpResponse:
    """Edit the texts of a delivery method."""
    method = _find_method(membership, delivery_method_id)
    form = DeliveryMethodTextsForm(
        request.POST or None,
        initial=DeliveryMethodTextsForm.initial_for(method),
        warehouses=_read_open_warehouses(membership) if method.is_pickup else [],
        delivery_kind=method.kind,
    )
    if not form.is_valid():
        return render_page(
            request, membership, "members/delivery_method.html", {"delivery_method": method, "form": form}
        )
    action = partial(
        update_delivery_method,
        cooperative=membership.cooperative,
        delivery_method_id=method.pk,
        details=form.details,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:delivery-methods"), message=_("Changes saved."))


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_delivery_rates(
    request: HttpRequest, membership: MembershipContext, delivery_method_id: int
) -> HttpResponse:
    """Edit the rates of a delivery method by province and weight."""
    method, channel, provinces = (
        _find_method(membership, delivery_method_id),
        _require_channel(),
        load_provinces(),
    )
    if request.method != "POST":
        table = RateTable.from_method(method, channel_id=channel.pk, provinces=provinces)
        return _render_table(
            request, membership, "members/delivery_rates.html", {"delivery_method": method, "table": table}
        )
    table = RateTable.from_submission(request.POST, provinces=provinces)
    context = {"delivery_method": method, "table": table}
    if request.POST.get("more") or not table.is_valid():
        return _render_table(request, membership, "members/delivery_rates.html", context)
    action = partial(
        set_delivery_rates,
        cooperative=membership.cooperative,
        delivery_method_id=method.pk,
        channel=channel,
        rates=table.rates,
        free_from=table.free_from.cleaned_data["free_from"],
        actor=membership.actor,
        now=timezone.now(),
    )
    return _run_table_action(request, membership, action, "members/delivery_rates.html", context)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_market_days(
    request: HttpRequest, membership: MembershipContext, delivery_method_id: int
) -> HttpResponse:
    """Edit the market days of a pickup method."""
    method = _find_method(membership, delivery_method_id)
    if not method.is_pickup:
        raise Missing()
    booked_slots = PickupSlot.objects.filter(
        delivery_method=method, day__gte=vietnam_date(timezone.now()), booked__gt=0
    )
    context: dict[str, object] = {
        "delivery_method": method,
        "booked_slots": booked_slots.order_by("day", "starts"),
    }
    if request.method != "POST":
        context["table"] = Timetable.from_method(method)
        return _render_table(request, membership, "members/market_days.html", context)
    table = context["table"] = Timetable.from_submission(request.POST)
    if request.POST.get("more") or not table.is_valid():
        return _render_table(request, membership, "members/market_days.html", context)
    action = partial(
        set_market_days,
        cooperative=membership.cooperative,
        delivery_method_id=method.pk,
        days=table.days,
        cut_off_hours=table.cut_off.cleaned_data["cut_off_hours"],
        actor=membership.actor,
        now=timezone.now(),
    )
    return _run_table_action(request, membership, action, "members/market_days.html", context)


@require_POST
@for_members(MemberRight.MANAGE)
def deactivate_delivery_method_view(
    request: HttpRequest, membership: MembershipContext, delivery_method_id: int
) -> HttpResponse:
    """Deactivate a delivery method."""
    action = partial(
        deactivate_delivery_method,
        cooperative=membership.cooperative,
        delivery_method_id=delivery_method_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(
        request,
        action,
        url=reverse("members:delivery-methods"),
        message=_("Buyers no longer see this delivery method."),
    )


def _render_list(
    request: HttpRequest, membership: MembershipContext, form: NewDeliveryMethodForm
) -> HttpResponse:
    channel = _require_channel()
    methods = DeliveryMethod.objects.filter(cooperative=membership.cooperative).active_with_terms()
    context = {
        "delivery_methods": [
            {"delivery_method": method, **_rate_summary(method, channel)} for method in methods
        ],
        "currency": channel.currency,
        "form": form,
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/delivery_methods.html", context)


def _rate_summary(delivery_method: DeliveryMethod, channel: Channel) -> dict[str, object]:
    """Return a delivery method's lowest and highest rate, and its number of provinces and market days."""
    rates = [rate for rate in delivery_method.rates.all() if rate.channel_id == channel.pk]
    prices = [rate.price for rate in rates]
    province_codes = {rate.province_code for rate in rates}
    return {
        "lowest": min(prices, default=0),
        "highest": max(prices, default=0),
        "place_count": 0 if "" in province_codes or delivery_method.is_pickup else len(province_codes),
        "day_count": len(delivery_method.market_days.all()),
    }


def _render_table(
    request: HttpRequest,
    membership: MembershipContext,
    template: str,
    context: dict[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render the page of a table. HTMX requests for one more row get only the rows fragment."""
    if request.headers.get("HX-Request") == "true" and request.POST.get("more"):
        return render(request, f"{template}#rows", context)
    return render_page(request, membership, template, context, status=status)


def _run_table_action(
    request: HttpRequest,
    membership: MembershipContext,
    action: Callable[[], object],
    template: str,
    context: dict[str, object],
) -> HttpResponse:
    """Run the action. If it refuses, show the form again with all inputs."""
    try:
        action()
    except (Forbidden, Missing):
        raise
    except Refused as refused:
        return _render_table(request, membership, template, context | {"refused": refused.message})
    messages.success(request, _("Changes saved."))
    return redirect("members:delivery-methods")


def _find_method(membership: MembershipContext, delivery_method_id: int) -> DeliveryMethod:
    """Return the cooperative's active delivery method. Raises Missing."""
    method = (
        DeliveryMethod.objects.filter(cooperative=membership.cooperative, pk=delivery_method_id)
        .active_with_terms()
        .first()
    )
    if method is None:
        raise Missing()
    return method


def _require_channel() -> Channel:
    channel = market_channel()
    if channel is None:
        raise Missing()
    return channel


def _read_open_warehouses(membership: MembershipContext) -> list[Warehouse]:
    return list(Warehouse.objects.for_cooperative(membership.cooperative).open())
