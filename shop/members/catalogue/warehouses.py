"""Open, edit and close a cooperative's warehouses."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import partial

from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.actions.stock.close_warehouse import close_warehouse
from catalog.models import Stock
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.warehouses import change_warehouse, open_warehouse
from cooperatives.models import Warehouse
from shop.core.errors import Missing
from shop.core.geography.division_choices import load_communes_of, load_provinces
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.delivery_methods import WarehouseForm
from shop.members.member_access import for_members, render_page, submitted_key


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def list_warehouses(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the warehouses with their stock, and open one."""
    cooperative = membership.cooperative
    initial_address = {"province": cooperative.province_code, "commune": cooperative.commune_code}
    form = _build_form(request, initial_address)
    if form.is_valid():
        action = partial(
            open_warehouse,
            cooperative=cooperative,
            details=form.details(),
            idempotency_key=submitted_key(request, "warehouse", cooperative.pk),
            actor=membership.actor,
            now=timezone.now(),
        )
        if _run_action(request, form, action, _("Warehouse added. Record incoming stock there.")):
            return redirect("members:warehouses")
    context = {"warehouses": _open_warehouses(membership), "form": form, "idempotency_key": uuid.uuid4()}
    return render_page(request, membership, "members/warehouses.html", context)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_warehouse(
    request: HttpRequest, membership: MembershipContext, warehouse_id: uuid.UUID
) -> HttpResponse:
    """Edit a warehouse's name and address."""
    existing = _open_warehouses(membership).filter(pk=warehouse_id).first()
    if existing is None:
        raise Missing()
    form = _build_form(request, WarehouseForm.initial_for(existing))
    if form.is_valid():
        action = partial(
            change_warehouse,
            cooperative=membership.cooperative,
            warehouse_id=existing.pk,
            details=form.details(existing),
            actor=membership.actor,
            now=timezone.now(),
        )
        if _run_action(request, form, action, _("Changes saved.")):
            return redirect("members:warehouses")
    return render_page(request, membership, "members/warehouse.html", {"warehouse": existing, "form": form})


@require_POST
@for_members(MemberRight.MANAGE)
def close_warehouse_view(
    request: HttpRequest, membership: MembershipContext, warehouse_id: uuid.UUID
) -> HttpResponse:
    """Close a warehouse."""
    action = partial(
        close_warehouse,
        cooperative=membership.cooperative,
        warehouse_id=warehouse_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:warehouses"), message=_("Warehouse closed."))


def _open_warehouses(membership: MembershipContext) -> QuerySet[Warehouse]:
    """Return the open warehouses, each with its total `on_hand`."""
    stocks = Stock.objects.filter(warehouse=OuterRef("pk")).order_by().values("warehouse")
    return (
        Warehouse.objects.for_cooperative(membership.cooperative)
        .open()
        .select_related("address")
        .annotate(on_hand=Coalesce(Subquery(stocks.annotate(total=Sum("on_hand")).values("total")), 0))
    )


def _build_form(request: HttpRequest, initial: Mapping[str, object]) -> WarehouseForm:
    """Build the form. The button that loads a province's communes refills it without validation."""
    is_submitted = request.method == "POST" and "reload" not in request.POST
    values = request.POST.dict() if request.method == "POST" else dict(initial)
    return WarehouseForm(
        request.POST if is_submitted else None,
        provinces=load_provinces(),
        communes=load_communes_of(str(values.get("province", ""))),
        initial=values,
    )


def _run_action(
    request: HttpRequest, form: WarehouseForm, action: Callable[[], object], message: Promise
) -> bool:
    """Run the action. If it refuses, add the error to the form and return False."""
    with refusals_as_form_errors(form):
        action()
    if not form.is_valid():
        return False
    messages.success(request, str(message))
    if form.is_phone_likely_mistyped:
        messages.warning(request, _("Check the phone number: it looks unusual. It was saved as entered."))
    return True
