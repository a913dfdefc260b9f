"""Correct the receiver and address of a placed order."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.actions.placement.correct_order import correct_contact
from orders.models import Order
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.geography.division_choices import load_communes_of, load_provinces
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.orders.draft_forms import ContactForm, read_initial_from_order
from shop.staff_pages import staff_only


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
def edit_order_contact(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Edit the order's contact."""
    order = get_object_or_404(Order.objects.placed().select_related("shipping_address"), pk=order_id)
    form = ContactForm(
        request.POST if request.method == "POST" else None,
        initial=read_initial_from_order(order),
        provinces=[province for province in load_provinces() if province.code == order.province_code],
        communes=load_communes_of(order.province_code),
    )
    if form.is_valid():
        with refusals_as_form_errors(form):
            correct_contact(order_id=order.pk, contact=form.contact, actor=actor, now=timezone.now())
    if form.is_valid():
        messages.success(request, str(_("Corrected. The cooperatives can see the change.")))
        if form.is_phone_likely_mistyped:
            messages.warning(request, str(_("This phone number looks unusual. Read it back to the buyer.")))
        return redirect("desk:order", order_id)
    return render(request, "desk/contact.html", {"order": order, "form": form})
