"""Counting what is there, writing down what came in, and resting for a while."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from catalog.actions.stock.stock_movements import Count, count_many, receive_stock
from catalog.models import Stock, Variant
from cooperatives.access import Right, Standing
from cooperatives.actions.cooperative_lifecycle import pause_cooperative, resume_cooperative
from cooperatives.models import Warehouse
from cooperatives.views import carry_out
from shop.core.dates.calendar import day_of
from shop.core.errors import Missing, Refused
from shop.members.forms.work import CountForm, PauseForm, ReceiptForm
from shop.members.member_access import for_members, sent_key, show

_PER_PAGE = 40


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(Right.COUNT)
def stock(request: HttpRequest, standing: Standing) -> HttpResponse:
    """Every stock with what should be there; what is written beside it is what was counted."""
    rows = Stock.objects.for_cooperative(standing.cooperative).to_count()
    page = Paginator(rows, _PER_PAGE).get_page(request.GET.get("page"))
    data = request.POST if request.method == "POST" else None
    counted = [
        (
            row,
            CountForm(
                data, prefix=f"stock-{row.pk}", initial={"key": uuid.uuid4()}, use_required_attribute=False
            ),
        )
        for row in page.object_list
    ]
    if data is None or [form for _row, form in counted if not form.is_valid()]:
        context = {"page": page, "rows": counted, "has_errors": any(form.errors for _row, form in counted)}
        return show(request, standing, "members/stock.html", context)
    counts = [
        Count(
            row.variant_id,
            row.warehouse_id,
            form.cleaned_data["counted"],
            "",
            f"count:{row.pk}:{form.cleaned_data['key']}",
        )
        for row, form in counted
        if form.cleaned_data["counted"] is not None
    ]
    act = partial(
        count_many, cooperative=standing.cooperative, counts=counts, actor=standing.actor, now=timezone.now()
    )
    said = ngettext("%(count)d count written down.", "%(count)d counts written down.", len(counts))
    return carry_out(request, act, to=request.get_full_path(), said=said % {"count": len(counts)})


@require_POST
@for_members(Right.COUNT)
def receipt(request: HttpRequest, standing: Standing, variant_id: int) -> HttpResponse:
    """Goods that came in, of one variant, into the house that was named, else the first that has had them."""
    variant = Variant.objects.for_cooperative(standing.cooperative).filter(pk=variant_id).first()
    if variant is None:
        raise Missing()
    form = ReceiptForm(request.POST)
    to = reverse("members:listings")
    listing = variant.product.listings.order_by("pk").first()
    if listing is not None:
        to = reverse("members:listing", args=[listing.pk])
    if not form.is_valid():
        for error in form.errors.values():
            messages.error(request, " ".join(str(each) for each in error))
        return redirect(to)
    act = partial(
        receive_stock,
        cooperative=standing.cooperative,
        variant_id=variant.pk,
        warehouse_id=form.cleaned_data["warehouse"] or _usual_house(variant),
        quantity=form.cleaned_data["quantity"],
        key=sent_key(request, "receive", variant.pk),
        actor=standing.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=to, said=_("Written down."))


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(Right.MANAGE)
def pause(request: HttpRequest, standing: Standing) -> HttpResponse:
    """Rest for Tết or the harvest, with the day of return that buyers are told."""
    now = timezone.now()
    form = PauseForm(request.POST or None, today=day_of(now))
    if form.is_valid():
        try:
            pause_cooperative(
                cooperative_id=standing.cooperative.pk,
                until=form.cleaned_data["until"],
                note=form.cleaned_data["note"],
                today=day_of(now),
                actor=standing.actor,
                now=now,
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused.words))
        else:
            messages.success(request, _("You are resting. Orders you already have still wait for you."))
            return redirect("members:today")
    context = {"form": form, "is_paused": standing.cooperative.is_paused_on(day_of(now))}
    return show(request, standing, "members/pause.html", context)


@require_POST
@for_members(Right.MANAGE)
def resumption(request: HttpRequest, standing: Standing) -> HttpResponse:
    """Sell again, before the day that was named."""
    act = partial(
        resume_cooperative, cooperative_id=standing.cooperative.pk, actor=standing.actor, now=timezone.now()
    )
    return carry_out(request, act, to=reverse("members:today"), said=_("You are selling again."))


def _usual_house(variant: Variant) -> uuid.UUID:
    """Where the variant has been kept first, of the houses still open. Raises Missing."""
    place = Stock.objects.filter(variant=variant, warehouse__closed_at=None).order_by("pk").first()
    if place is not None:
        return place.warehouse_id
    house = Warehouse.objects.for_cooperative(variant.cooperative).open().first()
    if house is None:
        raise Missing()
    return house.pk
