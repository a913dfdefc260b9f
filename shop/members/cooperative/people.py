"""Who acts for the cooperative: one more, another role, one less."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cooperatives.access import Right, Standing
from cooperatives.actions.members import admit_member, change_role, dismiss_member
from cooperatives.models import Role
from cooperatives.views import carry_out
from shop.accounts.views.signing_in import require_recent_proof
from shop.core.errors import Missing, Refused
from shop.core.web.rate_limits import Limit
from shop.members.forms.people import PersonForm, RoleForm
from shop.members.member_access import for_members, show

# Whoever may ask for any address learns which have an account.
ADMISSIONS = Limit("admit", tries=30, seconds=60 * 60)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(Right.MANAGE)
@require_recent_proof
def people(request: HttpRequest, standing: Standing) -> HttpResponse:
    """The members with their roles, and the form of one more."""
    form = PersonForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and _is_admitted(standing, form):
        messages.success(request, str(_("They find this cooperative's work once they sign in.")))
        return redirect("members:people")
    rows = standing.cooperative.memberships.filter(is_active=True).select_related("user")
    shown = [(row, RoleForm(initial={"role": row.role}, prefix=f"m{row.pk}")) for row in rows.order_by("pk")]
    context = {"people": shown, "form": form, "me": standing.user}
    return show(request, standing, "members/people.html", context)


@require_POST
@for_members(Right.MANAGE)
@require_recent_proof
def person(request: HttpRequest, standing: Standing, membership_id: int) -> HttpResponse:
    """Another role for a member."""
    form = RoleForm(request.POST, prefix=f"m{membership_id}")
    if not form.is_valid():
        raise Missing()
    act = partial(
        change_role,
        cooperative_id=standing.cooperative.pk,
        membership_id=membership_id,
        role=Role(form.cleaned_data["role"]),
        actor=standing.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=reverse("members:people"), said=_("Changed."))


@require_POST
@for_members(Right.MANAGE)
@require_recent_proof
def person_end(request: HttpRequest, standing: Standing, membership_id: int) -> HttpResponse:
    """A member no longer."""
    act = partial(
        dismiss_member,
        cooperative_id=standing.cooperative.pk,
        membership_id=membership_id,
        actor=standing.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=reverse("members:people"), said=_("They act for it no longer."))


def _is_admitted(standing: Standing, form: PersonForm) -> bool:
    """Whether the person acts for the cooperative now; where not, the form says why."""
    try:
        ADMISSIONS.check(str(standing.cooperative.pk))
        ADMISSIONS.spend(str(standing.cooperative.pk))
        admit_member(
            cooperative_id=standing.cooperative.pk,
            person=form.cleaned_data["person"],
            role=Role(form.cleaned_data["role"]),
            actor=standing.actor,
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.words))
        return False
    return True
