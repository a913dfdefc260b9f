"""Commission and withholding tax rates with dates, and whether tax is withheld at all."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from catalog.models import Category
from cooperatives.models import Cooperative
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
from shop.core.texts.formatting import format_day, format_money, format_percent
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_reviewed
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.money.money_forms import CommissionForm, RateEndForm, WithholdingForm
from shop.desk.review_page import render_review
from shop.staff_pages import staff_only

_EXAMPLE_GOODS = 100_000


@require_safe_or_post
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def list_rates(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List current, future and past commission rates. A POST adds one, after a review."""
    if request.method == "POST":
        form = CommissionForm(request.POST)
        if not form.is_valid():
            return _render_page(request, commission=form)
        cleaned = form.cleaned_data
        if not is_reviewed(request):
            scope = _read_commission_scope(cleaned["cooperative"], cleaned["category"], cleaned["valid_from"])
            facts = [*scope, (_("Commission"), format_percent(cleaned["percent"])), *_period(form)]
            return _review(request, _("Add commission rate"), facts, _orders_placed_from(form), _("Add rate"))
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


@require_safe_or_post
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def end_rate(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """End a commission rate, after a review of what applies next."""
    if request.method != "POST":
        return redirect("desk:rates")
    rate = get_object_or_404(CommissionRate.objects.select_related("cooperative", "category"), pk=pk)
    form = RateEndForm(request.POST, rate=rate)
    if not form.is_valid():
        return _redirect_with_error(request, form)
    last_day = form.cleaned_data["last_day"]
    percent, day = format_percent(rate.percent), format_day(last_day)
    if not is_reviewed(request):
        next_percent = CommissionRate.objects.next_percent(rate, last_day + datetime.timedelta(days=1))
        facts = [
            *_read_commission_scope(rate.cooperative, rate.category, last_day),
            (_("Commission"), percent),
            (_("Last day"), day),
            (_("Afterwards"), format_percent(next_percent) if next_percent else _("no commission")),
        ]
        return _review(request, _("End rate"), facts, _orders_placed_after(day), _("End rate"))
    message = (
        _("The rate of %(percent)s of %(name)s ends after %(day)s.")
        if rate.cooperative
        else _("The rate of %(percent)s ends after %(day)s.")
    )
    name = rate.cooperative.name if rate.cooperative else ""
    action = partial(end_commission_rate, rate_id=pk, last_day=last_day, actor=actor, now=timezone.now())
    message %= {"percent": percent, "name": name, "day": day}
    return run_action(request, action, url=reverse("desk:rates"), message=message)


@require_safe_or_post
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def add_withholding(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Add a withholding tax rate, after a review."""
    if request.method != "POST":
        return redirect("desk:rates")
    form = WithholdingForm(request.POST, prefix="tax")
    if not form.is_valid():
        return _render_page(request, withholding=form)
    name = form.cleaned_data["name"]
    if not is_reviewed(request):
        tax = f"{name} {format_percent(form.cleaned_data['percent'])}"
        facts = [(pgettext("settlement", "Tax"), tax), *_period(form)]
        effect = (
            _orders_placed_from(form)
            if shop_settings().is_tax_withheld
            else _("Tax is not withheld now: the rate applies once it is.")
        )
        return _review(request, _("Add tax rate"), facts, effect, _("Add rate"))
    action = partial(add_withholding_rate, name=name, **_rate_terms(form), actor=actor, now=timezone.now())
    return _add_rate(request, action, form, withholding=form)


@require_safe_or_post
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def end_withholding(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """End a withholding tax rate, after a review."""
    if request.method != "POST":
        return redirect("desk:rates")
    rate = get_object_or_404(WithholdingRate, pk=pk)
    form = RateEndForm(request.POST, rate=rate)
    if not form.is_valid():
        return _redirect_with_error(request, form)
    last_day = form.cleaned_data["last_day"]
    tax, day = f"{rate.name} {format_percent(rate.percent)}", format_day(last_day)
    if not is_reviewed(request):
        facts = [(pgettext("settlement", "Tax"), tax), (_("Last day"), day)]
        return _review(request, _("End rate"), facts, _orders_placed_after(day), _("End rate"))
    action = partial(end_withholding_rate, rate_id=pk, last_day=last_day, actor=actor, now=timezone.now())
    message = _("The rate of %(tax)s ends after %(day)s.") % {"tax": tax, "day": day}
    return run_action(request, action, url=reverse("desk:rates"), message=message)


@require_safe_or_post
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def switch_withholding_view(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Switch tax withholding on or off, after a review of whom it touches."""
    if request.method != "POST":
        return redirect("desk:rates")
    is_on, now = request.POST.get("on") == "yes", timezone.now()
    day = vietnam_date(now)
    rates = list(WithholdingRate.objects.in_force_on(day).order_by("name", "pk"))
    if not is_reviewed(request) and (rates or not is_on):
        return _review_switch(request, rates, is_on=is_on)
    action = partial(switch_withholding, is_on=is_on, day=day, actor=actor, now=now)
    message = _("Tax is withheld on orders placed from now on.") if is_on else _("Tax is no longer withheld.")
    return run_action(request, action, url=reverse("desk:rates"), message=message)


def _review_switch(request: HttpRequest, rates: Sequence[WithholdingRate], *, is_on: bool) -> HttpResponse:
    """Show the rates, whom they touch, and what is withheld from an example order."""
    percent = sum((rate.percent for rate in rates), Decimal(0))
    sellers = Cooperative.objects.public().count()
    facts = [
        (_("Rates"), ", ".join(f"{rate.name} {format_percent(rate.percent)}" for rate in rates)),
        (
            _("Touches"),
            ngettext("%(count)s cooperative", "%(count)s cooperatives", sellers) % {"count": sellers},
        ),
        (_("From"), _("orders placed from now on")),
    ]
    if not is_on:
        effect = _("New orders are settled without tax. Orders placed before keep the tax withheld.")
        return _review(request, _("Stop withholding tax"), facts, effect, _("Stop withholding tax"))
    effect = _("Order with goods for %(goods)s: %(tax)s is kept to pay the tax.") % {
        "goods": format_money(_EXAMPLE_GOODS),
        "tax": format_money(round(_EXAMPLE_GOODS * percent / 100)),
    }
    return _review(request, _("Start withholding tax"), facts, effect, _("Start withholding tax"))


def _read_commission_scope(
    cooperative: Cooperative | None, category: Category | None, day: datetime.date
) -> list[tuple[str, str]]:
    """Return the cooperatives and the category that a rate touches."""
    if cooperative:
        touched = cooperative.name
    else:
        own_rates = CommissionRate.objects.in_force_on(day).filter(cooperative=OuterRef("pk"))
        count = Cooperative.objects.public().exclude(Exists(own_rates.filter(category=None))).count()
        touched = ngettext(
            "%(count)s cooperative without its own rate",
            "%(count)s cooperatives without their own rate",
            count,
        ) % {"count": count}
    return [
        (_("Cooperative"), touched),
        (_("Category"), category.name if category else pgettext("report", "All")),
    ]


def _period(form: Form) -> list[tuple[str, str]]:
    first, last = form.cleaned_data["valid_from"], form.cleaned_data["valid_until"]
    days = [(_("Start date"), format_day(first))]
    return [*days, (_("End date"), format_day(last))] if last else days


def _orders_placed_from(form: Form) -> str:
    """Return which orders get the new rate."""
    text = _("Orders placed from %(day)s on get this rate. Orders placed before keep theirs.")
    return text % {"day": format_day(form.cleaned_data["valid_from"])}


def _orders_placed_after(day: str) -> str:
    text = _("Orders placed after %(day)s get the rate that applies then. Orders placed before keep theirs.")
    return text % {"day": day}


def _review(
    request: HttpRequest, title: str, facts: Sequence[tuple[str, str]], effect: str, label: str
) -> HttpResponse:
    return render_review(
        request,
        title=title,
        facts=facts,
        effects=[effect],
        label=label,
        back_url=reverse("desk:rates"),
        back_label=_("Commission and tax"),
    )


def _redirect_with_error(request: HttpRequest, form: RateEndForm) -> HttpResponse:
    messages.error(request, str(next(iter(form.errors.values()))[0]))
    return redirect("desk:rates")


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
