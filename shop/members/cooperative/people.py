"""Manage the cooperative's members: add, change role, remove."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.members import add_member, change_member_role, remove_member
from cooperatives.models import Role
from shop.accounts.views.sign_in_steps import require_recent_proof
from shop.core.errors import Missing, Refused
from shop.core.web.action_results import run_action
from shop.core.web.rate_limits import Limit
from shop.members.forms.people import PersonForm, RoleForm
from shop.members.member_access import for_members, render_page

# Admissions reveal whether an address has an account.
ADMISSIONS = Limit("admit", tries=30, seconds=60 * 60)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(MemberRight.MANAGE)
@require_recent_proof
def people(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the members with their roles, and add one."""
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _admit(membership, form):
        messages.success(request, str(_("Member added. They see this cooperative's work when they sign in.")))
        return redirect("members:memberships")
    rows = membership.cooperative.memberships.filter(is_active=True).select_related("user")
    members = [
        (row, RoleForm(initial={"role": row.role}, prefix=f"m{row.pk}")) for row in rows.order_by("pk")
    ]
    context = {"people": members, "form": form, "me": membership.user}
    return render_page(request, membership, "members/memberships.html", context)


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_proof
def person(request: HttpRequest, membership: MembershipContext, membership_id: int) -> HttpResponse:
    """Change a member's role."""
    form = RoleForm(request.POST, prefix=f"m{membership_id}")
    if not form.is_valid():
        raise Missing()
    action = partial(
        change_member_role,
        cooperative_id=membership.cooperative.pk,
        membership_id=membership_id,
        role=Role(form.cleaned_data["role"]),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:memberships"), message=_("Changes saved."))


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_proof
def person_end(request: HttpRequest, membership: MembershipContext, membership_id: int) -> HttpResponse:
    """Remove a member."""
    action = partial(
        remove_member,
        cooperative_id=membership.cooperative.pk,
        membership_id=membership_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(
        request,
        action,
        url=reverse("members:memberships"),
        message=_("They can no longer act for this cooperative."),
    )


def _admit(membership: MembershipContext, form: PersonForm) -> bool:
    """Add the member; if refused, add the error to the form and return False."""
    try:
        ADMISSIONS.take(str(membership.cooperative.pk))
        add_member(
            cooperative_id=membership.cooperative.pk,
            person=form.cleaned_data["person"],
            role=Role(form.cleaned_data["role"]),
            actor=membership.actor,
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
        return False
    return True
