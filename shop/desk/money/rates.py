"""Commission and withholding tax rates with dates, and whether tax is withheld at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from orders.actions.settlement.commission_rates import (
    add_commission_rate,
    add_withholding_rate,
    end_commission_rate,
    end_withholding_rate,
    switch_withholding,
)
from orders.models import CommissionRate, WithholdingRate
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.models import shop_settings
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.money.money_forms import CommissionForm, RateEndForm, WithholdingForm
from shop.staff_pages import staff_only


@require_safe_or_post
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def list_rates(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List current, future and past commission rates. A POST adds one."""
    if request.method == "POST":
        form = CommissionForm(request.POST)
        if not form.is_valid():
            return _render_page(request, commission=form)
        cleaned = form.cleaned_data
        action = partial(
            add_commission_rate,
            cooperative_id=cleaned["cooperative"].pk if cleaned["cooperative"] else None,
            category_id=cleaned["category"].pk if cleaned["category"] else None,
            **_rate_terms(form),
            actor=actor,
            now=timezone.now(),
        )
        return _add_rate(request, action, form, commission=form)
    return _render_page(request)


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def end_rate(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return _end_rate(request, partial(end_commission_rate, rate_id=pk, actor=actor, now=timezone.now()))


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def add_withholding(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Add a withholding tax rate."""
    form = WithholdingForm(request.POST, prefix="tax")
    if not form.is_valid():
        return _render_page(request, withholding=form)
    name = form.cleaned_data["name"]
    action = partial(add_withholding_rate, name=name, **_rate_terms(form), actor=actor, now=timezone.now())
    return _add_rate(request, action, form, withholding=form)


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def end_withholding(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return _end_rate(request, partial(end_withholding_rate, rate_id=pk, actor=actor, now=timezone.now()))


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def switch_withholding_view(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Switch tax withholding on or off."""
    is_on, now = request.POST.get("on") == "yes", timezone.now()
    action = partial(switch_withholding, is_on=is_on, day=vietnam_date(now), actor=actor, now=now)
    message = _("Tax is withheld on orders placed from now on.") if is_on else _("Tax is no longer withheld.")
    return run_action(request, action, url=reverse("desk:rates"), message=message)


def _rate_terms(form: Form) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in ("percent", "valid_from", "valid_until")}


def _add_rate(
    request: HttpRequest,
    action: Callable[[], object],
    form: Form,
    *,
    commission: CommissionForm | None = None,
    withholding: WithholdingForm | None = None,
) -> HttpResponse:
    try:
        action()
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
        return _render_page(request, commission=commission, withholding=withholding)
    messages.success(request, _("Rate saved."))
    return redirect("desk:rates")


def _end_rate(request: HttpRequest, action: Callable[..., object]) -> HttpResponse:
    form = RateEndForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return redirect("desk:rates")
    ending = partial(action, last_day=form.cleaned_data["last_day"])
    return run_action(request, ending, url=reverse("desk:rates"), message=_("End date saved."))


def _render_page(
    request: HttpRequest,
    *,
    commission: CommissionForm | None = None,
    withholding: WithholdingForm | None = None,
) -> HttpResponse:
    today = vietnam_date(timezone.now())
    initial = {"valid_from": today}
    has_ended = Q(valid_until__lt=today)
    commission_rates = CommissionRate.objects.select_related("cooperative", "category")
    commission_rates = commission_rates.order_by("cooperative__name", "category__path", "-valid_from", "-pk")
    withholding_rates = WithholdingRate.objects.order_by("name", "-valid_from", "-pk")
    context = {
        "today": today,
        "all": pgettext("report", "All"),
        "rates": commission_rates.exclude(has_ended),
        "past": commission_rates.filter(has_ended),
        "taxes": withholding_rates.exclude(has_ended),
        "past_taxes": withholding_rates.filter(has_ended),
        "together": WithholdingRate.objects.total_percent(today),
        "is_withheld": shop_settings().is_tax_withheld,
        "form": commission or withholding,
        "commission_form": commission or CommissionForm(initial=initial),
        "withholding_form": withholding or WithholdingForm(initial=initial, prefix="tax"),
    }
    return render(request, "desk/rates.html", context, status=422 if commission or withholding else 200)
