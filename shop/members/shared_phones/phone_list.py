"""List the phones that members share, register this one, and stop sharing one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.shared_phones import end_shared_phone, register_shared_phone
from cooperatives.models import PhonePin, SharedPhone
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.errors import Refused
from shop.core.web.action_results import run_action
from shop.members.forms.shared_phones import SharedPhoneForm
from shop.members.member_access import for_members, render_page
from shop.members.shared_phones.phone_sessions import find_shared_phone, remember_phone


@dataclass(frozen=True, slots=True)
class _PhoneRow:
    phone: SharedPhone
    names: list[str]
    is_this_phone: bool


@require_safe
@for_members(MemberRight.MANAGE)
def list_shared_phones(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the cooperative's shared phones with the members who have a PIN on them."""
    return _render_list(request, membership, SharedPhoneForm())


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def register_shared_phone_view(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Register the browser that sent this form as a shared phone. Its manager then chooses a PIN."""
    form = SharedPhoneForm(request.POST)
    if not form.is_valid():
        return _render_list(request, membership, form)
    if find_shared_phone(request) is not None:  # also of another cooperative, whose work waits on it
        messages.error(request, str(_("This phone is already shared.")))
        return redirect("members:shared-phones")
    try:
        phone, secret = register_shared_phone(
            cooperative_id=membership.cooperative.pk,
            name=form.cleaned_data["name"],
            registered_by=membership.user,
            actor=membership.actor,
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return _render_list(request, membership, form)
    messages.success(request, str(_("Members can now share this phone. Choose your PIN.")))
    response = redirect("members:set-pin")
    remember_phone(request, response, f"{phone.pk}.{secret}")
    return response


@require_POST
@for_members(MemberRight.MANAGE)
def end_shared_phone_view(request: HttpRequest, membership: MembershipContext, phone_id: int) -> HttpResponse:
    """Stop sharing a phone."""
    action = partial(
        end_shared_phone,
        cooperative_id=membership.cooperative.pk,
        phone_id=phone_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    message = _("The phone is no longer shared. Everybody is signed out of it.")
    return run_action(request, action, url=reverse("members:shared-phones"), message=message)


def _render_list(request: HttpRequest, membership: MembershipContext, form: SharedPhoneForm) -> HttpResponse:
    phones = SharedPhone.objects.for_cooperative(membership.cooperative).active().order_by("-registered_at")
    names: dict[int, list[str]] = {}
    pins = PhonePin.objects.usable().filter(phone__in=phones).select_related("membership__user")
    for pin in pins.order_by("set_at", "pk"):
        names.setdefault(pin.phone_id, []).append(pin.membership.user.name)
    this_phone = find_shared_phone(request)
    rows = [_PhoneRow(phone, names.get(phone.pk, []), phone == this_phone) for phone in phones]
    context = {"phones": rows, "form": form, "is_shared": this_phone is not None}
    return render_page(request, membership, "members/shared_phones.html", context)
