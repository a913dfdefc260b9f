"""Invitations: managers create and revoke them, and the invited person may accept one."""

from __future__ import annotations

from functools import partial

import segno
from django.contrib import messages
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.invitations import (
    InvitationClosed,
    accept_invitation,
    find_open_invitation,
    invitation_token,
    invite_member,
    revoke_invitation,
)
from cooperatives.models import Invitation, Role
from shop.accounts.models import User
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import EntryPoint
from shop.core.errors import Missing, Refused
from shop.core.models import show_in_language
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.public_urls import page_url
from shop.core.web.rate_limits import Limit
from shop.members.forms.people import ROLE_DESCRIPTIONS, InvitationForm
from shop.members.member_access import CHOSEN_KEY, admitted_ids, for_members, render_page

# Limited, because each may send a message to an address of the manager's choice.
INVITATIONS = Limit("invite", max_tries=30, seconds=60 * 60)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def invite_member_view(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Create an invitation, and send it if an address was entered. Never reveal who has an account."""
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        created = _create_invitation(membership, form)
        if created is not None:
            if form.cleaned_data["recipient"]:
                messages.success(request, str(_("Invitation sent. They join once they accept it.")))
            return redirect("members:invitation", created.pk)
    return render_page(request, membership, "members/invitation_creation.html", {"form": form})


@require_safe
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
@never_cache
def show_invitation(request: HttpRequest, membership: MembershipContext, invitation_id: int) -> HttpResponse:
    """Show the link and the QR code of an open invitation."""
    invitations = Invitation.objects.for_cooperative(membership.cooperative).open(timezone.now())
    invitation = invitations.filter(pk=invitation_id).first()
    if invitation is None:
        raise Missing()
    url = page_url(f"/xa-vien/loi-moi/{invitation_token(invitation)}/", get_language() or "vi")
    context = {
        "invitation": invitation,
        "url": url,
        "code": segno.make(url, error="m", micro=False).svg_data_uri(border=2, omitsize=True),
    }
    return render_page(request, membership, "members/invitation.html", context)


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def revoke_invitation_view(
    request: HttpRequest, membership: MembershipContext, invitation_id: int
) -> HttpResponse:
    """Revoke an open invitation."""
    action = partial(
        revoke_invitation,
        cooperative_id=membership.cooperative.pk,
        invitation_id=invitation_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    message = _("Invitation cancelled. Its link no longer works.")
    return run_action(request, action, url=reverse("members:memberships"), message=message)


@require_safe_or_post
@never_cache
def answer_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation by its link, and accept it for the signed-in account."""
    try:
        row = find_open_invitation(token, timezone.now())
    except InvitationClosed as closed:
        return render(request, "members/invitation_closed.html", {"message": closed.message}, status=410)
    user = get_user(request)
    if request.method == "POST" and isinstance(user, User):
        return _accept_invitation(request, token, user)
    show_in_language([row.cooperative], "name")
    context = {
        "invitation": row,
        "cooperative": row.cooperative,
        "role_description": ROLE_DESCRIPTIONS[Role(row.role)],
    }
    return render(request, "members/invitation_received.html", context)


def _create_invitation(membership: MembershipContext, form: InvitationForm) -> Invitation | None:
    """Create the invitation. If it is refused, add the error to the form and return None."""
    try:
        INVITATIONS.count_try(str(membership.cooperative.pk))
        return invite_member(
            cooperative_id=membership.cooperative.pk,
            role=Role(form.cleaned_data["role"]),
            note=form.cleaned_data["note"],
            recipient=form.cleaned_data["recipient"],
            invited_by=membership.user,
            language=get_language() or "vi",
            actor=membership.actor,
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return None


def _accept_invitation(request: HttpRequest, token: str, user: User) -> HttpResponse:
    """Accept the invitation. A member of other cooperatives then chooses which one the app shows."""
    before = admitted_ids(request)
    if len(before) == 1:
        request.session.setdefault(CHOSEN_KEY, before[0])
    action = partial(
        accept_invitation,
        token=token,
        user=user,
        actor=user.as_actor(EntryPoint.MEMBERS),
        now=timezone.now(),
    )
    url = reverse("members:choose-cooperative" if before else "members:today")
    return run_action(request, action, url=url, message=_("You have joined."), refused_url=request.path)
