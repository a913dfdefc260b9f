"""A cooperative's customers: search, add, edit, delete."""

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
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.customers.customer_records import change_customer, create_customer, delete_customer
from orders.models import CooperativeCustomer
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.customers import CustomerForm
from shop.members.member_access import for_members, render_page, submitted_key

PER_PAGE = 40
_MAX_QUERY_LENGTH = 100
_MAX_GROUPS = 50


@require_safe
@for_members(MemberRight.HANDLE_CASH)
def list_customers(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the customers by name. `?tim=` are words of name and group, or digits of the phone number."""
    query = request.GET.get("tim", "").strip()[:_MAX_QUERY_LENGTH]
    customers = CooperativeCustomer.objects.for_cooperative(membership.cooperative)
    page = Paginator(customers.matching(query).in_order(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"query": query, "page": page, "customers": list(page.object_list)}
    return render_page(request, membership, "members/customers.html", context)


@require_safe_or_post
@for_members(MemberRight.HANDLE_CASH)
def add_customer(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Add a customer."""
    may_set_terms = membership.may(MemberRight.SEE_SETTLEMENTS)
    form = CustomerForm(request.POST or None, may_set_terms=may_set_terms)
    if form.is_valid():
        with refusals_as_form_errors(form):
            customer = create_customer(
                cooperative=membership.cooperative,
                details=form.details,
                idempotency_key=submitted_key(request, "customer", membership.cooperative.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _("Customer added."))
            return redirect("members:customer-debt", customer.pk)
    return _render_form(request, membership, form, None)


@require_safe_or_post
@for_members(MemberRight.HANDLE_CASH)
def edit_customer(request: HttpRequest, membership: MembershipContext, customer_id: int) -> HttpResponse:
    """Edit a customer."""
    customers = CooperativeCustomer.objects.for_cooperative(membership.cooperative)
    customer = customers.filter(pk=customer_id).first()
    if customer is None:
        raise Missing()
    may_set_terms = membership.may(MemberRight.SEE_SETTLEMENTS)
    form = CustomerForm(request.POST or None, customer=customer, may_set_terms=may_set_terms)
    if form.is_valid():
        with refusals_as_form_errors(form):
            change_customer(
                cooperative=membership.cooperative,
                customer_id=customer.pk,
                details=form.details,
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _("Changes saved."))
            return redirect("members:customers")
    return _render_form(request, membership, form, customer)


@require_POST
@for_members(MemberRight.MANAGE)
def delete_customer_view(
    request: HttpRequest, membership: MembershipContext, customer_id: int
) -> HttpResponse:
    """Delete a customer."""
    action = partial(
        delete_customer,
        cooperative=membership.cooperative,
        customer_id=customer_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:customers"), message=_("Customer deleted."))


def _render_form(
    request: HttpRequest,
    membership: MembershipContext,
    form: CustomerForm,
    customer: CooperativeCustomer | None,
) -> HttpResponse:
    """Render the page of one customer, or of a new one."""
    customers = CooperativeCustomer.objects.for_cooperative(membership.cooperative)
    groups = customers.exclude(group="").order_by("group").values_list("group", flat=True).distinct()
    context = {
        "form": form,
        "customer": customer,
        "groups": list(groups[:_MAX_GROUPS]),
        "may_manage": membership.may(MemberRight.MANAGE),
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/customer.html", context)
