"""Choose a PIN on a shared phone, and take oneself off the phone."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.phone_pins import remove_pin, set_pin
from cooperatives.models import Membership, SharedPhone
from shop.accounts.models import User
from shop.accounts.views.sign_in_steps import own_url, require_recent_sign_in
from shop.core.actors import EntryPoint
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.shared_phones import NewPinForm
from shop.members.member_access import for_members
from shop.members.shared_phones.phone_sessions import (
    find_shared_phone,
    lock_phone,
    open_phone,
    session_pin,
)


@require_safe_or_post
@never_cache
@sensitive_post_parameters("pin", "repeated_pin")
@require_recent_sign_in
def set_pin_view(request: HttpRequest) -> HttpResponse:
    """Choose a PIN for this phone after a full sign-in, and open the phone with it."""
    phone, membership = _find_phone_and_membership(request)
    form = NewPinForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_as_form_errors(form):
            pin = set_pin(
                phone=phone,
                membership=membership,
                pin=form.cleaned_data["pin"],
                actor=membership.user.as_actor(EntryPoint.MEMBERS),
                now=timezone.now(),
            )
        if not form.errors:
            response = redirect(own_url(request, request.POST.get("next", "")) or "members:today")
            open_phone(request, response, pin, is_after_sign_in=True)
            messages.success(request, _("Your PIN is set. Use it to open this phone."))
            return response
    context = {
        "form": form,
        "phone": phone,
        "cooperative": phone.cooperative,
        "next": own_url(request, request.POST.get("next", "") or request.GET.get("next", "")),
    }
    return render(request, "members/new_pin.html", context)


@require_POST
@for_members(MemberRight.SEE_ORDERS)
def remove_pin_view(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Take the member off this phone, and lock it."""
    pin = session_pin(request)
    if pin is None:
        raise Missing()
    remove_pin(
        phone=pin.phone,
        membership_id=pin.membership_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    response = redirect("members:switch-member")
    lock_phone(request, response)
    return response


def _find_phone_and_membership(request: HttpRequest) -> tuple[SharedPhone, Membership]:
    """Return this shared phone, and the user's membership of its cooperative. Raises Http404."""
    user, phone = request.user, find_shared_phone(request)
    if phone is None or not isinstance(user, User):
        raise Http404
    row = phone.cooperative.memberships.filter(user=user, is_active=True).select_related("user").first()
    if row is None:
        raise Http404
    return phone, row
