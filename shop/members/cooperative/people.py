"""Manage the cooperative's members: list, change role, remove."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.invitations import find_open_invitations
from cooperatives.actions.members import change_member_role, remove_member
from cooperatives.models import Role
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.errors import Missing
from shop.core.web.action_results import run_action
from shop.members.forms.people import RoleForm
from shop.members.member_access import for_members, render_page


@require_safe
@for_members(MemberRight.MANAGE)
def list_members(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the members with their roles, and the invitations that are not accepted yet."""
    now = timezone.now()
    rows = membership.cooperative.memberships.filter(is_active=True).select_related("user")
    members = [
        (row, RoleForm(initial={"role": row.role}, prefix=f"m{row.pk}")) for row in rows.order_by("pk")
    ]
    context = {
        "people": members,
        "invitations": find_open_invitations(membership.cooperative, now),
        "signed_in_user": membership.user,
    }
    return render_page(request, membership, "members/memberships.html", context)


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def change_role(request: HttpRequest, membership: MembershipContext, membership_id: int) -> HttpResponse:
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
@require_recent_sign_in
def remove_member_view(
    request: HttpRequest, membership: MembershipContext, membership_id: int
) -> HttpResponse:
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
