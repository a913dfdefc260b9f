"""Invitations: managers create and revoke them, and the invited person may accept one."""

from __future__ import annotations

from functools import partial

import segno
from django.contrib import messages
from django.contrib.auth import get_user
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.invitations import (
    InvitationClosed,
    accept_invitation,
    find_open_invitation,
    invitation_token,
    invite_member,
    revoke_invitation,
)
from cooperatives.actions.join_requests import ask_to_join, confirm_join_request
from cooperatives.models import Invitation, JoinRequest, Role
from shop.accounts.forms import PhoneAccountForm
from shop.accounts.models import SignInMethod, User
from shop.accounts.sign_in.login_limits import REGISTRATIONS
from shop.accounts.sign_in.password_tries import user_key
from shop.accounts.views.known_devices import remember_device
from shop.accounts.views.sign_in_steps import log_in, require_recent_sign_in
from shop.core.actors import EntryPoint
from shop.core.errors import Missing, Refused
from shop.core.models import show_in_language
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.public_urls import page_url
from shop.core.web.rate_limits import RateLimit, client_network
from shop.members.forms.people import ROLE_DESCRIPTIONS, InvitationForm, JoinDigitsForm
from shop.members.member_access import CHOSEN_KEY, find_admitted_ids, for_members, render_page

# Limited, because each may send a message to an address of the manager's choice.
INVITATIONS = RateLimit("invite", max_tries=30, seconds=60 * 60)
# Digits that managers may enter for one invitation.
JOIN_DIGITS = RateLimit("join-digits", max_tries=5, seconds=24 * 60 * 60)
JOIN_REQUEST_KEY = "join_request"  # session key of the request that this phone has sent


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
    waiting = JoinRequest.objects.waiting(membership.cooperative, timezone.now())
    context = {
        "invitation": invitation,
        "join_request": waiting.filter(invitation=invitation).first(),
        "digits_form": JoinDigitsForm(),
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
@sensitive_post_parameters("password")
def answer_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation by its link. Accept it for the signed-in account, or let a guest ask to join."""
    user = get_user(request)
    request_id = request.session.get(JOIN_REQUEST_KEY)
    if request_id is not None and not isinstance(user, User):
        join_request = (
            JoinRequest.objects.filter(pk=request_id)
            .select_related("user", "invitation__cooperative")
            .first()
        )
        if join_request is None or not _is_current(join_request):
            del request.session[JOIN_REQUEST_KEY]
            if "HX-Request" in request.headers:
                return HttpResponseClientRefresh()  # The phone waited. HTMX shows no closed page.
        elif constant_time_compare(invitation_token(join_request.invitation), token):
            return _show_join_request(request, join_request)
    try:
        row = find_open_invitation(token, timezone.now())
    except InvitationClosed as closed:
        return _render_closed(request, closed)
    if request.method == "POST" and isinstance(user, User):
        return _accept_invitation(request, token, user)
    form = PhoneAccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return _ask_to_join(request, token, form)
        except InvitationClosed as closed:
            return _render_closed(request, closed)
        except Refused as refused:
            form.add_error(None, str(refused.message))
    show_in_language([row.cooperative], "name")
    context = {
        "invitation": row,
        "cooperative": row.cooperative,
        "role_description": ROLE_DESCRIPTIONS[Role(row.role)],
        "form": form,
    }
    return render(request, "members/invitation_received.html", context)


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def confirm_join_request_view(
    request: HttpRequest, membership: MembershipContext, invitation_id: int
) -> HttpResponse:
    """Admit the person whose phone shows the entered digits."""
    form = JoinDigitsForm(request.POST)
    url = reverse("members:invitation", args=[invitation_id])
    if not form.is_valid():
        messages.error(request, str(_("Enter the 6 digits on their phone.")))
        return redirect(url)

    def confirm() -> None:
        JOIN_DIGITS.count_try(f"{membership.cooperative.pk}:{invitation_id}")
        confirm_join_request(
            cooperative_id=membership.cooperative.pk,
            invitation_id=invitation_id,
            digits=form.cleaned_data["digits"],
            actor=membership.actor,
            now=timezone.now(),
        )

    message = _("They have joined. Their phone now opens the app.")
    return run_action(request, confirm, url=reverse("members:memberships"), message=message, refused_url=url)


def _ask_to_join(request: HttpRequest, token: str, form: PhoneAccountForm) -> HttpResponse:
    """Store the request, and remember it in this phone's session. Raises Refused."""
    REGISTRATIONS.count_try(client_network(request.META))
    join_request = ask_to_join(
        token=token,
        name=form.cleaned_data["name"],
        phone=form.cleaned_data["phone"],
        password_hash=make_password(form.cleaned_data["password"]),
        language=request.LANGUAGE_CODE,
        now=timezone.now(),
    )
    request.session[JOIN_REQUEST_KEY] = join_request.pk
    return redirect(request.path)


def _show_join_request(request: HttpRequest, join_request: JoinRequest) -> HttpResponse:
    """Show the digits until a manager has confirmed. Then one press of the button signs in."""
    user = join_request.user
    if request.method == "POST" and user is not None and user.is_active:
        del request.session[JOIN_REQUEST_KEY]
        log_in(request, user, method=SignInMethod.REGISTERED)
        response = redirect("members:today")
        remember_device(request, response, user_key(user.pk))
        return response
    cooperative = join_request.invitation.cooperative
    show_in_language([cooperative], "name")
    context = {"join_request": join_request, "cooperative": cooperative}
    template = "members/join_request.html"
    return render(request, f"{template}#state" if "HX-Request" in request.headers else template, context)


def _is_current(join_request: JoinRequest) -> bool:
    """Return whether the phone still waits for a manager, or may sign in."""
    now = timezone.now()
    if join_request.confirmed_at is None:
        return join_request.invitation.is_open(now)
    return join_request.may_sign_in(now)


def _render_closed(request: HttpRequest, closed: InvitationClosed) -> HttpResponse:
    return render(request, "members/invitation_closed.html", {"message": closed.message}, status=410)


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
    before = find_admitted_ids(request)
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
